//! The JSON API's documents: ours, so snake_case, RFC 3339 UTC times, sizes in whole bytes.
//!
//! Used by the worker that writes them, and by the dashboard, the command line and the tests that
//! read them. `docs/api.md` shows each with an example.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    name::{DagHash, Fingerprint, MirrorName, PackageName},
    oci::repository::RepositoryUrl,
};

pub mod error;
#[cfg(feature = "schema")]
pub mod openapi;
pub mod recipes;
pub mod report;
pub mod suggest;
pub mod time;
pub mod token;
pub mod trust;
pub mod usage;
pub mod webhook;

pub use error::{ApiError, ErrorBody, ErrorCode};
pub use recipes::Recipes;
pub use time::Timestamp;
pub use token::{CreatedToken, NewToken, Scope, Token};
pub use trust::{JobScope, TrustRule};
pub use webhook::Webhook;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct List<T> {
    /// The items of this page, in the list's order.
    pub items: Vec<T>,
    /// What to send as `cursor` for the next page; `null` on the last one.
    pub next: Option<String>,
}

/// `POST /api/v1/mirrors`: the mirror to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewMirror {
    /// Its name, which becomes part of its URL.
    pub name: MirrorName,
    /// Where its packages come from.
    #[serde(default)]
    pub origin: Origin,
    /// Whether only holders of a token may read it.
    #[serde(default)]
    pub private: bool,
    /// The CI jobs it trusts without a token of Larder's.
    #[serde(default)]
    pub trust: Vec<TrustRule>,
    /// Whose signature is on what Larder derives.
    #[serde(default)]
    pub signing: Signing,
    /// What a package must have to be taken.
    #[serde(default)]
    pub require: Require,
    /// Where its recipes are kept, and their failures are told.
    #[serde(default)]
    pub recipes: Recipes,
}

impl NewMirror {
    /// A mirror with nothing chosen but its name.
    pub fn named(name: MirrorName) -> Self {
        let (signing, require, recipes) = (Signing::None, Require::Nothing, Recipes::default());
        Self { name, origin: Origin::Bucket, private: false, trust: Vec::new(), signing, require, recipes }
    }
}

/// `PATCH /api/v1/mirrors/{m}`: what to change; what is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MirrorChange {
    /// Whether only holders of a token may read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<bool>,
    /// The CI jobs it trusts: these, in place of those it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<Vec<TrustRule>>,
    /// Whose signature is on what Larder derives from now on; `reindex` signs what is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing: Option<Signing>,
    /// What a package must have to be taken from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require: Option<Require>,
    /// Where its recipes are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipes: Option<Recipes>,
    /// Where new failures are told: an `https` URL, which gets a new secret; an empty text for nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
}

/// Whose signature is on the documents that Larder derives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Signing {
    /// Nobody's: only what was signed when it was pushed is signed.
    #[default]
    None,
    /// Larder's: unsigned packages are found signed, and derived documents are, with the key of the
    /// deployment.
    Managed,
}

/// What a package must have to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Require {
    /// Nothing beyond its digests.
    #[default]
    Nothing,
    /// A good signature by one of the mirror's keys, which then only an admin adds.
    Signed,
}

/// Where a mirror's packages come from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Origin {
    /// Pushed to Larder and kept in its bucket.
    #[default]
    Bucket,
    /// Read through from a static Spack mirror, and kept in the bucket on first use.
    Http {
        /// The mirror's root, such as `https://example.github.io/cache`; `http` or `https`.
        url: String,
    },
    /// Read through from a repository of a registry, such as ghcr.io, that Spack pushes to; kept in the
    /// bucket on first use.
    Oci {
        /// The repository: `oci://<host>/<name>`, or `oci+http://…` without TLS.
        url: RepositoryUrl,
    },
}

/// The answer to an upload: 201 when it was stored, 200 when the same bytes were there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stored {
    /// The path below the mirror's root.
    pub path: String,
    /// Whether anything changed. Index documents are derived: uploading one changes nothing.
    pub changed: bool,
}

/// One of the ways in which Spack keeps packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Layout {
    /// `build_cache/`: written by Spack up to 0.23, read by all.
    V2,
    /// `v3/` and `blobs/`: written and read by Spack 1.x.
    V3,
    /// An OCI registry, where nothing is signed.
    Oci,
}

impl Layout {
    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2 => "v2",
            Self::V3 => "v3",
            Self::Oci => "oci",
        }
    }
}

