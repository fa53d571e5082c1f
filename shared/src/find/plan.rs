//! What a query and limits mean in the numbers of a catalogue, so that a row is judged by looking at numbers.

use super::{
    Machine,
    graph::{Below, Needed},
    limits::Limits,
    node::{As, NodePlan, is_provided, miss, package},
    search::Finder,
    text::{Rank, ranks},
};
use crate::{
    index::catalogue::{Catalogue, Signature},
    query::{Name, Query, SpecQuery, microarchitecture},
};

/// What is looked for.
pub(super) enum Wanted {
    /// Packages with some text in their names.
    Text(Vec<String>),
    /// Specs.
    Specs(Query),
}

/// A query and limits in the numbers of the catalogue.
pub(super) struct Plan<'a> {
    finder: &'a Finder,
    specs: Vec<SpecPlan<'a>>,
    /// By package, for free text; and for the order.
    pub(super) ranks: Option<Vec<Option<Rank>>>,
    /// By machine, what does not fit the limits: bits of [`miss`].
    machines: Vec<u8>,
    /// By machine, whether the reader's machine runs what is built for it.
    pub(super) fits: Option<Vec<bool>>,
    compilers: Option<Vec<bool>>,
    versions: Option<Vec<bool>>,
    signed: Option<Vec<Signature>>,
    since: u64,
}

pub(super) struct SpecPlan<'a> {
    node: NodePlan<'a>,
    below: Vec<Below>,
}

impl Finder {
    /// Reads what stands in the box.
    pub(super) fn read(&self, query: Query) -> Wanted {
        let specs = &self.catalogue.specs;
        let is_bare = |spec: &SpecQuery| {
            let name = spec.node.name.clone();
            *spec
                == SpecQuery { node: crate::query::NodeQuery { name, ..Default::default() }, dependencies: Vec::new() }
        };
        let words = query.specs.iter().filter_map(|spec| match spec.node.name.as_ref().map(|name| &name.value) {
            Some(Name::Is(text) | Name::Holds(text)) if is_bare(spec) => Some(text.clone()),
            _ => None,
        });
        let words: Vec<String> = words.collect();
        let are_known = words.len() > 1 && words.iter().all(|word| package(specs, word).is_some());
        if !query.specs.is_empty() && words.len() == query.specs.len() && !are_known {
            return Wanted::Text(words);
        }
        Wanted::Specs(
            query.with_unknown_names_as_text(|name| package(specs, name).is_some() || is_provided(specs, name)),
        )
    }

    /// Whether a query asks for graphs that are not here.
    pub(super) fn needs_edges(&self, query: &Query) -> bool {
        let specs = &self.catalogue.specs;
        let is_compiler = |name: &str| {
            (0..specs.compilers()).any(|number| specs.compiler(number).is_some_and(|own| own.name == name))
        };
        let needs = |spec: &SpecQuery| {
            !spec.dependencies.is_empty() || spec.node.direct.iter().any(|direct| !is_compiler(&direct.name))
        };
        self.catalogue.edges.is_none() && query.specs.iter().any(needs)
    }

