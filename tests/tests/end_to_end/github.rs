//! The scripts of the actions that fill a build cache, against a Larder. GitHub's part is what a runner has: variables,
//! files to write to, and an address that says who the job is.

use std::{
    fs,
    process::{Command, Output},
};

use larder_tests::{
    fixtures::{self, fixture},
    issuer::{Issuer, SigningKey},
    larder::Larder,
    origin::{Origin, Reply},
    program,
};
use serde_json::json;

/// A job of `octo-org/octo-repo`, and a Larder whose private mirror `m` trusts it.
struct Job {
    larder: Larder,
    /// Says who the job is.
    identity: Origin,
    folder: tempfile::TempDir,
    _issuer: Issuer,
}

impl Job {
    fn start() -> Self {
        let key = SigningKey::make("k1");
        let issuer = Issuer::start(&[&key]);
        let larder = Larder::start_with(&[("LARDER_OIDC_ISSUER", &issuer.url())]);
        let rule = json!({ "repository": "octo-org/octo-repo", "scopes": ["push", "report"] });
        larder.make_mirror(&json!({ "name": "m", "private": true, "trust": [rule] }));
        larder.make_mirror(&json!({ "name": "other" }));
        larder.push(&fixture("mirror-v2"), "m");
        let audience = format!("http://{}", larder.address());
        let token = key.token(&issuer.claims(&audience));
        let wanted = format!("/?version=1&audience={audience}");
        let identity = Origin::start(move |path| {
            if path == wanted { Reply::found(json!({ "value": token }).to_string()) } else { Reply::status(404) }
        });
        Self { larder, identity, folder: tempfile::tempdir().unwrap(), _issuer: issuer }
    }

    /// Runs a script of an action for a mirror.
    fn run(&self, script: &str, arguments: &[&str], mirror: &str) -> Output {
        let mut command = Command::new(fixtures::root().join(".github/actions").join(script));
        // Where the program is, `larder` is to be found.
        let program = fs::canonicalize(program::command().get_program()).unwrap();
        let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
        command
            .args(arguments)
            .env("PATH", path)
            .env_remove("LARDER_TOKEN")
            .env("LARDER_REPORTS", format!("http://{}/mirrors/{mirror}", self.larder.address()))
            .env("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{}/?version=1", self.identity.url()))
            .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-runner")
            .env("GITHUB_REPOSITORY", "octo-org/octo-repo")
            .env("GITHUB_OUTPUT", self.folder.path().join("output"))
            .env("GITHUB_STEP_SUMMARY", self.folder.path().join("summary.md"));
        program::run(
            command.env("LARDER_COUNT", "2").env("LARDER_NAMES", "hdf5 ruby\nperl-new").env("LARDER_BY", "random"),
        )
    }

    fn written(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_job_shows_who_it_is_and_gets_a_token() {
    let job = Job::start();
    let output = job.run("build/build.sh", &["token"], "m");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let token = String::from_utf8(output.stdout).unwrap();
    job.larder.get("/api/v1/mirrors/m/usage").token(token.trim()).send().expect(200);

    let untrusted = job.run("build/build.sh", &["token"], "other");
    assert_eq!((untrusted.status.code(), untrusted.stdout.len()), (Some(2), 0));
    assert!(said(&untrusted).contains("/mirrors/other does not trust this job."), "{}", said(&untrusted));

    job.identity.change(|_| Reply::status(403));
    let nobody = job.run("build/build.sh", &["token"], "m");
    assert_eq!((nobody.status.code(), nobody.stdout.len()), (Some(2), 0));
    assert!(said(&nobody).contains("It needs the permission id-token: write."), "{}", said(&nobody));
}

#[test]
fn packages_are_chosen_of_what_a_private_mirror_lacks() {
    let job = Job::start();
    let output = job.run("choose/choose.sh", &[], "m");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let chosen = job.written("output");
    assert!(["specs=[\"ruby\",\"perl-new\"]\n", "specs=[\"perl-new\",\"ruby\"]\n"].contains(&&*chosen), "{chosen}");
    let summary = job.written("summary.md");
    assert!(summary.starts_with("### Chosen: 2\n") && summary.contains("- `ruby`: `not in the cache`"), "{summary}");
}
