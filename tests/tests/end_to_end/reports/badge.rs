//! Badges: of what is there, of what fails, and of what nobody knows.

use std::time::{SystemTime, UNIX_EPOCH};

use larder_shared::{api::ErrorCode, report::Status};
use larder_tests::{
    larder::{ADMIN, Larder},
    package::{MadeUp, blob_path},
    wait,
};
use serde_json::json;

use super::{larder, one};

const PATH: &str = "/api/v1/mirrors/m/packages/zlib/badge.svg";

fn badge(larder: &Larder) -> String {
    let answer = larder.get(PATH).send().expect(200);
    assert_eq!(answer.expect_header("content-type"), "image/svg+xml");
    assert_eq!(answer.expect_header("content-security-policy"), "default-src 'none'; sandbox");
    String::from_utf8(answer.body).unwrap()
}

fn push(larder: &Larder, version: &str) {
    let package = MadeUp::new("zlib", version);
    for (path, body) in
        [(blob_path(&package.tarball), package.tarball.clone()), (package.spec_path(), package.spec_file())]
    {
        larder.put(&format!("/mirrors/m/{path}"), &body).token(ADMIN).send().expect(201);
    }
}

/// Waits for the next second: the API tells no less of a time.
fn tick() {
    let seconds = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let now = seconds();
    wait::until("a second has passed", || (seconds() > now).then_some(()));
}

#[test]
fn a_badge_follows_pushes_and_reports() {
    let larder = larder();
    assert!(badge(&larder).contains("<title>zlib: not in this cache</title>"));
    larder.report("m", &one(1, "zlib", Status::Failed, Some("'x' undeclared")));
    assert!(badge(&larder).contains("<title>zlib: failing</title>"));
    tick();
    push(&larder, "1.2.13");
    push(&larder, "1.10");
    assert!(badge(&larder).contains("<title>zlib: built 1.10</title>"));
    tick();
    larder.report("m", &one(2, "zlib", Status::Failed, Some("'x' undeclared")));
    assert!(badge(&larder).contains("<title>zlib: failing</title>"));
    // What proves nothing changes nothing.
    larder.report("m", &one(3, "zlib", Status::Blocked, None));
    larder.report("m", &one(3, "zlib", Status::Reused, None));
    assert!(badge(&larder).contains("<title>zlib: failing</title>"));
    larder.report("m", &one(4, "zlib", Status::Built, None));
    assert!(badge(&larder).contains("<title>zlib: built 1.10</title>"));
}

#[test]
fn a_badge_is_asked_for_again_with_its_etag() {
    let larder = larder();
    let first = larder.get(PATH).send().expect(200);
    assert_eq!(first.expect_header("cache-control"), "public, max-age=300");
    larder.get(PATH).header("If-None-Match", first.expect_header("etag")).send().expect(304);
    larder.report("m", &one(1, "zlib", Status::Failed, Some("'x' undeclared")));
    larder.get(PATH).header("If-None-Match", first.expect_header("etag")).send().expect(200);
    larder.get("/api/v1/mirrors/nobody/packages/zlib/badge.svg").send().expect_error(404);
}

#[test]
fn a_private_mirrors_badge_and_feed_are_for_its_readers() {
    let larder = Larder::start();
    larder.make_mirror(&json!({ "name": "m", "private": true }));
    for path in [PATH, "/api/v1/mirrors/m/failures.atom"] {
        assert_eq!(larder.get(path).send().expect_error(401).code, ErrorCode::Unauthorized);
        let answer = larder.get(path).token(ADMIN).send().expect(200);
        assert_eq!(answer.expect_header("cache-control"), "private, no-store, no-transform");
    }
}