/// `GET /api/v1/mirrors/{m}`, and the items of `/api/v1/mirrors`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mirror {
    /// Its name.
    pub name: MirrorName,
    /// Where its packages come from.
    pub origin: Origin,
    /// When it was made.
    pub created: Timestamp,
    /// Whether only holders of a token may read it.
    #[serde(default)]
    pub private: bool,
    /// The CI jobs it trusts; shown only to those who may change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<Vec<TrustRule>>,
    /// Binary packages it offers.
    pub specs: u64,
    /// Distinct names among them.
    pub packages: u64,
    /// How many of the specs are known to carry a signature.
    pub signed: u64,
    /// Specs of an origin that nobody has read yet: whether they are signed is not known.
    pub unread_specs: u64,
    /// Bytes of all tarballs whose size is known.
    pub bytes: u64,
    /// Specs whose size is not known: an origin tells it when a tarball is first read.
    pub unsized_specs: u64,
    /// Rises by one with each change of the index.
    pub generation: u64,
    /// When the index last changed; `null` when it never did.
    pub updated: Option<Timestamp>,
    /// The layouts in which its specs arrived; each spec is served in both.
    pub layouts: Vec<Layout>,
    /// How the last look at the origin went; `null` for a bucket.
    pub origin_state: Option<OriginState>,
    /// Whose signature is on what Larder derives.
    pub signing: Signing,
    /// What a package must have to be taken.
    pub require: Require,
    /// Where its recipes are kept.
    pub recipes: Recipes,
    /// Where new failures are told; left out for others than those who may change it, and when
    /// there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
    /// The last run that made the index follow from the bucket; `null` when there was none.
    pub reindex: Option<Reindex>,
    /// What was reported of builds.
    pub reports: report::Reports,
}

/// A run that makes a mirror's index follow from the bucket again, begun by
/// `POST /api/v1/mirrors/{m}/reindex` or, more slowly, by Larder itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reindex {
    /// When it began.
    pub began: Timestamp,
    /// When it ended; `null` while it goes on.
    pub ended: Option<Timestamp>,
    /// Whether somebody asked for it: then every document is read, else only what the index lacks.
    pub asked: bool,
    /// Documents and records looked at so far.
    pub looked_at: u64,
    /// Packages that the index lacked.
    pub added: u64,
    /// Packages of which something derived was missing, made again.
    pub mended: u64,
    /// Packages that the bucket no longer has.
    pub removed: u64,
    /// Documents that could not be taken.
    pub problems: u64,
    /// The last of them, at most 20, the newest first.
    pub last_problems: Vec<ReindexProblem>,
}

/// A document that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReindexProblem {
    /// Its path below the mirror's root.
    pub path: String,
    /// What is wrong, in a sentence.
    pub message: String,
}

/// How the last look at an origin went.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OriginState {
    /// When the origin was last asked; `null` when it never was.
    pub asked: Option<Timestamp>,
    /// When it last answered well: what is served is at least this fresh.
    pub fresh: Option<Timestamp>,
    /// What went wrong when it was last asked, in a sentence; `null` when nothing did.
    pub error: Option<String>,
    /// How many tags of a registry are still to be read before its packages are offered.
    #[serde(default)]
    pub unread_tags: u64,
    /// How many tags of a registry are not offered, because their images cannot be used.
    #[serde(default)]
    pub refused_tags: u64,
    /// Some of those, at most 20, by name.
    #[serde(default)]
    pub refused: Vec<RefusedTag>,
}

/// A tag of a registry that is not offered. Larder looks at it again after an hour, or when asked to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RefusedTag {
    /// The tag.
    pub tag: String,
    /// What is wrong with its image, in a sentence.
    pub message: String,
}

/// An item of `GET /api/v1/mirrors/{m}/packages?q=&limit=&cursor=`, in order of name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PackageSummary {
    /// Its name.
    pub name: PackageName,
    /// The highest of its versions in Spack's order.
    pub newest: String,
    /// Distinct versions.
    pub versions: u64,
    /// Binary packages of it.
    pub specs: u64,
    /// The targets they are built for, in alphabetical order.
    pub targets: Vec<String>,
    /// The operating systems they are built on, in alphabetical order.
    pub systems: Vec<String>,
    /// Bytes of all its tarballs whose size is known.
    pub bytes: u64,
    /// When the newest of them arrived.
    pub pushed: Timestamp,
}

/// `GET /api/v1/mirrors/{m}/packages/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Package {
    /// Its figures.
    #[serde(flatten)]
    pub summary: PackageSummary,
    /// Its versions, the highest first in Spack's order, each with its number of specs.
    pub by_version: Vec<VersionCount>,
    /// The recipe repository's name, usually `builtin`.
    pub namespace: Option<String>,
}

/// How many specs there are of one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VersionCount {
    /// The version as Spack prints it.
    pub version: String,
    /// Binary packages of it.
    pub specs: u64,
}

