//! What the index of a mirror can be asked: the messages between the worker and the one Durable
//! Object that holds the index.
//!
//! A command applied twice equals once: clients and workers retry.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    api::{self, Layout, Timestamp},
    asked::Asked,
    digest::Digest,
    http::ByteRange,
    index::{
        catalogue::{self, Cursor},
        document::DbVersion,
        report::ReportAsk,
    },
    key::ObjectKey,
    name::{DagHash, Fingerprint, MirrorName, PackageName},
    oci::{
        digest::ContentDigest,
        manifest::Descriptor,
        repository::RepositoryUrl,
        tag::Tag,
        upload::{Piece, UploadId},
    },
    slice::Slice,
    spec::{Compiler, Node, SpecError, SpecVersion},
    suggest::Question,
    webhook::WebhookUrl,
};

/// One request to the index of a mirror.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// The mirror, for the keys of the documents the index writes.
    pub mirror: MirrorName,
    /// The time; the index keeps no clock of its own.
    pub now: Timestamp,
    /// What is asked.
    pub ask: Ask,
}

/// What is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Take a package into the index. Answer: [`Changed`], or `null` when some of it was removed
    /// while it was pushed: store it again, then ask again.
    Accept(Box<Accept>),
    /// Note what a first read through an origin told of a spec's tarball. Answer: [`Changed`].
    Learn {
        /// The spec.
        hash: DagHash,
        /// Its tarball.
        tarball: Digest,
        /// Its tarball's length in bytes, when known.
        size: Option<u64>,
        /// Whether its document is signed.
        signed: bool,
    },
    /// Remove a package with its documents; its blobs follow later, unless something uses them.
    /// Answer: [`api::SpecSummary`] of what it was, or `null` when there is none.
    Remove(DagHash),
    /// Begin to make the index follow from the bucket, from the start. Answer: [`api::Reindex`].
    Reindex,
    /// Go on for a page with what keeps the index true to the bucket. Answer: `null`.
    Heal {
        /// Whether the mirror's packages lie in the bucket, so that its index follows from there.
        owns_packages: bool,
    },
    /// Take a key. Answer: [`Changed`].
    AddKey(api::Key),
    /// Begin to take over an origin's index; refused while another takeover runs. Answer: [`Begun`].
    BeginTakeover,
    /// Take over some of the origin's records. Answer: [`Changed`].
    TakeOver {
        /// From [`Begun`].
        takeover: u64,
        /// The records, in the origin's order.
        records: Vec<OriginRecord>,
        /// The layout of the origin's index.
        layout: Layout,
    },
    /// Forget what the origin no longer has. Answer: [`Changed`].
    EndTakeover {
        /// From [`Begun`].
        takeover: u64,
    },
    /// Give a takeover up, because the origin's index cannot be read to its end. Answer: `null`.
    CancelTakeover {
        /// From [`Begun`].
        takeover: u64,
    },
    /// Note how asking the origin went. Answer: [`Changed`].
    NoteOrigin(OriginNote),
    /// Begin to look at the registry that the mirror is read through from, unless a look is under way.
    /// Answer: `null`.
    Look {
        /// The repository.
        repository: RepositoryUrl,
        /// Whether tags that were refused are looked at again.
        anew: bool,
    },
    /// A package of a registry, which is to be read now. Answer: [`OriginImage`], or `null` when it is not
    /// known.
    OriginImage(DagHash),
    /// Whether a blob may be read from the registry, because an image that is known names it. Answer:
    /// [`OriginBlob`] or `null`.
    OriginBlob(ContentDigest),
    /// Note that the registry wants to be left alone. Answer: `null`.
    PauseOrigin {
        /// Until when.
        until: Timestamp,
        /// What it said, in a sentence.
        error: String,
    },
    /// Set where new failures are told, or that they are told nowhere. Answer: `null`.
    SetWebhook(Option<SetWebhook>),
    /// Note what was asked of the mirror. Answer: `null`.
    NoteUse(Use),
    /// The same, and how the mirror grows and is used. Answer: [`Usage`](api::usage::Usage).
    Usage(Use),
    /// Answer: [`Summary`].
    Summary,
    /// Answer: [`api::List`] of [`api::PackageSummary`].
    Packages {
        /// Part of the name; empty for all.
        q: String,
        /// At most so many items.
        limit: u32,
        /// After this name.
        after: Option<PackageName>,
    },
    /// Answer: [`api::Package`] or `null`.
    Package(PackageName),
    /// Answer: [`api::List`] of [`api::SpecSummary`].
    Specs {
        /// Only of this package.
        package: Option<PackageName>,
        /// At most so many items.
        limit: u32,
        /// The cursor of the page before.
        cursor: Option<String>,
    },
    /// The specs that a query means; a page may be short when many were passed over. Answer:
    /// [`api::List`] of [`api::SpecSummary`].
    Find {
        /// A [`Query`](crate::query::Query).
        query: String,
        /// Only of this package.
        package: Option<PackageName>,
        /// At most so many items.
        limit: u32,
        /// The cursor of the page before.
        cursor: Option<String>,
    },
    /// Answer: [`FoundSpec`].
    Spec {
        /// The beginning of its hash.
        prefix: String,
    },
    /// Answer: [`Located`] or `null`.
    Locate(DagHash),
    /// The months in which packages arrived, as `21.11`, in order of first appearance.
    /// Answer: `Vec<String>`.
    Months,
    /// Answer: `Vec<`[`api::Key`]`>`, by fingerprint.
    Keys,
    /// Take an OCI manifest, let tags name it, and take the package that it is; all or nothing.
    /// Answer: [`TagsMoved`], or `null` when some of the package was removed while it was pushed.
    PutManifest(Box<PutManifest>),
    /// What a tag names. Answer: [`Tagged`] or `null`.
    Tag(Tag),
    /// The tags after a name, in order of their bytes. Answer: [`api::List`] of [`Tag`].
    Tags {
        /// At most so many items.
        limit: u32,
        /// After this name.
        after: Option<String>,
    },
    /// The tags of a manifest. Answer: `Vec<`[`Tag`]`>`, or `null` when there is no such manifest.
    TagsOf(ContentDigest),
    /// Let a tag name nothing any more. Answer: whether it named something.
    DeleteTag(Tag),
    /// Forget a manifest and the tags that name it. Answer: [`Forgotten`] or `null`.
    DeleteManifest(ContentDigest),
    /// The manifests about a subject. Answer: `Vec<`[`Descriptor`]`>`.
    Referrers {
        /// The digest of the subject.
        subject: ContentDigest,
        /// Only of this kind.
        artifact_type: Option<String>,
    },
    /// Which of some blobs are not known to be stored, because no package has them. Answer:
    /// `Vec<`[`ContentDigest`]`>`.
    UnknownBlobs(Vec<ContentDigest>),
    /// Whether a package or a manifest needs a blob. Answer: `bool`.
    NeedsBlob(ContentDigest),
    /// Begin an upload. Answer: `null`.
    BeginUpload {
        /// Its name.
        id: UploadId,
        /// Who began it.
        owner: String,
    },
    /// Answer: [`Upload`](crate::oci::upload::Upload) or `null`.
    Upload(UploadId),
    /// Append a piece to an upload. Answer: [`Upload`](crate::oci::upload::Upload) as it is then, or `null` when it is gone or
    /// has another length than `offset`.
    AddPiece {
        /// The upload.
        id: UploadId,
        /// How many bytes come before the piece.
        offset: u64,
        /// The piece, which is stored.
        piece: Piece,
    },
    /// Forget an upload. Answer: [`Upload`](crate::oci::upload::Upload) as it was, or `null`.
    EndUpload(UploadId),
    /// The current index document of a slice, made if it is not there. Answer: [`Document`], or
    /// `null` when no package belongs to the slice.
    Slice(Slice, DbVersion),
    /// The current index document, made if it is not there. Answer: [`Document`].
    Document(DbVersion),
    /// A part of the catalogue, made if it is not there. Answer: [`CatalogueFound`].
    Catalogue {
        /// Which part.
        part: catalogue::Part,
        /// What the asker has already.
        since: Option<Cursor>,
    },
    /// What the mirror should be given next. Answer: `Vec<`[`Suggestion`](api::suggest::Suggestion)`>`.
    Suggest {
        /// How many, by what.
        question: Question,
        /// What was asked for and is not told yet, as with [`Ask::Usage`].
        noted: Use,
    },
    /// Something about builds. Answer: as [`ReportAsk`] tells.
    Report(ReportAsk),
}

