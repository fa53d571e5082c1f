//! JUnit files as `spack install --log-format=junit` wrote them.

use std::fs;

use larder_shared::{api::report::Reported, report::Status};
use larder_tests::{
    fixtures::fixture,
    larder::{ADMIN, Larder},
    reports::submissions,
};

use super::{build, builds, larder, runs};

fn report(larder: &Larder, package: &str, run: &str) -> Reported {
    let body = fs::read(fixture(&format!("reports/junit/{package}.xml"))).unwrap();
    let ask = larder.ask("POST", "/api/v1/mirrors/m/builds").body(&body).token(ADMIN);
    ask.header("Content-Type", "application/xml").header("Larder-Run", run).send().expect(201).json()
}

#[test]
fn a_file_tells_of_all_its_packages_and_brings_their_logs() {
    let larder = larder();
    let told = report(&larder, "syntax-error", "provider=gitlab&repository=g/p&run=5&job=build");
    assert_eq!(told.builds.len(), 4);
    assert_eq!(told.builds.iter().filter(|build| build.status == Status::Reused).count(), 3);
    let failed = told.builds.iter().find(|build| build.status == Status::Failed).unwrap();
    let shown = build(&larder, failed.id);
    assert_eq!(shown.summary.hash.as_deref(), Some("2tw4jbrx5p2zrzn74v737tsqbtvcridu"));
    assert_eq!(shown.summary.started.unwrap().to_string(), "2026-11-20T16:08:19Z");
    assert_eq!(shown.in_run.link.as_deref(), Some("https://gitlab.com/g/p/-/pipelines/5"));
    assert!(shown.log_read_whole);
    let log = larder.get(&format!("/api/v1/mirrors/m/builds/{}/log", failed.id)).send().expect(200);
    let line = shown.failure.unwrap().log_line.unwrap();
    assert!(log.text().lines().nth(line as usize - 1).unwrap().contains("solver.c:4:3: error"));

    assert_eq!(
        report(&larder, "syntax-error", "provider=gitlab&repository=g/p&run=5&job=build")
            .builds
            .iter()
            .filter(|build| build.is_new)
            .count(),
        0
    );
    assert_eq!((builds(&larder, "").len(), runs(&larder).len()), (4, 1));
}

#[test]
fn cdash_and_junit_of_one_run_are_one_build_with_one_signature() {
    let larder = larder();
    let run = "provider=github&repository=o/r&run=1&job=j";
    for package in ["syntax-error", "missing-header", "link-error", "configure-fails"] {
        for mut document in submissions().into_iter().filter(|it| it.query.contains(&format!("build={package}&"))) {
            document.query = format!("{run}&{}", document.query);
            larder.submit("m", &document, ADMIN).expect(200);
        }
        let by_cdash = builds(&larder, &format!("package={package}")).remove(0);
        let by_junit = report(&larder, package, run).builds.into_iter().find(|build| build.package == package).unwrap();
        assert_eq!((by_junit.id, by_junit.is_new), (by_cdash.id, false), "{package}");
        assert_eq!(by_junit.signature, by_cdash.signature, "{package}");
        let all = build(&larder, by_cdash.id);
        assert!(all.reports.contains(&"JUnit".to_owned()) && all.reports.len() >= 3, "{:?}", all.reports);
    }
    assert_eq!(runs(&larder).len(), 1);
}

#[test]
fn a_log_alone_has_the_signature_of_the_report() {
    let larder = larder();
    for package in ["syntax-error", "missing-header", "link-error", "configure-fails"] {
        let told = report(&larder, package, &format!("provider=other&run={package}"));
        let by_junit = told.builds.iter().find(|build| build.package == package).unwrap();
        let report = super::one(1, package, Status::Unknown, None);
        let id = larder.report("m", &report).builds[0].id;
        let log = fs::read(fixture(&format!("reports/logs/{package}.txt"))).unwrap();
        let by_log = super::put_log(&larder, id, &log);
        assert_eq!((by_log.status, &by_log.signature), (Status::Failed, &by_junit.signature), "{package}");
    }
}
