//! Finding specs in a catalogue while somebody types: what is asked, and what is answered.
//!
//! One box takes free text (`open ssl`, misspelt too) and Spack's language (`hdf5@1.14: +mpi
//! ^openmpi@4`). Beside it stand facets, which say what the language cannot:
//! `os:debian12,ubuntu22.04;signed:yes;age:7d`.

mod advice;
mod answer;
mod complete;
mod facet;
mod graph;
mod limits;
mod lists;
mod node;
mod plan;
mod question;
mod rows;
mod search;
mod span;
mod text;
mod words;

pub use answer::{
    Class, Completion, Facet, FacetValue, Found, Group, Nearest, PackageRow, Row, Span, SpecRow, Trouble,
};
pub use question::{By, MAX_ROWS, Machine, Question, Sort};
pub use search::Finder;

#[cfg(test)]
mod tests;
