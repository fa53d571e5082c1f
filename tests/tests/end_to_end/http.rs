//! HTTP as RFC 9110 and Spack expect it: validators, ranges, caching, other sites' pages.

use larder_shared::layout::manifest::Manifest;
use larder_tests::{
    fixtures::hello,
    http::Answer,
    larder::{ADMIN, Larder},
    package::{MadeUp, blob_path},
};

const REVALIDATED: &str = "public, no-cache, no-transform";
const KEPT: &str = "public, max-age=300, no-transform";
const IMMUTABLE: &str = "public, max-age=31536000, immutable, no-transform";

/// A Larder with one package in mirror `m`, and a path of every kind of object with the
/// `Cache-Control` it should have.
fn larder_with_objects() -> (Larder, Vec<(String, &'static str)>) {
    let larder = Larder::start();
    larder.put_hello("m");
    let blobs_of = |path: &str| -> Vec<String> {
        let manifest = larder.get(&format!("/mirrors/m/{path}")).send().expect(200);
        let manifest = Manifest::parse(manifest.text()).unwrap();
        manifest
            .data
            .iter()
            .map(|record| format!("blobs/sha256/{}/{}", record.checksum.shard(), record.checksum))
            .collect()
    };
    let key_manifest = format!("v3/manifests/key/{}.key.manifest.json", hello::SIGNER);
    let manifests = [
        "v3/manifests/index/index.manifest.json",
        "v3/manifests/key/keys.manifest.json",
        &key_manifest,
        hello::MANIFEST,
    ];
    let mut objects: Vec<(String, &str)> = [
        "build_cache/index.json",
        "build_cache/index.json.hash",
        "build_cache/_pgp/index.json",
        hello::KEY,
        "v3/layout.json",
    ]
    .into_iter()
    .chain(manifests)
    .map(|path| (path.to_owned(), if path == hello::MANIFEST { KEPT } else { REVALIDATED }))
    .collect();
    objects.extend([hello::SPEC, hello::TARBALL].map(|path| (path.to_owned(), KEPT)));
    objects.extend(manifests.iter().flat_map(|path| blobs_of(path)).map(|path| (path, IMMUTABLE)));
    // Two indexes, the list of keys, the key, tarball and spec file.
    assert_eq!(objects.iter().filter(|(path, _)| path.starts_with("blobs/")).count(), 6);
    let objects = objects.into_iter().map(|(path, cache)| (format!("/mirrors/m/{path}"), cache)).collect();
    (larder, objects)
}

fn strong_etag(answer: &Answer) -> &str {
    let etag = answer.expect_header("etag");
    assert!(etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"'), "the ETag is not strong: {answer:?}");
    etag
}

#[test]
fn every_object_says_how_long_it_may_be_kept_and_is_never_encoded() {
    let (larder, objects) = larder_with_objects();
    for (path, cache_control) in &objects {
        let answer = larder.get(path).header("Accept-Encoding", "gzip, br, zstd").send().expect(200);
        strong_etag(&answer);
        assert_eq!(answer.expect_header("cache-control"), *cache_control, "{answer:?}");
        assert_eq!(answer.header("content-encoding"), None, "{answer:?}");
        assert_eq!(answer.expect_header("content-length"), answer.body.len().to_string(), "{answer:?}");
        assert_eq!(answer.expect_header("accept-ranges"), "bytes", "{answer:?}");
        assert_eq!(answer.expect_header("x-content-type-options"), "nosniff", "{answer:?}");
        let of_key = path.ends_with(".pub");
        let content_type = if of_key { "application/pgp-keys" } else { "application/octet-stream" };
        assert_eq!(answer.expect_header("content-type"), content_type, "{answer:?}");
    }
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    let (larder, mut objects) = larder_with_objects();
    objects.push(("/mirrors/m/build_cache/missing.spec.json".to_owned(), ""));
    objects.push(("/mirrors/unknown/build_cache/index.json".to_owned(), ""));
    for (path, _) in &objects {
        let (get, head) = (larder.get(path).send(), larder.head(path).send());
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{head:?}");
        let lasting = |answer: &Answer| {
            let mut headers = answer.headers.clone();
            headers.retain(|(name, _)| !["date", "connection", "transfer-encoding"].contains(&name.as_str()));
            if answer.status != 200 {
                headers.retain(|(name, _)| name != "content-length");
            }
            headers.sort();
            headers
        };
        assert_eq!(lasting(&head), lasting(&get), "{}", head.what);
    }
}

#[test]
fn a_client_that_has_the_object_gets_304() {
    let (larder, objects) = larder_with_objects();
    for (path, cache_control) in &objects {
        let etag = strong_etag(&larder.head(path).send().expect(200)).to_owned();
        // A zone may weaken ETags, so they are compared weakly.
        let list = format!("\"other\", {etag} , W/\"another\"");
        for asked in [&etag, &format!("W/{etag}"), &list, "*"] {
            for method in ["GET", "HEAD"] {
                let answer = larder.ask(method, path).header("If-None-Match", asked).send().expect(304);
                assert_eq!(answer.body, b"", "{answer:?}");
                assert_eq!(answer.expect_header("etag"), etag, "{answer:?}");
                assert_eq!(answer.expect_header("cache-control"), *cache_control, "{answer:?}");
            }
        }
        // It stands above a range.
        larder.get(path).header("If-None-Match", &etag).header("Range", "bytes=0-0").send().expect(304);
        for asked in ["\"other\"", "W/\"other\"", "other", ""] {
            larder.get(path).header("If-None-Match", asked).send().expect(200);
        }
    }
}

#[test]
fn a_range_is_answered_with_its_bytes() {
    let (larder, objects) = larder_with_objects();
    for (path, _) in &objects {
        let whole = larder.get(path).send().expect(200);
        let (etag, length) = (strong_etag(&whole), whole.body.len());
        let last = length - 1;
        for (asked, first, end) in [
            ("bytes=0-0".to_owned(), 0, 1),
            ("bytes=0-4".to_owned(), 0, 5),
            (format!("bytes=3-{}", length / 2), 3, length / 2 + 1),
            ("bytes=5-".to_owned(), 5, length),
            ("bytes=-7".to_owned(), length - 7, length),
            (format!("bytes={last}-{last}"), last, length),
            // What reaches beyond the end ends there.
            (format!("bytes=2-{}", length + 1000), 2, length),
            (format!("bytes=-{}", length + 1000), 0, length),
        ] {
            let part = larder.get(path).header("Range", &asked).send().expect(206);
            assert!(part.body == whole.body[first..end], "{asked} of {part:?}");
            let range = format!("bytes {first}-{}/{length}", end - 1);
            assert_eq!(part.expect_header("content-range"), range, "{asked} of {part:?}");
            assert_eq!(part.expect_header("content-length"), (end - first).to_string(), "{asked} of {part:?}");
            assert_eq!(part.expect_header("etag"), etag, "{asked} of {part:?}");
        }
        for asked in [format!("bytes={length}-"), format!("bytes={}-{}", length + 5, length + 9), "bytes=-0".to_owned()]
        {
            let refused = larder.get(path).header("Range", &asked).send();
            assert_eq!(refused.expect_header("content-range"), format!("bytes */{length}"), "{asked} of {refused:?}");
            refused.expect_error(416);
        }
        // What is no range, or several, is answered with the whole.
        for asked in ["bytes=4-2", "bytes=a-b", "bytes=-", "bytes=0-1,3-4", "lines=0-1", "bytes"] {
            let answer = larder.get(path).header("Range", asked).send().expect(200);
            assert!(answer.body == whole.body, "{asked} of {answer:?}");
        }
        // Only GET has ranges.
        for asked in ["bytes=0-0", &format!("bytes={length}-")] {
            let answer = larder.head(path).header("Range", asked).send().expect(200);
            assert_eq!(answer.expect_header("content-length"), length.to_string(), "{asked} of {answer:?}");
        }
    }
}

#[test]
fn a_range_of_another_version_is_answered_with_the_whole() {
    let (larder, objects) = larder_with_objects();
    for (path, _) in &objects {
        let whole = larder.get(path).send().expect(200);
        let etag = strong_etag(&whole);
        let with = |asked: &str| larder.get(path).header("Range", "bytes=1-3").header("If-Range", asked).send();
        assert_eq!(with(etag).expect(206).body, whole.body[1..4]);
        // A weak ETag does not promise the same bytes, and a date is not what we send.
        for other in ["\"other\"", &format!("W/{etag}"), "Sat, 21 Nov 2026 00:00:00 GMT"] {
            assert!(with(other).expect(200).body == whole.body, "If-Range: {other} of {path}");
        }
    }
}

#[test]
fn pages_of_other_sites_may_read() {
    let (larder, objects) = larder_with_objects();
    let paths = objects.iter().map(|(path, _)| (path.as_str(), "GET, HEAD, PUT")).chain([
        ("/api/v1/mirrors", "GET, HEAD, POST"),
        ("/api/v1/mirrors/m", "GET, HEAD, PATCH"),
        ("/mirrors/m/~token/v3/layout.json", "GET, HEAD"),
        ("/api/v1/mirrors/m/reindex", "POST"),
        ("/api/v1/mirrors/m/refresh", "POST"),
        ("/api/v1/tokens/0", "DELETE"),
    ]);
    for (path, methods) in paths {
        let answer = larder.ask("OPTIONS", path).header("Origin", "https://example.org").send().expect(204);
        assert_eq!(answer.expect_header("access-control-allow-origin"), "*", "{answer:?}");
        assert_eq!(answer.expect_header("access-control-allow-methods"), methods, "{answer:?}");
        assert!(answer.expect_header("access-control-allow-headers").contains("Authorization"), "{answer:?}");
        assert_eq!(answer.expect_header("allow"), methods, "{answer:?}");
        let answer = larder.get(path).header("Origin", "https://example.org").send();
        assert_eq!(answer.expect_header("access-control-allow-origin"), "*", "{answer:?}");
        if answer.status == 200 {
            assert!(answer.expect_header("access-control-expose-headers").contains("ETag"), "{answer:?}");
        }
    }
}

#[test]
fn a_method_that_a_path_does_not_have_is_405_and_told_what_it_has() {
    let larder = Larder::start();
    larder.put_hello("m");
    for (method, path, allowed) in [
        ("POST", "/mirrors/m/build_cache/index.json", "GET, HEAD, PUT"),
        ("DELETE", "/mirrors/m/build_cache/index.json", "GET, HEAD, PUT"),
        ("PATCH", "/mirrors/m/v3/layout.json", "GET, HEAD, PUT"),
        ("PUT", "/mirrors/m", "GET, HEAD"),
        ("PUT", "/api/v1/mirrors", "GET, HEAD, POST"),
        ("DELETE", "/api/v1/mirrors/m", "GET, HEAD, PATCH"),
        ("PUT", "/auth/token", "GET, HEAD, POST"),
        ("PUT", "/mirrors/m/~token/v3/layout.json", "GET, HEAD"),
        ("PUT", "/api/v1/mirrors/m/specs/abc", "GET, HEAD, DELETE"),
        ("GET", "/api/v1/mirrors/m/reindex", "POST"),
        ("GET", "/api/v1/mirrors/m/refresh", "POST"),
        ("POST", "/api/v1/mirrors/m/packages", "GET, HEAD"),
        ("GET", "/api/v1/tokens/0", "DELETE"),
        ("POST", "/api/v1/openapi.json", "GET, HEAD"),
    ] {
        let request = larder.ask(method, path).token(ADMIN);
        let answer = if method == "GET" || method == "DELETE" { request } else { request.body(b"{}") }.send();
        assert_eq!(answer.header("allow"), Some(allowed), "{answer:?}");
        answer.expect_error(405);
    }
}

#[test]
fn a_mirror_with_slashes_in_its_name_is_served_like_any_other() {
    let larder = Larder::start();
    // Each is a mount point as Stackinator appends it, and the front of the next.
    let names = ["cache", "cache/user-environment", "cache/user-environment/v1.2_x"];
    for name in names {
        let package = MadeUp::new("zlib", &format!("1.{}", name.len()));
        let root = format!("/mirrors/{name}");
        larder
            .put(&format!("{root}/{}", blob_path(&package.tarball)), &package.tarball)
            .token(ADMIN)
            .send()
            .expect(201);
        larder.put(&format!("{root}/{}", package.spec_path()), &package.spec_file()).token(ADMIN).send().expect(201);
    }
    for name in names {
        let package = MadeUp::new("zlib", &format!("1.{}", name.len()));
        let tarball = larder.get(&format!("/mirrors/{name}/{}", package.tarball_path())).send().expect(200);
        assert_eq!(tarball.body, package.tarball);
        let index = larder.get(&format!("/mirrors/{name}/build_cache/index.json")).send().expect(200);
        let nodes = larder_tests::spack::packages_of(&index.body);
        assert_eq!(nodes.iter().map(|node| node.hash.as_str()).collect::<Vec<_>>(), [package.hash], "{name}");
        for root in [format!("/mirrors/{name}"), format!("/mirrors/{name}/")] {
            let answer = larder.get(&root).send().expect(302);
            assert_eq!(answer.expect_header("location"), format!("/m/{name}"), "{answer:?}");
        }
    }
}
