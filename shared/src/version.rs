//! Spack's versions and their order: `1.2rc1 < 1.2 < 1.10 < 1.main < 2.0 < develop`.
//!
//! A version is the text its recipe gives it; only comparing takes it apart. Source: section
//! "version" of Spack's `version/version_types.py` and `version/common.py`, as of 0.23.

use std::{
    cmp::Ordering,
    convert::Infallible,
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A concrete version such as `1.14.3`, `develop` or `git.9f2c=1.2`; any text is one.
///
/// Displays as the text it was made from. Comparing ignores how the segments are separated, so
/// `1_2`, `1-2` and `1.2` are equal; `Hash` agrees with that.
#[derive(Clone)]
pub struct Version(Box<str>);

impl Version {
    /// The version as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether Spack can read it: letters, digits, `_`, `.` and `-`, or a git reference with at
    /// most one such version assigned by `=`.
    ///
    /// Spack refuses a whole index for one version that it cannot read.
    pub fn is_valid(&self) -> bool {
        let is_plain = |text: &str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
        };
        match GitReference::of(&self.0) {
            None => is_plain(&self.0),
            Some(git) => {
                !git.name.is_empty()
                    && git.name.chars().all(|c| !c.is_whitespace() && !c.is_control())
                    && git.assigned.is_none_or(is_plain)
            }
        }
    }

    /// What the order looks at.
    fn key(&self) -> Key<'_> {
        match GitReference::of(&self.0) {
            None => Key::new(&self.0, None),
            Some(git) => Key::new(git.assigned.unwrap_or("0"), Some(git.name)),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({})", self.0)
    }
}

impl From<&str> for Version {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl FromStr for Version {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<str>::deserialize(deserializer).map(Self)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Version {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "description": "a version as its recipe writes it; ordered as Spack orders it"})
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let key = self.key();
        key.release.for_each(|segment| segment.hash(state));
        (key.rank, key.number, key.reference).hash(state);
    }
}

/// A version that names a commit, branch or tag: `git.<name>`, `<40 hex digits>`, either with
/// `=<version>` behind it to say which version it stands for.
struct GitReference<'a> {
    name: &'a str,
    /// Without one Spack asks the repository; here it counts as version `0`, which is Spack's
    /// answer for a repository that has no tags.
    assigned: Option<&'a str>,
}

impl<'a> GitReference<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let prefixed = text.strip_prefix("git.");
        let rest = prefixed.unwrap_or(text);
        let (name, assigned) = match rest.split_once('=') {
            Some((name, assigned)) => (name, Some(assigned)),
            None => (rest, None),
        };
        let is_commit = text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (prefixed.is_some() || is_commit || (assigned.is_some() && !name.is_empty())).then_some(Self { name, assigned })
    }
}

/// What two versions are compared by, in this order.
struct Key<'a> {
    release: Segments<'a>,
    rank: Rank,
    /// The pre-release's number: none is before any.
    number: Option<Number<'a>>,
    /// A git version comes after the plain version that it stands for.
    reference: Option<&'a str>,
}

impl<'a> Key<'a> {
    /// Splits a pre-release off the end of `text`: one of its words, or one and an integer.
    fn new(text: &'a str, reference: Option<&'a str>) -> Self {
        let plain = Self { release: Segments(text), rank: Rank::Final, number: None, reference };
        // The end of the text in front of each of the last two segments, and those segments.
        let (mut beforelast, mut last) = (None, None);
        let mut segments = Segments(text);
        while let Some((start, segment)) = segments.next_at(text) {
            beforelast = last.replace((start, segment));
        }
        let (word, number) = match (beforelast, last) {
            (Some(word), Some((_, Segment::Number(number)))) => (word, Some(number)),
            (_, Some(word)) => (word, None),
            (_, None) => return plain,
        };
        match word {
            // A version never consists of the pre-release alone.
            (start, Segment::Word(word)) if Segments(&text[..start]).next().is_some() => match Rank::of(word) {
                Some(rank) => Self { release: Segments(&text[..start]), rank, number, reference },
                None => plain,
            },
            _ => plain,
        }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        (self.release.clone().cmp(other.release.clone()))
            .then_with(|| (self.rank, self.number, self.reference).cmp(&(other.rank, other.number, other.reference)))
    }
}

/// How far a pre-release is from the release.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Rank {
    Alpha,
    Beta,
    Candidate,
    Final,
}

impl Rank {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "alpha" => Self::Alpha,
            "beta" => Self::Beta,
            "rc" => Self::Candidate,
            "final" => Self::Final,
            _ => return None,
        })
    }
}

/// Words that are later than every number, from the earliest to the latest.
const INFINITY_WORDS: [&str; 6] = ["stable", "trunk", "head", "master", "main", "develop"];

/// A run of letters or a run of digits; the variants are in Spack's order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Segment<'a> {
    Word(&'a str),
    Number(Number<'a>),
    /// An index into [`INFINITY_WORDS`].
    Infinity(usize),
}

/// An integer of any length: the one with more digits is larger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Number<'a> {
    length: usize,
    /// Without leading zeros.
    digits: &'a str,
}

/// The segments of a text, from the front; everything that is no letter and no digit only
/// separates.
#[derive(Clone)]
struct Segments<'a>(&'a str);

impl<'a> Segments<'a> {
    /// The next segment and where it starts in `whole`, of which `self` is the end.
    fn next_at(&mut self, whole: &str) -> Option<(usize, Segment<'a>)> {
        let rest = self.0.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let start = whole.len() - rest.len();
        let is_number = rest.bytes().next()?.is_ascii_digit();
        let end = rest
            .bytes()
            .position(|byte| if is_number { !byte.is_ascii_digit() } else { !byte.is_ascii_alphabetic() })
            .unwrap_or(rest.len());
        let (text, rest) = rest.split_at(end);
        self.0 = rest;
        let segment = if is_number {
            let digits = text.trim_start_matches('0');
            Segment::Number(Number { length: digits.len(), digits })
        } else {
            let infinity = INFINITY_WORDS.iter().position(|&word| word == text);
            infinity.map_or(Segment::Word(text), Segment::Infinity)
        };
        Some((start, segment))
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        self.next_at(self.0).map(|(_, segment)| segment)
    }
}

mod list;

pub use list::{InvalidVersions, VersionList, VersionRange};

#[cfg(test)]
mod tests;
