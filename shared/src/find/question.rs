//! What is asked.

use serde::{Deserialize, Serialize};

/// Rows that are given at once, at most.
pub const MAX_ROWS: u32 = 500;

/// What somebody looks for, and which part of the answer is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Question {
    /// What stands in the box.
    #[serde(default)]
    pub query: String,
    /// What the language cannot say, as `f=` of the URL: `os:debian12,ubuntu22.04;signed:yes;age:7d`. A
    /// facet or value that is not known is left out.
    #[serde(default)]
    pub facets: String,
    /// What comes first.
    #[serde(default)]
    pub sort: Sort,
    /// Whether the order is turned round.
    #[serde(default)]
    pub descending: bool,
    /// The reader's machine.
    #[serde(default)]
    pub machine: Option<Machine>,
    /// How many rows come before the first that is wanted.
    #[serde(default)]
    pub offset: u32,
    /// How many rows are wanted, at most [`MAX_ROWS`].
    #[serde(default)]
    pub limit: u32,
    /// What a row is.
    #[serde(default)]
    pub by: By,
}

/// What a row of the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A package with all its specs that were found.
    #[default]
    Packages,
    /// A spec.
    Specs,
}

/// What the rows are ordered by; equal ones stay in order of name and version, the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// How well the name fits free text, then how many need it; without free text as [`Sort::Name`].
    #[default]
    Best,
    /// The package's name.
    Name,
    /// The version, in Spack's order; of packages the newest.
    Version,
    /// The operating system.
    Os,
    /// The target.
    Target,
    /// The compiler.
    Compiler,
    /// Bytes of the tarball; of packages, of all of them.
    Size,
    /// When it was pushed; of packages, last.
    Pushed,
    /// How many specs a package has.
    Specs,
}

/// The reader's machine, as `spack arch` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Machine {
    /// Such as `debian12`.
    pub os: String,
    /// Such as `zen3`.
    pub target: String,
}
