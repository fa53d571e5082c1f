//! Private mirrors: who may read them, and how.

use larder_shared::api::{self, ErrorCode, List, Mirror};
use larder_tests::{
    fixtures::{fixture, hello},
    http::{Answer, Ask},
    larder::{ADMIN, Larder},
    package::{MadeUp, blob_path},
    spack::{Folder, read_v2, read_v3},
    wait,
};
use serde_json::{Value, json};

/// A Larder with the private mirror `private` and the public mirror `public`, a package in each.
fn larder_with_both() -> Larder {
    let larder = Larder::start();
    larder.make_mirror(&json!({ "name": "private", "private": true }));
    larder.put_hello("private");
    larder.put_hello("public");
    larder
}

fn token(larder: &Larder, scope: &str, mirror: &str) -> String {
    larder.make_token(&json!({ "name": "test", "scopes": [scope], "mirrors": [mirror] })).secret
}

fn change(larder: &Larder, token: &str, mirror: &str, change: &Value) -> Answer {
    larder.ask("PATCH", &format!("/api/v1/mirrors/{mirror}")).token(token).body(change.to_string().as_bytes()).send()
}

/// Every kind of path that reads a mirror.
fn reads(mirror: &str) -> Vec<String> {
    let tarball = blob_path(&hello::file(hello::TARBALL));
    let below = [
        "build_cache/index.json",
        "build_cache/index.json.hash",
        "build_cache/_pgp/index.json",
        "v3/layout.json",
        "v3/manifests/index/index.manifest.json",
        "v3/manifests/key/keys.manifest.json",
        hello::KEY,
        hello::SPEC,
        hello::TARBALL,
        hello::MANIFEST,
        &tarball,
    ];
    let api = ["", "/packages", "/packages/hello-larder", "/specs", "/specs/rjsbs2w", "/keys"];
    let objects = below.into_iter().map(|path| format!("/mirrors/{mirror}/{path}"));
    objects.chain(api.into_iter().map(|path| format!("/api/v1/mirrors/{mirror}{path}"))).collect()
}

fn is_kept_private(answer: &Answer) -> bool {
    answer.header("cache-control").is_some_and(|value| value.starts_with("private, no-store"))
        && answer.header("referrer-policy") == Some("no-referrer")
}

