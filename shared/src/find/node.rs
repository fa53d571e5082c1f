//! What a query asks of one package, looked up once in the dictionaries of a catalogue, so that a row is
//! judged by its numbers. The verdicts are those of [`Matcher`](crate::query::Matcher).

use std::cell::RefCell;

use crate::{
    index::catalogue::{Catalogue, Ends, Specs, Trait, TraitKind},
    query::{DirectQuery, Name, NodeQuery, VariantQuery, Wanted},
    version::{Version, VersionList},
};

/// Where a row fails; a row that fails in one of these alone is counted by the facet.
pub(super) mod miss {
    pub(in crate::find) const VERSION: u8 = 1;
    pub(in crate::find) const OS: u8 = 2;
    pub(in crate::find) const TARGET: u8 = 4;
    pub(in crate::find) const COMPILER: u8 = 8;
    pub(in crate::find) const SIGNED: u8 = 16;
    pub(in crate::find) const AGE: u8 = 32;
    pub(in crate::find) const FITS: u8 = 64;
    /// Anything else.
    pub(in crate::find) const OTHER: u8 = 128;
}

/// As what a row is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) enum As<'a> {
    /// As the package that it is.
    Package,
    /// As a provider of a virtual package.
    Provider(&'a str),
}

/// What is asked of a package, in the numbers of a catalogue.
#[derive(Debug)]
pub(super) struct NodePlan<'q> {
    query: &'q NodeQuery,
    /// By package, whether its own name fits.
    packages: Option<Vec<bool>>,
    versions: Option<Vec<bool>>,
    /// By machine, what does not fit: bits of [`miss`].
    machines: Vec<u8>,
    /// Each by trait, of which a set has to have one.
    wanted: Vec<Vec<bool>>,
    /// By trait, namespaces that are others.
    refused: Option<Vec<bool>>,
    /// By set, once it was looked at.
    sets: RefCell<Vec<Option<bool>>>,
    direct: Vec<DirectPlan<'q>>,
    /// Whether some spec says that it provides the virtual package that may be meant.
    is_provided: bool,
}

#[derive(Debug)]
struct DirectPlan<'q> {
    query: &'q DirectQuery,
    compilers: Vec<bool>,
    package: Option<u32>,
    versions: Option<Vec<bool>>,
    /// By kind of edge: whether it provides what it has to; and whether it provides what is named.
    kinds: Vec<(bool, bool)>,
    /// By number of what lies outside, whether it is what is named.
    outside: Vec<bool>,
    /// Whether anything but a compiler is called so, or provides what is.
    is_package: bool,
}

fn versions(specs: &Specs, list: Option<&VersionList>) -> Option<Vec<bool>> {
    let list = list?;
    Some((0..specs.versions()).map(|number| list.contains(&Version::from(specs.version_text(number)))).collect())
}

/// Whether a name has a text in it, in upper or lower case.
pub(super) fn holds(name: &str, text: &str) -> bool {
    name.to_ascii_lowercase().contains(&text.trim().to_ascii_lowercase())
}

