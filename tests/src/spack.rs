//! Reads a mirror as Spack does, from a folder or from a Larder, and checks all that Spack checks.
//!
//! Both layouts are read from their index on: what the index does not name is not found.

use std::{collections::BTreeMap, fs, path::PathBuf};

use larder_shared::{
    digest::Digest,
    index::document::IndexReader,
    layout::{
        manifest::{BlobRecord, INDEX_V8, Manifest},
        v2::{self, Stem, TarballPath},
        v3::{self, SpecManifestPath},
    },
    name::{DagHash, Fingerprint},
    package::{Package, SpecManifest},
    spec::Node,
};
use serde::Deserialize;

use crate::{http::Client, larder::Larder};

/// Where a mirror is read from.
pub trait Source {
    /// The bytes at a path below the mirror's root; `None` when nothing is there.
    fn read(&self, path: &str) -> Option<Vec<u8>>;
}

/// A mirror in a folder.
pub struct Folder(pub PathBuf);

impl Source for Folder {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(self.0.join(path)).ok()
    }
}

/// A mirror of a Larder.
#[derive(Debug)]
pub struct Served {
    client: Client,
    mirror: String,
}

impl Larder {
    /// A mirror of it, to be read as Spack does.
    pub fn mirror(&self, name: &str) -> Served {
        Served { client: Client::clone(self), mirror: name.to_owned() }
    }
}

impl Source for Served {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        let answer = self.client.get(&format!("/mirrors/{}/{path}", self.mirror));
        let answer = answer.header("Accept-Encoding", "identity").send();
        if answer.status == 404 {
            return None;
        }
        let answer = answer.expect(200);
        assert_eq!(answer.expect_header("content-length"), answer.body.len().to_string(), "{}", answer.what);
        assert_eq!(answer.header("content-encoding"), None, "{}", answer.what);
        Some(answer.body)
    }
}

/// A package as it was read, whole and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// `<name>-<version>`
    pub name: String,
    /// Where its spec file or manifest lies.
    pub path: String,
    /// The bytes of that.
    pub document: Vec<u8>,
    /// Whether it is signed.
    pub signed: bool,
    /// The nodes of its graph by hash, each as Spack would write it today.
    pub nodes: BTreeMap<DagHash, String>,
    /// Where its tarball lies.
    pub tarball_path: String,
    /// The bytes of that.
    pub tarball: Vec<u8>,
}

impl Held {
    fn new(package: &Package, path: String, document: Vec<u8>, tarball_path: String, tarball: Vec<u8>) -> Self {
        let root = package.spec.root();
        let node = |node: &Node| (node.hash.clone(), node.to_json(larder_shared::spec::SpecVersion::V6));
        Self {
            name: format!("{}-{}", root.name, root.version),
            path,
            document,
            signed: package.signed,
            nodes: package.spec.nodes.iter().map(node).collect(),
            tarball_path,
            tarball,
        }
    }
}

fn expect_digest(path: &str, bytes: &[u8], digest: &Digest) {
    assert_eq!(Digest::of(bytes), *digest, "{path} has another sha256");
}

/// The bytes at a path that must be there.
pub fn read(source: &impl Source, path: &str) -> Vec<u8> {
    source.read(path).unwrap_or_else(|| panic!("{path} is not there"))
}

/// The packages an index document offers.
pub fn packages_of(index: &[u8]) -> Vec<Node> {
    let mut reader = IndexReader::new();
    reader.push(index);
    let mut nodes = Vec::new();
    while let Some(record) = reader.next_record().unwrap_or_else(|error| panic!("the index: {error}")) {
        if record.in_buildcache {
            nodes.push(record.node);
        }
    }
    reader.finish().unwrap_or_else(|error| panic!("the index: {error}"));
    nodes
}

/// All packages by way of the v2 layout: index, spec files (signed before unsigned), tarballs.
pub fn read_v2(source: &impl Source) -> BTreeMap<DagHash, Held> {
    let index = read(source, "build_cache/index.json");
    let hash = String::from_utf8(read(source, "build_cache/index.json.hash")).unwrap();
    assert_eq!(hash, Digest::of(&index).to_string(), "build_cache/index.json.hash");
    packages_of(&index).into_iter().map(|node| (node.hash.clone(), read_v2_package(source, &node))).collect()
}

