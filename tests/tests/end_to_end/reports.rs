//! Reports of builds: taken in every form, joined into builds, runs and failures.

mod bad_input;
mod badge;
mod cdash;
mod failures;
mod feed;
mod issue;
mod json;
mod junit;
mod log;
mod shell;
mod webhook;

use larder_shared::{
    api::{
        List,
        report::{Build, BuildSummary, RunSummary},
    },
    report::Status,
};
use larder_tests::larder::{ADMIN, Larder};
use serde_json::{Value, json};

/// A mirror without packages.
fn larder() -> Larder {
    let larder = Larder::start();
    larder.make_mirror(&json!({ "name": "m" }));
    larder
}

fn builds(larder: &Larder, query: &str) -> Vec<BuildSummary> {
    larder.api::<List<BuildSummary>>(&format!("mirrors/m/builds?{query}")).items
}

fn build(larder: &Larder, id: u64) -> Build {
    larder.api(&format!("mirrors/m/builds/{id}"))
}

fn runs(larder: &Larder) -> Vec<RunSummary> {
    larder.api::<List<RunSummary>>("mirrors/m/runs").items
}

/// A report of one build of `package` that ended in `status`, in this run, with this error.
fn one(run: u64, package: &str, status: Status, error: Option<&str>) -> Value {
    let mut build = json!({ "package": package, "spec": format!("{package} +x"), "status": status });
    if let Some(error) = error {
        build["failure"] = failure(package, error);
    }
    json!({ "run": { "provider": "github", "repository": "o/r", "run": run.to_string() }, "builds": [build] })
}

fn failure(package: &str, error: &str) -> Value {
    json!({
        "package": package, "phase": "build", "kind": "compile", "tool": "gcc", "file": "a.c", "line": 3, "message": error,
        "log_line": 2, "excerpt": { "first_line": 1, "error": 1, "lines": ["cc -c a.c", format!("a.c:3:1: error: {error}")] },
        "signature": "0000000000000000"
    })
}

/// Stores a build's log.
fn put_log(larder: &Larder, id: u64, log: &[u8]) -> BuildSummary {
    let ask = larder.put(&format!("/api/v1/mirrors/m/builds/{id}/log"), log).token(ADMIN);
    ask.send().expect(200).json()
}
