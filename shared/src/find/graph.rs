//! What `^` asks: whether something lies below a row. Found from below, once a query, so that the cost is
//! that of all edges and cycles do no harm.

use std::collections::VecDeque;

use super::node::{As, NodePlan, package};
use crate::{
    index::catalogue::{Catalogue, Edge, Edges, Ends},
    query::{DependencyQuery, Name},
    spec::DependencyKind,
};

/// Who needs each row: the edges the other way round.
#[derive(Debug)]
pub(super) struct Needed {
    ends: Vec<u32>,
    by: Vec<u32>,
}

impl Needed {
    pub(super) fn new(edges: &Edges) -> Self {
        let rows = edges.table().rows();
        let mut ends = vec![0_u32; rows as usize + 1];
        let targets = |row| {
            edges.of_row(row).filter_map(|edge| match edge.target {
                Ends::Row(target) => Some(target as usize),
                Ends::Outside(_) => None,
            })
        };
        for target in (0..rows).flat_map(targets) {
            ends[target + 1] += 1;
        }
        for at in 1..ends.len() {
            ends[at] += ends[at - 1];
        }
        let mut by = vec![0; ends.last().copied().unwrap_or(0) as usize];
        // Filled from the front: afterwards each start has become its end.
        for row in 0..rows {
            for target in targets(row) {
                by[ends[target] as usize] = row;
                ends[target] += 1;
            }
        }
        ends.pop();
        Self { ends, by }
    }

    fn of(&self, row: u32) -> &[u32] {
        let end = self.ends.get(row as usize).copied().unwrap_or(0);
        let start = row.checked_sub(1).and_then(|before| self.ends.get(before as usize)).copied().unwrap_or(0);
        self.by.get(start as usize..end as usize).unwrap_or_default()
    }
}

/// A dependency that is asked for, as far as it can be told before a root is known.
#[derive(Debug)]
pub(super) struct Below {
    /// By row, whether it has what is looked for below it, over all edges.
    anywhere: Option<Vec<bool>>,
    /// By row, whether it has it below it over edges that link or run.
    linked: Vec<bool>,
    /// By row, whether it needs it itself, to be built, linked or run.
    own: Vec<bool>,
}

/// Which edges a search looks at.
struct Search<'a, 'q> {
    /// The package that is named; `Some(None)` when there is none of that name.
    named: Option<Option<u32>>,
    plan: &'a NodePlan<'q>,
    catalogue: &'a Catalogue,
    edges: &'a Edges,
    /// By kind of edge, whether its kinds and virtual packages fit.
    kinds: Vec<bool>,
    /// By kind, whether it links or runs; and whether it builds.
    ways: Vec<(bool, bool)>,
}

impl Below {
    pub(super) fn new(
        query: &DependencyQuery,
        plan: &NodePlan<'_>,
        catalogue: &Catalogue,
        edges: &Edges,
        needed: &Needed,
    ) -> Self {
        let rows = edges.table().rows() as usize;
        let is_virtual = query.virtuals.is_empty();
        let anywhere = is_virtual.then(|| {
            let search = Search::new(query, plan, catalogue, edges, false);
            let (found, _) = search.begin(|_| true, As::Package, needed);
            spread(found, rows, needed, |_, _| true)
        });
        let search = Search::new(query, plan, catalogue, edges, true);
        let view = match &query.node.name {
            Some(name) => match &name.value {
                Name::Is(name) if is_virtual => Some(As::Provider(name)),
                _ if is_virtual => None,
                _ => Some(As::Package),
            },
            None if is_virtual => None,
            None => Some(As::Package),
        };
        let Some(view) = view else { return Self { anywhere, linked: Vec::new(), own: Vec::new() } };
        let (linked, own) = search.begin(|kind| search.ways[kind as usize].0, view, needed);
        let linked = spread(linked, rows, needed, |by, target| {
            edges.of_row(by).any(|edge| edge.target == Ends::Row(target) && search.ways[edge.kind as usize].0)
        });
        let mut is_own = vec![false; rows];
        own.into_iter().for_each(|row| is_own[row as usize] = true);
        Self { anywhere, linked, own: is_own }
    }

    /// Whether it lies below a row.
    #[inline]
    pub(super) fn is_below(&self, row: u32) -> bool {
        let is = |list: &Vec<bool>| list.get(row as usize).copied().unwrap_or(false);
        self.anywhere.as_ref().is_some_and(is) || is(&self.linked) || is(&self.own)
    }
}

impl<'a, 'q> Search<'a, 'q> {
    fn new(
        query: &'q DependencyQuery,
        plan: &'a NodePlan<'q>,
        catalogue: &'a Catalogue,
        edges: &'a Edges,
        of_providers: bool,
    ) -> Self {
        let kinds = (0..edges.kinds()).map(|kind| {
            let own = edges.kind(kind);
            let has = |name: &str| edges.virtuals(kind).any(|own| own == name);
            let is_provided = match query.node.package() {
                Some(name) if of_providers && query.virtuals.is_empty() => has(name),
                _ => query.virtuals.iter().all(|name| has(name)),
            };
            is_provided && (query.kinds.is_empty() || query.kinds.iter().any(|kind| own.contains(kind)))
        });
        let ways = (0..edges.kinds()).map(|kind| {
            let own = edges.kind(kind);
            let is_linked = own.contains(DependencyKind::Link) || own.contains(DependencyKind::Run);
            (is_linked, own.contains(DependencyKind::Build))
        });
        let (kinds, ways) = (kinds.collect(), ways.collect());
        let named = query.node.package().map(|name| package(&catalogue.specs, name));
        Self { named, plan, catalogue, edges, kinds, ways }
    }

