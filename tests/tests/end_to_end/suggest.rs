//! `larder suggest`: which packages a mirror should be given next.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use larder_tests::{fixtures::fixture, larder::Larder, program, wait};
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
