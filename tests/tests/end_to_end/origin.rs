//! Mirrors that are read through from a static site on nginx.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, thread,
};

use larder_shared::{
    api::{ErrorCode, Layout, Mirror},
    layout::v2::TarballPath,
    name::DagHash,
};
use larder_tests::{
    difference::{expect_same_bytes, expect_same_json},
    fixtures::{self, fixture, hello},
    larder::{ADMIN, Larder},
    nginx::Site,
    package::{MadeUp, blob_path, index_of},
    spack::{
        Folder, Held, packages_of, read, read_v2, read_v2_keys, read_v2_package, read_v3, read_v3_keys, read_v3_package,
    },
    wait,
};
use serde_json::Value;

/// A Larder whose mirror `m` is read through from a site that serves a folder of the fixtures.
fn read_through(folder: &str) -> (Site, Larder) {
    let (site, larder) = (Site::of(&fixture(folder)), Larder::start());
    larder.make_mirror_of("m", &site.url());
    (site, larder)
}

fn refresh(larder: &Larder) -> Mirror {
    larder.post("/api/v1/mirrors/m/refresh", "").token(ADMIN).send().expect(200).json()
}

/// How often nginx sent each file that is not an index, a key or a list of keys.
fn times_sent(site: &Site) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for request in site.requests() {
        let is_package =
            request.path.contains("/blobs/") || request.path.contains("/linux-") || request.path.contains("/spec/");
        if request.method == "GET" && request.status == 200 && is_package {
            *times.entry(request.path).or_insert(0) += 1;
        }
    }
    times
}

fn expect_each_sent_once(site: &Site) {
    let often: Vec<_> = times_sent(site).into_iter().filter(|(_, times)| *times > 1).collect();
    assert!(often.is_empty(), "asked from the origin more than once: {often:?}");
}

fn tarballs(packages: &BTreeMap<DagHash, Held>) -> BTreeMap<&DagHash, &Vec<u8>> {
    packages.iter().map(|(hash, package)| (hash, &package.tarball)).collect()
}

#[test]
fn a_site_in_v2_is_served_byte_for_byte_and_derived_in_v3() {
    let (site, larder) = read_through("mirror-v2");
    let (mirror, folder) = (larder.mirror("m"), Folder(fixture("mirror-v2")));
    expect_same_json("the index", &read(&mirror, "build_cache/index.json"), &read(&folder, "build_cache/index.json"));
    let expected = read_v2(&folder);
    assert!(read_v2(&mirror) == expected, "the packages differ");
    let derived = read_v3(&mirror);
    assert_eq!(tarballs(&derived), tarballs(&expected));
    assert!(derived.values().all(|package| !package.signed));
    assert!(read_v2_keys(&mirror) == read_v2_keys(&folder) && read_v3_keys(&mirror) == read_v2_keys(&folder));
    expect_each_sent_once(&site);
    let figures: Mirror = larder.api("mirrors/m");
    assert_eq!((figures.specs, figures.signed, figures.unread_specs, figures.unsized_specs), (53, 53, 0, 0));
    assert_eq!(figures.bytes, expected.values().map(|package| package.tarball.len() as u64).sum::<u64>());
    assert_eq!(figures.layouts, [Layout::V2]);
    // All of it again asks the origin for no package.
    let before = times_sent(&site);
    assert!(read_v2(&mirror) == expected && read_v3(&mirror) == derived);
    assert_eq!(times_sent(&site), before);
}

#[test]
fn a_site_in_v2_may_be_read_in_v3_first() {
    let (site, larder) = read_through("mirror-v2");
    let (mirror, expected) = (larder.mirror("m"), read_v2(&Folder(fixture("mirror-v2"))));
    assert_eq!(tarballs(&read_v3(&mirror)), tarballs(&expected));
    assert!(read_v2(&mirror) == expected, "the packages differ");
    expect_each_sent_once(&site);
}

