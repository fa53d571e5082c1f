//! The catalogue: tables that go on from each other, packed and kept in the bucket.
//!
//! Each table but the last has as many packages as a table may have, and is made once. The last is made
//! anew when the index has changed and somebody asks. Who has a catalogue already gets what is new since,
//! made for the asking. A row is never taken out: a package that is removed stays as a dependency, and a
//! later row of the same hash takes the place of an earlier one.

use larder_shared::{
    api::Timestamp,
    digest::Digest,
    index::{
        catalogue::{self, Cursor, Entry, Signature, Tables as Written, Writer, pack},
        command::{CatalogueFound, Document, Part},
    },
    name::{DagHash, MirrorName},
};
use serde::{Deserialize, Serialize};
use worker::{Result, State};

use super::{
    alarm,
    documents::{REPLACED_MILLIS, discard_key, put},
    tables::{RecordRow, Tables, number},
};
use crate::store::Store;

/// `catalogue.making` is the mirror whose tables are made by alarms, as long as many are missing;
/// `catalogue_change` has the packages of which something has changed since they came, in order.
pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS catalogue(
    id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, document TEXT, making TEXT);
CREATE TABLE IF NOT EXISTS catalogue_change(number INTEGER PRIMARY KEY AUTOINCREMENT, hash TEXT NOT NULL);
";

/// Packages of a table that is never made again.
const TABLE_ROWS: usize = 8_192;

/// Full tables that are made while somebody waits, or in one alarm: about a second's work.
const TABLES_AT_ONCE: u64 = 4;

/// Changes that are told alone; beyond that the whole catalogue is cheaper.
const MAX_CHANGES: u64 = 4_096;

/// What is asked for.
pub(super) struct Wanted<'a> {
    pub(super) mirror: &'a MirrorName,
    pub(super) part: catalogue::Part,
    pub(super) since: Option<Cursor>,
    pub(super) now: Timestamp,
}

/// A catalogue as it is kept: by table, the cursor it reaches and its parts in the order of
/// [`catalogue::Part::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Kept {
    tables: Vec<KeptTable>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptTable {
    cursor: Cursor,
    /// Whether it is full.
    sealed: bool,
    parts: [Part; 3],
}

impl Kept {
    fn sealed(&self) -> impl Iterator<Item = &KeptTable> {
        self.tables.iter().take_while(|table| table.sealed)
    }
}

/// How many full tables are not made yet.
fn missing(kept: &Kept, now: &Cursor) -> u64 {
    let made = kept.sealed().last().map_or(0, |last| last.cursor.last);
    now.last.saturating_sub(made) / TABLE_ROWS as u64
}

/// When an alarm has tables to make: at once, or never.
pub(super) fn next_due(tables: &Tables) -> Result<Option<u64>> {
    Ok(making(tables)?.map(|_| 0))
}

/// The mirror whose tables alarms make.
fn making(tables: &Tables) -> Result<Option<MirrorName>> {
    #[derive(Deserialize)]
    struct Row {
        making: Option<MirrorName>,
    }
    Ok(tables.first::<Row>("SELECT making FROM catalogue", vec![])?.and_then(|row| row.making))
}

/// Makes some of the tables that are missing, if alarms are to make any.
pub(super) async fn go_on(tables: &Tables, store: &Store, state: &State, now: Timestamp) -> Result<()> {
    let Some(mirror) = making(tables)? else { return Ok(()) };
    let kept = renew(tables, store, state, &mirror, now, TABLES_AT_ONCE).await?;
    if kept.tables.last().is_none_or(|last| !last.sealed) {
        tables.run("UPDATE catalogue SET making = NULL", vec![])?;
    }
    Ok(())
}

/// Notes that something the catalogue has of a package has changed.
pub(super) fn note_change(tables: &Tables, hash: &DagHash) -> Result<()> {
    tables.run("INSERT INTO catalogue_change(hash) VALUES (?)", vec![hash.as_str().into()])
}

