//! The second part of a catalogue: who needs whom.

use std::ops::Range;

use super::{
    HASH_PREFIX_BYTES,
    specs::{Specs, check_texts, text},
    table::{CatalogueError, Column, Header, Part, Table, column, is_of},
    writer::{Texts, ends},
};
use crate::spec::{DependencyKind, DependencyKinds};

/// The sections of the table, in their order.
#[derive(Clone, Copy)]
#[repr(usize)]
enum Section {
    TextEnds,
    Text,
    KindBits,
    KindEnds,
    KindVirtuals,
    Counts,
    Targets,
    Kinds,
    OutsideHashes,
    OutsideNames,
}

const SECTIONS: usize = Section::OutsideNames as usize + 1;

/// The second part of a catalogue, read where it lies.
#[derive(Debug)]
pub struct Edges {
    table: Table,
    text_ends: Column,
    kind_bits: Column,
    kind_ends: Column,
    kind_virtuals: Column,
    targets: Column,
    kinds: Column,
    outside_names: Column,
    /// By row, the end of its edges.
    ends: Vec<u32>,
}

/// What a row needs, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The row that is needed, unless it is not in the catalogue.
    pub target: Ends,
    /// The number of its kind.
    pub kind: u32,
}

/// Where an edge leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// To a row.
    Row(u32),
    /// To a package of which nothing but name and hash is known, by its number.
    Outside(u32),
}

impl Ends {
    /// As it is kept in the edge of a row: rows near each other are small numbers, and the same ones in
    /// graphs of the same shape.
    fn to_code(self, row: u32) -> u32 {
        match self {
            Self::Outside(number) => number << 1 | 1,
            Self::Row(target) => {
                let away = i64::from(target) - i64::from(row);
                let zigzag = (away << 1 ^ away >> 63).unsigned_abs();
                u32::try_from(zigzag << 1).unwrap_or(u32::MAX)
            }
        }
    }

    #[inline]
    fn of_code(code: u32, row: u32) -> Self {
        if code & 1 != 0 {
            return Self::Outside(code >> 1);
        }
        let zigzag = code >> 1;
        let away = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
        Self::Row(row.wrapping_add_signed(away))
    }
}

/// What an edge is for, as it is collected: bits of [`DependencyKind`] and virtual packages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct EdgeKind {
    pub(super) kinds: u8,
    pub(super) virtuals: Vec<String>,
}

impl Edges {
    /// Reads and checks the table of some specs.
    ///
    /// # Errors
    /// [`CatalogueError`] when it is not one, or belongs to others.
    pub fn read(bytes: Vec<u8>, specs: &Specs) -> Result<Self, CatalogueError> {
        let edges = Self::of(Table::read(bytes)?)?;
        edges.table.belongs_to(specs.table())?;
        Ok(edges)
    }

