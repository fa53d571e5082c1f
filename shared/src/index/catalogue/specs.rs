//! The first part of a catalogue: what each spec is.

use super::{
    HASH_PREFIX_BYTES, Signature,
    table::{CatalogueError, Column, Cursor, Part, Table, is_of},
};

/// Bytes of a whole hash: 32 characters of 5 bits.
pub(super) const HASH_BYTES: usize = 20;

/// The letters of a hash, which is base 32.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The sections of the table, in their order.
#[derive(Clone, Copy)]
#[repr(usize)]
pub(super) enum Section {
    TextEnds,
    Text,
    PackageNames,
    PackageNeeded,
    VersionTexts,
    MachinePlatforms,
    MachineSystems,
    MachineTargets,
    CompilerNames,
    CompilerVersions,
    CompilerLanguages,
    TraitKinds,
    TraitNames,
    TraitEnds,
    TraitValues,
    SetEnds,
    SetTraits,
    Packages,
    Versions,
    Machines,
    Compilers,
    Sets,
    States,
    Sizes,
    Pushed,
    Hashes,
    RemovedHashes,
    RemovedNames,
}

pub(super) const SECTIONS: usize = Section::RemovedNames as usize + 1;

/// `State`: a binary package, not only a dependency of one.
pub(super) const IS_PACKAGE: u32 = 1;
/// `State`: somebody looked for a signature.
pub(super) const IS_READ: u32 = 2;
/// `State`: there is a signature.
pub(super) const IS_SIGNED: u32 = 4;

/// The first part of a catalogue, read where it lies.
#[derive(Debug, Clone)]
pub struct Specs {
    table: Table,
    text_ends: Column,
    packages: [Column; 2],
    versions: Column,
    machines: [Column; 3],
    compilers: [Column; 3],
    trait_kinds: Column,
    trait_names: Column,
    trait_ends: Column,
    trait_values: Column,
    set_ends: Column,
    set_traits: Column,
    rows: [Column; 8],
    /// The same, unpacked: a search reads all of them for each letter that is typed.
    unpacked: [Unpacked; 8],
    removed_names: Column,
}

/// The values of a column, one after the other.
#[derive(Debug, Clone)]
enum Unpacked {
    /// All below 256; none at all, while nothing is unpacked.
    Bytes(Vec<u8>),
    /// All below 65,536.
    Halves(Vec<u16>),
    Words(Vec<u32>),
}

impl Default for Unpacked {
    fn default() -> Self {
        Self::Bytes(Vec::new())
    }
}

impl Unpacked {
    #[expect(clippy::cast_possible_truncation, reason = "none is greater than the greatest")]
    fn of(values: impl Iterator<Item = u32> + Clone) -> Self {
        match values.clone().max().unwrap_or(0) {
            0..=0xff => Self::Bytes(values.map(|value| value as u8).collect()),
            0x100..=0xffff => Self::Halves(values.map(|value| value as u16).collect()),
            _ => Self::Words(values.collect()),
        }
    }

    #[inline]
    fn get(&self, row: usize) -> Option<u32> {
        match self {
            Self::Bytes(values) => values.get(row).map(|value| u32::from(*value)),
            Self::Halves(values) => values.get(row).map(|value| u32::from(*value)),
            Self::Words(values) => values.get(row).copied(),
        }
    }
}

/// Where a spec runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine<'a> {
    /// Such as `linux`.
    pub platform: &'a str,
    /// Such as `debian12`.
    pub os: &'a str,
    /// Such as `zen2`.
    pub target: &'a str,
}

/// What a spec was compiled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compiler<'a> {
    /// Such as `gcc`.
    pub name: &'a str,
    /// Such as `12.3.0`.
    pub version: &'a str,
    /// The languages it was used for, with commas between.
    pub languages: &'a str,
}

/// What kind of thing a [`Trait`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TraitKind {
    /// A variant that is off.
    Off,
    /// A variant that is on.
    On,
    /// A variant with one value.
    Text,
    /// A variant with any number of values.
    List,
    /// A compiler flag with its words.
    Flags,
    /// A virtual package that it provides; the name may have versions behind `@`.
    Provides,
    /// The recipe repository.
    Namespace,
}

impl TraitKind {
    pub(super) const ALL: [Self; 7] =
        [Self::Off, Self::On, Self::Text, Self::List, Self::Flags, Self::Provides, Self::Namespace];
}

/// Something that a spec has beside name, version, compiler and machine. Each distinct one is kept once.
#[derive(Debug, Clone, Copy)]
pub struct Trait<'a> {
    /// What kind of thing.
    pub kind: TraitKind,
    /// Its name.
    pub name: &'a str,
    specs: &'a Specs,
    number: u32,
}

