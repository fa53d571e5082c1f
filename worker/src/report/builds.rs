//! `POST /api/v1/mirrors/{m}/builds`: builds as a JUnit file or as JSON.

use larder_shared::{
    api::report::{Reported, ReportedBuild},
    digest::Digest,
    index::report::{Log, ReportAsk, Said, Taken, Told, ToldBuild},
    key::{ObjectKey, ReportFolder},
    name::MirrorName,
    report::{MAX_BUILDS, Report, Run, Status, junit},
    route::page::Page,
};
use worker::{Request, Response};

use super::{ask, document, log, reporter, run};
use crate::{
    app::{self, App, now},
    error::{Error, Result},
    respond::{self, header},
};

/// Largest JUnit file read, in bytes, packed or not: it holds whole logs, and is held whole.
const MAX_JUNIT_BYTES: u64 = 24 << 20;

/// Largest JSON report read, in bytes, packed or not.
const MAX_JSON_BYTES: u64 = 8 << 20;

/// Logs of a JUnit file that are stored on their own: each is a write, and a request may make 50.
const MAX_LOGS: usize = 40;

/// `POST /api/v1/mirrors/{m}/builds`
pub(crate) async fn create(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    let asker = reporter(app, request, mirror).await?;
    let kind = header(request, "Content-Type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (document, sent, said, cases) = match kind.as_str() {
        "application/xml" | "text/xml" => {
            let (sent, unpacked) = document(request, MAX_JUNIT_BYTES).await?;
            let sent = unpacked.unwrap_or(sent);
            let cases = junit::parse(&sent)?;
            ("JUnit", sent, Run::default(), cases)
        }
        "application/json" => {
            let (sent, unpacked) = document(request, MAX_JSON_BYTES).await?;
            let sent = unpacked.unwrap_or(sent);
            let report: Report = serde_json::from_slice(&sent)
                .map_err(|error| Error::Request(format!("the report cannot be used: {error}")))?;
            let cases = report.builds.into_iter().map(|build| junit::Case { build: build.bounded(), log: None });
            ("JSON", sent, report.run, cases.collect())
        }
        _ => {
            let expected = "`application/xml` for a JUnit file or `application/json` for a report";
            return Err(Error::Request(format!("the Content-Type `{kind}` is not read here; send {expected}")));
        }
    };
    if cases.is_empty() || cases.len() > MAX_BUILDS {
        let found = cases.len();
        return Err(Error::Request(format!("the report has {found} builds; it is read with 1 to {MAX_BUILDS}")));
    }

    let run = run(request, &asker, said)?;
    let (digest, time) = (Digest::of(&sent), now());
    let file = if document == "JUnit" { "junit.xml" } else { "report.json" };
    let whole = ReportFolder::new(time, &digest);
    app.store.put(&ObjectKey::Report(mirror.clone(), whole, file), sent).await?;

    let run_key = run.key().unwrap_or(digest);
    let mut left = MAX_LOGS;
    let mut logs_left_out = 0;
    let mut builds = Vec::with_capacity(cases.len());
    for junit::Case { build, log: text } in cases {
        let key = build.key(&run_key, run.job.as_deref());
        let folder = ReportFolder::new(time, &key);
        let log = match text.filter(|_| build.status != Status::Reused) {
            Some(_) if left == 0 => {
                logs_left_out += 1;
                None
            }
            Some(text) => {
                left -= 1;
                let bytes = text.len() as u64;
                app.store.put(&log::key(mirror, &folder), text.into_bytes()).await?;
                Some(Log { bytes, is_read_whole: true })
            }
            None => None,
        };
        let said = Said::Whole(Box::new(build));
        builds.push(ToldBuild { key, document: document.to_owned(), folder, log, said });
    }
    let taken: Taken = ask(app, mirror, ReportAsk::Take(Box::new(Told { run, run_key, builds }))).await?;

    let origin = app::origin(request)?;
    let reported = |build: larder_shared::index::report::TakenBuild| ReportedBuild {
        url: format!("{origin}{}", Page::Build(mirror.clone(), build.summary.id)),
        id: build.summary.id,
        package: build.summary.package,
        status: build.summary.status,
        is_new: build.is_new,
        signature: build.summary.signature,
    };
    let builds = taken.builds.into_iter().map(reported).collect();
    respond::done(201, &Reported { run: taken.run, builds, logs_left_out })
}
