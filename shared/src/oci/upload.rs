//! Uploads of blobs: their names, and the ranges of their chunks.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names an upload: 32 hex digits nobody can guess.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UploadId(Box<str>);

/// Text that names no upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the name of an upload")]
pub struct InvalidUploadId;

impl UploadId {
    /// A name made of random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(hex::encode(bytes).into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for UploadId {
    type Err = InvalidUploadId;

    fn from_str(text: &str) -> Result<Self, InvalidUploadId> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 32 && text.bytes().all(is_hex) { Ok(Self(text.into())) } else { Err(InvalidUploadId) }
    }
}

impl Serialize for UploadId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for UploadId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An upload that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Who began it: only they may go on.
    pub owner: String,
    /// What has arrived, in order.
    pub pieces: Vec<Piece>,
}

/// Some bytes of an upload, stored as an object of their own until the upload is finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Tells this piece from another that was sent for the same place.
    pub name: UploadId,
    /// Its length in bytes.
    pub bytes: u64,
}

impl Upload {
    /// How many bytes have arrived.
    pub fn bytes(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.bytes).sum()
    }
}

/// The `Range` header that says how much of an upload has arrived: `0-<last byte>`.
///
/// Of nothing it says `0-0` as well, for want of another way (the CNCF registry does the same).
pub fn range(bytes: u64) -> String {
    format!("0-{}", bytes.saturating_sub(1))
}

/// The chunk that a `Content-Range` header of a PATCH announces: its first byte and its length.
///
/// The specification wants `<first>-<last>`; some clients say `bytes <first>-<last>/<total>`.
pub fn parse_content_range(header: &str) -> Option<(u64, u64)> {
    let range = header.trim();
    let range = range.strip_prefix("bytes").map_or(range, str::trim_start);
    let range = range.split_once('/').map_or(range, |(range, _)| range);
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    Some((first, last.checked_sub(first)?.checked_add(1)?))
}

/// Most pieces of one upload: finishing it reads each, and one request may make about 1,000
/// requests to storage.
pub const MAX_PIECES: usize = 900;

/// Smallest chunk worth sending, in bytes, which clients are told in `OCI-Chunk-Min-Length`:
/// [`MAX_PIECES`] of them are 4.7 GB.
pub const MIN_CHUNK_BYTES: u64 = 5 << 20;

/// How many bytes of a body of unknown length become one piece: storage wants to know a length
/// beforehand, so they have to be gathered in memory.
pub const PIECE_BYTES: usize = 8 << 20;

/// How long an upload may rest before it is dropped, in milliseconds.
pub const ABANDONED_MILLIS: u64 = 24 * 3_600_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_chunks() {
        for (header, expected) in [
            ("0-9", Some((0, 10))),
            ("10-10", Some((10, 1))),
            ("bytes 0-9/20", Some((0, 10))),
            ("bytes 0-9/*", Some((0, 10))),
            ("5-4", None),
            ("5", None),
            ("a-b", None),
            ("0-18446744073709551615", None),
            ("", None),
        ] {
            assert_eq!(parse_content_range(header), expected, "{header}");
        }
        assert_eq!((range(0), range(1), range(10)), ("0-0".to_owned(), "0-0".to_owned(), "0-9".to_owned()));
    }

    #[test]
    fn names_of_uploads() {
        let id = UploadId::from_random([0xab; 16]);
        assert_eq!(id.as_str().parse(), Ok(id));
        for bad in ["", "ab", &"g".repeat(32), &"A".repeat(32), "../../../../../../../../../../..x"] {
            assert_eq!(bad.parse::<UploadId>(), Err(InvalidUploadId), "{bad}");
        }
    }
}