#[test]
fn a_site_in_v3_is_served_byte_for_byte_and_derived_in_v2() {
    let (site, larder) = read_through("mirror-v3");
    let (mirror, folder) = (larder.mirror("m"), Folder(fixture("mirror-v3")));
    let expected = read_v3(&folder);
    let derived = read_v2(&mirror);
    assert_eq!(tarballs(&derived), tarballs(&expected));
    assert!(derived.values().all(|package| !package.signed));
    assert!(read_v3(&mirror) == expected, "the packages differ");
    assert!(read_v2_keys(&mirror) == read_v3_keys(&folder) && read_v3_keys(&mirror) == read_v3_keys(&folder));
    expect_each_sent_once(&site);
    assert_eq!(larder.api::<Mirror>("mirrors/m").layouts, [Layout::V3]);
}

#[test]
fn a_site_without_an_index_still_serves_what_is_asked_by_path() {
    let (site, larder) = read_through("mirror-v2-unsigned");
    let packages = packages_of(&read(&Folder(fixture("mirror-v2-unsigned")), "build_cache/index.json"));
    fs::remove_file(site.root().join("build_cache/index.json")).unwrap();
    let error = larder.get("/mirrors/m/build_cache/index.json").send().expect_error(502);
    assert!(error.message.contains("has no index"), "{error:?}");
    let held = read_v2_package(&larder.mirror("m"), &packages[0]);
    assert!(held == read_v2_package(&Folder(fixture("mirror-v2-unsigned")), &packages[0]));
    larder.get(&format!("/mirrors/m/{}", MadeUp::new("never", "1.0").spec_path())).send().expect_error(404);
}

#[test]
fn an_origin_is_asked_conditionally_and_its_changes_are_taken_over() {
    let (site, larder) = read_through("mirror-v2-unsigned");
    let index_path = site.root().join("build_cache/index.json");
    let mut index: Value = serde_json::from_slice(&fs::read(&index_path).unwrap()).unwrap();
    let offered = || -> BTreeSet<String> {
        let index = larder.get("/mirrors/m/build_cache/index.json").send().expect(200);
        packages_of(&index.body).iter().map(|node| node.hash.to_string()).collect()
    };
    let asked = || -> Vec<u16> {
        let of_index = |request: &larder_tests::nginx::Logged| request.path == "/build_cache/index.json";
        site.requests().iter().filter(|request| of_index(request)).map(|request| request.status).collect()
    };
    let first = offered();
    assert_eq!((first.len(), asked()), (18, vec![200]));
    let generation = refresh(&larder).generation;
    assert_eq!((refresh(&larder).generation, asked()), (generation, vec![200, 304, 304]));

    // A new package, seen by the scheduled event.
    let new = MadeUp::new("new", "1.0");
    for (path, bytes) in [(new.spec_path(), new.spec_file()), (new.tarball_path(), new.tarball.clone())] {
        fixtures::write(&site.root().join(path), &bytes);
    }
    let record: Value = serde_json::from_slice(&index_of([&new.node()])).unwrap();
    index["database"]["installs"][&new.hash] = record["database"]["installs"][&new.hash].clone();
    fixtures::write(&index_path, index.to_string().as_bytes());
    larder.run_schedule();
    let mut expected = first.clone();
    expected.insert(new.hash.clone());
    assert_eq!(offered(), expected);
    let tarball = larder.get(&format!("/mirrors/m/{}", new.tarball_path())).send().expect(200);
    assert_eq!(tarball.body, new.tarball);
    assert_eq!(refresh(&larder).specs, 19);

    // A package goes.
    let gone = first.first().unwrap();
    let removed = index["database"]["installs"].as_object_mut().unwrap().remove(gone);
    assert!(removed.is_some());
    fixtures::write(&index_path, index.to_string().as_bytes());
    assert_eq!(refresh(&larder).specs, 18);
    expected.remove(gone);
    assert_eq!(offered(), expected);
    larder.get(&format!("/api/v1/mirrors/m/specs/{gone}")).send().expect_error(404);
}

#[test]
fn a_reader_sees_a_change_without_anybody_asking_for_it() {
    let (site, larder) =
        (Site::of(&fixture("mirror-v2-unsigned")), Larder::start_with(&[("LARDER_ORIGIN_FRESH_SECONDS", "0")]));
    larder.make_mirror_of("m", &site.url());
    let index = || larder.get("/mirrors/m/build_cache/index.json").send().expect(200).body;
    assert_eq!(packages_of(&index()).len(), 18);
    let only = MadeUp::new("only", "1.0");
    fixtures::write(&site.root().join("build_cache/index.json"), &index_of([&only.node()]));
    // What is known is answered at once, and the origin is asked meanwhile.
    wait::until("the change is seen", || (packages_of(&index()).len() == 1).then_some(()));
}

