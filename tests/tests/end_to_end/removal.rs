//! Removing a package: from all layouts at once, and its blobs when nothing else uses them.

use larder_shared::{
    api::{CreatedToken, ErrorCode, Layout, List, Mirror, SpecSummary},
    layout::manifest::{INDEX_V8, INDEX_V9},
};
use larder_tests::{
    http::Answer,
    larder::{ADMIN, Larder},
    package::{MadeUp, blob_path},
    push::SigningKey,
    spack::{packages_of, read, read_v2, read_v3, read_v3_index},
    wait,
};
use serde_json::json;

fn put_v2(larder: &Larder, package: &MadeUp) {
    for (path, body) in
        [(blob_path(&package.tarball), package.tarball.clone()), (package.spec_path(), package.spec_file())]
    {
        let answer = larder.put(&format!("/mirrors/m/{path}"), &body).token(ADMIN).send();
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    }
}

fn put_v3(larder: &Larder, package: &MadeUp) {
    for blob in [package.tarball.clone(), package.spec_blob()] {
        larder.put(&format!("/mirrors/m/{}", blob_path(&blob)), &blob).token(ADMIN).send();
    }
    let path = format!("/mirrors/m/{}", package.manifest_path());
    larder.put(&path, &package.manifest()).token(ADMIN).send().expect(201);
}

fn remove(larder: &Larder, hash: &str, token: &str) -> Answer {
    larder.ask("DELETE", &format!("/api/v1/mirrors/m/specs/{hash}")).token(token).send()
}

/// Names of the packages in every index document.
fn indexed(larder: &Larder) -> Vec<String> {
    let mirror = larder.mirror("m");
    let named = |index: &[u8]| packages_of(index).iter().map(|node| node.name.to_string()).collect::<Vec<_>>();
    let v7 = named(&read(&mirror, "build_cache/index.json"));
    for version in [INDEX_V8, INDEX_V9] {
        assert_eq!(named(&read_v3_index(&mirror, version)), v7, "{version}");
    }
    v7
}

fn is_stored(larder: &Larder, bytes: &[u8]) -> bool {
    let blob = format!("m/{}", blob_path(bytes));
    larder.stored().iter().any(|(key, _)| *key == blob)
}

