//! A table: sections of bytes behind a header that is checked.

use std::{fmt, ops::Range, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What a table begins with; the last byte is the version of the format.
pub(super) const MAGIC: &[u8; 8] = b"LARDERC\x01";

/// The version of the format.
const FORMAT: u8 = MAGIC[7];

/// Bytes in front of the lengths of the sections.
const HEADER_BYTES: usize = 8 + 32 + 4 + 4 + 40 + 40 + 8 + 4;

/// A table has fewer bytes than this, so that every place in it fits 32 bits.
const MAX_TABLE_BYTES: usize = 1 << 30;

/// Values of a column at most: one without width has no bytes that would limit them.
const MAX_VALUES: u32 = 1 << 24;

/// Why bytes are not a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Something else.
    #[error("this is not a catalogue")]
    NotOne,
    /// Made by another Larder.
    #[error("this catalogue has format {0}; this program reads format {FORMAT}")]
    Version(u8),
    /// The end is missing, or there is more than one catalogue's worth.
    #[error("the catalogue is cut short or too long")]
    Length,
    /// Not the bytes that were written.
    #[error("the catalogue is damaged: its checksum is another")]
    Checksum,
    /// A number in it points nowhere.
    #[error("the catalogue contradicts itself in its {0}")]
    Content(&'static str),
    /// It is another part, or that of other rows.
    #[error("these parts of a catalogue do not belong together")]
    Part,
    /// Too many rows or bytes.
    #[error("the catalogue is too large for this format")]
    TooLarge,
}

/// Which part of a catalogue a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// What lists, facets and most queries need.
    Specs,
    /// Who needs whom: what `^` asks for.
    Edges,
    /// The ends of the hashes.
    Hashes,
}

impl Part {
    /// All of them, in the order in which they are wanted.
    pub const ALL: [Self; 3] = [Self::Specs, Self::Edges, Self::Hashes];

    /// Its name in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Specs => "specs",
            Self::Edges => "edges",
            Self::Hashes => "hashes",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Part {
    type Err = CatalogueError;

    fn from_str(text: &str) -> Result<Self, CatalogueError> {
        Self::ALL.into_iter().find(|part| part.as_str() == text).ok_or(CatalogueError::Part)
    }
}

/// How far a mirror's index was when a table was made: what `since=` takes. Displays as
/// `<epoch>.<generation>.<last>.<first>.<change>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Cursor {
    /// Another number for an index that was made anew; zero stands for no index.
    pub epoch: u64,
    /// The generation of the index.
    pub generation: u64,
    /// The number of the last package.
    pub last: u64,
    /// How many nodes were known only as dependencies.
    pub first: u64,
    /// The number of the last change of what was there before.
    pub change: u64,
}

impl Cursor {
    const fn fields(&self) -> [u64; 5] {
        [self.epoch, self.generation, self.last, self.first, self.change]
    }

    const fn from_fields([epoch, generation, last, first, change]: [u64; 5]) -> Self {
        Self { epoch, generation, last, first, change }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [epoch, generation, last, first, change] = self.fields();
        write!(f, "{epoch}.{generation}.{last}.{first}.{change}")
    }
}

/// Text that is no [`Cursor`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no place in a catalogue: five numbers with dots between")]
pub struct InvalidCursor;

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let fields: Vec<u64> = text.split('.').map(str::parse).collect::<Result<_, _>>().map_err(|_| InvalidCursor)?;
        fields.try_into().map(Self::from_fields).map_err(|_| InvalidCursor)
    }
}

/// What a table says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) part: Part,
    pub(super) rows: u32,
    /// How far the index was.
    pub(super) cursor: Cursor,
    /// What the table goes on from; that of a whole catalogue is [`Cursor::default`].
    pub(super) since: Cursor,
    /// The [`Table::id`] of the specs that the rows of another part belong to.
    pub(super) specs: [u8; 8],
}

/// The bytes of a table, with the places of its sections; its checksum is right.
#[derive(Debug, Clone)]
pub struct Table {
    bytes: Vec<u8>,
    header: Header,
    sections: Vec<Range<u32>>,
}

/// A column: where its planes lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    start: u32,
    len: u32,
    width: u8,
}