/// The part that is wanted: what is new since a cursor, or all of it.
pub(super) async fn find(tables: &Tables, store: &Store, state: &State, wanted: &Wanted<'_>) -> Result<CatalogueFound> {
    let (epoch, kept) = kept(tables, wanted.now)?;
    let now = position(tables, epoch)?;
    if let Some(since) = wanted.since.filter(|since| is_near(since, &now)) {
        let (written, _) = render(tables, since, now, usize::MAX)?;
        return Ok(CatalogueFound::Since(hex::encode(pack(part_of(&written, wanted.part)))));
    }
    let is_current = kept.tables.last().is_some_and(|last| last.cursor == now);
    if !is_current && missing(&kept, &now) > TABLES_AT_ONCE {
        tables.run("UPDATE catalogue SET making = ?", vec![wanted.mirror.as_str().into()])?;
        alarm::ring_by(state, wanted.now.as_millis()).await?;
        let packages = kept.sealed().last().map_or(0, |last| last.cursor.last);
        return Ok(CatalogueFound::Making { packages, of: now.last });
    }
    let kept = match is_current {
        true => kept,
        false => renew(tables, store, state, wanted.mirror, wanted.now, TABLES_AT_ONCE + 1).await?,
    };
    let place = catalogue::Part::ALL.iter().position(|part| *part == wanted.part).unwrap_or(0);
    let parts: Vec<Part> = kept.tables.iter().map(|table| table.parts[place].clone()).collect();
    let digests: String = parts.iter().map(|part| part.digest.to_string()).collect();
    let bytes = parts.iter().map(|part| part.bytes).sum();
    let generation = kept.tables.last().map_or(0, |last| last.cursor.generation);
    Ok(CatalogueFound::Whole(Document { generation, digest: Digest::of(digests.as_bytes()), bytes, parts }))
}

/// What is kept, and the number that tells this index from another of the same mirror.
fn kept(tables: &Tables, now: Timestamp) -> Result<(u64, Kept)> {
    #[derive(Deserialize)]
    struct Row {
        epoch: u64,
        document: Option<String>,
    }
    let sql = "INSERT OR IGNORE INTO catalogue(id, epoch) VALUES (1, ?)";
    tables.run(sql, vec![number(now.as_millis())])?;
    let row: Option<Row> = tables.first("SELECT epoch, document FROM catalogue", vec![])?;
    let Some(row) = row else { return Err("the catalogue's row is gone".into()) };
    let kept = row.document.as_deref().map(serde_json::from_str).transpose()?;
    Ok((row.epoch, kept.unwrap_or_default()))
}

/// How far the index is.
fn position(tables: &Tables, epoch: u64) -> Result<Cursor> {
    #[derive(Deserialize)]
    struct Row {
        number: Option<u64>,
    }
    let mirror = tables.mirror()?;
    let change = tables.first::<Row>("SELECT MAX(number) AS number FROM catalogue_change", vec![])?;
    Ok(Cursor {
        epoch,
        generation: mirror.generation,
        last: mirror.last_seq.unsigned_abs(),
        first: mirror.first_seq.unsigned_abs(),
        change: change.and_then(|row| row.number).unwrap_or(0),
    })
}

/// Whether a cursor is one of this index, and little has changed since.
fn is_near(since: &Cursor, now: &Cursor) -> bool {
    let (last, first) = (now.last.checked_sub(since.last), now.first.checked_sub(since.first));
    let change = now.change.checked_sub(since.change);
    let changes = [last, first, change].into_iter().try_fold(0_u64, |sum, more| Some(sum.saturating_add(more?)));
    since.epoch == now.epoch && since.generation <= now.generation && changes.is_some_and(|all| all <= MAX_CHANGES)
}

fn part_of(written: &Written, part: catalogue::Part) -> &[u8] {
    match part {
        catalogue::Part::Specs => &written.specs,
        catalogue::Part::Edges => &written.edges,
        catalogue::Part::Hashes => &written.hashes,
    }
}