    pub(super) fn plan<'a>(
        &'a self,
        wanted: &'a Wanted,
        limits: &Limits,
        machine: Option<&Machine>,
        now: u64,
    ) -> Plan<'a> {
        let specs = &self.catalogue.specs;
        let (queries, ranks) = match wanted {
            Wanted::Text(words) => (&[][..], Some(ranks(specs, words))),
            Wanted::Specs(query) => (&query.specs[..], None),
        };
        let fits = machine.map(|reader| {
            let runs = |target: &str| microarchitecture::runs(&reader.target, target);
            let known: Vec<bool> = self.lists.targets.iter().map(|target| runs(target)).collect();
            let fits =
                |&(os, target): &(u32, u32)| self.lists.systems[os as usize] == reader.os && known[target as usize];
            self.lists.machines.iter().map(fits).collect::<Vec<bool>>()
        });
        let misses = |number: u32| {
            let own = specs.machine(number);
            let is_in = |key, own: &str| limits.of(key).is_empty() || limits.of(key).iter().any(|value| value == own);
            let runs = fits.as_ref().is_none_or(|fits| fits[number as usize])
                == limits.of("fits").iter().any(|value| value == "yes");
            let mut missing = if is_in("os", own.os) { 0 } else { miss::OS };
            missing |= if is_in("target", own.target) { 0 } else { miss::TARGET };
            missing | if limits.of("fits").is_empty() || runs { 0 } else { miss::FITS }
        };
        let compilers = (!limits.of("compiler").is_empty()).then(|| {
            let is_asked = |number: &Option<u32>| {
                number.is_some_and(|number| limits.of("compiler").contains(&self.lists.compilers[number as usize]))
            };
            self.lists.compiler_of.iter().map(is_asked).collect()
        });
        let versions = (!limits.of("version").is_empty()).then(|| {
            let is_asked = |number| limits.of("version").iter().any(|value| value == specs.version_text(number));
            (0..specs.versions()).map(is_asked).collect()
        });
        let signature = |value: &String| match value.as_str() {
            "yes" => Some(Signature::Signed),
            "no" => Some(Signature::None),
            "unknown" => Some(Signature::Unknown),
            _ => None,
        };
        let signed = limits.of("signed").iter().filter_map(signature).collect::<Vec<_>>();
        Plan {
            finder: self,
            machines: (0..specs.machines()).map(misses).collect(),
            specs: queries.iter().map(|query| self.plan_spec(query)).collect(),
            ranks,
            fits,
            compilers,
            versions,
            signed: (!signed.is_empty()).then_some(signed),
            since: limits.days().map_or(0, |days| now.saturating_sub(days.saturating_mul(86_400_000))),
        }
    }

    fn plan_spec<'a>(&'a self, query: &'a SpecQuery) -> SpecPlan<'a> {
        let catalogue = &self.catalogue;
        let below = query.dependencies.iter().filter_map(|dependency| {
            let edges = catalogue.edges.as_ref()?;
            let needed = self.needed.get_or_init(|| Needed::new(edges));
            let plan = NodePlan::new(&dependency.node, catalogue);
            Some(Below::new(dependency, &plan, catalogue, edges, needed))
        });
        SpecPlan { node: NodePlan::new(&query.node, catalogue), below: below.collect() }
    }
}

impl Plan<'_> {
    /// Where a row fails: bits of [`miss`].
    #[inline]
    pub(super) fn misses(&self, row: u32) -> u8 {
        let catalogue = &self.finder.catalogue;
        let specs = &catalogue.specs;
        let mut missing = match (&self.ranks, &self.specs[..]) {
            (Some(ranks), _) if ranks[specs.package(row) as usize].is_some() => 0,
            (Some(_), _) => return miss::OTHER,
            (None, []) => 0,
            (None, [spec]) => spec.misses(row, catalogue),
            (None, several) => match several.iter().any(|spec| spec.misses(row, catalogue) == 0) {
                true => 0,
                false => return miss::OTHER,
            },
        };
        if missing & miss::OTHER != 0 {
            return missing;
        }
        missing |= self.machines[specs.machine_of(row) as usize];
        let has = |list: &Option<Vec<bool>>, number: u32| list.as_ref().is_none_or(|list| list[number as usize]);
        missing |= if has(&self.compilers, specs.compiler_of(row)) { 0 } else { miss::COMPILER };
        missing |= if has(&self.versions, specs.version(row)) { 0 } else { miss::VERSION };
        if let Some(signed) = &self.signed
            && !signed.contains(&specs.signature(row))
        {
            missing |= miss::SIGNED;
        }
        if self.since > 0 && specs.pushed(row) < self.since {
            missing |= miss::AGE;
        }
        missing
    }
}

impl SpecPlan<'_> {
    #[inline]
    fn misses(&self, row: u32, catalogue: &Catalogue) -> u8 {
        let missing = self.node.misses(row, As::Package, catalogue);
        match self.below.iter().all(|below| below.is_below(row)) {
            true => missing,
            false => miss::OTHER,
        }
    }
}
