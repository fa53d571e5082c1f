//! Larder's dashboard: what it decides, and what it draws in a browser.
//!
//! What it decides (formats, words, orders, shapes) knows no browser and is tested natively:
//! `cargo test -p larder-frontend --lib`. What it draws is one set of modules too, of which each program (`main.rs`
//! and those in `bin`) reaches a part; the linker leaves the rest out of it.
//!
//! ```text
//! app          the shell and the page at the URL
//! reports      what the program about builds draws
//! specs        what the program about specs draws
//! mirrors      what the program about mirrors draws
//! hosting      how such a program draws where the dashboard lets it
//! pages        fetch and own what they show
//! components   draw what they are given
//! api          the only place that asks the server; `load` remembers its answers
//! site         where all of this lies, and whether a Larder is behind it
//! route        the URL, the history and what Back restores
//! ```

// What draws calls what decides by the name that the programs call it by.
extern crate self as larder_frontend;

pub mod columns;
pub mod commands;
pub mod coverage;
pub mod drag;
pub mod everywhere;
pub mod filter;
pub mod find;
pub mod format;
pub mod found_columns;
pub mod graph;
pub mod log;
pub mod machine;
pub mod nearest;
pub mod order;
pub mod outcome;
pub mod search_text;
pub mod source;
pub mod spec_filter;
pub mod strip;
pub mod tree;
pub mod trust;
pub mod variants;
pub mod visit;
pub mod ways;
pub mod window;

#[cfg(target_arch = "wasm32")]
mod announce;
#[cfg(target_arch = "wasm32")]
mod api;
#[cfg(target_arch = "wasm32")]
pub mod app;
#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod clock;
#[cfg(target_arch = "wasm32")]
mod components;
#[cfg(target_arch = "wasm32")]
mod finder;
#[cfg(target_arch = "wasm32")]
pub mod hosting;
#[cfg(target_arch = "wasm32")]
pub mod in_worker;
#[cfg(target_arch = "wasm32")]
mod keyboard;
#[cfg(target_arch = "wasm32")]
mod load;
#[cfg(target_arch = "wasm32")]
mod log_reader;
#[cfg(target_arch = "wasm32")]
pub mod mirrors;
#[cfg(target_arch = "wasm32")]
mod my_machine;
#[cfg(target_arch = "wasm32")]
mod pages;
#[cfg(target_arch = "wasm32")]
mod prefetch;
#[cfg(target_arch = "wasm32")]
pub mod reports;
#[cfg(target_arch = "wasm32")]
mod route;
#[cfg(target_arch = "wasm32")]
mod site;
#[cfg(target_arch = "wasm32")]
pub mod specs;
#[cfg(target_arch = "wasm32")]
mod theme;
#[cfg(target_arch = "wasm32")]
pub mod token;
