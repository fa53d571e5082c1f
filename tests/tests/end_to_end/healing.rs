//! The index follows from the bucket: files that somebody put there, and what a crash or a person took
//! away.

use std::collections::{BTreeMap, BTreeSet};

use larder_shared::{
    api::{Layout, Mirror, Reindex},
    layout::manifest::{INDEX_V8, INDEX_V9},
};
use larder_tests::{
    difference::expect_same_bytes,
    fixtures::{files, fixture, hello},
    gpg::Gpg,
    larder::{ADMIN, Larder},
    package::{MadeUp, blob_path},
    spack::{Folder, packages_of, read, read_v2, read_v2_keys, read_v3, read_v3_index, read_v3_keys},
    wait,
};

/// A Larder with an empty mirror `m`.
fn larder_with_empty_mirror() -> Larder {
    let larder = Larder::start();
    larder.post("/api/v1/mirrors", r#"{"name":"m"}"#).token(ADMIN).send().expect(201);
    larder
}

fn put(larder: &Larder, package: &MadeUp) {
    for (path, body) in
        [(blob_path(&package.tarball), package.tarball.clone()), (package.spec_path(), package.spec_file())]
    {
        larder.put(&format!("/mirrors/m/{path}"), &body).token(ADMIN).send().expect(201);
    }
}

/// Everything but the documents that are rendered, by key with its ETag.
fn kept(larder: &Larder) -> BTreeMap<String, String> {
    larder.stored().into_iter().filter(|(key, _)| !key.contains("/larder/index/")).collect()
}

#[track_caller]
fn expect_run(run: &Reindex, added: u64, mended: u64, removed: u64, problems: u64) {
    assert_eq!((run.added, run.mended, run.removed, run.problems), (added, mended, removed, problems), "{run:?}");
    assert!(run.ended >= Some(run.began));
}

/// The packages that every index document offers.
fn indexed(larder: &Larder) -> BTreeSet<String> {
    let mirror = larder.mirror("m");
    let named = |index: &[u8]| packages_of(index).iter().map(|node| node.hash.to_string()).collect::<BTreeSet<_>>();
    let v7 = named(&read(&mirror, "build_cache/index.json"));
    for version in [INDEX_V8, INDEX_V9] {
        assert_eq!(named(&read_v3_index(&mirror, version)), v7, "{version}");
    }
    v7
}

#[test]
fn a_v2_mirror_that_was_copied_into_the_bucket_is_served_whole() {
    let larder = larder_with_empty_mirror();
    larder.put_folder(&fixture("mirror-v2"), "m");
    // Even before: as found.
    let served = larder.get(&format!("/mirrors/m/{}", hello::TARBALL)).send().expect(200);
    expect_same_bytes(hello::TARBALL, &served.body, &hello::file(hello::TARBALL));
    assert_eq!(larder.api::<Mirror>("mirrors/m").specs, 0);

    expect_run(&larder.reindex("m"), 53, 1, 0, 0);
    let (mirror, pushed) = (larder.mirror("m"), read_v2(&Folder(fixture("mirror-v2"))));
    assert!(read_v2(&mirror) == pushed, "the v2 packages differ");
    assert!(read_v3(&mirror).keys().eq(pushed.keys()));
    assert_eq!(read_v2_keys(&mirror), read_v3_keys(&mirror));
    assert!(Gpg::knowing(read_v2_keys(&mirror).values()).verify(&hello::file(hello::SPEC)).is_ok());
    let figures: Mirror = larder.api("mirrors/m");
    assert_eq!((figures.specs, figures.signed, figures.unread_specs, figures.unsized_specs), (53, 53, 0, 0));
    assert_eq!(figures.layouts, [Layout::V2]);
    // The files lie as they were put, and a second run finds nothing to do.
    for file in files(&fixture("mirror-v2")) {
        assert!(larder.stored().iter().any(|(key, _)| *key == format!("m/{file}")), "{file} is gone");
    }
    let before = (kept(&larder), larder.api::<Mirror>("mirrors/m").generation);
    expect_run(&larder.reindex("m"), 0, 0, 0, 0);
    assert_eq!((kept(&larder), larder.api::<Mirror>("mirrors/m").generation), before);
}

#[test]
fn a_v3_mirror_that_was_copied_into_the_bucket_is_served_whole() {
    let larder = larder_with_empty_mirror();
    larder.put_folder(&fixture("mirror-v3"), "m");
    expect_run(&larder.reindex("m"), 53, 1, 0, 0);
    let (mirror, pushed) = (larder.mirror("m"), read_v3(&Folder(fixture("mirror-v3"))));
    assert!(read_v3(&mirror) == pushed, "the v3 packages differ");
    assert!(read_v2(&mirror).keys().eq(pushed.keys()));
    assert_eq!(read_v2_keys(&mirror), read_v3_keys(&mirror));
}

#[test]
fn what_is_wrong_in_the_bucket_is_told_and_not_taken() {
    let larder = larder_with_empty_mirror();
    let (good, other) = (MadeUp::new("good", "1.0"), MadeUp::new("other", "1.0"));
    let (tampered, lost) = (MadeUp::new("tampered", "1.0"), MadeUp::new("lost", "1.0"));
    let cut = MadeUp::new("cut", "1.0");
    let object = |path: &str, bytes: &[u8]| larder.put_object(&format!("m/{path}"), bytes);
    object(&good.spec_path(), &good.spec_file());
    object(&good.tarball_path(), &good.tarball);
    // Another tarball, under the v2 path and under the blob's own.
    object(&tampered.spec_path(), &tampered.spec_file());
    object(&tampered.tarball_path(), b"other bytes");
    object(&other.manifest_path(), &other.manifest());
    object(&blob_path(&other.spec_blob()), &other.spec_blob());
    object(&blob_path(&other.tarball), &[b'x'; 40][..other.tarball.len()]);
    object(&lost.spec_path(), &lost.spec_file());
    object(&cut.spec_path(), &cut.spec_file()[..100]);
    object(&format!("build_cache/_pgp/{}.pub", hello::SIGNER), b"no key");
    object("build_cache/notes.txt", b"not Spack's");

    let run = larder.reindex("m");
    expect_run(&run, 1, 0, 0, 5);
    let told: BTreeMap<_, _> =
        run.last_problems.iter().map(|problem| (problem.path.clone(), &problem.message)).collect();
    for (path, words) in [
        (tampered.spec_path(), "does not have the sha256"),
        (other.manifest_path(), "does not have the sha256"),
        (lost.spec_path(), "was not uploaded"),
        (cut.spec_path(), "JSON"),
        (format!("build_cache/_pgp/{}.pub", hello::SIGNER), "not an ASCII-armoured"),
    ] {
        assert!(told.get(&path).is_some_and(|message| message.contains(words)), "{path}: {told:?}");
    }
    assert_eq!(indexed(&larder), BTreeSet::from([good.hash.clone()]));
    // Put right, it is taken by Larder itself, with the next scheduled event.
    object(&tampered.tarball_path(), &tampered.tarball);
    object(&blob_path(&other.tarball), &other.tarball);
    expect_run(&larder.reindex("m"), 2, 0, 0, 3);
    assert_eq!(read_v3(&larder.mirror("m")).len(), 3);
}

#[test]
fn a_lost_index_is_made_again_from_the_bucket() {
    let mut larder = Larder::start();
    larder.push(&fixture("mirror-v2"), "m");
    larder.push(&fixture("mirror-v3"), "m");
    let (before, stored) = (indexed(&larder), kept(&larder));
    let figures: Mirror = larder.api("mirrors/m");
    larder.forget_indexes();
    assert_eq!(larder.api::<Mirror>("mirrors/m").specs, 0);
    let run = larder.reindex("m");
    expect_run(&run, 53, run.mended, 0, 0);
    assert_eq!((indexed(&larder), kept(&larder)), (before, stored));
    let again: Mirror = larder.api("mirrors/m");
    assert_eq!((again.specs, again.packages, again.signed), (figures.specs, figures.packages, figures.signed));
    assert_eq!((again.bytes, again.layouts), (figures.bytes, figures.layouts));
    assert!(read_v2(&larder.mirror("m")) == read_v2(&Folder(fixture("mirror-v2"))));
}

#[test]
fn what_was_derived_and_lost_is_derived_again() {
    let larder = Larder::start();
    larder.push(&fixture("mirror-v2-unsigned"), "m");
    let before = kept(&larder);
    let derived: Vec<_> = before.keys().filter(|key| key.starts_with("m/larder/derived/")).collect();
    assert_eq!(derived.len(), 36);
    for key in derived {
        larder.delete_object(key);
    }
    expect_run(&larder.reindex("m"), 0, 18, 0, 0);
    assert_eq!(kept(&larder), before);
}

#[test]
fn packages_that_the_bucket_no_longer_has_are_forgotten() {
    let larder = Larder::start();
    let [stays, document_lost, blob_lost, both] =
        ["stays", "document", "blob", "both"].map(|name| MadeUp::new(name, "1.0"));
    for package in [&stays, &document_lost, &blob_lost, &both] {
        put(&larder, package);
    }
    let blob = both.spec_blob();
    larder.put(&format!("/mirrors/m/{}", blob_path(&blob)), &blob).token(ADMIN).send().expect(201);
    larder.put(&format!("/mirrors/m/{}", both.manifest_path()), &both.manifest()).token(ADMIN).send().expect(201);
    let generation = larder.api::<Mirror>("mirrors/m").generation;
    larder.delete_object(&format!("m/{}", document_lost.spec_path()));
    larder.delete_object(&format!("m/{}", blob_path(&blob_lost.tarball)));
    larder.delete_object(&format!("m/{}", both.spec_path()));
    let run = larder.reindex("m");
    // Its document is there and names what is not.
    expect_run(&run, 0, run.mended, 2, 1);
    assert_eq!(indexed(&larder), BTreeSet::from([stays.hash.clone(), both.hash.clone()]));
    let figures: Mirror = larder.api("mirrors/m");
    assert_eq!((figures.specs, figures.packages, figures.generation), (2, 2, generation + 3));
    assert_eq!((read_v2(&larder.mirror("m")).len(), read_v3(&larder.mirror("m")).len()), (2, 2));
    for package in [&document_lost, &blob_lost] {
        larder.get(&format!("/mirrors/m/{}", package.manifest_path())).send().expect_error(404);
    }
    let spec: larder_shared::api::Spec = larder.api(&format!("mirrors/m/specs/{}", both.hash));
    assert_eq!(spec.summary.layout, Layout::V3);
}

#[test]
fn dependencies_that_nobody_needs_any_more_are_forgotten() {
    let larder = Larder::start();
    larder.push(&fixture("mirror-v2"), "m");
    let records = || {
        let index: serde_json::Value =
            serde_json::from_slice(&read(&larder.mirror("m"), "build_cache/index.json")).unwrap();
        index["database"]["installs"].as_object().unwrap().len()
    };
    let before = records();
    let hashes = indexed(&larder);
    for hash in hashes.iter().filter(|hash| *hash != hello::HASH) {
        larder.ask("DELETE", &format!("/api/v1/mirrors/m/specs/{hash}")).token(ADMIN).send().expect(200);
    }
    assert_eq!(records(), before, "they are dependencies now");
    expect_run(&larder.reindex("m"), 0, 0, 0, 0);
    let spec: larder_shared::api::Spec = larder.api(&format!("mirrors/m/specs/{}", hello::HASH));
    assert_eq!(records(), spec.nodes.len());
    assert_eq!(indexed(&larder), BTreeSet::from([hello::HASH.to_owned()]));
}

#[test]
fn the_scheduled_event_takes_what_it_finds_a_page_at_a_time() {
    let larder = larder_with_empty_mirror();
    let found: Vec<_> = (0..60).map(|number| MadeUp::new("found", &format!("1.{number}"))).collect();
    for package in &found {
        larder.put_object(&format!("m/{}", package.spec_path()), &package.spec_file());
        larder.put_object(&format!("m/{}", blob_path(&package.tarball)), &package.tarball);
    }
    larder
        .put(&format!("/mirrors/m/{}", MadeUp::new("waits", "1").tarball_path()), b"x")
        .token(ADMIN)
        .send()
        .expect(201);
    let specs = || larder.api::<Mirror>("mirrors/m").specs;
    larder.run_schedule();
    wait::until("the first page is taken", || (specs() == 40).then_some(()));
    larder.run_schedule();
    wait::until("the second page is taken", || (specs() == 60).then_some(()));
    let run = wait::until("the run ends", || {
        larder.run_schedule();
        larder.api::<Mirror>("mirrors/m").reindex.filter(|run| run.ended.is_some())
    });
    assert!(!run.asked);
    expect_run(&run, 60, 0, 0, 0);
    assert_eq!(read_v2(&larder.mirror("m")).len(), 60);
    assert!(larder.stored().iter().any(|(key, _)| key.contains("/staged/")), "an upload of today waits");
    // Not again on the same day.
    larder.run_schedule();
    assert_eq!(larder.api::<Mirror>("mirrors/m").reindex, Some(run));
}

#[test]
fn a_run_that_a_power_cut_ends_goes_on() {
    let mut larder = Larder::start();
    larder.push(&fixture("mirror-v2"), "m");
    larder.forget_indexes();
    larder.post("/api/v1/mirrors/m/reindex", "").token(ADMIN).send().expect(202);
    larder.kill_and_restart();
    larder.run_schedule();
    let run = larder.wait_for_reindex("m");
    assert_eq!((run.problems, run.removed, run.asked), (0, 0, true), "{run:?}");
    assert_eq!(indexed(&larder).len(), 53);
}

#[test]
fn a_mirror_that_is_read_through_is_not_reindexed() {
    let larder = Larder::start();
    larder.make_mirror_of("through", "http://127.0.0.1:9");
    let error = larder.post("/api/v1/mirrors/through/reindex", "").token(ADMIN).send().expect_error(400);
    assert!(error.message.contains("read through"), "{error:?}");
    larder.post("/api/v1/mirrors/nothing/reindex", "").token(ADMIN).send().expect_error(404);
    larder.post("/api/v1/mirrors/through/reindex", "").send().expect_error(401);
}
