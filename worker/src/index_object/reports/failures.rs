//! Failures: what the builds with one signature have in common.

use larder_shared::{
    api::{Timestamp, report::FailureSummary},
    index::report::FailureEvent,
    report::Signature,
};
use serde::Deserialize;
use worker::Result;

use super::{
    super::tables::{Tables, number},
    rows::{BuildRow, word},
};

/// Names of packages kept with a failure.
const MAX_PACKAGES: u64 = 20;

/// A row of `failure`.
#[derive(Debug, Deserialize)]
pub(super) struct FailureRow {
    pub(super) summary: String,
    pub(super) still: u8,
    pub(super) since: u64,
}

/// The row of a failure.
pub(super) fn find(tables: &Tables, signature: &Signature) -> Result<Option<FailureRow>> {
    tables.first("SELECT summary, still, since FROM failure WHERE signature = ?", vec![signature.as_str().into()])
}

/// What the builds of a failure add up to.
#[derive(Debug, Deserialize)]
struct Sums {
    seen: u64,
    own: u64,
    blocks: u64,
    packages: u64,
    first: Option<u64>,
    last: Option<u64>,
    newest: Option<u64>,
}

/// Makes the row of a failure anew from its builds; tells when it was not there before, or was fixed.
/// Cost grows with the number of its builds.
pub(super) fn settle(tables: &Tables, signature: &Signature, now: Timestamp) -> Result<Option<FailureEvent>> {
    let before = find(tables, signature)?;
    let sql = "SELECT count(*) AS seen, count(*) FILTER (WHERE status = 'failed') AS own,
                 count(DISTINCT package) FILTER (WHERE status = 'blocked') AS blocks,
                 count(DISTINCT CASE status WHEN 'failed' THEN package ELSE blocked_by END) AS packages,
                 min(received) AS first, max(received) AS last, max(id) AS newest
               FROM build WHERE signature = ? AND status IN ('failed', 'blocked')";
    let values = || vec![signature.as_str().into()];
    let sums = tables.first::<Sums>(sql, values())?;
    let Some((sums, sample)) = sums.filter(|sums| sums.seen > 0).zip(sample(tables, signature)?) else {
        tables.run("DELETE FROM failure WHERE signature = ?", values())?;
        return Ok(None);
    };
    let is_failing = is_failing(tables, signature, sums.own > 0)?;
    let build = sample.build()?;
    let Some(cause) = build.failure else { return Err("a failed build has no failure".into()) };
    let summary = FailureSummary {
        signature: signature.clone(),
        message: cause.message,
        kind: cause.kind,
        tool: cause.tool,
        phase: cause.phase,
        file: cause.file,
        line: cause.line,
        packages: packages(tables, signature)?,
        package_count: sums.packages,
        seen: sums.seen,
        blocks: sums.blocks,
        first: Timestamp::from_millis(sums.first.unwrap_or_default()),
        last: Timestamp::from_millis(sums.last.unwrap_or_default()),
        last_build: sample.id,
        still_failing: is_failing,
    };
    let is_returned = before.as_ref().is_some_and(|before| before.still == 0) && is_failing;
    let is_new = before.is_none();
    let since = match before {
        Some(before) if !is_returned => before.since,
        _ => now.as_millis(),
    };
    let sql = "INSERT INTO failure(signature, kind, summary, still, blocks, seen, last_build, since)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT(signature) DO UPDATE SET kind = excluded.kind, summary = excluded.summary,
                 still = excluded.still, blocks = excluded.blocks, seen = excluded.seen, last_build = excluded.last_build,
                 since = excluded.since";
    let values = vec![
        signature.as_str().into(),
        word(&summary.kind)?.into(),
        serde_json::to_string(&summary)?.into(),
        number(u64::from(is_failing)),
        number(summary.blocks),
        number(summary.seen),
        number(sums.newest.unwrap_or_default()),
        number(since),
    ];
    tables.run(sql, values)?;
    let event = || FailureEvent { signature: signature.clone(), is_returned, build: sample.id };
    Ok(((is_new && is_failing) || is_returned).then(event))
}

/// The build that shows the failure best: the newest that broke by itself, else the newest it stopped.
pub(super) fn sample(tables: &Tables, signature: &Signature) -> Result<Option<BuildRow>> {
    let sql = format!(
        "SELECT {} FROM build WHERE signature = ? AND status IN ('failed', 'blocked')
         ORDER BY status = 'failed' DESC, id DESC LIMIT 1",
        BuildRow::COLUMNS
    );
    tables.first(&sql, vec![signature.as_str().into()])
}

/// Whether something it broke was neither built since nor broke differently. Where no build broke by
/// itself, whether something it stopped still waits for its dependency.
fn is_failing(tables: &Tables, signature: &Signature, is_own: bool) -> Result<bool> {
    let sql = if is_own {
        "SELECT id FROM build AS one WHERE signature = ?1 AND status = 'failed' AND NOT EXISTS (
           SELECT id FROM build AS later WHERE later.subject = one.subject AND later.id > one.id
             AND (later.status = 'built' OR (later.status = 'failed' AND later.signature <> ?1))) LIMIT 1"
    } else {
        "SELECT id FROM build AS one WHERE signature = ?1 AND status = 'blocked' AND NOT EXISTS (
           SELECT id FROM build AS later WHERE later.subject = one.subject AND later.id > one.id
             AND later.status IN ('built', 'failed'))
         AND NOT EXISTS (SELECT id FROM build AS later WHERE later.package = one.blocked_by AND later.id > one.id
             AND later.status = 'built') LIMIT 1"
    };
    Ok(tables.first::<serde_json::Value>(sql, vec![signature.as_str().into()])?.is_some())
}

/// The packages it broke, the newest first.
fn packages(tables: &Tables, signature: &Signature) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Row {
        name: String,
    }
    let sql = "SELECT coalesce(CASE status WHEN 'failed' THEN package ELSE blocked_by END, package) AS name,
                 max(id) AS newest
               FROM build WHERE signature = ? AND status IN ('failed', 'blocked')
               GROUP BY name ORDER BY newest DESC LIMIT ?";
    let rows: Vec<Row> = tables.rows(sql, vec![signature.as_str().into(), number(MAX_PACKAGES)])?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}
