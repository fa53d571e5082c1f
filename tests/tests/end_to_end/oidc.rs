//! CI jobs that hold no token of Larder's: their provider's token proves which repository they run
//! for, and a mirror trusts it by rule.

use std::time::{Duration, Instant};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64_URL};
use larder_shared::api::{self, ErrorCode, List, Scope, Token};
use larder_tests::{
    fixtures::hello,
    http::{Answer, Ask},
    issuer::{Issuer, SigningKey, unsigned},
    larder::{ADMIN, Larder},
    origin::Reply,
    package::{MadeUp, blob_path},
};
use serde_json::{Value, json};

/// A Larder that believes an issuer, whose mirror `m` is private and trusts `octo-org/octo-repo` on
/// `main`, and whose mirror `other` trusts nobody.
struct Setting {
    larder: Larder,
    issuer: Issuer,
    key: SigningKey,
}

impl Setting {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(variables: &[(&str, &str)]) -> Self {
        let key = SigningKey::make("k1");
        let issuer = Issuer::start(&[&key]);
        let url = issuer.url();
        let variables: Vec<_> = [("LARDER_OIDC_ISSUER", &*url)].into_iter().chain(variables.iter().copied()).collect();
        let larder = Larder::start_with(&variables);
        let rule =
            json!({ "repository": "octo-org/octo-repo", "ref": "refs/heads/main", "scopes": ["push", "report"] });
        larder.make_mirror(&json!({ "name": "m", "private": true, "trust": [rule] }));
        larder.make_mirror(&json!({ "name": "other", "private": true }));
        larder.put_hello("m");
        Self { larder, issuer, key }
    }

    /// What a job of the trusted repository may say to this server.
    fn claims(&self) -> Value {
        self.issuer.claims(&format!("http://{}", self.larder.address()))
    }

    fn claims_with(&self, key: &str, value: Value) -> Value {
        let mut claims = self.claims();
        claims[key] = value;
        claims
    }

    fn token(&self) -> String {
        self.key.token(&self.claims())
    }

    /// Tries to upload to a mirror.
    fn put(&self, mirror: &str, token: &str) -> Answer {
        put(&self.larder, mirror).token(token).send()
    }

    /// Asks the token endpoint for a token on a mirror.
    fn exchange(&self, token: &str, scope: &str) -> Answer {
        self.larder.get(&format!("/auth/token?service=larder&client_id=spack&{scope}")).password(token).send()
    }

    fn tokens(&self) -> Vec<Token> {
        self.larder.get("/api/v1/tokens").token(ADMIN).send().expect(200).json::<List<Token>>().items
    }
}

fn put<'a>(larder: &'a Larder, mirror: &str) -> Ask<'a> {
    let tarball = MadeUp::new("zlib", "1.3").tarball;
    larder.put(&format!("/mirrors/{mirror}/{}", blob_path(&tarball)), &tarball)
}

fn seconds() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn a_job_of_a_trusted_repository_pushes_and_reads() {
    let setting = Setting::new();
    let token = setting.token();
    setting.put("m", &token).expect(201);
    let path = format!("/mirrors/m/{}", hello::SPEC);
    setting.larder.get(&path).token(&token).send().expect(200);
    setting.larder.get(&path).password(&token).send().expect(200);
    setting.larder.get(&format!("/mirrors/m/~{token}/{}", hello::SPEC)).send().expect(200);
    let names: Vec<_> = setting
        .larder
        .get("/api/v1/mirrors")
        .token(&token)
        .send()
        .expect(200)
        .json::<List<api::Mirror>>()
        .items
        .into_iter()
        .map(|mirror| mirror.name.to_string())
        .collect();
    assert_eq!(names, ["m"]);
    // It is asked each time, and nothing is stored for it but the issuer's keys, once.
    assert_eq!(setting.issuer.reads(), 1);
    assert!(setting.tokens().is_empty());

    // It is no admin, and no other mirror trusts it.
    let error = setting.put("other", &token).expect_error(403);
    assert_eq!(error.code, ErrorCode::Forbidden);
    assert!(error.message.contains("octo-org/octo-repo") && error.message.contains("refs/heads/main"), "{error:?}");
    setting.put("unknown", &token).expect_error(404);
    setting.larder.get("/mirrors/other/v3/layout.json").token(&token).send().expect_error(403);
    let ask = |method: &str, path: &str| setting.larder.ask(method, path).token(&token).body(b"{}").send();
    for (method, path) in [("POST", "/api/v1/mirrors"), ("POST", "/api/v1/tokens"), ("PATCH", "/api/v1/mirrors/m")] {
        assert_eq!(ask(method, path).expect_error(403).code, ErrorCode::Forbidden, "{method} {path}");
    }
}

