//! The JSON API's documents, against what the folder that was pushed holds.

use std::collections::{BTreeMap, BTreeSet};

use larder_shared::{
    api::{self, FileKind, Layout, List, Mirror, PackageSummary, Spec, SpecSummary},
    digest::Digest,
    package::Package,
    spec::{Compiler, Node},
    version::Version,
};
use larder_tests::{
    fixtures::{fixture, hello},
    larder::{ADMIN, Larder},
    package::{MadeUp, blob_path},
    spack::{Folder, Held, read_v2},
};
use serde::de::DeserializeOwned;

/// A package of `mirror-v2` and its root node.
struct Pushed {
    held: Held,
    node: Node,
}

fn pushed() -> Vec<Pushed> {
    let all = read_v2(&Folder(fixture("mirror-v2"))).into_values();
    all.map(|held| {
        let stem = held.path.strip_prefix("build_cache/").unwrap().strip_suffix(".spec.json.sig").unwrap();
        let path = format!("build_cache/{stem}.spec.json.sig").parse().unwrap();
        let larder_shared::layout::LayoutPath::V2(larder_shared::layout::v2::Path::Spec { stem, signed }) = path else {
            panic!("{stem}")
        };
        let node = Package::from_spec_file(&stem, signed, &held.document).unwrap().spec.root().clone();
        Pushed { held, node }
    })
    .collect()
}

fn larder_with_mirror() -> Larder {
    let larder = Larder::start();
    larder.push(&fixture("mirror-v2"), "m");
    larder
}

fn put(larder: &Larder, package: &MadeUp) {
    for (path, body) in
        [(blob_path(&package.tarball), package.tarball.clone()), (package.spec_path(), package.spec_file())]
    {
        larder.put(&format!("/mirrors/m/{path}"), &body).token(ADMIN).send().expect(201);
    }
}

/// All items of a list, read page by page.
fn pages<T: DeserializeOwned>(larder: &Larder, path: &str, limit: usize) -> Vec<T> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page: List<T> = larder.api(&format!("{path}limit={limit}{cursor}"));
        assert!(page.items.len() == limit || page.next.is_none(), "a page of {path} has {} items", page.items.len());
        all.extend(page.items);
        match page.next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[test]
fn a_mirror_tells_its_figures() {
    let larder = larder_with_mirror();
    let bytes: usize = pushed().iter().map(|package| package.held.tarball.len()).sum();
    let mirror: Mirror = larder.api("mirrors/m");
    assert_eq!((mirror.specs, mirror.packages, mirror.signed, mirror.unread_specs), (53, 53, 53, 0));
    assert_eq!((mirror.bytes, mirror.unsized_specs, mirror.generation), (bytes as u64, 0, 53));
    assert_eq!((mirror.origin.clone(), mirror.origin_state.clone()), (api::Origin::Bucket, None));
    assert_eq!(mirror.layouts, [Layout::V2]);
    assert!(mirror.updated >= Some(mirror.created), "{mirror:?}");
    larder.push(&fixture("mirror-v3"), "m");
    let again: Mirror = larder.api("mirrors/m");
    assert_eq!((again.specs, again.packages, again.bytes), (53, 53, mirror.bytes));
    assert_eq!(again.layouts, [Layout::V2, Layout::V3]);
}

#[test]
fn mirrors_are_listed_by_name_page_by_page() {
    let larder = Larder::start();
    let names = ["a", "a-b", "a/b", "a/b/c", "b", "z"];
    for name in ["z", "a/b", "b", "a", "a/b/c", "a-b"] {
        let body = serde_json::json!({ "name": name }).to_string();
        let made: Mirror = larder.post("/api/v1/mirrors", &body).token(ADMIN).send().expect(201).json();
        assert_eq!((made.name.as_str(), made.specs, made.updated), (name, 0, None));
    }
    for limit in [1, 2, 20] {
        let listed = pages::<Mirror>(&larder, "mirrors?", limit);
        assert_eq!(listed.iter().map(|mirror| mirror.name.as_str()).collect::<Vec<_>>(), names, "limit={limit}");
    }
    // A name with slashes is one segment.
    larder.put_hello("a/b/c");
    assert_eq!(larder.api::<Mirror>("mirrors/a%2Fb%2Fc").specs, 1);
    assert_eq!(larder.api::<Mirror>("mirrors/a%2fb%2fc").specs, 1);
    assert_eq!(larder.api::<List<PackageSummary>>("mirrors/a%2Fb%2Fc/packages").items.len(), 1);
    assert_eq!(larder.api::<Mirror>("mirrors/a").specs, 0);
    larder.get("/api/v1/mirrors/a/b/c").send().expect_error(404);
}

