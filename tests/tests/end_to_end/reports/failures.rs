//! Failures over runs: the same breakage is one, and it is fixed once it builds.

use larder_shared::{
    api::report::{Failure, FailureSummary},
    report::Status,
};
use larder_tests::larder::Larder;

use super::{larder, one};

fn failing(larder: &Larder) -> Vec<String> {
    list(larder, "state=failing").into_iter().map(|failure| failure.message).collect()
}

fn list(larder: &Larder, query: &str) -> Vec<FailureSummary> {
    larder.api::<larder_shared::api::List<_>>(&format!("mirrors/m/failures?{query}")).items
}

#[test]
fn one_breakage_in_many_runs_is_one_failure_until_it_builds() {
    let larder = larder();
    for run in 1..=3 {
        larder.report("m", &one(run, "p", Status::Failed, Some("'x' undeclared")));
    }
    let failure = larder.failures("m").remove(0);
    assert_eq!((failure.seen, failure.package_count, failure.still_failing), (3, 1, true));
    assert_eq!(failure.packages, ["p"]);
    let shown: Failure = larder.api(&format!("mirrors/m/failures/{}", failure.signature));
    assert_eq!((shown.builds.len(), shown.runs.len()), (3, 3));
    assert_eq!(shown.build.id, failure.last_build);

    larder.report("m", &one(4, "p", Status::Built, None));
    assert_eq!(failing(&larder), [""; 0]);
    assert_eq!(list(&larder, "state=fixed").len(), 1);
    larder.report("m", &one(5, "p", Status::Failed, Some("'x' undeclared")));
    assert_eq!(failing(&larder), ["'x' undeclared"]);

    // It breaks differently now: what broke it before is no longer there.
    larder.report("m", &one(6, "p", Status::Failed, Some("'y' undeclared")));
    assert_eq!(failing(&larder), ["'y' undeclared"]);
}

#[test]
fn another_package_that_builds_fixes_nothing() {
    let larder = larder();
    larder.report("m", &one(1, "p", Status::Failed, Some("broken")));
    larder.report("m", &one(2, "q", Status::Built, None));
    let mut other = one(2, "p", Status::Built, None);
    other["builds"][0]["spec"] = "p ~x".into();
    larder.report("m", &other);
    assert_eq!(failing(&larder), ["broken"]);
}

#[test]
fn a_failure_that_is_corrected_leaves_none_behind() {
    let larder = larder();
    larder.report("m", &one(1, "p", Status::Failed, Some("first thought")));
    larder.report("m", &one(1, "p", Status::Failed, Some("second thought")));
    let failures = larder.failures("m");
    assert_eq!(failures.iter().map(|it| it.message.as_str()).collect::<Vec<_>>(), ["second thought"]);
}

#[test]
fn the_list_is_ordered_and_filtered() {
    let larder = larder();
    for run in 1..=3 {
        larder.report("m", &one(run, "often", Status::Failed, Some("often")));
    }
    larder.report("m", &one(4, "base", Status::Failed, Some("blocking")));
    for dependent in ["d1", "d2"] {
        let mut report = one(4, dependent, Status::Blocked, Some("blocking"));
        report["builds"][0]["failure"]["package"] = "base".into();
        larder.report("m", &report);
    }
    larder.report("m", &one(5, "last", Status::Failed, Some("last")));
    let order = |query: &str| list(&larder, query).into_iter().map(|it| it.message).collect::<Vec<_>>();
    assert_eq!(order("")[0], "blocking");
    assert_eq!(order("sort=newest")[0], "last");
    assert_eq!(order("sort=frequent")[..2], ["blocking", "often"]);
    assert_eq!(order("package=often"), ["often"]);
    assert_eq!(order("kind=fetch"), [""; 0]);
    assert_eq!(order("limit=1").len(), 1);
    let shown: Failure = larder.api(&format!("mirrors/m/failures/{}", list(&larder, "")[0].signature));
    assert_eq!(shown.blocked.iter().map(|it| it.package.as_str()).collect::<Vec<_>>(), ["d2", "d1"]);
    larder.get("/api/v1/mirrors/m/failures?state=x").send().expect_error(400);
    larder.get("/api/v1/mirrors/m/failures/0123456789abcdef").send().expect_error(404);
}