#[test]
fn a_token_that_is_not_the_issuers_for_us_and_now_is_refused() {
    let setting = Setting::new();
    let (key, claims) = (&setting.key, setting.claims());
    let rs256 = json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" });
    let good = setting.token();
    let (head, signature) = good.rsplit_once('.').unwrap();
    let signed_elsewhere = SigningKey::make("k1").token(&claims);
    let with = |name: &str, value: Value| key.token(&setting.claims_with(name, value));
    let hs256 = unsigned(&json!({ "alg": "HS256", "kid": "k1" }), &claims);
    let mut flipped = BASE64_URL.decode(signature).unwrap();
    flipped[100] ^= 1;
    let flipped = format!("{head}.{}", BASE64_URL.encode(flipped));
    let altered = unsigned(&rs256, &setting.claims_with("repository", json!("octo-org/octo-repo")));
    let altered = altered.replace(
        &BASE64_URL.encode(claims.to_string()),
        &BASE64_URL.encode(setting.claims_with("sha", json!("0")).to_string()),
    );
    let jwk = json!({ "alg": "RS256", "kid": "k1", "jwk": SigningKey::make("k1").public() });
    let before = setting.larder.stored();
    for (number, (case, token, told)) in [
        ("expired", with("exp", json!(seconds() - 61)), "ended"),
        ("expired long ago", with("exp", json!(0)), "ended"),
        ("not yet", with("nbf", json!(seconds() + 120)), "begins"),
        ("another audience", with("aud", json!("https://github.com/octo-org")), "audience"),
        ("no audience", with("aud", json!([])), "audience"),
        ("another issuer", with("iss", json!("https://token.actions.githubusercontent.com")), "issued"),
        ("the issuer with a slash", with("iss", json!(format!("{}/", setting.issuer.url()))), "issued"),
        ("alg none", format!("{}.", unsigned(&json!({ "alg": "none", "kid": "k1" }), &claims)), "`none`"),
        ("alg None with a signature", key.token_with(&json!({ "alg": "None", "kid": "k1" }), &claims), "`None`"),
        ("alg HS256", format!("{hs256}.{}", BASE64_URL.encode([7; 32])), "`HS256`"),
        ("alg RS512", key.token_with(&json!({ "alg": "RS512", "kid": "k1" }), &claims), "`RS512`"),
        ("no algorithm", key.token_with(&json!({ "kid": "k1" }), &claims), "header"),
        ("no key", key.token_with(&json!({ "alg": "RS256" }), &claims), "names no key"),
        ("an unknown key", key.token_with(&json!({ "alg": "RS256", "kid": "k2" }), &claims), "no key `k2`"),
        (
            "a critical extension",
            key.token_with(&json!({ "alg": "RS256", "kid": "k1", "crit": ["x"] }), &claims),
            "extension",
        ),
        ("a key of its own", SigningKey::make("k1").token_with(&jwk, &claims), "signature"),
        ("signed by another key", signed_elsewhere, "signature"),
        ("a bit of the signature flipped", flipped, "signature"),
        ("no signature", format!("{head}."), "signature"),
        ("claims altered", format!("{altered}.{signature}"), "signature"),
        ("no repository", with("repository", Value::Null), "claims"),
        ("too long", with("more", json!("x".repeat(20_000))), "too long"),
    ]
    .into_iter()
    .enumerate()
    {
        // From addresses of their own, so that none is told to stop.
        let address = format!("192.0.2.{number}");
        let answer = put(&setting.larder, "m").token(&token).from(&address).send();
        assert!(answer.expect_header("www-authenticate").starts_with("Bearer realm="), "{case}: {answer:?}");
        let error = answer.expect_error(401);
        assert_eq!(error.code, ErrorCode::Unauthorized, "{case}");
        assert!(error.message.contains(told), "{case}: {error:?}");
        let url = "/auth/token?service=larder&scope=repository:m:pull,push";
        setting.larder.get(url).password(&token).from(&address).send().expect_error(401);
    }
    let stored: Vec<_> = setting.larder.stored().into_iter().filter(|object| !before.contains(object)).collect();
    assert!(stored.iter().all(|(key, _)| key.starts_with("larder/oidc/")), "{stored:?}");
    assert!(setting.tokens().is_empty());
    setting.put("m", &good).expect(201);
}