#[test]
fn packages_are_listed_by_name_each_once() {
    let larder = larder_with_mirror();
    let expected: BTreeMap<String, Pushed> =
        pushed().into_iter().map(|package| (package.node.name.to_string(), package)).collect();
    for limit in [7, 53, 500] {
        let listed = pages::<PackageSummary>(&larder, "mirrors/m/packages?", limit);
        let names: Vec<_> = listed.iter().map(|package| package.name.to_string()).collect();
        assert!(names.iter().eq(expected.keys()), "limit={limit}: {names:?}");
        for package in listed {
            let Pushed { held, node } = &expected[package.name.as_str()];
            let PackageSummary { newest, versions, specs, targets, systems, bytes, .. } = &package;
            assert_eq!((newest.as_str(), versions, specs), (node.version.as_str(), &1, &1), "{package:?}");
            assert_eq!((&targets[..], &systems[..]), (&[node.target.clone()][..], &[node.os.clone()][..]));
            assert_eq!(*bytes, held.tarball.len() as u64, "{package:?}");
        }
    }
    for (q, expected) in [
        ("zlib", vec!["zlib"]),
        ("ZLIB", vec!["zlib"]),
        ("larder", vec!["hello-larder"]),
        ("%", vec![]),
        ("_", vec![]),
        ("'; DROP TABLE record; --", vec![]),
    ] {
        let q: String = percent_encode(q);
        let found = pages::<PackageSummary>(&larder, &format!("mirrors/m/packages?q={q}&"), 7);
        assert_eq!(found.iter().map(|package| package.name.as_str()).collect::<Vec<_>>(), expected, "q={q}");
    }
}

fn percent_encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn versions_stand_in_the_order_of_spack() {
    let larder = Larder::start();
    let versions = ["1.10", "1.9", "develop", "1.9-rc1", "1.9.1", "main", "2024.1"];
    for version in versions {
        put(&larder, &MadeUp::new("zlib", version));
    }
    let mut expected = versions.map(Version::from).to_vec();
    expected.sort();
    expected.reverse();
    let expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
    let package: api::Package = larder.api("mirrors/m/packages/zlib");
    assert_eq!((package.summary.newest.as_str(), package.summary.versions, package.summary.specs), ("develop", 7, 7));
    let counted: Vec<_> = package.by_version.iter().map(|count| (count.version.clone(), count.specs)).collect();
    assert_eq!(counted, expected.iter().map(|version| (version.clone(), 1)).collect::<Vec<_>>());
    assert_eq!(package.namespace.as_deref(), Some("builtin"));
    let specs = pages::<SpecSummary>(&larder, "mirrors/m/specs?package=zlib&", 2);
    assert_eq!(specs.iter().map(|spec| spec.version.clone()).collect::<Vec<_>>(), expected);
}

#[test]
fn specs_are_listed_newest_first_each_once() {
    let larder = larder_with_mirror();
    put(&larder, &MadeUp::new("pushed-last", "1.0"));
    let listed = pages::<SpecSummary>(&larder, "mirrors/m/specs?", 7);
    assert_eq!(listed[0].name.as_str(), "pushed-last");
    assert!(listed.is_sorted_by(|a, b| a.pushed >= b.pushed), "not the newest first");
    let expected: BTreeMap<_, _> = pushed().into_iter().map(|package| (package.node.hash.clone(), package)).collect();
    assert_eq!(listed.len(), 54);
    let by_hash: BTreeMap<_, _> = listed.into_iter().skip(1).map(|spec| (spec.hash.clone(), spec)).collect();
    assert!(by_hash.keys().eq(expected.keys()));
    for (spec, Pushed { held, node }) in by_hash.values().zip(expected.values()) {
        let SpecSummary { name, version, compiler, platform, os, target, .. } = spec;
        assert_eq!((name, version.as_str()), (&node.name, node.version.as_str()));
        assert_eq!((platform, os, target), (&node.platform, &node.os, &node.target));
        assert_eq!(*compiler, node.compiler.as_ref().map(Compiler::to_string), "{spec:?}");
        assert_eq!((spec.size, spec.signed), (Some(held.tarball.len() as u64), Some(true)), "{spec:?}");
        assert_eq!(spec.layout, Layout::V2);
        assert!(spec.variants.keys().eq(node.parameters.iter().map(|(name, _)| name).collect::<BTreeSet<_>>()));
    }
}

