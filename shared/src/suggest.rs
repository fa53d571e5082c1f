//! Which packages a mirror should be given next, by what it knows of itself and what the asker names.
//!
//! ```text
//! hdf5@1.14.6   asked for 3 times and not there
//! zlib          its source could not be had on 2026-11-20
//! ruby          not in the cache
//! ```
//! What is known as broken is never suggested, unless its recipe changed since it broke.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Serialize};

use crate::{
    api::{
        PackageSummary, Timestamp,
        report::FailureSummary,
        suggest::{Candidates, Reason, Suggestion},
        usage::Wanted,
    },
    name::PackageName,
    report::Kind,
};

/// Errors that may be gone another time: what failed was the network, the machine or the time.
pub const MAY_PASS: [Kind; 3] = [Kind::Fetch, Kind::Resource, Kind::Timeout];

/// What is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Question {
    /// At most so many.
    pub count: u32,
    /// By what, the first before the others.
    pub by: Vec<Reason>,
    /// What decides where the lot does.
    pub seed: u64,
    /// What the asker knows.
    pub candidates: Candidates,
}

/// What a mirror knows of itself, as far as the question needs it.
#[derive(Debug, Default)]
pub struct Known {
    /// What clients asked for and did not find, the most wanted first.
    pub wanted: Vec<Wanted>,
    /// What is failing in a way that [may pass](MAY_PASS).
    pub passing: Vec<FailureSummary>,
    /// What is stopped by something that does not pass by itself, by the name of the package.
    pub broken: BTreeMap<String, Broken>,
    /// The packages with a version among the candidates that are there.
    pub packages: Vec<PackageSummary>,
    /// The packages that could be built and are not there, in order of their names.
    pub absent: Vec<PackageName>,
}

/// Why a package is not built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The first real error.
    pub error: String,
    /// When it was last seen.
    pub last: Timestamp,
}

/// What is suggested: by each reason in turn, until there are enough, each package once.
pub fn suggest(question: &Question, known: &Known) -> Vec<Suggestion> {
    let choice = Choice { known, candidates: &question.candidates };
    let mut seen = BTreeSet::new();
    let found = question.by.iter().flat_map(|reason| match reason {
        Reason::Demand => choice.by_demand(),
        Reason::Failures => choice.by_failures(),
        Reason::Age => choice.by_age(),
        Reason::Random => choice.at_random(lots(question.seed)),
    });
    found.filter(|suggestion| seen.insert(suggestion.package.clone())).take(question.count as usize).collect()
}

/// Numbers that look drawn, the same from the same seed: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
fn lots(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Why a build of this kind is worth another try.
const fn passing(kind: Kind) -> &'static str {
    match kind {
        Kind::Fetch => "its source could not be had",
        Kind::Resource => "its machine ran out of something",
        _ => "it took too long",
    }
}

struct Choice<'a> {
    known: &'a Known,
    candidates: &'a Candidates,
}

impl Choice<'_> {
    /// What was asked for and is not there.
    fn by_demand(&self) -> Vec<Suggestion> {
        let wanted = self.known.wanted.iter().filter(|wanted| self.is_worth(wanted.name.as_str()));
        wanted
            .map(|Wanted { name, version, times, .. }| {
                let spec = if version.is_empty() { name.to_string() } else { format!("{name}@{version}") };
                let times = if *times == 1 { "once".to_owned() } else { format!("{times} times") };
                suggestion(spec, name.as_str(), Reason::Demand, format!("asked for {times} and not there"))
            })
            .collect()
    }

    /// What failed before its recipe changed, and what failed and may pass.
    fn by_failures(&self) -> Vec<Suggestion> {
        let changed = self.known.broken.iter().filter(|(package, broken)| self.has_changed(package, broken));
        let changed =
            changed.map(|(package, broken)| (package, format!("its recipe changed since it failed: {}", broken.error)));
        let passing = self.known.passing.iter().flat_map(|failure| {
            let why = format!("{} on {}", passing(failure.kind), day(failure.last));
            failure.packages.iter().map(move |package| (package, why.clone()))
        });
        let both = changed.chain(passing).filter(|(package, _)| self.is_worth(package));
        both.map(|(package, why)| suggestion(package.clone(), package, Reason::Failures, why)).collect()
    }

    /// What is named in a version that is not the newest one there; what was pushed longest ago first.
    fn by_age(&self) -> Vec<Suggestion> {
        let there: BTreeMap<&PackageName, &PackageSummary> =
            self.known.packages.iter().map(|package| (&package.name, package)).collect();
        let named = self.candidates.names.iter();
        let mut old: Vec<_> = named
            .filter_map(|named| Some((*there.get(&named.name)?, named.version.as_deref()?)))
            .filter(|(package, version)| package.newest != *version && self.is_worth(package.name.as_str()))
            .collect();
        old.sort_by_key(|(package, _)| (package.pushed, &package.name));
        old.into_iter()
            .map(|(PackageSummary { name, newest, .. }, version)| {
                let why = format!("the cache has only {newest}");
                suggestion(format!("{name}@{version}"), name.as_str(), Reason::Age, why)
            })
            .collect()
    }

    /// What is not there, in an order that `lot` decides.
    fn at_random(&self, mut lot: impl FnMut() -> u64) -> Vec<Suggestion> {
        let absent = self.known.absent.iter().map(PackageName::as_str).filter(|name| self.is_worth(name));
        let mut drawn: Vec<_> = absent.map(|name| (Reverse(lot()), name)).collect();
        drawn.sort_unstable();
        let suggestion = |name: &str| suggestion(name.to_owned(), name, Reason::Random, "not in the cache".to_owned());
        drawn.into_iter().map(|(_, name)| suggestion(name)).collect()
    }

    /// Whether building it may lead to something: it is not known as broken, or changed since.
    fn is_worth(&self, package: &str) -> bool {
        self.known.broken.get(package).is_none_or(|broken| self.has_changed(package, broken))
    }

    /// Whether the recipe of a package changed since it broke.
    fn has_changed(&self, package: &str, broken: &Broken) -> bool {
        let name = package.parse().ok();
        let changed = name.and_then(|name: PackageName| self.candidates.changed.get(&name));
        changed.is_some_and(|when| when.is_none_or(|when| when > broken.last))
    }
}

fn suggestion(spec: String, package: &str, by: Reason, why: String) -> Suggestion {
    Suggestion { spec, package: package.to_owned(), by, why }
}

/// The day of a time: `2026-11-20`.
fn day(time: Timestamp) -> String {
    time.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests;
