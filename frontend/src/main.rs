//! Larder's dashboard.
//!
//! ```text
//! app          the shell and the page at the URL
//! pages        fetch and own what they show
//! components   draw what they are given
//! api          the only place that asks the server; `load` remembers its answers
//! route        the URL, the history and what Back restores
//! ```
//! What is about builds is in a program of its own (`reports.rs`), loaded when it is wanted.
#![cfg_attr(
    target_arch = "wasm32",
    expect(dead_code, reason = "each of the two programs uses a part of what both share")
)]

#[cfg(target_arch = "wasm32")]
mod announce;
#[cfg(target_arch = "wasm32")]
mod api;
#[cfg(target_arch = "wasm32")]
mod app;
#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod clock;
#[cfg(target_arch = "wasm32")]
mod components;
#[cfg(target_arch = "wasm32")]
mod finder;
#[cfg(target_arch = "wasm32")]
mod keyboard;
#[cfg(target_arch = "wasm32")]
mod load;
#[cfg(target_arch = "wasm32")]
mod log_reader;
#[cfg(target_arch = "wasm32")]
mod pages;
#[cfg(target_arch = "wasm32")]
mod prefetch;
#[cfg(target_arch = "wasm32")]
mod route;
#[cfg(target_arch = "wasm32")]
mod theme;

#[cfg(target_arch = "wasm32")]
fn main() {
    if let Some(root) = browser::element("app") {
        yew::Renderer::<app::App>::with_root(root).render();
    }
}

/// Outside a browser there is nothing to draw on; the crate's library is what runs there, in tests.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}
