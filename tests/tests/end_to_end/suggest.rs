//! `larder suggest`: which packages a mirror should be given next.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use larder_shared::api::{ErrorCode, List, suggest::Suggestion};
use larder_tests::{
    fixtures::fixture,
    larder::{ADMIN, Larder},
    program, wait,
};
use serde_json::{Value, json};

fn suggest(larder: &Larder, arguments: &[&str], names: &str) -> Output {
    let mut command: Command = program::command();
    command.arg("suggest").arg(format!("http://{}/mirrors/m", larder.address())).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    running.stdin.take().unwrap().write_all(names.as_bytes()).unwrap();
    running.wait_with_output().unwrap()
}

fn specs(output: &Output) -> Vec<String> {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let suggestions: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    suggestions.iter().map(|suggestion| suggestion["spec"].as_str().unwrap().to_owned()).collect()
}

/// A build that `culprit` stopped: its own package, or one that it needs.
fn stopped(package: &str, culprit: &str, kind: &str, signature: &str) -> Value {
    let status = if package == culprit { "failed" } else { "blocked" };
    json!({
        "package": package,
        "spec": package,
        "status": status,
        "failure": {
            "package": culprit, "phase": "build", "kind": kind, "tool": "unknown", "file": null, "line": null,
            "message": "no", "log_line": null, "signature": signature,
            "excerpt": {"first_line": null, "error": 0, "lines": ["no"]},
        },
    })
}

#[test]
fn what_is_wanted_comes_first_and_what_is_broken_never() {
    let larder = Larder::start();
    larder.push(&fixture("mirror-v2"), "m");
    let builds = [
        stopped("broken", "broken", "compile", "0123456789abcdef"),
        stopped("needs-broken", "broken", "compile", "0123456789abcdef"),
        stopped("slow", "slow", "timeout", "fedcba9876543210"),
    ];
    larder.report("m", &json!({"run": {}, "builds": builds}));
    let hash = "slmgyj5aaaaaaaaaaaaaaaaaaaaaaaaa";
    larder.get(&format!("/mirrors/m/v3/manifests/spec/ruby/ruby-3.4.1-{hash}.spec.manifest.json")).send().expect(404);
    let names = "broken\nruby-new\ncurl@99\nneeds-broken\n";
    let expected = ["ruby@3.4.1", "slow", "curl@99", "ruby-new"].map(str::to_owned);
    // What was asked for in vain is written down some time later.
    wait::until("what was asked for is told", || {
        let found = specs(&suggest(&larder, &["--names", "-", "--json"], names));
        assert!(!found.iter().any(|spec| spec.contains("broken")), "{found:?}");
        (found == expected).then_some(())
    });
    let few = suggest(&larder, &["--names", "-", "--json", "--count", "1", "--by", "age"], names);
    assert_eq!(specs(&few), ["curl@99"]);
    let read = String::from_utf8(suggest(&larder, &["--by", "demand"], "").stdout).unwrap();
    assert_eq!(read, "ruby@3.4.1  asked for once and not there\n");
}

#[test]
fn what_cannot_be_asked_is_said() {
    let larder = Larder::start();
    let nowhere = suggest(&larder, &["--by", "demand"], "");
    assert_eq!(nowhere.status.code(), Some(1));
    let unreadable = suggest(&larder, &["--names", "-"], "zlib\n==> 2 packages\n");
    assert_eq!(unreadable.status.code(), Some(2));
    let said = String::from_utf8_lossy(&unreadable.stderr).into_owned();
    assert!(said.contains("line 2 of the list is no package: `==> 2 packages`"), "{said}");
}

/// What the API suggests; with a body, by what it names.
fn answered(larder: &Larder, parameters: &str, body: Option<&Value>) -> Vec<Suggestion> {
    let path = format!("/api/v1/mirrors/m/suggest{parameters}");
    let answer = match body {
        Some(body) => larder.post(&path, &body.to_string()).send(),
        None => larder.get(&path).send(),
    };
    answer.expect(200).json::<List<Suggestion>>().items
}

fn named(suggestions: &[Suggestion]) -> Vec<&str> {
    suggestions.iter().map(|suggestion| suggestion.spec.as_str()).collect()
}

#[test]
fn the_mirror_suggests_by_itself_what_it_knows() {
    let larder = Larder::start();
    larder.push(&fixture("mirror-v2"), "m");
    larder.report("m", &json!({"run": {}, "builds": [stopped("slow", "slow", "timeout", "fedcba9876543210")]}));
    let hash = "slmgyj5aaaaaaaaaaaaaaaaaaaaaaaaa";
    larder.get(&format!("/mirrors/m/v3/manifests/spec/ruby/ruby-3.4.1-{hash}.spec.manifest.json")).send().expect(404);
    let suggestions = wait::until("what was asked for is told", || {
        let suggestions = answered(&larder, "?by=demand,failures", None);
        (suggestions.len() == 2).then_some(suggestions)
    });
    let told: Value = serde_json::to_value(&suggestions).unwrap();
    assert_eq!(
        told[0],
        json!({"spec": "ruby@3.4.1", "package": "ruby", "by": "demand", "why": "asked for once and not there"})
    );
    assert_eq!((suggestions[1].spec.as_str(), suggestions.len()), ("slow", 2));
    // Then what packages of the mirror need: of these one came with its dependencies, so that nothing is wanting.
    assert_eq!(answered(&larder, "?by=random", None), []);
    let package = larder.api::<Value>("mirrors/m/specs?package=zlib&limit=1")["items"][0]["hash"].clone();
    larder
        .ask("DELETE", &format!("/api/v1/mirrors/m/specs/{}", package.as_str().unwrap()))
        .token(ADMIN)
        .send()
        .expect(200);
    assert_eq!(named(&answered(&larder, "?by=random", None)), ["zlib"]);
}

