//! Paths that name nothing, or something else than they seem to.

use larder_shared::api::ErrorCode::{Forbidden, MirrorUnknown, NotFound, PathInvalid, PathTooLong, Unauthorized};
use larder_tests::{http::Answer, larder::ADMIN, package::hash_of};

use super::Table;

/// Sends a path exactly as it is written.
fn send(table: &Table, method: &str, path: &str, token: Option<&str>) -> Option<Answer> {
    let authorization = token.map(|token| format!("\r\nAuthorization: Bearer {token}")).unwrap_or_default();
    let body: &[u8] = if method == "PUT" { b"{}" } else { b"" };
    let length = if method == "PUT" { "\r\nContent-Length: 2" } else { "" };
    table.larder.raw(&format!("{method} {path} HTTP/1.1{authorization}{length}"), body)
}

/// `..`, `%2e%2e` and `\` are resolved before Larder sees the path. What is left is a path like any
/// other: no key of another kind can be named, and another mirror needs a token for it.
pub(super) fn resolved_by_the_platform(table: &mut Table) {
    let token = table.token.clone();
    for path in [
        "/mirrors/m/../other/build_cache/index.json",
        "/mirrors/m/build_cache/../../other/build_cache/index.json",
        "/mirrors/m/%2e%2e/other/build_cache/index.json",
        "/mirrors/m/.%2E/other/build_cache/index.json",
        "/mirrors/m/..\\other\\build_cache\\index.json",
    ] {
        let answer = send(table, "PUT", path, Some(&token)).unwrap();
        table.expect(&format!("PUT {path}, token for m"), answer, Forbidden);
    }
    for path in ["/mirrors/m/../../api/v1/tokens", "/mirrors/m/%2e%2e/%2e%2e/api/v1/tokens"] {
        let answer = send(table, "GET", path, None).unwrap();
        table.expect(&format!("GET {path}, no token"), answer, Unauthorized);
    }
    for path in ["/mirrors/m/../larder/tokens/x", "/mirrors/m/%2e%2e/larder/mirrors/m"] {
        for method in ["GET", "PUT"] {
            let answer = send(table, method, path, Some(ADMIN)).unwrap();
            table.expect(&format!("{method} {path}, admin token"), answer, NotFound);
        }
    }
    // Nothing of the worker lies there: the dashboard's files are asked.
    for path in ["/mirrors/m/../../larder/tokens/x", "/mirrors/../../../etc/passwd"] {
        let answer = send(table, "PUT", path, Some(ADMIN));
        table.expect_platform(&format!("PUT {path}, admin token"), answer, &[405]);
    }
}

pub(super) fn refused_by_larder(table: &mut Table) {
    for path in [
        "/mirrors/m/..%2Fother/build_cache/index.json",
        "/mirrors/m/%2e%2e%2fother/build_cache/index.json",
        "/mirrors/m/build_cache%2Findex.json",
        "/mirrors/m%2Fbuild_cache/index.json",
        "/mirrors/m/..%5Cother/build_cache/index.json",
        "/mirrors/m/build_cache%5Cindex.json",
        "/mirrors//build_cache/index.json",
        "/mirrors/m//build_cache/index.json",
        "/mirrors/m/build_cache//index.json",
        "/mirrors/m/%ff/build_cache/index.json",
        "/mirrors/m/build_cache/%c3%28.spec.json",
        "/mirrors/m/build_cache/index.json%00",
        "/mirrors/m/build_cache/index.json%0d%0aSet-Cookie:x",
        "/mirrors/",
        "/api/v1",
        "/api/v1/mirrors/%ff",
        "/api/v1/mirrors/m//packages",
        "/api/v1/mirrors/m%00/packages",
    ] {
        for method in ["GET", "PUT"] {
            let answer = send(table, method, path, Some(ADMIN)).unwrap();
            table.expect(&format!("{method} {path}"), answer, PathInvalid);
        }
    }
    let long = format!("/mirrors/m/build_cache/{}", "a".repeat(5_000));
    let component = format!("/mirrors/m/build_cache/{}-{}.spec.json", "a".repeat(700), hash_of("x"));
    for (case, path) in [("a path of 5,000 bytes", &long), ("a file name of 700 bytes", &component)] {
        for method in ["GET", "PUT"] {
            let answer = send(table, method, path, Some(ADMIN)).unwrap();
            table.expect(&format!("{method} {case}"), answer, PathTooLong);
        }
    }
}

pub(super) fn naming_nothing(table: &mut Table) {
    let long = format!("/mirrors/{}/build_cache/index.json", "m".repeat(256));
    for path in [
        "/mirrors/M/build_cache/index.json",
        "/mirrors/-m/build_cache/index.json",
        "/mirrors/build_cache/index.json",
        "/mirrors/m/%252e%252e/build_cache/index.json",
        "/mirrors/m/build_cache/../build_cache/x.spec.json",
        "/mirrors/m/build_cache/.spec.json",
        "/mirrors/m/larder/mirrors/m",
        "/mirrors/m/larder/derived/build_cache/index.json",
        "/mirrors/m/larder/staged/build_cache/index.json",
        "/mirrors/m/blobs/sha256/00/0f24aa6b",
        "/mirrors/m/blobs/sha256/00/ff00000000000000000000000000000000000000000000000000000000000000",
        "/mirrors/m/_source-cache/archive/0f/0f.tar.gz",
        "/api/v1/nothing",
        "/api/v1/mirrors/M",
        "/api/v1/mirrors/..%2Fother",
        &long,
    ] {
        let answer = send(table, "GET", path, None).unwrap();
        let shown: String = path.chars().take(60).collect();
        table.expect(&format!("GET {shown}"), answer, NotFound);
    }
    let answer = send(table, "GET", "/mirrors/unknown/build_cache/index.json", None).unwrap();
    table.expect("GET of an unknown mirror", answer, MirrorUnknown);
    let answer = send(table, "GET", "/api/v1/mirrors/unknown/packages", None).unwrap();
    table.expect("GET /api/v1/mirrors/unknown/packages", answer, MirrorUnknown);
    let push = serde_json::json!({ "name": "any", "scopes": ["push"] }).to_string();
    let push: larder_shared::api::CreatedToken =
        table.larder.post("/api/v1/tokens", &push).token(ADMIN).send().expect(201).json();
    table.look();
    let answer = send(table, "PUT", "/mirrors/unknown/build_cache/index.json", Some(&push.secret)).unwrap();
    table.expect("PUT to an unknown mirror, token for pushing", answer, MirrorUnknown);
}
