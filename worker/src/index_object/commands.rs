//! What changes an index: each command is one transaction.

use std::{cell::RefCell, collections::HashSet, rc::Rc};

use futures_util::lock::MutexGuard;
use larder_shared::{
    api::{Key, Layout, Timestamp},
    digest::Digest,
    index::command::{Accept, Begun, Changed, NodeRecord, OriginNote, OriginRecord},
    layout::LayoutPath,
    name::{DagHash, MirrorName},
    oci::tag::Tag,
    spec::{Compiler, Node},
};
use serde::Deserialize;
use worker::{Error, Result};

use super::{
    IndexObject, catalogue, removal, reports,
    tables::{MirrorRow, RecordRow, SIGNED_BY_MIRROR, SIGNED_ON_ARRIVAL, Tables, number},
};

/// An origin's index that is being taken over.
pub(super) struct Takeover {
    id: u64,
    /// The packages the origin's index named so far.
    seen: HashSet<DagHash>,
}

/// How long a takeover may go without a word before another may begin, in milliseconds.
const TAKEOVER_MILLIS: u64 = 60_000;

/// What a package brings beside its node.
pub(super) struct Arrival {
    pub(super) layout: Layout,
    /// The path of its document, when it has one in the bucket.
    pub(super) document: Option<String>,
    /// As in `record.signed`.
    pub(super) signed: u8,
    /// Digest and length of the tarball, when known.
    pub(super) tarball: Option<(Digest, u64)>,
    pub(super) now: Timestamp,
}

/// A package that may be accepted.
pub(super) struct Whole<'a> {
    /// Held until the package is in, so that nothing of it is removed after it was looked for.
    no_removal: Option<MutexGuard<'a, ()>>,
}

impl Whole<'_> {
    /// Whether all of it was looked for.
    pub(super) const fn is_looked_for(&self) -> bool {
        self.no_removal.is_some()
    }
}

/// What became of a package.
pub(super) struct Taken {
    /// Whether the documents change.
    pub(super) changed: bool,
    /// Whether it had another tarball before.
    pub(super) replaced: bool,
}

/// Takes a package and the nodes it depends on; `None` when it was removed just now and was not looked
/// for since.
pub(super) fn take_package(
    tables: &Tables,
    mirror: &mut MirrorRow,
    package: Accept,
    is_looked_for: bool,
    now: Timestamp,
) -> Result<Option<Taken>> {
    let Accept { layout, document, signed, managed, tarball, size, root, dependencies } = package;
    let node = parse(&root)?;
    let hash = node.hash.clone();
    if !is_looked_for && removal::concerns(tables, &hash, &tarball)? {
        return Ok(None);
    }
    let known = tables.record(&hash)?;
    let signed = if signed { SIGNED_ON_ARRIVAL } else { 0 } | if managed { SIGNED_BY_MIRROR } else { 0 };
    let arrival = Arrival { layout, document, signed, tarball: Some((tarball, size)), now };
    let mut changed = add_package(tables, mirror, &root, &arrival)?;
    for dependency in &dependencies {
        changed |= add_dependency(tables, mirror, dependency)?;
    }
    let replaced = match known {
        Some(row) if layout == Layout::Oci => replace_tarball(tables, mirror, &row, &arrival)?,
        _ => false,
    };
    reports::prove(tables, &node, now)?;
    Ok(Some(Taken { changed, replaced }))
}

impl IndexObject {
    /// Takes a package and the nodes it depends on; `None` when some of it was removed while it was
    /// pushed.
    pub(super) async fn accept(&self, name: &MirrorName, package: Accept, now: Timestamp) -> Result<Option<Changed>> {
        let Some(whole) = self.find_whole(name, &package).await? else { return Ok(None) };
        let is_looked_for = whole.is_looked_for();
        let (changed, taken) = self
            .counted(now, move |tables, mirror| match take_package(tables, mirror, package, is_looked_for, now)? {
                Some(taken) => Ok((taken.changed, true)),
                None => Ok((false, false)),
            })
            .await?;
        Ok(taken.then_some(changed))
    }

