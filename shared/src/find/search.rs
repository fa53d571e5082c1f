//! Searching a catalogue.

use std::cell::OnceCell;

use super::{
    By, Found, MAX_ROWS, Machine, Nearest, PackageRow, Question, Row, Sort, SpecRow, Trouble,
    facet::Counts,
    graph::{Below, Needed, way},
    limits::Limits,
    node::{As, NodePlan, is_provided, miss, package},
    span::spans,
    text::{Rank, marks, ranks},
    words,
};
use crate::{
    index::catalogue::{Catalogue, CatalogueError, Signature, TraitKind},
    nearest::nearest,
    query::{DependencyQuery, Name, Query, SpecQuery, microarchitecture},
};

/// A catalogue that is searched again and again.
#[derive(Debug)]
pub struct Finder {
    pub(super) catalogue: Catalogue,
    needed: OnceCell<Needed>,
    pub(super) lists: Lists,
    specs: u32,
    packages: u32,
}

/// What the dictionaries of a catalogue hold once more than they have to: systems, targets, compilers.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) systems: Vec<String>,
    pub(super) targets: Vec<String>,
    /// Name and first part of the version: `gcc@12`.
    pub(super) compilers: Vec<String>,
    /// By machine, the number of its system and of its target.
    pub(super) machines: Vec<(u32, u32)>,
    /// By compiler.
    pub(super) compiler_of: Vec<Option<u32>>,
}

impl Lists {
    fn new(catalogue: &Catalogue) -> Self {
        let specs = &catalogue.specs;
        let all = |of: &dyn Fn(u32) -> Option<String>, count: u32| -> Vec<String> {
            let mut list: Vec<String> = (0..count).filter_map(of).collect();
            list.sort_unstable();
            list.dedup();
            list
        };
        let compiler = |number| {
            let own = specs.compiler(number)?;
            let major = own.version.split(['.', '-', '_']).next().unwrap_or_default();
            Some(format!("{}@{major}", own.name))
        };
        let systems = all(&|number| Some(specs.machine(number).os.to_owned()), specs.machines());
        let targets = all(&|number| Some(specs.machine(number).target.to_owned()), specs.machines());
        let compilers = all(&compiler, specs.compilers());
        let place = |list: &[String], text: &str| {
            list.binary_search_by(|known| known.as_str().cmp(text)).ok().and_then(|at| u32::try_from(at).ok())
        };
        let machines = (0..specs.machines()).map(|number| {
            let machine = specs.machine(number);
            (place(&systems, machine.os).unwrap_or(0), place(&targets, machine.target).unwrap_or(0))
        });
        let compiler_of = (0..specs.compilers()).map(|number| place(&compilers, &compiler(number)?));
        Self { machines: machines.collect(), compiler_of: compiler_of.collect(), systems, targets, compilers }
    }
}

/// What is looked for.
pub(super) enum Wanted {
    /// Packages with some text in their names.
    Text(Vec<String>),
    /// Specs.
    Specs(Query),
}

/// A query and limits in the numbers of the catalogue.
struct Plan<'a> {
    finder: &'a Finder,
    specs: Vec<SpecPlan<'a>>,
    /// By package, for free text; and for the order.
    ranks: Option<Vec<Option<Rank>>>,
    /// By machine, what does not fit the limits: bits of [`miss`].
    machines: Vec<u8>,
    /// By machine, whether the reader's machine runs what is built for it.
    fits: Option<Vec<bool>>,
    compilers: Option<Vec<bool>>,
    versions: Option<Vec<bool>>,
    signed: Option<Vec<Signature>>,
    since: u64,
}

