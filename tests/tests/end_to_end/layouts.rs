//! Both layouts of the same mirror: whichever a package was pushed in, it is found in the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use larder_shared::{
    layout::manifest::{INDEX_V8, INDEX_V9},
    name::{DagHash, Fingerprint},
    spec::SpecVersion,
};
use larder_tests::{
    difference::{expect_same_bytes, expect_same_json},
    fixtures::fixture,
    gpg::Gpg,
    larder::Larder,
    spack::{
        Folder, Held, Served, Source, packages_of, read, read_v2, read_v2_keys, read_v3, read_v3_index, read_v3_keys,
    },
};

/// The key of `mirror-v2` and `mirror-v3`.
const SIGNER: &str = "4CA135D4D5BC739C1DF2D3B7AA52CBC889F8EE5D";

type Packages = BTreeMap<DagHash, Held>;

/// A Larder to which a folder of the fixtures was pushed as mirror `m`.
fn larder_with(folder: &str) -> (Larder, Served) {
    let larder = Larder::start();
    larder.push(&fixture(folder), "m");
    let mirror = larder.mirror("m");
    (larder, mirror)
}

fn expect_same_packages(actual: &Packages, expected: &Packages) {
    assert_eq!(actual.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "the packages differ");
    for (actual, expected) in actual.values().zip(expected.values()) {
        assert_eq!((&actual.path, actual.signed), (&expected.path, expected.signed));
        expect_same_bytes(&actual.path, &actual.document, &expected.document);
        assert_eq!(actual.tarball_path, expected.tarball_path);
        expect_same_bytes(&actual.tarball_path, &actual.tarball, &expected.tarball);
    }
}

/// Expects packages that were derived from those of the other layout: unsigned, with the same
/// tarballs and the same nodes.
fn expect_derived(derived: &Packages, from: &Packages) {
    assert_eq!(derived.keys().collect::<Vec<_>>(), from.keys().collect::<Vec<_>>(), "the packages differ");
    for (derived, from) in derived.values().zip(from.values()) {
        assert!(!derived.signed, "{} cannot be signed", derived.path);
        expect_same_bytes(&derived.tarball_path, &derived.tarball, &from.tarball);
        assert_eq!(
            derived.nodes.keys().collect::<Vec<_>>(),
            from.nodes.keys().collect::<Vec<_>>(),
            "{} has other nodes than {}",
            derived.path,
            from.path
        );
    }
}

/// Expects that the real gpg, knowing the mirror's keys only, finds every document signed by
/// [`SIGNER`], and notices a change.
fn expect_verified(packages: &Packages, keys: &BTreeMap<Fingerprint, Vec<u8>>) {
    let gpg = Gpg::knowing(keys.values());
    for package in packages.values() {
        let verified = gpg.verify(&package.document);
        assert_eq!(verified.as_ref().map(Fingerprint::as_str), Ok(SIGNER), "{}", package.path);
    }
    let (_, package) = packages.first_key_value().unwrap();
    let altered = String::from_utf8(package.document.clone()).unwrap().replacen("version", "Version", 1);
    let refusal = gpg.verify(altered.as_bytes()).unwrap_err();
    assert!(refusal.contains("BAD signature"), "{refusal}");
}

/// The index documents of every version name the same packages.
fn expect_indexes_agree(mirror: &impl Source, hashes: &BTreeSet<DagHash>) {
    let named = |index: &[u8]| packages_of(index).into_iter().map(|node| node.hash).collect::<BTreeSet<_>>();
    assert_eq!(named(&read(mirror, "build_cache/index.json")), *hashes, "build_cache/index.json");
    for version in [INDEX_V8, INDEX_V9] {
        assert_eq!(named(&read_v3_index(mirror, version)), *hashes, "{version}");
    }
}

#[test]
fn a_mirror_pushed_in_v2_is_served_byte_for_byte_in_v2_and_derived_in_v3() {
    let (_larder, mirror) = larder_with("mirror-v2");
    let pushed = read_v2(&Folder(fixture("mirror-v2")));
    assert_eq!(pushed.len(), 53);
    let v2 = read_v2(&mirror);
    expect_same_packages(&v2, &pushed);
    assert!(v2.values().all(|package| package.signed));
    expect_verified(&v2, &read_v2_keys(&mirror));
    expect_derived(&read_v3(&mirror), &v2);
    expect_indexes_agree(&mirror, &pushed.into_keys().collect());
}