#[test]
fn a_rule_names_repository_ref_and_environment() {
    let setting = Setting::new();
    let rules = json!([
        { "repository": "octo-org/*", "ref": "refs/tags/v*", "scopes": ["push"] },
        { "repository": "other-org/tool", "environment": "production", "scopes": ["push"] },
        { "repository": "reader-org/*", "scopes": ["pull"] },
        { "repository": "reader-org/*", "ref": "refs/heads/main", "scopes": ["report"] },
    ]);
    let change = json!({ "trust": rules }).to_string();
    setting.larder.ask("PATCH", "/api/v1/mirrors/m").token(ADMIN).body(change.as_bytes()).send().expect(200);
    for (repository, git_ref, environment, pushes, pulls) in [
        ("octo-org/octo-repo", "refs/tags/v1", None, true, true),
        ("Octo-Org/any", "refs/tags/v", None, true, true),
        ("octo-org/octo-repo", "refs/heads/main", None, false, false),
        ("octo-org/octo-repo", "refs/heads/refs/tags/v1", None, false, false),
        ("octo-org-2/octo-repo", "refs/tags/v1", None, false, false),
        ("evil/octo-org", "refs/tags/v1", None, false, false),
        ("other-org/tool", "refs/heads/x", Some("production"), true, true),
        ("other-org/tool", "refs/heads/x", Some("staging"), false, false),
        ("other-org/tool", "refs/heads/x", None, false, false),
        ("other-org/tool2", "refs/heads/x", Some("production"), false, false),
        ("reader-org/x", "refs/heads/main", None, false, true),
        ("reader-org/x", "refs/pull/1/merge", None, false, true),
    ] {
        let mut claims = setting.claims_with("repository", json!(repository));
        claims["ref"] = json!(git_ref);
        claims["environment"] = json!(environment);
        let token = setting.key.token(&claims);
        let case = format!("{repository} {git_ref} {environment:?}");
        let pushed = setting.put("m", &token).status;
        assert!(if pushes { [200, 201].contains(&pushed) } else { pushed == 403 }, "{case}: {pushed}");
        let pulled = setting.larder.get("/mirrors/m/v3/layout.json").token(&token).send().status;
        assert_eq!(pulled, if pulls { 200 } else { 403 }, "{case}");
        let exchanged = setting.exchange(&token, "scope=repository:m:pull").status;
        assert_eq!(exchanged, if pulls { 200 } else { 403 }, "{case}");
    }
}

