//! Reports as JSON, the lists and their filters.

use larder_shared::{
    api::{
        List,
        report::{BuildSummary, Run},
    },
    report::Status,
};
use larder_tests::larder::ADMIN;
use serde_json::json;

use super::{build, builds, larder, one, runs};

#[test]
fn a_run_gathers_its_builds_in_order() {
    let larder = larder();
    let report = json!({
        "run": { "provider": "github", "repository": "o/r", "run": "7", "commit": "ab", "ref": "refs/heads/main" },
        "builds": [
            { "package": "a", "status": "built", "took_millis": 1500, "started": "2026-11-20T16:06:03Z" },
            { "package": "b", "status": "reused" },
            { "package": "c", "status": "failed", "failure": super::failure("c", "no") },
            { "package": "d", "status": "blocked", "failure": super::failure("c", "no") },
        ]
    });
    let told = larder.report("m", &report);
    assert!(told.builds.iter().all(|build| build.is_new));
    assert!(told.builds[0].url.ends_with(&format!("/m/m/-/builds/{}", told.builds[0].id)));
    let run: Run = larder.api(&format!("mirrors/m/runs/{}", told.run));
    let statuses: Vec<_> = run.builds.iter().map(|build| build.status).collect();
    assert_eq!(statuses, [Status::Built, Status::Reused, Status::Failed, Status::Blocked]);
    assert_eq!(run.summary.started.to_string(), "2026-11-20T16:06:03Z");
    assert_eq!(run.builds[3].blocked_by.as_deref(), Some("c"));
    larder.get("/api/v1/mirrors/m/runs/99").send().expect_error(404);
    let mirror: larder_shared::api::Mirror = larder.api("mirrors/m");
    assert_eq!((mirror.reports.builds, mirror.reports.failing), (4, 1));
    assert_eq!(mirror.reports.last_run.unwrap().id, told.run);
}

#[test]
fn a_build_that_skips_for_a_dependency_shares_its_failure_whichever_is_told_first() {
    let larder = larder();
    let hash = "slmgyj5jbi4buhh3djrg6bjjk5okgz7l";
    let skip = |package: &str| {
        let mut failure =
            super::failure(package, &format!("Skipping build of {package}-1.0-{hash} since base-2.0-{hash} failed"));
        failure["kind"] = "dependency_failed".into();
        failure["tool"] = "spack".into();
        let mut report = one(1, package, Status::Failed, None);
        report["builds"][0]["failure"] = failure;
        report
    };
    let before = larder.report("m", &skip("early")).builds.remove(0);
    assert_eq!(before.status, Status::Blocked);
    let base = larder.report("m", &one(1, "base", Status::Failed, Some("x undeclared"))).builds.remove(0);
    let after = larder.report("m", &skip("late")).builds.remove(0);
    for id in [before.id, after.id] {
        let dependent = build(&larder, id).summary;
        assert_eq!((dependent.status, dependent.blocked_by.as_deref()), (Status::Blocked, Some("base")));
        assert_eq!(dependent.signature, base.signature);
    }
    let failures = larder.failures("m");
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!((failures[0].blocks, failures[0].package_count, failures[0].seen), (2, 1, 3));
}

#[test]
fn lists_are_filtered_and_paged() {
    let larder = larder();
    for run in 1..=5 {
        larder.report("m", &one(run, &format!("p{run}"), Status::Failed, Some(&format!("error {run} of p"))));
        larder.report("m", &one(run, "same", Status::Built, None));
    }
    assert_eq!(builds(&larder, "").len(), 10);
    assert_eq!(builds(&larder, "status=built").len(), 5);
    assert_eq!(builds(&larder, "package=p3").len(), 1);
    assert_eq!(builds(&larder, "kind=compile").len(), 5);
    assert_eq!(builds(&larder, "kind=fetch").len(), 0);
    assert_eq!(builds(&larder, "since=2100-01-01T00:00:00Z").len(), 0);
    let run = runs(&larder)[0].id;
    assert_eq!(builds(&larder, &format!("run={run}")).len(), 2);
    for wrong in ["status=lost", "kind=x", "run=x", "signature=1", "since=monday", "limit=0", "cursor=x"] {
        larder.get(&format!("/api/v1/mirrors/m/builds?{wrong}")).send().expect_error(400);
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page: List<BuildSummary> = larder.api(&format!("mirrors/m/builds?limit=3{cursor}"));
        seen.extend(page.items.iter().map(|build| build.id));
        match page.next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, (1..=10).rev().collect::<Vec<_>>());
}

#[test]
fn a_large_run_shows_what_went_wrong_first() {
    let larder = larder();
    let build = |n: u64| {
        let status = if n == 199 { "failed" } else { "built" };
        json!({ "package": format!("p{n}"), "status": status })
    };
    let report = json!({ "run": { "run": "1" }, "builds": (0..200).map(build).collect::<Vec<_>>() });
    larder.report("m", &report);
    let run = runs(&larder).remove(0);
    assert_eq!((run.cells.len(), run.counts.built, run.counts.failed), (120, 199, 1));
    assert_eq!(run.cells.last().unwrap().status, Status::Failed);
}

#[test]
fn what_is_private_stays_private() {
    let larder = larder();
    larder.report("m", &one(1, "p", Status::Built, None));
    larder.ask("PATCH", "/api/v1/mirrors/m").body(br#"{"private":true}"#).token(ADMIN).send().expect(200);
    for path in ["builds", "builds/1", "builds/1/log", "runs", "runs/1", "failures", "failures/0123456789abcdef"] {
        larder.get(&format!("/api/v1/mirrors/m/{path}")).send().expect_error(401);
    }
    let answer = larder.get("/api/v1/mirrors/m/builds").token(ADMIN).send().expect(200);
    assert!(answer.expect_header("cache-control").contains("no-store"));
}