    /// Reads and checks a table of edges alone, of which the specs are looked for later.
    ///
    /// # Errors
    /// [`CatalogueError`] when it is not one.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, CatalogueError> {
        Self::of(Table::read(bytes)?)
    }

    fn of(table: Table) -> Result<Self, CatalogueError> {
        table.expect(Part::Edges, SECTIONS)?;
        let column = |section: Section| table.column(section as usize, "edges");
        let (kind_bits, targets) = (column(Section::KindBits)?, column(Section::Targets)?);
        let counts = table.column_of(Section::Counts as usize, table.rows(), "edges")?;
        let mut end = 0_u64;
        let ends = table.values(counts).map(|count| {
            end += u64::from(count);
            u32::try_from(end).unwrap_or(u32::MAX)
        });
        let ends: Vec<u32> = ends.collect();
        if end != u64::from(targets.len()) {
            return Err(CatalogueError::Content("edges"));
        }
        let edges = Self {
            text_ends: column(Section::TextEnds)?,
            kind_bits,
            kind_ends: table.column_of(Section::KindEnds as usize, kind_bits.len(), "edges")?,
            kind_virtuals: column(Section::KindVirtuals)?,
            targets,
            kinds: table.column_of(Section::Kinds as usize, targets.len(), "edges")?,
            outside_names: column(Section::OutsideNames)?,
            ends,
            table,
        };
        edges.check()?;
        Ok(edges)
    }

    fn check(&self) -> Result<(), CatalogueError> {
        let table = &self.table;
        check_texts(table, self.text_ends, Section::Text as usize)?;
        table.all_below(self.kind_virtuals, self.text_ends.len(), "texts")?;
        table.all_below(self.outside_names, self.text_ends.len(), "texts")?;
        table.all_rising(self.kind_ends, self.kind_virtuals.len(), "edges")?;
        table.all_below(self.kinds, self.kind_bits.len(), "edges")?;
        let outside = self.outside_names.len();
        let is_inside = |row: u32| {
            self.of_row(row).all(|edge| match edge.target {
                Ends::Row(target) => target < table.rows(),
                Ends::Outside(number) => number < outside,
            })
        };
        let has_hashes = is_of(table.section(Section::OutsideHashes as usize), outside, HASH_PREFIX_BYTES);
        match has_hashes && (0..table.rows()).all(is_inside) {
            true => Ok(()),
            false => Err(CatalogueError::Content("edges")),
        }
    }

    /// The table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// How many edges there are.
    pub fn count(&self) -> u32 {
        self.targets.len()
    }

    #[inline]
    fn range(&self, row: u32) -> Range<u32> {
        let before = row.checked_sub(1).and_then(|before| self.ends.get(before as usize)).copied().unwrap_or(0);
        before..self.ends.get(row as usize).copied().unwrap_or(before)
    }

    /// What a row needs.
    #[inline]
    pub fn of_row(&self, row: u32) -> impl Iterator<Item = Edge> + '_ {
        self.range(row).map(move |at| Edge {
            target: Ends::of_code(self.table.get(self.targets, at), row),
            kind: self.table.get(self.kinds, at),
        })
    }

    /// How many kinds of edges there are.
    pub fn kinds(&self) -> u32 {
        self.kind_bits.len()
    }

    /// What edges of a kind are for.
    pub fn kind(&self, kind: u32) -> DependencyKinds {
        let bits = self.table.get(self.kind_bits, kind);
        DependencyKind::ALL.into_iter().filter(|kind| bits & 1 << *kind as u32 != 0).collect()
    }

    /// The virtual packages that edges of a kind provide.
    pub fn virtuals(&self, kind: u32) -> impl Iterator<Item = &str> {
        let list = self.table.list(self.kind_ends, kind);
        list.map(|at| text(&self.table, self.text_ends, Section::Text as usize, self.table.get(self.kind_virtuals, at)))
    }

    /// How many packages edges lead to of which nothing else is known.
    pub fn outside(&self) -> u32 {
        self.outside_names.len()
    }

    /// The name of a package of which nothing else is known.
    pub fn outside_name(&self, number: u32) -> &str {
        let name = self.table.get(self.outside_names, number);
        text(&self.table, self.text_ends, Section::Text as usize, name)
    }

    /// The beginning of its hash.
    pub(super) fn outside_hash(&self, number: u32) -> &[u8] {
        let at = number as usize * HASH_PREFIX_BYTES;
        self.table.section(Section::OutsideHashes as usize).get(at..at + HASH_PREFIX_BYTES).unwrap_or_default()
    }

    /// A kind with its parts.
    pub(super) fn raw_kind(&self, kind: u32) -> EdgeKind {
        let bits = self.table.get(self.kind_bits, kind).to_le_bytes()[0];
        EdgeKind { kinds: bits, virtuals: self.virtuals(kind).map(str::to_owned).collect() }
    }
}

/// Writes the second part: by row how many edges, by edge where it leads and its kind, and what lies
/// outside: beginnings of hashes, and names.
pub(super) fn write_edges(
    header: &Header,
    kinds: &[EdgeKind],
    counts: &[u32],
    targets: &[Ends],
    kinds_of: &[u32],
    outside: &[(Vec<u8>, String)],
) -> Result<Vec<u8>, CatalogueError> {
    let mut texts = Texts::default();
    kinds.iter().flat_map(|kind| &kind.virtuals).chain(outside.iter().map(|(_, name)| name)).for_each(|text| {
        texts.add(text);
    });
    let texts = texts.sorted();
    let (text_ends, text) = texts.sections();
    let sources = (0..).zip(counts).flat_map(|(row, count)| std::iter::repeat_n(row, *count as usize));
    Table::write(
        header,
        &[
            text_ends,
            text,
            column(kinds.iter().map(|kind| u32::from(kind.kinds))),
            column(ends(kinds.iter().map(|kind| kind.virtuals.len()))),
            column(kinds.iter().flat_map(|kind| &kind.virtuals).map(|name| texts.id(name))),
            column(counts.iter().copied()),
            column(targets.iter().zip(sources).map(|(target, row)| target.to_code(row))),
            column(kinds_of.iter().copied()),
            outside.iter().flat_map(|(hash, _)| hash).copied().collect(),
            column(outside.iter().map(|(_, name)| texts.id(name))),
        ],
    )
}