/// A variant's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum VariantValue {
    /// `+name` or `~name`
    Flag(bool),
    /// `name=text`
    Text(String),
    /// `name=one,two`
    List(Vec<String>),
}

/// An item of `GET /api/v1/mirrors/{m}/specs?q=&package=&limit=&cursor=`: one binary package.
///
/// Without `package` the list holds all specs, the newest push first; with it, that package's, the
/// highest version first in Spack's order. With `q`, those of them that the
/// [query](crate::query::Query) means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SpecSummary {
    /// Its DAG hash.
    pub hash: DagHash,
    /// Its package.
    pub name: PackageName,
    /// Its version as Spack prints it.
    pub version: String,
    /// The compiler, such as `gcc@12.2.0`; `null` when it was made without one.
    pub compiler: Option<String>,
    /// The platform, such as `linux`.
    pub platform: String,
    /// The operating system, such as `debian12`.
    pub os: String,
    /// The micro-architecture, such as `zen3` or `x86_64_v3`.
    pub target: String,
    /// Variants by name, without compiler flags.
    pub variants: BTreeMap<String, VariantValue>,
    /// Bytes of its tarball; `null` until an origin told it.
    pub size: Option<u64>,
    /// When it arrived.
    pub pushed: Timestamp,
    /// Whether Spack finds a signature: the one it arrived with, in the layout it arrived in, or the
    /// mirror's own; `null` until it is first read through an origin.
    pub signed: Option<bool>,
    /// Whether the mirror's own key signed what Larder derived of it, so that every layout is signed.
    pub managed: bool,
    /// The layout in which it arrived.
    pub layout: Layout,
}

/// `GET /api/v1/mirrors/{m}/specs/{hash}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Spec {
    /// What the lists say of it too.
    #[serde(flatten)]
    pub summary: SpecSummary,
    /// The shortest beginning of its hash, at least 7 characters, that is unique in the mirror.
    pub prefix: String,
    /// When a client last asked for it, to the day; `null` when none did since Larder looks.
    #[serde(default)]
    pub last_used: Option<Timestamp>,
    /// The recipe repository's name, usually `builtin`.
    pub namespace: Option<String>,
    /// The hash of its recipe, as Spack writes it.
    pub package_hash: Option<String>,
    /// Compiler flags that are set, such as `cflags`.
    pub flags: BTreeMap<String, Vec<String>>,
    /// SHA-256 of its tarball; `null` until an origin told it.
    pub tarball: Option<Digest>,
    /// Where it lies in each layout.
    pub files: Vec<File>,
    /// Every node of its dependency graph, itself first, the rest by name.
    pub nodes: Vec<Node>,
}

/// A file that belongs to a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct File {
    /// Its path below the mirror's root, to be appended to `/mirrors/{m}/`.
    pub path: String,
    /// The layout it belongs to.
    pub layout: Layout,
    /// What it is.
    pub kind: FileKind,
    /// Whether it is served as it arrived; otherwise Larder derives it from the other layout.
    pub stored: bool,
}

/// What a spec's file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum FileKind {
    /// The installed files, `.tar.gz`.
    Tarball,
    /// The v2 spec file.
    SpecFile,
    /// The v3 manifest.
    Manifest,
}

/// A node of a spec's dependency graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Node {
    /// Its DAG hash.
    pub hash: DagHash,
    /// Its package.
    pub name: PackageName,
    /// Its version as Spack prints it.
    pub version: String,
    /// Its target.
    pub target: String,
    /// Whether the mirror has a binary package of it.
    pub in_mirror: bool,
    /// Where the system has it, when it is an external: a path or a module; else `null`.
    pub external: Option<String>,
    /// Bytes of its tarball, when the mirror has it and knows.
    pub size: Option<u64>,
    /// What it depends on, each of them a node too.
    pub dependencies: Vec<Dependency>,
}

/// An edge of a dependency graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Dependency {
    /// The hash of the node it leads to.
    pub hash: DagHash,
    /// The package of that node.
    pub name: PackageName,
    /// `build`, `link`, `run`, `test`.
    pub kinds: Vec<String>,
    /// The virtual packages it provides here, such as `mpi`.
    pub virtuals: Vec<String>,
}

/// An item of `GET /api/v1/mirrors/{m}/keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Key {
    /// The fingerprint of the primary key.
    pub fingerprint: Fingerprint,
    /// Whose it is: the first user id.
    pub owner: Option<String>,
    /// Algorithm and size, such as `RSA 4096` or `Ed25519`.
    pub algorithm: String,
    /// When the key was made.
    pub created: Timestamp,
    /// When it ends; `null` for never.
    pub expires: Option<Timestamp>,
    /// When it arrived in this mirror.
    pub pushed: Timestamp,
    /// The path of the key below the mirror's root.
    pub path: String,
}
