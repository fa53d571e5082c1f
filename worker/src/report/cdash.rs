//! `/cdash/<mirror>/…`: what Spack's CDash reporter sends to, and the link it prints.
//!
//! ```text
//! PUT /cdash/m/submit.php?project=m&build=hdf5&site=runner&stamp=20261120-1606-Nightly&MD5=…
//! ```
//! Spack takes the first `<buildId>` of the answer, and prints the URL up to `submit.php` with
//! `buildSummary.php?buildid=` after it. Source: `reporters/cdash.py` of Spack 0.23.

use larder_shared::{
    index::report::{ReportAsk, Said, Taken, Told, ToldBuild},
    key::{ObjectKey, ReportFolder},
    name::MirrorName,
    report::{Run, cdash::Submission},
    route::page::Page,
};
use md5::{Digest as _, Md5};
use worker::{Request, Response};

use super::{ask, document, reporter, run};
use crate::{
    api::parameter,
    app::{self, App, now},
    error::{Error, Result},
    respond::with_headers,
};

/// Largest document read, in bytes, packed or not. Spack's have at most 50 errors and the log of the
/// configure phase.
const MAX_DOCUMENT_BYTES: u64 = 16 << 20;

/// `PUT` or `POST /cdash/<mirror>/submit.php`
pub(crate) async fn submit(app: &App, request: &Request, mirror: &MirrorName) -> Result<Response> {
    let asker = reporter(app, request, mirror).await?;
    let (sent, unpacked) = document(request, MAX_DOCUMENT_BYTES).await?;
    let digest = hex::encode(Md5::digest(&sent));
    if let Some(expected) = parameter(request, "MD5")?.filter(|expected| !expected.eq_ignore_ascii_case(&digest)) {
        return Err(Error::Document(format!(
            "the body has the MD5 {digest}, the URL says {}",
            expected.chars().take(64).collect::<String>()
        )));
    }
    let project = parameter(request, "project")?.unwrap_or_else(|| mirror.to_string());
    let text = unpacked.as_deref().unwrap_or(&sent);
    let mut submission = Submission::parse(&project, text)?;
    // What a document lacks, its URL has.
    let Submission { run: said, name, .. } = &mut submission;
    let in_url = Run { site: parameter(request, "site")?, stamp: parameter(request, "stamp")?, ..Run::default() };
    *said = std::mem::take(said).or(in_url);
    if name.is_empty() {
        *name = parameter(request, "build")?.unwrap_or_default();
    }

    let key = submission.key();
    let Submission { run: said, name, part } = submission;
    let run = run(request, &asker, said)?;
    let folder = ReportFolder::new(now(), &key);
    let object = ObjectKey::Report(mirror.clone(), folder.clone(), part.file());
    app.store.put(&object, unpacked.unwrap_or(sent)).await?;
    let told = Told {
        run_key: run.key().unwrap_or(key),
        run,
        builds: vec![ToldBuild {
            key,
            document: part.as_str().to_owned(),
            folder,
            log: None,
            said: Said::Part { name, part: Box::new(part) },
        }],
    };
    let taken: Taken = ask(app, mirror, ReportAsk::Take(Box::new(told))).await?;
    let id = taken.builds.first().map_or(0, |build| build.summary.id);
    let answer = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<cdash version=\"larder\"><status>OK</status><message></message>\
         <md5>{digest}</md5><buildId>{id}</buildId></cdash>\n"
    );
    let builder = with_headers([("Content-Type", "text/xml"), ("Cache-Control", "no-store")])?;
    Ok(builder.fixed(answer.into_bytes()))
}

/// `GET /cdash/<mirror>/buildSummary.php?buildid=N`: the page of the build on the dashboard, which asks
/// whoever may not read it for a token itself.
pub(crate) fn summary(request: &Request, mirror: &MirrorName) -> Result<Response> {
    let id = parameter(request, "buildid")?.unwrap_or_default();
    let id = id.parse().map_err(|_| Error::Request(format!("`buildid` is `{id}`; a build's number is expected")))?;
    let location = format!("{}{}", app::origin(request)?, Page::Build(mirror.clone(), id));
    Ok(with_headers([("Location", location.as_str()), ("Cache-Control", "no-store")])?.with_status(302).empty())
}