#[test]
fn what_broke_is_suggested_again_when_it_changed_or_was_built() {
    let larder = Larder::start();
    larder.make_mirror(&json!({"name": "m"}));
    let kind = |package: &str| stopped(package, "broken", "compile", "0123456789abcdef");
    larder.report("m", &json!({"run": {}, "builds": [kind("broken"), kind("needs-broken")]}));
    let ask = |changed: Value| {
        let body = json!({"names": ["broken", "needs-broken", "ruby"], "changed": changed});
        named(&answered(&larder, "?by=failures,random&seed=1", Some(&body))).join(" ")
    };
    assert_eq!(ask(json!({})), "ruby");
    assert_eq!(ask(json!({"broken": null})), "broken ruby");
    assert_eq!(ask(json!({"broken": "2020-01-01T00:00:00Z"})), "ruby");
    assert_eq!(ask(json!({"broken": "9000-01-01T00:00:00Z"})), "broken ruby");
    let built = json!({"package": "needs-broken", "spec": "needs-broken", "status": "built"});
    larder.report("m", &json!({"run": {"run": "2"}, "builds": [built]}));
    let mut all: Vec<_> = ask(json!({})).split(' ').map(str::to_owned).collect();
    all.sort();
    assert_eq!(all, ["needs-broken", "ruby"]);
}

#[test]
fn the_lot_is_repeatable_and_the_number_bounded() {
    let larder = Larder::start();
    larder.make_mirror(&json!({"name": "m"}));
    let names: Vec<_> = (0..9_000).map(|number| format!("package-{number}@1.{number}")).collect();
    let body = json!({"names": names});
    let draw = |parameters: &str| answered(&larder, parameters, Some(&body));
    assert_eq!(draw("").len(), 25);
    assert_eq!(draw("?count=256").len(), 256);
    assert_eq!(draw("?seed=5"), draw("?seed=5"));
    assert_ne!(draw("?seed=5"), draw("?seed=6"));
    assert_ne!(draw(""), draw(""));
}

#[test]
fn what_cannot_be_answered_is_refused_in_words() {
    let larder = Larder::start();
    larder.make_mirror(&json!({"name": "m"}));
    let many = json!({"names": vec!["zlib"; 20_001]}).to_string();
    let large = json!({"names": vec!["x".repeat(200); 6_000]}).to_string();
    for (parameters, body, code, words) in [
        ("?count=0", "{}", ErrorCode::RequestInvalid, "a number from 1 to 256 is expected"),
        ("?count=257", "{}", ErrorCode::RequestInvalid, "a number from 1 to 256 is expected"),
        ("?count=many", "{}", ErrorCode::RequestInvalid, "a number is expected"),
        ("?by=luck", "{}", ErrorCode::RequestInvalid, "nothing is suggested by `luck`"),
        ("?by=demand,,age", "{}", ErrorCode::RequestInvalid, "nothing is suggested by ``"),
        ("?by=age", "{}", ErrorCode::RequestInvalid, "has to be told the newest versions"),
        ("?seed=-1", "{}", ErrorCode::RequestInvalid, "a number is expected"),
        ("", "", ErrorCode::RequestInvalid, "the body cannot be used"),
        ("", "[1]", ErrorCode::RequestInvalid, "the body cannot be used"),
        ("", r#"{"nmes": []}"#, ErrorCode::RequestInvalid, "unknown field `nmes`"),
        ("", r#"{"names": ["hdf5; id"]}"#, ErrorCode::RequestInvalid, "`hdf5; id` is no package"),
        ("", r#"{"changed": {"hdf5": "yesterday"}}"#, ErrorCode::RequestInvalid, "`yesterday` is not a time"),
        ("", &many, ErrorCode::RequestInvalid, "20001 packages are too many"),
    ] {
        let answer = larder.post(&format!("/api/v1/mirrors/m/suggest{parameters}"), body).send();
        let error = answer.expect_error(400);
        assert_eq!(error.code, code, "{parameters} {}", error.message);
        assert!(error.message.contains(words), "{parameters}: {}", error.message);
    }
    assert_eq!(larder.post("/api/v1/mirrors/m/suggest", &large).send().expect_error(413).code, ErrorCode::TooLarge);
    larder.get("/api/v1/mirrors/nowhere/suggest").send().expect_error(404);
    larder.make_mirror(&json!({"name": "secret", "private": true}));
    larder.get("/api/v1/mirrors/secret/suggest").send().expect_error(401);
    larder.post("/api/v1/mirrors/secret/suggest", "{}").send().expect_error(401);
    larder.post("/api/v1/mirrors/secret/suggest", "{}").token(ADMIN).send().expect(200);
}
