//! Builds as rows.

use larder_shared::{
    api::{Timestamp, report::BuildSummary},
    digest::Digest,
    index::report::{Log, LogPlace},
    key::ReportFolder,
    report::{Build, Run, Signature, Status, cdash::Part},
};
use serde::{Deserialize, Serialize};
use worker::{Result, SqlStorageValue};

use super::super::tables::{Tables, number};

/// A row of `build`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct BuildRow {
    pub(super) id: u64,
    pub(super) run: u64,
    pub(super) signature: Option<Signature>,
    pub(super) blocked_by: Option<String>,
    pub(super) received: u64,
    pub(super) proved: u8,
    build: String,
    place: String,
    documents: String,
    pub(super) parts: Option<String>,
    pub(super) folder: ReportFolder,
    log: Option<String>,
}

impl BuildRow {
    /// The columns of a [`BuildRow`], for `SELECT`.
    pub(super) const COLUMNS: &str =
        "id, run, signature, blocked_by, received, proved, build, place, documents, parts, folder, log";

    pub(super) fn build(&self) -> Result<Build> {
        Ok(serde_json::from_str(&self.build)?)
    }

    pub(super) fn place(&self) -> Result<Run> {
        Ok(serde_json::from_str(&self.place)?)
    }

    pub(super) fn documents(&self) -> Result<Vec<String>> {
        Ok(serde_json::from_str(&self.documents)?)
    }

    pub(super) fn parts(&self) -> Result<Vec<Part>> {
        Ok(self.parts.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default())
    }

    pub(super) fn log(&self) -> Result<Option<Log>> {
        Ok(self.log.as_deref().map(serde_json::from_str).transpose()?)
    }

    pub(super) fn log_place(&self) -> Result<LogPlace> {
        Ok(LogPlace { package: self.build()?.package, folder: self.folder.clone(), log: self.log()? })
    }

    pub(super) fn to_summary(&self) -> Result<BuildSummary> {
        let Build { package, spec, hash, phase, status, failure, started, took_millis, warnings } = self.build()?;
        let failure = failure.as_ref();
        Ok(BuildSummary {
            id: self.id,
            package,
            spec,
            hash,
            status,
            phase,
            kind: failure.map(|failure| failure.kind),
            message: failure.map(|failure| failure.message.clone()),
            file: failure.and_then(|failure| failure.file.clone()),
            line: failure.and_then(|failure| failure.line),
            signature: self.signature.clone(),
            blocked_by: self.blocked_by.clone(),
            run: self.run,
            job: self.place()?.job,
            started,
            took_millis,
            received: Timestamp::from_millis(self.received),
            warnings,
            log_bytes: self.log()?.map(|log| log.bytes),
        })
    }
}

/// A build by its number.
pub(super) fn find(tables: &Tables, id: u64) -> Result<Option<BuildRow>> {
    tables.first(&format!("SELECT {} FROM build WHERE id = ?", BuildRow::COLUMNS), vec![number(id)])
}

/// A build by what tells it from others.
pub(super) fn find_by_key(tables: &Tables, key: &Digest) -> Result<Option<BuildRow>> {
    let sql = format!("SELECT {} FROM build WHERE key = ?", BuildRow::COLUMNS);
    tables.first(&sql, vec![key.to_string().into()])
}

/// The build of the same package in the same job that another kind of document told, if it is the only
/// one: CDash and JUnit call one build by different names.
pub(super) fn find_same(
    tables: &Tables,
    run: u64,
    place: &Run,
    build: &Build,
    document: &str,
) -> Result<Option<BuildRow>> {
    let sql = format!("SELECT {} FROM build WHERE run = ? AND package = ? LIMIT 20", BuildRow::COLUMNS);
    let rows: Vec<BuildRow> = tables.rows(&sql, vec![number(run), build.package.as_str().into()])?;
    let mut same = Vec::new();
    for row in rows {
        let (known, documents) = (row.build()?, row.documents()?);
        let fits = known.hash.is_none() || build.hash.is_none() || known.hash == build.hash;
        if fits && row.place()?.job == place.job && !documents.iter().any(|known| known == document) {
            same.push(row);
        }
    }
    Ok(if same.len() == 1 { same.pop() } else { None })
}

