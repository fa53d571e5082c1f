//! Index documents: what Spack reads to learn which packages a mirror has.
//!
//! ```text
//! {"database":{"version":"7","installs":{
//!   "<hash>":{"spec":{…node…},"in_buildcache":true},
//!   "<hash>":{"spec":{…node…},"in_buildcache":false}}}}
//! ```
//! One record for each package and for each of its dependencies. Nodes stand there bare; the
//! version of the document says which version they have. Source: `_read_from_file` in Spack's
//! `database.py`.

mod hash;
mod read;
mod split;
mod write;

pub use hash::{DocumentHash, InvalidState};
pub use read::{IndexError, IndexReader, MAX_RECORD_BYTES, Record};
pub use write::{SEPARATOR, footer, header, record};

use serde::{Deserialize, Serialize};

use crate::spec::SpecVersion;

/// A version of the index document that Larder writes. Each has its own nodes and its own readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DbVersion {
    /// Spack 0.21 to 0.23, in the v2 layout; nodes of version 4.
    V7 = 7,
    /// Spack 1.0 to 1.2, in the v3 layout; nodes of version 5.
    V8,
    /// Spack 1.3, in the v3 layout; nodes of version 6.
    V9,
}

impl DbVersion {
    /// All of them, the oldest first.
    pub const ALL: [Self; 3] = [Self::V7, Self::V8, Self::V9];

    /// The number in `version`.
    pub const fn number(self) -> u64 {
        self as u64
    }

    /// The version of its nodes.
    pub const fn spec_version(self) -> SpecVersion {
        match self {
            Self::V7 => SpecVersion::V4,
            Self::V8 => SpecVersion::V5,
            Self::V9 => SpecVersion::V6,
        }
    }
}

#[cfg(test)]
mod tests;