#[test]
fn a_job_exchanges_its_token_for_one_that_lasts() {
    let setting = Setting::new();
    let answer = setting.exchange(&setting.token(), "scope=repository:m:pull").expect(200);
    assert_eq!(answer.expect_header("cache-control"), "no-store", "{answer:?}");
    let answer: Value = answer.json();
    let secret = answer["token"].as_str().unwrap();
    assert!(secret.starts_with("lrd_"), "{answer}");
    assert_eq!((&answer["access_token"], &answer["expires_in"]), (&json!(secret), &json!(21_600)));
    // Asked to pull, it may push too: Spack uses the first token it gets for everything.
    setting.put("m", secret).expect(201);
    setting.larder.get("/mirrors/m/v3/layout.json").token(secret).send().expect(200);
    setting.put("other", secret).expect_error(403);
    let [token] = &setting.tokens()[..] else { panic!("{:?}", setting.tokens()) };
    assert_eq!(token.name, "octo-org/octo-repo run 1658821493 at refs/heads/main");
    assert_eq!(token.scopes, [Scope::Push, Scope::Report]);
    assert_eq!(token.mirrors.iter().map(ToString::to_string).collect::<Vec<_>>(), ["m"]);
    let lasts = token.expires.unwrap().as_millis() - token.created.as_millis();
    assert_eq!(lasts, 6 * 3_600_000);
    // The same as a form, as docker sends it.
    let form = |fields: &str| {
        let body = format!("{fields}&service=larder&client_id=docker&scope=repository%3Am%3Apull%2Cpush");
        setting.larder.post("/auth/token", &body).send()
    };
    for fields in ["grant_type=password&username=x&password", "grant_type=refresh_token&refresh_token"] {
        let answer: Value = form(&format!("{fields}={}", setting.token())).expect(200).json();
        setting.put("m", answer["access_token"].as_str().unwrap()).expect(200);
    }
    assert_eq!(setting.tokens().len(), 3);
    // Handed in again, it is handed back.
    let again: Value = setting.exchange(secret, "scope=repository:m:push").expect(200).json();
    assert_eq!(again["token"], answer["token"]);
    assert!((21_000..=21_600).contains(&again["expires_in"].as_u64().unwrap()), "{again}");
}

#[test]
fn an_exchange_never_gives_more_than_each_mirror_does() {
    let setting = Setting::new();
    let token = setting.token();
    let rule = |scope: &str| json!({ "repository": "octo-org/*", "scopes": [scope] });
    setting.larder.make_mirror(&json!({ "name": "reads", "private": true, "trust": [rule("pull")] }));
    setting.larder.make_mirror(&json!({ "name": "pushes", "private": true, "trust": [rule("push")] }));
    let exchange =
        |scope: &str| setting.exchange(&token, scope).expect(200).json::<Value>()["token"].as_str().unwrap().to_owned();
    let may = |secret: &str, mirror: &str| {
        let pulls = setting.larder.get(&format!("/mirrors/{mirror}/v3/layout.json")).token(secret).send().status == 200;
        (pulls, [200, 201].contains(&setting.put(mirror, secret).status))
    };
    let both = exchange("scope=repository:pushes:pull,push&scope=repository:reads:pull");
    assert_eq!((may(&both, "pushes"), may(&both, "reads")), ((true, true), (false, false)));
    let both = exchange("scope=repository:reads:pull+repository:pushes:pull,push");
    assert_eq!((may(&both, "reads"), may(&both, "pushes")), ((true, false), (true, false)));
    let known = exchange("scope=repository:unknown:pull&scope=repository:other:pull&scope=repository:reads:pull");
    assert_eq!((may(&known, "reads"), may(&known, "other")), ((true, false), (false, false)));
    // Nothing that trusts it, or nothing named.
    let made = setting.tokens().len();
    assert_eq!(setting.exchange(&token, "scope=repository:other:pull").expect_error(403).code, ErrorCode::Forbidden);
    setting.exchange(&token, "scope=repository:unknown:pull").expect_error(404);
    let login: Value = setting.exchange(&token, "account=x").expect(200).json();
    assert_eq!(login["token"], json!(token), "a login only checks the token");
    assert!(login["expires_in"].as_u64().unwrap() <= 300, "{login}");
    assert_eq!(setting.tokens().len(), made);
}

