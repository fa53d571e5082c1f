//! The Web Worker that finds specs, as it is spoken to, and the query as it is drawn.

pub mod message;
pub mod paint;
