//! Bodies that are not what their head says, tokens that do not allow it, methods and ranges.

use larder_shared::api::ErrorCode::{
    BlobUnknown, DigestInvalid, Forbidden, LengthRequired, MethodNotAllowed, RangeInvalid, SizeInvalid, TooLarge,
    Unauthorized,
};
use larder_tests::{fixtures::hello, larder::ADMIN, package::blob_path, raw::exchange};
use serde_json::json;

use super::Table;

pub(super) fn tokens_methods_and_ranges(table: &mut Table) {
    tokens(table);
    let answer = table.larder.ask("DELETE", &format!("/mirrors/m/{}", hello::SPEC)).token(ADMIN).send();
    table.expect("DELETE of a spec file", answer, MethodNotAllowed);
    let answer = table.larder.ask("POST", "/mirrors/m/build_cache/index.json").token(ADMIN).body(b"{}").send();
    table.expect("POST to an index", answer, MethodNotAllowed);
    let answer = table.larder.get(&format!("/mirrors/m/{}", hello::TARBALL)).header("Range", "bytes=99999-").send();
    table.expect("a range beyond the end", answer, RangeInvalid);
}

pub(super) fn bodies(table: &mut Table) {
    let wanted = blob_path(b"these bytes");
    let answer = table.put(&wanted, b"other bytes");
    table.expect("a blob with another digest", answer, DigestInvalid);
    let answer = table.put(&wanted, b"");
    table.expect("an empty body for a blob", answer, DigestInvalid);

    let spec = table.package.spec_path();
    let tarball = table.package.tarball_path();
    for (case, path) in [
        ("a blob without a length (chunked)", &wanted[..]),
        ("a tarball without a length (chunked)", &tarball),
        ("a spec file without a length (chunked)", &spec),
        ("a key without a length (chunked)", hello::KEY),
    ] {
        let head = head_of(table, path, "Transfer-Encoding: chunked");
        let answer = table.larder.raw(&head, b"b\r\nthese bytes\r\n0\r\n\r\n").unwrap();
        table.expect(case, answer, LengthRequired);
    }
    // The rest of the body would be the next request; the first is a blob with another digest.
    let answer = table.larder.raw(&head_of(table, &wanted, "Content-Length: 4"), b"these bytes").unwrap();
    table.expect("a blob longer than announced", answer, DigestInvalid);
    for (case, path) in [
        ("a blob shorter than announced", &wanted),
        ("a tarball shorter than announced", &tarball),
        ("a spec file shorter than announced", &spec),
    ] {
        let head = head_of(table, path, "Content-Length: 5000");
        let answer = exchange(table.larder.address(), &head, b"these bytes", true).unwrap();
        table.expect(case, answer, SizeInvalid);
    }
    for (case, path, length) in [
        ("a spec file of 17 MB", &spec, "17000000"),
        ("a manifest of 2 MB", &table.package.manifest_path(), "2000000"),
        ("a key of 300 kB", &hello::KEY.to_owned(), "300000"),
    ] {
        let head = head_of(table, path, &format!("Content-Length: {length}"));
        let answer = table.larder.raw(&head, b"{").unwrap();
        table.expect(case, answer, TooLarge);
    }
    let missing = larder_tests::package::MadeUp::new("never", "1.0");
    let answer = table.put(&missing.spec_path(), &missing.spec_file());
    table.expect("a spec file naming a tarball that was not uploaded", answer, BlobUnknown);
}

fn head_of(table: &Table, path: &str, more: &str) -> String {
    format!("PUT /mirrors/m/{path} HTTP/1.1\r\nAuthorization: Bearer {}\r\n{more}", table.token)
}

fn tokens(table: &mut Table) {
    let path = format!("/mirrors/m/{}", blob_path(b"these bytes"));
    let make = |table: &Table, token: serde_json::Value| {
        let made = table.larder.post("/api/v1/tokens", &token.to_string()).token(ADMIN).send().expect(201);
        made.json::<larder_shared::api::CreatedToken>().secret
    };
    let pull = make(table, json!({ "name": "pull", "scopes": ["pull", "report"] }));
    let other = make(table, json!({ "name": "other", "scopes": ["push"], "mirrors": ["other"] }));
    table.look();
    let put = || table.larder.put(&path, b"these bytes");
    let list = || table.larder.get("/api/v1/tokens");
    let create = || table.larder.post("/api/v1/mirrors", r#"{"name":"new"}"#);
    let wrong = "lrd_000000000000000000000000000000000000000000000000";
    for (case, answer, code) in [
        ("no token", put().send(), Unauthorized),
        ("a wrong token", put().token(wrong).send(), Unauthorized),
        ("a token that is not for pushing", put().token(&pull).send(), Forbidden),
        ("a token for another mirror", put().token(&other).send(), Forbidden),
        ("no token for the list of tokens", list().send(), Unauthorized),
        ("a push token for the list of tokens", list().token(&other).send(), Forbidden),
        ("a push token for making a mirror", create().token(&other).send(), Forbidden),
    ] {
        table.expect(case, answer, code);
    }
}
