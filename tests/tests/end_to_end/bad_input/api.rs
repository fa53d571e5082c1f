//! The JSON API: parameters, bodies, names and origins that cannot be.

use larder_shared::{
    api::ErrorCode::{self, Conflict, Forbidden, MirrorUnknown, NotFound, RequestInvalid, TooLarge, Untrusted},
    digest::Digest,
};
use larder_tests::{fixtures::hello, larder::ADMIN, package::blob_path};
use serde_json::{Value, json};

use super::Table;

pub(super) fn parameters(table: &mut Table) {
    for (path, code) in [
        ("mirrors?limit=0", RequestInvalid),
        ("mirrors?limit=21", RequestInvalid),
        ("mirrors/m/packages?limit=501", RequestInvalid),
        ("mirrors/m/packages?limit=-1", RequestInvalid),
        ("mirrors/m/packages?limit=ten", RequestInvalid),
        ("mirrors/m/packages?limit=99999999999999999999", RequestInvalid),
        ("mirrors/m/packages?cursor=..%2F..", RequestInvalid),
        ("mirrors/m/packages?cursor=%ff", RequestInvalid),
        ("mirrors/m/specs?limit=0", RequestInvalid),
        ("mirrors/m/specs?cursor=next", RequestInvalid),
        ("mirrors/m/specs?cursor=-1", RequestInvalid),
        ("mirrors/m/specs?package=%2e%2e%2f", RequestInvalid),
        ("mirrors/m/packages/never", NotFound),
        ("mirrors/m/packages/..%2Fx", NotFound),
        ("mirrors/m/specs/a1", NotFound),
        ("mirrors/m/specs/RJSBS2W", NotFound),
        ("mirrors/m/specs/zzzzzzz", NotFound),
        (&format!("mirrors/m/specs/{}a", hello::HASH), NotFound),
    ] {
        let answer = table.larder.get(&format!("/api/v1/{path}")).send();
        table.expect(&format!("GET {path}"), answer, code);
    }
}

/// Posts a document with the admin token.
fn post(table: &mut Table, case: &str, path: &str, body: &str, code: ErrorCode) {
    let answer = table.larder.post(&format!("/api/v1/{path}"), body).token(ADMIN).send();
    table.expect(case, answer, code);
}

