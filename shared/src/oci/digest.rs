//! Digests with their algorithm, `sha256:…` or `sha512:…` (OCI image specification, "Digests").

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha512};

use crate::digest::Digest;

/// What names a blob or a manifest: the digest of its bytes.
///
/// Spack uses SHA-256 only; images of other tools may use the other registered algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContentDigest {
    /// `sha256:` and 64 hex digits.
    Sha256(Digest),
    /// `sha512:` and 128 hex digits.
    Sha512([u8; 64]),
}

/// Text that is no digest of a known algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a digest: `sha256:` with 64 or `sha512:` with 128 lower-case hex digits is expected")]
pub struct InvalidContentDigest(pub String);

impl ContentDigest {
    /// The SHA-256 of `bytes`; cost is linear in their length.
    pub fn of(bytes: &[u8]) -> Self {
        Self::Sha256(Digest::of(bytes))
    }

    /// Whether `bytes` have this digest.
    pub fn fits(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Sha256(digest) => *digest == Digest::of(bytes),
            Self::Sha512(digest) => digest[..] == Sha512::digest(bytes)[..],
        }
    }

    /// The SHA-256, if that is what it is.
    pub const fn sha256(&self) -> Option<Digest> {
        match self {
            Self::Sha256(digest) => Some(*digest),
            Self::Sha512(_) => None,
        }
    }

    /// The algorithm's registered name.
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Sha256(_) => "sha256",
            Self::Sha512(_) => "sha512",
        }
    }

    /// The digits alone.
    pub fn hex(&self) -> String {
        match self {
            Self::Sha256(digest) => digest.to_string(),
            Self::Sha512(digest) => hex::encode(digest),
        }
    }
}

impl From<Digest> for ContentDigest {
    fn from(digest: Digest) -> Self {
        Self::Sha256(digest)
    }
}

impl From<&Digest> for ContentDigest {
    fn from(digest: &Digest) -> Self {
        Self::Sha256(*digest)
    }
}

impl From<&Self> for ContentDigest {
    fn from(digest: &Self) -> Self {
        *digest
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm(), self.hex())
    }
}

impl FromStr for ContentDigest {
    type Err = InvalidContentDigest;

    fn from_str(text: &str) -> Result<Self, InvalidContentDigest> {
        let invalid = || InvalidContentDigest(text.chars().take(160).collect());
        match text.split_once(':') {
            Some(("sha256", hex)) => hex.parse().map(Self::Sha256).map_err(|_| invalid()),
            Some(("sha512", hex)) if !hex.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                let mut bytes = [0; 64];
                hex::decode_to_slice(hex, &mut bytes).map_err(|_| invalid())?;
                Ok(Self::Sha512(bytes))
            }
            _ => Err(invalid()),
        }
    }
}

impl Serialize for ContentDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_algorithms_are_parsed_printed_and_checked() {
        let sha512 = format!("sha512:{}", hex::encode(Sha512::digest(b"abc")));
        for text in [ContentDigest::of(b"abc").to_string(), sha512] {
            let digest: ContentDigest = text.parse().unwrap();
            assert_eq!(digest.to_string(), text);
            assert!(digest.fits(b"abc"), "{text}");
            assert!(!digest.fits(b"abd"), "{text}");
        }
    }

    #[test]
    fn other_digests_are_refused() {
        let hex = "a".repeat(64);
        for text in ["", "sha256:", &hex, &format!("md5:{hex}"), &format!("sha512:{hex}"), "sha256:é", "sha512:../.."]
        {
            assert!(text.parse::<ContentDigest>().is_err(), "{text}");
        }
        assert!(format!("sha256:{}", "A".repeat(64)).parse::<ContentDigest>().is_err());
        assert!(format!("sha512:{}", "A".repeat(128)).parse::<ContentDigest>().is_err());
    }
}
