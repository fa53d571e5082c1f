//! Uploads: what is accepted becomes visible whole, once, and whatever comes in between.

use std::{collections::BTreeSet, fs, thread};

use larder_shared::{api, digest::Digest, layout::v2};
use larder_tests::{
    difference::expect_same_bytes,
    fixtures::{fixture, hello},
    http::Answer,
    larder::{ADMIN, Larder},
    package::{MadeUp, blob_path, noise},
    program,
    spack::{Folder, packages_of, read_v2, read_v3},
};

fn put(larder: &Larder, path: &str, body: &[u8]) -> Answer {
    larder.put(&format!("/mirrors/m/{path}"), body).token(ADMIN).send()
}

fn get(larder: &Larder, path: &str) -> Answer {
    larder.get(&format!("/mirrors/m/{path}")).send()
}

/// Uploads a package by its blob and its spec file.
fn put_package(larder: &Larder, package: &MadeUp) {
    put(larder, &blob_path(&package.tarball), &package.tarball).expect(201);
    put(larder, &package.spec_path(), &package.spec_file()).expect(201);
}

/// The hashes of the packages that the index offers.
fn offered(larder: &Larder) -> BTreeSet<String> {
    let index = get(larder, "build_cache/index.json").expect(200);
    packages_of(&index.body).iter().map(|node| node.hash.to_string()).collect()
}

#[test]
fn the_same_bytes_again_change_nothing() {
    let larder = Larder::start();
    larder.put_hello("m");
    let v3_spec_manifest = get(&larder, hello::MANIFEST).expect(200).body;
    put(&larder, hello::MANIFEST, &v3_spec_manifest).expect(201);
    let state = || {
        let mirror: api::Mirror = larder.api("mirrors/m");
        let etags = ["build_cache/index.json", "v3/manifests/index/index.manifest.json", hello::SPEC, hello::KEY]
            .map(|path| get(&larder, path).expect(200).expect_header("etag").to_owned());
        (mirror.generation, mirror.updated, etags, larder.stored())
    };
    let before = state();
    let tarball = hello::file(hello::TARBALL);
    for (path, body) in [
        (hello::KEY, hello::file(hello::KEY)),
        (&blob_path(&tarball), tarball.clone()),
        (hello::TARBALL, tarball),
        (hello::SPEC, hello::file(hello::SPEC)),
        (hello::MANIFEST, v3_spec_manifest),
    ] {
        let answer = put(&larder, path, &body).expect(200);
        let stored: api::Stored = answer.json();
        assert_eq!(stored, api::Stored { path: path.to_owned(), changed: false }, "{answer:?}");
    }
    assert_eq!(state(), before);
}

#[test]
fn other_bytes_under_an_immutable_path_are_refused_and_the_old_ones_stay() {
    let larder = Larder::start();
    let package = MadeUp::new("zlib", "1.3");
    put_package(&larder, &package);
    let other = package.clone().with_tarball(b"built once more".to_vec());
    put(&larder, &blob_path(&other.tarball), &other.tarball).expect(201);
    let spec = package.spec_file();
    let respaced = [&spec[..], b"\n"].concat();
    for (path, body) in [
        // The same package built again has another tarball.
        (package.spec_path(), other.spec_file()),
        (package.spec_path(), respaced),
        (package.tarball_path(), other.tarball.clone()),
    ] {
        let error = put(&larder, &path, &body).expect_error(409);
        assert_eq!(error.code, api::ErrorCode::Conflict, "{path}: {error:?}");
    }
    expect_same_bytes("the spec file", &get(&larder, &package.spec_path()).expect(200).body, &spec);
    expect_same_bytes("the tarball", &get(&larder, &package.tarball_path()).expect(200).body, &package.tarball);
    let manifest = get(&larder, &package.manifest_path()).expect(200);
    assert!(manifest.text().contains(&Digest::of(&package.tarball).to_string()), "{manifest:?}");
}

