//! The rendered index: append-only documents in segments.
//!
//! A document is a header, the packages in order of arrival, the nodes known only as dependencies,
//! and a footer. Packages that fill a segment are sealed: their bytes go to the bucket once, and
//! the sha256 state after them is kept. A new generation renders only what came after the last
//! segment, so that its cost does not grow with the mirror.
//!
//! A document that fits into one segment is rendered whole each time, and then says as Spack's own
//! does how many records depend on each (`ref_count`).

use std::collections::HashMap;

use larder_shared::{
    api::Timestamp,
    digest::Digest,
    index::{
        command::{Document, Part},
        document::{DbVersion, DocumentHash, SEPARATOR, footer, header, record},
    },
    key::ObjectKey,
    name::{DagHash, MirrorName},
};
use serde::Deserialize;
use worker::{Result, State};

use super::{
    alarm,
    tables::{RecordRow, Tables, number},
};
use crate::store::Store;

/// A segment is sealed when it has this many bytes: few parts to join at 100,000 packages (about
/// 35), and little to render again after a push.
const SEGMENT_BYTES: usize = 4 << 20;

/// How long a replaced document can still be read, in milliseconds: clients read its digest first
/// and its bytes after.
pub(super) const REPLACED_MILLIS: u64 = 3_600_000;

/// A row of `segment`.
#[derive(Debug, Deserialize)]
struct SegmentRow {
    number: u64,
    last_seq: i64,
    digest: Digest,
    bytes: u64,
    /// Of the hash after the segment, in hex digits: the cursor does not give a blob as serde wants it.
    state: String,
}

/// A document while it is rendered.
pub(super) struct Rendering<'a> {
    tables: &'a Tables,
    store: &'a Store,
    mirror: &'a MirrorName,
    version: DbVersion,
    hash: DocumentHash,
    parts: Vec<Part>,
    /// Rendered bytes that belong to no part yet.
    open: String,
    /// Whether a record was written, so that the next needs a comma.
    has_records: bool,
    /// How many records depend on each, when the document is rendered whole.
    ref_counts: Option<HashMap<DagHash, u64>>,
}

/// The document of the current generation, rendered if it is not there.
pub(super) async fn current(
    tables: &Tables,
    store: &Store,
    state: &State,
    mirror: &MirrorName,
    version: DbVersion,
    now: Timestamp,
) -> Result<Document> {
    let kept = kept(tables, version)?;
    if let Some(document) =
        kept.as_ref().filter(|kept| tables.mirror().is_ok_and(|row| row.generation == kept.generation))
    {
        return Ok(document.clone());
    }
    let document = render(tables, store, mirror, version).await?;
    let description = serde_json::to_vec(&document)?;
    put(store, &ObjectKey::IndexDocument(mirror.clone(), document.digest), description).await?;
    if let Some(old) = kept.filter(|old| old.digest != document.digest) {
        discard(tables, mirror, &old, &document, now)?;
        alarm::ring_by(state, now.as_millis() + REPLACED_MILLIS).await?;
    }
    let sql = "INSERT INTO document(version, document) VALUES (?, ?)
               ON CONFLICT(version) DO UPDATE SET document = excluded.document";
    tables.run(sql, vec![number(version.number()), serde_json::to_string(&document)?.into()])?;
    Ok(document)
}

fn kept(tables: &Tables, version: DbVersion) -> Result<Option<Document>> {
    #[derive(Deserialize)]
    struct Row {
        document: String,
    }
    let sql = "SELECT document FROM document WHERE version = ?";
    match tables.first::<Row>(sql, vec![number(version.number())])? {
        Some(row) => Ok(Some(serde_json::from_str(&row.document)?)),
        None => Ok(None),
    }
}