    /// Sees to it that a package which is to be accepted is whole, if it, or one with the same tarball,
    /// was removed not long ago; `None` when it is not. Nothing of it is removed while the answer is held.
    pub(super) async fn find_whole(&self, name: &MirrorName, package: &Accept) -> Result<Option<Whole<'_>>> {
        let hash = parse(&package.root)?.hash;
        let mut whole = Whole { no_removal: None };
        if removal::concerns(&self.tables, &hash, &package.tarball)? {
            whole.no_removal = Some(self.removing.lock().await);
            if !self.is_whole_after_removal(name, package).await? {
                return Ok(None);
            }
        }
        self.accepted.set(self.accepted.get() + 1);
        Ok(Some(whole))
    }

    /// Notes digest and length of a tarball; the index documents hold neither.
    pub(super) async fn learn(
        &self,
        hash: DagHash,
        tarball: Digest,
        size: Option<u64>,
        signed: bool,
        now: Timestamp,
    ) -> Result<Changed> {
        self.transaction(now, move |tables, mirror| {
            let Some(row) = tables.record(&hash)?.filter(RecordRow::is_package) else { return Ok(false) };
            let signed = if signed { SIGNED_ON_ARRIVAL } else { 0 };
            note_tarball(tables, mirror, &row, Some(tarball), size, signed)?;
            Ok(false)
        })
        .await
    }

    /// Takes a key, or a newer form of it.
    pub(super) async fn add_key(&self, key: Key, now: Timestamp) -> Result<Changed> {
        self.transaction(now, move |tables, _| {
            let known = tables.keys()?.into_iter().find(|known| known.fingerprint == key.fingerprint);
            if known.is_some_and(|known| Key { pushed: known.pushed, ..key.clone() } == known) {
                return Ok(false);
            }
            let sql = "INSERT INTO key(fingerprint, document) VALUES (?, ?)
                       ON CONFLICT(fingerprint) DO UPDATE SET document = excluded.document";
            tables.run(sql, vec![key.fingerprint.as_str().into(), serde_json::to_string(&key)?.into()])?;
            Ok(false)
        })
        .await
    }

    /// Begins to take over an origin's index, unless another takeover is under way.
    pub(super) fn begin_takeover(&self, now: Timestamp) -> Begun {
        let mut takeover = self.takeover.borrow_mut();
        if takeover.as_ref().is_some_and(|running| now.as_millis() < running.id + TAKEOVER_MILLIS) {
            return Begun { takeover: None };
        }
        let id = now.as_millis();
        *takeover = Some(Takeover { id, seen: HashSet::new() });
        Begun { takeover: Some(id) }
    }

    /// Takes over some records of the origin's index.
    pub(super) async fn take_over(
        &self,
        id: u64,
        records: Vec<OriginRecord>,
        layout: Layout,
        now: Timestamp,
    ) -> Result<Changed> {
        {
            let mut takeover = self.takeover.borrow_mut();
            let running = takeover.as_mut().filter(|running| running.id == id).ok_or_else(overtaken)?;
            for OriginRecord { in_buildcache, record } in &records {
                if *in_buildcache {
                    running.seen.insert(parse(record)?.hash);
                }
            }
        }
        self.transaction(now, move |tables, mirror| {
            let mut changed = false;
            for OriginRecord { in_buildcache, record } in &records {
                changed |= if *in_buildcache {
                    let arrival = Arrival { layout, document: None, signed: 0, tarball: None, now };
                    add_package(tables, mirror, record, &arrival)?
                } else {
                    add_dependency(tables, mirror, record)?
                };
            }
            Ok(changed)
        })
        .await
    }

    /// Gives a takeover up, unless another has begun since.
    pub(super) fn cancel_takeover(&self, id: u64) {
        self.takeover.borrow_mut().take_if(|running| running.id == id);
    }

    /// Ends a takeover: what the origin no longer names is no longer a package.
    pub(super) async fn end_takeover(&self, id: u64, now: Timestamp) -> Result<Changed> {
        let takeover = self.takeover.borrow_mut().take().filter(|running| running.id == id).ok_or_else(overtaken)?;
        self.transaction(now, move |tables, mirror| {
            #[derive(Deserialize)]
            struct Row {
                hash: DagHash,
            }
            let rows: Vec<Row> = tables.rows("SELECT hash FROM record WHERE seq > 0", vec![])?;
            let mut changed = false;
            for Row { hash } in rows {
                if !takeover.seen.contains(&hash) {
                    remove_package(tables, mirror, &hash)?;
                    changed = true;
                }
            }
            Ok(resolve_compilers(tables)? || changed)
        })
        .await
    }

    /// Notes how asking the origin went.
    pub(super) async fn note_origin(&self, note: OriginNote, now: Timestamp) -> Result<Changed> {
        self.transaction(now, move |_, mirror| {
            mirror.origin_asked = Some(now.as_millis());
            if note.error.is_none() {
                mirror.origin_fresh = Some(now.as_millis());
                mirror.origin_etag = note.etag;
            }
            mirror.origin_error = note.error;
            Ok(false)
        })
        .await
    }

    /// Runs `change` in a transaction, and counts a generation if it says that it changed the
    /// documents.
    pub(super) async fn transaction<Change>(&self, now: Timestamp, change: Change) -> Result<Changed>
    where
        Change: FnOnce(&Tables, &mut MirrorRow) -> Result<bool> + 'static,
    {
        self.counted(now, |tables, mirror| Ok((change(tables, mirror)?, ()))).await.map(|(changed, ())| changed)
    }

    /// As [`Self::transaction`], for a `change` that has more to say.
    pub(super) async fn counted<T, Change>(&self, now: Timestamp, change: Change) -> Result<(Changed, T)>
    where
        T: 'static,
        Change: FnOnce(&Tables, &mut MirrorRow) -> Result<(bool, T)> + 'static,
    {
        self.atomically(move |tables| {
            let before = tables.mirror()?;
            let mut mirror = before.clone();
            let (changed, more) = change(tables, &mut mirror)?;
            if changed {
                mirror.generation += 1;
                mirror.updated = Some(now.as_millis());
            }
            if mirror != before {
                tables.save_mirror(&mirror)?;
            }
            Ok((Changed { generation: mirror.generation, changed }, more))
        })
        .await
    }

    /// Runs `work` in a transaction. An `Err` undoes all of it; SQL outside a transaction would
    /// stay.
    pub(super) async fn atomically<T, Work>(&self, work: Work) -> Result<T>
    where
        T: 'static,
        Work: FnOnce(&Tables) -> Result<T> + 'static,
    {
        let outcome = Rc::new(RefCell::new(None));
        let (tables, result) = (self.tables.clone(), Rc::clone(&outcome));
        self.state
            .storage()
            .transaction(move |_| async move {
                *result.borrow_mut() = Some(work(&tables)?);
                Ok(())
            })
            .await?;
        let outcome = outcome.borrow_mut().take();
        outcome.ok_or_else(|| "the transaction ended without an outcome".into())
    }
}