/// The number of the row that was inserted last.
pub(super) fn last_inserted(tables: &Tables) -> Result<u64> {
    #[derive(Deserialize)]
    struct Row {
        id: u64,
    }
    let row = tables.first::<Row>("SELECT last_insert_rowid() AS id", vec![])?;
    row.map(|row| row.id).ok_or_else(|| "nothing was inserted".into())
}

/// Adds a build.
#[expect(clippy::too_many_arguments, reason = "they are the columns")]
pub(super) fn insert(
    tables: &Tables,
    key: &Digest,
    run: u64,
    build: &Build,
    place: &Run,
    documents: &[String],
    parts: Option<&str>,
    folder: &ReportFolder,
    proved: bool,
    now: Timestamp,
) -> Result<u64> {
    let sql = "INSERT INTO build(key, run, folder, received, package, subject, status, build, place, documents)
               VALUES (?, ?, ?, ?, '', '', '', '', '', '')";
    tables.run(sql, vec![key.to_string().into(), number(run), folder.as_str().into(), number(now.as_millis())])?;
    let id = last_inserted(tables)?;
    update(tables, id, build, place, documents, parts, proved)?;
    Ok(id)
}

/// Writes what is known of a build now.
pub(super) fn update(
    tables: &Tables,
    id: u64,
    build: &Build,
    place: &Run,
    documents: &[String],
    parts: Option<&str>,
    proved: bool,
) -> Result<()> {
    let failure = build.failure.as_ref();
    let blocked_by = if build.status == Status::Blocked { build.broken_dependency() } else { None };
    let subject = format!("{} {}", build.subject(), place.job.as_deref().unwrap_or_default());
    let sql =
        "UPDATE build SET package = ?, hash = ?, subject = ?, status = ?, kind = ?, signature = ?, blocked_by = ?,
               proved = ?, build = ?, place = ?, documents = ?, parts = coalesce(?, parts) WHERE id = ?";
    let values = vec![
        build.package.as_str().into(),
        build.hash.as_deref().map_or(SqlStorageValue::Null, Into::into),
        subject.trim_end().into(),
        build.status.as_str().into(),
        failure.map(|failure| word(&failure.kind)).transpose()?.map_or(SqlStorageValue::Null, Into::into),
        failure.map_or(SqlStorageValue::Null, |failure| failure.signature.as_str().into()),
        blocked_by.map_or(SqlStorageValue::Null, Into::into),
        number(u64::from(proved)),
        serde_json::to_string(build)?.into(),
        serde_json::to_string(place)?.into(),
        serde_json::to_string(documents)?.into(),
        parts.map_or(SqlStorageValue::Null, Into::into),
        number(id),
    ];
    tables.run(sql, values)
}

/// Notes where a build's log lies.
pub(super) fn put_log(tables: &Tables, id: u64, folder: &ReportFolder, log: Log) -> Result<()> {
    let sql = "UPDATE build SET folder = ?, log = ? WHERE id = ?";
    tables.run(sql, vec![folder.as_str().into(), serde_json::to_string(&log)?.into(), number(id)])
}

/// The failures that may be fixed, or be there again, by what became of a build: those before it of
/// what it tried, and those by which its package stopped others.
pub(super) fn neighbours(tables: &Tables, id: u64, package: &str) -> Result<Vec<Signature>> {
    #[derive(Deserialize)]
    struct Row {
        signature: Signature,
    }
    let sql = "SELECT DISTINCT signature FROM (
                 SELECT signature FROM (SELECT signature FROM build
                   WHERE subject = (SELECT subject FROM build WHERE id = ?1) AND id < ?1 AND signature IS NOT NULL
                   ORDER BY id DESC LIMIT 5)
                 UNION ALL
                 SELECT signature FROM (SELECT signature FROM build
                   WHERE blocked_by = ?2 AND id < ?1 AND signature IS NOT NULL ORDER BY id DESC LIMIT 5))";
    let rows: Vec<Row> = tables.rows(sql, vec![number(id), package.into()])?;
    Ok(rows.into_iter().map(|row| row.signature).collect())
}

/// The name of an enum's variant, as in JSON.
pub(super) fn word(value: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_value(value)?.as_str().unwrap_or_default().to_owned())
}