async fn render(tables: &Tables, store: &Store, mirror: &MirrorName, version: DbVersion) -> Result<Document> {
    let sql = "SELECT number, last_seq, digest, bytes, state FROM segment WHERE version = ? ORDER BY number";
    let segments: Vec<SegmentRow> = tables.rows(sql, vec![number(version.number())])?;
    let mut rendering = Rendering {
        tables,
        store,
        mirror,
        version,
        hash: DocumentHash::new(),
        parts: segments.iter().map(|row| Part { digest: row.digest, bytes: row.bytes }).collect(),
        open: String::new(),
        has_records: !segments.is_empty(),
        ref_counts: if segments.is_empty() { ref_counts(tables)? } else { None },
    };
    let (mut after, mut next_number) = (0, 0);
    match segments.last() {
        Some(last) => {
            let state = hex::decode(&last.state).map_err(|error| error.to_string())?;
            rendering.hash = DocumentHash::from_state(&state).map_err(|error| error.to_string())?;
            (after, next_number) = (last.last_seq, last.number + 1);
        }
        None => rendering.open.push_str(&header(version)),
    }
    while let Some(last_seq) = rendering.fill(after)? {
        rendering.seal(next_number, last_seq).await?;
        (after, next_number) = (last_seq, next_number + 1);
    }
    rendering.finish().await
}

/// How many records depend on each; `None` when there are too many for one segment.
///
/// It and [`Rendering::finish`] look at the same records: nothing is awaited in between unless a
/// segment is sealed, which the limit rules out.
fn ref_counts(tables: &Tables) -> Result<Option<HashMap<DagHash, u64>>> {
    #[derive(Deserialize)]
    struct Row {
        bytes: Option<u64>,
    }
    let stored = tables.first::<Row>("SELECT SUM(LENGTH(node)) AS bytes FROM record", vec![])?;
    // A record in another version is longer by its compiler and annotations, a fifth at most.
    if stored.and_then(|row| row.bytes).unwrap_or(0) > (SEGMENT_BYTES / 2) as u64 {
        return Ok(None);
    }
    let mut counts = HashMap::new();
    for row in tables.each::<RecordRow>(&format!("SELECT {} FROM record", RecordRow::COLUMNS), vec![])? {
        for edge in row?.to_node()?.dependencies {
            *counts.entry(edge.hash).or_insert(0) += 1;
        }
    }
    Ok(Some(counts))
}

impl<'a> Rendering<'a> {
    /// A document from its beginning, without counts of dependents.
    pub(super) fn begin(tables: &'a Tables, store: &'a Store, mirror: &'a MirrorName, version: DbVersion) -> Self {
        Self {
            tables,
            store,
            mirror,
            version,
            hash: DocumentHash::new(),
            parts: Vec::new(),
            open: header(version),
            has_records: false,
            ref_counts: None,
        }
    }

    /// Appends packages after `after` until a segment is full; `None` when they all fitted.
    fn fill(&mut self, after: i64) -> Result<Option<i64>> {
        let sql = format!("SELECT {} FROM record WHERE seq > ? ORDER BY seq", RecordRow::COLUMNS);
        for row in self.tables.each::<RecordRow>(&sql, vec![after.max(0).into()])? {
            let row = row?;
            self.push(&row, true)?;
            if self.is_full() {
                return Ok(Some(row.seq));
            }
        }
        Ok(None)
    }

    /// Appends a record.
    pub(super) fn push(&mut self, row: &RecordRow, in_buildcache: bool) -> Result<()> {
        if self.has_records {
            self.open.push_str(SEPARATOR);
        }
        self.has_records = true;
        let node = row.to_node()?;
        let ref_count = self.ref_counts.as_ref().map(|counts| counts.get(&node.hash).copied().unwrap_or(0));
        self.open.push_str(&record(self.version, &node, in_buildcache, ref_count));
        Ok(())
    }

    /// Stores what is open as a segment that is never rendered again.
    async fn seal(&mut self, segment: u64, last_seq: i64) -> Result<()> {
        let part = self.store_open().await?;
        let sql = "INSERT INTO segment(version, number, last_seq, digest, bytes, state) VALUES (?, ?, ?, ?, ?, ?)";
        self.tables.run(
            sql,
            vec![
                number(self.version.number()),
                number(segment),
                last_seq.into(),
                part.digest.to_string().into(),
                number(part.bytes),
                hex::encode(self.hash.state()).into(),
            ],
        )
    }

    /// Whether what is open should become a part.
    pub(super) const fn is_full(&self) -> bool {
        self.open.len() >= SEGMENT_BYTES
    }

    /// Stores what is open as a part.
    pub(super) async fn store_open(&mut self) -> Result<Part> {
        let bytes = std::mem::take(&mut self.open).into_bytes();
        self.hash.update(&bytes);
        let part = Part { digest: Digest::of(&bytes), bytes: bytes.len() as u64 };
        put(self.store, &part.key(self.mirror), bytes).await?;
        self.parts.push(part.clone());
        Ok(part)
    }

