//! `larder report`.

mod intake;

use std::{
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use larder_shared::report::{Kind, Provider, Report, Status};
use tempfile::TempDir;

use crate::{
    said::{assert_said, text},
    server::Fault,
};
use intake::Intake;

/// What Spack wrote; `tests/fixtures/README.md` says how.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/reports").join(name)
}

/// `larder report` with a token and short pauses, outside of any CI.
fn larder_report(files: &[&Path], url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
    command.arg("report").args(files).arg(url).args(["--first-pause-ms", "10"]);
    command.env("LARDER_TOKEN", "sesame\n").stdin(Stdio::null());
    for name in ["SSL_CERT_FILE", "GITHUB_ACTIONS", "GITLAB_CI"] {
        command.env_remove(name);
    }
    command
}

const HASH: &str = "gkchgkpkndnv3lj2srukxatbuy63tjj4";

/// A log as Spack leaves it where it builds, of so many lines before its error.
fn staged_log(folder: &TempDir, lines: usize) -> PathBuf {
    let stage = folder.path().join(format!("spack-stage-libfoo-1.2-{HASH}"));
    fs::create_dir_all(&stage).unwrap();
    let path = stage.join("spack-build-out.txt");
    let before = "cc -Werror -c error.c\n".repeat(lines);
    let error = "src/foo.c:7:3: error: 'x' undeclared\nmake: *** [Makefile:2: foo.o] Error 1\n";
    fs::write(&path, format!("==> libfoo: Executing phase: 'build'\n{before}{error}")).unwrap();
    path
}

fn unpacked(gzip: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut plain).unwrap();
    plain
}

#[test]
fn a_log_is_read_reported_and_sent_along() {
    let (folder, server) = (TempDir::new().unwrap(), Intake::start());
    let log = staged_log(&folder, 200);
    let output = larder_report(&[&log], &server.mirror_url()).output().unwrap();
    let said =
        "FAILED libfoo in build: src/foo.c:7: 'x' undeclared\n    https://larder.example.org/mirrors/m/builds/1\n";
    assert_said(&output, 0, &[said, "reported 1 build: 1 failed; 1 log"], &[]);

    let reports = server.reports();
    let build = &reports[0].builds[0];
    assert_eq!((reports.len(), reports[0].builds.len()), (1, 1));
    assert_eq!(
        (build.package.as_str(), build.spec.as_str(), build.hash.as_deref()),
        ("libfoo", "libfoo@1.2", Some(HASH))
    );
    let failure = build.failure.as_ref().unwrap();
    assert_eq!((failure.kind, failure.log_line, failure.line), (Kind::Compile, Some(202), Some(7)));

    let sent = server.put("1/log").unwrap();
    assert_eq!(sent.headers["content-encoding"], "gzip");
    assert_eq!(unpacked(&sent.body), fs::read(&log).unwrap());
    assert!(sent.body.len() < 1_000);
    assert!(server.requests().iter().all(|request| request.headers["authorization"] == "Bearer sesame"));
}

#[test]
fn a_long_log_goes_plain_and_what_was_found_in_it_is_handed_in() {
    let (folder, server) = (TempDir::new().unwrap(), Intake::start());
    let log = staged_log(&folder, 200_000);
    assert_said(&larder_report(&[&log], &server.mirror_url()).output().unwrap(), 0, &["1 log, 4.40 MB sent"], &[]);
    let sent = server.put("1/log").unwrap();
    assert!(!sent.headers.contains_key("content-encoding") && sent.body == fs::read(&log).unwrap());
    let cause: larder_shared::report::Failure = serde_json::from_slice(&server.put("1/failure").unwrap().body).unwrap();
    assert_eq!((cause.log_line, Some(&cause)), (Some(200_002), server.reports()[0].builds[0].failure.as_ref()));
}

#[test]
fn a_log_that_spack_packed_is_unpacked() {
    let (folder, server) = (TempDir::new().unwrap(), Intake::start());
    let plain = fs::read(staged_log(&folder, 9)).unwrap();
    let path = folder.path().join("spack-build-out.txt.gz");
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(&plain).unwrap();
    fs::write(&path, packer.finish().unwrap()).unwrap();
    let output = larder_report(&[&path], &server.mirror_url()).args(["--hash", "abc", "--quiet"]).output().unwrap();
    assert_said(&output, 0, &[], &[]);
    assert_eq!(text(&output.stdout), "");
    assert_eq!(server.put("1/log").unwrap().body, plain);
    let build = &server.reports()[0].builds[0];
    assert_eq!((build.package.as_str(), build.hash.as_deref()), ("libfoo", Some("abc")));
}

#[test]
fn documents_of_cdash_are_joined_to_builds() {
    let folder = fixture("cdash");
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let mut documents: Vec<&Path> =
        files.iter().map(PathBuf::as_path).filter(|path| path.extension().unwrap() == "xml").collect();
    documents.sort();
    assert_eq!(documents.len(), 19);
    let server = Intake::start();
    let output = larder_report(&documents, &server.mirror_url()).output().unwrap();
    assert_said(&output, 0, &["reported 7 builds", "blocked app-on-broken by syntax-error"], &[]);
    let builds: Vec<_> = server.reports().into_iter().flat_map(|report| report.builds).collect();
    let ended = |status| builds.iter().filter(|build| build.status == status).count();
    assert_eq!((builds.len(), ended(Status::Blocked)), (7, 1));
}

