//! Bytes of an origin that are not what they should be: refused, and not kept.

use std::{fs, io::Read, net::TcpStream};

use larder_shared::{
    api::{ErrorCode, Mirror},
    digest::Digest,
    layout::manifest::{BlobRecord, INDEX_V8, Manifest},
};
use larder_tests::{
    difference::expect_same_bytes,
    fixtures::{self, fixture, hello},
    larder::{ADMIN, Larder},
    nginx::Site,
    origin::{Origin, Reply},
    package::{MadeUp, blob_path, index_of, noise},
    wait,
};

/// More than is stored before it is sent.
const LARGE: usize = 20 << 20;

/// How much of a large blob is held back until all of it was checked.
const WITHHELD: usize = 64 << 10;

/// Whether mirror `m` keeps a blob of these bytes.
fn is_kept(larder: &Larder, bytes: &[u8]) -> bool {
    let blob = format!("m/{}", blob_path(bytes));
    larder.stored().iter().any(|(key, _)| *key == blob)
}

/// Changes one byte of a file.
fn tamper(site: &Site, path: &str, at: usize) {
    let file = site.root().join(path);
    let mut bytes = fs::read(&file).unwrap();
    bytes[at] ^= 1;
    fs::write(&file, bytes).unwrap();
}

/// A site with one package whose tarball is large.
fn site_with_large_package() -> (Site, MadeUp) {
    let package = MadeUp::new("large", "1.0").with_tarball(noise(1, LARGE));
    let site = Site::empty();
    fixtures::write(&site.root().join(package.spec_path()), &package.spec_file());
    fixtures::write(&site.root().join(package.tarball_path()), &package.tarball);
    (site, package)
}

#[test]
fn a_tampered_tarball_of_a_v2_site_is_refused_and_not_kept() {
    let (site, larder) = (Site::of(&fixture("mirror-v2")), Larder::start());
    larder.make_mirror_of("m", &site.url());
    tamper(&site, hello::TARBALL, 5_000);
    let tarball = hello::file(hello::TARBALL);
    // Spack 0.23 asks for the first, Spack 1.x for the others.
    larder.get(&format!("/mirrors/m/{}", hello::SPEC)).send().expect(200);
    larder.get("/mirrors/m/v3/manifests/index/index.manifest.json").send().expect(200);
    larder.get(&format!("/mirrors/m/{}", hello::MANIFEST)).send().expect(200);
    for path in [hello::TARBALL.to_owned(), blob_path(&tarball)] {
        for _ in 0..2 {
            let error = larder.get(&format!("/mirrors/m/{path}")).send().expect_error(502);
            assert_eq!(error.code, ErrorCode::OriginFailed);
            assert!(error.message.contains("sha256") && error.message.contains(&site.url()), "{error:?}");
            assert!(!is_kept(&larder, &tarball));
        }
    }
    tamper(&site, hello::TARBALL, 5_000);
    for path in [hello::TARBALL.to_owned(), blob_path(&tarball)] {
        expect_same_bytes(&path, &larder.get(&format!("/mirrors/m/{path}")).send().expect(200).body, &tarball);
    }
}

#[test]
fn tampered_blobs_of_a_v3_site_are_refused_and_not_kept() {
    let (site, larder) = (Site::of(&fixture("mirror-v3")), Larder::start());
    larder.make_mirror_of("m", &site.url());
    larder.get("/mirrors/m/v3/manifests/index/index.manifest.json").send().expect(200);
    let manifest = fs::read(fixture("mirror-v3").join(hello::MANIFEST)).unwrap();
    let manifest = larder_shared::package::SpecManifest::parse(&manifest).unwrap();
    let path = |digest: Digest| format!("blobs/sha256/{}/{digest}", digest.shard());
    let (tarball, spec) = (path(manifest.tarball.checksum), path(manifest.spec.checksum));
    let get = |path: &str| larder.get(&format!("/mirrors/m/{path}")).send();
    let kept = |path: &str| larder.stored().iter().any(|(key, _)| key == &format!("m/{path}"));

    tamper(&site, &spec, 100);
    get(hello::MANIFEST).expect_error(502);
    assert!(!kept(&spec) && !kept(hello::MANIFEST));
    tamper(&site, &spec, 100);
    tamper(&site, &tarball, 100);
    get(hello::MANIFEST).expect(200);
    for path in [&tarball, hello::TARBALL] {
        get(path).expect_error(502);
        assert!(!kept(&tarball));
    }
    tamper(&site, &tarball, 100);
    for path in [&tarball, hello::TARBALL] {
        expect_same_bytes(path, &get(path).expect(200).body, &hello::file(hello::TARBALL));
    }
}

