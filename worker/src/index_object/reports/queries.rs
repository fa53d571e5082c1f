//! What the index tells of builds, runs and failures.

use std::collections::BTreeSet;

use larder_shared::{
    api::{
        List, Timestamp,
        report::{
            Build, BuildSummary, Cell, Counts, FailureOrder, FailureState, FailureSummary, MAX_CELLS, Reports, Run,
            RunSummary,
        },
    },
    index::report::{BuildQuery, FailureParts, FailureQuery, News},
    report::{self, Signature, Status},
};
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::{
    super::tables::{Tables, number},
    failures,
    rows::{self, BuildRow, word},
};

/// Builds of a run shown with it.
const MAX_RUN_BUILDS: u64 = 1_000;
/// Builds of a failure shown with it.
const MAX_FAILURE_BUILDS: u64 = 50;
/// Builds of the same package shown with a build.
const MAX_HISTORY: u64 = 20;

/// Builds, the newest first.
pub(super) fn builds(tables: &Tables, query: &BuildQuery) -> Result<List<BuildSummary>> {
    let BuildQuery { status, package, kind, run, signature, since, limit, before } = query;
    let mut conditions = vec!["1 = 1"];
    let mut values: Vec<SqlStorageValue> = Vec::new();
    let mut only = |condition, value: Option<SqlStorageValue>| {
        if let Some(value) = value {
            conditions.push(condition);
            values.push(value);
        }
    };
    only("status = ?", status.map(|status| status.as_str().into()));
    only("package = ?", package.as_deref().map(Into::into));
    only("kind = ?", kind.as_ref().map(word).transpose()?.map(Into::into));
    only("run = ?", run.map(number));
    only("signature = ?", signature.as_ref().map(|signature| signature.as_str().into()));
    only("received >= ?", since.map(|since| number(since.as_millis())));
    only("id < ?", before.map(number));
    let sql =
        format!("SELECT {} FROM build WHERE {} ORDER BY id DESC LIMIT ?", BuildRow::COLUMNS, conditions.join(" AND "));
    values.push(number(u64::from(*limit) + 1));
    let mut items = summaries(tables, &sql, values)?;
    let has_more = items.len() > *limit as usize;
    items.truncate(*limit as usize);
    let next = items.last().filter(|_| has_more).map(|last| last.id.to_string());
    Ok(List { items, next })
}

fn summaries(tables: &Tables, sql: &str, values: Vec<SqlStorageValue>) -> Result<Vec<BuildSummary>> {
    let rows: Vec<BuildRow> = tables.rows(sql, values)?;
    rows.iter().map(BuildRow::to_summary).collect()
}

/// One build.
pub(super) fn build(tables: &Tables, id: u64) -> Result<Option<Build>> {
    let Some(row) = rows::find(tables, id)? else { return Ok(None) };
    let summary = row.to_summary()?;
    let sql = format!("SELECT {} FROM build WHERE package = ? AND id <> ? ORDER BY id DESC LIMIT ?", BuildRow::COLUMNS);
    let history = summaries(tables, &sql, vec![summary.package.as_str().into(), number(id), number(MAX_HISTORY)])?;
    let in_run = summary_of_run(tables, row.run)?.ok_or("the run of a build is gone")?;
    Ok(Some(Build {
        failure: row.build()?.failure,
        in_run,
        place: row.place()?,
        reports: row.documents()?,
        proved_by_push: row.proved != 0,
        log_read_whole: row.log()?.is_some_and(|log| log.is_read_whole),
        history,
        summary,
    }))
}

/// A row of `run`.
#[derive(Debug, Deserialize)]
struct RunRow {
    id: u64,
    run: String,
    started: u64,
    last: u64,
}

