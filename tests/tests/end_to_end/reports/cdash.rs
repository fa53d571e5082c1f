//! What Spack's CDash reporter sends, as it was recorded.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use larder_shared::report::{Kind, Status};
use larder_tests::{
    larder::{ADMIN, Larder},
    package::{MadeUp, blob_path},
    reports::{Submission, build_id, submissions},
};
use serde_json::json;

use super::{build, builds, larder, runs};

/// Sends all 19 documents; the numbers of the builds that the answers name.
fn replay(larder: &Larder) -> Vec<u64> {
    let sent = submissions();
    assert_eq!(sent.len(), 19);
    sent.iter().map(|document| build_id(larder.submit("m", document, ADMIN).expect(200).text())).collect()
}

fn push(larder: &Larder, package: &MadeUp) {
    let put = |path: &str, body: &[u8]| larder.put(&format!("/mirrors/m/{path}"), body).token(ADMIN).send().expect(201);
    put(&blob_path(&package.tarball), &package.tarball);
    put(&package.spec_path(), &package.spec_file());
}

#[test]
fn nineteen_documents_are_seven_builds_however_often_they_come() {
    let larder = larder();
    let first = replay(&larder);
    let all = builds(&larder, "");
    assert_eq!(all.len(), 7);
    for (package, status, phase, kind, file, line) in [
        ("hello-larder", Status::Unknown, Some("build"), None, None, None),
        ("syntax-error", Status::Failed, Some("build"), Some(Kind::Compile), Some("solver.c"), Some(4)),
        ("missing-header", Status::Failed, Some("build"), Some(Kind::MissingHeader), Some("io.c"), Some(1)),
        ("link-error", Status::Failed, Some("build"), Some(Kind::UndefinedReference), Some("blas.c"), None),
        ("configure-fails", Status::Failed, Some("configure"), Some(Kind::Configure), None, None),
        ("app-on-broken", Status::Blocked, Some("build"), Some(Kind::Compile), Some("solver.c"), Some(4)),
        ("fetch-fails", Status::Failed, Some("fetch"), Some(Kind::Fetch), None, None),
    ] {
        let found = all.iter().find(|build| build.package == package).unwrap();
        assert_eq!(found.status, status, "{package}");
        assert_eq!(found.phase.as_deref(), phase, "{package}");
        assert_eq!((found.kind, found.file.as_deref(), found.line), (kind, file, line), "{package}");
        assert!(first.contains(&found.id));
    }
    let of = |package: &str| all.iter().find(|build| build.package == package).unwrap().clone();
    assert_eq!(of("app-on-broken").blocked_by.as_deref(), Some("syntax-error"));
    assert_eq!(of("app-on-broken").signature, of("syntax-error").signature);

    assert_eq!(replay(&larder), first);
    assert_eq!(builds(&larder, ""), all);
}

#[test]
fn the_link_that_spack_prints_leads_to_the_build() {
    let larder = larder();
    let sent = &submissions()[3];
    let id = build_id(larder.submit("m", sent, ADMIN).expect(200).text());
    let answer = larder.get(&format!("/cdash/m/buildSummary.php?buildid={id}")).send().expect(302);
    assert!(answer.expect_header("location").ends_with(&format!("/m/m/-/builds/{id}")));
    larder.get("/cdash/m/buildSummary.php?buildid=x").send().expect_error(400);

    let shown = build(&larder, id);
    assert_eq!(shown.reports, ["Build"]);
    assert_eq!(shown.place.site.as_deref(), Some("gha-ubuntu-22.04"));
    assert_eq!(shown.in_run.cells.len(), 1);
    let failure = shown.failure.unwrap();
    assert_eq!(failure.excerpt.lines[failure.excerpt.error], "solver.c:4:3: error: expected ',' or ';' before 'for'");
}

#[test]
fn builds_of_a_site_and_a_stamp_are_one_run() {
    let larder = larder();
    replay(&larder);
    let all = runs(&larder);
    let stamps: Vec<_> = all.iter().filter_map(|run| run.run.stamp.as_deref()).collect();
    assert_eq!(stamps.len(), all.len());
    assert_eq!(all.iter().map(|run| run.counts.total()).sum::<u64>(), 7);
    assert_eq!(all.iter().map(|run| run.cells.len()).sum::<usize>(), 7);
    assert!(all.iter().all(|run| run.run.generator.as_deref().is_some_and(|it| it.starts_with("spack-0.23"))));
}