impl Table {
    /// Reads header and sections; cost is one pass for the checksum.
    ///
    /// # Errors
    /// [`CatalogueError`] when it is not a table.
    pub fn read(bytes: Vec<u8>) -> Result<Self, CatalogueError> {
        match bytes.get(..8) {
            Some(magic) if magic == MAGIC => {}
            Some(magic) if magic[..7] == MAGIC[..7] => return Err(CatalogueError::Version(magic[7])),
            Some(_) => return Err(CatalogueError::NotOne),
            None if MAGIC.starts_with(&bytes) && !bytes.is_empty() => return Err(CatalogueError::Length),
            None => return Err(CatalogueError::NotOne),
        }
        if bytes.len() < HEADER_BYTES || bytes.len() > MAX_TABLE_BYTES {
            return Err(CatalogueError::Length);
        }
        if Sha256::digest(&bytes[40..])[..] != bytes[8..40] {
            // A table that is cut short has another checksum too; lengths tell the two apart.
            return Err(match sections(&bytes) {
                Err(CatalogueError::Length) => CatalogueError::Length,
                _ => CatalogueError::Checksum,
            });
        }
        Self::written(bytes)
    }

    /// Reads header and sections of what this program has written just now, so that its checksum is right.
    ///
    /// # Errors
    /// [`CatalogueError`] when it is not a table.
    pub(super) fn written(bytes: Vec<u8>) -> Result<Self, CatalogueError> {
        if bytes.len() < HEADER_BYTES {
            return Err(CatalogueError::Length);
        }
        let part = match bytes[40] {
            0 => Part::Specs,
            1 => Part::Edges,
            2 => Part::Hashes,
            _ => return Err(CatalogueError::Content("part")),
        };
        let cursor = |at: usize| Cursor::from_fields([0, 1, 2, 3, 4].map(|index| u64_at(&bytes, at + index * 8)));
        let mut specs = [0; 8];
        specs.copy_from_slice(&bytes[128..136]);
        let header = Header { part, rows: u32_at(&bytes, 44), cursor: cursor(48), since: cursor(88), specs };
        let sections = sections(&bytes)?;
        Ok(Self { bytes, header, sections })
    }

    /// Joins sections to a table.
    ///
    /// # Errors
    /// [`CatalogueError::TooLarge`]
    pub(super) fn write(header: &Header, sections: &[Vec<u8>]) -> Result<Vec<u8>, CatalogueError> {
        let length = HEADER_BYTES + sections.len() * 4 + sections.iter().map(Vec::len).sum::<usize>();
        if length > MAX_TABLE_BYTES {
            return Err(CatalogueError::TooLarge);
        }
        let mut out = Vec::with_capacity(length);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&[0; 32]);
        out.extend_from_slice(&[header.part as u8, 0, 0, 0]);
        out.extend_from_slice(&header.rows.to_le_bytes());
        for field in header.cursor.fields().into_iter().chain(header.since.fields()) {
            out.extend_from_slice(&field.to_le_bytes());
        }
        out.extend_from_slice(&header.specs);
        for length in std::iter::once(sections.len()).chain(sections.iter().map(Vec::len)) {
            out.extend_from_slice(&u32::try_from(length).map_err(|_| CatalogueError::TooLarge)?.to_le_bytes());
        }
        for section in sections {
            out.extend_from_slice(section);
        }
        let checksum = Sha256::digest(&out[40..]);
        out[8..40].copy_from_slice(&checksum);
        Ok(out)
    }

    /// The bytes it was read from.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Which part it is.
    pub fn part(&self) -> Part {
        self.header.part
    }

    /// How many rows it has.
    pub fn rows(&self) -> u32 {
        self.header.rows
    }

    /// How far the index was when it was made.
    pub fn cursor(&self) -> Cursor {
        self.header.cursor
    }

    /// What it goes on from; [`Cursor::default`] when it begins anew.
    pub fn since(&self) -> Cursor {
        self.header.since
    }

    /// The beginning of its checksum, by which other parts name it.
    pub fn id(&self) -> [u8; 8] {
        let mut id = [0; 8];
        id.copy_from_slice(&self.bytes[8..16]);
        id
    }

    /// The [`Table::id`] of the specs it belongs to.
    pub fn specs_id(&self) -> [u8; 8] {
        self.header.specs
    }

    /// Checks that it is some part with so many sections.
    pub(super) fn expect(&self, part: Part, sections: usize) -> Result<(), CatalogueError> {
        match self.header.part == part && self.sections.len() == sections {
            true => Ok(()),
            false => Err(CatalogueError::Part),
        }
    }

    /// Checks that it belongs to some specs.
    pub(super) fn belongs_to(&self, specs: &Self) -> Result<(), CatalogueError> {
        match self.header.specs == specs.id() && self.header.rows == specs.header.rows {
            true => Ok(()),
            false => Err(CatalogueError::Part),
        }
    }

    pub(super) fn section(&self, number: usize) -> &[u8] {
        self.sections.get(number).map_or(&[], |range| &self.bytes[range.start as usize..range.end as usize])
    }

    /// A section as a column.
    pub(super) fn column(&self, number: usize, what: &'static str) -> Result<Column, CatalogueError> {
        let wrong = CatalogueError::Content(what);
        let range = self.sections.get(number).ok_or(wrong)?;
        let (header, planes) = self.section(number).split_at_checked(5).ok_or(wrong)?;
        let (width, len) = (header[0], u32_at(header, 1));
        let is_whole = u64::from(len) * u64::from(width) == planes.len() as u64;
        match width <= 4 && is_whole && len <= MAX_VALUES {
            true => Ok(Column { start: range.start + 5, len, width }),
            false => Err(wrong),
        }
    }

    /// A column with so many values.
    pub(super) fn column_of(&self, number: usize, len: u32, what: &'static str) -> Result<Column, CatalogueError> {
        self.column(number, what).and_then(|column| match column.len == len {
            true => Ok(column),
            false => Err(CatalogueError::Content(what)),
        })
    }

    /// A value of a column; those behind its end are zero.
    #[inline]
    pub(super) fn get(&self, column: Column, index: u32) -> u32 {
        if index >= column.len {
            return 0;
        }
        let at = (column.start + index) as usize;
        let plane = column.len as usize;
        let byte = |number: usize| u32::from(self.bytes[at + number * plane]);
        match column.width {
            0 => 0,
            1 => byte(0),
            2 => byte(0) | byte(1) << 8,
            3 => byte(0) | byte(1) << 8 | byte(2) << 16,
            _ => byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24,
        }
    }

    /// All values of a column.
    pub(super) fn values(&self, column: Column) -> impl Iterator<Item = u32> + Clone + '_ {
        (0..column.len).map(move |index| self.get(column, index))
    }

    /// Checks that all values of a column are below a limit.
    pub(super) fn all_below(&self, column: Column, limit: u32, what: &'static str) -> Result<(), CatalogueError> {
        match self.values(column).all(|value| value < limit) {
            true => Ok(()),
            false => Err(CatalogueError::Content(what)),
        }
    }

    /// Checks that a column's values rise to `last`, so that each says where a list ends in another.
    pub(super) fn all_rising(&self, column: Column, last: u32, what: &'static str) -> Result<(), CatalogueError> {
        let mut before = 0;
        for value in self.values(column) {
            if value < before {
                return Err(CatalogueError::Content(what));
            }
            before = value;
        }
        match before == last {
            true => Ok(()),
            false => Err(CatalogueError::Content(what)),
        }
    }

    /// Where the list of an item lies, in a column of ends.
    #[inline]
    pub(super) fn list(&self, ends: Column, index: u32) -> Range<u32> {
        let start = index.checked_sub(1).map_or(0, |before| self.get(ends, before));
        start..self.get(ends, index).max(start)
    }
}