fn overtaken() -> Error {
    "another takeover of the origin's index began".into()
}

pub(super) fn parse(record: &NodeRecord) -> Result<Node> {
    record.to_node().map_err(|error| error.to_string().into())
}

/// Adds a package, or makes one of a node known as a dependency; whether the documents change.
pub(super) fn add_package(
    tables: &Tables,
    mirror: &mut MirrorRow,
    record: &NodeRecord,
    arrival: &Arrival,
) -> Result<bool> {
    let node = parse(record)?;
    // An image is tagged when its manifest is put; any other package can be asked for as one, and so can
    // an origin's image that nobody read yet.
    if arrival.layout != Layout::Oci || arrival.tarball.is_none() {
        let tag = Tag::of(&node);
        tables.run("INSERT OR IGNORE INTO tag(name) VALUES (?)", vec![tag.as_str().into()])?;
    }
    let known = tables.record(&node.hash)?;
    if let Some(row) = known.as_ref().filter(|row| row.is_package()) {
        let (tarball, size) = arrival.tarball.unzip();
        note_tarball(tables, mirror, row, tarball, size, arrival.signed)?;
        note_document(tables, mirror, &node.hash, arrival)?;
        if row.layout == Layout::Oci && arrival.layout != Layout::Oci {
            // From now on a document of Spack's own layouts names its tarball, for good.
            let sql = "UPDATE record SET layout = ? WHERE seq = ?";
            tables.run(sql, vec![arrival.layout.as_str().into(), row.seq.into()])?;
        }
        return Ok(false);
    }
    // A package's own spec file says more of it than that of another package which needs it.
    if known.is_some() {
        tables.run("DELETE FROM record WHERE hash = ?", vec![node.hash.as_str().into()])?;
    }
    let of_name = "SELECT seq FROM record WHERE name = ? AND seq > 0 LIMIT 1";
    if tables.first::<serde_json::Value>(of_name, vec![node.name.as_str().into()])?.is_none() {
        mirror.packages += 1;
    }
    mirror.last_seq += 1;
    mirror.specs += 1;
    mirror.signed += u64::from(arrival.signed != 0);
    match arrival.tarball {
        Some((_, size)) => mirror.bytes += size,
        None => {
            mirror.r#unsized += 1;
            mirror.unread += 1;
        }
    }
    note_document(tables, mirror, &node.hash, arrival)?;
    insert(tables, mirror.last_seq, &node, record, Some(arrival))?;
    Ok(true)
}

