//! Blobs: pushed in one request or two, mounted, read whole and in part, deleted.

use larder_shared::{digest::Digest, layout::v3, oci::digest::ContentDigest, package::SpecManifest};
use larder_tests::{
    http::Answer,
    larder::Larder,
    oci::{Image, Repository},
    package::{MadeUp, blob_path, noise},
    spack::packages_of,
};

use super::sha512;

/// Expects a blob to be read back, by HEAD, GET and Spack's own path where it has one.
fn expect_blob(larder: &Larder, repository: &Repository<'_>, digest: &ContentDigest, bytes: &[u8]) {
    let path = format!("blobs/{digest}");
    for answer in [repository.head(&path).send(), repository.get(&path).send()] {
        let answer = answer.expect(200).expect_digest(digest);
        assert_eq!(answer.expect_header("content-length"), bytes.len().to_string(), "{answer:?}");
        assert_eq!(answer.expect_header("content-type"), "application/octet-stream", "{answer:?}");
        let is_head = answer.what.starts_with("HEAD");
        assert!(answer.body == if is_head { b"" } else { bytes }, "other bytes: {answer:?}");
    }
    if let Some(sha256) = digest.sha256() {
        let as_spack = larder.get(&format!("/mirrors/m/{}", blob_path(bytes))).send().expect(200);
        assert!(Digest::of(&as_spack.body) == sha256, "other bytes: {as_spack:?}");
    }
}

/// Expects the answer to the end of an upload, which says where the blob is.
fn expect_created(answer: Answer, digest: &ContentDigest) {
    let answer = answer.expect(201).expect_digest(digest);
    assert_eq!(answer.expect_header("location"), format!("/v2/m/blobs/{digest}"), "{answer:?}");
}

#[test]
fn a_blob_is_pushed_in_one_request_or_two_under_either_algorithm() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let contents = [noise(1, 5_000), noise(2, 1), Vec::new(), b"{}".to_vec()];
    for (number, bytes) in contents.iter().enumerate() {
        for digest in [ContentDigest::of(bytes), sha512(bytes)] {
            repository.head(&format!("blobs/{digest}")).send().expect(404);
            // The next of the same digest is pushed the other way.
            if number % 2 == 0 {
                let post = repository.ask("POST", &format!("blobs/uploads/?digest={digest}"));
                expect_created(post.body(bytes).send(), &digest);
            } else {
                expect_created(repository.finish(&repository.begin(), &digest, bytes), &digest);
            }
            expect_blob(&larder, &repository, &digest, bytes);
        }
    }
    // Again, by the other way: the same blob.
    for bytes in &contents {
        let digest = ContentDigest::of(bytes);
        expect_created(repository.finish(&repository.begin(), &digest, bytes), &digest);
        repository.push_blob(bytes);
        expect_blob(&larder, &repository, &digest, bytes);
    }
}

#[test]
fn a_blob_that_is_not_there_is_unknown() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let digest = ContentDigest::of(b"never");
    repository.get(&format!("blobs/{digest}")).send().expect_refusal(404, "NAME_UNKNOWN");
    repository.push_blob(b"first");
    for digest in [digest, sha512(b"never")] {
        repository.get(&format!("blobs/{digest}")).send().expect_refusal(404, "BLOB_UNKNOWN");
        assert_eq!(repository.head(&format!("blobs/{digest}")).send().expect(404).body, b"");
        repository.delete(&format!("blobs/{digest}")).send().expect_refusal(404, "BLOB_UNKNOWN");
    }
}

#[test]
fn a_blob_is_read_in_part_and_not_again() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let bytes = noise(3, 4_096);
    let digest = repository.push_blob(&bytes);
    let path = format!("blobs/{digest}");
    for (range, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=500-1499", 500, 1_499),
        ("bytes=500-", 500, 4_095),
        ("bytes=-500", 3_596, 4_095),
        ("bytes=2000-9999", 2_000, 4_095),
    ] {
        let answer = repository.get(&path).header("Range", range).send().expect(206).expect_digest(&digest);
        assert!(answer.body == bytes[first..=last], "{range}: {answer:?}");
        assert_eq!(answer.expect_header("content-range"), format!("bytes {first}-{last}/4096"), "{range}");
        assert_eq!(answer.expect_header("content-length"), (last - first + 1).to_string(), "{range}");
    }
    let answer = repository.get(&path).header("Range", "bytes=5000-10000").send().expect(416);
    assert_eq!(answer.expect_header("content-range"), "bytes */4096");
    // A range that is none is not one.
    assert!(repository.get(&path).header("Range", "bytes=500-0").send().expect(200).body == bytes);

    let etag = repository.head(&path).send().expect(200).expect_header("etag").to_owned();
    for asked in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()] {
        let answer = repository.get(&path).header("If-None-Match", &asked).send().expect(304).expect_digest(&digest);
        assert_eq!(answer.body, b"", "{asked}");
    }
    repository.get(&path).header("If-None-Match", "\"other\"").send().expect(200);
    for (if_range, status) in [(&etag[..], 206), ("\"other\"", 200)] {
        repository.get(&path).header("Range", "bytes=0-9").header("If-Range", if_range).send().expect(status);
    }
}

