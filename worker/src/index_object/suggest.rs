//! What the mirror should be given next. The choice is [`suggest`]'s; here is looked up what it needs of the tables.

use std::collections::BTreeMap;

use larder_shared::{
    api::{
        PackageSummary, Timestamp,
        report::FailureSummary,
        suggest::{MAX_CANDIDATES, MAX_COUNT, Reason, Suggestion},
    },
    name::PackageName,
    suggest::{Broken, Known, MAY_PASS, Question, suggest},
};
use serde::Deserialize;
use worker::Result;

use super::{
    queries,
    tables::{RecordRow, Tables, number},
    usage,
};

/// Most nodes that are looked at for what packages of the mirror need.
const MAX_NEEDED: u64 = 2_000;

/// Most broken packages that are known.
const MAX_BROKEN: u64 = 20_000;

/// Looks up only what the reasons that are asked for need. Cost grows with the builds of what still fails, the names
/// sent, and by age with the records of those that have a version.
pub(super) fn answer(tables: &Tables, question: &Question, now: Timestamp) -> Result<Vec<Suggestion>> {
    let mut known = Known { broken: broken(tables)?, ..Known::default() };
    for reason in &question.by {
        match reason {
            Reason::Demand => known.wanted = usage::wanted(tables, now, usage::MAX_WANTED)?,
            Reason::Failures => known.passing = passing(tables)?,
            Reason::Age => known.packages = with_versions(tables, question)?,
            Reason::Random if question.candidates.names.is_empty() => known.absent = needed(tables)?,
            Reason::Random => known.absent = absent(tables, question)?,
        }
    }
    Ok(suggest(question, &known))
}

/// The kinds of errors that may pass, as a JSON array.
fn may_pass() -> Result<String> {
    Ok(serde_json::to_string(&MAY_PASS)?)
}

/// What is failing in a way that may pass, what was last seen last first.
fn passing(tables: &Tables) -> Result<Vec<FailureSummary>> {
    #[derive(Deserialize)]
    struct Row {
        summary: String,
    }
    let sql = "SELECT summary FROM failure WHERE still = 1 AND kind IN (SELECT value FROM json_each(?))
               ORDER BY last_build DESC LIMIT ?";
    let rows: Vec<Row> = tables.rows(sql, vec![may_pass()?.into(), number(MAX_COUNT.into())])?;
    rows.iter().map(|row| Ok(serde_json::from_str(&row.summary)?)).collect()
}

/// The packages whose newest build that was stopped by what still fails, and does not pass by itself, was not followed
/// by one that was made.
fn broken(tables: &Tables) -> Result<BTreeMap<String, Broken>> {
    #[derive(Deserialize)]
    struct Row {
        package: String,
        error: String,
        last: u64,
    }
    // Beside max() stand the columns of the row that has it.
    let sql = "SELECT package, error, last FROM (
                 SELECT build.package AS package, failure.summary ->> 'message' AS error, build.received AS last,
                   max(build.id) AS id
                 FROM failure JOIN build ON build.signature = failure.signature
                 WHERE failure.still = 1 AND failure.kind NOT IN (SELECT value FROM json_each(?))
                   AND build.status IN ('failed', 'blocked')
                 GROUP BY build.package) AS stopped
               WHERE NOT EXISTS (SELECT 1 FROM build AS later
                 WHERE later.package = stopped.package AND later.id > stopped.id AND later.status = 'built')
               ORDER BY id DESC LIMIT ?";
    let rows: Vec<Row> = tables.rows(sql, vec![may_pass()?.into(), number(MAX_BROKEN)])?;
    let broken = |Row { package, error, last }| (package, Broken { error, last: Timestamp::from_millis(last) });
    Ok(rows.into_iter().map(broken).collect())
}

/// The packages that are there of those named with a version.
fn with_versions(tables: &Tables, question: &Question) -> Result<Vec<PackageSummary>> {
    let named = question.candidates.names.iter().filter(|named| named.version.is_some());
    let names: Vec<&PackageName> = named.map(|named| &named.name).collect();
    queries::packages_named(tables, &serde_json::to_string(&names)?)
}

/// Those named that are not there.
fn absent(tables: &Tables, question: &Question) -> Result<Vec<PackageName>> {
    let names: Vec<&PackageName> = question.candidates.names.iter().map(|named| &named.name).collect();
    let sql = "SELECT DISTINCT value AS name FROM json_each(?)
               WHERE NOT EXISTS (SELECT 1 FROM record WHERE seq > 0 AND record.name = value) ORDER BY name LIMIT ?";
    let values = vec![serde_json::to_string(&names)?.into(), number(MAX_CANDIDATES as u64)];
    Ok(tables.rows::<Name>(sql, values)?.into_iter().map(|row| row.name).collect())
}

/// What packages of the mirror need and is not there; nothing that their builders had from the system.
fn needed(tables: &Tables) -> Result<Vec<PackageName>> {
    let sql = format!(
        "SELECT {} FROM record WHERE seq < 0 AND
           NOT EXISTS (SELECT 1 FROM record AS there WHERE there.seq > 0 AND there.name = record.name)
         ORDER BY seq DESC LIMIT ?",
        RecordRow::COLUMNS
    );
    let mut names = Vec::new();
    for row in tables.rows::<RecordRow>(&sql, vec![number(MAX_NEEDED)])? {
        let node = row.to_node()?;
        if node.external.is_none() {
            names.push(node.name);
        }
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

#[derive(Deserialize)]
struct Name {
    name: PackageName,
}