/// Adds a node that other packages need; whether the documents change.
pub(super) fn add_dependency(tables: &Tables, mirror: &mut MirrorRow, record: &NodeRecord) -> Result<bool> {
    let node = parse(record)?;
    let known = "SELECT seq FROM record WHERE hash = ?";
    if tables.first::<serde_json::Value>(known, vec![node.hash.as_str().into()])?.is_some() {
        return Ok(false);
    }
    mirror.first_seq -= 1;
    insert(tables, mirror.first_seq, &node, record, None)?;
    Ok(true)
}

fn insert(tables: &Tables, seq: i64, node: &Node, record: &NodeRecord, arrival: Option<&Arrival>) -> Result<()> {
    let compiler = match &record.compiler {
        Some(compiler) => Some(serde_json::to_string(compiler)?),
        None => None,
    };
    let tarball = arrival.and_then(|arrival| arrival.tarball);
    let sql = "INSERT INTO record(seq, hash, name, version, os, target, compiler, spec_version, node, size, tarball,
               pushed, signed, layout) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    tables.run(
        sql,
        vec![
            seq.into(),
            node.hash.as_str().into(),
            node.name.as_str().into(),
            node.version.as_str().into(),
            node.os.as_str().into(),
            node.target.as_str().into(),
            compiler.into(),
            number(record.version.number()),
            record.node.as_str().into(),
            tarball.map(|(_, size)| number(size)).into(),
            tarball.map(|(digest, _)| digest.to_string()).into(),
            number(arrival.map_or(0, |arrival| arrival.now.as_millis())),
            i32::from(arrival.map_or(0, |arrival| arrival.signed)).into(),
            arrival.map_or(Layout::V2, |arrival| arrival.layout).as_str().into(),
        ],
    )
}

/// Keeps what became known of a package's tarball and signature; the first tarball stays.
fn note_tarball(
    tables: &Tables,
    mirror: &mut MirrorRow,
    row: &RecordRow,
    tarball: Option<Digest>,
    size: Option<u64>,
    signed: u8,
) -> Result<()> {
    if let (None, Some(digest)) = (row.tarball, tarball) {
        mirror.unread = mirror.unread.saturating_sub(1);
        let sql = "UPDATE record SET tarball = ? WHERE seq = ?";
        tables.run(sql, vec![digest.to_string().into(), row.seq.into()])?;
    }
    if let (None, Some(size)) = (row.size, size) {
        mirror.bytes += size;
        mirror.r#unsized = mirror.r#unsized.saturating_sub(1);
        tables.run("UPDATE record SET size = ? WHERE seq = ?", vec![number(size), row.seq.into()])?;
        catalogue::note_change(tables, &row.hash)?;
    }
    if row.signed | signed != row.signed {
        mirror.signed += u64::from(row.signed == 0);
        let sql = "UPDATE record SET signed = ? WHERE seq = ?";
        tables.run(sql, vec![i32::from(row.signed | signed).into(), row.seq.into()])?;
        catalogue::note_change(tables, &row.hash)?;
    }
    Ok(())
}

/// Gives a package that was pushed as an image the tarball of a later push; whether it had another.
/// A document of Spack's own layouts is stored once and names its tarball for good.
fn replace_tarball(tables: &Tables, mirror: &mut MirrorRow, before: &RecordRow, arrival: &Arrival) -> Result<bool> {
    let Some((tarball, size)) = arrival.tarball else { return Ok(false) };
    if !before.is_package() || before.layout != Layout::Oci || before.tarball.is_none_or(|known| known == tarball) {
        return Ok(false);
    }
    mirror.bytes = mirror.bytes.saturating_sub(before.size.unwrap_or(0)) + size;
    let sql = "UPDATE record SET tarball = ?, size = ?, pushed = ? WHERE hash = ?";
    let pushed = number(arrival.now.as_millis());
    tables.run(sql, vec![tarball.to_string().into(), number(size), pushed, before.hash.as_str().into()])?;
    catalogue::note_change(tables, &before.hash)?;
    Ok(true)
}