/// One package by way of the v2 layout.
pub fn read_v2_package(source: &impl Source, node: &Node) -> Held {
    let stem = Stem::of(node);
    let spec_path = |signed| v2::Path::Spec { stem: stem.clone(), signed }.to_string();
    let (signed, document) = match source.read(&spec_path(true)) {
        Some(document) => (true, document),
        None => (false, read(source, &spec_path(false))),
    };
    let path = spec_path(signed);
    let package = Package::from_spec_file(&stem, signed, &document).unwrap_or_else(|error| panic!("{path}: {error}"));
    let tarball_path = v2::Path::Tarball(TarballPath::of(node)).to_string();
    let tarball = read(source, &tarball_path);
    expect_digest(&tarball_path, &tarball, &package.tarball);
    Held::new(&package, path, document, tarball_path, tarball)
}

/// A blob that a record names.
fn read_blob(source: &impl Source, record: &BlobRecord) -> (String, Vec<u8>) {
    let path = v3::Path::Blob(record.checksum).to_string();
    let bytes = read(source, &path);
    assert_eq!(bytes.len() as u64, record.content_length, "{path} has another length");
    expect_digest(&path, &bytes, &record.checksum);
    (path, bytes)
}

/// The index document of one media type, by way of the index manifest.
pub fn read_v3_index(source: &impl Source, media_type: &str) -> Vec<u8> {
    let manifest = String::from_utf8(read(source, "v3/manifests/index/index.manifest.json")).unwrap();
    let manifest = Manifest::parse(&manifest).unwrap_or_else(|error| panic!("the index manifest: {error}"));
    let record = manifest.data.iter().find(|record| record.media_type == media_type);
    read_blob(source, record.unwrap_or_else(|| panic!("the index manifest names no {media_type}: {manifest:?}"))).1
}

/// All packages by way of the v3 layout: index, manifests, blobs.
pub fn read_v3(source: &impl Source) -> BTreeMap<DagHash, Held> {
    let nodes = packages_of(&read_v3_index(source, INDEX_V8));
    nodes.into_iter().map(|node| (node.hash.clone(), read_v3_package(source, &node))).collect()
}

/// One package by way of the v3 layout.
pub fn read_v3_package(source: &impl Source, node: &Node) -> Held {
    let place = SpecManifestPath::of(node);
    let path = v3::Path::SpecManifest(place.clone()).to_string();
    let document = read(source, &path);
    let manifest = SpecManifest::parse(&document).unwrap_or_else(|error| panic!("{path}: {error}"));
    let (_, spec) = read_blob(source, &manifest.spec);
    let package = Package::from_manifest(&place, &manifest, &spec).unwrap_or_else(|error| panic!("{path}: {error}"));
    let (tarball_path, tarball) = read_blob(source, &manifest.tarball);
    Held::new(&package, path, document, tarball_path, tarball)
}

#[derive(Deserialize)]
struct KeyIndex {
    keys: BTreeMap<Fingerprint, serde_json::Value>,
}

/// The keys by way of the v2 layout.
pub fn read_v2_keys(source: &impl Source) -> BTreeMap<Fingerprint, Vec<u8>> {
    let index: KeyIndex = serde_json::from_slice(&read(source, "build_cache/_pgp/index.json")).unwrap();
    let key = |fingerprint: Fingerprint| {
        let armored = read(source, &v2::Path::Key(fingerprint.clone()).to_string());
        (fingerprint, armored)
    };
    index.keys.into_keys().map(key).collect()
}

/// The keys by way of the v3 layout.
pub fn read_v3_keys(source: &impl Source) -> BTreeMap<Fingerprint, Vec<u8>> {
    let first_blob = |path: &str| {
        let manifest = String::from_utf8(read(source, path)).unwrap();
        let manifest = Manifest::parse(&manifest).unwrap_or_else(|error| panic!("{path}: {error}"));
        read_blob(source, manifest.first().unwrap_or_else(|error| panic!("{path}: {error}"))).1
    };
    let index: KeyIndex = serde_json::from_slice(&first_blob("v3/manifests/key/keys.manifest.json")).unwrap();
    let key = |fingerprint: Fingerprint| {
        let armored = first_blob(&v3::Path::KeyManifest(fingerprint.clone()).to_string());
        (fingerprint, armored)
    };
    index.keys.into_keys().map(key).collect()
}
