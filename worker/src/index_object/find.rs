//! The specs that a query means, a page at a time.
//!
//! Names and hashes narrow the rows in SQLite; version, system and target are looked at in their
//! columns; only what is left is read and matched with its graph. A page ends when it is full or when
//! enough was looked at, so that no query takes longer than a page may.

use std::{collections::HashMap, rc::Rc};

use larder_shared::{
    api::{List, SpecSummary},
    name::{DagHash, PackageName},
    query::{Head, Key, Matcher, Nodes, Query},
    spec::Node,
    version::Version,
};
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::{
    queries::summary,
    tables::{RecordRow, Tables},
};

/// Rows passed over at most for a page.
const MAX_ROWS: usize = 20_000;

/// Nodes read at most for a page: some 100 ms, and some 20 MB of memory.
const MAX_NODES: usize = 2_000;

/// Rows taken from SQLite at once.
const ROWS_AT_ONCE: usize = 500;

/// More alternatives than these do not narrow the rows; SQLite takes 100 values.
const MAX_KEYS: usize = 20;

/// What is known of a package from its columns.
#[derive(Debug, Deserialize)]
struct Candidate {
    seq: i64,
    name: PackageName,
    version: String,
    os: String,
    target: String,
}

/// A page of the specs that a query means, in the order of [`super::queries::specs`].
pub(super) fn find(
    tables: &Tables,
    query: &Query,
    package: Option<&PackageName>,
    limit: u32,
    cursor: Option<&str>,
) -> Result<List<SpecSummary>> {
    let search = Search::new(tables, query, limit);
    let cursor = cursor.and_then(|cursor| cursor.parse().ok());
    match package {
        Some(package) => search.through_versions(package, cursor.unwrap_or(0)),
        None => search.through_pushes(cursor.unwrap_or(i64::from(i32::MAX) << 20)),
    }
}

/// A page that is being filled.
struct Search<'a> {
    tables: &'a Tables,
    query: &'a Query,
    matcher: Matcher<'a>,
    nodes: KnownNodes<'a>,
    limit: usize,
    rows: usize,
    items: Vec<SpecSummary>,
}

impl<'a> Search<'a> {
    fn new(tables: &'a Tables, query: &'a Query, limit: u32) -> Self {
        let nodes = KnownNodes { tables, nodes: HashMap::new() };
        Self { tables, query, matcher: Matcher::new(query), nodes, limit: limit as usize, rows: 0, items: Vec::new() }
    }

    /// The newest pushes first; the cursor is the number of the last one looked at.
    fn through_pushes(mut self, mut before: i64) -> Result<List<SpecSummary>> {
        let (narrowed, values) = self.narrowing()?;
        let sql = format!(
            "SELECT seq, name, version, os, target FROM record WHERE seq > 0 AND seq < ? AND ({narrowed})
             ORDER BY seq DESC LIMIT {ROWS_AT_ONCE}"
        );
        loop {
            let values = std::iter::once(before.into()).chain(values.iter().map(|value| value.as_str().into()));
            let candidates: Vec<Candidate> = self.tables.rows(&sql, values.collect())?;
            for candidate in &candidates {
                if self.is_done() {
                    return Ok(List { items: self.items, next: Some(before.to_string()) });
                }
                self.judge(candidate)?;
                before = candidate.seq;
            }
            if candidates.len() < ROWS_AT_ONCE {
                return Ok(List { items: self.items, next: None });
            }
        }
    }

    /// A package's specs, the highest version first; the cursor is how many were looked at.
    fn through_versions(mut self, package: &PackageName, looked_at: i64) -> Result<List<SpecSummary>> {
        let sql = "SELECT seq, name, version, os, target FROM record WHERE seq > 0 AND name = ?";
        let mut candidates: Vec<Candidate> = self.tables.rows(sql, vec![package.as_str().into()])?;
        candidates.sort_by_cached_key(|row| std::cmp::Reverse((Version::from(row.version.as_str()), row.seq)));
        for (place, candidate) in candidates.iter().enumerate().skip(usize::try_from(looked_at).unwrap_or(0)) {
            if self.is_done() {
                return Ok(List { items: self.items, next: Some(place.to_string()) });
            }
            self.judge(candidate)?;
        }
        Ok(List { items: self.items, next: None })
    }

    /// What rows have to fulfil, with the values for its `?`.
    fn narrowing(&self) -> Result<(String, Vec<String>)> {
        let mut alternatives = Vec::new();
        let mut values = Vec::new();
        for key in self.query.keys().filter(|keys| keys.len() <= MAX_KEYS).unwrap_or_default() {
            match key {
                Key::Hash(prefix) => {
                    // `{` follows `z`, the last character of a hash.
                    alternatives.push("hash >= ? AND hash < ?");
                    values.extend([prefix.to_owned(), format!("{prefix}{{")]);
                }
                Key::Name(name) if self.has_package(name)? => {
                    alternatives.push("name = ?");
                    values.push(name.to_owned());
                }
                // Perhaps a virtual package: nodes say what they provide since version 6.
                Key::Name(_) => alternatives.push("spec_version >= 6"),
            }
        }
        let narrowed = if alternatives.is_empty() { "1".to_owned() } else { alternatives.join(" OR ") };
        Ok((narrowed, values))
    }

    fn has_package(&self, name: &str) -> Result<bool> {
        let sql = "SELECT seq FROM record WHERE seq > 0 AND name = ? LIMIT 1";
        Ok(self.tables.first::<serde::de::IgnoredAny>(sql, vec![SqlStorageValue::from(name)])?.is_some())
    }

    fn is_done(&self) -> bool {
        self.items.len() >= self.limit || self.rows >= MAX_ROWS || self.nodes.nodes.len() >= MAX_NODES
    }

    /// Puts a package into the page if the query means it.
    fn judge(&mut self, candidate: &Candidate) -> Result<()> {
        self.rows += 1;
        let Candidate { seq, name, version, os, target } = candidate;
        let version = Version::from(version.as_str());
        if !self.query.may_match(&Head { name: name.as_str(), version: &version, os, target }) {
            return Ok(());
        }
        let sql = format!("SELECT {} FROM record WHERE seq = ?", RecordRow::COLUMNS);
        let Some(row) = self.tables.first::<RecordRow>(&sql, vec![(*seq).into()])? else { return Ok(()) };
        let node = self.nodes.keep(&row)?;
        if self.matcher.matches(&node, &mut self.nodes)? {
            self.items.push(summary(&row)?);
        }
        Ok(())
    }
}

/// The nodes that were read for a page, by hash; those that the index lacks are `None`.
struct KnownNodes<'a> {
    tables: &'a Tables,
    nodes: HashMap<DagHash, Option<Rc<Node>>>,
}

impl KnownNodes<'_> {
    /// The node of a row.
    fn keep(&mut self, row: &RecordRow) -> Result<Rc<Node>> {
        if let Some(Some(node)) = self.nodes.get(&row.hash) {
            return Ok(Rc::clone(node));
        }
        let node = Rc::new(row.to_node()?);
        self.nodes.insert(row.hash.clone(), Some(Rc::clone(&node)));
        Ok(node)
    }
}

impl Nodes for KnownNodes<'_> {
    type Error = worker::Error;

    fn node(&mut self, hash: &DagHash) -> Result<Option<Rc<Node>>> {
        if let Some(known) = self.nodes.get(hash) {
            return Ok(known.clone());
        }
        match self.tables.record(hash)? {
            Some(row) => self.keep(&row).map(Some),
            None => {
                self.nodes.insert(hash.clone(), None);
                Ok(None)
            }
        }
    }
}
