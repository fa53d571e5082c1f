use super::*;
use crate::http::Failure as HttpFailure;

fn http(failure: HttpFailure) -> Problem {
    Problem::Http { role: "tarball", failure }
}

fn unreachable() -> Problem {
    http(HttpFailure::from(ureq::Error::HostNotFound))
}

#[test]
fn figures_and_failures_are_told() {
    let mut report = Report::new(4, false);
    report.add("zlib /aaaaaaa", &Ok(Outcome::Pushed { sent_bytes: 1_500_000 }));
    report.add("hdf5 /bbbbbbb", &Ok(Outcome::Skipped));
    report.add("curl /ccccccc", &Err(Problem::Missing { role: "tarball", path: "build_cache/x.spack".to_owned() }));
    report.add(
        "cmake /ddddddd",
        &Err(Problem::WrongLength { role: "tarball", found: 1, named: 2, location: "x".into() }),
    );
    let summary = report.summary(Duration::from_millis(4210)).to_string();
    assert_eq!(summary, "pushed 1, skipped 1, failed 2: 1.50 MB sent in 4.2 s");
    assert_eq!(report.end(false), End::Failed);
    let failures = report.failures();
    assert!(
        failures.contains("  curl /ccccccc: its tarball is not in the folder: build_cache/x.spack\n      The mirror")
    );
    assert!(failures.contains("  cmake /ddddddd: the tarball does not have the length"), "{failures}");
}

#[test]
fn one_reason_is_told_once_with_all_it_concerns() {
    let mut report = Report::new(3, false);
    report.add("zlib /aaaaaaa", &Err(unreachable()));
    report.add("hdf5 /bbbbbbb", &Err(unreachable()));
    let failures = report.failures();
    assert!(
        failures.starts_with("  zlib /aaaaaaa, hdf5 /bbbbbbb: the server cannot be reached: host not found\n"),
        "{failures}"
    );
    assert_eq!(failures.lines().count(), 2);
    assert!(report.is_hopeless());
    assert_eq!(
        report.summary(Duration::ZERO).to_string(),
        "pushed 0, skipped 0, failed 2, not tried 1: 0 B sent in 0.0 s"
    );
}

#[test]
fn what_ctrl_c_left_is_neither_done_nor_failed() {
    let mut report = Report::new(2, false);
    report.add("zlib /aaaaaaa", &Ok(Outcome::Pushed { sent_bytes: 1 }));
    report.add("hdf5 /bbbbbbb", &Err(http(HttpFailure::Stopped)));
    assert_eq!((report.end(true), report.failures().as_str()), (End::Stopped, ""));
}

#[test]
fn a_push_that_was_complete_when_stopped_is_done() {
    let mut report = Report::new(1, false);
    report.add("zlib /aaaaaaa", &Ok(Outcome::Skipped));
    assert_eq!((report.end(true), report.end(false)), (End::Done, End::Done));
}

#[test]
fn a_dry_run_sends_nothing() {
    let mut report = Report::new(1, true);
    report.add("zlib /aaaaaaa", &Ok(Outcome::Checked));
    assert_eq!(report.end(false), End::Done);
    assert_eq!(report.summary(Duration::ZERO).to_string(), "would push 1, failed 0: 0 B sent in 0.0 s");
}

#[test]
fn a_server_that_stays_down_is_given_up() {
    let cut = || Err(http(HttpFailure::from(ureq::Error::Timeout(ureq::Timeout::PerCall))));
    let mut report = Report::new(100, false);
    for _ in 0..MOST_FAILURES_IN_A_ROW - 1 {
        report.add("zlib /aaaaaaa", &cut());
    }
    report.add("hdf5 /bbbbbbb", &Ok(Outcome::Skipped));
    for _ in 0..MOST_FAILURES_IN_A_ROW - 1 {
        report.add("curl /ccccccc", &cut());
        report.add(
            "cmake /ddddddd",
            &Err(Problem::WrongLength { role: "tarball", found: 1, named: 2, location: "x".into() }),
        );
    }
    assert!(!report.is_hopeless());
    report.add("zlib /aaaaaaa", &cut());
    assert!(report.is_hopeless());
}