#[test]
fn a_blob_of_another_repository_is_mounted() {
    let larder = Larder::start();
    let (from, into) = (larder.repository("base/image"), larder.repository("m"));
    let contents = [noise(4, 100_000), noise(5, 70_000)];
    let [named, unnamed] = contents.each_ref().map(|bytes| from.push_blob(bytes));
    let mount = |digest: &ContentDigest, from: &str| {
        into.ask("POST", &format!("blobs/uploads/?mount={digest}{from}")).body(b"").send()
    };
    expect_created(mount(&named, "&from=base%2Fimage"), &named);
    expect_blob(&larder, &into, &named, &contents[0]);
    // Without `from` the registry looks by itself.
    expect_created(mount(&unnamed, ""), &unnamed);
    expect_blob(&larder, &into, &unnamed, &contents[1]);
    // What is there already needs no source.
    expect_created(mount(&named, "&from=nowhere"), &named);
    let digest512 = sha512(b"of the other algorithm");
    from.ask("POST", &format!("blobs/uploads/?digest={digest512}")).body(b"of the other algorithm").send().expect(201);
    expect_created(mount(&digest512, "&from=base/image"), &digest512);

    // What is nowhere has to be uploaded: an upload begins.
    let bytes = noise(6, 3_000);
    let digest = ContentDigest::of(&bytes);
    for from in ["&from=base/image", "&from=nowhere", "&from=No+Name", ""] {
        let location = mount(&digest, from).expect(202).expect_header("location").to_owned();
        into.head(&format!("blobs/{digest}")).send().expect(404);
        into.ask_at("GET", &location).send().expect(204);
    }
    let location = mount(&digest, "").expect(202).expect_header("location").to_owned();
    expect_created(into.finish(&location, &digest, &bytes), &digest);
    expect_blob(&larder, &into, &digest, &bytes);
    from.head(&format!("blobs/{digest}")).send().expect(404);
}

#[test]
fn a_blob_is_deleted_when_nothing_needs_it() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let package = MadeUp::new("zlib", "1.3");
    repository.push_package(&package);
    let image = Image::new(b"{}", &[b"a layer"]);
    repository.push_image("v1", &image).expect(201);
    let manifest = larder.get(&format!("/mirrors/m/{}", package.manifest_path())).send().expect(200).body;
    let spec = SpecManifest::parse(&manifest).unwrap().spec.checksum;
    let spec = larder.get(&format!("/mirrors/m/{}", v3::Path::Blob(spec))).send().expect(200).body;
    let of = |bytes: &[u8]| format!("blobs/{}", ContentDigest::of(bytes));
    for needed in [&image.config, &image.layers[0], &package.tarball, &package.config(), &spec] {
        repository.delete(&of(needed)).send().expect_refusal(409, "DENIED");
        repository.get(&of(needed)).send().expect(200);
    }
    repository.delete(&format!("manifests/{}", image.digest())).send().expect(202);
    for free in [&image.config, &image.layers[0]] {
        repository.delete(&of(free)).send().expect(202);
        repository.get(&of(free)).send().expect_refusal(404, "BLOB_UNKNOWN");
    }
    // With its image a package is gone from every layout, and nothing needs its blobs.
    repository.delete(&format!("manifests/{}", package.image().digest())).send().expect(202);
    for path in [package.tarball_path(), package.spec_path(), package.manifest_path()] {
        larder.get(&format!("/mirrors/m/{path}")).send().expect(404);
    }
    let index = larder.get("/mirrors/m/build_cache/index.json").send().expect(200).body;
    assert!(packages_of(&index).is_empty());
    for free in [&package.config(), &package.tarball, &spec] {
        repository.delete(&of(free)).send().expect(202);
    }

    // A blob can come back.
    repository.push_blob(b"a layer");
    repository.get(&of(b"a layer")).send().expect(200);
    let digest = sha512(b"of the other algorithm");
    repository
        .ask("POST", &format!("blobs/uploads/?digest={digest}"))
        .body(b"of the other algorithm")
        .send()
        .expect(201);
    repository.delete(&format!("blobs/{digest}")).send().expect(202);
    repository.get(&format!("blobs/{digest}")).send().expect(404);
}