impl<'a> Trait<'a> {
    /// Its values; none for a variant that is on or off.
    pub fn values(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        let specs = self.specs;
        specs
            .table
            .list(specs.trait_ends, self.number)
            .map(move |at| specs.text(specs.table.get(specs.trait_values, at)))
    }
}

impl Specs {
    /// Reads and checks the table; cost is a few passes over its bytes.
    ///
    /// # Errors
    /// [`CatalogueError`] when it is not what a [`Writer`](super::Writer) makes.
    pub fn read(bytes: Vec<u8>) -> Result<Self, CatalogueError> {
        Self::of(Table::read(bytes)?)
    }

    pub(super) fn of(table: Table) -> Result<Self, CatalogueError> {
        table.expect(Part::Specs, SECTIONS)?;
        let column = |section: Section, what| table.column(section as usize, what);
        let columns = |sections: [Section; 3], what| -> Result<[Column; 3], CatalogueError> {
            let first = column(sections[0], what)?;
            let same = |section: Section| table.column_of(section as usize, first.len(), what);
            Ok([first, same(sections[1])?, same(sections[2])?])
        };
        let text_ends = column(Section::TextEnds, "texts")?;
        let names = column(Section::PackageNames, "packages")?;
        let needed = table.column_of(Section::PackageNeeded as usize, names.len(), "packages")?;
        let trait_kinds = column(Section::TraitKinds, "traits")?;
        let of_traits = |section: Section| table.column_of(section as usize, trait_kinds.len(), "traits");
        let row_sections = [
            Section::Packages,
            Section::Versions,
            Section::Machines,
            Section::Compilers,
            Section::Sets,
            Section::States,
            Section::Sizes,
            Section::Pushed,
        ];
        let mut rows = [text_ends; 8];
        for (place, section) in rows.iter_mut().zip(row_sections) {
            *place = table.column_of(section as usize, table.rows(), "rows")?;
        }
        let specs = Self {
            text_ends,
            packages: [names, needed],
            versions: column(Section::VersionTexts, "versions")?,
            machines: columns(
                [Section::MachinePlatforms, Section::MachineSystems, Section::MachineTargets],
                "machines",
            )?,
            compilers: columns(
                [Section::CompilerNames, Section::CompilerVersions, Section::CompilerLanguages],
                "compilers",
            )?,
            trait_kinds,
            trait_names: of_traits(Section::TraitNames)?,
            trait_ends: of_traits(Section::TraitEnds)?,
            trait_values: column(Section::TraitValues, "traits")?,
            set_ends: column(Section::SetEnds, "sets")?,
            set_traits: column(Section::SetTraits, "sets")?,
            rows,
            unpacked: Default::default(),
            removed_names: column(Section::RemovedNames, "removals")?,
            table,
        };
        specs.check()?;
        Ok(specs)
    }

    /// Checks that every number points at something.
    fn check(&self) -> Result<(), CatalogueError> {
        let table = &self.table;
        check_texts(table, self.text_ends, Section::Text as usize)?;
        let texts = self.text_ends.len();
        let of_texts = [self.packages[0], self.versions, self.trait_names, self.trait_values, self.removed_names];
        for column in of_texts.into_iter().chain(self.machines).chain(self.compilers) {
            table.all_below(column, texts, "texts")?;
        }
        let kinds = u32::try_from(TraitKind::ALL.len()).unwrap_or(u32::MAX);
        table.all_below(self.trait_kinds, kinds, "traits")?;
        table.all_rising(self.trait_ends, self.trait_values.len(), "traits")?;
        table.all_below(self.set_traits, self.trait_kinds.len(), "sets")?;
        table.all_rising(self.set_ends, self.set_traits.len(), "sets")?;
        let limits = [
            self.packages[0].len(),
            self.versions.len(),
            self.machines[0].len(),
            self.compilers[0].len(),
            self.set_ends.len(),
        ];
        for (column, limit) in self.rows.into_iter().zip(limits) {
            table.all_below(column, limit, "rows")?;
        }
        let has_hashes = is_of(table.section(Section::Hashes as usize), self.rows(), HASH_PREFIX_BYTES);
        let removed = table.section(Section::RemovedHashes as usize);
        match has_hashes && is_of(removed, self.removed_names.len(), HASH_PREFIX_BYTES) {
            true => Ok(()),
            false => Err(CatalogueError::Content("hashes")),
        }
    }

    /// Unpacks what rows say, as wide as each column needs, so that reading it is quick.
    pub fn unpack_rows(&mut self) {
        self.unpacked = self.rows.map(|column| Unpacked::of(self.table.values(column)));
    }