/// What was asked of a mirror since the last note.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Use {
    /// How often a package was asked for and found.
    pub hits: u64,
    /// How often one was asked for and not found.
    pub misses: u64,
    /// Some of those that were found.
    pub found: BTreeSet<DagHash>,
    /// Some of those that were not, and how often.
    pub wanted: Vec<(Asked, u64)>,
}

/// A part of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatalogueFound {
    /// All of it, to be sent by joining its parts.
    Whole(Document),
    /// What is new since the cursor, packed, in hex digits.
    Since(String),
    /// It is being made: ask again.
    Making {
        /// Packages that are in it.
        packages: u64,
        /// Packages that there are.
        of: u64,
    },
}

/// A webhook as it is set; its `Debug` hides the secret.
#[derive(Clone, Serialize, Deserialize)]
pub struct SetWebhook {
    /// Where to.
    pub url: WebhookUrl,
    /// What deliveries are signed with.
    pub secret: String,
    /// Scheme and host of this Larder, for links to its pages.
    pub site: String,
}

impl fmt::Debug for SetWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetWebhook").field("url", &self.url).field("site", &self.site).finish_non_exhaustive()
    }
}

/// A node with what the index keeps beside it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NodeRecord {
    /// The version of the spec file the node is written in.
    pub version: SpecVersion,
    /// The node's compiler, which versions 5 and 6 keep in another node.
    pub compiler: Option<Compiler>,
    /// The node as it was read.
    pub node: String,
}