    /// Ends the document with the nodes that are only dependencies.
    ///
    /// The generation is read together with them and without waiting in between, so that the
    /// document shows exactly that generation or a newer one's packages, never less.
    async fn finish(mut self) -> Result<Document> {
        let sql = format!("SELECT {} FROM record WHERE seq < 0 ORDER BY seq DESC", RecordRow::COLUMNS);
        for row in self.tables.each::<RecordRow>(&sql, vec![])? {
            self.push(&row?, false)?;
        }
        let generation = self.tables.mirror()?.generation;
        self.end(generation).await
    }

    /// Ends the document.
    pub(super) async fn end(mut self, generation: u64) -> Result<Document> {
        self.open.push_str(footer());
        self.store_open().await?;
        let bytes = self.parts.iter().map(|part| part.bytes).sum();
        Ok(Document { generation, digest: self.hash.finish(), bytes, parts: self.parts })
    }
}

pub(super) async fn put(store: &Store, key: &ObjectKey, bytes: Vec<u8>) -> Result<()> {
    store.put(key, bytes).await?;
    Ok(())
}

/// Marks what only the old document needs for removal.
pub(super) fn discard(
    tables: &Tables,
    mirror: &MirrorName,
    old: &Document,
    new: &Document,
    now: Timestamp,
) -> Result<()> {
    let due = now.as_millis() + REPLACED_MILLIS;
    let unused = old.parts.iter().filter(|part| !new.parts.contains(part)).map(|part| part.key(mirror));
    for key in unused.chain([ObjectKey::IndexDocument(mirror.clone(), old.digest)]) {
        discard_key(tables, &key, due)?;
    }
    // A document may come back: the same packages give the same bytes.
    let used = new.parts.iter().map(|part| part.key(mirror));
    for key in used.chain([ObjectKey::IndexDocument(mirror.clone(), new.digest)]) {
        tables.run("DELETE FROM garbage WHERE key = ?", vec![key.to_string().into()])?;
    }
    Ok(())
}

/// Marks an object for removal at `due` (milliseconds since 1970).
pub(super) fn discard_key(tables: &Tables, key: &ObjectKey, due: u64) -> Result<()> {
    let sql = "INSERT INTO garbage(key, due) VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET due = excluded.due";
    tables.run(sql, vec![key.to_string().into(), number(due)])
}

/// A row of `garbage`.
#[derive(Deserialize)]
struct GarbageRow {
    key: String,
    due: u64,
}

/// Removes what was marked long enough ago.
pub(super) async fn collect_garbage(tables: &Tables, store: &Store, now: Timestamp) -> Result<()> {
    let sql = "SELECT key, due FROM garbage WHERE due <= ? ORDER BY due LIMIT 100";
    for row in tables.rows::<GarbageRow>(sql, vec![number(now.as_millis())])? {
        if !is_needed(tables, &row.key)? {
            store.delete_key(&row.key).await?;
        }
        tables.run("DELETE FROM garbage WHERE key = ? AND due = ?", vec![row.key.as_str().into(), number(row.due)])?;
    }
    Ok(())
}

/// Whether a current document has a part of this name: parts are named by their digest, so another
/// document may have come to the same bytes.
fn is_needed(tables: &Tables, key: &str) -> Result<bool> {
    let digest = key.rsplit('/').next().unwrap_or_default();
    let sql = "SELECT version FROM document WHERE instr(document, ?1) > 0
               UNION ALL SELECT version FROM slice WHERE instr(document, ?1) > 0
               UNION ALL SELECT version FROM segment WHERE digest = ?1
               UNION ALL SELECT id FROM catalogue WHERE instr(document, ?1) > 0 LIMIT 1";
    Ok(tables.first::<serde_json::Value>(sql, vec![digest.into()])?.is_some())
}

/// When something is next to be removed, in milliseconds since 1970.
pub(super) fn next_due(tables: &Tables) -> Result<Option<u64>> {
    let sql = "SELECT key, due FROM garbage ORDER BY due LIMIT 1";
    Ok(tables.first::<GarbageRow>(sql, vec![])?.map(|row| row.due))
}
