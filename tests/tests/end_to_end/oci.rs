//! Mirrors as OCI repositories.

mod bad_input;
mod blobs;
mod crash;
mod manifests;
mod packages;
mod referrers;
mod replay;
mod tags;
mod uploads;
mod writers;

use std::collections::{BTreeMap, BTreeSet};

use larder_shared::{
    digest::Digest,
    layout::manifest::{INDEX_V8, INDEX_V9},
    name::DagHash,
    oci::{digest::ContentDigest, manifest::Manifest},
};
use larder_tests::{
    difference::expect_same_bytes,
    larder::Larder,
    package::MadeUp,
    spack::{Held, Source, packages_of, read, read_v2, read_v3, read_v3_index},
};
use serde_json::Value;
use sha2::{Digest as _, Sha512};

/// The digest that Spack never uses.
fn sha512(bytes: &[u8]) -> ContentDigest {
    ContentDigest::Sha512(Sha512::digest(bytes).into())
}

/// The hash under which a package is found.
fn hash_of(package: &MadeUp) -> DagHash {
    package.hash.parse().unwrap()
}

/// Reads all of a mirror in each layout, from its indexes on, and expects that they agree: the same
/// packages, each with the same tarball, whole. Gives them as they are in v2.
fn expect_whole(larder: &Larder, mirror: &str) -> BTreeMap<DagHash, Held> {
    let (served, repository) = (larder.mirror(mirror), larder.repository(mirror));
    expect_indexes_agree(larder, mirror);
    let (v2, v3) = (read_v2(&served), read_v3(&served));
    assert!(v2.keys().eq(v3.keys()), "v2 has other packages than v3");
    let tags: BTreeSet<_> = repository.tags().into_iter().filter(|tag| tag.ends_with(".spack")).collect();
    let expected = v2.iter().map(|(hash, held)| format!("{}-{hash}.spack", held.name)).collect();
    assert_eq!(tags, expected, "other packages are tagged");
    for ((hash, v2), v3) in v2.iter().zip(v3.values()) {
        let tag = format!("{}-{hash}.spack", v2.name);
        let image = repository.pull(&tag);
        expect_same_bytes(&v3.tarball_path, &v3.tarball, &v2.tarball);
        expect_same_bytes(&tag, image.layers.last().unwrap(), &v2.tarball);
        let config: Value = serde_json::from_slice(&image.config).unwrap();
        assert_eq!(config["binary_cache_checksum"]["hash"], Digest::of(&v2.tarball).to_string(), "{tag}");
        assert_eq!(config["spec"]["nodes"][0]["hash"], hash.as_str(), "{tag}");
    }
    v2
}

/// Expects the index documents of every kind to name the same packages; gives them.
fn expect_indexes_agree(larder: &Larder, mirror: &str) -> BTreeSet<DagHash> {
    let (served, repository) = (larder.mirror(mirror), larder.repository(mirror));
    let named = |index: &[u8]| packages_of(index).into_iter().map(|node| node.hash).collect::<BTreeSet<_>>();
    let index = read(&served, "build_cache/index.json");
    let packages = named(&index);
    let hash = served.read("build_cache/index.json.hash").unwrap();
    assert_eq!(String::from_utf8(hash).unwrap(), Digest::of(&index).to_string());
    for version in [INDEX_V8, INDEX_V9] {
        assert_eq!(named(&read_v3_index(&served, version)), packages, "{version}");
    }
    let image = repository.pull("index.spack");
    expect_same_bytes("the layer of index.spack", &image.layers[0], &index);
    assert_eq!((image.layers.len(), &image.config[..]), (1, &b"{}"[..]));
    Manifest::parse(&image.manifest, None).unwrap();
    packages
}