#[test]
fn a_package_pushed_in_the_other_layout_must_have_the_same_tarball() {
    let larder = Larder::start();
    let package = MadeUp::new("zlib", "1.3");
    put_package(&larder, &package);
    let other = package.clone().with_tarball(b"built once more".to_vec());
    // As v3: the spec blob derived for the first one, the other tarball.
    let manifest = get(&larder, &package.manifest_path()).expect(200).text().to_owned();
    put(&larder, &blob_path(&other.tarball), &other.tarball).expect(201);
    let manifest =
        manifest.replace(&Digest::of(&package.tarball).to_string(), &Digest::of(&other.tarball).to_string()).replace(
            &format!("\"contentLength\":{}", package.tarball.len()),
            &format!("\"contentLength\":{}", other.tarball.len()),
        );
    put(&larder, &package.manifest_path(), manifest.as_bytes()).expect_error(409);
    expect_same_bytes("the tarball", &get(&larder, &package.tarball_path()).expect(200).body, &package.tarball);
    let served = get(&larder, &package.manifest_path()).expect(200);
    assert!(served.text().contains(&Digest::of(&package.tarball).to_string()), "{served:?}");
}

#[test]
fn a_document_sent_before_its_blob_is_taken_when_the_blob_has_come() {
    let larder = Larder::start();
    let package = MadeUp::new("zlib", "1.3");
    put_package(&larder, &MadeUp::new("first", "1.0"));
    let error = put(&larder, &package.spec_path(), &package.spec_file()).expect_error(422);
    assert_eq!(error.code, api::ErrorCode::BlobUnknown);
    get(&larder, &package.spec_path()).expect(404);
    put_package(&larder, &package);
    assert!(offered(&larder).contains(&package.hash));
}

#[test]
fn a_tarball_at_its_v2_path_waits_unseen_for_the_spec_file() {
    let larder = Larder::start();
    let package = MadeUp::new("zlib", "1.3");
    put(&larder, &package.tarball_path(), &package.tarball).expect(201);
    get(&larder, &package.tarball_path()).expect(404);
    assert!(offered(&larder).is_empty());
    put(&larder, &package.spec_path(), &package.spec_file()).expect(201);
    expect_same_bytes("the tarball", &get(&larder, &package.tarball_path()).expect(200).body, &package.tarball);
    expect_same_bytes("the blob", &get(&larder, &blob_path(&package.tarball)).expect(200).body, &package.tarball);
    assert_eq!(offered(&larder), BTreeSet::from([package.hash]));
}

#[test]
fn a_tarball_that_is_not_the_one_its_spec_file_names_is_dropped() {
    let larder = Larder::start();
    put_package(&larder, &MadeUp::new("first", "1.0"));
    let before = larder.stored();
    let package = MadeUp::new("zlib", "1.3");
    put(&larder, &package.tarball_path(), b"something else").expect(201);
    let error = put(&larder, &package.spec_path(), &package.spec_file()).expect_error(400);
    assert_eq!(error.code, api::ErrorCode::DigestInvalid);
    for path in [package.tarball_path(), package.spec_path(), package.manifest_path(), blob_path(b"something else")] {
        get(&larder, &path).expect(404);
    }
    assert_eq!(larder.stored(), before);
    // The right one is taken after that.
    put(&larder, &package.tarball_path(), &package.tarball).expect(201);
    put(&larder, &package.spec_path(), &package.spec_file()).expect(201);
    get(&larder, &package.tarball_path()).expect(200);
}

#[test]
fn index_documents_are_taken_without_effect() {
    let larder = Larder::start();
    larder.put_hello("m");
    let keys = format!("v3/manifests/key/{}.key.manifest.json", hello::SIGNER);
    let paths = [
        "build_cache/index.json",
        "build_cache/index.json.hash",
        "build_cache/_pgp/index.json",
        "v3/layout.json",
        "v3/manifests/index/index.manifest.json",
        "v3/manifests/key/keys.manifest.json",
    ];
    let read = || paths.map(|path| get(&larder, path).expect(200).body);
    let (before, stored) = (read(), larder.stored());
    for path in paths {
        let stored: api::Stored = put(&larder, path, b"whatever a client makes of it").expect(200).json();
        assert!(!stored.changed, "{path}");
    }
    assert!(read() == before);
    assert_eq!(larder.stored(), stored);
    get(&larder, &keys).expect(200);
}

