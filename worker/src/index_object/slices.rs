//! The index documents of slices: the packages that match, what they need at run time, and, as
//! nodes only, everything else their specs name, without which Spack warns of each.
//!
//! A document is made anew when the mirror changed since it was made; its cost grows with the
//! mirror (a look at each package) and with the slice (its records, rendered).

use std::collections::{HashMap, VecDeque};

use larder_shared::{
    api::Timestamp,
    index::{command::Document, document::DbVersion},
    key::ObjectKey,
    name::{DagHash, MirrorName},
    slice::{Facets, Slice},
    spec::{Compiler, DependencyKind},
};
use serde::Deserialize;
use worker::{Result, State};

use super::{
    alarm,
    documents::{REPLACED_MILLIS, Rendering, discard, discard_key, put},
    tables::{RecordRow, Tables, number},
};
use crate::store::Store;

/// What is asked for.
pub(super) struct Wanted<'a> {
    pub(super) mirror: &'a MirrorName,
    pub(super) slice: &'a Slice,
    pub(super) version: DbVersion,
    pub(super) now: Timestamp,
}

/// Most documents of slices that are kept for one mirror; the oldest makes room. Anybody may ask
/// for any slice.
const MAX_KEPT: i64 = 64;

/// A row of `slice`.
#[derive(Debug, Deserialize)]
struct SliceRow {
    expression: String,
    version: u64,
    document: String,
}

/// The document of a slice as the mirror is now; `None` when no package belongs to it.
pub(super) async fn current(
    tables: &Tables,
    store: &Store,
    state: &State,
    wanted: &Wanted<'_>,
) -> Result<Option<Document>> {
    let Wanted { mirror, slice, version, now } = *wanted;
    let sql = "SELECT expression, version, document FROM slice WHERE expression = ? AND version = ?";
    let key = || vec![slice.to_string().into(), number(version.number())];
    let kept: Option<Document> = match tables.first::<SliceRow>(sql, key())? {
        Some(row) => Some(serde_json::from_str(&row.document)?),
        None => None,
    };
    // Read together with the records below: nothing is awaited in between.
    let generation = tables.mirror()?.generation;
    if let Some(kept) = kept.as_ref().filter(|kept| kept.generation == generation) {
        return Ok(Some(kept.clone()));
    }
    let records = select(tables, slice)?;
    if records.is_empty() {
        return Ok(None);
    }
    let mut rendering = Rendering::begin(tables, store, mirror, version);
    for (seq, in_buildcache) in records {
        let sql = format!("SELECT {} FROM record WHERE seq = ?", RecordRow::COLUMNS);
        // One that was removed meanwhile is missing; the next request makes the next document.
        let Some(row) = tables.first::<RecordRow>(&sql, vec![seq.into()])? else { continue };
        rendering.push(&row, in_buildcache)?;
        if rendering.is_full() {
            rendering.store_open().await?;
        }
    }
    let document = rendering.end(generation).await?;
    put(store, &ObjectKey::IndexDocument(mirror.clone(), document.digest), serde_json::to_vec(&document)?).await?;
    if let Some(old) = kept.filter(|old| old.digest != document.digest) {
        discard(tables, mirror, &old, &document, now)?;
    }
    let sql = "INSERT INTO slice(expression, version, made, document) VALUES (?, ?, ?, ?)
               ON CONFLICT(expression, version) DO UPDATE SET made = excluded.made, document = excluded.document";
    let mut values = key();
    values.extend([number(now.as_millis()), serde_json::to_string(&document)?.into()]);
    tables.run(sql, values)?;
    make_room(tables, mirror, now)?;
    alarm::ring_by(state, now.as_millis() + REPLACED_MILLIS).await?;
    Ok(Some(document))
}

/// The numbers of a slice's records, and whether each is a package there: packages in order of
/// arrival first.
fn select(tables: &Tables, slice: &Slice) -> Result<Vec<(i64, bool)>> {
    #[derive(Deserialize)]
    struct Row {
        hash: DagHash,
        name: String,
        os: String,
        target: String,
        compiler: Option<String>,
    }
    let sql = "SELECT hash, name, os, target, compiler FROM record WHERE seq > 0 ORDER BY seq";
    let mut matching = Vec::new();
    for row in tables.each::<Row>(sql, vec![])? {
        let Row { hash, name, os, target, compiler } = row?;
        let compiler: Option<Compiler> = match compiler {
            Some(text) => Some(serde_json::from_str(&text)?),
            None => None,
        };
        let package = Facets { name: &name, os: &os, target: &target, compiler: compiler.as_ref() };
        if slice.matches(&package) {
            matching.push(hash);
        }
    }
    // Twice over the graph: what is needed at run time, then what is named at all.
    let mut found: HashMap<DagHash, (i64, bool)> = HashMap::new();
    let mut named = Vec::new();
    let mut todo = VecDeque::from(matching);
    while let Some(hash) = todo.pop_front() {
        if found.contains_key(&hash) {
            continue;
        }
        let Some(row) = tables.record(&hash)? else { continue };
        for edge in row.to_node()?.dependencies {
            let at_run_time = [DependencyKind::Link, DependencyKind::Run];
            if at_run_time.into_iter().any(|kind| edge.kinds.contains(kind)) {
                todo.push_back(edge.hash);
            } else {
                named.push(edge.hash);
            }
        }
        found.insert(hash, (row.seq, row.is_package()));
    }
    while let Some(hash) = named.pop() {
        if found.contains_key(&hash) {
            continue;
        }
        let Some(row) = tables.record(&hash)? else { continue };
        named.extend(row.to_node()?.dependencies.into_iter().map(|edge| edge.hash));
        found.insert(hash, (row.seq, false));
    }
    let mut records: Vec<_> = found.into_values().collect();
    records.sort_unstable_by_key(|(seq, in_buildcache)| (!in_buildcache, seq.unsigned_abs(), *seq < 0));
    Ok(records)
}

/// Gives up the documents beyond [`MAX_KEPT`].
fn make_room(tables: &Tables, mirror: &MirrorName, now: Timestamp) -> Result<()> {
    let sql = "SELECT expression, version, document FROM slice ORDER BY made DESC LIMIT -1 OFFSET ?";
    let due = now.as_millis() + REPLACED_MILLIS;
    for row in tables.rows::<SliceRow>(sql, vec![MAX_KEPT.into()])? {
        let document: Document = serde_json::from_str(&row.document)?;
        for part in &document.parts {
            discard_key(tables, &part.key(mirror), due)?;
        }
        discard_key(tables, &ObjectKey::IndexDocument(mirror.clone(), document.digest), due)?;
        let sql = "DELETE FROM slice WHERE expression = ? AND version = ?";
        tables.run(sql, vec![row.expression.into(), number(row.version)])?;
    }
    Ok(())
}