/// Notes in which layout a package arrived, and with which document.
fn note_document(tables: &Tables, mirror: &mut MirrorRow, hash: &DagHash, arrival: &Arrival) -> Result<()> {
    if let Some(path) = &arrival.document {
        let values = || vec![hash.as_str().into(), path.as_str().into()];
        let known = "SELECT hash FROM arrival WHERE hash = ? AND path = ?";
        if tables.first::<serde_json::Value>(known, values())?.is_some() {
            return Ok(());
        }
        tables.run("INSERT INTO arrival(hash, path) VALUES (?, ?)", values())?;
    }
    *layout_count(mirror, arrival.layout) += 1;
    Ok(())
}

/// How many packages arrived in a layout.
pub(super) const fn layout_count(mirror: &mut MirrorRow, layout: Layout) -> &mut u64 {
    match layout {
        Layout::V2 => &mut mirror.v2,
        Layout::V3 => &mut mirror.v3,
        Layout::Oci => &mut mirror.oci,
    }
}

/// The layout of a document's path.
pub(super) const fn layout_of(path: &LayoutPath) -> Layout {
    match path {
        LayoutPath::V2(_) => Layout::V2,
        LayoutPath::V3(_) => Layout::V3,
    }
}

/// Makes a package a node that is known only as a dependency. Segments that hold it, and those
/// after it, are dropped and rendered anew when next read.
pub(super) fn remove_package(tables: &Tables, mirror: &mut MirrorRow, hash: &DagHash) -> Result<()> {
    let Some(row) = tables.record(hash)?.filter(RecordRow::is_package) else { return Ok(()) };
    let tag = Tag::of(&row.to_node()?);
    let sql = "DELETE FROM manifest WHERE digest = (SELECT manifest FROM tag WHERE name = ?1)
               AND NOT EXISTS (SELECT name FROM tag WHERE manifest = digest AND name <> ?1)";
    tables.run(sql, vec![tag.as_str().into()])?;
    tables.run("DELETE FROM tag WHERE name = ?", vec![tag.as_str().into()])?;
    let arrivals = tables.arrivals(hash)?;
    for layout in arrivals.iter().map(layout_of).chain(arrivals.is_empty().then_some(row.layout)) {
        let count = layout_count(mirror, layout);
        *count = count.saturating_sub(1);
    }
    tables.run("DELETE FROM arrival WHERE hash = ?", vec![hash.as_str().into()])?;
    tables.run("DELETE FROM segment WHERE last_seq >= ?", vec![row.seq.into()])?;
    mirror.first_seq -= 1;
    let sql = "UPDATE record SET seq = ?, size = NULL, tarball = NULL, signed = 0, pushed = 0 WHERE seq = ?";
    tables.run(sql, vec![mirror.first_seq.into(), row.seq.into()])?;
    mirror.specs -= 1;
    mirror.signed = mirror.signed.saturating_sub(u64::from(row.signed != 0));
    mirror.unread = mirror.unread.saturating_sub(u64::from(row.tarball.is_none()));
    match row.size {
        Some(size) => mirror.bytes = mirror.bytes.saturating_sub(size),
        None => mirror.r#unsized = mirror.r#unsized.saturating_sub(1),
    }
    let of_name = "SELECT seq FROM record WHERE name = ? AND seq > 0 LIMIT 1";
    if tables.first::<serde_json::Value>(of_name, vec![row.to_node()?.name.as_str().into()])?.is_none() {
        mirror.packages = mirror.packages.saturating_sub(1);
    }
    Ok(())
}

/// Finds the compilers of nodes of versions 5 and 6, which an index keeps in other records; whether
/// it found any.
pub(super) fn resolve_compilers(tables: &Tables) -> Result<bool> {
    let mut found = false;
    let sql = format!("SELECT {} FROM record WHERE compiler IS NULL AND spec_version >= 5", RecordRow::COLUMNS);
    for row in tables.rows::<RecordRow>(&sql, vec![])? {
        let node = row.to_node()?;
        let Some(edge) = node.compiler_edge() else { continue };
        let Some(provider) = tables.record(&edge.hash)? else { continue };
        let provider = provider.to_node()?;
        let compiler = Compiler::of_package(&provider.name, &provider.version);
        let sql = "UPDATE record SET compiler = ? WHERE seq = ?";
        tables.run(sql, vec![serde_json::to_string(&compiler)?.into(), row.seq.into()])?;
        catalogue::note_change(tables, &row.hash)?;
        found = true;
    }
    Ok(found)
}