#[test]
fn every_spec_tells_its_graph_and_files_which_are_all_there() {
    let larder = larder_with_mirror();
    for Pushed { held, node } in pushed() {
        let spec: Spec = larder.api(&format!("mirrors/m/specs/{}", node.hash));
        assert_eq!((&spec.summary.hash, spec.tarball), (&node.hash, Some(Digest::of(&held.tarball))));
        assert_eq!(spec.package_hash, node.package_hash);
        let graph: BTreeSet<_> = spec.nodes.iter().map(|node| &node.hash).collect();
        assert!(graph.into_iter().eq(held.nodes.keys()), "the graph of {} has other nodes", held.name);
        assert_eq!(spec.nodes[0].hash, node.hash, "the spec itself is the first");
        assert!(spec.nodes[1..].is_sorted_by_key(|node| &node.name), "the rest is not in order of name");
        let edges: BTreeSet<_> = spec.nodes[0].dependencies.iter().map(|edge| &edge.hash).collect();
        assert_eq!(edges, node.dependencies.iter().map(|edge| &edge.hash).collect(), "{}", held.name);
        for node in &spec.nodes {
            assert_eq!(node.in_mirror, node.external.is_none(), "{}", node.name);
        }
        let stored: Vec<_> = spec.files.iter().filter(|file| file.stored).map(|file| file.path.as_str()).collect();
        assert!([&held.path, &held.tarball_path].iter().all(|path| stored.contains(&path.as_str())), "{stored:?}");
        assert_eq!(spec.files.iter().filter(|file| file.kind == FileKind::Manifest && !file.stored).count(), 1);
        for file in &spec.files {
            larder.head(&format!("/mirrors/m/{}", file.path)).send().expect(200);
        }
        let by_prefix: Spec = larder.api(&format!("mirrors/m/specs/{}", spec.prefix));
        assert_eq!(by_prefix, spec, "/{}", spec.prefix);
    }
}

#[test]
fn a_spec_is_found_by_a_beginning_of_its_hash_that_is_unique() {
    let larder = Larder::start();
    let hashes = ["abcdefgh", "abcdefgi", "abcdxyz2"].map(|front| format!("{front:a<32}"));
    for (number, hash) in hashes.iter().enumerate() {
        let package = MadeUp { hash: hash.clone(), ..MadeUp::new("zlib", &format!("1.{number}")) };
        put(&larder, &package);
    }
    for (prefix, found) in [("abcdefgh", 0), ("abcdefgi", 1), ("abcdx", 2), (&hashes[0][..], 0)] {
        let spec: Spec = larder.api(&format!("mirrors/m/specs/{prefix}"));
        assert_eq!(spec.summary.hash.as_str(), hashes[found], "/{prefix}");
    }
    let shortest = hashes.each_ref().map(|hash| larder.api::<Spec>(&format!("mirrors/m/specs/{hash}")).prefix);
    assert_eq!(shortest, ["abcdefgh", "abcdefgi", "abcdxyz"]);
    for (prefix, named) in [("abcdefg", &hashes[..2]), ("a", &hashes[..])] {
        let error = larder.get(&format!("/api/v1/mirrors/m/specs/{prefix}")).send().expect_error(409);
        assert_eq!(error.code, api::ErrorCode::Ambiguous);
        assert!(named.iter().all(|hash| error.message.contains(hash)), "{error:?}");
    }
}

#[test]
fn keys_tell_whose_they_are() {
    let larder = Larder::start();
    larder.put_hello("m");
    let keys: List<api::Key> = larder.api("mirrors/m/keys");
    let [key] = &keys.items[..] else { panic!("{keys:?}") };
    assert_eq!((key.fingerprint.as_str(), key.path.as_str()), (hello::SIGNER, hello::KEY));
    assert_eq!((key.algorithm.as_str(), key.expires), ("RSA 4096", None));
    assert!(key.owner.as_ref().is_some_and(|owner| owner.contains('@')), "{key:?}");
    assert!(key.created < key.pushed, "{key:?}");
}

#[test]
fn a_document_that_did_not_change_is_304() {
    let larder = Larder::start();
    larder.put_hello("m");
    let paths = ["mirrors", "mirrors/m", "mirrors/m/packages", "mirrors/m/packages/hello-larder", "mirrors/m/specs"];
    let spec = format!("mirrors/m/specs/{}", hello::HASH);
    let ask = |path: &str, etag: &str| larder.get(&format!("/api/v1/{path}")).header("If-None-Match", etag).send();
    let mut etags = Vec::new();
    for path in paths.into_iter().chain([&spec[..], "mirrors/m/keys", "openapi.json"]) {
        let answer = larder.get(&format!("/api/v1/{path}")).send().expect(200);
        let etag = answer.expect_header("etag").to_owned();
        assert_eq!(answer.expect_header("content-type"), "application/json", "{answer:?}");
        assert_eq!(answer.expect_header("cache-control"), "no-cache", "{answer:?}");
        assert_eq!(ask(path, &etag).expect(304).body, b"");
        etags.push((path, etag));
    }
    put(&larder, &MadeUp::new("zlib", "1.3"));
    for (path, etag) in etags {
        let changed = paths.contains(&path) && !path.ends_with("hello-larder");
        ask(path, &etag).expect(if changed { 200 } else { 304 });
    }
}