pub(super) fn mirrors_and_origins(table: &mut Table) {
    let deep = format!("{{\"name\":{}", "[".repeat(10_000));
    let large = format!("{{\"name\":\"{}\"}}", "a".repeat(70_000));
    for (case, body, code) in [
        ("a mirror from nothing", "", RequestInvalid),
        ("a mirror from what is not JSON", "name=m", RequestInvalid),
        ("a mirror from truncated JSON", r#"{"name":"new""#, RequestInvalid),
        ("a mirror from a list", "[]", RequestInvalid),
        ("a mirror from JSON 10,000 deep", &deep, RequestInvalid),
        ("a mirror from 70 kB", &large, TooLarge),
        ("a mirror without a name", "{}", RequestInvalid),
        ("a mirror with an unknown field", r#"{"name":"new","colour":"red"}"#, RequestInvalid),
        ("a mirror that is private in words", r#"{"name":"new","private":"yes"}"#, RequestInvalid),
        ("a mirror that exists", r#"{"name":"m"}"#, Conflict),
    ] {
        post(table, case, "mirrors", body, code);
    }
    let long = "m".repeat(256);
    for name in [
        "",
        "M",
        "a b",
        "-a",
        "a//b",
        "/a",
        "a/",
        "../m",
        "a/../b",
        "build_cache",
        "a/v3",
        "a/larder",
        "ä",
        "a%2Fb",
        &long,
    ] {
        let body = json!({ "name": name }).to_string();
        let shown: String = name.chars().take(20).collect();
        post(table, &format!("a mirror named `{shown}`"), "mirrors", &body, RequestInvalid);
    }
    origins(table);
}

fn origins(table: &mut Table) {
    let origin = |url: &str| json!({ "kind": "http", "url": url });
    for (case, origin) in [
        ("an origin of no kind", json!({ "url": "https://example.org" })),
        ("an origin of an unknown kind", json!({ "kind": "ftp", "url": "https://example.org" })),
        ("an origin without a URL", json!({ "kind": "http" })),
        ("an origin with an unknown field", json!({ "kind": "http", "url": "https://example.org", "token": "x" })),
        ("an origin that is text", json!("https://example.org")),
        ("an origin with an empty URL", origin("")),
        ("an origin without a scheme", origin("example.org/cache")),
        ("an origin with a path only", origin("/cache")),
        ("an origin of ftp", origin("ftp://example.org/cache")),
        ("an origin of file", origin("file:///etc/passwd")),
        ("an origin of javascript", origin("javascript:alert(1)")),
        ("an origin of data", origin("data:text/plain,x")),
        ("an origin without a host", origin("https://")),
        ("an origin with a user", origin("https://user:pw@example.org/cache")),
        ("an origin with a query", origin("https://example.org/cache?token=x")),
        ("an origin with a fragment", origin("https://example.org/cache#x")),
    ] {
        post(table, case, "mirrors", &json!({ "name": "new", "origin": origin }).to_string(), RequestInvalid);
    }
    table.larder.make_mirror_of("read-through", "http://127.0.0.1:9");
    table.look();
    let larder = &table.larder;
    let put =
        larder.put(&format!("/mirrors/read-through/{}", hello::KEY), &hello::file(hello::KEY)).token(ADMIN).send();
    let refresh = larder.post("/api/v1/mirrors/m/refresh", "").token(ADMIN).send();
    table.expect("PUT to a mirror that is read through", put, Forbidden);
    table.expect("refreshing a mirror that is not read through", refresh, RequestInvalid);
}

/// What only an admin may ask, and what cannot be.
pub(super) fn changes(table: &mut Table) {
    let change = |mirror: &str, token: &str, body: &str| {
        let path = format!("/api/v1/mirrors/{mirror}");
        table.larder.ask("PATCH", &path).token(token).body(body.as_bytes()).send()
    };
    let remove = |hash: &str, token: &str| {
        table.larder.ask("DELETE", &format!("/api/v1/mirrors/m/specs/{hash}")).token(token).send()
    };
    let reindex = |mirror: &str, token: &str| {
        table.larder.post(&format!("/api/v1/mirrors/{mirror}/reindex"), "").token(token).send()
    };
    let (push, unknown) = (&table.token, "z".repeat(32));
    let answers = [
        ("changing a mirror with a push token", change("m", push, "{}"), Forbidden),
        ("changing nothing at all", change("m", ADMIN, ""), RequestInvalid),
        ("changing an unknown field", change("m", ADMIN, r#"{"name":"other"}"#), RequestInvalid),
        ("changing to an unknown signing", change("m", ADMIN, r#"{"signing":"mine"}"#), RequestInvalid),
        ("managed signing without a key", change("m", ADMIN, r#"{"signing":"managed"}"#), Conflict),
        (
            "managed signing of what is read through",
            change("read-through", ADMIN, r#"{"signing":"managed"}"#),
            RequestInvalid,
        ),
        (
            "requiring signatures of what is read through",
            change("read-through", ADMIN, r#"{"require":"signed"}"#),
            RequestInvalid,
        ),
        ("changing a mirror that is not there", change("nothing", ADMIN, "{}"), MirrorUnknown),
        ("removing a package with a push token", remove(hello::HASH, push), Forbidden),
        ("removing a package by the beginning of its hash", remove(&hello::HASH[..8], ADMIN), RequestInvalid),
        ("removing a package that is not there", remove(&unknown, ADMIN), NotFound),
        ("reindexing with a push token", reindex("m", push), Forbidden),
        ("reindexing what is read through", reindex("read-through", ADMIN), RequestInvalid),
        ("reindexing a mirror that is not there", reindex("nothing", ADMIN), MirrorUnknown),
    ];
    for (case, answer, code) in answers {
        table.expect(case, answer, code);
    }
    // Nothing unsigned enters where signatures are required, and no key that an admin did not add.
    let body = json!({ "name": "strict", "require": "signed" }).to_string();
    table.larder.post("/api/v1/mirrors", &body).token(ADMIN).send().expect(201);
    let body = json!({ "name": "strict", "scopes": ["push"], "mirrors": ["strict"] }).to_string();
    let token: larder_shared::api::CreatedToken =
        table.larder.post("/api/v1/tokens", &body).token(ADMIN).send().expect(201).json();
    let put = |path: &str, body: &[u8]| {
        table.larder.put(&format!("/mirrors/strict/{path}"), body).token(&token.secret).send()
    };
    let tarball = hello::file(hello::TARBALL);
    for blob in [&tarball, &table.package.tarball] {
        put(&blob_path(blob), blob).expect(201);
    }
    table.look();
    let put = |path: &str, body: &[u8]| {
        table.larder.put(&format!("/mirrors/strict/{path}"), body).token(&token.secret).send()
    };
    let answers = [
        (
            "an unsigned package where signatures are required",
            put(&table.package.spec_path(), &table.package.spec_file()),
            Untrusted,
        ),
        ("a package signed by a key that is not the mirror's", put(hello::SPEC, &hello::file(hello::SPEC)), Untrusted),
        ("a key from a push token where keys are trusted", put(hello::KEY, &hello::file(hello::KEY)), Forbidden),
    ];
    for (case, answer, code) in answers {
        table.expect(case, answer, code);
    }
}

pub(super) fn tokens(table: &mut Table) {
    let good = json!({ "name": "ci", "scopes": ["push"] });
    let with = |key: &str, value: Value| {
        let mut token = good.clone();
        token[key] = value;
        token.to_string()
    };
    for (case, body) in [
        ("a token from what is not JSON", "x".to_owned()),
        ("a token without scopes", json!({ "name": "ci" }).to_string()),
        ("a token with no scope", with("scopes", json!([]))),
        ("a token with an unknown scope", with("scopes", json!(["root"]))),
        ("a token with an empty name", with("name", json!("  "))),
        ("a token with a name of 101 characters", with("name", json!("n".repeat(101)))),
        ("a token with an unknown field", with("secret", json!("mine"))),
        ("a token for a mirror that cannot be", with("mirrors", json!(["../m"]))),
        ("a token that has ended", with("expires", json!("2020-01-01T00:00:00Z"))),
        ("a token that ends never in words", with("expires", json!("never"))),
    ] {
        post(table, case, "tokens", &body, RequestInvalid);
    }
    let unknown = Digest::of(b"never").to_string();
    for (case, id) in [("an unknown token", unknown), ("a token's id that is none", "x".to_owned())] {
        let answer = table.larder.ask("DELETE", &format!("/api/v1/tokens/{id}")).token(ADMIN).send();
        table.expect(&format!("revoking {case}"), answer, NotFound);
    }
}
