//! The program that every visit loads: the shell, the URL, and the pages one begins with.
//!
//! What is about builds, and what looks closely at specs, are programs of their own (`bin`), loaded when they are wanted.

#[cfg(target_arch = "wasm32")]
fn main() {
    larder_frontend::app::start();
}

/// Outside a browser there is nothing to draw on; the crate's library is what runs there, in tests.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}