#[test]
fn readers_who_come_first_together_all_get_the_index() {
    let (site, larder) = read_through("mirror-v2");
    let bodies: Vec<_> = thread::scope(|scope| {
        let read = || larder.get("/mirrors/m/build_cache/index.json").send().expect(200).body;
        let all: Vec<_> = (0..8).map(|_| scope.spawn(read)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(bodies.iter().all(|body| packages_of(body).len() == 53));
    let times = site.requests().iter().filter(|request| request.path == "/build_cache/index.json").count();
    assert_eq!(times, 1, "the index was asked from the origin more than once");
}

#[test]
fn readers_who_ask_for_the_same_package_together_all_get_it() {
    let (_site, larder) = read_through("mirror-v2");
    let tarball = hello::file(hello::TARBALL);
    let blob = blob_path(&tarball);
    thread::scope(|scope| {
        for path in [hello::TARBALL, hello::SPEC, hello::MANIFEST, &blob].into_iter().cycle().take(12) {
            let (larder, tarball) = (&larder, &tarball);
            scope.spawn(move || {
                let answer = larder.get(&format!("/mirrors/m/{path}")).send();
                match path {
                    hello::TARBALL => expect_same_bytes(path, &answer.expect(200).body, tarball),
                    hello::SPEC => expect_same_bytes(path, &answer.expect(200).body, &hello::file(path)),
                    // Its manifest may not have been read yet, which says where the blob is.
                    _ => assert!([200, 404].contains(&answer.status), "{answer:?}"),
                }
            });
        }
    });
}

#[test]
fn a_site_that_is_down_is_not_missed_by_those_who_read_before() {
    let (mut site, mut larder) = read_through("mirror-v2");
    let nodes = packages_of(&read(&larder.mirror("m"), "build_cache/index.json"));
    let (kept, never) = nodes.split_at(26);
    let v2: Vec<_> = kept.iter().map(|node| read_v2_package(&larder.mirror("m"), node)).collect();
    let v3: Vec<_> = kept.iter().map(|node| read_v3_package(&larder.mirror("m"), node)).collect();
    let index = read(&larder.mirror("m"), "build_cache/index.json");
    let keys = read_v2_keys(&larder.mirror("m"));
    let before = refresh(&larder);
    site.stop();

    let expect_kept = |larder: &Larder| {
        let mirror = larder.mirror("m");
        assert!(kept.iter().map(|node| read_v2_package(&mirror, node)).eq(v2.iter().cloned()));
        assert!(kept.iter().map(|node| read_v3_package(&mirror, node)).eq(v3.iter().cloned()));
        expect_same_bytes("the index", &read(&mirror, "build_cache/index.json"), &index);
        assert!(read_v2_keys(&mirror) == keys && read_v3_keys(&mirror) == keys);
    };
    expect_kept(&larder);
    let stored = larder.stored();
    for node in &never[..3] {
        let path = format!("/mirrors/m/build_cache/{}", TarballPath::of(node));
        let error = larder.get(&path).send().expect_error(502);
        assert_eq!(error.code, ErrorCode::OriginFailed);
        assert!(error.message.contains(&site.url()) && error.next.is_some(), "{error:?}");
    }
    assert_eq!(larder.stored(), stored);
    let error = larder.post("/api/v1/mirrors/m/refresh", "").token(ADMIN).send().expect_error(502);
    assert_eq!(error.code, ErrorCode::OriginFailed);
    let (mirror, state) = (larder.api::<Mirror>("mirrors/m"), larder.api::<Mirror>("mirrors/m").origin_state.unwrap());
    assert!(state.error.is_some_and(|error| error.contains(&site.url())) && state.asked >= state.fresh);
    assert_eq!((mirror.specs, mirror.generation), (53, before.generation));
    // The scheduled event goes on to other mirrors.
    larder.run_schedule();
    expect_kept(&larder);
    larder.kill_and_restart();
    expect_kept(&larder);

    site.start();
    assert_eq!(refresh(&larder).origin_state.unwrap().error, None);
    assert!(read_v2(&larder.mirror("m")) == read_v2(&Folder(fixture("mirror-v2"))), "the packages differ");
}