#[test]
fn a_mirror_pushed_in_v3_is_served_byte_for_byte_in_v3_and_derived_in_v2() {
    let (_larder, mirror) = larder_with("mirror-v3");
    let pushed = read_v3(&Folder(fixture("mirror-v3")));
    assert_eq!(pushed.len(), 53);
    let v3 = read_v3(&mirror);
    expect_same_packages(&v3, &pushed);
    assert!(v3.values().all(|package| package.signed));
    expect_verified(&v3, &read_v3_keys(&mirror));
    expect_derived(&read_v2(&mirror), &v3);
    expect_indexes_agree(&mirror, &pushed.into_keys().collect());
}

#[test]
fn an_unsigned_mirror_is_served_byte_for_byte_and_derived_in_v3() {
    let (_larder, mirror) = larder_with("mirror-v2-unsigned");
    let pushed = read_v2(&Folder(fixture("mirror-v2-unsigned")));
    assert_eq!(pushed.len(), 18);
    let v2 = read_v2(&mirror);
    expect_same_packages(&v2, &pushed);
    assert!(v2.values().all(|package| !package.signed));
    expect_derived(&read_v3(&mirror), &v2);
    expect_indexes_agree(&mirror, &pushed.into_keys().collect());
}

#[test]
fn a_mirror_pushed_in_both_layouts_serves_each_byte_for_byte() {
    let (larder, mirror) = larder_with("mirror-v2");
    larder.push(&fixture("mirror-v3"), "m");
    let (v2, v3) = (read_v2(&mirror), read_v3(&mirror));
    expect_same_packages(&v2, &read_v2(&Folder(fixture("mirror-v2"))));
    expect_same_packages(&v3, &read_v3(&Folder(fixture("mirror-v3"))));
    expect_verified(&v2, &read_v2_keys(&mirror));
    expect_verified(&v3, &read_v3_keys(&mirror));
    expect_indexes_agree(&mirror, &v2.into_keys().collect());
}

#[test]
fn a_mirror_pushed_in_both_layouts_does_not_depend_on_their_order() {
    let (larder, mirror) = larder_with("mirror-v3");
    larder.push(&fixture("mirror-v2"), "m");
    expect_same_packages(&read_v2(&mirror), &read_v2(&Folder(fixture("mirror-v2"))));
    expect_same_packages(&read_v3(&mirror), &read_v3(&Folder(fixture("mirror-v3"))));
}

#[test]
fn both_layouts_list_the_keys_that_were_pushed_in_either() {
    let key = fs::read(fixture(&format!("mirror-v2/build_cache/_pgp/{SIGNER}.pub"))).unwrap();
    let expected = BTreeMap::from([(SIGNER.parse::<Fingerprint>().unwrap(), key)]);
    let larder = Larder::start();
    for folder in ["mirror-v2", "mirror-v3"] {
        larder.push(&fixture(folder), folder);
        let mirror = larder.mirror(folder);
        assert!(read_v2_keys(&mirror) == expected, "the v2 keys of {folder}");
        assert!(read_v3_keys(&mirror) == expected, "the v3 keys of {folder}");
    }
    // Where nothing is signed the list is there, and empty.
    larder.push(&fixture("mirror-v2-unsigned"), "unsigned");
    let mirror = larder.mirror("unsigned");
    assert_eq!((read_v2_keys(&mirror).len(), read_v3_keys(&mirror).len()), (0, 0));
}

#[test]
fn a_v3_index_names_the_same_nodes_as_the_one_that_spack_would_write() {
    let (_larder, mirror) = larder_with("mirror-v3");
    let by_hash = |index: &[u8]| -> BTreeMap<DagHash, String> {
        packages_of(index).iter().map(|node| (node.hash.clone(), node.to_json(SpecVersion::V5))).collect()
    };
    let served = by_hash(&read_v3_index(&mirror, INDEX_V8));
    let expected = by_hash(&read_v3_index(&Folder(fixture("mirror-v3")), INDEX_V8));
    for (hash, node) in &expected {
        let served = served.get(hash).unwrap_or_else(|| panic!("/{hash} is missing"));
        expect_same_json(&format!("/{hash}"), served.as_bytes(), node.as_bytes());
    }
}
