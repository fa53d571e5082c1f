//! What an answer can be narrowed by: values with counts, and what the box holds once one is chosen.

use super::{Facet, FacetValue, limits::Limits, node::miss, search::Finder};
use crate::{
    index::catalogue::{Signature, TraitKind},
    query::{DirectQuery, Query, Spanned, SpecQuery, VariantQuery, Wanted},
};

/// Values of a facet that are told.
const MAX_VALUES: usize = 50;

/// Ages in days that one may choose.
const DAYS: [u64; 4] = [1, 7, 30, 365];

/// How many specs have each value, counted while rows are looked at.
#[derive(Debug)]
pub(super) struct Counts {
    systems: Vec<u32>,
    targets: Vec<u32>,
    compilers: Vec<u32>,
    versions: Vec<u32>,
    sets: Vec<u32>,
    signed: [u32; 3],
    ages: [u32; DAYS.len()],
    fits: Option<u32>,
    /// The package of all rows that were found; `None` when there are several.
    package: Option<Option<u32>>,
}

impl Counts {
    pub(super) fn new(finder: &Finder) -> Self {
        let specs = &finder.catalogue.specs;
        Self {
            systems: vec![0; finder.lists.systems.len()],
            targets: vec![0; finder.lists.targets.len()],
            compilers: vec![0; finder.lists.compilers.len()],
            versions: vec![0; specs.versions() as usize],
            sets: vec![0; specs.sets() as usize],
            signed: [0; 3],
            ages: [0; DAYS.len()],
            fits: None,
            package: None,
        }
    }

    /// Counts a row that is found, or would be but for one facet.
    #[inline]
    pub(super) fn add(&mut self, finder: &Finder, row: u32, missing: u8, fits: Option<&[bool]>, now: u64) {
        let specs = &finder.catalogue.specs;
        let counts = |facet: u8| missing & !facet == 0;
        let machine = specs.machine_of(row);
        let (os, target) = finder.lists.machines[machine as usize];
        if counts(miss::OS) {
            self.systems[os as usize] += 1;
        }
        if counts(miss::TARGET) {
            self.targets[target as usize] += 1;
        }
        if counts(miss::COMPILER)
            && let Some(compiler) = finder.lists.compiler_of[specs.compiler_of(row) as usize]
        {
            self.compilers[compiler as usize] += 1;
        }
        if counts(miss::VERSION) {
            self.versions[specs.version(row) as usize] += 1;
            let package = specs.package(row);
            self.package = match self.package {
                None => Some(Some(package)),
                Some(Some(known)) if known == package => Some(Some(known)),
                _ => Some(None),
            };
        }
        if counts(miss::SIGNED) {
            self.signed[specs.signature(row) as usize] += 1;
        }
        if counts(miss::AGE) {
            let age = now.saturating_sub(specs.pushed(row));
            for (count, days) in self.ages.iter_mut().zip(DAYS) {
                *count += u32::from(age <= days * 86_400_000);
            }
        }
        if counts(miss::FITS)
            && let Some(fits) = fits
        {
            *self.fits.get_or_insert(0) += u32::from(fits[machine as usize]);
        }
        if missing == 0 {
            self.sets[specs.set_of(row) as usize] += 1;
        }
    }