impl NodeRecord {
    /// A record of a node.
    pub fn of(node: &Node) -> Self {
        let version = node.source();
        Self { version, compiler: node.compiler.clone(), node: node.to_json(version) }
    }

    /// The node, with its compiler.
    ///
    /// # Errors
    /// [`SpecError`] when what is kept is not a node, which means it was damaged.
    pub fn to_node(&self) -> Result<Node, SpecError> {
        let mut node = Node::parse(&self.node, self.version, None)?;
        if node.compiler.is_none() {
            node.compiler.clone_from(&self.compiler);
        }
        Ok(node)
    }
}

/// A package whose tarball and documents are stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Accept {
    /// The layout its document came in.
    pub layout: Layout,
    /// Where its document lies below the mirror's root; none for an image.
    #[serde(default)]
    pub document: Option<String>,
    /// Whether its document is signed.
    pub signed: bool,
    /// Whether what was derived of it is signed with the mirror's own key.
    #[serde(default)]
    pub managed: bool,
    /// Its tarball.
    pub tarball: Digest,
    /// Its tarball's length in bytes.
    pub size: u64,
    /// The spec itself.
    pub root: NodeRecord,
    /// The other nodes of its graph.
    pub dependencies: Vec<NodeRecord>,
}

/// An OCI manifest that is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PutManifest {
    /// Its digest, media type and length, the kind of artifact, and its annotations.
    pub manifest: Descriptor,
    /// What it is about.
    pub subject: Option<ContentDigest>,
    /// The blobs it needs.
    pub blobs: Vec<ContentDigest>,
    /// The tags that shall name it.
    pub tags: Vec<Tag>,
    /// The package that it is.
    pub package: Option<Accept>,
}

/// What became of [`PutManifest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagsMoved {
    /// The tags that named another manifest before.
    pub moved: Vec<Tag>,
    /// Whether the package had another tarball before.
    pub replaced: bool,
}

/// What a tag names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tagged {
    /// Its manifest; `None` for a package that arrived in another layout and was not asked for as
    /// an image yet.
    pub manifest: Option<ContentDigest>,
    /// Whether it is a package that was pushed as an image, so that Spack's own layouts derive from
    /// it.
    pub is_image: bool,
}

/// What was forgotten with a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// The tags that named it.
    pub tags: Vec<Tag>,
}

/// A record of an origin's index.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OriginRecord {
    /// Whether the origin has a binary package of it.
    pub in_buildcache: bool,
    /// The node.
    pub record: NodeRecord,
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The generation after the command.
    pub generation: u64,
    /// Whether the command changed anything.
    pub changed: bool,
}

/// Whether a takeover began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// Names the takeover; `None` while another runs.
    pub takeover: Option<u64>,
}

/// How asking an origin went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginNote {
    /// What went wrong, in a sentence; `None` when the origin answered well.
    pub error: Option<String>,
    /// What to send as `If-None-Match` next time.
    pub etag: Option<String>,
}

/// A package of a registry.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OriginImage {
    /// Its tag.
    pub tag: Tag,
    /// Its manifest, when it was read before.
    pub manifest: Option<ContentDigest>,
    /// Until when the registry wants to be left alone.
    pub pause: Option<Timestamp>,
}

/// A blob of a registry.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OriginBlob {
    /// The package whose tarball it is, if it is one.
    pub package: Option<DagHash>,
    /// Until when the registry wants to be left alone.
    pub pause: Option<Timestamp>,
}

