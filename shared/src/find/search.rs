//! Searching a catalogue: a question in, what was found out.
//!
//! ```text
//! plan     what the query means, in the catalogue's numbers
//! rows     what was found, in order
//! facet    what it can be narrowed by
//! advice   what to say when a name is not known, or nothing is found
//! ```

use std::cell::OnceCell;

use super::{
    By, Found, Question, advice::trouble, facet::Counts, graph::Needed, limits::Limits, lists::Lists, node::miss,
    plan::Wanted, span::spans, words,
};
use crate::{
    index::catalogue::{Catalogue, CatalogueError, TraitKind},
    query::Query,
};

/// A catalogue that is searched again and again.
#[derive(Debug)]
pub struct Finder {
    pub(super) catalogue: Catalogue,
    pub(super) needed: OnceCell<Needed>,
    pub(super) lists: Lists,
    specs: u32,
    packages: u32,
}

impl Finder {
    /// A finder of what is in a catalogue.
    pub fn new(mut catalogue: Catalogue) -> Self {
        catalogue.specs.unpack_rows();
        let specs = &catalogue.specs;
        let mut has_specs = vec![false; specs.packages() as usize];
        let mut count = 0;
        for row in (0..specs.rows()).filter(|row| specs.is_package(*row)) {
            has_specs[specs.package(row) as usize] = true;
            count += 1;
        }
        let packages = has_specs.iter().filter(|has| **has).count();
        let (lists, packages) = (Lists::new(&catalogue), u32::try_from(packages).unwrap_or(u32::MAX));
        Self { catalogue, needed: OnceCell::new(), lists, specs: count, packages }
    }

    /// The catalogue.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// How many specs of binary packages there are.
    pub fn specs(&self) -> u32 {
        self.specs
    }

    /// How many packages they belong to.
    pub fn packages(&self) -> u32 {
        self.packages
    }

    /// Adds the graphs, which `^` needs.
    ///
    /// # Errors
    /// [`CatalogueError`] when they are not those of the catalogue.
    pub fn add_edges(&mut self, edges: Vec<u8>) -> Result<(), CatalogueError> {
        self.needed = OnceCell::new();
        self.catalogue.add_edges(edges)
    }

    /// Adds the ends of the hashes.
    ///
    /// # Errors
    /// [`CatalogueError`] when they are not those of the catalogue.
    pub fn add_hashes(&mut self, hashes: Vec<u8>) -> Result<(), CatalogueError> {
        self.catalogue.add_hashes(hashes)
    }

    /// The rows that a query means, in their order: what [`Matcher`](crate::query::Matcher) says of each.
    pub fn matching(&self, query: &Query) -> Vec<u32> {
        let wanted = Wanted::Specs(query.clone());
        let plan = self.plan(&wanted, &Limits::default(), None, 0);
        let has_edges = !self.needs_edges(query);
        let rows = (0..self.catalogue.specs.rows()).filter(|row| has_edges && self.catalogue.specs.is_package(*row));
        rows.filter(|row| plan.misses(*row) == 0).collect()
    }

    pub(super) fn count(&self, wanted: &Wanted, limits: &Limits, question: &Question, now: u64) -> u32 {
        let plan = self.plan(wanted, limits, question.machine.as_ref(), now);
        let rows = (0..self.catalogue.specs.rows()).filter(|row| self.catalogue.specs.is_package(*row));
        u32::try_from(rows.filter(|row| plan.misses(*row) == 0).count()).unwrap_or(u32::MAX)
    }

    /// Answers a question. `now` is the time in milliseconds since 1970, for ages.
    ///
    /// Cost grows with the rows of the catalogue, and with `^` with its edges.
    pub fn find(&self, question: &Question, now: u64) -> Found {
        let spans = spans(&question.query);
        let query = match question.query.parse::<Query>() {
            Ok(query) => query,
            Err(error) => {
                let problem = trouble(error.span.start, error.span.end, error.to_string());
                return Found { spans, problem: Some(problem), ..Found::default() };
            }
        };
        let written = query.clone();
        let wanted = self.read(query);
        let limits = Limits::parse(&question.facets);
        let words = match &wanted {
            Wanted::Text(words) => words::said_of_text(words),
            Wanted::Specs(query) => words::said(query),
        };
        let needs_edges = match &wanted {
            Wanted::Text(_) => false,
            Wanted::Specs(query) => self.needs_edges(query),
        };
        if needs_edges {
            return Found { spans, words, needs_edges, ..Found::default() };
        }
        let plan = self.plan(&wanted, &limits, question.machine.as_ref(), now);
        let mut counts = Counts::new(self);
        let mut rows = Vec::new();
        for row in (0..self.catalogue.specs.rows()).filter(|row| self.catalogue.specs.is_package(*row)) {
            let missing = plan.misses(row);
            if missing == 0 {
                rows.push(row);
            }
            if missing & miss::OTHER == 0 && missing.count_ones() <= 1 {
                counts.add(self, row, missing, plan.fits.as_deref(), now);
            }
        }
        let fits = plan.fits.as_ref().map(|fits| {
            let fit = |row: &&u32| fits[self.catalogue.specs.machine_of(**row) as usize];
            u32::try_from(rows.iter().filter(fit).count()).unwrap_or(u32::MAX)
        });
        let (total, packages, shown) = match question.by {
            By::Packages => self.by_packages(question, &plan, &wanted, &rows),
            By::Specs => self.by_specs(question, &plan, &wanted, &rows),
        };
        Found {
            spans,
            problem: None,
            unknown: self.unknown(&wanted),
            words,
            total,
            specs: u32::try_from(rows.len()).unwrap_or(u32::MAX),
            packages,
            fits,
            rows: shown,
            facets: counts.facets(self, &written, &question.query, &limits, matches!(wanted, Wanted::Text(_))),
            nearest: rows.is_empty().then(|| self.nearest(&written, &limits, question, now)).flatten(),
            needs_edges,
        }
    }

    /// The names of a package's variants, in order.
    pub(super) fn variants_of(&self, package: u32) -> Vec<&str> {
        let specs = &self.catalogue.specs;
        let mut is_seen = vec![false; specs.sets() as usize];
        let mut names = Vec::new();
        for row in (0..specs.rows()).filter(|row| specs.package(*row) == package) {
            let set = specs.set_of(row);
            if !std::mem::replace(&mut is_seen[set as usize], true) {
                let traits = specs.set(set).map(|number| specs.trait_of(number));
                let variants = traits
                    .filter(|one| !matches!(one.kind, TraitKind::Flags | TraitKind::Provides | TraitKind::Namespace));
                names.extend(variants.map(|one| one.name));
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}