    /// The table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// How many rows there are, those included that are only dependencies.
    #[inline]
    pub fn rows(&self) -> u32 {
        self.table.rows()
    }

    /// How far the index was.
    pub fn cursor(&self) -> Cursor {
        self.table.cursor()
    }

    pub(super) fn text(&self, number: u32) -> &str {
        text(&self.table, self.text_ends, Section::Text as usize, number)
    }

    /// How many packages there are; they are numbered in order of their names.
    pub fn packages(&self) -> u32 {
        self.packages[0].len()
    }

    /// The name of a package.
    pub fn package_name(&self, package: u32) -> &str {
        self.text(self.table.get(self.packages[0], package))
    }

    /// How many rows need some version of a package.
    pub fn package_needed(&self, package: u32) -> u32 {
        self.table.get(self.packages[1], package)
    }

    /// How many versions there are; they are numbered in Spack's order.
    pub fn versions(&self) -> u32 {
        self.versions.len()
    }

    /// A version.
    pub fn version_text(&self, version: u32) -> &str {
        self.text(self.table.get(self.versions, version))
    }

    /// How many combinations of platform, system and target there are.
    pub fn machines(&self) -> u32 {
        self.machines[0].len()
    }

    /// A combination of platform, system and target.
    pub fn machine(&self, machine: u32) -> Machine<'_> {
        let [platform, os, target] = self.machines.map(|column| self.text(self.table.get(column, machine)));
        Machine { platform, os, target }
    }

    /// How many compilers there are, of which one may be none.
    pub fn compilers(&self) -> u32 {
        self.compilers[0].len()
    }

    /// A compiler; `None` for what has none.
    pub fn compiler(&self, compiler: u32) -> Option<Compiler<'_>> {
        let [name, version, languages] = self.compilers.map(|column| self.text(self.table.get(column, compiler)));
        (!name.is_empty()).then_some(Compiler { name, version, languages })
    }

    /// How many traits there are; they are numbered in order of name, kind and values.
    pub fn traits(&self) -> u32 {
        self.trait_kinds.len()
    }

    /// A trait.
    pub fn trait_of(&self, number: u32) -> Trait<'_> {
        let kind = self.table.get(self.trait_kinds, number) as usize;
        let kind = TraitKind::ALL.get(kind).copied().unwrap_or(TraitKind::Off);
        Trait { kind, name: self.text(self.table.get(self.trait_names, number)), specs: self, number }
    }

    /// How many sets of traits there are.
    pub fn sets(&self) -> u32 {
        self.set_ends.len()
    }

    /// The traits of a set, in order.
    pub fn set(&self, set: u32) -> impl Iterator<Item = u32> + Clone + '_ {
        self.table.list(self.set_ends, set).map(|at| self.table.get(self.set_traits, at))
    }

    #[inline]
    fn row(&self, column: usize, row: u32) -> u32 {
        self.unpacked[column].get(row as usize).unwrap_or_else(|| self.table.get(self.rows[column], row))
    }

    /// Whose spec a row is.
    #[inline]
    pub fn package(&self, row: u32) -> u32 {
        self.row(0, row)
    }

    /// The version of a row.
    #[inline]
    pub fn version(&self, row: u32) -> u32 {
        self.row(1, row)
    }

    /// Platform, system and target of a row.
    #[inline]
    pub fn machine_of(&self, row: u32) -> u32 {
        self.row(2, row)
    }

    /// The compiler of a row.
    #[inline]
    pub fn compiler_of(&self, row: u32) -> u32 {
        self.row(3, row)
    }

    /// The set of traits of a row.
    #[inline]
    pub fn set_of(&self, row: u32) -> u32 {
        self.row(4, row)
    }

    pub(super) fn state(&self, row: u32) -> u32 {
        self.row(5, row)
    }

    /// Whether the mirror has a binary package of a row, which else is only a dependency of one.
    #[inline]
    pub fn is_package(&self, row: u32) -> bool {
        self.state(row) & IS_PACKAGE != 0
    }

    /// What is known of a row's signature.
    pub fn signature(&self, row: u32) -> Signature {
        match self.state(row) {
            state if state & IS_READ == 0 => Signature::Unknown,
            state if state & IS_SIGNED == 0 => Signature::None,
            _ => Signature::Signed,
        }
    }

    pub(super) fn size_code(&self, row: u32) -> u32 {
        self.row(6, row)
    }

    /// Bytes of the tarball when known, right to three digits.
    pub fn size(&self, row: u32) -> Option<u64> {
        size_of(self.size_code(row))
    }

    pub(super) fn minutes(&self, row: u32) -> u32 {
        self.row(7, row)
    }

    /// When it was pushed, in milliseconds since 1970; right to the minute.
    pub fn pushed(&self, row: u32) -> u64 {
        u64::from(self.minutes(row)) * 60_000
    }

    /// The first bytes of the hash.
    #[inline]
    pub fn hash_prefix(&self, row: u32) -> &[u8] {
        let at = row as usize * HASH_PREFIX_BYTES;
        self.table.section(Section::Hashes as usize).get(at..at + HASH_PREFIX_BYTES).unwrap_or(&[0; HASH_PREFIX_BYTES])
    }

    /// The rows that are gone since [`Table::since`]: beginnings of their hashes, and their packages.
    pub(super) fn removed(&self) -> impl Iterator<Item = (&[u8], &str)> {
        let names = self.table.values(self.removed_names).map(|name| self.text(name));
        self.table.section(Section::RemovedHashes as usize).chunks_exact(HASH_PREFIX_BYTES).zip(names)
    }
}