/// Runs, the newest first.
pub(super) fn runs(tables: &Tables, limit: u32, before: Option<u64>) -> Result<List<RunSummary>> {
    let sql = "SELECT id, run, started, last FROM run WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2";
    let before = before.map_or(SqlStorageValue::Null, number);
    let rows: Vec<RunRow> = tables.rows(sql, vec![before, number(u64::from(limit) + 1)])?;
    let has_more = rows.len() > limit as usize;
    let shown = rows.iter().take(limit as usize);
    let items: Vec<_> = shown.map(|row| to_summary(tables, row)).collect::<Result<_>>()?;
    let next = items.last().filter(|_| has_more).map(|last| last.id.to_string());
    Ok(List { items, next })
}

fn summary_of_run(tables: &Tables, id: u64) -> Result<Option<RunSummary>> {
    let row = tables.first::<RunRow>("SELECT id, run, started, last FROM run WHERE id = ?", vec![number(id)])?;
    row.map(|row| to_summary(tables, &row)).transpose()
}

fn to_summary(tables: &Tables, row: &RunRow) -> Result<RunSummary> {
    #[derive(Deserialize)]
    struct Count {
        status: Status,
        count: u64,
        proved: u64,
    }
    #[derive(Deserialize)]
    struct CellRow {
        id: u64,
        package: String,
        status: Status,
    }
    let mut counts = Counts::default();
    let mut pushed = 0;
    let sql = "SELECT status, count(*) AS count, sum(proved) AS proved FROM build WHERE run = ? GROUP BY status";
    let rows: Vec<Count> = tables.rows(sql, vec![number(row.id)])?;
    for Count { status, count, proved } in rows {
        counts.add(status, count);
        pushed += proved;
    }
    // Of a large run what went wrong comes first, and then stands in order again.
    let sql = "SELECT id, package, status FROM (SELECT id, package, status FROM build WHERE run = ?
                 ORDER BY status IN ('built', 'reused'), id LIMIT ?) ORDER BY id";
    let cells: Vec<CellRow> = tables.rows(sql, vec![number(row.id), number(MAX_CELLS as u64)])?;
    let run: report::Run = serde_json::from_str(&row.run)?;
    Ok(RunSummary {
        id: row.id,
        link: run.link(),
        run,
        started: Timestamp::from_millis(row.started),
        last: Timestamp::from_millis(row.last.max(row.started)),
        counts,
        pushed,
        cells: cells.into_iter().map(|CellRow { id, package, status }| Cell { id, package, status }).collect(),
    })
}

/// One run with its builds.
pub(super) fn run(tables: &Tables, id: u64) -> Result<Option<Run>> {
    let Some(summary) = summary_of_run(tables, id)? else { return Ok(None) };
    let sql = format!("SELECT {} FROM build WHERE run = ? ORDER BY id LIMIT ?", BuildRow::COLUMNS);
    let builds = summaries(tables, &sql, vec![number(id), number(MAX_RUN_BUILDS)])?;
    Ok(Some(Run { summary, builds }))
}

/// Failures, in the order that is asked for.
pub(super) fn failures(tables: &Tables, query: &FailureQuery) -> Result<List<FailureSummary>> {
    #[derive(Deserialize)]
    struct Row {
        summary: String,
    }
    let FailureQuery { state, kind, package, order, limit, offset } = query;
    let mut conditions = vec![match state {
        FailureState::Failing => "still = 1",
        FailureState::Fixed => "still = 0",
        FailureState::All => "1 = 1",
    }];
    let mut values: Vec<SqlStorageValue> = Vec::new();
    if let Some(kind) = kind {
        conditions.push("kind = ?");
        values.push(word(kind)?.into());
    }
    if let Some(package) = package {
        conditions.push("signature IN (SELECT signature FROM build WHERE package = ?)");
        values.push(package.as_str().into());
    }
    let order = match order {
        FailureOrder::Blocks => "blocks DESC, last_build DESC",
        FailureOrder::Newest => "last_build DESC",
        FailureOrder::Frequent => "seen DESC, last_build DESC",
    };
    let sql = format!(
        "SELECT summary FROM failure WHERE {} ORDER BY still DESC, {order}, signature LIMIT ? OFFSET ?",
        conditions.join(" AND ")
    );
    values.extend([number(u64::from(*limit) + 1), number((*offset).into())]);
    let rows: Vec<Row> = tables.rows(&sql, values)?;
    let has_more = rows.len() > *limit as usize;
    let shown = rows.iter().take(*limit as usize);
    let items = shown.map(|row| Ok(serde_json::from_str(&row.summary)?)).collect::<Result<_>>()?;
    Ok(List { items, next: has_more.then(|| (offset + limit).to_string()) })
}

