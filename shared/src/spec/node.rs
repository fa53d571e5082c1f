//! One package of a spec: what it is, how it was configured, what it depends on.
//!
//! ```text
//! {"name":"zlib","version":"1.3.1","arch":{"platform":"linux",…},"compiler":{…},
//!  "namespace":"builtin","parameters":{"shared":true,…},"package_hash":"bnbx…",
//!  "dependencies":[{"name":"gmake","hash":"znvo…","parameters":{…}}],"hash":"gnpf…"}
//! ```

mod read;
mod write;

pub(super) use read::valid_version;
pub(crate) use read::{RawNode, RawNodeSeed};

use super::{Compiler, Edge, External, ParameterValue, SpecError, SpecVersion};
use crate::{
    json,
    name::{DagHash, PackageName},
    version::Version,
};

/// A concrete package.
///
/// What the model leaves out is kept as it was read and written again by [`Node::to_json`]. So are
/// `arch` and `parameters`, whole: a change of `platform`, `os`, `target`, `parameters` or `flags`
/// does not show there.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The package.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// Its DAG hash: opaque, Spack's readers never recompute it.
    pub hash: DagHash,
    /// Such as `linux`.
    pub platform: String,
    /// Such as `ubuntu22.04`.
    pub os: String,
    /// The micro-architecture's name, such as `zen2`.
    pub target: String,
    /// `None` when the node has none, or in version 5 and 6 when the package that provides it was
    /// not at hand: [`Node::compiler_edge`].
    pub compiler: Option<Compiler>,
    /// The recipe repository, such as `builtin`.
    pub namespace: Option<String>,
    /// Variants, in the order of the file.
    pub parameters: Vec<(String, ParameterValue)>,
    /// Those of the compiler [`FLAGS`](super::FLAGS) that are not empty.
    pub flags: Vec<(String, Vec<String>)>,
    /// Set if Spack did not build it but found it.
    pub external: Option<External>,
    /// What it depends on, in the order of the file.
    pub dependencies: Vec<Edge>,
    /// The hash of its recipe.
    pub package_hash: Option<String>,
    /// Virtual packages it provides; empty before version 6, which did not say.
    pub provided_virtuals: Vec<String>,
    /// What is not modelled.
    kept: Kept,
}

/// Parts of a node that are passed on as they were read, as compact JSON.
#[derive(Debug, Clone, PartialEq)]
struct Kept {
    /// The version it was read from.
    source: SpecVersion,
    arch: Box<str>,
    parameters: Option<Box<str>>,
    /// `extra_attributes` of an external package.
    extra_attributes: Option<Box<str>>,
    patches: Option<Box<str>>,
    build_spec: Option<Box<str>>,
    annotations: Option<Box<str>>,
    /// Fields that no version up to 6 has.
    unknown: Vec<(Box<str>, Box<str>)>,
}

impl Node {
    /// Reads one node in the form it has in a file or an index of `version`.
    ///
    /// `key` is the hash that an index keys its record by; it stands above the node's own, as in
    /// Spack. Edges that name another hash than the DAG hash (version 2) keep it: only a
    /// [`SpecFile`](super::SpecFile) can tell which node it means.
    ///
    /// # Errors
    /// [`SpecError`] if it is not JSON, lacks what Spack needs, or has no hash and no `key`.
    pub fn parse(json: &str, version: SpecVersion, key: Option<&DagHash>) -> Result<Self, SpecError> {
        json::check(json)?;
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let raw = serde::de::DeserializeSeed::deserialize(RawNodeSeed(version), &mut deserializer)
            .and_then(|raw| deserializer.end().map(|()| raw))
            .map_err(SpecError::from_json)?;
        raw.into_node(key)
    }

    /// The version in which [`Node::to_json`] loses nothing: the one this node was read from, or 4
    /// if that is older.
    pub fn source(&self) -> SpecVersion {
        self.kept.source.max(SpecVersion::V4)
    }
}
