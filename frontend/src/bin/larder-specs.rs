//! The part of the dashboard that looks closely at specs, as a program of its own: all specs of a package, what
//! differs between some, how they are installed, their graphs and files.

#[cfg(target_arch = "wasm32")]
larder_frontend::hosted_program!(larder_frontend::specs::DRAWING);

/// Outside a browser there is nothing to draw on.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}
