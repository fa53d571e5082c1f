//! The Web Worker that finds specs, as it is spoken to.

pub mod message;