/// The figures of a mirror.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Binary packages.
    pub specs: u64,
    /// Distinct names among them.
    pub packages: u64,
    /// Those known to be signed.
    pub signed: u64,
    /// Those whose signature is not known.
    pub unread_specs: u64,
    /// Bytes of the tarballs whose size is known.
    pub bytes: u64,
    /// Specs whose size is not known.
    pub unsized_specs: u64,
    /// Rises with each change.
    pub generation: u64,
    /// When it last changed.
    pub updated: Option<Timestamp>,
    /// Layouts in which specs arrived.
    pub layouts: Vec<Layout>,
    /// When the origin was last asked.
    pub origin_asked: Option<Timestamp>,
    /// When the origin last answered well.
    pub origin_fresh: Option<Timestamp>,
    /// What went wrong when it was last asked.
    pub origin_error: Option<String>,
    /// The origin's last ETag.
    pub origin_etag: Option<String>,
    /// Whether a look at a registry is under way.
    #[serde(default)]
    pub is_looking: bool,
    /// Tags of a registry that are still to be read.
    #[serde(default)]
    pub unread_tags: u64,
    /// Tags of a registry that are not offered.
    #[serde(default)]
    pub refused_tags: u64,
    /// Some of those.
    #[serde(default)]
    pub refused: Vec<api::RefusedTag>,
    /// The last run that made the index follow from the bucket.
    #[serde(default)]
    pub reindex: Option<api::Reindex>,
    /// What was reported of builds.
    #[serde(default)]
    pub reports: api::report::Reports,
    /// Where new failures are told.
    #[serde(default)]
    pub webhook: Option<api::Webhook>,
}

/// What was found by the beginning of a hash.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundSpec {
    /// Exactly one.
    One(Box<api::Spec>),
    /// None.
    None,
    /// Several; some of their hashes.
    Several(Vec<DagHash>),
}

/// A spec and its tarball, by hash.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Located {
    /// The spec.
    pub record: NodeRecord,
    /// Its tarball, when known.
    pub tarball: Option<Digest>,
    /// The page of the run that built it, when that was reported.
    #[serde(default)]
    pub run: Option<String>,
}

/// An index document of one generation, to be sent by joining its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The generation it shows.
    pub generation: u64,
    /// SHA-256 of the whole.
    pub digest: Digest,
    /// Length of the whole in bytes.
    pub bytes: u64,
    /// Its parts in order.
    pub parts: Vec<Part>,
}

/// A stored part of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// SHA-256 of the part, which names its object.
    pub digest: Digest,
    /// Its length in bytes.
    pub bytes: u64,
}

impl Part {
    /// Where the part lies.
    pub fn key(&self, mirror: &MirrorName) -> ObjectKey {
        ObjectKey::IndexPart(mirror.clone(), self.digest)
    }
}

impl Document {
    /// Which bytes of which parts make up a range of the document, in order.
    pub fn pieces(&self, range: ByteRange) -> Vec<(&Part, ByteRange)> {
        let end = range.first + range.length;
        let mut start = 0;
        let mut pieces = Vec::new();
        for part in &self.parts {
            let (first, last) = (range.first.max(start), end.min(start + part.bytes));
            if first < last {
                pieces.push((part, ByteRange { first: first - start, length: last - first }));
            }
            start += part.bytes;
        }
        pieces
    }
}

/// The list of keys as Spack reads it: `{"keys":{"<fingerprint>":{}}}`.
///
/// Source: `generate_key_index` of Spack 0.23; the same in v3.
pub fn key_index_document<'a>(fingerprints: impl IntoIterator<Item = &'a Fingerprint>) -> String {
    let keys: serde_json::Map<_, _> =
        fingerprints.into_iter().map(|fingerprint| (fingerprint.to_string(), serde_json::json!({}))).collect();
    serde_json::json!({ "keys": keys }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_out_of_the_parts_it_touches() {
        let part = |bytes| Part { digest: Digest::of(&[bytes]), bytes: bytes.into() };
        let document =
            Document { generation: 1, digest: Digest::of(b""), bytes: 9, parts: vec![part(2), part(3), part(4)] };
        for (first, length, expected) in [
            (0, 9, vec![(2, 0, 2), (3, 0, 3), (4, 0, 4)]),
            (1, 3, vec![(2, 1, 1), (3, 0, 2)]),
            (2, 3, vec![(3, 0, 3)]),
            (8, 1, vec![(4, 3, 1)]),
        ] {
            let pieces = document.pieces(ByteRange { first, length });
            let pieces: Vec<_> = pieces.iter().map(|(part, piece)| (part.bytes, piece.first, piece.length)).collect();
            assert_eq!(pieces, expected, "{first} {length}");
        }
    }

    #[test]
    fn the_list_of_keys_is_the_one_spack_writes() {
        let fingerprint = "4CA135D4D5BC739C1DF2D3B7AA52CBC889F8EE5D".parse();
        let keys = fingerprint.iter();
        assert_eq!(key_index_document(keys), r#"{"keys":{"4CA135D4D5BC739C1DF2D3B7AA52CBC889F8EE5D":{}}}"#);
    }
}
