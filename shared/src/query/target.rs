//! Microarchitectures that are asked for: `zen2`, `x86_64_v3:`, `:zen3`, `haswell:skylake,zen2`.

use std::{fmt, str::FromStr};

use super::microarchitecture::runs;

/// Targets and ranges of them, of which one has to fit; displays as it stands after `target=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetList(Vec<TargetRange>);

/// A set of targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetRange {
    /// Nothing but this one.
    Is(String),
    /// Those that run what is built for the first and whose programs the second runs; both ends
    /// belong to it, and either may be open.
    Between(Option<String>, Option<String>),
}

/// Text that is no list of targets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a target nor a range of two")]
pub struct InvalidTargets(String);

impl TargetList {
    /// The targets and ranges, as they were given.
    pub fn ranges(&self) -> &[TargetRange] {
        &self.0
    }

    /// Whether `target` is one of them.
    pub fn contains(&self, target: &str) -> bool {
        self.0.iter().any(|range| match range {
            TargetRange::Is(name) => name == target,
            TargetRange::Between(low, high) => {
                low.as_ref().is_none_or(|low| runs(target, low)) && high.as_ref().is_none_or(|high| runs(high, target))
            }
        })
    }
}

impl TargetRange {
    /// The targets that it names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let (first, second) = match self {
            Self::Is(name) => (Some(name), None),
            Self::Between(low, high) => (low.as_ref(), high.as_ref()),
        };
        first.into_iter().chain(second).map(String::as_str)
    }
}

impl FromStr for TargetList {
    type Err = InvalidTargets;

    fn from_str(text: &str) -> Result<Self, InvalidTargets> {
        let range = |text: &str| {
            let is_name = |name: &str| {
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
            };
            let end = |name: &str| (!name.is_empty()).then(|| name.to_owned());
            let (low, high) = text.split_once(':').unwrap_or((text, text));
            let is_valid = [low, high].iter().all(|name| is_name(name) || (text.contains(':') && name.is_empty()));
            match text.contains(':') {
                _ if !is_valid => Err(InvalidTargets(text.to_owned())),
                true => Ok(TargetRange::Between(end(low), end(high))),
                false => Ok(TargetRange::Is(text.to_owned())),
            }
        };
        text.split(',').map(|text| range(text.trim())).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for TargetList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.0.iter().enumerate() {
            f.write_str(if index > 0 { "," } else { "" })?;
            match range {
                TargetRange::Is(name) => f.write_str(name)?,
                TargetRange::Between(low, high) => {
                    write!(f, "{}:{}", low.as_deref().unwrap_or_default(), high.as_deref().unwrap_or_default())?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_fit_as_in_spack() {
        for (target, wanted, expected) in [
            ("zen2", "zen2", true),
            ("zen2", "x86_64", false),
            ("zen2", "x86_64:", true),
            ("zen2", "x86_64_v3:", true),
            ("zen2", ":zen3", true),
            ("zen2", "zen3:", false),
            ("zen2", "haswell:", false),
            ("zen2", "zen,zen2", true),
            ("zen2", "zen:zen3", true),
            ("zen4", "zen:zen3", false),
            ("zen2", ":", true),
            ("hal9000", "hal9000", true),
            ("hal9000", "x86_64:", false),
        ] {
            let list: TargetList = wanted.parse().unwrap();
            assert_eq!(list.contains(target), expected, "{target} {wanted}");
            assert_eq!(list.to_string(), wanted);
        }
        for bad in ["", "zen,", "a:b:c", "zen 2", "é"] {
            assert!(bad.parse::<TargetList>().is_err(), "{bad}");
        }
    }
}
