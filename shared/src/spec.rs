//! Spec files, versions 1 to 6, in one model: `{"spec":{"_meta":{"version":4},"nodes":[root, …]}}`.
//!
//! Every version says the same about a concrete package and differs in where it says it: the
//! compiler moved from the node into its dependencies, edges changed shape twice. Sources:
//! `SpecfileV1` to `SpecfileV5` in Spack's `spec.py`. YAML, which Spack wrote before 0.17, is not
//! read.

mod compiler;
mod edge;
mod error;
mod external;
mod file;
mod node;
mod parameter;

pub use crate::json::{Excess, MAX_DEPTH, MAX_NUMBER_BYTES};
pub use compiler::Compiler;
pub use edge::{DependencyKind, DependencyKinds, Edge};
pub use error::SpecError;
pub use external::External;
pub use file::{MAX_NODES, SpecFile};
pub use node::Node;
pub(crate) use node::{RawNode, RawNodeSeed};
pub(crate) use parameter::Text;
pub use parameter::{FLAGS, ParameterValue};

use serde::{Deserialize, Serialize};

/// Longest version, platform, operating system, target or compiler name in bytes: Spack puts each
/// into one file name, and file systems allow that 255.
pub const MAX_TEXT_BYTES: usize = 255;

/// The format of a spec file, and of a node apart from its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub enum SpecVersion {
    /// Spack up to 0.16: a list of `{name: node}`, edges keyed by name.
    V1 = 1,
    /// Spack 0.17: a list of nodes; edges name the full hash.
    V2,
    /// Spack 0.18 to 0.20: edges name the DAG hash.
    V3,
    /// Spack 0.21 to 0.23: edges say which virtual packages they provide.
    V4,
    /// Spack 1.0 to 1.2: compilers are dependencies.
    V5,
    /// Spack 1.3: nodes say which virtual packages they provide.
    V6,
}

impl SpecVersion {
    /// All of them, the oldest first.
    pub const ALL: [Self; 6] = [Self::V1, Self::V2, Self::V3, Self::V4, Self::V5, Self::V6];

    /// The number in `_meta.version`.
    pub const fn number(self) -> u64 {
        self as u64
    }
}

impl From<SpecVersion> for u64 {
    fn from(version: SpecVersion) -> Self {
        version.number()
    }
}

impl TryFrom<u64> for SpecVersion {
    type Error = SpecError;

    fn try_from(number: u64) -> Result<Self, SpecError> {
        Self::ALL.into_iter().find(|version| version.number() == number).ok_or(SpecError::UnknownVersion(number))
    }
}

#[cfg(test)]
mod tests;
