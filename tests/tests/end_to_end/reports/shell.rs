//! `larder report`, against the real thing.

use std::{fs, path::Path, process::Output};

use larder_shared::report::{Kind, Provider, Status};
use larder_tests::{fixtures::fixture, larder::Larder, program};
use tempfile::TempDir;

use super::{build, builds, larder, runs};

const GITHUB: [(&str, &str); 6] = [
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_REPOSITORY", "octo-org/stack"),
    ("GITHUB_RUN_ID", "1658821493"),
    ("GITHUB_RUN_ATTEMPT", "1"),
    ("GITHUB_JOB", "zen3"),
    ("RUNNER_NAME", "r-1"),
];

/// Reports a file as a job of GitHub Actions does.
fn report(larder: &Larder, file: &Path) -> Output {
    let url = format!("http://{}/mirrors/m", larder.address());
    let output = program::run(program::command().arg("report").arg(file).arg(url).envs(GITHUB));
    assert!(output.status.success(), "{output:?}");
    output
}

#[test]
fn a_junit_file_becomes_builds_of_the_jobs_run() {
    let larder = larder();
    let file = fixture("reports/junit/missing-header.xml");
    let said = String::from_utf8(report(&larder, &file).stdout).unwrap();
    let failed = builds(&larder, "status=failed").remove(0);
    assert!(
        said.contains(&format!("/builds/{}", failed.id)) && said.contains("FAILED missing-header in build: "),
        "{said}"
    );
    assert_eq!((failed.package.as_str(), failed.kind), ("missing-header", Some(Kind::MissingHeader)));
    let shown = build(&larder, failed.id);
    assert!(shown.log_read_whole && shown.summary.log_bytes.is_some());
    let run = runs(&larder).remove(0);
    assert_eq!((run.run.provider, run.run.runner.as_deref()), (Some(Provider::Github), Some("r-1")));

    report(&larder, &file);
    assert_eq!((runs(&larder).len(), builds(&larder, "status=failed").len()), (1, 1), "twice is once");
}

#[test]
fn the_error_in_the_middle_of_a_long_log_is_handed_in() {
    let larder = larder();
    let folder = TempDir::new().unwrap();
    let stage = folder.path().join(format!("spack-stage-libfoo-1.2-{}", "a".repeat(32)));
    fs::create_dir(&stage).unwrap();
    let healthy = "cc -Werror -c error.c\n".repeat(100_000);
    let error = "src/foo.c:7:3: error: 'x' undeclared\nmake: *** [Makefile:2: foo.o] Error 1\n";
    let log = format!("==> libfoo: Executing phase: 'build'\n{healthy}{error}{healthy}");
    let path = stage.join("spack-build-out.txt");
    fs::write(&path, &log).unwrap();
    report(&larder, &path);

    let told = builds(&larder, "").remove(0);
    let shown = build(&larder, told.id);
    assert_eq!((told.status, told.log_bytes, shown.log_read_whole), (Status::Failed, Some(log.len() as u64), true));
    assert_eq!(shown.failure.unwrap().log_line, Some(100_002));
    let stored = larder.get(&format!("/api/v1/mirrors/m/builds/{}/log", told.id)).send().expect(200);
    assert!(stored.body == log.as_bytes());
}
