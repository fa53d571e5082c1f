//! What is said of a query that names what is not there, or finds nothing.

use super::{Nearest, Question, Trouble, limits::Limits, node::package, plan::Wanted, search::Finder};
use crate::{
    nearest::nearest,
    query::{Query, SpecQuery, microarchitecture},
};

impl Finder {
    /// The names in a query that are not known.
    pub(super) fn unknown(&self, wanted: &Wanted) -> Vec<Trouble> {
        let specs = &self.catalogue.specs;
        let Wanted::Specs(query) = wanted else { return Vec::new() };
        let mut unknown = Vec::new();
        let suggest = |message: String, nearest: Option<&str>| match nearest {
            Some(nearest) => format!("{message} Did you mean `{nearest}`?"),
            None => message,
        };
        for node in query.specs.iter().flat_map(SpecQuery::nodes) {
            if let Some(name) = node.package().filter(|name| package(specs, name).is_some())
                && let Some(number) = package(specs, name)
            {
                let variants = self.variants_of(number);
                for variant in node.variants.iter().filter(|one| !variants.contains(&one.value.name.as_str())) {
                    let message = format!("{name} has no variant `{}`.", variant.value.name);
                    let message = suggest(message, nearest(&variant.value.name, variants.iter().copied()));
                    unknown.push(trouble(variant.span.start, variant.span.end, message));
                }
            }
            if let Some(target) = &node.target {
                for name in target.value.ranges().iter().flat_map(crate::query::TargetRange::names) {
                    if microarchitecture::family(name).is_none() && !self.lists.targets.iter().any(|own| own == name) {
                        let message = suggest(
                            format!("No target is called `{name}`."),
                            nearest(name, microarchitecture::names()),
                        );
                        unknown.push(trouble(target.span.start, target.span.end, message));
                    }
                }
            }
        }
        unknown
    }

    /// The query without one of its parts, the one without which most is found.
    pub(super) fn nearest(&self, query: &Query, limits: &Limits, question: &Question, now: u64) -> Option<Nearest> {
        let mut best: Option<Nearest> = None;
        let mut take = |query: Query, limits: &Limits, without: String| {
            let text = query.to_string();
            let specs = match self.needs_edges(&query) {
                true => 0,
                false => self.count(&self.read(query), limits, question, now),
            };
            if specs > best.as_ref().map_or(0, |best| best.specs) {
                best = Some(Nearest { query: text, facets: limits.to_string(), without, specs });
            }
        };
        for key in limits.keys() {
            let mut fewer = limits.clone();
            fewer.clear(key);
            take(query.clone(), &fewer, format!("{key}:{}", limits.of(key).join(",")));
        }
        if let [spec] = &query.specs[..] {
            for (without, fewer) in without_one(spec) {
                if fewer != SpecQuery::default() {
                    take(Query { specs: vec![fewer] }, limits, without);
                }
            }
        }
        best
    }
}

/// A spec without each of the things that are asked of it, and what that is as text.
fn without_one(spec: &SpecQuery) -> Vec<(String, SpecQuery)> {
    let mut all = Vec::new();
    let mut add = |take: &dyn Fn(&mut SpecQuery)| {
        let mut fewer = spec.clone();
        take(&mut fewer);
        if fewer != *spec {
            all.push(fewer);
        }
    };
    add(&|spec| spec.node.versions = None);
    add(&|spec| spec.node.os = None);
    add(&|spec| spec.node.platform = None);
    add(&|spec| spec.node.target = None);
    add(&|spec| spec.node.namespace = None);
    add(&|spec| spec.node.hash = None);
    add(&|spec| spec.node.flags.clear());
    (0..spec.node.variants.len()).for_each(|at| add(&|spec| drop(spec.node.variants.remove(at))));
    (0..spec.node.direct.len()).for_each(|at| add(&|spec| drop(spec.node.direct.remove(at))));
    (0..spec.dependencies.len()).for_each(|at| add(&|spec| drop(spec.dependencies.remove(at))));
    let text = spec.to_string();
    let said = |fewer: SpecQuery| {
        let fewer_text = fewer.to_string();
        let kept: Vec<&str> = fewer_text.split(' ').collect();
        let gone: Vec<&str> = text.split(' ').filter(|word| !kept.contains(word)).collect();
        (gone.join(" "), fewer)
    };
    all.into_iter().map(said).collect()
}

pub(super) fn trouble(start: usize, end: usize, message: String) -> Trouble {
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Trouble { start: place(start), end: place(end), message }
}
