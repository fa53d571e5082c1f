//! What is answered.

use serde::{Deserialize, Serialize};

/// The answer to a [`Question`](super::Question).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Found {
    /// The query in parts, in order and apart, for colouring; what lies between is white space.
    pub spans: Vec<Span>,
    /// What is wrong with the query. All that follows is then of no query at all, and nothing was
    /// looked for: show what was found before.
    pub problem: Option<Trouble>,
    /// Names in the query that the mirror does not know; what was found is found all the same.
    pub unknown: Vec<Trouble>,
    /// The query said back, behind a count: `are built on openssl 3.3 with gcc 12`; empty without one.
    pub words: String,
    /// How many rows there are.
    pub total: u32,
    /// How many specs were found.
    pub specs: u32,
    /// How many packages they belong to.
    pub packages: u32,
    /// How many of the specs run on the reader's machine.
    pub fits: Option<u32>,
    /// The rows that were asked for.
    pub rows: Vec<Row>,
    /// What the answer can be narrowed by, with counts.
    pub facets: Vec<Facet>,
    /// The query without the part that keeps everything out, when nothing was found.
    pub nearest: Option<Nearest>,
    /// Whether `^` or `%` asks for what has not arrived yet, so that nothing could be found: ask again
    /// once the graphs are here.
    pub needs_edges: bool,
}

/// A part of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its first byte in the query.
    pub start: u32,
    /// The byte after its last.
    pub end: u32,
    /// What it is.
    pub class: Class,
}

/// What a part of a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A package's name.
    Name,
    /// Free text.
    Text,
    /// A sigil or a key with its sign: `@`, `%`, `+`, `~`, `^`, `/`, `target=`.
    Sigil,
    /// What stands behind `@`.
    Version,
    /// What stands behind `%`.
    Compiler,
    /// A variant that is on.
    On,
    /// A variant that is off.
    Off,
    /// What stands behind `key=`.
    Value,
    /// The name behind `^`.
    Dependency,
    /// What stands behind `/`.
    Hash,
}

/// A fault in a query, or a name in it that is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Its first byte in the query.
    pub start: u32,
    /// The byte after its last.
    pub end: u32,
    /// What is wrong, in a sentence.
    pub message: String,
}

/// A row of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Row {
    /// A package.
    Package(PackageRow),
    /// A spec.
    Spec(Box<SpecRow>),
}

/// A package with its specs that were found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageRow {
    /// Its name.
    pub name: String,
    /// Bytes of the name that match free text: start and end.
    pub marks: Vec<(u32, u32)>,
    /// The newest version.
    pub newest: String,
    /// How many versions.
    pub versions: u32,
    /// How many specs.
    pub specs: u32,
    /// How many of them run on the reader's machine; zero when it is not known.
    pub fits: u32,
    /// Targets, by name.
    pub targets: Vec<String>,
    /// Operating systems, by name.
    pub systems: Vec<String>,
    /// Bytes of the tarballs whose size is known, to three digits each.
    pub bytes: u64,
    /// When the last was pushed, in milliseconds since 1970.
    pub pushed: u64,
}

/// A spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecRow {
    /// The beginning of its hash: 8 characters, or all 32 once they have arrived.
    pub hash: String,
    /// Its package.
    pub name: String,
    /// Bytes of the name that match free text: start and end.
    pub marks: Vec<(u32, u32)>,
    /// Its version.
    pub version: String,
    /// Such as `gcc@12.3.0`.
    pub compiler: Option<String>,
    /// Such as `debian12`.
    pub os: String,
    /// Such as `zen3`.
    pub target: String,
    /// Whether it runs on the reader's machine; `None` when that is not known.
    pub fits: Option<bool>,
    /// Variants as Spack writes them: those that are on first, `+mpi`, then those with a value,
    /// `api=default`.
    pub variants: Vec<String>,
    /// Variants that are off: `~debug`.
    pub off: Vec<String>,
    /// Bytes of its tarball, to three digits, when known.
    pub size: Option<u64>,
    /// When it was pushed, in milliseconds since 1970.
    pub pushed: u64,
    /// Whether it is signed, when known.
    pub signed: Option<bool>,
    /// The packages through which it was found when the query has `^`: from its own dependency to the one
    /// that was asked for, without itself.
    pub through: Vec<String>,
}

/// Something that an answer can be narrowed by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facet {
    /// `target`, `os`, `compiler`, `version`, `variants`, `signed`, `age` or `fits`.
    pub key: String,
    /// Its values: ticked ones first, then by count.
    pub values: Vec<FacetValue>,
    /// How many values there are; `values` has the first of them.
    pub total: u32,
}

/// A value of a facet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FacetValue {
    /// As it is shown: `zen3`, `gcc@12`, `+shared`, `yes`, `7d`.
    pub text: String,
    /// How many specs would be left with it, the other values of the facet aside.
    pub specs: u32,
    /// Whether it is asked for.
    pub ticked: bool,
    /// What the box holds once it is ticked, or unticked if it is; the query as it is when the language
    /// cannot say it.
    pub query: String,
    /// What `f=` holds then.
    pub facets: String,
}

/// A query that finds something where another finds nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nearest {
    /// The query.
    pub query: String,
    /// What `f=` holds.
    pub facets: String,
    /// What was left out or put right, as it was written: `target=zen5`.
    pub without: String,
    /// How many specs it finds.
    pub specs: u32,
}

/// What may stand at the caret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// What it is.
    pub group: Group,
    /// What to put in.
    pub text: String,
    /// The first byte in the query that it takes the place of.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
    /// How many specs have it.
    pub specs: u32,
}

/// What a completion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// The name of a package.
    Package,
    /// A variant with its value: `+mpi`, `api=default`.
    Variant,
    /// A version.
    Version,
    /// A compiler.
    Compiler,
    /// A target.
    Target,
    /// An operating system.
    Os,
    /// The beginning of a key: `target=`.
    Key,
}