/// The failures that came or came back last.
pub(super) fn news(tables: &Tables, limit: u32) -> Result<Vec<News>> {
    #[derive(Deserialize)]
    struct Row {
        signature: Signature,
    }
    let sql = "SELECT signature FROM failure ORDER BY since DESC, last_build DESC, signature LIMIT ?";
    let rows: Vec<Row> = tables.rows(sql, vec![number(limit.into())])?;
    let found = rows.iter().map(|row| news_of(tables, &row.signature));
    Ok(found.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// What there is to tell of a failure; `None` when it is gone.
pub(in super::super) fn news_of(tables: &Tables, signature: &Signature) -> Result<Option<News>> {
    let Some((row, sample)) = failures::find(tables, signature)?.zip(failures::sample(tables, signature)?) else {
        return Ok(None);
    };
    let Some((cause, run)) = sample.build()?.failure.zip(summary_of_run(tables, sample.run)?) else { return Ok(None) };
    let failure = serde_json::from_str(&row.summary)?;
    Ok(Some(News { failure, since: Timestamp::from_millis(row.since), cause, run }))
}

/// What a failure's page is made of.
pub(super) fn failure(tables: &Tables, signature: &Signature) -> Result<Option<FailureParts>> {
    let Some((row, sample)) = failures::find(tables, signature)?.zip(failures::sample(tables, signature)?) else {
        return Ok(None);
    };
    let Some(cause) = sample.build()?.failure else { return Ok(None) };
    let sql = format!(
        "SELECT {} FROM build WHERE signature = ? AND status IN ('failed', 'blocked') ORDER BY id DESC LIMIT ?",
        BuildRow::COLUMNS
    );
    let builds = summaries(tables, &sql, vec![signature.as_str().into(), number(MAX_FAILURE_BUILDS)])?;
    let sql = format!(
        "SELECT {} FROM build WHERE id IN (SELECT max(id) FROM build WHERE signature = ? AND status = 'blocked'
           GROUP BY package) ORDER BY id DESC LIMIT ?",
        BuildRow::COLUMNS
    );
    let blocked = summaries(tables, &sql, vec![signature.as_str().into(), number(MAX_FAILURE_BUILDS)])?;
    let numbers: BTreeSet<u64> = builds.iter().chain(&blocked).map(|build| build.run).collect();
    let runs = numbers.into_iter().rev().map(|run| summary_of_run(tables, run)).collect::<Result<Vec<_>>>()?;
    Ok(Some(FailureParts {
        summary: serde_json::from_str(&row.summary)?,
        cause,
        build: sample.to_summary()?,
        builds,
        blocked,
        runs: runs.into_iter().flatten().collect(),
    }))
}

/// What a mirror's page says of its builds.
pub(in super::super) fn reports(tables: &Tables) -> Result<Reports> {
    #[derive(Deserialize)]
    struct Row {
        builds: u64,
        failing: u64,
    }
    let sql = "SELECT (SELECT coalesce(max(id), 0) FROM build) AS builds, (SELECT count(*) FROM failure WHERE still = 1) AS failing";
    let row = tables.first::<Row>(sql, vec![])?;
    let (builds, failing) = row.map_or((0, 0), |row| (row.builds, row.failing));
    Ok(Reports { builds, failing, last_run: runs(tables, 1, None)?.items.pop() })
}