#[test]
fn pushes_at_the_same_time_lose_nothing() {
    let larder = Larder::start();
    let folder = Folder(fixture("mirror-v2"));
    let packages: Vec<_> = read_v2(&folder).into_values().collect();
    assert_eq!(packages.len(), 53);
    thread::scope(|scope| {
        for worker in 0..8 {
            let (larder, packages) = (&larder, &packages);
            scope.spawn(move || {
                for package in packages.iter().skip(worker).step_by(8) {
                    put(larder, &package.tarball_path, &package.tarball).expect(201);
                    put(larder, &package.path, &package.document).expect(201);
                }
            });
        }
    });
    let mirror: api::Mirror = larder.api("mirrors/m");
    assert_eq!((mirror.specs, mirror.packages, mirror.generation), (53, 53, 53));
    assert!(read_v2(&larder.mirror("m")).into_values().eq(packages), "the packages differ");
}

#[test]
fn the_same_package_pushed_by_many_at_once_is_there_once() {
    let larder = Larder::start();
    let package = MadeUp::new("zlib", "1.3");
    let statuses: Vec<u16> = thread::scope(|scope| {
        let push = || {
            assert!([200, 201].contains(&put(&larder, &blob_path(&package.tarball), &package.tarball).status));
            put(&larder, &package.spec_path(), &package.spec_file()).status
        };
        let all: Vec<_> = (0..8).map(|_| scope.spawn(push)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| [200, 201].contains(status)) && statuses.contains(&201), "{statuses:?}");
    let mirror: api::Mirror = larder.api("mirrors/m");
    assert_eq!((mirror.specs, mirror.generation, mirror.bytes), (1, 1, package.tarball.len() as u64));
    assert_eq!(offered(&larder), BTreeSet::from([package.hash]));
}

#[test]
fn a_server_that_is_killed_forgets_nothing() {
    let mut larder = Larder::start();
    larder.push(&fixture("mirror-v2-unsigned"), "m");
    let package = MadeUp::new("zlib", "1.3");
    put(&larder, &package.tarball_path(), &package.tarball).expect(201);
    let before: api::Mirror = larder.api("mirrors/m");
    let index = get(&larder, "build_cache/index.json").expect(200).body;
    larder.kill_and_restart();
    assert_eq!(larder.api::<api::Mirror>("mirrors/m"), before);
    expect_same_bytes("the index", &get(&larder, "build_cache/index.json").expect(200).body, &index);
    let expected = read_v2(&Folder(fixture("mirror-v2-unsigned")));
    assert!(read_v2(&larder.mirror("m")) == expected, "the packages differ");
    assert_eq!(read_v3(&larder.mirror("m")).len(), expected.len());
    // Also what waited.
    put(&larder, &package.spec_path(), &package.spec_file()).expect(201);
    assert!(offered(&larder).contains(&package.hash));
}

#[test]
fn a_spec_file_of_an_older_spack_is_served_as_it_came() {
    let larder = Larder::start();
    // Spack 0.21 and before left `=` in paths, as in versions of git branches.
    let package = MadeUp::new("zlib", "git.main=1.3");
    let spec = package.spec_file();
    let path = package.spec_path();
    assert!(matches!(path.parse(), Ok(larder_shared::layout::LayoutPath::V2(v2::Path::Spec { .. }))), "{path}");
    put(&larder, &blob_path(&package.tarball), &package.tarball).expect(201);
    put(&larder, &path, &spec).expect(201);
    expect_same_bytes(&path, &get(&larder, &path).expect(200).body, &spec);
}

#[test]
fn a_large_package_is_pushed_in_parts() {
    let larder = Larder::start();
    let package = MadeUp::new("zlib", "1.3").with_tarball(noise(7, 12_000_001));
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in [(package.spec_path(), package.spec_file()), (package.tarball_path(), package.tarball.clone())]
    {
        let place = folder.path().join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, bytes).unwrap();
    }
    let url = format!("http://{}/mirrors/m", larder.address());
    let output = program::run(program::command().arg("push").arg(folder.path()).arg(url).args(["--part-size", "5"]));
    assert!(output.status.success(), "{output:?}");
    let tarball = get(&larder, &package.tarball_path()).expect(200);
    assert!(tarball.body == package.tarball, "the tarball that arrived is another");
    let left = larder.stored().into_iter().filter(|(key, _)| key.contains("/staged/")).count();
    assert_eq!(left, 0);
}