struct SpecPlan<'a> {
    node: NodePlan<'a>,
    below: Vec<Below>,
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
    fn needs_edges(&self, query: &Query) -> bool {
        let specs = &self.catalogue.specs;
        let is_compiler = |name: &str| {
            (0..specs.compilers()).any(|number| specs.compiler(number).is_some_and(|own| own.name == name))
        };
        let needs = |spec: &SpecQuery| {
            !spec.dependencies.is_empty() || spec.node.direct.iter().any(|direct| !is_compiler(&direct.name))
        };
        self.catalogue.edges.is_none() && query.specs.iter().any(needs)
    }

    fn plan<'a>(&'a self, wanted: &'a Wanted, limits: &Limits, machine: Option<&Machine>, now: u64) -> Plan<'a> {
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

    /// The rows that a query means, in their order: what [`Matcher`](crate::query::Matcher) says of each.
    pub fn matching(&self, query: &Query) -> Vec<u32> {
        let wanted = Wanted::Specs(query.clone());
        let plan = self.plan(&wanted, &Limits::default(), None, 0);
        let has_edges = !self.needs_edges(query);
        let rows = (0..self.catalogue.specs.rows()).filter(|row| has_edges && self.catalogue.specs.is_package(*row));
        rows.filter(|row| plan.misses(*row) == 0).collect()
    }

    fn count(&self, wanted: &Wanted, limits: &Limits, question: &Question, now: u64) -> u32 {
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

    /// Packages in the order of how well they are what is looked for: by package, its place.
    fn places(&self, plan: &Plan<'_>) -> Vec<u32> {
        let specs = &self.catalogue.specs;
        let mut order: Vec<u32> = (0..specs.packages()).collect();
        if let Some(ranks) = &plan.ranks {
            order.sort_by_cached_key(|package| {
                let rank = ranks[*package as usize].map_or(u8::MAX, |rank| rank as u8);
                (rank, std::cmp::Reverse(specs.package_needed(*package)), *package)
            });
        }
        let mut places = vec![0; order.len()];
        for (place, package) in (0..).zip(order) {
            places[package as usize] = place;
        }
        places
    }

    fn by_specs(&self, question: &Question, plan: &Plan<'_>, wanted: &Wanted, rows: &[u32]) -> (u32, u32, Vec<Row>) {
        let specs = &self.catalogue.specs;
        let places = self.places(plan);
        let lists = &self.lists;
        let mut per_package = vec![0_u32; specs.packages() as usize];
        rows.iter().for_each(|row| per_package[specs.package(*row) as usize] += 1);
        let first = |row: u32| -> u64 {
            let machine = lists.machines[specs.machine_of(row) as usize];
            match question.sort {
                Sort::Best => u64::from(places[specs.package(row) as usize]),
                Sort::Name => u64::from(specs.package(row)),
                Sort::Version => u64::from(specs.version(row)),
                Sort::Os => u64::from(machine.0),
                Sort::Target => u64::from(machine.1),
                Sort::Compiler => u64::from(specs.compiler_of(row)),
                Sort::Size => specs.size(row).unwrap_or(0),
                Sort::Pushed => specs.pushed(row),
                Sort::Specs => u64::from(per_package[specs.package(row) as usize]),
            }
        };
        let turned = if question.descending { u64::MAX } else { 0 };
        let keys = rows.iter().map(|row| {
            let then =
                u64::from(places[specs.package(*row) as usize]) << 32 | u64::from(u32::MAX - specs.version(*row));
            (first(*row) ^ turned, then, *row)
        });
        let page = page(keys.collect(), question);
        let named = matched_words(wanted);
        let asked = match wanted {
            Wanted::Specs(Query { specs }) if specs.len() == 1 => specs[0].dependencies.first(),
            _ => None,
        };
        let asked = asked.map(|dependency| (dependency, NodePlan::new(&dependency.node, &self.catalogue)));
        let shown = page.into_iter().map(|(_, _, row)| {
            let through = self.through(row, asked.as_ref());
            Row::Spec(Box::new(self.spec_row(row, plan, &named, through)))
        });
        let packages = per_package.iter().filter(|count| **count > 0).count();
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        (count(rows.len()), count(packages), shown.collect())
    }

    fn spec_row(&self, row: u32, plan: &Plan<'_>, named: &[String], through: Vec<String>) -> SpecRow {
        let specs = &self.catalogue.specs;
        let machine = specs.machine(specs.machine_of(row));
        let (mut on, mut valued, mut off) = (Vec::new(), Vec::new(), Vec::new());
        for one in specs.set(specs.set_of(row)).map(|number| specs.trait_of(number)) {
            match one.kind {
                TraitKind::On => on.push(format!("+{}", one.name)),
                TraitKind::Off => off.push(format!("~{}", one.name)),
                TraitKind::Text | TraitKind::List => {
                    valued.push(format!("{}={}", one.name, one.values().collect::<Vec<_>>().join(",")));
                }
                TraitKind::Flags => {
                    valued.push(format!("{}='{}'", one.name, one.values().collect::<Vec<_>>().join(" ")));
                }
                TraitKind::Provides | TraitKind::Namespace => {}
            }
        }
        on.append(&mut valued);
        let name = specs.package_name(specs.package(row));
        SpecRow {
            hash: self.catalogue.hash(row),
            name: name.to_owned(),
            marks: marks(name, named),
            version: specs.version_text(specs.version(row)).to_owned(),
            compiler: specs.compiler(specs.compiler_of(row)).map(|own| format!("{}@{}", own.name, own.version)),
            os: machine.os.to_owned(),
            target: machine.target.to_owned(),
            fits: plan.fits.as_ref().map(|fits| fits[specs.machine_of(row) as usize]),
            variants: on,
            off,
            size: specs.size(row),
            pushed: specs.pushed(row),
            signed: match specs.signature(row) {
                Signature::Unknown => None,
                signature => Some(signature == Signature::Signed),
            },
            through,
        }
    }

    /// Through which packages a row was found.
    fn through(&self, row: u32, asked: Option<&(&DependencyQuery, NodePlan<'_>)>) -> Vec<String> {
        match (asked, &self.catalogue.edges) {
            (Some((dependency, plan)), Some(edges)) => way(dependency, plan, &self.catalogue, edges, row),
            _ => Vec::new(),
        }
    }

    fn by_packages(&self, question: &Question, plan: &Plan<'_>, wanted: &Wanted, rows: &[u32]) -> (u32, u32, Vec<Row>) {
        #[derive(Clone, Default)]
        struct Sum {
            specs: u32,
            newest: u32,
            bytes: u64,
            pushed: u64,
            fits: u32,
            machine: u32,
            compiler: u32,
        }
        let specs = &self.catalogue.specs;
        let places = self.places(plan);
        let mut sums = vec![Sum::default(); specs.packages() as usize];
        for &row in rows {
            let sum = &mut sums[specs.package(row) as usize];
            sum.specs += 1;
            sum.newest = sum.newest.max(specs.version(row));
            sum.bytes = sum.bytes.saturating_add(specs.size(row).unwrap_or(0));
            sum.pushed = sum.pushed.max(specs.pushed(row));
            sum.fits += u32::from(plan.fits.as_ref().is_some_and(|fits| fits[specs.machine_of(row) as usize]));
            (sum.machine, sum.compiler) = (specs.machine_of(row), specs.compiler_of(row));
        }
        let first = |package: u32, sum: &Sum| -> u64 {
            match question.sort {
                Sort::Best => u64::from(places[package as usize]),
                Sort::Name => u64::from(package),
                Sort::Version => u64::from(sum.newest),
                Sort::Os => u64::from(self.lists.machines[sum.machine as usize].0),
                Sort::Target => u64::from(self.lists.machines[sum.machine as usize].1),
                Sort::Compiler => u64::from(sum.compiler),
                Sort::Size => sum.bytes,
                Sort::Pushed => sum.pushed,
                Sort::Specs => u64::from(sum.specs),
            }
        };
        let turned = if question.descending { u64::MAX } else { 0 };
        let found = (0..).zip(&sums).filter(|(_, sum)| sum.specs > 0);
        let keys: Vec<(u64, u64, u32)> = found
            .map(|(package, sum)| (first(package, sum) ^ turned, u64::from(places[package as usize]), package))
            .collect();
        let total = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        let page = page(keys, question);
        let named = matched_words(wanted);
        // The lists of versions and machines are made for what is shown alone.
        let mut on_page = vec![usize::MAX; specs.packages() as usize];
        for (place, (_, _, package)) in page.iter().enumerate() {
            on_page[*package as usize] = place;
        }
        let mut details: Vec<(Vec<u32>, Vec<u32>)> = vec![Default::default(); page.len()];
        for &row in rows {
            if let Some((versions, machines)) = details.get_mut(on_page[specs.package(row) as usize]) {
                versions.push(specs.version(row));
                machines.push(specs.machine_of(row));
            }
        }
        let shown = page.iter().zip(details).map(|((_, _, package), (mut versions, machines))| {
            let sum = &sums[*package as usize];
            let name = specs.package_name(*package);
            versions.sort_unstable();
            versions.dedup();
            let texts = |list: &[String], of: &dyn Fn((u32, u32)) -> u32| -> Vec<String> {
                let mut all: Vec<u32> =
                    machines.iter().map(|machine| of(self.lists.machines[*machine as usize])).collect();
                all.sort_unstable();
                all.dedup();
                all.into_iter().map(|number| list[number as usize].clone()).collect()
            };
            Row::Package(PackageRow {
                name: name.to_owned(),
                marks: marks(name, &named),
                newest: specs.version_text(sum.newest).to_owned(),
                versions: u32::try_from(versions.len()).unwrap_or(u32::MAX),
                specs: sum.specs,
                fits: sum.fits,
                targets: texts(&self.lists.targets, &|(_, target)| target),
                systems: texts(&self.lists.systems, &|(os, _)| os),
                bytes: sum.bytes,
                pushed: sum.pushed,
            })
        });
        (total, total, shown.collect())
    }

    /// The names in a query that are not known.
    fn unknown(&self, wanted: &Wanted) -> Vec<Trouble> {
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

    /// The query without one of its parts, the one without which most is found.
    fn nearest(&self, query: &Query, limits: &Limits, question: &Question, now: u64) -> Option<Nearest> {
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

fn trouble(start: usize, end: usize, message: String) -> Trouble {
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Trouble { start: place(start), end: place(end), message }
}

/// The text that names were looked for by, for marks.
fn matched_words(wanted: &Wanted) -> Vec<String> {
    match wanted {
        Wanted::Text(words) => words.clone(),
        Wanted::Specs(query) => {
            let texts = query.specs.iter().filter_map(|spec| match spec.node.name.as_ref().map(|name| &name.value) {
                Some(Name::Holds(text)) => Some(text.clone()),
                _ => None,
            });
            texts.collect()
        }
    }
}

/// The part of some keys that is asked for, in order.
fn page(mut keys: Vec<(u64, u64, u32)>, question: &Question) -> Vec<(u64, u64, u32)> {
    let start = (question.offset as usize).min(keys.len());
    let end = start.saturating_add(question.limit.min(MAX_ROWS) as usize).min(keys.len());
    if end == 0 {
        return Vec::new();
    }
    if end < keys.len() {
        keys.select_nth_unstable(end);
    }
    keys[..end].sort_unstable();
    keys[start..end].to_vec()
}

impl Plan<'_> {
    /// Where a row fails: bits of [`miss`].
    #[inline]
    fn misses(&self, row: u32) -> u8 {
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
