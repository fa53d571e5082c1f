//! Slices: a small index over the mirror's own packages.

use std::collections::{BTreeMap, BTreeSet};

use larder_shared::{
    api::ErrorCode,
    digest::Digest,
    layout::manifest::{INDEX_V8, INDEX_V9, Manifest},
};
use larder_tests::{
    fixtures::fixture,
    larder::{ADMIN, Larder},
    package::{MadeUp, blob_path},
};
use serde_json::Value;

/// The records of an index document, by hash.
fn records(document: &[u8]) -> BTreeMap<String, Value> {
    let document: Value = serde_json::from_slice(document).unwrap();
    serde_json::from_value(document["database"]["installs"].clone()).unwrap()
}

/// Hash and kinds of each dependency of a record.
fn dependencies(record: &Value) -> Vec<(String, Vec<String>)> {
    let list = record["spec"]["dependencies"].as_array().cloned().unwrap_or_default();
    let texts = |value: &Value| serde_json::from_value::<Vec<String>>(value.clone()).unwrap();
    list.iter()
        .map(|edge| (edge["hash"].as_str().unwrap().to_owned(), texts(&edge["parameters"]["deptypes"])))
        .collect()
}

/// The packages that a record needs at run time, with itself.
fn run_closure(all: &BTreeMap<String, Value>, root: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut todo = vec![root.to_owned()];
    while let Some(hash) = todo.pop() {
        if found.insert(hash.clone()) {
            let needed = dependencies(&all[&hash]).into_iter();
            todo.extend(
                needed
                    .filter(|(_, kinds)| kinds.iter().any(|kind| kind == "link" || kind == "run"))
                    .map(|(hash, _)| hash),
            );
        }
    }
    found.retain(|hash| all[hash]["in_buildcache"] == true);
    found
}

fn offered(records: &BTreeMap<String, Value>) -> BTreeSet<String> {
    records.iter().filter(|(_, record)| record["in_buildcache"] == true).map(|(hash, _)| hash.clone()).collect()
}

#[test]
fn a_slice_offers_what_matches_and_what_it_needs_at_run_time() {
    let larder = Larder::start();
    larder.push(&fixture("mirror-v2"), "m");
    let all = records(&larder.get("/mirrors/m/build_cache/index.json").send().expect(200).body);
    let (hdf5, _) = all.iter().find(|(_, record)| record["spec"]["name"] == "hdf5").unwrap();
    let slice = larder.get("/mirrors/m/slice/name=hdf5/build_cache/index.json").send().expect(200);
    let part = records(&slice.body);
    assert_eq!(offered(&part), run_closure(&all, hdf5));
    assert!(offered(&part).len() < all.len() / 2, "{} of {}", offered(&part).len(), all.len());
    // Spack warns of each dependency that an index does not know.
    for record in part.values() {
        for (hash, _) in dependencies(record) {
            assert!(part.contains_key(&hash), "{hash} is named and not there");
        }
    }
    let hash = larder.get("/mirrors/m/slice/name=hdf5/build_cache/index.json.hash").send().expect(200);
    assert_eq!(hash.text(), Digest::of(&slice.body).to_string());
    // Packages and keys are the mirror's own.
    let package = fixture("mirror-v2/build_cache");
    for file in std::fs::read_dir(package).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        if file.contains("hdf5") && file.ends_with(".sig") {
            larder.get(&format!("/mirrors/m/slice/name=hdf5/build_cache/{file}")).send().expect(200);
        }
    }
    larder.get("/mirrors/m/slice/name=hdf5/build_cache/_pgp/index.json").send().expect(200);
}

#[test]
fn a_slice_is_a_view_of_the_v3_layout_too() {
    let larder = Larder::start();
    larder.push(&fixture("mirror-v2"), "m");
    let by_folder = larder.get("/mirrors/m/slice/name=zlib/v3/manifests/index/index.manifest.json").send().expect(200);
    let by_view = larder.get("/mirrors/m/v3/manifests/index/name=zlib/index.manifest.json").send().expect(200);
    assert_eq!(by_folder.body, by_view.body);
    let manifest = Manifest::parse(by_view.text()).unwrap();
    let types: Vec<_> = manifest.data.iter().map(|record| record.media_type.as_str()).collect();
    assert_eq!(types, [INDEX_V8, INDEX_V9]);
    let in_v2 = larder.get("/mirrors/m/slice/name=zlib/build_cache/index.json").send().expect(200);
    let in_v2 = offered(&records(&in_v2.body));
    for record in &manifest.data {
        let hex = record.checksum.to_string();
        let blob = format!("blobs/sha256/{}/{hex}", &hex[..2]);
        for place in ["/mirrors/m", "/mirrors/m/slice/name=zlib"] {
            let body = larder.get(&format!("{place}/{blob}")).send().expect(200).body;
            assert_eq!(Digest::of(&body), record.checksum);
            assert_eq!(offered(&records(&body)), in_v2);
        }
    }
}

#[test]
fn the_order_of_an_expression_does_not_matter_and_a_push_shows_at_once() {
    let larder = Larder::start();
    let put = |package: &MadeUp| {
        let blob = blob_path(&package.tarball);
        larder.put(&format!("/mirrors/m/{blob}"), &package.tarball).token(ADMIN).send().expect(201);
        larder
            .put(&format!("/mirrors/m/{}", package.spec_path()), &package.spec_file())
            .token(ADMIN)
            .send()
            .expect(201);
    };
    put(&MadeUp::new("zlib", "1.3"));
    let slice = |expression: &str| {
        larder.get(&format!("/mirrors/m/slice/{expression}/build_cache/index.json")).send().expect(200)
    };
    let first = slice("target=x86_64_v3+zen2,os=debian12,compiler=gcc@12");
    let again = slice("compiler=gcc@12,os=debian12,target=zen2+x86_64_v3");
    assert_eq!(first.expect_header("etag"), again.expect_header("etag"));
    put(&MadeUp::new("zlib", "1.4"));
    assert_eq!(offered(&records(&slice("target=x86_64_v3+zen2,os=debian12,compiler=gcc@12").body)).len(), 2);
}

#[test]
fn what_is_no_slice_is_refused_and_an_empty_one_is_not_there() {
    let larder = Larder::start();
    larder.put_hello("m");
    let get = |path: &str| larder.get(&format!("/mirrors/m/slice/{path}")).send();
    for bad in ["arch=x86_64", "os", "os=", "os=a,os=b", "name=a%20b"] {
        let error = get(&format!("{bad}/build_cache/index.json")).expect_error(400);
        assert_eq!(error.code, ErrorCode::PathInvalid, "{bad}: {error:?}");
    }
    let error = get("os=windows95/build_cache/index.json").expect_error(404);
    assert!(error.message.contains("windows95"), "{error:?}");
    let put = larder.put("/mirrors/m/slice/os=debian12/build_cache/index.json", b"{}").token(ADMIN).send();
    assert_eq!(put.expect_error(405).code, ErrorCode::MethodNotAllowed);
}