    fn is_met(&self, edge: Edge, view: As<'_>) -> bool {
        let Ends::Row(target) = edge.target else { return false };
        self.kinds.get(edge.kind as usize).copied().unwrap_or(false) && self.is_target(target, view)
    }

    fn is_target(&self, target: u32, view: As<'_>) -> bool {
        // As a package it has to have the name, not only to provide it.
        let is_named = match (view, self.named) {
            (As::Package, Some(named)) => Some(self.catalogue.specs.package(target)) == named,
            _ => true,
        };
        is_named && self.plan.matches(target, view, self.catalogue)
    }

    /// The rows that have an edge to what is looked for: by an edge of some kinds, and, apart, by one that
    /// a root may have.
    fn begin(&self, is_followed: impl Fn(u32) -> bool, view: As<'_>, needed: &Needed) -> (Vec<u32>, Vec<u32>) {
        let (mut found, mut own) = (Vec::new(), Vec::new());
        if !self.kinds.contains(&true) {
            return (found, own);
        }
        let mut note = |by: u32, kind: u32| {
            if is_followed(kind) {
                found.push(by);
            }
            let (is_linked, is_built) = self.ways[kind as usize];
            if is_linked || is_built {
                own.push(by);
            }
        };
        let rows = self.edges.table().rows();
        if let (As::Package, Some(_)) = (view, self.named) {
            for target in (0..rows).filter(|target| self.is_target(*target, view)) {
                for &by in needed.of(target) {
                    let edges = self.edges.of_row(by).filter(|edge| edge.target == Ends::Row(target));
                    edges.filter(|edge| self.kinds[edge.kind as usize]).for_each(|edge| note(by, edge.kind));
                }
            }
            return (found, own);
        }
        // Many rows may be meant: all edges are looked at, and each end once.
        let mut is_target: Vec<Option<bool>> = vec![None; rows as usize];
        for by in 0..rows {
            for edge in self.edges.of_row(by).filter(|edge| self.kinds[edge.kind as usize]) {
                let Ends::Row(target) = edge.target else { continue };
                if *is_target[target as usize].get_or_insert_with(|| self.is_target(target, view)) {
                    note(by, edge.kind);
                }
            }
        }
        (found, own)
    }
}

/// All rows from which some are reached, those included.
fn spread(from: Vec<u32>, rows: usize, needed: &Needed, is_followed: impl Fn(u32, u32) -> bool) -> Vec<bool> {
    let mut is_reached = vec![false; rows];
    let mut todo = Vec::new();
    for row in from {
        if !std::mem::replace(&mut is_reached[row as usize], true) {
            todo.push(row);
        }
    }
    while let Some(row) = todo.pop() {
        for &by in needed.of(row) {
            if !is_reached[by as usize] && is_followed(by, row) {
                is_reached[by as usize] = true;
                todo.push(by);
            }
        }
    }
    is_reached
}

/// Most rows looked at for one way.
const MAX_LOOKED_AT: usize = 2_000;

/// The shortest way from a row to what is asked for: names of packages, the row's own apart.
pub(super) fn way(
    query: &DependencyQuery,
    plan: &NodePlan<'_>,
    catalogue: &Catalogue,
    edges: &Edges,
    root: u32,
) -> Vec<String> {
    let searches =
        [Search::new(query, plan, catalogue, edges, false), Search::new(query, plan, catalogue, edges, true)];
    let is_end = |edge: Edge| {
        query.virtuals.is_empty() && searches[0].is_met(edge, As::Package)
            || match query.node.package() {
                Some(name) if query.virtuals.is_empty() => searches[1].is_met(edge, As::Provider(name)),
                _ => !query.virtuals.is_empty() && searches[1].is_met(edge, As::Package),
            }
    };
    // Each row with the place of the one before it.
    let mut seen: Vec<(u32, usize)> = vec![(root, usize::MAX)];
    let mut todo = VecDeque::from([0]);
    while let Some(place) = todo.pop_front() {
        for edge in edges.of_row(seen[place].0) {
            let Ends::Row(target) = edge.target else { continue };
            if is_end(edge) {
                let mut way = vec![target];
                let mut at = place;
                while let Some((row, before)) = seen.get(at).filter(|(_, before)| *before != usize::MAX) {
                    way.push(*row);
                    at = *before;
                }
                let name = |row: &u32| catalogue.specs.package_name(catalogue.specs.package(*row)).to_owned();
                return way.iter().rev().map(name).collect();
            }
            if seen.len() < MAX_LOOKED_AT && seen.iter().all(|(row, _)| *row != target) {
                seen.push((target, place));
                todo.push_back(seen.len() - 1);
            }
        }
    }
    Vec::new()
}