impl Column {
    pub(super) const fn len(self) -> u32 {
        self.len
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// Whether a section has this many bytes for each of so many things. In a browser a length has 32 bits,
/// so that the product of two may have more.
pub(super) fn is_of(section: &[u8], count: u32, each: usize) -> bool {
    section.len() as u64 == u64::from(count) * each as u64
}

/// Where the sections lie; together they fill the table.
fn sections(bytes: &[u8]) -> Result<Vec<Range<u32>>, CatalogueError> {
    let count = u32_at(bytes, HEADER_BYTES - 4) as usize;
    let mut at = count.checked_mul(4).and_then(|lengths| lengths.checked_add(HEADER_BYTES)).unwrap_or(usize::MAX);
    if at > bytes.len() {
        return Err(CatalogueError::Length);
    }
    let mut sections = Vec::with_capacity(count);
    for number in 0..count {
        let length = u32_at(bytes, HEADER_BYTES + number * 4) as usize;
        let Some(end) = at.checked_add(length).filter(|end| *end <= bytes.len()) else {
            return Err(CatalogueError::Length);
        };
        // A table is shorter than 1 GB.
        sections.push(u32::try_from(at).unwrap_or(0)..u32::try_from(end).unwrap_or(0));
        at = end;
    }
    match at == bytes.len() {
        true => Ok(sections),
        false => Err(CatalogueError::Length),
    }
}

/// A column as it is written, in as few planes as its largest value needs.
pub(super) fn column(values: impl Iterator<Item = u32> + Clone) -> Vec<u8> {
    let (mut len, mut most) = (0_u32, 0);
    for value in values.clone() {
        len += 1;
        most = most.max(value);
    }
    let width = (u32::BITS - most.leading_zeros()).div_ceil(8);
    let mut out = Vec::with_capacity(5 + (len * width) as usize);
    out.push(width.to_le_bytes()[0]);
    out.extend_from_slice(&len.to_le_bytes());
    for plane in 0..width {
        out.extend(values.clone().map(|value| value.to_le_bytes()[plane as usize]));
    }
    out
}
