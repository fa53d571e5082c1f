//! Reading an index document of any version that arrives in pieces.

use std::fmt;

use serde::{
    Deserializer,
    de::{self, DeserializeSeed, Error as _, IgnoredAny},
};

use super::split::{Member, Splitter};
use crate::{
    json::Excess,
    name::{DagHash, InvalidName},
    spec::{Node, RawNode, RawNodeSeed, SpecError, SpecVersion, Text},
};

/// Largest record that is read, in bytes; those of Spack have 1,000 to 4,000.
pub const MAX_RECORD_BYTES: usize = 4 << 20;

/// One package of an index.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The package. Its edges may lead to packages that have no record, and in versions 8 and 9
    /// its compiler is one of them: see [`Node::compiler_edge`].
    pub node: Node,
    /// Whether the mirror has its tarball; `false` if it is only a dependency of one that has.
    pub in_buildcache: bool,
}

/// Why an index document, or one record of it, is not read.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A web page came in its place.
    #[error("this is a web page and not an index")]
    Html,
    /// Not JSON, or not the objects of an index inside each other.
    #[error("this is not the JSON of an index: unexpected byte at {offset}")]
    Malformed {
        /// Counted from the beginning of the document.
        offset: u64,
    },
    /// Nested too deeply, or a number too long.
    #[error(transparent)]
    Excess(#[from] Excess),
    /// A record longer than [`MAX_RECORD_BYTES`].
    #[error("the record at {offset} is longer than {MAX_RECORD_BYTES} bytes")]
    RecordTooLarge {
        /// Where it begins in the document.
        offset: u64,
    },
    /// A version that Spack does not have, or one before 5.
    #[error("index version {0} is not one of 5 to 9")]
    UnknownVersion(String),
    /// There is no version, or it comes after the records, which Spack never writes: without it
    /// they cannot be read.
    #[error("the index does not say its version before its records")]
    MissingVersion,
    /// There is no `database` with `installs`.
    #[error("the JSON has no `database` with `installs`: it is not an index")]
    MissingInstalls,
    /// The document ends too early.
    #[error("the index is cut short")]
    Truncated,
    /// The key of a record is not a hash. The records after it can still be read.
    #[error("a record of the index has no hash: {0}")]
    Key(#[from] InvalidName),
    /// A record is not one. The records after it can still be read.
    #[error("the record {key} of the index is unreadable: {source}")]
    Record {
        /// The package's hash.
        key: DagHash,
        /// What is wrong with it.
        source: SpecError,
    },
}

/// Reads an index document piece by piece, without ever holding more than one record of it.
///
/// ```
/// # use larder_shared::index::document::{IndexError, IndexReader};
/// # fn read(chunks: &[&[u8]]) -> Result<(), IndexError> {
/// let mut reader = IndexReader::new();
/// for chunk in chunks {
///     reader.push(chunk);
///     while let Some(record) = reader.next_record()? {
///         println!("{}/{}", record.node.name, record.node.hash);
///     }
/// }
/// reader.finish()
/// # }
/// # read(&[br#"{"database":{"version":"7","ins"#, br#"talls":{}}}"#]).unwrap();
/// ```
#[derive(Debug)]
pub struct IndexReader {
    splitter: Splitter,
    version: Option<u64>,
    has_installs: bool,
}

impl IndexReader {
    /// Stands in front of a document.
    #[expect(clippy::new_without_default, reason = "a reader that has read nothing is no useful default")]
    pub fn new() -> Self {
        Self { splitter: Splitter::new(), version: None, has_installs: false }
    }

    /// The version of the document, 5 to 9, as soon as it was read.
    pub fn version(&self) -> Option<u64> {
        self.version
    }

    /// Adds the next bytes; take all records out before adding more, else they pile up.
    pub fn push(&mut self, bytes: &[u8]) {
        self.splitter.push(bytes);
    }

    /// The next record that has arrived whole; `None` if more bytes are needed or none follows.
    ///
    /// Bytes after the document are ignored, as in Spack. If two records have the same key, Spack
    /// takes the later one.
    ///
    /// # Errors
    /// [`IndexError::Key`] and [`IndexError::Record`] concern one record: the next call goes on
    /// behind it. After any other error the document cannot be read further.
    pub fn next_record(&mut self) -> Result<Option<Record>, IndexError> {
        loop {
            match self.splitter.next()? {
                None => return Ok(None),
                Some(Member::Installs) => self.has_installs = true,
                Some(Member::Version(json)) => self.version = Some(read_version(json)?),
                Some(Member::Record { key, json }) => {
                    let version = self.version.ok_or(IndexError::MissingVersion)?;
                    let key: DagHash = String::from_utf8_lossy(key).parse()?;
                    return match read_record(json, spec_version(version), &key) {
                        Ok(record) => Ok(Some(record)),
                        Err(source) => Err(IndexError::Record { key, source }),
                    };
                }
            }
        }
    }

    /// Checks that the document came to its end.
    ///
    /// # Errors
    /// [`IndexError`] if it did not, or if it was not an index at all.
    pub fn finish(mut self) -> Result<(), IndexError> {
        while self.next_record()?.is_some() {}
        if !self.splitter.is_complete() {
            Err(IndexError::Truncated)
        } else if !self.has_installs {
            Err(IndexError::MissingInstalls)
        } else if self.version.is_none() {
            Err(IndexError::MissingVersion)
        } else {
            Ok(())
        }
    }
}

/// The version of the nodes in an index; 6 was written by Spack 0.17 with nodes of version 2 and
/// after that with nodes of version 3, which are read alike.
const fn spec_version(version: u64) -> SpecVersion {
    match version {
        ..=5 => SpecVersion::V1,
        6 => SpecVersion::V3,
        7 => SpecVersion::V4,
        8 => SpecVersion::V5,
        _ => SpecVersion::V6,
    }
}

/// Reads `"7"`, or the number that Spack accepts as well.
fn read_version(json: &[u8]) -> Result<u64, IndexError> {
    let text = String::from_utf8_lossy(json);
    match text.trim_matches('"').parse() {
        Ok(version @ 5..=9) => Ok(version),
        _ => Err(IndexError::UnknownVersion(text.chars().take(20).collect())),
    }
}

/// Reads `{"spec":{…},"in_buildcache":true}`.
fn read_record(json: &[u8], version: SpecVersion, key: &DagHash) -> Result<Record, SpecError> {
    let text = std::str::from_utf8(json).map_err(|_| SpecError::NotUtf8)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let record = RecordSeed(version)
        .deserialize(&mut deserializer)
        .and_then(|record| deserializer.end().map(|()| record))
        .map_err(SpecError::from_json)?;
    Ok(Record { node: record.node.into_node(Some(key))?, in_buildcache: record.in_buildcache })
}

/// A [`Record`] whose node does not know its hash.
struct RawRecord {
    node: RawNode,
    in_buildcache: bool,
}

struct RecordSeed(SpecVersion);

impl<'de> DeserializeSeed<'de> for RecordSeed {
    type Value = RawRecord;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawRecord, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> de::Visitor<'de> for RecordSeed {
    type Value = RawRecord;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record of an index")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut fields: A) -> Result<RawRecord, A::Error> {
        let mut node = None;
        let mut in_buildcache = false;
        while let Some(Text(key)) = fields.next_key()? {
            match &*key {
                "spec" => node = Some(fields.next_value_seed(RawNodeSeed(self.0))?),
                "in_buildcache" => in_buildcache = fields.next_value()?,
                _ => _ = fields.next_value::<IgnoredAny>()?,
            }
        }
        let node = node.ok_or_else(|| A::Error::missing_field("spec"))?;
        Ok(RawRecord { node, in_buildcache })
    }
}
