//! Names that appear in URLs and object keys, each parsed once at the door.
//!
//! A value of these types can be put into a path or a key without a further check.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest mirror name in bytes. An object key holds at most 1,024 (R2's limit) and Spack's own
/// part of it may need 600: a package, a version and a target of 128 each, twice.
pub const MAX_MIRROR_NAME_BYTES: usize = 255;

/// Longest package name in bytes; the longest in Spack's own repository has about 50.
pub const MAX_PACKAGE_NAME_BYTES: usize = 128;

/// Text that does not follow the rule of a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {rule}")]
pub struct InvalidName {
    /// What was given, cut to 80 characters.
    pub text: String,
    /// What was expected, as the end of a sentence.
    pub rule: &'static str,
}

impl InvalidName {
    fn new(text: &str, rule: &'static str) -> Self {
        Self { text: text.chars().take(80).collect(), rule }
    }
}

/// Implements what all names share: one check behind `FromStr` and serde, and text out.
macro_rules! name {
    ($type:ident, $rule:expr, $pattern:expr, $is_valid:expr) => {
        impl $type {
            /// What such a name looks like, as the end of the sentence "`x` is not …".
            pub const RULE: &'static str = $rule;

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let is_valid: fn(&str) -> bool = $is_valid;
                if is_valid(text) { Ok(Self(text.into())) } else { Err(InvalidName::new(text, Self::RULE)) }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "string", "pattern": $pattern, "description": $rule})
            }
        }
    };
}

/// A mirror: one or more segments joined by `/`, such as `user-environment` or `opt/a/b`.
///
/// It is the OCI repository name too (OCI distribution specification, "Pulling manifests"). No
/// segment may be one with which Spack's or Larder's own path begins ([`RESERVED_SEGMENTS`]), so
/// that a URL says where the name ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MirrorName(Box<str>);

/// Segments that end a mirror's name in a URL: Spack's own folders and Larder's.
pub const RESERVED_SEGMENTS: [&str; 6] = ["build_cache", "v3", "blobs", "slice", "larder", "manifest"];

impl MirrorName {
    /// Whether `segment` may stand in a mirror's name: `[a-z0-9][a-z0-9._-]*`, not reserved.
    pub fn is_segment(segment: &str) -> bool {
        let mut bytes = segment.bytes();
        bytes.next().is_some_and(|first| first.is_ascii_lowercase() || first.is_ascii_digit())
            && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))
            && !RESERVED_SEGMENTS.contains(&segment)
    }
}

name!(
    MirrorName,
    "a mirror name: segments of `a-z`, `0-9`, `.`, `_` and `-`, each beginning with a letter or digit, joined by `/`",
    "^[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*$",
    |text| text.len() <= MAX_MIRROR_NAME_BYTES && text.split('/').all(MirrorName::is_segment)
);

/// A package, such as `hdf5` or `py-numpy`.
///
/// Source: `valid_module_name` in Spack's `util/naming.py`; upper case and dots are let in because
/// old recipe repositories have them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageName(Box<str>);

name!(
    PackageName,
    "a package name: letters, digits, `_`, `-` and `.`, beginning with a letter, a digit or `_`",
    "^[A-Za-z0-9_][A-Za-z0-9_.-]*$",
    |text| {
        text.len() <= MAX_PACKAGE_NAME_BYTES
            && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric() || first == b'_')
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    }
);

/// The DAG hash of a concrete spec: 32 characters of `a-z2-7`. Opaque; readers never recompute it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DagHash(Box<str>);

/// Whether `text` could be the beginning of a [`DagHash`]: 1 to 32 of its characters.
pub fn is_dag_hash_prefix(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte))
}

name!(DagHash, "a DAG hash: 32 characters of `a-z` and `2-7`", "^[a-z2-7]{32}$", |text| text.len() == 32
    && is_dag_hash_prefix(text));

/// The fingerprint of an OpenPGP key: 40 upper-case hex digits, as Spack writes it in file names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(Box<str>);

name!(Fingerprint, "a key fingerprint: 40 upper-case hex digits", "^[0-9A-F]{40}$", |text| text.len() == 40
    && text.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte)));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirror_names() {
        for good in ["user-environment", "opt/a/b", "a", "0.1_x", "develop/ml-linux-x86_64"] {
            assert_eq!(good.parse::<MirrorName>().unwrap().as_str(), good);
        }
        let long = "a".repeat(MAX_MIRROR_NAME_BYTES + 1);
        for bad in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            "A",
            "-a",
            "_a",
            "~t",
            ".",
            "..",
            "a/../b",
            "v3",
            "a/build_cache",
            "a/-/b",
            "ä",
            "a b",
            &long,
        ] {
            assert!(bad.parse::<MirrorName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn package_names() {
        for good in ["hdf5", "py-numpy", "_7zip", "7zip", "R", "r-data.table"] {
            assert!(good.parse::<PackageName>().is_ok(), "{good}");
        }
        for bad in ["", "a/b", "..", "-x", "a b", "a\\b", "é", "a\0"] {
            assert!(bad.parse::<PackageName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn hashes_and_fingerprints() {
        assert!("rjsbs2wcromwrvwrsr3ctrxojaokif4e".parse::<DagHash>().is_ok());
        for bad in
            ["rjsbs2wcromwrvwrsr3ctrxojaokif4", "rjsbs2wcromwrvwrsr3ctrxojaokif41", "RJSBS2WCROMWRVWRSR3CTRXOJAOKIF4E"]
        {
            assert!(bad.parse::<DagHash>().is_err(), "{bad}");
        }
        assert!("4CA135D4D5BC739C1DF2D3B7AA52CBC889F8EE5D".parse::<Fingerprint>().is_ok());
        assert!("4ca135d4d5bc739c1df2d3b7aa52cbc889f8ee5d".parse::<Fingerprint>().is_err());
    }
}