#[test]
fn a_tampered_index_of_a_v3_site_is_refused_and_the_known_one_stays() {
    let (site, larder) = (Site::of(&fixture("mirror-v3")), Larder::start());
    larder.make_mirror_of("m", &site.url());
    let index = || larder.get("/mirrors/m/build_cache/index.json").send().expect(200).body;
    let (before, manifest) = (index(), "v3/manifests/index/index.manifest.json");
    let text = fs::read_to_string(site.root().join(manifest)).unwrap();
    let digest = text.split("\"checksum\":\"").nth(1).unwrap().split('"').next().unwrap();
    // Letters in a name, so that it stays an index; the manifest is new, so that it is read again.
    let path = format!("blobs/sha256/{}/{digest}", &digest[..2]);
    let blob = fs::read_to_string(site.root().join(&path)).unwrap();
    fs::write(site.root().join(&path), blob.replace("\"hello-larder\"", "\"hello-burglar\"")).unwrap();
    fs::write(site.root().join(manifest), format!("{text}\n")).unwrap();
    let error = larder.post("/api/v1/mirrors/m/refresh", "").token(ADMIN).send().expect_error(502);
    assert_eq!(error.code, ErrorCode::OriginFailed);
    expect_same_bytes("the index", &index(), &before);
}

#[test]
fn no_record_of_a_tampered_index_is_seen() {
    // So many that they are not all handed on at once.
    let nodes: Vec<_> = (0..500).map(|number| MadeUp::new("zlib", &format!("1.{number}")).node()).collect();
    let index = String::from_utf8(index_of(&nodes)).unwrap().replace(r#""version":"7""#, r#""version":"8""#);
    let manifest = Manifest::new(vec![BlobRecord::new(INDEX_V8, Digest::of(index.as_bytes()), index.len() as u64)]);
    let serve = |index: String| {
        let manifest = manifest.to_json();
        move |path: &str| match path.trim_start_matches('/') {
            "v3/manifests/index/index.manifest.json" => Reply::found(manifest.clone()),
            path if path.starts_with("blobs/") => Reply::found(index.clone()),
            _ => Reply::status(404),
        }
    };
    let tampered = index.replace(r#""version":"1.499""#, r#""version":"9.499""#);
    assert_ne!(tampered, index);
    let origin = Origin::start(serve(tampered));
    let larder = Larder::start();
    larder.make_mirror_of("m", &origin.url());
    let error = larder.get("/mirrors/m/build_cache/index.json").send().expect_error(502);
    assert!(error.message.contains("sha256"), "{error:?}");
    assert_eq!(larder.api::<Mirror>("mirrors/m").specs, 0);
    origin.change(serve(index));
    larder.get("/mirrors/m/build_cache/index.json").send().expect(200);
    assert_eq!(larder.api::<Mirror>("mirrors/m").specs, 500);
    assert!(larder.stored().iter().all(|(key, _)| !key.contains("/staged/")), "the origin's index is still there");
}

#[test]
fn a_large_blob_is_sent_while_it_is_stored_and_asked_once() {
    let (site, package) = site_with_large_package();
    let larder = Larder::start();
    larder.make_mirror_of("m", &site.url());
    let path = format!("/mirrors/m/{}", package.tarball_path());
    let head = larder.head(&path).send().expect(200);
    assert_eq!(head.expect_header("content-length"), LARGE.to_string());
    for _ in 0..2 {
        expect_same_bytes(&path, &larder.get(&path).send().expect(200).body, &package.tarball);
    }
    let part = larder.get(&path).header("Range", "bytes=1000000-1000099").send().expect(206);
    expect_same_bytes("a part", &part.body, &package.tarball[1_000_000..1_000_100]);
    let of_tarball =
        |request: &&larder_tests::nginx::Logged| request.method == "GET" && request.path.ends_with(".spack");
    let sent = site.requests().iter().filter(of_tarball).filter(|request| request.status == 200).count();
    // The HEAD asks too, and breaks off.
    assert!(sent <= 2, "the tarball was asked {sent} times");
    assert!(is_kept(&larder, &package.tarball));
}

#[test]
fn a_tampered_large_blob_breaks_off_and_is_not_kept() {
    let (site, package) = site_with_large_package();
    let larder = Larder::start();
    larder.make_mirror_of("m", &site.url());
    tamper(&site, &package.tarball_path(), LARGE - 1);
    let path = format!("/mirrors/m/{}", package.tarball_path());
    let broken = larder.get(&path).send();
    assert!(broken.broken.is_some(), "a wrong blob came whole: {broken:?}");
    assert!(broken.body.len() <= LARGE - WITHHELD, "{} of {LARGE} bytes came", broken.body.len());
    assert!(!is_kept(&larder, &package.tarball));
    tamper(&site, &package.tarball_path(), LARGE - 1);
    expect_same_bytes(&path, &larder.get(&path).send().expect(200).body, &package.tarball);
    assert!(is_kept(&larder, &package.tarball));
}

#[test]
fn a_truncated_or_stalled_large_blob_breaks_off_and_is_not_kept() {
    let package = MadeUp::new("large", "1.0").with_tarball(noise(1, LARGE));
    let serve = |package: &MadeUp, tarball: Reply| {
        let (package, tarball) = (package.clone(), tarball);
        move |path: &str| match path.trim_start_matches('/') {
            path if path == package.spec_path() => Reply::found(package.spec_file()),
            path if path == package.tarball_path() => tarball.clone(),
            _ => Reply::status(404),
        }
    };
    let part = package.tarball[..LARGE - 100_000].to_vec();
    let cut = Reply::Cut { announced: LARGE, body: part.clone() };
    let stalled = Reply::Stall { announced: LARGE, body: part };
    let origin = Origin::start(serve(&package, cut));
    let larder = Larder::start_with(&[("LARDER_ORIGIN_TIMEOUT_SECONDS", "2")]);
    larder.make_mirror_of("m", &origin.url());
    let path = format!("/mirrors/m/{}", package.tarball_path());
    for reply in [None, Some(stalled)] {
        if let Some(reply) = reply {
            origin.change(serve(&package, reply));
        }
        let broken = larder.get(&path).send();
        assert!(broken.broken.is_some(), "a truncated blob came whole: {broken:?}");
        assert!(!is_kept(&larder, &package.tarball));
    }
    origin.change(serve(&package, Reply::found(package.tarball.clone())));
    expect_same_bytes(&path, &larder.get(&path).send().expect(200).body, &package.tarball);
    assert!(is_kept(&larder, &package.tarball));
}

#[test]
fn a_large_blob_is_stored_whole_although_its_reader_leaves() {
    let (mut site, package) = site_with_large_package();
    let larder = Larder::start();
    larder.make_mirror_of("m", &site.url());
    let path = format!("/mirrors/m/{}", package.tarball_path());
    let mut reader = TcpStream::connect(larder.address()).unwrap();
    std::io::Write::write_all(&mut reader, format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
    reader.read_exact(&mut vec![0; 1 << 20]).unwrap();
    drop(reader);
    wait::until("the blob is stored", || is_kept(&larder, &package.tarball).then_some(()));
    site.stop();
    expect_same_bytes(&path, &larder.get(&path).send().expect(200).body, &package.tarball);
}
