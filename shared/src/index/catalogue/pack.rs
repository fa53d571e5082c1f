//! Tables as they are sent: deflated, one after the other.

use std::io::Read;

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};

use super::table::{CatalogueError, MAGIC};

/// What a packed table begins with; the last byte is the version of the format.
const PACKED_MAGIC: &[u8; 8] = b"LARDERP\x01";

/// Magic and two lengths.
const HEADER_BYTES: usize = 16;

/// Deflate makes nothing smaller than by this: a table that says it is longer is none.
pub const MAX_PACKED_RATIO: usize = 1032;

/// A table as it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackedTable<'a> {
    /// Bytes of the table.
    pub length: usize,
    /// The table as raw deflate.
    pub packed: &'a [u8],
}

/// Packs a table.
pub fn pack(table: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut out = PACKED_MAGIC.to_vec();
    out.extend_from_slice(&[0; 8]);
    let mut encoder = DeflateEncoder::new(out, Compression::new(9));
    // Neither fails on a vector.
    let _ = encoder.write_all(table);
    let mut out = encoder.finish().unwrap_or_default();
    if out.len() >= HEADER_BYTES {
        let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        let packed = out.len() - HEADER_BYTES;
        out[8..12].copy_from_slice(&length(table.len()));
        out[12..16].copy_from_slice(&length(packed));
    }
    out
}

impl<'a> PackedTable<'a> {
    /// The table at the beginning of `bytes` and what follows it; `None` when some of it has not arrived.
    fn first(bytes: &'a [u8]) -> Result<Option<(Self, &'a [u8])>, CatalogueError> {
        match bytes.get(..8) {
            Some(magic) if magic == PACKED_MAGIC => {}
            Some(magic) if magic[..7] == PACKED_MAGIC[..7] => return Err(CatalogueError::Version(magic[7])),
            None if PACKED_MAGIC.starts_with(bytes) => return Ok(None),
            _ => return Err(CatalogueError::NotOne),
        }
        let number = |at: usize| {
            let bytes = bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
            bytes.map(|bytes| u32::from_le_bytes(bytes) as usize)
        };
        let (Some(length), Some(packed)) = (number(8), number(12)) else { return Ok(None) };
        if length > packed.saturating_mul(MAX_PACKED_RATIO) {
            return Err(CatalogueError::Length);
        }
        let end = HEADER_BYTES.checked_add(packed).ok_or(CatalogueError::Length)?;
        Ok(bytes.split_at_checked(end).map(|(table, rest)| (Self { length, packed: &table[HEADER_BYTES..] }, rest)))
    }

    /// Splits a document into its tables, without looking into them.
    ///
    /// # Errors
    /// [`CatalogueError`] when it is none, or cut short.
    pub fn all(document: &'a [u8]) -> Result<Vec<Self>, CatalogueError> {
        let mut rest = document;
        let mut tables = Vec::new();
        while !rest.is_empty() {
            let (table, more) = Self::first(rest)?.ok_or(CatalogueError::Length)?;
            tables.push(table);
            rest = more;
        }
        match tables.is_empty() {
            true => Err(CatalogueError::NotOne),
            false => Ok(tables),
        }
    }

    /// The bytes of the table, which are not checked yet.
    ///
    /// # Errors
    /// [`CatalogueError`] when they are not as many as it says.
    pub fn unpack(&self) -> Result<Vec<u8>, CatalogueError> {
        let mut bytes = Vec::with_capacity(self.length);
        let limit = self.length as u64 + 1;
        DeflateDecoder::new(self.packed).take(limit).read_to_end(&mut bytes).map_err(|_| CatalogueError::Checksum)?;
        match bytes.len() == self.length && bytes.starts_with(&MAGIC[..7]) {
            true => Ok(bytes),
            false => Err(CatalogueError::Length),
        }
    }
}

/// Splits a document into its tables while it arrives. It holds what has come of the next table.
#[derive(Debug, Default)]
pub struct PackedReader {
    waiting: Vec<u8>,
    has_table: bool,
}

impl PackedReader {
    /// Takes a piece of the document, and hands out the tables that are whole now.
    ///
    /// # Errors
    /// [`CatalogueError`] when it is none.
    pub fn push(&mut self, piece: &[u8], mut take: impl FnMut(PackedTable<'_>)) -> Result<(), CatalogueError> {
        self.waiting.extend_from_slice(piece);
        let mut rest = &self.waiting[..];
        while !rest.is_empty()
            && let Some((table, more)) = PackedTable::first(rest)?
        {
            take(table);
            self.has_table = true;
            rest = more;
        }
        let read = self.waiting.len() - rest.len();
        self.waiting.drain(..read);
        Ok(())
    }

    /// Says that the document has ended.
    ///
    /// # Errors
    /// [`CatalogueError`] when it was none, or is cut short.
    pub const fn finish(&self) -> Result<(), CatalogueError> {
        match (self.waiting.is_empty(), self.has_table) {
            (false, _) => Err(CatalogueError::Length),
            (true, false) => Err(CatalogueError::NotOne),
            (true, true) => Ok(()),
        }
    }
}

/// The only table of a document.
///
/// # Errors
/// [`CatalogueError`] when it is none, or has several.
pub fn unpack(document: &[u8]) -> Result<Vec<u8>, CatalogueError> {
    match &PackedTable::all(document)?[..] {
        [table] => table.unpack(),
        _ => Err(CatalogueError::Length),
    }
}

/// All tables of a document.
///
/// # Errors
/// [`CatalogueError`] when it is none.
pub fn unpack_all(document: &[u8]) -> Result<Vec<Vec<u8>>, CatalogueError> {
    PackedTable::all(document)?.iter().map(PackedTable::unpack).collect()
}