    /// The facets. `written` is the query as it was read from `text`.
    pub(super) fn facets(
        &self,
        finder: &Finder,
        written: &Query,
        text: &str,
        limits: &Limits,
        is_text: bool,
    ) -> Vec<Facet> {
        let specs = &finder.catalogue.specs;
        let edit = Edit { written, text, limits, is_text };
        let mut facets = Vec::new();
        if let Some(fits) = self.fits {
            let value = edit.limit("fits", "yes", fits);
            facets.push(Facet { key: "fits".to_owned(), values: vec![value], total: 1 });
        }
        let targets = finder.lists.targets.iter().zip(&self.targets);
        facets.extend(facet("target", targets.map(|(name, specs)| edit.target(name, *specs))));
        let systems = finder.lists.systems.iter().zip(&self.systems);
        facets.extend(facet("os", systems.map(|(name, specs)| edit.os(name, *specs))));
        let compilers = finder.lists.compilers.iter().zip(&self.compilers);
        facets.extend(facet("compiler", compilers.map(|(name, specs)| edit.compiler(name, *specs))));
        if let Some(Some(_)) = self.package {
            // The newest first.
            let versions = (0..specs.versions()).rev().filter_map(|number| {
                let count = self.versions.get(number as usize).copied().filter(|count| *count > 0)?;
                Some(edit.limit("version", specs.version_text(number), count))
            });
            facets.extend(facet("version", versions));
        }
        facets.extend(self.variants(finder, &edit));
        let words = [(Signature::Signed, "yes"), (Signature::None, "no"), (Signature::Unknown, "unknown")];
        let signed = words.map(|(signature, word)| edit.limit("signed", word, self.signed[signature as usize]));
        facets.extend(facet("signed", signed.into_iter()));
        let ages = DAYS.iter().zip(self.ages).map(|(days, count)| edit.limit("age", &format!("{days}d"), count));
        let ages: Vec<FacetValue> = ages.collect();
        let total = u32::try_from(ages.len()).unwrap_or(0);
        facets.push(Facet { key: "age".to_owned(), values: ages, total });
        facets
    }

    /// Variants of what was found: those that differ, and those that are asked for, the most frequent.
    fn variants(&self, finder: &Finder, edit: &Edit<'_>) -> Option<Facet> {
        let specs = &finder.catalogue.specs;
        let mut counts = vec![0_u32; specs.traits() as usize];
        for (set, count) in (0..).zip(&self.sets).filter(|(_, count)| **count > 0) {
            for number in specs.set(set) {
                counts[number as usize] += count;
            }
        }
        let all: u32 = self.sets.iter().sum();
        let asked = edit.variants();
        let mut values: Vec<(bool, u32, VariantQuery)> = Vec::new();
        for (number, count) in (0..).zip(counts) {
            // What all have narrows nothing, and what none has would leave nothing.
            let one = specs.trait_of(number);
            let is_named = asked.iter().any(|variant| variant.value.name == one.name);
            if !is_named && (count == 0 || count == all) {
                continue;
            }
            let value = match one.kind {
                TraitKind::On => Wanted::Flag(true),
                TraitKind::Off => Wanted::Flag(false),
                TraitKind::Text => Wanted::Values(one.values().map(str::to_owned).collect()),
                _ => continue,
            };
            let query = VariantQuery { name: one.name.to_owned(), value, is_propagated: false };
            let ticked = asked.iter().any(|variant| variant.value == query);
            if ticked || count > 0 && count < all {
                values.push((ticked, count, query));
            }
        }
        let total = u32::try_from(values.len()).unwrap_or(u32::MAX);
        values.sort_by_key(|(ticked, count, _)| (!ticked, std::cmp::Reverse(*count)));
        values.truncate(MAX_VALUES);
        let values = values.into_iter().map(|(_, count, query)| edit.variant(query.to_string(), query, count));
        (total > 0).then(|| Facet { key: "variants".to_owned(), values: values.collect(), total })
    }
}

fn facet(key: &str, values: impl Iterator<Item = FacetValue>) -> Option<Facet> {
    let mut values: Vec<FacetValue> =
        values.filter(|value| value.ticked || value.specs > 0 || key == "target" || key == "os").collect();
    values.sort_by_key(|value| (!value.ticked, std::cmp::Reverse(value.specs)));
    let total = u32::try_from(values.len()).unwrap_or(u32::MAX);
    values.truncate(MAX_VALUES);
    (total > 0).then(|| Facet { key: key.to_owned(), values, total })
}

/// A query that a choice changes.
struct Edit<'a> {
    written: &'a Query,
    text: &'a str,
    limits: &'a Limits,
    is_text: bool,
}

