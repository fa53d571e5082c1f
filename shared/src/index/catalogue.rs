//! The catalogue: a mirror's index in columns, small enough to be searched in a browser.
//!
//! ```text
//! document  = packed table, one or more          what is sent: later ones replace and remove rows of earlier ones
//! packed    = "LARDERP" version, length, packed length, the table as raw deflate
//! table     = "LARDERC" version, sha256 of the rest, part, rows, cursors, lengths of sections, sections
//! section   = column | bytes
//! column    = width in bytes (0 to 4), all lowest bytes, all second bytes, ...
//! ```
//! Each distinct text, version, machine, compiler and set of variants stands in a table once, in order,
//! so that a row is nine small numbers. A [`Catalogue`] reads them where they lie: rows are never made
//! into objects. What a list needs comes in one [`Part`], graphs and the ends of hashes in two more.
//!
//! Bytes of the same weight lie together because deflate then finds what repeats. See
//! `docs/decisions/catalogue.md`.

mod edges;
mod merge;
mod pack;
mod specs;
mod table;
mod writer;

pub use edges::{Edge, Edges, Ends};
pub use merge::{RowMap, merge_edges, merge_hashes, merge_specs};
pub use pack::{MAX_PACKED_RATIO, PackedReader, PackedTable, pack, unpack, unpack_all};
pub use specs::{Compiler, Machine, Specs, Trait, TraitKind};
pub use table::{CatalogueError, Cursor, Part, Table};
pub use writer::{Entry, Tables, Writer};

/// What a row may say of its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signature {
    /// Nobody has looked yet.
    Unknown,
    /// There is none.
    None,
    /// There is one.
    Signed,
}

/// Bytes of a hash that every row has: 8 of its 32 characters.
pub const HASH_PREFIX_BYTES: usize = 5;

/// A catalogue as far as it has arrived.
#[derive(Debug)]
pub struct Catalogue {
    /// What lists and most queries need.
    pub specs: Specs,
    /// Who needs whom.
    pub edges: Option<Edges>,
    /// The ends of the hashes.
    pub hashes: Option<Table>,
}

impl Catalogue {
    /// Reads the first part.
    ///
    /// # Errors
    /// [`CatalogueError`] when it is not one.
    pub fn new(specs: Vec<u8>) -> Result<Self, CatalogueError> {
        Ok(Self::of(Specs::read(specs)?))
    }

    /// A catalogue that has the first part alone.
    pub const fn of(specs: Specs) -> Self {
        Self { specs, edges: None, hashes: None }
    }

    /// Adds the graphs.
    ///
    /// # Errors
    /// [`CatalogueError`] when they are not, or belong to other rows.
    pub fn add_edges(&mut self, edges: Vec<u8>) -> Result<(), CatalogueError> {
        self.edges = Some(Edges::read(edges, &self.specs)?);
        Ok(())
    }

    /// Adds the ends of the hashes.
    ///
    /// # Errors
    /// [`CatalogueError`] when they are not, or belong to other rows.
    pub fn add_hashes(&mut self, hashes: Vec<u8>) -> Result<(), CatalogueError> {
        self.hashes = Some(specs::read_hashes(hashes, &self.specs)?);
        Ok(())
    }

    /// The hash of a row: all 32 characters when their ends have arrived, else the first 8.
    pub fn hash(&self, row: u32) -> String {
        let mut bytes = self.specs.hash_prefix(row).to_vec();
        if let Some(hashes) = &self.hashes {
            bytes.extend_from_slice(specs::hash_end(hashes, row));
        }
        specs::hash_text(&bytes)
    }
}

#[cfg(test)]
mod tests;
