//! Tags, and which of them are Spack's.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    name::{DagHash, PackageName},
    spec::Node,
};

/// Longest tag, in characters.
pub const MAX_TAG_CHARS: usize = 128;

/// A tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}` (OCI distribution specification, "Pulling manifests").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(Box<str>);

/// Text that is no tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a tag: up to 128 letters, digits, `_`, `.` and `-`, not beginning with `.` or `-`, are expected")]
pub struct InvalidTag(pub String);

/// How every tag of Spack's ends.
const SPACK: &str = ".spack";

impl Tag {
    /// The tag of the index.
    pub const INDEX: &str = "index.spack";

    /// The tag of a package.
    ///
    /// Source: `default_tag` in Spack 0.23's `oci/image.py` and `ImageReference`: what a tag cannot
    /// hold becomes `_`, and a long one keeps its first and last 64 characters.
    pub fn of(node: &Node) -> Self {
        Self::of_package(&node.name, &node.version.to_string(), &node.hash)
    }

    /// The tag of a package of which a list tells.
    pub fn of_package(name: &PackageName, version: &str, hash: &DagHash) -> Self {
        let text = format!("{name}-{version}-{hash}{SPACK}");
        let is_kept = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        let text: String = text.chars().map(|c| if is_kept(c) { c } else { '_' }).collect();
        // All of it is ASCII by now.
        let half = MAX_TAG_CHARS / 2;
        if text.len() > MAX_TAG_CHARS {
            return Self(format!("{}{}", &text[..half], &text[text.len() - half..]).into());
        }
        Self(text.into())
    }

    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the tag of the index.
    pub fn is_index(&self) -> bool {
        self.as_str() == Self::INDEX
    }

    /// Whether Spack takes an image of this tag for a package: its name ends in `.spack`, and it is
    /// not the index.
    pub fn is_package(&self) -> bool {
        self.0.ends_with(SPACK) && !self.is_index()
    }

    /// The hash of the package that Spack tags so.
    pub fn hash(&self) -> Option<DagHash> {
        let stem = self.0.strip_suffix(SPACK)?;
        stem.get(stem.len().checked_sub(32)?..)?.parse().ok()
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Tag {
    type Err = InvalidTag;

    fn from_str(text: &str) -> Result<Self, InvalidTag> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let is_valid = text.len() <= MAX_TAG_CHARS
            && text.bytes().next().is_some_and(is_word)
            && text.bytes().all(|byte| is_word(byte) || b".-".contains(&byte));
        if is_valid { Ok(Self(text.into())) } else { Err(InvalidTag(text.chars().take(160).collect())) }
    }
}

impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::SpecVersion;

    fn node(name: &str, version: &str) -> Node {
        let json = format!(
            r#"{{"name":"{name}","version":"{version}","arch":{{"platform":"linux","platform_os":"debian12","target":"zen2"}},
            "compiler":{{"name":"gcc","version":"12.2.0"}},"namespace":"builtin","parameters":{{}},
            "hash":"rjsbs2wcromwrvwrsr3ctrxojaokif4e"}}"#
        );
        Node::parse(&json, SpecVersion::V4, None).unwrap()
    }

    #[test]
    fn a_package_is_tagged_as_spack_tags_it() {
        let tag = Tag::of(&node("hello-larder", "1.0"));
        assert_eq!(tag.as_str(), "hello-larder-1.0-rjsbs2wcromwrvwrsr3ctrxojaokif4e.spack");
        assert!(tag.is_package());
        assert_eq!(tag.hash().unwrap().as_str(), "rjsbs2wcromwrvwrsr3ctrxojaokif4e");
        let git = Tag::of(&node("zlib", "git.refs/heads/x=1.2"));
        assert_eq!(git.as_str(), "zlib-git.refs_heads_x_1.2-rjsbs2wcromwrvwrsr3ctrxojaokif4e.spack");
    }

    #[test]
    fn a_long_tag_keeps_both_ends() {
        let long = "1.".repeat(60) + "0";
        let tag = Tag::of(&node("py-something", &long));
        assert_eq!(tag.as_str().len(), MAX_TAG_CHARS);
        assert!(tag.as_str().starts_with("py-something-1.1."));
        assert!(tag.as_str().ends_with("1.0-rjsbs2wcromwrvwrsr3ctrxojaokif4e.spack"));
        assert_eq!(tag.as_str().parse(), Ok(tag));
    }

    #[test]
    fn which_texts_are_tags() {
        for good in ["latest", "v1.0", "_x", "index.spack", "a-b_c.d", &"a".repeat(128)] {
            assert!(good.parse::<Tag>().is_ok(), "{good}");
        }
        for bad in ["", ".a", "-a", "a b", "a/b", "a:b", "a+b", "é", &"a".repeat(129)] {
            assert!(bad.parse::<Tag>().is_err(), "{bad}");
        }
        let index: Tag = Tag::INDEX.parse().unwrap();
        assert!(index.is_index() && !index.is_package());
        assert_eq!("short.spack".parse::<Tag>().unwrap().hash(), None);
    }
}
