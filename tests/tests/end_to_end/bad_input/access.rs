//! Private mirrors, settings that cannot be, and tokens that are not what they say.

use larder_shared::api::ErrorCode::{
    Forbidden, MethodNotAllowed, MirrorUnknown, NotFound, RequestInvalid, TooLarge, TooManyAttempts, Unauthorized,
};
use larder_tests::{
    fixtures::hello,
    issuer::{SigningKey, unsigned},
    larder::ADMIN,
};
use serde_json::{Value, json};

use super::Table;

pub(super) fn all(table: &mut Table) {
    table.larder.make_mirror(&json!({ "name": "private", "private": true }));
    table.look();
    settings(table);
    secrets_in_paths(table);
    jobs(table);
    token_endpoint(table);
}

fn settings(table: &mut Table) {
    let rule = |key: &str, value: Value| {
        let mut rule = json!({ "repository": "octo-org/octo-repo", "scopes": ["push"] });
        rule[key] = value;
        json!({ "trust": [rule] }).to_string()
    };
    let patch = |table: &Table, mirror: &str, token: &str, body: &str| {
        table.larder.ask("PATCH", &format!("/api/v1/mirrors/{mirror}")).token(token).body(body.as_bytes()).send()
    };
    for (case, body) in [
        ("settings that are not JSON", "private".to_owned()),
        ("an unknown setting", json!({ "colour": "red" }).to_string()),
        ("another name for a mirror", json!({ "name": "other" }).to_string()),
        ("private as a word", json!({ "private": "yes" }).to_string()),
        ("trust in a word", json!({ "trust": "octo-org" }).to_string()),
        ("trust in everybody", rule("repository", json!("*/*"))),
        ("trust in an owner without repositories", rule("repository", json!("octo-org"))),
        ("trust in part of a name", rule("repository", json!("octo-org/octo*"))),
        ("trust in a branch without refs/heads/", rule("ref", json!("main"))),
        ("trust with admin", rule("scopes", json!(["admin"]))),
        ("trust with no scope", rule("scopes", json!([]))),
        ("trust with an unknown field", rule("branch", json!("main"))),
    ] {
        let answer = patch(table, "m", ADMIN, &body);
        table.expect(case, answer, RequestInvalid);
    }
    let answer = patch(table, "m", &table.token, r#"{"private":true}"#);
    table.expect("settings changed with a push token", answer, Forbidden);
    let answer = patch(table, "unknown", ADMIN, r#"{"private":true}"#);
    table.expect("settings of an unknown mirror", answer, MirrorUnknown);
}

fn secrets_in_paths(table: &mut Table) {
    let get = |table: &Table, path: &str| table.larder.get(&format!("/mirrors/private/{path}")).send();
    for (case, path, code) in [
        ("a private mirror without a token", "v3/layout.json", Unauthorized),
        ("a private mirror with a wrong token in the path", "~wrong/v3/layout.json", Unauthorized),
        ("a private mirror with an empty token in the path", "~/v3/layout.json", Unauthorized),
        ("two tokens in the path", "~one/~two/v3/layout.json", NotFound),
    ] {
        let answer = get(table, path);
        table.expect(case, answer, code);
    }
    let answer = table.larder.get("/mirrors/private/v3/layout.json").token(&table.token).send();
    table.expect("a private mirror with a token for another", answer, Forbidden);
    let path = format!("/mirrors/m/~{}/{}", table.token, hello::KEY);
    let answer = table.larder.put(&path, &hello::file(hello::KEY)).send();
    table.expect("PUT with the token in the path", answer, MethodNotAllowed);
}

fn jobs(table: &mut Table) {
    let key = SigningKey::make("k1");
    let claims = json!({
        "iss": "https://example.org", "aud": "x", "exp": 0, "repository": "o/r", "ref": "refs/heads/main", "sha": "0",
        "run_id": "1", "run_attempt": "1", "workflow": "w",
    });
    let none = format!("{}.", unsigned(&json!({ "alg": "none", "kid": "k1" }), &claims));
    for (case, token) in [
        ("a job's token of another issuer", key.token(&claims)),
        ("a job's token without a signature", none),
        ("a job's token that says nothing", key.token(&json!({}))),
    ] {
        let answer = table.larder.put(&format!("/mirrors/m/{}", hello::KEY), b"x").token(&token).send();
        table.expect(case, answer, Unauthorized);
    }
}

fn token_endpoint(table: &mut Table) {
    let answer = table.larder.get("/auth/token?scope=repository:m:pull").password("wrong").send();
    table.expect("a wrong password for a token", answer, Unauthorized);
    for (case, form, code) in [
        ("a token asked for in an unknown way", "grant_type=authorization_code&code=x", RequestInvalid),
        ("a token asked for without a password", "grant_type=password&username=x", RequestInvalid),
        ("a token asked for with 40 kB", &*format!("grant_type=password&password={}", "x".repeat(40_000)), TooLarge),
    ] {
        let answer = table.larder.post("/auth/token", form).send();
        table.expect(case, answer, code);
    }
    let wrong = || table.larder.get("/auth/token").password("wrong").from("192.0.2.1").send();
    let refused = (0..45).map(|_| wrong()).find(|answer| answer.status != 401).unwrap();
    table.expect("wrong tokens again and again", refused, TooManyAttempts);
}