impl Edit<'_> {
    /// The one spec that the box speaks of; a choice cannot be written when there are several.
    fn spec(&self) -> Option<SpecQuery> {
        match &self.written.specs[..] {
            [] => Some(SpecQuery::default()),
            [one] => Some(one.clone()),
            _ => None,
        }
    }

    fn value(&self, text: &str, specs: u32, ticked: bool, changed: Option<SpecQuery>, limits: &Limits) -> FacetValue {
        let query = match changed {
            Some(spec) if spec == SpecQuery::default() => String::new(),
            Some(spec) => spec.to_string(),
            None => self.text.to_owned(),
        };
        FacetValue { text: text.to_owned(), specs, ticked, query, facets: limits.to_string() }
    }

    /// A choice that only `f=` can hold.
    fn limit(&self, key: &str, text: &str, specs: u32) -> FacetValue {
        let ticked = self.limits.of(key).iter().any(|value| value == text);
        let mut limits = self.limits.clone();
        limits.set(key, text, !ticked);
        self.value(text, specs, ticked, None, &limits)
    }

    fn target(&self, name: &str, specs: u32) -> FacetValue {
        let Some(mut spec) = self.spec().filter(|_| !self.is_several_words()) else {
            return self.limit("target", name, specs);
        };
        let written = spec.node.target.take();
        let mut names: Vec<String> = match &written {
            Some(target) => target.value.to_string().split(',').map(str::to_owned).collect(),
            None => Vec::new(),
        };
        let ticked = names.iter().any(|known| known == name);
        match ticked {
            true => names.retain(|known| known != name),
            false => names.push(name.to_owned()),
        }
        let list = names.join(",").parse().ok().filter(|_| !names.is_empty());
        spec.node.target = list.map(|value| Spanned { value, span: 0..0 });
        self.value(name, specs, ticked, Some(spec), self.limits)
    }

    /// One system is written into the box, a second cannot be.
    fn os(&self, name: &str, specs: u32) -> FacetValue {
        let spec = self.spec().filter(|_| !self.is_several_words() && self.limits.of("os").is_empty());
        let Some(mut spec) = spec else { return self.limit("os", name, specs) };
        match spec.node.os.take() {
            Some(own) if own == name => self.value(name, specs, true, Some(spec), self.limits),
            Some(own) => {
                let mut limits = self.limits.clone();
                limits.set("os", &own, true);
                limits.set("os", name, true);
                self.value(name, specs, false, Some(spec), &limits)
            }
            None => {
                spec.node.os = Some(name.to_owned());
                self.value(name, specs, false, Some(spec), self.limits)
            }
        }
    }

    /// As systems: one is written as `%gcc@12`.
    fn compiler(&self, name: &str, specs: u32) -> FacetValue {
        let spec = self.spec().filter(|_| !self.is_several_words() && self.limits.of("compiler").is_empty());
        let Some(mut spec) = spec else { return self.limit("compiler", name, specs) };
        let own = spec.node.direct.iter().map(|direct| direct.to_string().trim_start_matches('%').to_owned());
        let own: Vec<String> = own.collect();
        if let Some(place) = own.iter().position(|own| own == name) {
            spec.node.direct.remove(place);
            return self.value(name, specs, true, Some(spec), self.limits);
        }
        if let [other] = &own[..]
            && other.contains('@')
        {
            let mut limits = self.limits.clone();
            limits.set("compiler", other, true);
            limits.set("compiler", name, true);
            spec.node.direct.clear();
            return self.value(name, specs, false, Some(spec), &limits);
        }
        let (compiler, version) = name.split_once('@').unwrap_or((name, ""));
        let versions = version.parse().ok().filter(|_| !version.is_empty());
        spec.node.direct.push(DirectQuery { virtuals: Vec::new(), name: compiler.to_owned(), versions });
        self.value(name, specs, false, Some(spec), self.limits)
    }

    /// The variants that are asked for.
    fn variants(&self) -> &[Spanned<VariantQuery>] {
        match &self.written.specs[..] {
            [one] => &one.node.variants,
            _ => &[],
        }
    }

    fn variant(&self, text: String, query: VariantQuery, specs: u32) -> FacetValue {
        let Some(mut spec) = self.spec().filter(|_| !self.is_several_words()) else {
            return self.value(&text, specs, false, None, self.limits);
        };
        let variants = &mut spec.node.variants;
        let ticked = variants.iter().any(|known| known.value == query);
        variants.retain(|known| known.value.name != query.name);
        if !ticked {
            variants.push(Spanned { value: query, span: 0..0 });
        }
        self.value(&text, specs, ticked, Some(spec), self.limits)
    }

    /// Whether free text has several words, behind which nothing can be asked of all.
    fn is_several_words(&self) -> bool {
        self.is_text && self.written.specs.len() > 1
    }
}
