//! How a mirror grows and is used: `GET /api/v1/mirrors/{m}/usage`.

use serde::{Deserialize, Serialize};

use super::Timestamp;
use crate::{
    name::{DagHash, PackageName},
    slice::Slice,
};

/// How many days are told, today with them.
pub const DAYS: u64 = 90;

/// A day in milliseconds. Days begin at midnight UTC.
pub const DAY_MILLIS: u64 = 86_400_000;

/// How many packages are told by their size.
pub const LARGEST: usize = 10;

/// How many wanted packages are told.
pub const MOST_WANTED: usize = 50;

/// How many slices are told of each kind.
pub const SLICES: usize = 10;

/// How a mirror grew and was used in the last [`DAYS`] days.
///
/// What was asked for is counted where it is answered and written down a few times a minute: what a machine of the
/// platform had not told when it was put away is missing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Usage {
    /// The first day that is told.
    pub since: Timestamp,
    /// The days on which something happened, the oldest first.
    pub days: Vec<Day>,
    /// What of the mirror had arrived before the first day.
    pub before: Amount,
    /// The packages with the most bytes, at most 10.
    pub largest: Vec<PackageSize>,
    /// The packages that are not among them.
    pub rest: Rest,
    /// What clients asked for in the last 30 days and did not find, the most wanted first, at most 50.
    pub wanted: Vec<Wanted>,
    /// Slices of the mirror: one for each system and target, the largest first, then others that clients asked for;
    /// at most 10 of each kind.
    pub slices: Vec<KnownSlice>,
}

/// One day, of what the mirror holds now and what was asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Day {
    /// Its begin, in UTC.
    pub day: Timestamp,
    /// What arrived.
    #[serde(flatten)]
    pub arrived: Amount,
    /// How often a package was asked for and found.
    pub hits: u64,
    /// How often a package was asked for and not found.
    pub misses: u64,
}

/// Some specs and their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Amount {
    /// Binary packages.
    pub specs: u64,
    /// Bytes of their tarballs, as far as their size is known.
    pub bytes: u64,
}

/// What a package takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PackageSize {
    /// Its name.
    pub name: PackageName,
    /// Of all its specs.
    #[serde(flatten)]
    pub amount: Amount,
}

/// The packages that are not told one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rest {
    /// How many there are.
    pub packages: u64,
    /// Of all of them.
    #[serde(flatten)]
    pub amount: Amount,
}

/// A package that clients asked for and did not find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Wanted {
    /// The hash of its spec.
    pub hash: DagHash,
    /// Its name, as far as the path told.
    pub name: PackageName,
    /// Its version, as far as the path told.
    pub version: String,
    /// The operating system; `null` when the path did not tell.
    pub os: Option<String>,
    /// The micro-architecture; `null` when the path did not tell.
    pub target: Option<String>,
    /// How often it was asked for.
    pub times: u64,
    /// When it was first asked for.
    pub first: Timestamp,
    /// When it was last asked for.
    pub last: Timestamp,
}

/// A slice that has an index of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KnownSlice {
    /// Its expression; its URL is `/mirrors/{m}/slice/{slice}`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub slice: Slice,
    /// The specs that match, without what they need; `null` for one that is told because clients asked for it.
    pub specs: Option<u64>,
}
