//! The tables of an index, and the rows as Rust sees them.

use larder_shared::{
    api::{self, Layout, Timestamp},
    digest::Digest,
    index::command::{NodeRecord, Summary},
    layout::LayoutPath,
    name::DagHash,
    spec::{Compiler, Node, SpecVersion},
};
use serde::{Deserialize, de::DeserializeOwned};
use worker::{Error, Result, SqlStorage, SqlStorageValue};

use super::reindex::Run;

/// `record.signed` when the document with which the package arrived is signed.
pub(super) const SIGNED_ON_ARRIVAL: u8 = 1;
/// `record.signed` when what was derived of the package is signed with the mirror's own key; both are
/// added up.
pub(super) const SIGNED_BY_MIRROR: u8 = 2;

/// The database of one mirror.
///
/// `arrival` has the paths of the documents with which packages arrived; `removal` what was removed and
/// may not be gone yet (see [`super::removal`]); `reindex` how far a run is (see [`super::reindex`]).
///
/// `record.used` is the day on which a client last asked for the package (see [`super::usage`]).
///
/// `record.seq` is positive for packages, in order of arrival, and negative for nodes known only as
/// dependencies; both keep the order in which an index document lists them. An entry is one row and
/// two index entries, because the free plan counts each as a row written.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS record(
  seq INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  os TEXT NOT NULL,
  target TEXT NOT NULL,
  compiler TEXT,
  spec_version INTEGER NOT NULL,
  node TEXT NOT NULL,
  size INTEGER,
  tarball TEXT,
  pushed INTEGER NOT NULL DEFAULT 0,
  signed INTEGER NOT NULL DEFAULT 0,
  layout TEXT NOT NULL DEFAULT 'v2',
  used INTEGER
);
CREATE INDEX IF NOT EXISTS record_name ON record(name) WHERE seq > 0;
CREATE TABLE IF NOT EXISTS mirror(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  generation INTEGER NOT NULL DEFAULT 0,
  updated INTEGER,
  specs INTEGER NOT NULL DEFAULT 0,
  packages INTEGER NOT NULL DEFAULT 0,
  signed INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  unsized INTEGER NOT NULL DEFAULT 0,
  unread INTEGER NOT NULL DEFAULT 0,
  v2 INTEGER NOT NULL DEFAULT 0,
  v3 INTEGER NOT NULL DEFAULT 0,
  oci INTEGER NOT NULL DEFAULT 0,
  last_seq INTEGER NOT NULL DEFAULT 0,
  first_seq INTEGER NOT NULL DEFAULT 0,
  origin_asked INTEGER,
  origin_fresh INTEGER,
  origin_error TEXT,
  origin_etag TEXT,
  origin_pause INTEGER
);
INSERT OR IGNORE INTO mirror(id) VALUES (1);
CREATE TABLE IF NOT EXISTS key(fingerprint TEXT PRIMARY KEY, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS segment(
  version INTEGER NOT NULL,
  number INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  digest TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (version, number)
);
CREATE TABLE IF NOT EXISTS document(version INTEGER PRIMARY KEY, document TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS record_tarball ON record(tarball) WHERE tarball IS NOT NULL;
CREATE TABLE IF NOT EXISTS manifest(
  digest TEXT PRIMARY KEY,
  descriptor TEXT NOT NULL,
  subject TEXT,
  blobs TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS manifest_subject ON manifest(subject) WHERE subject IS NOT NULL;
CREATE TABLE IF NOT EXISTS tag(name TEXT PRIMARY KEY, manifest TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS upload(
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  touched INTEGER NOT NULL,
  pieces TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS slice(
  expression TEXT NOT NULL,
  version INTEGER NOT NULL,
  made INTEGER NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (expression, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS garbage(key TEXT PRIMARY KEY, due INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS arrival(hash TEXT, path TEXT, PRIMARY KEY (hash, path)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS removal(
  hash TEXT PRIMARY KEY,
  keys TEXT NOT NULL,
  blobs TEXT NOT NULL,
  due INTEGER NOT NULL,
  swept INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS reindex(id INTEGER PRIMARY KEY CHECK (id = 1), run TEXT NOT NULL);
";

/// Columns that came after the first release: table, column, definition. `CREATE TABLE IF NOT EXISTS`
/// leaves a table of then as it was.
const LATER_COLUMNS: [(&str, &str, &str); 4] = [
    ("mirror", "oci", "INTEGER NOT NULL DEFAULT 0"),
    ("mirror", "origin_pause", "INTEGER"),
    ("catalogue", "making", "TEXT"),
    ("record", "used", "INTEGER"),
];

/// A handle to the tables.
#[derive(Clone)]
pub(super) struct Tables {
    sql: SqlStorage,
}

/// A row of `record`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RecordRow {
    pub(super) seq: i64,
    pub(super) hash: DagHash,
    pub(super) compiler: Option<String>,
    pub(super) spec_version: u64,
    pub(super) node: String,
    pub(super) size: Option<u64>,
    pub(super) tarball: Option<Digest>,
    pub(super) pushed: u64,
    pub(super) signed: u8,
    pub(super) layout: Layout,
    pub(super) used: Option<u64>,
}

impl RecordRow {
    /// The columns of a [`RecordRow`], for `SELECT`.
    pub(super) const COLUMNS: &str =
        "seq, hash, compiler, spec_version, node, size, tarball, pushed, signed, layout, used";

    pub(super) const fn is_package(&self) -> bool {
        self.seq > 0
    }

    /// Whether the document with which it arrived is signed.
    pub(super) const fn is_signed_on_arrival(&self) -> bool {
        self.signed & SIGNED_ON_ARRIVAL != 0
    }

    /// Whether what was derived of it is signed with the mirror's own key.
    pub(super) const fn is_managed(&self) -> bool {
        self.signed & SIGNED_BY_MIRROR != 0
    }

    /// The node as a command brought it.
    pub(super) fn to_record(&self) -> Result<NodeRecord> {
        let damaged = |_| Error::from(format!("the record of /{} is damaged", self.hash));
        let compiler = match &self.compiler {
            Some(text) => Some(serde_json::from_str::<Compiler>(text)?),
            None => None,
        };
        let version = SpecVersion::try_from(self.spec_version).map_err(damaged)?;
        Ok(NodeRecord { version, compiler, node: self.node.clone() })
    }

    /// The node, parsed.
    pub(super) fn to_node(&self) -> Result<Node> {
        self.to_record()?.to_node().map_err(|error| format!("the record of /{} is damaged: {error}", self.hash).into())
    }
}

/// The row of `mirror`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(super) struct MirrorRow {
    pub(super) generation: u64,
    pub(super) updated: Option<u64>,
    pub(super) specs: u64,
    pub(super) packages: u64,
    pub(super) signed: u64,
    pub(super) bytes: u64,
    pub(super) r#unsized: u64,
    pub(super) unread: u64,
    pub(super) v2: u64,
    pub(super) v3: u64,
    pub(super) oci: u64,
    pub(super) last_seq: i64,
    pub(super) first_seq: i64,
    pub(super) origin_asked: Option<u64>,
    pub(super) origin_fresh: Option<u64>,
    pub(super) origin_error: Option<String>,
    pub(super) origin_etag: Option<String>,
    /// Until when a registry wants to be left alone.
    #[serde(default)]
    pub(super) origin_pause: Option<u64>,
}

impl Tables {
    pub(super) const fn new(sql: SqlStorage) -> Self {
        Self { sql }
    }

    /// Makes the tables where there are none, and the columns that they lack.
    pub(super) fn create(&self) -> Result<()> {
        self.run(SCHEMA, vec![])?;
        self.run(super::reports::SCHEMA, vec![])?;
        self.run(super::webhooks::SCHEMA, vec![])?;
        self.run(super::catalogue::SCHEMA, vec![])?;
        self.run(super::usage::SCHEMA, vec![])?;
        self.run(super::look::SCHEMA, vec![])?;
        for (table, column, definition) in LATER_COLUMNS {
            let known = "SELECT name FROM pragma_table_info(?) WHERE name = ?";
            if self.first::<serde_json::Value>(known, vec![table.into(), column.into()])?.is_none() {
                self.run(&format!("ALTER TABLE {table} ADD COLUMN {column} {definition}"), vec![])?;
            }
        }
        Ok(())
    }

    /// Runs a statement.
    pub(super) fn run(&self, sql: &str, values: Vec<SqlStorageValue>) -> Result<()> {
        self.sql.exec(sql, values).map(drop)
    }

    /// All rows of a query.
    pub(super) fn rows<Row: DeserializeOwned>(&self, sql: &str, values: Vec<SqlStorageValue>) -> Result<Vec<Row>> {
        self.sql.exec(sql, values)?.to_array()
    }

    /// The rows of a query one by one, for those that do not fit into memory.
    pub(super) fn each<Row: DeserializeOwned>(
        &self,
        sql: &str,
        values: Vec<SqlStorageValue>,
    ) -> Result<impl Iterator<Item = Result<Row>>> {
        Ok(self.sql.exec(sql, values)?.next::<Row>())
    }

    /// The first row of a query.
    pub(super) fn first<Row: DeserializeOwned>(&self, sql: &str, values: Vec<SqlStorageValue>) -> Result<Option<Row>> {
        Ok(self.rows(sql, values)?.into_iter().next())
    }

    /// The record of a hash.
    pub(super) fn record(&self, hash: &DagHash) -> Result<Option<RecordRow>> {
        let sql = format!("SELECT {} FROM record WHERE hash = ?", RecordRow::COLUMNS);
        self.first(&sql, vec![hash.as_str().into()])
    }

    /// The figures and counters.
    pub(super) fn mirror(&self) -> Result<MirrorRow> {
        Ok(self.first("SELECT * FROM mirror", vec![])?.unwrap_or_default())
    }

    /// Writes the figures and counters.
    pub(super) fn save_mirror(&self, row: &MirrorRow) -> Result<()> {
        let sql = "UPDATE mirror SET generation = ?, updated = ?, specs = ?, packages = ?, signed = ?, bytes = ?,
                   unsized = ?, unread = ?, v2 = ?, v3 = ?, oci = ?, last_seq = ?, first_seq = ?, origin_asked = ?, origin_fresh = ?,
                   origin_error = ?, origin_etag = ?, origin_pause = ?";
        self.run(
            sql,
            vec![
                number(row.generation),
                row.updated.map(number).into(),
                number(row.specs),
                number(row.packages),
                number(row.signed),
                number(row.bytes),
                number(row.r#unsized),
                number(row.unread),
                number(row.v2),
                number(row.v3),
                number(row.oci),
                row.last_seq.into(),
                row.first_seq.into(),
                row.origin_asked.map(number).into(),
                row.origin_fresh.map(number).into(),
                row.origin_error.clone().into(),
                row.origin_etag.clone().into(),
                row.origin_pause.map(number).into(),
            ],
        )
    }

    /// The figures as the API tells them.
    pub(super) fn summary(&self, now: Timestamp) -> Result<Summary> {
        let row = self.mirror()?;
        let (unread_tags, refused_tags) = self.unread_and_refused()?;
        let layouts = [(row.v2, Layout::V2), (row.v3, Layout::V3), (row.oci, Layout::Oci)];
        Ok(Summary {
            reports: super::reports::reports(self)?,
            webhook: super::webhooks::find(self)?,
            specs: row.specs,
            packages: row.packages,
            signed: row.signed,
            unread_specs: row.unread,
            bytes: row.bytes,
            unsized_specs: row.r#unsized,
            generation: row.generation,
            updated: row.updated.map(Timestamp::from_millis),
            layouts: layouts.into_iter().filter(|(count, _)| *count > 0).map(|(_, layout)| layout).collect(),
            origin_asked: row.origin_asked.map(Timestamp::from_millis),
            origin_fresh: row.origin_fresh.map(Timestamp::from_millis),
            origin_error: row.origin_error,
            origin_etag: row.origin_etag,
            is_looking: self.is_looking(now)?,
            unread_tags,
            refused_tags,
            refused: self.refused()?,
            reindex: self.reindex()?.map(|run| run.progress),
        })
    }

    /// The run that makes the index follow from the bucket, or the last one.
    pub(super) fn reindex(&self) -> Result<Option<Run>> {
        #[derive(Deserialize)]
        struct Row {
            run: String,
        }
        match self.first::<Row>("SELECT run FROM reindex", vec![])? {
            Some(row) => Ok(Some(serde_json::from_str(&row.run)?)),
            None => Ok(None),
        }
    }

    /// Notes how far a run is.
    pub(super) fn save_reindex(&self, run: &Run) -> Result<()> {
        let sql = "INSERT INTO reindex(id, run) VALUES (1, ?) ON CONFLICT(id) DO UPDATE SET run = excluded.run";
        self.run(sql, vec![serde_json::to_string(run)?.into()])
    }

    /// The paths of the documents with which a package arrived.
    pub(super) fn arrivals(&self, hash: &DagHash) -> Result<Vec<LayoutPath>> {
        #[derive(Deserialize)]
        struct Row {
            path: String,
        }
        let rows: Vec<Row> =
            self.rows("SELECT path FROM arrival WHERE hash = ? ORDER BY path", vec![hash.as_str().into()])?;
        Ok(rows.iter().filter_map(|row| row.path.parse().ok()).collect())
    }

    /// The keys, by fingerprint.
    pub(super) fn keys(&self) -> Result<Vec<api::Key>> {
        #[derive(Deserialize)]
        struct Row {
            document: String,
        }
        let rows: Vec<Row> = self.rows("SELECT document FROM key ORDER BY fingerprint", vec![])?;
        rows.iter().map(|row| Ok(serde_json::from_str(&row.document)?)).collect()
    }
}

/// A count, size or time as SQLite keeps it; all stay far below 2^53.
pub(super) fn number(value: u64) -> SqlStorageValue {
    SqlStorageValue::Integer(i64::try_from(value).unwrap_or(i64::MAX))
}
