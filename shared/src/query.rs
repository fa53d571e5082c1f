//! Spack's query language: which specs somebody means.
//!
//! ```text
//! hdf5@1.14: +mpi build_type=Release target=x86_64_v3: %gcc@12 ^openmpi@4 /slmgyj5
//! ```
//! [`Query::from_str`](std::str::FromStr) reads it and says where it is wrong, [`Matcher`] tells
//! whether a concrete spec is meant, [`Vocabulary`] whether its names are known. Sources: Spack's
//! `parser.py` of 0.23 and `spec_parser.py` of 1.x, and `Spec.satisfies`.
//!
//! Where the two differ, both are understood: `%gcc` is the compiler and any other direct
//! dependency. What follows `%gcc@12` belongs to the package in front of it, as in 0.23. See
//! `docs/decisions/query-language.md`.

mod error;
mod matching;
pub mod microarchitecture;
mod parse;
mod print;
mod target;
pub(crate) mod vocabulary;

pub use error::{Problem, QueryError};
pub use matching::{Head, Matcher, Nodes};
pub use target::{InvalidTargets, TargetList, TargetRange};
pub use vocabulary::{Unknown, Vocabulary};

use std::ops::Range;

use crate::{spec::DependencyKinds, version::VersionList};

/// Longest query in bytes: more than any spec that Spack prints without its dependencies.
pub const MAX_QUERY_BYTES: usize = 2_000;

/// What somebody looks for; displays as a query that means the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// A spec is meant when one of these means it; all are when there are none.
    pub specs: Vec<SpecQuery>,
}

/// A spec and what it is built on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SpecQuery {
    /// The package itself.
    pub node: NodeQuery,
    /// Each is met by some package of its graph.
    pub dependencies: Vec<DependencyQuery>,
}

/// What is asked of one package.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeQuery {
    /// What it is called.
    pub name: Option<Spanned<Name>>,
    /// The recipe repository.
    pub namespace: Option<String>,
    /// Behind `@`.
    pub versions: Option<VersionList>,
    /// Its compiler and other direct dependencies, behind `%`.
    pub direct: Vec<DirectQuery>,
    /// Variants, in the order they were given.
    pub variants: Vec<Spanned<VariantQuery>>,
    /// Compiler flags it was built with, each with some of its words.
    pub flags: Vec<(String, Vec<String>)>,
    /// Such as `linux`.
    pub platform: Option<String>,
    /// Such as `debian12`.
    pub os: Option<String>,
    /// Microarchitectures and ranges of them.
    pub target: Option<Spanned<TargetList>>,
    /// The beginning of its hash.
    pub hash: Option<String>,
}

/// What a package is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// Exactly this; or the virtual package that it provides, where its spec file says so.
    Is(String),
    /// Free text, which stands in quotes: a part of the name, in upper or lower case.
    Holds(String),
}

/// What is asked of a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantQuery {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Wanted,
    /// Whether it was written `++`, `~~`, `--` or `==`, which asks the same of a concrete spec.
    pub is_propagated: bool,
}

/// What a variant's value has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// On or off: `+shared`, `~shared`, `shared=True`.
    Flag(bool),
    /// `=*`: the variant has any value.
    Any,
    /// `=a,b`: the value, or these among the values.
    Values(Vec<String>),
    /// `:=a,b`: these values and no others.
    Exactly(Vec<String>),
}

/// A dependency of the package itself, such as its compiler: `%gcc@12`, `%c,cxx=gcc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectQuery {
    /// What it provides to the package, such as `c`.
    pub virtuals: Vec<String>,
    /// A package or, before Spack 1.0, a compiler.
    pub name: String,
    /// Its versions.
    pub versions: Option<VersionList>,
}

/// Some package of the graph below a package: `^openmpi@4`, `^[virtuals=mpi] openmpi`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DependencyQuery {
    /// What it is needed for, by one of those who need it; empty for anything.
    pub kinds: DependencyKinds,
    /// What it provides to one of those who need it.
    pub virtuals: Vec<String>,
    /// The package; its name may be that of a virtual package.
    pub node: NodeQuery,
}

/// A part of a query with its place in the text. Two are equal when their values are.
#[derive(Debug, Clone, Eq)]
pub struct Spanned<T> {
    /// The part.
    pub value: T,
    /// Its bytes in the query.
    pub span: Range<usize>,
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Query {
    /// Reads the names that are not known as free text, for a box in which somebody types: `hdf` then
    /// means whatever has it in its name.
    #[must_use]
    pub fn with_unknown_names_as_text(mut self, is_known: impl Fn(&str) -> bool) -> Self {
        for name in self.specs.iter_mut().filter_map(|spec| spec.node.name.as_mut()) {
            if let Name::Is(text) = &mut name.value
                && !is_known(text)
            {
                name.value = Name::Holds(std::mem::take(text));
            }
        }
        self
    }

    /// The packages that all its specs name, and beginnings of hashes: what a table can be narrowed
    /// by. `None` when one of them leaves both open.
    pub fn keys(&self) -> Option<Vec<Key<'_>>> {
        self.specs.iter().map(|spec| spec.node.key()).collect::<Option<Vec<_>>>().filter(|keys| !keys.is_empty())
    }
}

impl SpecQuery {
    /// What is asked of the package itself, then of its dependencies.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeQuery> {
        std::iter::once(&self.node).chain(self.dependencies.iter().map(|dependency| &dependency.node))
    }
}

/// What a spec can be looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key<'a> {
    /// The beginning of its hash.
    Hash(&'a str),
    /// Its name, or that of a virtual package.
    Name(&'a str),
}

impl NodeQuery {
    /// The package, or virtual package, that it names.
    pub fn package(&self) -> Option<&str> {
        match &self.name {
            Some(Spanned { value: Name::Is(name), .. }) => Some(name),
            _ => None,
        }
    }

    fn key(&self) -> Option<Key<'_>> {
        self.hash.as_deref().map(Key::Hash).or_else(|| self.package().map(Key::Name))
    }
}

#[cfg(test)]
mod tests;