#[test]
fn a_package_is_gone_from_all_layouts_and_blobs_in_use_stay() {
    let key = SigningKey::create();
    let variables = [("LARDER_SIGNING_KEY", &*key.private), ("LARDER_UNUSED_BLOB_SECONDS", "1")];
    let larder = Larder::start_with(&variables);
    larder.post("/api/v1/mirrors", r#"{"name":"m","signing":"managed"}"#).token(ADMIN).send().expect(201);
    let shared = b"the same files".to_vec();
    let first = MadeUp::new("first", "1.0").with_tarball(shared.clone());
    let second = MadeUp::new("second", "1.0").with_tarball(shared.clone());
    let third = MadeUp::new("third", "1.0");
    put_v2(&larder, &first);
    put_v3(&larder, &first);
    put_v3(&larder, &second);
    put_v2(&larder, &third);
    let before: Mirror = larder.api("mirrors/m");
    assert_eq!(before.layouts, [Layout::V2, Layout::V3]);

    let removed: SpecSummary = remove(&larder, &first.hash, ADMIN).expect(200).json();
    assert_eq!((removed.name.as_str(), removed.hash.as_str()), ("first", first.hash.as_str()));
    let paths =
        [first.spec_path(), first.signed_path(), first.tarball_path(), first.manifest_path(), blob_path(b"never")];
    for path in &paths {
        larder.get(&format!("/mirrors/m/{path}")).send().expect_error(404);
    }
    assert_eq!(remove(&larder, &first.hash, ADMIN).expect_error(404).code, ErrorCode::NotFound);
    assert_eq!(indexed(&larder), ["second", "third"]);
    let after: Mirror = larder.api("mirrors/m");
    assert_eq!((after.specs, after.packages, after.signed), (2, 2, 2));
    assert_eq!(after.generation, before.generation + 1);
    assert_eq!(after.bytes, before.bytes - shared.len() as u64);
    assert_eq!(after.layouts, [Layout::V2, Layout::V3]);
    assert_eq!((read_v2(&larder.mirror("m")).len(), read_v3(&larder.mirror("m")).len()), (2, 2));

    remove(&larder, &third.hash, ADMIN).expect(200);
    assert_eq!(larder.api::<Mirror>("mirrors/m").layouts, [Layout::V3]);
    wait::until("unused blobs are gone", || {
        (!is_stored(&larder, &third.tarball) && !is_stored(&larder, &first.spec_blob())).then_some(())
    });
    assert!(is_stored(&larder, &shared) && is_stored(&larder, &second.spec_blob()), "the second package uses them");
    // Of the first and the third nothing at all is left.
    for (key, _) in larder.stored() {
        assert!(!key.contains("first-1.0") && !key.contains("third-1.0"), "{key} is left");
    }
    remove(&larder, &second.hash, ADMIN).expect(200);
    assert!(indexed(&larder).is_empty());
    wait::until("the last blob is gone", || (!is_stored(&larder, &shared)).then_some(()));
    let empty: Mirror = larder.api("mirrors/m");
    assert_eq!((empty.specs, empty.packages, empty.signed, empty.bytes, empty.layouts.len()), (0, 0, 0, 0, 0));
}

#[test]
fn a_removed_package_can_be_pushed_again_at_any_time() {
    let larder = Larder::start_with(&[("LARDER_UNUSED_BLOB_SECONDS", "1")]);
    let (package, other) = (MadeUp::new("zlib", "1.3"), MadeUp::new("other", "1.0"));
    put_v2(&larder, &package);
    // Before its blobs go: they stay.
    remove(&larder, &package.hash, ADMIN).expect(200);
    put_v2(&larder, &package);
    put_v2(&larder, &other);
    remove(&larder, &other.hash, ADMIN).expect(200);
    wait::until("the other's blob is gone", || (!is_stored(&larder, &other.tarball)).then_some(()));
    assert_eq!((read_v2(&larder.mirror("m")).len(), read_v3(&larder.mirror("m")).len()), (1, 1));
    // While it is remembered that they went: the client is told, and its second push is whole.
    let path = format!("/mirrors/m/{}", other.spec_path());
    let error = larder.put(&path, &other.spec_file()).token(ADMIN).send().expect_error(422);
    assert_eq!(error.code, ErrorCode::BlobUnknown);
    put_v2(&larder, &other);
    assert_eq!((read_v2(&larder.mirror("m")).len(), read_v3(&larder.mirror("m")).len()), (2, 2));
    put_v3(&larder, &package);
    assert_eq!(read_v3(&larder.mirror("m")).len(), 2);
}

#[test]
fn a_removal_survives_a_power_cut() {
    let mut larder = Larder::start_with(&[("LARDER_UNUSED_BLOB_SECONDS", "2")]);
    let package = MadeUp::new("zlib", "1.3");
    put_v2(&larder, &package);
    remove(&larder, &package.hash, ADMIN).expect(200);
    larder.kill_and_restart();
    larder.get(&format!("/mirrors/m/{}", package.spec_path())).send().expect_error(404);
    assert_eq!(larder.api::<Mirror>("mirrors/m").specs, 0);
    // The alarm is set again at the latest by the scheduled event.
    larder.run_schedule();
    wait::until("the blob is gone", || (!is_stored(&larder, &package.tarball)).then_some(()));
}

#[test]
fn only_an_admin_removes_and_only_by_the_whole_hash() {
    let larder = Larder::start();
    let package = MadeUp::new("zlib", "1.3");
    put_v2(&larder, &package);
    let token = |scopes: &[&str], mirrors: &[&str]| {
        let body = json!({ "name": "t", "scopes": scopes, "mirrors": mirrors }).to_string();
        larder.post("/api/v1/tokens", &body).token(ADMIN).send().expect(201).json::<CreatedToken>().secret
    };
    let before = larder.stored();
    for token in [token(&["push"], &["m"]), token(&["admin"], &["other"])] {
        assert_eq!(remove(&larder, &package.hash, &token).expect_error(403).code, ErrorCode::Forbidden);
    }
    larder.ask("DELETE", &format!("/api/v1/mirrors/m/specs/{}", package.hash)).send().expect_error(401);
    let error = remove(&larder, &package.hash[..7], ADMIN).expect_error(400);
    assert!(error.message.contains("32 characters"), "{error:?}");
    remove(&larder, &"a".repeat(32), ADMIN).expect_error(404);
    let stored: Vec<_> = larder.stored().into_iter().filter(|(key, _)| !key.starts_with("larder/tokens/")).collect();
    let before: Vec<_> = before.into_iter().filter(|(key, _)| !key.starts_with("larder/tokens/")).collect();
    assert_eq!(stored, before);
    assert_eq!(larder.api::<List<SpecSummary>>("mirrors/m/specs").items.len(), 1);
    remove(&larder, &package.hash, &token(&["admin"], &["m"])).expect(200);
}