#[test]
fn a_key_that_is_new_is_found_and_one_that_is_gone_is_not() {
    let setting = Setting::with(&[("LARDER_OIDC_REFETCH_SECONDS", "0")]);
    setting.put("m", &setting.token()).expect(201);
    let next = SigningKey::make("k2");
    setting.put("m", &next.token(&setting.claims())).expect_error(401);
    setting.issuer.publish(&[&setting.key, &next]);
    setting.put("m", &next.token(&setting.claims())).expect(200);
    setting.put("m", &setting.token()).expect(200);
    setting.issuer.publish(&[&next]);
    // Looked for because of a third one, the first is gone as well.
    setting.put("m", &SigningKey::make("k3").token(&setting.claims())).expect_error(401);
    setting.put("m", &setting.token()).expect_error(401);
    setting.put("m", &next.token(&setting.claims())).expect(200);
}

#[test]
fn unknown_keys_do_not_make_larder_ask_again_and_again() {
    let mut setting = Setting::new();
    setting.put("m", &setting.token()).expect(201);
    let started = Instant::now();
    let stranger = SigningKey::make("stranger").token(&setting.claims());
    for _ in 0..5 {
        setting.put("m", &stranger).expect_error(401);
    }
    if started.elapsed() < Duration::from_secs(50) {
        assert_eq!(setting.issuer.reads(), 1);
    }
    // Another isolate finds the keys in the bucket, also while the issuer is down.
    setting.issuer.change(|_| Reply::status(503));
    setting.larder.kill_and_restart();
    let token = setting.token();
    setting.put("m", &token).expect(200);
    assert_eq!(setting.issuer.reads(), 1);
}

#[test]
fn an_issuer_that_cannot_be_asked_is_told() {
    let setting = Setting::with(&[("LARDER_OIDC_REFETCH_SECONDS", "0")]);
    let token = setting.token();
    let elsewhere = json!({ "issuer": setting.issuer.url(), "jwks_uri": "http://127.0.0.1:9/keys" }).to_string();
    let other = json!({ "issuer": "https://example.org", "jwks_uri": "https://example.org/keys" }).to_string();
    let replies = [
        Reply::status(500),
        Reply::page(),
        Reply::redirect("https://example.org/"),
        Reply::found(elsewhere),
        Reply::found(other),
        Reply::found(vec![b' '; 300_000]),
        Reply::Cut { announced: 1_000, body: b"{".to_vec() },
    ];
    for reply in replies {
        let shown = format!("{reply:?}");
        setting.issuer.change(move |_| reply.clone());
        let answer = setting.put("m", &token);
        assert_eq!(answer.header("retry-after"), Some("5"), "{shown:.80}: {answer:?}");
        let error = answer.expect_error(503);
        assert!(error.message.contains(&setting.issuer.url()), "{shown:.80}: {error:?}");
    }
    setting.issuer.publish(&[&setting.key]);
    setting.put("m", &token).expect(201);
    // With a key that is known, it need not be asked.
    setting.issuer.change(|_| Reply::status(500));
    setting.put("m", &token).expect(200);
}

#[test]
fn the_audience_is_the_server_or_what_was_set() {
    let setting = Setting::new();
    let token = |setting: &Setting, audience: Value| setting.key.token(&setting.claims_with("aud", audience));
    let address = setting.larder.address().to_owned();
    setting.put("m", &token(&setting, json!(address))).expect(201);
    setting.put("m", &token(&setting, json!(["other", format!("http://{address}")]))).expect(200);
    setting.put("m", &token(&setting, json!(format!("https://{address}")))).expect_error(401);

    let setting = Setting::with(&[("LARDER_OIDC_AUDIENCE", "spack-larder")]);
    setting.put("m", &token(&setting, json!("spack-larder"))).expect(201);
    let address = setting.larder.address().to_owned();
    let error = setting.put("m", &token(&setting, json!(format!("http://{address}")))).expect_error(401);
    assert!(error.message.contains("`spack-larder` is expected"), "{error:?}");
}