/// Writes what is new since a cursor: at most so many packages, and if these are all, what else has
/// changed. Gives the cursor that was reached.
///
/// Nothing is awaited here, so that `now` is where the index still is.
fn render(tables: &Tables, since: Cursor, now: Cursor, most: usize) -> Result<(Written, Cursor)> {
    let mut writer = Writer::new();
    let columns = RecordRow::COLUMNS;
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let mut reached = Cursor { generation: now.generation, ..since };
    reached.epoch = now.epoch;
    if since == Cursor::default() {
        // Rows are read as they are now: what has changed before is in them.
        reached.change = now.change;
    }
    let sql = format!("SELECT {columns} FROM record WHERE seq > ? ORDER BY seq");
    for row in tables.each::<RecordRow>(&sql, vec![signed(since.last).into()])? {
        let row = row?;
        add(&mut writer, &row)?;
        reached.last = row.seq.unsigned_abs();
        if writer.rows() >= most {
            break;
        }
    }
    if writer.rows() < most {
        reached = now;
        let sql = format!("SELECT {columns} FROM record WHERE seq < ? ORDER BY seq DESC");
        for row in tables.each::<RecordRow>(&sql, vec![(-signed(since.first)).into()])? {
            add(&mut writer, &row?)?;
        }
        if since != Cursor::default() {
            add_changed(tables, &mut writer, since)?;
        }
    }
    let written = writer.finish(reached, since).map_err(|error| error.to_string())?;
    Ok((written, reached))
}

fn add_changed(tables: &Tables, writer: &mut Writer, since: Cursor) -> Result<()> {
    #[derive(Deserialize)]
    struct Row {
        hash: DagHash,
    }
    let sql = "SELECT DISTINCT hash FROM catalogue_change WHERE number > ?";
    for Row { hash } in tables.rows::<Row>(sql, vec![number(since.change)])? {
        if let Some(row) = tables.record(&hash)? {
            add(writer, &row)?;
        }
    }
    Ok(())
}

fn add(writer: &mut Writer, row: &RecordRow) -> Result<()> {
    let signature = match row.signed {
        0 if row.tarball.is_none() => Signature::Unknown,
        0 => Signature::None,
        _ => Signature::Signed,
    };
    let node = row.to_node()?;
    writer.add(&Entry { node: &node, is_package: row.is_package(), signature, size: row.size, pushed: row.pushed });
    Ok(())
}

/// Makes at most so many tables of what is missing behind the full ones, and notes each when it is
/// stored, so that what breaks off is gone on with.
async fn renew(
    tables: &Tables,
    store: &Store,
    state: &State,
    mirror: &MirrorName,
    now: Timestamp,
    most: u64,
) -> Result<Kept> {
    let (epoch, before) = kept(tables, now)?;
    let mut kept = Kept { tables: before.sealed().cloned().collect() };
    let due = now.as_millis() + REPLACED_MILLIS;
    for part in before.tables[kept.tables.len()..].iter().flat_map(|table| &table.parts) {
        discard_key(tables, &part.key(mirror), due)?;
        alarm::ring_by(state, due).await?;
    }
    for _ in 0..most {
        let since = kept.tables.last().map_or(Cursor::default(), |last| last.cursor);
        // Storing waits, so the index may be further each time.
        let now = position(tables, epoch)?;
        let (written, cursor) = render(tables, since, now, TABLE_ROWS)?;
        let is_last = cursor == now;
        let mut parts = Vec::new();
        for part in catalogue::Part::ALL {
            let bytes = pack(part_of(&written, part));
            let part = Part { digest: Digest::of(&bytes), bytes: bytes.len() as u64 };
            let key = part.key(mirror);
            put(store, &key, bytes).await?;
            tables.run("DELETE FROM garbage WHERE key = ?", vec![key.to_string().into()])?;
            parts.push(part);
        }
        let parts = <[Part; 3]>::try_from(parts).map_err(|_| "a catalogue has three parts")?;
        kept.tables.push(KeptTable { cursor, sealed: !is_last, parts });
        tables.run("UPDATE catalogue SET document = ?", vec![serde_json::to_string(&kept)?.into()])?;
        if is_last {
            break;
        }
    }
    Ok(kept)
}
