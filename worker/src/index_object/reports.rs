//! What the index keeps of builds: runs, the builds of each, and the failures that stopped them.
//!
//! A build is one row, however many documents tell of it. A failure's row follows from the builds that
//! have its signature, and is made anew whenever one of them changes.

mod failures;
mod queries;
mod rows;

use std::collections::BTreeSet;

use larder_shared::{
    api::{Timestamp, report::BuildSummary},
    index::report::{FailureEvent, Log, Reading, ReportAsk, Said, Taken, TakenBuild, Told, ToldBuild},
    report::{Build, Kind, Run, Signature, Status, cdash, proof},
    spec::Node,
};
use serde::Deserialize;
use worker::Result;

use super::{
    IndexObject, json,
    tables::{RecordRow, Tables, number},
    webhooks,
};
use rows::BuildRow;

/// The tables of this module.
pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS run(
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  run TEXT NOT NULL,
  started INTEGER NOT NULL,
  last INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS build(
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  run INTEGER NOT NULL,
  package TEXT NOT NULL,
  hash TEXT,
  subject TEXT NOT NULL,
  status TEXT NOT NULL,
  kind TEXT,
  signature TEXT,
  blocked_by TEXT,
  received INTEGER NOT NULL,
  proved INTEGER NOT NULL DEFAULT 0,
  build TEXT NOT NULL,
  place TEXT NOT NULL,
  documents TEXT NOT NULL,
  parts TEXT,
  folder TEXT NOT NULL,
  log TEXT
);
CREATE INDEX IF NOT EXISTS build_run ON build(run);
CREATE INDEX IF NOT EXISTS build_package ON build(package);
CREATE INDEX IF NOT EXISTS build_subject ON build(subject);
CREATE INDEX IF NOT EXISTS build_signature ON build(signature) WHERE signature IS NOT NULL;
CREATE INDEX IF NOT EXISTS build_blocked_by ON build(blocked_by) WHERE blocked_by IS NOT NULL;
CREATE TABLE IF NOT EXISTS failure(
  signature TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  summary TEXT NOT NULL,
  still INTEGER NOT NULL,
  blocks INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  last_build INTEGER NOT NULL,
  since INTEGER NOT NULL
) WITHOUT ROWID;
";

/// How long after a build was reported a push may prove it, in milliseconds.
const PROOF_MILLIS: u64 = 24 * 3_600_000;

/// Builds, or packages of the index, that are looked at for a proof.
const MAX_PROOFS: u64 = 20;

impl IndexObject {
    /// Answers a question about builds.
    pub(super) async fn report(&self, ask: ReportAsk, now: Timestamp) -> Result<String> {
        let tables = &self.tables;
        match ask {
            ReportAsk::Take(told) => {
                let taken = self.atomically(move |tables| take(tables, *told, now)).await?;
                self.ring_when_due().await?;
                json(&taken)
            }
            ReportAsk::NoteLog { build, log, reading } => self.note_reading(build, Some(log), *reading, now).await,
            ReportAsk::NoteReading { build, reading } => self.note_reading(build, None, *reading, now).await,
            ReportAsk::LogPlace(build) => json(&rows::find(tables, build)?.map(|row| row.log_place()).transpose()?),
            ReportAsk::Builds(query) => json(&queries::builds(tables, &query)?),
            ReportAsk::Build(id) => json(&queries::build(tables, id)?),
            ReportAsk::Runs { limit, before } => json(&queries::runs(tables, limit, before)?),
            ReportAsk::Run(id) => json(&queries::run(tables, id)?),
            ReportAsk::Failures(query) => json(&queries::failures(tables, &query)?),
            ReportAsk::News(limit) => json(&queries::news(tables, limit)?),
            ReportAsk::Failure(signature) => json(&queries::failure(tables, &signature)?),
        }
    }

    async fn note_reading(&self, build: u64, log: Option<Log>, reading: Reading, now: Timestamp) -> Result<String> {
        let noted = self.atomically(move |tables| note_reading(tables, build, log, reading, now)).await?;
        self.ring_when_due().await?;
        json(&noted)
    }
}

pub(super) use queries::{news_of, reports};

/// What the lists say of a build.
pub(super) fn build_summary(tables: &Tables, id: u64) -> Result<Option<BuildSummary>> {
    rows::find(tables, id)?.map(|row| row.to_summary()).transpose()
}

/// Takes what a report says.
fn take(tables: &Tables, told: Told, now: Timestamp) -> Result<Taken> {
    let run_id = take_run(tables, &told, now)?;
    let mut touched = BTreeSet::new();
    let mut builds = Vec::with_capacity(told.builds.len());
    for one in told.builds {
        let (id, is_new) = take_build(tables, run_id, &told.run, one, &mut touched, now)?;
        builds.push((id, is_new));
    }
    settle(tables, &touched, now)?;
    let taken = |(id, is_new)| {
        let row = rows::find(tables, id)?.ok_or("a build that was taken is gone")?;
        Ok(TakenBuild { summary: row.to_summary()?, is_new })
    };
    Ok(Taken { run: run_id, builds: builds.into_iter().map(taken).collect::<Result<_>>()? })
}

/// The number of the run, which is made when it is not known.
fn take_run(tables: &Tables, told: &Told, now: Timestamp) -> Result<u64> {
    #[derive(Deserialize)]
    struct Row {
        id: u64,
        run: String,
    }
    let key = told.run_key.to_string();
    let known = tables.first::<Row>("SELECT id, run FROM run WHERE key = ?", vec![key.as_str().into()])?;
    let said = |build: &ToldBuild| match &build.said {
        Said::Whole(build) => build.started,
        Said::Part { part, .. } => part.started(),
    };
    let started = told.builds.iter().filter_map(said).min().unwrap_or(now).min(now).as_millis();
    let ended = |build: &ToldBuild| match &build.said {
        Said::Whole(build) => build.started?.as_millis().checked_add(build.took_millis?),
        Said::Part { part, .. } => part.ended().map(Timestamp::as_millis),
    };
    // Reports may come long after the builds, so that when they come says nothing.
    let ended = told.builds.iter().filter_map(ended).max().map(|end| end.clamp(started, now.as_millis().max(started)));
    match known {
        Some(Row { id, run }) => {
            let run: Run = serde_json::from_str::<Run>(&run)?.or(told.run.clone());
            let sql = "UPDATE run SET run = ?, started = min(started, ?), last = max(last, ?) WHERE id = ?";
            let run = serde_json::to_string(&run)?;
            tables.run(sql, vec![run.into(), number(started), number(ended.unwrap_or(0)), number(id)])?;
            Ok(id)
        }
        None => {
            let sql = "INSERT INTO run(key, run, started, last) VALUES (?, ?, ?, ?)";
            let run = serde_json::to_string(&told.run)?;
            tables.run(sql, vec![key.into(), run.into(), number(started), number(ended.unwrap_or(0))])?;
            rows::last_inserted(tables)
        }
    }
}

/// Takes one build of a report; its number, and whether it was not known before.
fn take_build(
    tables: &Tables,
    run: u64,
    place: &Run,
    told: ToldBuild,
    touched: &mut BTreeSet<Signature>,
    now: Timestamp,
) -> Result<(u64, bool)> {
    let ToldBuild { key, document, folder, log, said } = told;
    let mut row = match rows::find_by_key(tables, &key)? {
        Some(row) => Some(row),
        None => match &said {
            Said::Whole(build) => rows::find_same(tables, run, place, build, &document)?,
            Said::Part { .. } => None,
        },
    };
    let known = row.as_ref().map(BuildRow::build).transpose()?;
    if let Some(row) = &row {
        touched.extend(row.signature.clone());
    }
    let (mut build, parts) = match said {
        Said::Whole(build) => (known.map_or_else(|| (*build).clone(), |known| joined(known, (*build).clone())), None),
        Said::Part { name, part } => {
            let mut parts = row.as_ref().map(BuildRow::parts).transpose()?.unwrap_or_default();
            cdash::put(&mut parts, *part);
            let build = cdash::join(&name, &parts);
            // A log that was read since, or a push that proved it, says more than the same documents again.
            let build = known.map_or_else(|| build.clone(), |known| kept(known, build.clone()));
            (build, Some(serde_json::to_string(&parts)?))
        }
    };
    let mut proved = row.as_ref().is_some_and(|row| row.proved != 0);
    if build.status == Status::Unknown
        && let Some(node) = pushed_package(tables, &build)?
    {
        build.status = Status::Built;
        build.hash = Some(node.hash.to_string());
        proved = true;
    }
    follow_dependency(tables, run, &mut build)?;
    let mut documents = row.as_ref().map(BuildRow::documents).transpose()?.unwrap_or_default();
    if !documents.contains(&document) {
        documents.push(document);
    }
    let is_new = row.is_none();
    let id = match &mut row {
        Some(row) => {
            let place = row.place()?.or(place.clone());
            rows::update(tables, row.id, &build, &place, &documents, parts.as_deref(), proved)?;
            row.id
        }
        None => rows::insert(tables, &key, run, &build, place, &documents, parts.as_deref(), &folder, proved, now)?,
    };
    if let Some(log) = log {
        rows::put_log(tables, id, &folder, log)?;
    }
    touched.extend(build.failure.as_ref().map(|failure| failure.signature.clone()));
    if build.status == Status::Failed {
        lead_dependents(tables, run, &build, touched)?;
    }
    touched.extend(rows::neighbours(tables, id, &build.package)?);
    Ok((id, is_new))
}

/// A build that was known, told once more by a report that knows all.
fn joined(known: Build, told: Build) -> Build {
    let keeps_status = told.status == Status::Unknown
        || (told.status == Status::Reused && matches!(known.status, Status::Built | Status::Failed | Status::Blocked));
    Build {
        spec: if known.spec.len() > told.spec.len() { known.spec } else { told.spec },
        package: told.package,
        hash: told.hash.or(known.hash),
        phase: told.phase.or(known.phase),
        status: if keeps_status { known.status } else { told.status },
        failure: if keeps_status { known.failure } else { told.failure },
        started: known.started.or(told.started),
        took_millis: told.took_millis.or(known.took_millis),
        warnings: told.warnings.max(known.warnings),
    }
}

/// A build of CDash's documents, with what is known of it from elsewhere.
fn kept(known: Build, told: Build) -> Build {
    let knows_more = told.status == Status::Unknown && known.status != Status::Unknown;
    let read_whole = known.failure.is_some() && told.failure.is_none();
    Build {
        hash: told.hash.or(known.hash),
        status: if knows_more { known.status } else { told.status },
        failure: if read_whole { known.failure } else { told.failure },
        phase: if knows_more { known.phase.or(told.phase) } else { told.phase },
        warnings: told.warnings.max(known.warnings),
        ..told
    }
}

/// The package that proves a build, when it was pushed after the build began.
fn pushed_package(tables: &Tables, build: &Build) -> Result<Option<Node>> {
    let sql = format!("SELECT {} FROM record WHERE name = ? AND seq > 0 ORDER BY seq DESC LIMIT ?", RecordRow::COLUMNS);
    let started = build.started.map_or(u64::MAX, Timestamp::as_millis);
    let records: Vec<RecordRow> = tables.rows(&sql, vec![build.package.as_str().into(), number(MAX_PROOFS)])?;
    for record in records {
        let is_it = match &build.hash {
            Some(hash) => record.hash.as_str() == hash,
            None => record.pushed >= started && proof::fits(&build.spec, &record.to_node()?),
        };
        if is_it && !is_taken(tables, &record)? {
            return record.to_node().map(Some);
        }
    }
    Ok(None)
}

/// Whether a push proved another build already: one push proves one build.
fn is_taken(tables: &Tables, record: &RecordRow) -> Result<bool> {
    let sql = "SELECT id FROM build WHERE package = ? AND hash = ? AND proved = 1 AND received > ? LIMIT 1";
    let since = record.pushed.saturating_sub(PROOF_MILLIS);
    let values = vec![record.to_node()?.name.as_str().into(), record.hash.as_str().into(), number(since)];
    Ok(tables.first::<serde_json::Value>(sql, values)?.is_some())
}

/// Lets a package that was just pushed prove the build that made it: the oldest that nothing else
/// proved, reported within the last day.
pub(super) fn prove(tables: &Tables, node: &Node, now: Timestamp) -> Result<()> {
    let sql = format!(
        "SELECT {} FROM build WHERE package = ? AND status = 'unknown' AND received > ? ORDER BY id LIMIT ?",
        BuildRow::COLUMNS
    );
    let since = now.as_millis().saturating_sub(PROOF_MILLIS);
    let waiting: Vec<BuildRow> =
        tables.rows(&sql, vec![node.name.as_str().into(), number(since), number(MAX_PROOFS)])?;
    for row in waiting {
        let mut build = row.build()?;
        let is_it = match &build.hash {
            Some(hash) => hash == node.hash.as_str(),
            None => proof::fits(&build.spec, node),
        };
        if is_it {
            build.status = Status::Built;
            build.hash = Some(node.hash.to_string());
            rows::update(tables, row.id, &build, &row.place()?, &row.documents()?, row.parts.as_deref(), true)?;
            let touched = rows::neighbours(tables, row.id, &build.package)?;
            return settle(tables, &touched.into_iter().collect(), now);
        }
    }
    Ok(())
}

/// The page of the run whose build made a package.
pub(super) fn run_page(tables: &Tables, node: &Node) -> Result<Option<String>> {
    #[derive(Deserialize)]
    struct Row {
        run: String,
    }
    let sql = "SELECT run.run AS run FROM build JOIN run ON run.id = build.run
               WHERE build.package = ? AND build.hash = ? AND build.status = 'built' ORDER BY build.id DESC LIMIT 1";
    match tables.first::<Row>(sql, vec![node.name.as_str().into(), node.hash.as_str().into()])? {
        Some(row) => Ok(serde_json::from_str::<Run>(&row.run)?.link()),
        None => Ok(None),
    }
}

/// Lets a build that says only which dependency broke share that one's failure, when it is known.
fn follow_dependency(tables: &Tables, run: u64, build: &mut Build) -> Result<()> {
    if build.failure.as_ref().is_none_or(|failure| failure.kind != Kind::DependencyFailed) {
        return Ok(());
    }
    let Some(dependency) = build.broken_dependency().map(str::to_owned) else { return Ok(()) };
    let sql = format!(
        "SELECT {} FROM build WHERE run = ? AND package = ? AND status = 'failed' ORDER BY id DESC LIMIT 1",
        BuildRow::COLUMNS
    );
    if let Some(row) = tables.first::<BuildRow>(&sql, vec![number(run), dependency.as_str().into()])? {
        build.failure = row.build()?.failure.or(build.failure.take());
    }
    Ok(())
}

/// Lets the builds of the run that said only that `build` stopped them share its failure.
fn lead_dependents(tables: &Tables, run: u64, build: &Build, touched: &mut BTreeSet<Signature>) -> Result<()> {
    let sql = format!(
        "SELECT {} FROM build WHERE run = ? AND blocked_by = ? AND kind = 'dependency_failed'",
        BuildRow::COLUMNS
    );
    let blocked: Vec<BuildRow> = tables.rows(&sql, vec![number(run), build.package.as_str().into()])?;
    for row in blocked {
        touched.extend(row.signature.clone());
        let mut dependent = row.build()?;
        dependent.failure.clone_from(&build.failure);
        let (place, documents) = (row.place()?, row.documents()?);
        rows::update(tables, row.id, &dependent, &place, &documents, row.parts.as_deref(), false)?;
    }
    Ok(())
}

/// Notes a log, or only what was found in it; the build as it is then, `None` when there is none.
fn note_reading(
    tables: &Tables,
    id: u64,
    log: Option<Log>,
    reading: Reading,
    now: Timestamp,
) -> Result<Option<BuildSummary>> {
    let Some(row) = rows::find(tables, id)? else { return Ok(None) };
    let mut build = row.build()?;
    let mut touched: BTreeSet<_> = row.signature.iter().cloned().collect();
    let is_open = matches!(build.status, Status::Failed | Status::Unknown | Status::Blocked);
    if let Some(failure) = reading.failure.filter(|_| is_open && row.proved == 0) {
        // The whole log knows best; its ends say something only where nothing is known.
        if reading.is_whole || build.failure.is_none() {
            build.status = failure.status_of(&build.package);
            build.phase = failure.phase.clone().or(build.phase);
            build.failure = Some(failure);
        }
    }
    build.phase = build.phase.or(reading.phase);
    build.warnings = build.warnings.max(reading.warnings);
    follow_dependency(tables, row.run, &mut build)?;
    let proved = row.proved != 0;
    rows::update(tables, id, &build, &row.place()?, &row.documents()?, row.parts.as_deref(), proved)?;
    let log = match (log, row.log()?) {
        (Some(log), _) => Some(log),
        (None, Some(known)) => Some(Log { is_read_whole: known.is_read_whole || reading.is_whole, ..known }),
        (None, None) => None,
    };
    if let Some(log) = log {
        rows::put_log(tables, id, &row.folder, log)?;
    }
    touched.extend(build.failure.as_ref().map(|failure| failure.signature.clone()));
    if build.status == Status::Failed {
        lead_dependents(tables, row.run, &build, &mut touched)?;
    }
    touched.extend(rows::neighbours(tables, id, &build.package)?);
    settle(tables, &touched, now)?;
    build_summary(tables, id)
}

/// Makes the rows of these failures anew, and tells the webhook of those that came or came back.
fn settle(tables: &Tables, touched: &BTreeSet<Signature>, now: Timestamp) -> Result<()> {
    let mut events: Vec<FailureEvent> = Vec::new();
    for signature in touched {
        events.extend(failures::settle(tables, signature, now)?);
    }
    webhooks::note(tables, &events, now)
}
