//! What a mirror should be given next: `GET` and `POST /api/v1/mirrors/{m}/suggest?count=&by=&seed=`.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Timestamp;
use crate::name::PackageName;

/// How many packages are suggested unless `count` says otherwise.
pub const DEFAULT_COUNT: u32 = 25;

/// Most packages that are suggested: GitHub runs at most 256 jobs of a matrix.
pub const MAX_COUNT: u32 = 256;

/// Most packages to choose from. Spack had 8,900 in 2026.
pub const MAX_CANDIDATES: usize = 20_000;

/// Most bytes of a request's body.
pub const MAX_BODY_BYTES: u64 = 1 << 20;

/// A package to build, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Suggestion {
    /// What to give to `spack install`.
    pub spec: String,
    /// Its package.
    pub package: String,
    /// By what it was chosen.
    pub by: Reason,
    /// Why, in words.
    pub why: String,
}

/// By what a package is suggested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Reason {
    /// Clients asked for it and did not find it.
    Demand,
    /// It failed in a way that may pass, or its recipe changed since.
    Failures,
    /// It is there, but not in the version that was named; what waits longest first.
    Age,
    /// It is not there; drawn by lot.
    Random,
}

impl Reason {
    /// All, in the order in which they are taken unless `by` says otherwise.
    pub const ALL: [Self; 4] = [Self::Demand, Self::Failures, Self::Age, Self::Random];

    /// As `by` names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Demand => "demand",
            Self::Failures => "failures",
            Self::Age => "age",
            Self::Random => "random",
        }
    }
}

/// A reason that nothing is suggested by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("nothing is suggested by `{0}`; expected demand, failures, age or random")]
pub struct UnknownReason(String);

impl FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(text: &str) -> Result<Self, UnknownReason> {
        let unknown = || UnknownReason(text.chars().take(40).collect());
        Self::ALL.into_iter().find(|reason| reason.as_str() == text).ok_or_else(unknown)
    }
}

/// What the asker knows and the mirror does not: the body of the `POST`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Candidates {
    /// The packages that may be built, at most 20,000.
    #[serde(default)]
    pub names: Vec<Candidate>,
    /// Packages whose recipes changed, and when; `null` for since whenever they failed.
    #[serde(default)]
    pub changed: BTreeMap<PackageName, Option<Timestamp>>,
}

/// A package that may be built: `hdf5`, or with its newest version `hdf5@1.14.6`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Candidate {
    /// Its name.
    pub name: PackageName,
    /// Its newest version, when that is known.
    pub version: Option<String>,
}

/// Text that names no package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no package; expected a name such as hdf5, or hdf5@1.14.6")]
pub struct InvalidCandidate(String);

impl FromStr for Candidate {
    type Err = InvalidCandidate;

    fn from_str(text: &str) -> Result<Self, InvalidCandidate> {
        let invalid = || InvalidCandidate(text.chars().take(80).collect());
        let (name, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
        let name = name.parse().map_err(|_| invalid())?;
        if version.is_some_and(|version| !is_version(version)) {
            return Err(invalid());
        }
        Ok(Self { name, version: version.map(str::to_owned) })
    }
}

/// Whether `text` is one version, as a recipe names it.
fn is_version(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+=".contains(&byte))
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{}@{version}", self.name),
            None => self.name.fmt(f),
        }
    }
}

impl TryFrom<String> for Candidate {
    type Error = InvalidCandidate;

    fn try_from(text: String) -> Result<Self, InvalidCandidate> {
        text.parse()
    }
}

impl From<Candidate> for String {
    fn from(candidate: Candidate) -> Self {
        candidate.to_string()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Candidate {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Candidate".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A package such as hdf5, or with its newest version hdf5@1.14.6"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_printed_as_they_are_read() {
        for text in ["hdf5", "hdf5@1.14.6", "r-bit64@4.0.5", "gcc@git-releases=13"] {
            assert_eq!(text.parse::<Candidate>().unwrap().to_string(), text);
        }
        for text in ["", "==> 2 packages", "hdf5@", "hdf5@1; rm", "hdf5@1@2", "$(id)", "@1"] {
            assert_eq!(text.parse::<Candidate>(), Err(InvalidCandidate(text.to_owned())));
        }
    }

    #[test]
    fn reasons_are_named_alike_everywhere() {
        for reason in Reason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
        assert!("luck".parse::<Reason>().is_err());
    }
}