#[test]
fn a_private_mirror_is_read_by_who_may_pull() {
    let larder = larder_with_both();
    let (pull, push) = (token(&larder, "pull", "private"), token(&larder, "push", "private"));
    let (report, other) = (token(&larder, "report", "private"), token(&larder, "pull", "public"));
    for path in reads("private") {
        let ask = || larder.get(&path);
        for right in [&pull, &push, ADMIN] {
            for answer in [ask().token(right).send(), ask().password(right).send()] {
                assert!(is_kept_private(&answer), "{answer:?}");
                answer.expect(200);
            }
        }
        let anonymous = ask().send();
        let challenge = format!(
            r#"Bearer realm="http://{0}/auth/token",service="{0}",scope="repository:private:pull""#,
            larder.address()
        );
        assert_eq!(anonymous.expect_header("www-authenticate"), challenge, "{anonymous:?}");
        assert_eq!(anonymous.expect_header("cache-control"), "no-store", "{anonymous:?}");
        assert_eq!(anonymous.expect_error(401).code, ErrorCode::Unauthorized);
        ask().token("anonymous").send().expect_error(401);
        for wrong in [&report, &other] {
            assert_eq!(ask().token(wrong).send().expect_error(403).code, ErrorCode::Forbidden);
        }
    }
    let unknown = larder.get("/mirrors/private/v3/layout.json").token(&pull[..51]).send();
    assert_eq!(unknown.expect_error(401).code, ErrorCode::Unauthorized);
    // Its bare URL, and uploads, which ask for more.
    larder.get("/mirrors/private").send().expect_error(401);
    larder.get("/mirrors/private").token(&pull).send().expect(302);
    let put = larder.put(&format!("/mirrors/private/{}", hello::KEY), &hello::file(hello::KEY)).send();
    assert!(put.expect_header("www-authenticate").ends_with(r#"scope="repository:private:pull,push""#), "{put:?}");
    put.expect_error(401);
}

#[test]
fn a_public_mirror_asks_for_nothing_and_looks_at_no_secret() {
    let larder = larder_with_both();
    for path in reads("public").into_iter().filter(|path| path.starts_with("/mirrors/")) {
        for ask in [larder.get(&path), larder.get(&path).token("wrong"), larder.get(&path).password("wrong")] {
            let answer = ask.send().expect(200);
            assert!(answer.expect_header("cache-control").starts_with("public"), "{answer:?}");
        }
        // The secret is not looked at, but it is in the URL.
        let below = path.trim_start_matches("/mirrors/public/");
        let answer = larder.get(&format!("/mirrors/public/~wrong/{below}")).send().expect(200);
        assert!(is_kept_private(&answer), "{answer:?}");
    }
}

#[test]
fn spack_reads_a_private_mirror_below_a_secret_segment() {
    let larder = Larder::start();
    larder.make_mirror(&json!({ "name": "opt/private", "private": true }));
    larder.push(&fixture("mirror-v2"), "opt/private");
    let secret = token(&larder, "pull", "opt/private");
    let served = larder.mirror(&format!("opt/private/~{secret}"));
    let held = read_v2(&served);
    assert_eq!(held.len(), read_v2(&Folder(fixture("mirror-v2"))).len());
    assert_eq!(read_v3(&served).len(), held.len());

    let path = |secret: &str, below: &str| format!("/mirrors/opt/private/~{secret}/{below}");
    let index = path(&secret, "build_cache/index.json");
    let whole = larder.get(&index).send().expect(200);
    assert!(is_kept_private(&whole), "{whole:?}");
    let head = larder.head(&index).send().expect(200);
    assert!(is_kept_private(&head), "{head:?}");
    assert_eq!(head.header("etag"), whole.header("etag"));
    let current = larder.get(&index).header("If-None-Match", whole.expect_header("etag")).send().expect(304);
    assert!(is_kept_private(&current), "{current:?}");
    let part = larder.get(&index).header("Range", "bytes=5-9").send().expect(206);
    assert!(is_kept_private(&part) && part.body == whole.body[5..10], "{part:?}");
    // Percent-encoded, as some clients do.
    larder.get(&format!("/mirrors/opt/private/%7E{secret}/v3/layout.json")).send().expect(200);

    for wrong in ["", "anonymous", &secret[..51], &format!("{secret}0"), "lrd_"] {
        let answer = larder.get(&path(wrong, "v3/layout.json")).send();
        assert_eq!(answer.expect_header("referrer-policy"), "no-referrer", "{answer:?}");
        answer.expect_error(401);
    }
    // What names nothing tells no more than without the secret.
    for below in ["v3/nothing.json", "~x/v3/layout.json", "sub/v3/layout.json"] {
        let error = larder.get(&path(&secret, below)).send().expect_error(404);
        assert!(!format!("{error:?}").contains(&secret), "{error:?}");
    }
}

#[test]
fn a_path_with_a_secret_is_for_reading_only() {
    let larder = larder_with_both();
    let push = token(&larder, "push", "private");
    let path = format!("/mirrors/private/~{push}/{}", hello::KEY);
    for (method, token) in [("PUT", None), ("PUT", Some(ADMIN)), ("DELETE", None), ("POST", None), ("PATCH", None)] {
        let request = larder.ask(method, &path).body(&hello::file(hello::KEY));
        let answer = token.into_iter().fold(request, Ask::token).send();
        assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{answer:?}");
        answer.expect_error(405);
    }
    larder.get(&path).send().expect(200);
}

#[test]
fn a_revoked_token_reads_no_more() {
    let larder = larder_with_both();
    let made = larder.make_token(&json!({ "name": "reader", "scopes": ["pull"], "mirrors": ["private"] }));
    let path = format!("/mirrors/private/~{}/build_cache/index.json", made.secret);
    larder.get(&path).send().expect(200);
    larder.ask("DELETE", &format!("/api/v1/tokens/{}", made.token.id)).token(ADMIN).send().expect(200);
    larder.get(&path).send().expect_error(401);
}

#[test]
fn lists_show_a_private_mirror_to_who_may_pull() {
    let larder = larder_with_both();
    let names = |ask: Ask<'_>| {
        let answer = ask.send().expect(200);
        let names: Vec<_> =
            answer.json::<List<Mirror>>().items.into_iter().map(|mirror| mirror.name.to_string()).collect();
        assert_eq!(is_kept_private(&answer), names.contains(&"private".to_owned()), "{answer:?}");
        assert_eq!(answer.header("vary"), Some("Authorization"), "{answer:?}");
        names
    };
    let list = || larder.get("/api/v1/mirrors");
    assert_eq!(names(list()), ["public"]);
    assert_eq!(names(list().token("anonymous")), ["public"]);
    assert_eq!(names(list().token(&token(&larder, "pull", "public"))), ["public"]);
    assert_eq!(names(list().token(&token(&larder, "report", "private"))), ["public"]);
    for scope in ["pull", "push", "admin"] {
        assert_eq!(names(list().token(&token(&larder, scope, "private"))), ["private", "public"]);
    }
    assert_eq!(names(list().password(ADMIN)), ["private", "public"]);
    // Somebody whose token has ended is told so, not shown less.
    list().token("lrd_wrong").send().expect_error(401);
}

#[test]
fn settings_change_one_by_one_and_by_admins_only() {
    let larder = larder_with_both();
    let rule = json!({ "repository": "octo-org/octo-repo", "ref": "refs/heads/main", "scopes": ["push"] });
    let admin = token(&larder, "admin", "public");
    let changed: Mirror = change(&larder, &admin, "public", &json!({ "trust": [rule] })).expect(200).json();
    assert_eq!((changed.private, changed.trust.map(|rules| rules.len())), (false, Some(1)));
    let changed: Mirror = change(&larder, ADMIN, "public", &json!({ "private": true })).expect(200).json();
    assert_eq!((changed.private, changed.trust.as_ref().map(Vec::len)), (true, Some(1)));
    larder.get("/mirrors/public/v3/layout.json").send().expect_error(401);
    // Kept in the bucket, and read again.
    let mut larder = larder;
    larder.kill_and_restart();
    larder.get("/mirrors/public/v3/layout.json").send().expect_error(401);
    let shown: Mirror = larder.get("/api/v1/mirrors/public").token(&admin).send().expect(200).json();
    assert_eq!(json!(shown.trust), json!([rule]));
    let changed: Mirror = change(&larder, &admin, "public", &json!({ "private": false })).expect(200).json();
    assert_eq!((changed.private, changed.trust.map(|rules| rules.len())), (false, Some(1)));
    // Only they see what the mirror trusts.
    let push = token(&larder, "push", "public");
    for ask in [larder.get("/api/v1/mirrors/public"), larder.get("/api/v1/mirrors/public").token(&push)] {
        assert!(!ask.send().expect(200).text().contains("octo-org"));
    }
    assert!(!larder.get("/api/v1/mirrors").token(&push).send().expect(200).text().contains("octo-org"));
    assert_eq!(
        change(&larder, &push, "public", &json!({ "private": true })).expect_error(403).code,
        ErrorCode::Forbidden
    );
    change(&larder, &admin, "private", &json!({ "private": false })).expect_error(403);
    let anonymous = larder.ask("PATCH", "/api/v1/mirrors/public").body(br#"{"private":true}"#).send();
    anonymous.expect_error(401);
    let unknown = change(&larder, ADMIN, "unknown", &json!({ "private": true })).expect_error(404);
    assert_eq!(unknown.code, ErrorCode::MirrorUnknown);
    // And what nobody asked for stayed as it was.
    let shown: Mirror = larder.api("mirrors/public");
    assert_eq!((shown.private, shown.specs, shown.origin), (false, 1, api::Origin::Bucket));
}

#[test]
fn two_changes_at_once_do_not_undo_each_other() {
    let larder = larder_with_both();
    let rule = json!({ "repository": "octo-org/*", "scopes": ["pull"] });
    for (private, trust) in [(true, json!([rule])), (false, json!([])), (true, json!([rule, rule]))] {
        std::thread::scope(|scope| {
            let changes = [json!({ "private": private }), json!({ "trust": trust })];
            let asked = changes.map(|body| {
                scope.spawn({
                    let larder = &larder;
                    move || change(larder, ADMIN, "public", &body).expect(200)
                })
            });
            asked.into_iter().for_each(|thread| drop(thread.join().unwrap()));
        });
        let shown: Mirror = larder.get("/api/v1/mirrors/public").token(ADMIN).send().expect(200).json();
        assert_eq!((shown.private, json!(shown.trust)), (private, trust));
    }
}

#[test]
fn no_secret_is_in_what_the_server_says() {
    let larder = Larder::start();
    // An origin that is not there makes each read a failure, which is logged with its path.
    let body = json!({ "name": "gone", "private": true, "origin": { "kind": "http", "url": "http://127.0.0.1:9" } });
    larder.make_mirror(&body);
    let secret = token(&larder, "pull", "gone");
    for path in reads("gone").into_iter().filter(|path| path.starts_with("/mirrors/gone/")) {
        let below = path.trim_start_matches("/mirrors/gone/");
        for method in ["GET", "HEAD", "PUT"] {
            let answer = larder.ask(method, &format!("/mirrors/gone/~{secret}/{below}")).send();
            let text = format!("{:?} {}", answer.headers, String::from_utf8_lossy(&answer.body));
            assert!(!text.contains(&secret), "{answer:?}");
        }
        larder.get(&format!("/mirrors/gone/{below}")).token(&secret).send();
        larder.get(&format!("/mirrors/gone/{below}")).password(&secret).send();
    }
    larder.get(&format!("/mirrors/gone/~{secret}/build_cache/index.json")).send().expect_error(502);
    let log =
        wait::until("a failure is logged", || Some(larder.log()).filter(|log| log.contains("GET /mirrors/gone/~")));
    assert!(log.contains("/mirrors/gone/~…/build_cache/index.json"), "{log}");
    assert!(!log.contains(&secret) && !log.contains(ADMIN), "{log}");
}

#[test]
fn too_many_wrong_tokens_are_told_to_stop_while_right_ones_work() {
    let larder = larder_with_both();
    let right = token(&larder, "pull", "private");
    let ask = |address: &str| larder.get("/mirrors/private/v3/layout.json").from(address);
    let wrong = |number: u32, address: &str| match number % 4 {
        0 => ask(address).token("wrong"),
        1 => ask(address).password(&format!("lrd_{number:048}")),
        2 => larder.get("/auth/token").from(address).password("wrong"),
        _ => larder.get(&format!("/mirrors/private/~lrd_{number:048}/v3/layout.json")).from(address),
    };
    // The count begins anew each minute, so it may take twice the limit.
    let refused = (0..45).map(|number| wrong(number, "192.0.2.1").send()).find(|answer| answer.status != 401);
    let refused = refused.expect("wrong tokens are not counted");
    assert_eq!(refused.expect_header("retry-after"), "60", "{refused:?}");
    let error = refused.expect_error(429);
    assert_eq!(error.code, ErrorCode::TooManyAttempts);
    assert!(error.next.is_some_and(|next| next.contains("wait")));
    // Others behind the same address, and those without any token, go on.
    ask("192.0.2.1").token(&right).send().expect(200);
    ask("192.0.2.1").send().expect_error(401);
    wrong(0, "192.0.2.2").send().expect_error(401);
    // Neither right tokens nor missing ones are counted.
    for _ in 0..45 {
        ask("192.0.2.3").token(&right).send().expect(200);
        ask("192.0.2.3").send().expect_error(401);
    }
    wrong(0, "192.0.2.3").send().expect_error(401);
}

#[test]
fn a_private_index_is_right_with_the_cache_on() {
    let larder = Larder::start_with(&[("LARDER_CACHE", "on")]);
    larder.make_mirror(&json!({ "name": "private", "private": true }));
    larder.put_hello("private");
    let index = |token: &str| larder.get("/mirrors/private/build_cache/index.json").token(token).send();
    let before = index(ADMIN).expect(200);
    assert_eq!(index(ADMIN).expect(200).body, before.body);
    index("anonymous").expect_error(401);
    let package = MadeUp::new("zlib", "1.3");
    for (path, body) in
        [(blob_path(&package.tarball), package.tarball.clone()), (package.spec_path(), package.spec_file())]
    {
        larder.put(&format!("/mirrors/private/{path}"), &body).token(ADMIN).send().expect(201);
    }
    assert!(is_kept_private(&index(ADMIN)) && index(ADMIN).body != before.body);
}