#[test]
fn a_junit_file_is_reported_with_its_logs_and_the_run_of_the_job() {
    let file = fs::read_dir(fixture("junit")).unwrap().map(|entry| entry.unwrap().path()).min().unwrap();
    let server = Intake::start();
    let mut command = larder_report(&[&file], &server.mirror_url());
    command.args(["--job", "zen3"]).env("GITHUB_ACTIONS", "true").env("GITHUB_REPOSITORY", "octo-org/stack");
    command.env("GITHUB_RUN_ID", "1658821493").env("GITHUB_RUN_ATTEMPT", "2").env("GITHUB_JOB", "build");
    assert_said(&command.output().unwrap(), 0, &["reported "], &[]);
    let reports = server.reports();
    let run = &reports[0].run;
    assert_eq!(
        (run.provider, run.id.as_deref(), run.job.as_deref()),
        (Some(Provider::Github), Some("1658821493"), Some("zen3"))
    );
    assert_eq!(run.link().as_deref(), Some("https://github.com/octo-org/stack/actions/runs/1658821493/attempts/2"));
    let with_log = server.requests().iter().filter(|request| request.path.ends_with("/log")).count();
    assert!(with_log > 0 && with_log <= reports[0].builds.len());
}

#[test]
fn a_dry_run_prints_what_would_be_sent_and_asks_nobody() {
    let folder = TempDir::new().unwrap();
    let log = staged_log(&folder, 200);
    let mut command = larder_report(&[&log], "https://larder.example.org/mirrors/m");
    let output = command.arg("--dry-run").env_remove("LARDER_TOKEN").output().unwrap();
    assert_said(&output, 0, &[], &["FAILED libfoo in build", "would report 1 build: 1 failed; 1 log"]);
    let report: Report = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report.builds[0].package, "libfoo");
    // Nothing tells the run, so the builds do: twice is the same.
    assert_eq!(
        report.run.key(),
        serde_json::from_slice::<Report>(&command.output().unwrap().stdout).unwrap().run.key()
    );
    assert!(report.run.key().is_some());
}

#[test]
fn what_cannot_be_used_is_said_and_the_rest_is_reported() {
    let (folder, server) = (TempDir::new().unwrap(), Intake::start());
    let write = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let bad = [
        (write("empty.txt", b""), "it is empty"),
        (write("page.html", b"<html></html>"), "JUnit files, CDash documents and logs"),
        (write("cut.xml", b"<testsuites><testsuite>"), "JUnit files, CDash documents and logs"),
        (write("none.xml", b"<testsuites></testsuites>"), "names no package"),
        (write("notes.txt", b"nothing of Spack's\n"), "say it with --package"),
        (write("cut.gz", &[0x1f, 0x8b, 8, 0]), "cannot be read"),
        (folder.path().join("gone.txt"), "cannot be read"),
    ];
    let mut files: Vec<&Path> = bad.iter().map(|(path, _)| path.as_path()).collect();
    let alone = larder_report(&files, &server.mirror_url()).output().unwrap();
    assert_said(&alone, 2, &[], &["there is nothing to report"]);
    for (path, why) in &bad {
        let line = text(&alone.stderr).lines().find(|line| line.contains(path.to_str().unwrap())).unwrap().to_owned();
        assert!(line.contains(why), "{line}");
    }
    let log = staged_log(&folder, 9);
    files.push(&log);
    assert_said(
        &larder_report(&files, &server.mirror_url()).output().unwrap(),
        1,
        &["reported 1 build"],
        &["it is empty"],
    );
    let named = larder_report(&files, &server.mirror_url()).args(["--package", "x"]).output().unwrap();
    assert_said(&named, 2, &[], &["are about one log"]);
}

#[test]
fn a_busy_server_is_asked_again_and_a_refusal_is_told() {
    let folder = TempDir::new().unwrap();
    let log = staged_log(&folder, 9);
    let busy = Intake::start_with(|request| (request.earlier < 2).then(|| Fault::status(503)));
    assert_said(&larder_report(&[&log], &busy.mirror_url()).output().unwrap(), 0, &["1 log"], &["trying again"]);
    assert_eq!(busy.requests().len(), 6);

    let strict = Intake::start_with(|_| {
        Some(Fault::larder(403, "FORBIDDEN", "the token may not report", "Ask for one with `report`."))
    });
    let output = larder_report(&[&log], &strict.mirror_url()).output().unwrap();
    assert_said(&output, 1, &[], &["the token may not report (HTTP 403)", "Ask for one with `report`."]);
    assert_eq!(strict.requests().len(), 1);

    let output = larder_report(&[&log], &strict.mirror_url()).env("LARDER_TOKEN", " ").output().unwrap();
    assert_said(&output, 2, &[], &["the token is empty"]);
}