#[test]
fn the_query_says_which_ci_run_it_was() {
    let larder = larder();
    let run = "provider=github&repository=octo-org%2Fstack&run=17&attempt=2&job=zen3&commit=ab12";
    let with_run = |mut document: Submission| {
        document.query = format!("{run}&{}", document.query);
        document
    };
    for document in submissions().into_iter().map(with_run) {
        larder.submit("m", &document, ADMIN).expect(200);
    }
    let all = runs(&larder);
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0].link.as_deref(), Some("https://github.com/octo-org/stack/actions/runs/17/attempts/2"));
    assert_eq!((all[0].counts.failed, all[0].counts.blocked, all[0].counts.unknown), (5, 1, 1));
    assert_eq!(builds(&larder, "status=failed&limit=500")[0].job.as_deref(), Some("zen3"));
}

#[test]
fn a_push_proves_a_build_and_a_build_is_proved_by_what_was_pushed() {
    let larder = larder();
    let document = |name: &str, start: u64| Submission {
        query: format!("project=m&build={name}&site=s&stamp=t"),
        body: format!(
            "<Site BuildName=\"{name}\" BuildStamp=\"t\" Name=\"s\"><Build><StartBuildTime>{start}</StartBuildTime>\
             <EndBuildTime>{start}</EndBuildTime></Build></Site>"
        )
        .into_bytes(),
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let before = build_id(larder.submit("m", &document("zlib", now), ADMIN).expect(200).text());
    let other = build_id(larder.submit("m", &document("zlib@9.9", now), ADMIN).expect(200).text());
    let zlib = MadeUp::new("zlib", "1.3");
    push(&larder, &zlib);
    let proved = build(&larder, before);
    assert_eq!((proved.summary.status, proved.proved_by_push), (Status::Built, true));
    assert_eq!(proved.summary.hash.as_deref(), Some(zlib.hash.as_str()));
    assert_eq!(build(&larder, other).summary.status, Status::Unknown);
    // Told again, the same documents do not make it doubtful.
    larder.submit("m", &document("zlib", now), ADMIN).expect(200);
    assert_eq!(build(&larder, before).summary.status, Status::Built);
    assert_eq!(runs(&larder)[0].pushed, 1);

    // The report may come after the push, too.
    push(&larder, &MadeUp::new("bzip2", "1.0"));
    let after = build_id(larder.submit("m", &document("bzip2", now - 60), ADMIN).expect(200).text());
    assert_eq!(build(&larder, after).summary.status, Status::Built);
    let long_after = build_id(larder.submit("m", &document("bzip2@1.0", now + 60), ADMIN).expect(200).text());
    assert_eq!(build(&larder, long_after).summary.status, Status::Unknown);
}

#[test]
fn a_packed_document_is_unpacked() {
    let larder = larder();
    let Submission { query, body } = submissions().remove(3);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&body).unwrap();
    let packed = packed.finish().unwrap();
    let query = query.split("&MD5=").next().unwrap().to_owned();
    let ask = larder.ask("POST", &format!("/cdash/m/submit.php?{query}")).body(&packed).token(ADMIN);
    ask.header("Content-Encoding", "gzip").send().expect(200);
    assert_eq!(builds(&larder, "status=failed").len(), 1);
}

#[test]
fn a_report_token_reports_and_nothing_else() {
    let larder = larder();
    let token = larder.make_token(&json!({ "name": "ci", "scopes": ["report"], "mirrors": ["m"] })).secret;
    let sent = &submissions()[0];
    larder.submit("m", sent, &token).expect(200);
    larder.make_mirror(&json!({ "name": "other" }));
    larder.submit("other", sent, &token).expect_error(403);
    let pull = larder.make_token(&json!({ "name": "ci", "scopes": ["push"], "mirrors": ["m"] })).secret;
    larder.submit("m", sent, &pull).expect_error(403);
    let path = format!("/cdash/m/submit.php?{}", sent.query);
    larder.put(&path, &sent.body).send().expect_error(401);
}
