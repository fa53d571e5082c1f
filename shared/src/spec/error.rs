//! Why a spec is refused.

use crate::{
    json::Excess,
    name::{DagHash, PackageName},
};

/// A spec file or a node that is not read, and why.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// Some byte is not UTF-8.
    #[error("the spec file is not UTF-8")]
    NotUtf8,
    /// Nested too deeply, or a number too long.
    #[error(transparent)]
    Excess(#[from] Excess),
    /// Not JSON at all: cut short, followed by other bytes, or something else (YAML, HTML).
    #[error("the spec file is not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    /// JSON, but a field that Spack needs is missing or malformed.
    #[error("not a spec as Spack writes it: {0}")]
    Malformed(#[source] serde_json::Error),
    /// A newer version than Larder knows, or none that Spack ever wrote.
    #[error("spec file version {0} is not one of 1 to 6")]
    UnknownVersion(u64),
    /// The list of nodes is empty.
    #[error("the spec file has no nodes")]
    NoNodes,
    /// More nodes than [`MAX_NODES`](crate::spec::MAX_NODES).
    #[error("the spec file has more than {} nodes", crate::spec::MAX_NODES)]
    TooManyNodes,
    /// A node says that it is abstract: it has no hash that means anything.
    #[error("{0} is not concrete")]
    NotConcrete(PackageName),
    /// A node has no `hash`.
    #[error("{0} has no hash")]
    MissingHash(PackageName),
    /// Two nodes have the same hash.
    #[error("two nodes have the hash {0}")]
    DuplicateHash(DagHash),
    /// An edge leads to a node that is not in the file.
    #[error("{node} depends on {dependency}, which is not in the spec file")]
    UnknownDependency {
        /// Where the edge begins.
        node: PackageName,
        /// What it calls its end.
        dependency: PackageName,
    },
}

impl SpecError {
    /// Tells what is no JSON from what is no spec.
    pub(crate) fn from_json(error: serde_json::Error) -> Self {
        if error.is_data() { Self::Malformed(error) } else { Self::NotJson(error) }
    }
}
