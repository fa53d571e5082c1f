//! Who may do what: the admin token, tokens made through the API, and their ends.

use std::process::Output;

use larder_shared::api::{self, ErrorCode, Scope, Timestamp, Token};
use larder_tests::{
    http::Answer,
    larder::{ADMIN, Larder},
    package::{MadeUp, blob_path},
    program, wait,
};
use serde_json::{Value, json};

/// Makes a token.
fn make(larder: &Larder, token: &Value) -> api::CreatedToken {
    larder.make_token(token)
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
    // As neither a Bearer token nor a password.
    let tarball = MadeUp::new("zlib", "1.3").tarball;
    let path = format!("/mirrors/m/{}", blob_path(&tarball));
    for authorization in [ADMIN.to_owned(), format!("Basic {ADMIN}"), format!("Bearer{ADMIN}"), "Bearer".to_owned()] {
        larder.put(&path, &tarball).header("Authorization", &authorization).send().expect_error(401);
    }
    // It is a word of any case, by the standard.
    larder.put(&path, &tarball).header("Authorization", &format!("bearer {ADMIN}")).send().expect(201);
    // Docker and its kin send a password, with any user's name.
    larder.put(&path, &tarball).password(ADMIN).send().expect(200);
    larder.put(&path, &tarball).password("wrong").send().expect_error(401);
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

/// Asks the token endpoint; gives the token and for how many seconds it lasts.
fn ask_for_token(larder: &Larder, token: Option<&str>) -> (String, u64) {
    let ask = larder.get("/auth/token?service=larder&scope=repository:m:pull,push&client_id=spack");
    let answer = match token {
        Some(token) => ask.password(token).send(),
        None => ask.send(),
    };
    let answer = answer.expect(200);
    assert_eq!(answer.expect_header("content-type"), "application/json", "{answer:?}");
    assert_eq!(answer.expect_header("cache-control"), "no-store", "{answer:?}");
    let answer: Value = answer.json();
    assert_eq!(answer["token"], answer["access_token"], "{answer}");
    let issued: Timestamp = answer["issued_at"].as_str().unwrap().parse().unwrap();
    assert!(now().abs_diff(issued.as_millis()) < 60_000, "{answer}");
    (answer["token"].as_str().unwrap().to_owned(), answer["expires_in"].as_u64().unwrap())
}

#[test]
fn the_token_endpoint_hands_a_token_back_as_it_is() {
    let larder = Larder::start();
    larder.put_hello("m");
    let six_hours = 6 * 3_600;
    let forever = make(&larder, &json!({ "name": "ci", "scopes": ["push"], "mirrors": ["m"] })).secret;
    assert_eq!(ask_for_token(&larder, Some(&forever)), (forever.clone(), six_hours));
    assert_eq!(ask_for_token(&larder, Some(ADMIN)), (ADMIN.to_owned(), six_hours));
    let expires = Timestamp::from_millis(now() + 600_000);
    let short = make(&larder, &json!({ "name": "short", "scopes": ["pull"], "expires": expires })).secret;
    let (same, seconds) = ask_for_token(&larder, Some(&short));
    assert!(same == short && (500..=600).contains(&seconds), "{seconds}");
    let before = larder.stored();
    for wrong in ["wrong", "lrd_000000000000000000000000000000000000000000000000", &forever[..51]] {
        let answer = larder.get("/auth/token?service=larder").password(wrong).send();
        assert!(answer.expect_header("www-authenticate").starts_with("Basic realm="), "{answer:?}");
        assert_eq!(answer.expect_error(401).code, ErrorCode::Unauthorized);
    }
    larder.get("/auth/token").header("Authorization", "Basic !").send().expect_error(401);
    let form = |fields: &str| larder.post("/auth/token", fields).send();
    let answer: Value = form(&format!("grant_type=password&username=x&password={forever}&scope=")).expect(200).json();
    assert_eq!(answer["access_token"], json!(forever));
    form("grant_type=password&username=x&password=wrong").expect_error(401);
    form("grant_type=refresh_token&refresh_token=wrong").expect_error(401);
    for bad in ["", "grant_type=password&username=x", "grant_type=client_credentials", "{}"] {
        assert_eq!(form(bad).expect_error(400).code, ErrorCode::RequestInvalid, "{bad}");
    }
    assert_eq!(form(&"x".repeat(40_000)).expect_error(413).code, ErrorCode::TooLarge);
    assert_eq!(larder.stored(), before);
}

#[test]
fn without_a_token_one_is_handed_out_that_reads_what_is_public() {
    let larder = Larder::start();
    larder.put_hello("m");
    larder.make_mirror(&json!({ "name": "private", "private": true }));
    let (token, _) = ask_for_token(&larder, None);
    assert_eq!(ask_for_token(&larder, Some(&token)).0, token);
    larder.get("/mirrors/m/build_cache/index.json").token(&token).send().expect(200);
    larder.get("/mirrors/private/build_cache/index.json").token(&token).send().expect_error(401);
    // As if none had been sent: a client asks again, with more.
    let answer = put(&larder, "m", Some(&token));
    let challenge = answer.expect_header("www-authenticate");
    assert!(challenge.starts_with("Bearer realm=") && challenge.contains("repository:m:pull,push"), "{challenge}");
    assert_eq!(answer.expect_error(401).message, "no token was sent");
}

#[test]
fn tokens_that_did_not_end_a_day_ago_are_kept() {
    let larder = Larder::start();
    let made = make(&larder, &json!({ "name": "lasts", "scopes": ["pull"] })).token;
    let expires = Timestamp::from_millis(now() + 3_600_000);
    let ends = make(&larder, &json!({ "name": "ends", "scopes": ["pull"], "expires": expires })).token;
    for _ in 0..8 {
        larder.run_schedule();
    }
    let mut kept = vec![made.id, ends.id];
    kept.sort();
    assert_eq!(list(&larder).iter().map(|token| token.id).collect::<Vec<_>>(), kept, "neither ended a day ago");
}

/// Runs `larder token` on a server; `arguments` come after its URL.
fn larder_token(larder: &Larder, action: &str, arguments: &[&str]) -> Output {
    let mut command = program::command();
    program::run(command.args(["token", action, &format!("http://{}", larder.address())]).args(arguments))
}

/// Expects an exit status; gives standard output and standard error.
#[track_caller]
fn said(output: Output, status: i32) -> (String, String) {
    let (out, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(status), "{out}\n{error}");
    (out, error)
}

#[test]
fn the_command_line_hands_tokens_out_and_takes_them_back() {
    let larder = Larder::start();
    larder.put_hello("m");
    let create = ["--name", "ci", "--scope", "push", "--scope", "report", "--mirror", "m", "--expires", "30d"];
    let (secret, told) = said(larder_token(&larder, "create", &create), 0);
    let secret = secret.trim_end();
    assert!(told.contains("push, report on m") && told.contains("this once"), "{told}");
    put(&larder, "m", Some(secret)).expect(201);
    let json = ["--name", "all", "--scope", "pull", "--json"];
    let created: api::CreatedToken = serde_json::from_str(&said(larder_token(&larder, "create", &json), 0).0).unwrap();
    assert_eq!((created.token.mirrors.len(), created.token.expires), (0, None));

    let (table, _) = said(larder_token(&larder, "list", &[]), 0);
    assert!(table.contains("all mirrors") && table.contains("push, report") && !table.contains(secret), "{table}");
    let listed: Vec<Token> = serde_json::from_str(&said(larder_token(&larder, "list", &["--json"]), 0).0).unwrap();
    // Made in the same second, they may come in either order.
    let named = |name: &str| listed.iter().find(|token| token.name == name).unwrap();
    assert_eq!((listed.len(), named("all").expires), (2, None));
    let days = (named("ci").expires.unwrap().as_millis() - now()) / 86_400_000;
    assert!((29..=30).contains(&days), "{days}");

    // By a beginning of its id, and by the token itself when that leaked.
    let beginning = &created.token.id.to_string()[..12];
    let (_, told) = said(larder_token(&larder, "revoke", &[beginning]), 0);
    assert!(told.contains("`all`"), "{told}");
    said(larder_token(&larder, "revoke", &[secret]), 0);
    put(&larder, "m", Some(secret)).expect_error(401);
    assert!(list(&larder).is_empty());
}

#[test]
fn the_command_line_says_what_is_wrong() {
    let larder = Larder::start();
    make(&larder, &json!({ "name": "one", "scopes": ["pull"] }));
    for (action, arguments, status, told) in [
        ("create", &["--name", "ci"][..], 2, "--scope"),
        ("create", &["--name", "ci", "--scope", "root"], 2, "possible values: pull, push, report, admin"),
        ("create", &["--name", "ci", "--scope", "push", "--mirror", "../m"], 2, "is not a mirror name"),
        ("create", &["--name", "ci", "--scope", "push", "--expires", "soon"], 2, "30d"),
        ("create", &["--name", "ci", "--scope", "push", "--expires", "2020-01-01"], 1, "lies in the past"),
        ("create", &["--name", " ", "--scope", "push"], 1, "characters"),
        ("create", &["--name", "ci", "--scope", "push", "--token", "wrong"], 1, "An admin makes a token"),
        ("list", &["--token", " "], 2, "the token is empty"),
        ("revoke", &["zz"], 1, "no token has an id that begins with `zz`"),
        ("revoke", &["lrd_000000000000000000000000000000000000000000000000"], 1, "no token with this id"),
    ] {
        let (out, error) = said(larder_token(&larder, action, arguments), status);
        assert!(error.contains(told), "{action} {arguments:?}: {error}");
        assert_eq!(out, "", "{action} {arguments:?}");
    }
    let mut command = program::command();
    let (_, error) = said(program::run(command.args(["token", "list", "https://host/mirrors/m"])), 2);
    assert!(error.contains("https://<host>"), "{error}");
    let mut command = program::command();
    let (_, error) = said(program::run(command.args(["token", "list", "http://127.0.0.1:9"])), 1);
    assert!(error.contains("cannot be reached") && error.contains("Check the URL"), "{error}");
}
