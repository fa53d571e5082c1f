//! Logs for reading: their lines, colours, marks, and the talk with the Web Worker that holds them.
//!
//! ```text
//! the page  -- Ask -->  the worker: fetches, keeps the bytes, reads, searches
//!           <-- Tell -- the few lines in view, what was found
//! ```
//! A log of 100 MB never enters the page: it lies in the worker's memory, which goes with it.

pub mod lines;
pub mod message;
pub mod quiet;
pub mod range;
pub mod scan;
pub mod scroll;
pub mod text;