/// The number of a package.
pub(super) fn package(specs: &Specs, name: &str) -> Option<u32> {
    let (mut low, mut high) = (0, specs.packages());
    while low < high {
        let middle = low + (high - low) / 2;
        match specs.package_name(middle).cmp(name) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Equal => return Some(middle),
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}

impl<'q> NodePlan<'q> {
    pub(super) fn new(query: &'q NodeQuery, catalogue: &Catalogue) -> Self {
        let specs = &catalogue.specs;
        let packages = query.name.as_ref().map(|name| {
            let fits = |number| match &name.value {
                Name::Is(name) => specs.package_name(number) == name,
                Name::Holds(text) => holds(specs.package_name(number), text),
            };
            (0..specs.packages()).map(fits).collect()
        });
        let machines = (0..specs.machines()).map(|number| {
            let machine = specs.machine(number);
            let is = |wanted: &Option<String>, own: &str| wanted.as_ref().is_none_or(|wanted| wanted == own);
            let target = query.target.as_ref().is_none_or(|target| target.value.contains(machine.target));
            let mut missing = if is(&query.platform, machine.platform) { 0 } else { miss::OTHER };
            missing |= if is(&query.os, machine.os) { 0 } else { miss::OS };
            missing | if target { 0 } else { miss::TARGET }
        });
        let by_trait = |fits: &dyn Fn(&Trait<'_>) -> bool| -> Vec<bool> {
            (0..specs.traits()).map(|number| fits(&specs.trait_of(number))).collect()
        };
        let variants = query.variants.iter().map(|variant| by_trait(&|one| is_variant(&variant.value, one)));
        let flags = query.flags.iter().map(|(flag, words)| {
            by_trait(&|one| {
                let has = |word: &String| one.values().any(|own| own == word);
                one.kind == TraitKind::Flags && one.name == flag && words.iter().all(has)
            })
        });
        let refused = query
            .namespace
            .as_ref()
            .map(|wanted| by_trait(&|one| one.kind == TraitKind::Namespace && one.name != wanted));
        Self {
            packages,
            versions: versions(specs, query.versions.as_ref()),
            machines: machines.collect(),
            wanted: variants.chain(flags).collect(),
            refused,
            is_provided: query.package().is_some_and(|name| is_provided(specs, name)),
            sets: RefCell::new(vec![None; specs.sets() as usize]),
            direct: query.direct.iter().map(|direct| DirectPlan::new(direct, catalogue)).collect(),
            query,
        }
    }

    /// Whether a row is what is asked for.
    pub(super) fn matches(&self, row: u32, view: As<'_>, catalogue: &Catalogue) -> bool {
        self.misses(row, view, catalogue) == 0
    }

    /// Where a row fails; zero if nowhere.
    #[inline]
    pub(super) fn misses(&self, row: u32, view: As<'_>, catalogue: &Catalogue) -> u8 {
        let specs = &catalogue.specs;
        let package = specs.package(row) as usize;
        let version = || {
            self.versions.as_ref().is_none_or(|fits| fits.get(specs.version(row) as usize).copied().unwrap_or(false))
        };
        let mut missing = match view {
            As::Package if self.packages.as_ref().is_none_or(|fits| fits.get(package).copied().unwrap_or(false)) => {
                if version() {
                    0
                } else {
                    miss::VERSION
                }
            }
            As::Package => match self.query.package() {
                Some(name) if self.is_provided && provides(specs, row, name, self.query.versions.as_ref()) => 0,
                _ => return miss::OTHER,
            },
            As::Provider(name) => {
                let is_met = self.query.versions.is_none() || provides(specs, row, name, self.query.versions.as_ref());
                if is_met { 0 } else { miss::OTHER }
            }
        };
        missing |= self.machines.get(specs.machine_of(row) as usize).copied().unwrap_or(miss::OTHER);
        if missing & miss::OTHER != 0 || !self.has_traits(specs, specs.set_of(row)) || !self.has_hash(row, catalogue) {
            return miss::OTHER;
        }
        for direct in &self.direct {
            if !direct.matches(row, catalogue) {
                missing |= miss::COMPILER;
            }
        }
        missing
    }

    fn has_traits(&self, specs: &Specs, set: u32) -> bool {
        if self.wanted.is_empty() && self.refused.is_none() {
            return true;
        }
        if let Some(Some(known)) = self.sets.borrow().get(set as usize) {
            return *known;
        }
        let has = |list: &Vec<bool>| specs.set(set).any(|number| list.get(number as usize).copied().unwrap_or(false));
        let fits = self.wanted.iter().all(has) && !self.refused.as_ref().is_some_and(has);
        if let Some(place) = self.sets.borrow_mut().get_mut(set as usize) {
            *place = Some(fits);
        }
        fits
    }

    fn has_hash(&self, row: u32, catalogue: &Catalogue) -> bool {
        let Some(wanted) = &self.query.hash else { return true };
        let own = catalogue.hash(row);
        // Until the ends of the hashes are here, their beginnings have to do.
        own.starts_with(wanted.as_str()) || wanted.starts_with(&own)
    }
}

fn is_variant(query: &VariantQuery, one: &Trait<'_>) -> bool {
    if one.name != query.name {
        return false;
    }
    let is = |wanted: &str, own: &str| if query.name == "patches" { own.starts_with(wanted) } else { own == wanted };
    let are_among = |wanted: &[String]| wanted.iter().all(|wanted| one.values().any(|own| is(wanted, own)));
    match (&query.value, one.kind) {
        (_, TraitKind::Flags | TraitKind::Provides | TraitKind::Namespace) => false,
        (Wanted::Any, _) => true,
        (Wanted::Flag(wanted), kind) => kind == if *wanted { TraitKind::On } else { TraitKind::Off },
        (_, TraitKind::On | TraitKind::Off) => false,
        (Wanted::Values(wanted) | Wanted::Exactly(wanted), TraitKind::Text) => {
            wanted.iter().all(|wanted| one.values().any(|own| own == wanted))
        }
        (Wanted::Values(wanted), TraitKind::List) => are_among(wanted),
        (Wanted::Exactly(wanted), TraitKind::List) => {
            are_among(wanted) && one.values().all(|own| wanted.iter().any(|wanted| is(wanted, own)))
        }
    }
}

/// Whether any spec says that it provides a virtual package.
pub(super) fn is_provided(specs: &Specs, name: &str) -> bool {
    let mut all = (0..specs.traits()).map(|number| specs.trait_of(number));
    all.any(|one| one.kind == TraitKind::Provides && one.name.split('@').next() == Some(name))
}

/// Whether a row says that it provides a virtual package.
fn provides(specs: &Specs, row: u32, name: &str, versions: Option<&VersionList>) -> bool {
    specs.set(specs.set_of(row)).any(|number| {
        let one = specs.trait_of(number);
        let (provided, own) = match one.name.split_once('@') {
            Some((provided, own)) => (provided, own.parse::<VersionList>().ok()),
            None => (one.name, None),
        };
        one.kind == TraitKind::Provides
            && provided == name
            && own.is_none_or(|own| versions.is_none_or(|versions| own.intersects(versions)))
    })
}

impl<'q> DirectPlan<'q> {
    fn new(query: &'q DirectQuery, catalogue: &Catalogue) -> Self {
        let specs = &catalogue.specs;
        let compilers = (0..specs.compilers()).map(|number| {
            specs.compiler(number).is_some_and(|own| {
                let has = |language: &String| own.languages.split(',').any(|own| own == language);
                own.name == query.name
                    && query.virtuals.iter().all(has)
                    && query.versions.as_ref().is_none_or(|list| list.contains(&Version::from(own.version)))
            })
        });
        let kinds = catalogue.edges.iter().flat_map(|edges| {
            (0..edges.kinds()).map(|kind| {
                let has = |name: &String| edges.virtuals(kind).any(|own| own == name);
                (query.virtuals.iter().all(has), has(&query.name))
            })
        });
        let outside = catalogue.edges.iter();
        let outside =
            outside.flat_map(|edges| (0..edges.outside()).map(|number| edges.outside_name(number) == query.name));
        let package = package(specs, &query.name);
        let (kinds, outside): (Vec<(bool, bool)>, Vec<bool>) = (kinds.collect(), outside.collect());
        Self {
            query,
            compilers: compilers.collect(),
            versions: versions(specs, query.versions.as_ref()),
            is_package: package.is_some() || kinds.iter().any(|kind| kind.1) || outside.contains(&true),
            package,
            kinds,
            outside,
        }
    }

    fn matches(&self, row: u32, catalogue: &Catalogue) -> bool {
        let specs = &catalogue.specs;
        if self.compilers.get(specs.compiler_of(row) as usize).copied().unwrap_or(false) {
            return true;
        }
        let Some(edges) = catalogue.edges.as_ref().filter(|_| self.is_package) else { return false };
        edges.of_row(row).any(|edge| {
            let Some((true, is_provided)) = self.kinds.get(edge.kind as usize).copied() else { return false };
            match edge.target {
                Ends::Outside(number) => {
                    let is_named = self.outside.get(number as usize).copied().unwrap_or(false);
                    self.versions.is_none() && (is_named || is_provided)
                }
                Ends::Row(target) => {
                    let is_named = Some(specs.package(target)) == self.package;
                    let is_met = match &self.versions {
                        None => true,
                        Some(fits) if is_named => fits.get(specs.version(target) as usize).copied().unwrap_or(false),
                        Some(_) => provides(specs, target, &self.query.name, self.query.versions.as_ref()),
                    };
                    (is_named || is_provided) && is_met
                }
            }
        })
    }
}
