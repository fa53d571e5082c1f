//! The index of a mirror: what it can be asked, and the documents it is rendered into.

pub mod catalogue;
pub mod command;
pub mod document;
pub mod report;