/// Checks a column of ends of texts, and the texts.
pub(super) fn check_texts(table: &Table, ends: Column, section: usize) -> Result<(), CatalogueError> {
    let wrong = CatalogueError::Content("texts");
    let bytes = table.section(section);
    table.all_rising(ends, u32::try_from(bytes.len()).map_err(|_| wrong)?, "texts")?;
    let text = std::str::from_utf8(bytes).map_err(|_| wrong)?;
    match table.values(ends).all(|end| text.is_char_boundary(end as usize)) {
        true => Ok(()),
        false => Err(wrong),
    }
}

/// A text by its number.
pub(super) fn text(table: &Table, ends: Column, section: usize, number: u32) -> &str {
    let range = table.list(ends, number);
    let bytes = table.section(section).get(range.start as usize..range.end as usize);
    bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
}

/// Reads the part with the ends of the hashes.
pub(super) fn read_hashes(bytes: Vec<u8>, specs: &Specs) -> Result<Table, CatalogueError> {
    let table = Table::read(bytes)?;
    table.expect(Part::Hashes, 1)?;
    table.belongs_to(&specs.table)?;
    match is_of(table.section(0), table.rows(), HASH_BYTES - HASH_PREFIX_BYTES) {
        true => Ok(table),
        false => Err(CatalogueError::Content("hashes")),
    }
}

/// The end of a row's hash.
pub(super) fn hash_end(hashes: &Table, row: u32) -> &[u8] {
    const BYTES: usize = HASH_BYTES - HASH_PREFIX_BYTES;
    hashes.section(0).get(row as usize * BYTES..(row as usize + 1) * BYTES).unwrap_or_default()
}

/// A hash, or the beginning of one, as text; five bytes are eight characters.
pub(super) fn hash_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(32);
    for five in bytes.chunks_exact(5) {
        let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        text.extend((0..8).rev().map(|place| char::from(LETTERS[(bits >> (place * 5) & 31) as usize])));
    }
    text
}

/// A hash as bytes; characters that no hash has count as `a`.
pub(super) fn hash_bytes(text: &str) -> [u8; HASH_BYTES] {
    let mut bytes = [0; HASH_BYTES];
    let values = text.bytes().map(|letter| LETTERS.iter().position(|known| *known == letter).unwrap_or(0) as u64);
    let values: Vec<u64> = values.collect();
    for (five, eight) in bytes.chunks_exact_mut(5).zip(values.chunks(8)) {
        let bits = (0..8).fold(0_u64, |bits, place| bits << 5 | eight.get(place).copied().unwrap_or(0));
        five.copy_from_slice(&bits.to_be_bytes()[3..]);
    }
    bytes
}

/// A size as it is kept: eleven bits and an exponent; zero is an unknown size.
pub(super) fn size_code(size: Option<u64>) -> u32 {
    let Some(size) = size else { return 0 };
    let size = size.clamp(1, 1 << 52);
    let exponent = 53_u32.saturating_sub(size.leading_zeros());
    match exponent {
        0 => u32::try_from(size).unwrap_or(1),
        _ => {
            let mantissa = (size + (1 << (exponent - 1))) >> exponent;
            // Rounding may carry into the next exponent, which the same sum says.
            exponent * 1024 + u32::try_from(mantissa).unwrap_or(1024)
        }
    }
}

/// A size as it was before [`size_code`], nearly.
pub(super) fn size_of(code: u32) -> Option<u64> {
    match code {
        0 => None,
        1..2048 => Some(u64::from(code)),
        _ => {
            let exponent = (code / 1024 - 1).min(43);
            Some((1024 + u64::from(code % 1024)) << exponent)
        }
    }
}
