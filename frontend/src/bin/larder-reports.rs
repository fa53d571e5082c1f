//! The part of the dashboard about builds, as a program of its own: a visit that looks for packages does not load it.

#[cfg(target_arch = "wasm32")]
larder_frontend::hosted_program!(larder_frontend::reports::DRAWING);

/// Outside a browser there is nothing to draw on.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}
