//! The part of the dashboard about a mirror as a whole, as a program of its own: how it grows and is used, and who may
//! do what.

#[cfg(target_arch = "wasm32")]
larder_frontend::hosted_program!(larder_frontend::mirrors::DRAWING);

/// Outside a browser there is nothing to draw on.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}
