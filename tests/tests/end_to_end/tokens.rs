//! Who may do what: the admin token, tokens made through the API, and their ends.

use larder_shared::api::{self, ErrorCode, Scope, Timestamp, Token};
use larder_tests::{
    http::Answer,
    larder::{ADMIN, Larder},
    package::{MadeUp, blob_path},
    wait,
};
use serde_json::{Value, json};

/// Makes a token.
fn make(larder: &Larder, token: &Value) -> api::CreatedToken {
    larder.post("/api/v1/tokens", &token.to_string()).token(ADMIN).send().expect(201).json()
}

fn revoke(larder: &Larder, token: &Token) -> Answer {
    larder.ask("DELETE", &format!("/api/v1/tokens/{}", token.id)).token(ADMIN).send()
}

fn list(larder: &Larder) -> Vec<Token> {
    larder.get("/api/v1/tokens").token(ADMIN).send().expect(200).json::<api::List<Token>>().items
}

/// Tries to upload to a mirror.
fn put(larder: &Larder, mirror: &str, token: Option<&str>) -> Answer {
    let tarball = MadeUp::new("zlib", "1.3").tarball;
    let request = larder.put(&format!("/mirrors/{mirror}/{}", blob_path(&tarball)), &tarball);
    match token {
        Some(token) => request.token(token).send(),
        None => request.send(),
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    since.as_millis().try_into().unwrap()
}

#[test]
fn the_first_upload_with_the_admin_token_makes_the_mirror() {
    let larder = Larder::start();
    let unknown = larder.get("/mirrors/m/build_cache/index.json").send().expect_error(404);
    assert_eq!(unknown.code, ErrorCode::MirrorUnknown);
    put(&larder, "m", Some(ADMIN)).expect(201);
    larder.get("/mirrors/m/build_cache/index.json").send().expect(200);
    let mirror: api::Mirror = larder.api("mirrors/m");
    assert_eq!((mirror.origin, mirror.specs), (api::Origin::Bucket, 0));
    assert_eq!(larder.api::<api::List<api::Mirror>>("mirrors").items.len(), 1);
}

#[test]
fn a_token_pushes_to_its_mirror_only_and_makes_none() {
    let larder = Larder::start();
    larder.put_hello("ours");
    larder.put_hello("other");
    let push = make(&larder, &json!({ "name": "ci", "scopes": ["push"], "mirrors": ["ours", "new"] }));
    put(&larder, "ours", Some(&push.secret)).expect(201);
    assert_eq!(put(&larder, "other", Some(&push.secret)).expect_error(403).code, ErrorCode::Forbidden);
    // It may push to the mirror, but there is none.
    assert_eq!(put(&larder, "new", Some(&push.secret)).expect_error(404).code, ErrorCode::MirrorUnknown);
    larder.get("/api/v1/mirrors/new").send().expect(404);
    for (method, path) in [("POST", "/api/v1/mirrors"), ("GET", "/api/v1/tokens"), ("POST", "/api/v1/tokens")] {
        let request = larder.ask(method, path).token(&push.secret);
        let answer = if method == "POST" { request.body(b"{}").send() } else { request.send() };
        assert_eq!(answer.expect_error(403).code, ErrorCode::Forbidden, "{method} {path}");
    }
    for scopes in [json!(["pull"]), json!(["report"]), json!(["pull", "report"])] {
        let token = make(&larder, &json!({ "name": "no push", "scopes": scopes }));
        assert_eq!(put(&larder, "ours", Some(&token.secret)).expect_error(403).code, ErrorCode::Forbidden, "{scopes}");
    }
    let everywhere = make(&larder, &json!({ "name": "all mirrors", "scopes": ["push"] }));
    put(&larder, "other", Some(&everywhere.secret)).expect(201);
    let admin = make(&larder, &json!({ "name": "another admin", "scopes": ["admin"] }));
    put(&larder, "made-by-it", Some(&admin.secret)).expect(201);
}

#[test]
fn an_admin_of_one_mirror_is_not_one_of_all() {
    let larder = Larder::start();
    larder.put_hello("ours");
    let token = make(&larder, &json!({ "name": "ours", "scopes": ["admin"], "mirrors": ["ours", "new"] }));
    put(&larder, "ours", Some(&token.secret)).expect(201);
    put(&larder, "other", Some(&token.secret)).expect_error(403);
    for (path, body) in [
        ("/api/v1/mirrors", json!({ "name": "other" })),
        ("/api/v1/tokens", json!({ "name": "for all", "scopes": ["admin"] })),
    ] {
        larder.post(path, &body.to_string()).token(&token.secret).send().expect_error(403);
    }
}

#[test]
fn without_a_known_token_nothing_is_taken() {
    let larder = Larder::start();
    larder.put_hello("m");
    let long = "x".repeat(5_000);
    for token in [None, Some("lrd_0123456789"), Some(""), Some(&long[..]), Some("the-admin-token-of-the-test")] {
        let answer = put(&larder, "m", token);
        assert!(answer.expect_header("www-authenticate").starts_with("Bearer"), "{answer:?}");
        assert_eq!(answer.expect_error(401).code, ErrorCode::Unauthorized);
    }
    // Not as a Bearer token.
    let tarball = MadeUp::new("zlib", "1.3").tarball;
    let path = format!("/mirrors/m/{}", blob_path(&tarball));
    for authorization in [ADMIN.to_owned(), format!("Basic {ADMIN}"), format!("Bearer{ADMIN}"), "Bearer".to_owned()] {
        larder.put(&path, &tarball).header("Authorization", &authorization).send().expect_error(401);
    }
    // It is a word of any case, by the standard.
    larder.put(&path, &tarball).header("Authorization", &format!("bearer {ADMIN}")).send().expect(201);
}

#[test]
fn a_token_is_shown_once_listed_without_its_secret_and_revoked_at_once() {
    let larder = Larder::start();
    larder.put_hello("m");
    let created = make(&larder, &json!({ "name": "ci", "scopes": ["push", "pull"], "mirrors": ["m"] }));
    let Token { name, begins, scopes, mirrors, expires, .. } = created.token.clone();
    assert_eq!((name.as_str(), scopes, expires), ("ci", vec![Scope::Push, Scope::Pull], None));
    assert_eq!(mirrors.iter().map(ToString::to_string).collect::<Vec<_>>(), ["m"]);
    assert!(created.secret.starts_with(&begins) && created.secret.len() > 40, "{begins}");
    let other = make(&larder, &json!({ "name": "ci", "scopes": ["push"] }));
    assert_ne!(other.secret, created.secret);

    let listed = larder.get("/api/v1/tokens").token(ADMIN).send().expect(200);
    assert!(!listed.text().contains(&created.secret), "the list shows the secret");
    let mut expected = vec![created.token.clone(), other.token];
    expected.sort_by_key(|token| token.id);
    assert_eq!(list(&larder), expected);

    put(&larder, "m", Some(&created.secret)).expect(201);
    assert_eq!(revoke(&larder, &created.token).expect(200).json::<Token>(), created.token);
    put(&larder, "m", Some(&created.secret)).expect_error(401);
    revoke(&larder, &created.token).expect_error(404);
    assert_eq!(list(&larder).len(), 1);
}

#[test]
fn a_token_ends_when_it_said() {
    let larder = Larder::start();
    larder.put_hello("m");
    let expires = Timestamp::from_millis(now() + 4_000);
    let token = make(&larder, &json!({ "name": "short", "scopes": ["push"], "expires": expires }));
    assert_eq!(token.token.expires.map(|time| time.to_string()), Some(expires.to_string()));
    let first = put(&larder, "m", Some(&token.secret));
    // On a busy machine it may have ended already.
    assert!(first.status == 201 || now() >= expires.as_millis() - 1_000, "{first:?}");
    wait::until("the token ends", || {
        let answer = put(&larder, "m", Some(&token.secret));
        (answer.status == 401).then(|| assert!(now() >= expires.as_millis() - 1_000, "it ended too early: {answer:?}"))
    });
}

#[test]
fn every_page_of_tokens_is_listed() {
    let larder = Larder::start();
    let mut made: Vec<_> = (0..5)
        .map(|number| make(&larder, &json!({ "name": format!("ci-{number}"), "scopes": ["pull"] })).token)
        .collect();
    made.sort_by_key(|token| token.id);
    let mut listed = Vec::new();
    let mut path = "/api/v1/tokens?limit=2".to_owned();
    loop {
        let page: api::List<Token> = larder.get(&path).token(ADMIN).send().expect(200).json();
        assert!(page.items.len() <= 2);
        listed.extend(page.items);
        match page.next {
            Some(next) => path = format!("/api/v1/tokens?limit=2&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(listed, made);
}
