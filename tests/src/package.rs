//! Packages made up for a test: real in form, with any bytes for a tarball.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use larder_shared::{
    digest::Digest,
    layout::manifest::{BlobRecord, Manifest, SPEC_V5, TARBALL},
};
use serde_json::{Value, json};

/// A package in the v2 layout, unsigned.
#[derive(Debug, Clone)]
pub struct MadeUp {
    /// Its package's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its DAG hash.
    pub hash: String,
    /// Its tarball.
    pub tarball: Vec<u8>,
}

impl MadeUp {
    /// A package whose hash and tarball follow from its name and version.
    pub fn new(name: &str, version: &str) -> Self {
        let tarball = format!("the files of {name} {version}").into_bytes();
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            hash: hash_of(&format!("{name}@{version}")),
            tarball,
        }
    }

    /// The same with another tarball.
    pub fn with_tarball(self, tarball: Vec<u8>) -> Self {
        Self { tarball, ..self }
    }

    /// Its node, as Spack 0.23 writes it.
    pub fn node(&self) -> Value {
        json!({
            "name": self.name, "version": self.version,
            "arch": { "platform": "linux", "platform_os": "debian12", "target": "x86_64_v3" },
            "compiler": { "name": "gcc", "version": "12.2.0" },
            "namespace": "builtin",
            "parameters": { "build_system": "makefile", "shared": true, "cflags": [], "cxxflags": [] },
            "package_hash": "bnbx7ezlmmjgjyubhncgeel7lpbjrj6l4aeuhyewdeyz56l7tqsq====",
            "hash": self.hash,
        })
    }

    /// Its spec file.
    pub fn spec_file(&self) -> Vec<u8> {
        self.spec_file_naming(&Digest::of(&self.tarball))
    }

    /// Its spec file, naming another tarball.
    pub fn spec_file_naming(&self, tarball: &Digest) -> Vec<u8> {
        let document = json!({
            "spec": { "_meta": { "version": 4 }, "nodes": [self.node()] },
            "buildcache_layout_version": 2,
            "binary_cache_checksum": { "hash_algorithm": "sha256", "hash": tarball.to_string() },
        });
        document.to_string().into_bytes()
    }

    /// Its v3 spec blob.
    pub fn spec_blob(&self) -> Vec<u8> {
        zip(&self.spec_file())
    }

    /// Its v3 manifest, unsigned.
    pub fn manifest(&self) -> Vec<u8> {
        let record = |media_type, bytes: &[u8]| BlobRecord::new(media_type, Digest::of(bytes), bytes.len() as u64);
        let records = vec![record(TARBALL, &self.tarball), record(SPEC_V5, &self.spec_blob())];
        Manifest::new(records).to_json().into_bytes()
    }

    fn stem(&self) -> String {
        format!("linux-debian12-x86_64_v3-gcc-12.2.0-{}-{}-{}", self.name, self.version, self.hash)
    }

    /// Where its spec file lies.
    pub fn spec_path(&self) -> String {
        format!("build_cache/{}.spec.json", self.stem())
    }

    /// Where its spec file would lie if it were signed.
    pub fn signed_path(&self) -> String {
        format!("{}.sig", self.spec_path())
    }

    /// Where its tarball lies.
    pub fn tarball_path(&self) -> String {
        let (name, version) = (&self.name, &self.version);
        format!("build_cache/linux-debian12-x86_64_v3/gcc-12.2.0/{name}-{version}/{}.spack", self.stem())
    }

    /// Where its v3 manifest lies.
    pub fn manifest_path(&self) -> String {
        let (name, version, hash) = (&self.name, &self.version, &self.hash);
        format!("v3/manifests/spec/{name}/{name}-{version}-{hash}.spec.manifest.json")
    }
}

/// Gzipped bytes.
pub fn zip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Where a blob lies.
pub fn blob_path(bytes: &[u8]) -> String {
    let digest = Digest::of(bytes).to_string();
    format!("blobs/sha256/{}/{digest}", &digest[..2])
}

/// 32 characters of the alphabet of DAG hashes that follow from some text.
pub fn hash_of(text: &str) -> String {
    let digest = Digest::of(text.as_bytes());
    digest
        .as_bytes()
        .iter()
        .map(|byte| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::from(byte % 32)]))
        .collect()
}

/// An index document of db version 7 that offers these nodes.
pub fn index_of<'a>(nodes: impl IntoIterator<Item = &'a Value>) -> Vec<u8> {
    let records: serde_json::Map<_, _> = nodes
        .into_iter()
        .map(|node| {
            let hash = node["hash"].as_str().unwrap().to_owned();
            (hash, json!({ "spec": node, "ref_count": 0, "in_buildcache": true }))
        })
        .collect();
    json!({ "database": { "version": "7", "installs": records } }).to_string().into_bytes()
}

/// Bytes that no compression shortens, always the same for a seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let next = || {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).flatten().take(length).collect()
}
