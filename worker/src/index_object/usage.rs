//! How the mirror grows and is used.
//!
//! What arrived follows from the records. What was asked for is counted where it is answered (`crate::usage`), since
//! reads do not come here, and noted here now and then: a row a day, and a row a package that was not there, both of a
//! bounded number. Nothing tells who asked.

use larder_shared::{
    api::{
        Timestamp,
        usage::{
            Amount, DAY_MILLIS, DAYS, Day, KnownSlice, LARGEST, MOST_WANTED, PackageSize, Rest, SLICES, Usage, Wanted,
        },
    },
    asked::Asked,
    index::command::Use,
    name::{DagHash, PackageName},
    slice::Slice,
};
use serde::Deserialize;
use worker::Result;

use super::{
    IndexObject,
    tables::{Tables, number},
};

/// The tables of this module: what was asked for on each day, and what was not there.
pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS use_of_day(day INTEGER PRIMARY KEY, hits INTEGER NOT NULL, misses INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS wanted(
  hash TEXT PRIMARY KEY,
  asked TEXT NOT NULL,
  times INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL
) WITHOUT ROWID;
";

/// Most packages that are remembered as wanted; the least wanted make room.
pub(super) const MAX_WANTED: usize = 1_000;

/// How long a package is remembered that nobody asks for again, in milliseconds.
const WANTED_MILLIS: u64 = 30 * DAY_MILLIS;

/// What follows from the records alone, of one generation and day.
#[derive(Debug, Clone)]
pub(super) struct Grown {
    generation: u64,
    since: u64,
    days: Vec<Day>,
    before: Amount,
    largest: Vec<PackageSize>,
    rest: Rest,
    targets: Vec<KnownSlice>,
}

impl IndexObject {
    /// Notes what was asked for.
    pub(super) async fn note_use(&self, noted: Use, now: Timestamp) -> Result<()> {
        if noted == Use::default() {
            return Ok(());
        }
        self.atomically(move |tables| note(tables, &noted, now.as_millis())).await
    }

    /// How the mirror grows and is used. What follows from the records costs a look at each of them, once a generation.
    pub(super) fn usage(&self, now: Timestamp) -> Result<Usage> {
        let tables = &self.tables;
        let since = now.as_millis() / DAY_MILLIS * DAY_MILLIS - (DAYS - 1) * DAY_MILLIS;
        let generation = tables.mirror()?.generation;
        let known = self.grown.borrow().clone();
        let grown = match known.filter(|known| known.generation == generation && known.since == since) {
            Some(known) => known,
            None => grown(tables, generation, since)?,
        };
        self.grown.replace(Some(grown.clone()));
        let Grown { mut days, before, largest, rest, targets, .. } = grown;
        add_uses(tables, &mut days, since)?;
        Ok(Usage {
            since: Timestamp::from_millis(since),
            days,
            before,
            largest,
            rest,
            wanted: wanted(tables, now, MOST_WANTED)?,
            slices: with_asked_slices(tables, targets)?,
        })
    }
}

fn note(tables: &Tables, noted: &Use, now: u64) -> Result<()> {
    let today = now / DAY_MILLIS * DAY_MILLIS;
    let mut misses = noted.misses;
    let mut is_new = false;
    for (asked, times) in &noted.wanted {
        // Who pushes a package looks for it first; what has come since is not missed.
        if tables.record(&asked.hash)?.is_some_and(|row| row.is_package()) {
            misses = misses.saturating_sub(*times);
        } else {
            is_new |= want(tables, asked, *times, now)?;
        }
    }
    if is_new {
        forget_unwanted(tables, now)?;
    }
    if noted.hits + misses > 0 {
        let sql = "INSERT INTO use_of_day(day, hits, misses) VALUES (?, ?, ?) ON CONFLICT(day) DO UPDATE
                   SET hits = hits + excluded.hits, misses = misses + excluded.misses";
        tables.run(sql, vec![number(today), number(noted.hits), number(misses)])?;
        tables.run("DELETE FROM use_of_day WHERE day <= ?", vec![number(today - DAYS * DAY_MILLIS)])?;
    }
    for hash in &noted.found {
        // Once a day is enough, and a row that is not written costs nothing.
        let sql = "UPDATE record SET used = ?1 WHERE hash = ?2 AND seq > 0 AND (used IS NULL OR used < ?1)";
        tables.run(sql, vec![number(today), hash.as_str().into()])?;
    }
    Ok(())
}

/// Counts a package as wanted; whether it was not before.
fn want(tables: &Tables, asked: &Asked, times: u64, now: u64) -> Result<bool> {
    #[derive(Deserialize)]
    struct Row {
        first: u64,
    }
    let known = "SELECT first FROM wanted WHERE hash = ? AND last >= ?";
    let since = number(now - WANTED_MILLIS);
    let hash = || asked.hash.as_str().into();
    match tables.first::<Row>(known, vec![hash(), since])? {
        Some(Row { first }) => {
            let sql = "UPDATE wanted SET times = times + ?, last = ? WHERE hash = ? AND first = ?";
            tables.run(sql, vec![number(times), number(now), hash(), number(first)])?;
            Ok(false)
        }
        None => {
            let sql = "INSERT OR REPLACE INTO wanted(hash, asked, times, first, last) VALUES (?, ?, ?, ?, ?)";
            let asked = serde_json::to_string(asked)?;
            tables.run(sql, vec![hash(), asked.into(), number(times), number(now), number(now)])?;
            Ok(true)
        }
    }
}

/// Forgets what has come, what nobody asked for in a long time, and the least wanted beyond [`MAX_WANTED`].
fn forget_unwanted(tables: &Tables, now: u64) -> Result<()> {
    let sql = format!(
        "DELETE FROM wanted WHERE last < ?1
            OR hash IN (SELECT record.hash FROM wanted JOIN record ON record.hash = wanted.hash WHERE seq > 0)
            OR hash IN (SELECT hash FROM wanted ORDER BY times DESC, last DESC LIMIT -1 OFFSET {MAX_WANTED})"
    );
    tables.run(&sql, vec![number(now - WANTED_MILLIS)])
}

/// Looks at each record: twice, since one result is by day and one by package, and once more for systems and targets.
fn grown(tables: &Tables, generation: u64, since: u64) -> Result<Grown> {
    let (days, before) = arrived(tables, since)?;
    let (largest, rest) = sizes(tables)?;
    Ok(Grown { generation, since, days, before, largest, rest, targets: targets(tables)? })
}

/// What arrived on each day from `since` on, the oldest first, and what did before.
fn arrived(tables: &Tables, since: u64) -> Result<(Vec<Day>, Amount)> {
    #[derive(Deserialize)]
    struct Row {
        day: u64,
        specs: u64,
        bytes: u64,
    }
    let sql = format!(
        "SELECT MAX(pushed / {DAY_MILLIS} * {DAY_MILLIS}, ?1 - 1) AS day, COUNT(*) AS specs,
                COALESCE(SUM(size), 0) AS bytes
         FROM record WHERE seq > 0 GROUP BY 1 ORDER BY 1"
    );
    let rows: Vec<Row> = tables.rows(&sql, vec![number(since)])?;
    let mut before = Amount::default();
    let mut days = Vec::new();
    for Row { day, specs, bytes } in rows {
        let amount = Amount { specs, bytes };
        if day < since {
            before = amount;
        } else {
            days.push(Day { day: Timestamp::from_millis(day), arrived: amount, ..Day::default() });
        }
    }
    Ok((days, before))
}

/// The packages with the most bytes, and what the others take.
fn sizes(tables: &Tables) -> Result<(Vec<PackageSize>, Rest)> {
    #[derive(Deserialize)]
    struct Row {
        name: PackageName,
        specs: u64,
        bytes: u64,
    }
    let sql = format!(
        "SELECT name, COUNT(*) AS specs, COALESCE(SUM(size), 0) AS bytes FROM record WHERE seq > 0
         GROUP BY name ORDER BY bytes DESC, specs DESC, name LIMIT {LARGEST}"
    );
    let rows: Vec<Row> = tables.rows(&sql, vec![])?;
    let all = tables.mirror()?;
    let told = rows
        .iter()
        .fold(Amount::default(), |sum, row| Amount { specs: sum.specs + row.specs, bytes: sum.bytes + row.bytes });
    let rest = Rest {
        packages: all.packages.saturating_sub(rows.len() as u64),
        amount: Amount { specs: all.specs.saturating_sub(told.specs), bytes: all.bytes.saturating_sub(told.bytes) },
    };
    let size = |Row { name, specs, bytes }| PackageSize { name, amount: Amount { specs, bytes } };
    Ok((rows.into_iter().map(size).collect(), rest))
}

/// A slice for each system and target, the largest first.
fn targets(tables: &Tables) -> Result<Vec<KnownSlice>> {
    #[derive(Deserialize)]
    struct Row {
        os: String,
        target: String,
        specs: u64,
    }
    let sql = format!(
        "SELECT os, target, COUNT(*) AS specs FROM record WHERE seq > 0
         GROUP BY os, target ORDER BY specs DESC, os, target LIMIT {SLICES}"
    );
    let rows: Vec<Row> = tables.rows(&sql, vec![])?;
    let slice = |Row { os, target, specs }| {
        // A name that no slice can hold has none.
        let slice = format!("os={os},target={target}").parse().ok()?;
        Some(KnownSlice { slice, specs: Some(specs) })
    };
    Ok(rows.into_iter().filter_map(slice).collect())
}

/// Adds the slices that clients asked for last.
fn with_asked_slices(tables: &Tables, mut slices: Vec<KnownSlice>) -> Result<Vec<KnownSlice>> {
    #[derive(Deserialize)]
    struct Row {
        expression: Slice,
    }
    let sql = format!(
        "SELECT expression FROM slice GROUP BY expression ORDER BY MAX(made) DESC, expression LIMIT {}",
        2 * SLICES
    );
    let rows: Vec<Row> = tables.rows(&sql, vec![])?;
    let asked = rows.into_iter().map(|row| row.expression);
    let new: Vec<_> = asked.filter(|asked| slices.iter().all(|known| known.slice != *asked)).take(SLICES).collect();
    slices.extend(new.into_iter().map(|slice| KnownSlice { slice, specs: None }));
    Ok(slices)
}

/// Adds what was asked for to the days.
fn add_uses(tables: &Tables, days: &mut Vec<Day>, since: u64) -> Result<()> {
    #[derive(Deserialize)]
    struct Row {
        day: u64,
        hits: u64,
        misses: u64,
    }
    let rows: Vec<Row> =
        tables.rows("SELECT day, hits, misses FROM use_of_day WHERE day >= ? ORDER BY day", vec![number(since)])?;
    for Row { day, hits, misses } in rows {
        let day = Timestamp::from_millis(day);
        let place = days.partition_point(|known| known.day < day);
        if days.get(place).is_none_or(|known| known.day != day) {
            days.insert(place, Day { day, ..Day::default() });
        }
        days[place].hits = hits;
        days[place].misses = misses;
    }
    Ok(())
}

/// What is wanted, the most wanted first, at most so many.
pub(super) fn wanted(tables: &Tables, now: Timestamp, limit: usize) -> Result<Vec<Wanted>> {
    #[derive(Deserialize)]
    struct Row {
        hash: DagHash,
        asked: String,
        times: u64,
        first: u64,
        last: u64,
    }
    let sql = format!(
        "SELECT hash, asked, times, first, last FROM wanted
         WHERE last >= ? AND NOT EXISTS (SELECT 1 FROM record WHERE record.hash = wanted.hash AND seq > 0)
         ORDER BY times DESC, last DESC, hash LIMIT {limit}"
    );
    let rows: Vec<Row> = tables.rows(&sql, vec![number(now.as_millis() - WANTED_MILLIS)])?;
    rows.into_iter()
        .map(|Row { hash, asked, times, first, last }| {
            let Asked { name, version, os, target, .. } = serde_json::from_str(&asked)?;
            let (first, last) = (Timestamp::from_millis(first), Timestamp::from_millis(last));
            Ok(Wanted { hash, name, version, os, target, times, first, last })
        })
        .collect()
}
