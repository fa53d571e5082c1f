//! Which packages are suggested for which reason. Nothing here asks or prints.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use larder_shared::{
    api::{PackageSummary, report::FailureSummary, usage::Wanted},
    report::Kind,
};
use serde::Serialize;

use super::names::Names;

/// A package to build, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Suggestion {
    /// What to give to `spack install`.
    pub(super) spec: String,
    /// Its package.
    pub(super) package: String,
    /// Why, in words.
    pub(super) why: String,
}

/// What a mirror tells of itself.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// What clients asked for and did not find, the most wanted first.
    pub(super) wanted: Vec<Wanted>,
    /// What it has.
    pub(super) packages: Vec<PackageSummary>,
    /// What is failing.
    pub(super) failures: Vec<FailureSummary>,
    /// Packages that are stopped by what does not pass by itself, with the error.
    pub(super) broken: BTreeMap<String, String>,
    /// Packages whose recipes changed since.
    pub(super) changed: BTreeSet<String>,
}

/// Whether the same build may go well another time: what failed was the network, the machine or the time.
pub(super) const fn may_pass(kind: Kind) -> bool {
    matches!(kind, Kind::Fetch | Kind::Resource | Kind::Timeout)
}

/// Why a build of this kind is worth another try.
const fn passing(kind: Kind) -> &'static str {
    match kind {
        Kind::Fetch => "its source could not be had",
        Kind::Resource => "its machine ran out of something",
        _ => "it took too long",
    }
}

impl Known {
    /// What was asked for and is not there.
    pub(super) fn by_demand(&self) -> Vec<Suggestion> {
        let wanted = self.wanted.iter().filter(|wanted| self.is_worth(wanted.name.as_str()));
        wanted
            .map(|wanted| {
                let package = wanted.name.as_str();
                let spec = if wanted.version.is_empty() {
                    package.to_owned()
                } else {
                    format!("{package}@{}", wanted.version)
                };
                let times = if wanted.times == 1 { "once".to_owned() } else { format!("{} times", wanted.times) };
                Suggestion { spec, package: package.to_owned(), why: format!("asked for {times} and not there") }
            })
            .collect()
    }

    /// What failed and may pass, and what failed before its recipe changed.
    pub(super) fn by_failures(&self) -> Vec<Suggestion> {
        let passing = self.failures.iter().filter(|failure| may_pass(failure.kind)).flat_map(|failure| {
            let why = format!("{} on {}", passing(failure.kind), day(failure));
            failure.packages.iter().map(move |package| (package, why.clone()))
        });
        let changed = self.broken.iter().filter(|(package, _)| self.changed.contains(*package));
        let changed = changed.map(|(package, error)| (package, format!("its recipe changed since it failed: {error}")));
        let both = changed.chain(passing).filter(|(package, _)| self.is_worth(package));
        both.map(|(package, why)| Suggestion { spec: package.clone(), package: package.clone(), why }).collect()
    }

    /// What the list has in a version that is not the newest one there; what was pushed longest ago first.
    pub(super) fn by_age(&self, names: &Names) -> Vec<Suggestion> {
        let there: BTreeMap<&str, &PackageSummary> =
            self.packages.iter().map(|package| (package.name.as_str(), package)).collect();
        let mut old: Vec<_> = names
            .iter()
            .filter_map(|(name, version)| Some((*there.get(name)?, version?)))
            .filter(|(package, version)| package.newest != *version && self.is_worth(package.name.as_str()))
            .collect();
        old.sort_by_key(|(package, _)| package.pushed);
        old.into_iter()
            .map(|(package, version)| Suggestion {
                spec: format!("{}@{version}", package.name),
                package: package.name.as_str().to_owned(),
                why: format!("the cache has only {}", package.newest),
            })
            .collect()
    }

    /// What of the list is not there, in an order that `random` draws.
    pub(super) fn at_random(&self, names: &Names, mut random: impl FnMut() -> u64) -> Vec<Suggestion> {
        let there: BTreeSet<&str> = self.packages.iter().map(|package| package.name.as_str()).collect();
        let absent = names.iter().filter(|(name, _)| !there.contains(name) && self.is_worth(name));
        let mut drawn: Vec<_> = absent.map(|(name, _)| (Reverse(random()), name)).collect();
        drawn.sort_unstable();
        let suggestion = |name: &str| Suggestion {
            spec: name.to_owned(),
            package: name.to_owned(),
            why: "not in the cache".to_owned(),
        };
        drawn.into_iter().map(|(_, name)| suggestion(name)).collect()
    }

    /// Whether building it may lead to something: it is not known as broken, or changed since.
    fn is_worth(&self, package: &str) -> bool {
        !self.broken.contains_key(package) || self.changed.contains(package)
    }
}

/// The day on which a failure was last seen.
fn day(failure: &FailureSummary) -> String {
    failure.last.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use larder_shared::{api::Timestamp, report::Tool};

    use super::*;

    fn wanted(name: &str, version: &str, times: u64) -> Wanted {
        let (first, last) = (Timestamp::from_millis(0), Timestamp::from_millis(0));
        let hash = "slmgyj5aaaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap();
        let name = name.parse().unwrap();
        Wanted { hash, name, version: version.to_owned(), os: None, target: None, times, first, last }
    }

    fn cached(name: &str, newest: &str, pushed: u64) -> PackageSummary {
        PackageSummary {
            name: name.parse().unwrap(),
            newest: newest.to_owned(),
            versions: 1,
            specs: 1,
            targets: Vec::new(),
            systems: Vec::new(),
            bytes: 1,
            pushed: Timestamp::from_millis(pushed),
        }
    }

    fn failing(packages: &[&str], kind: Kind) -> FailureSummary {
        FailureSummary {
            signature: "0123456789abcdef".parse().unwrap(),
            message: "no".to_owned(),
            kind,
            tool: Tool::Unknown,
            phase: None,
            file: None,
            line: None,
            packages: packages.iter().map(|&package| package.to_owned()).collect(),
            package_count: packages.len() as u64,
            seen: 1,
            blocks: 0,
            first: Timestamp::from_millis(0),
            last: Timestamp::from_millis(0),
            last_build: 1,
            still_failing: true,
        }
    }

    fn specs(suggestions: &[Suggestion]) -> Vec<&str> {
        suggestions.iter().map(|suggestion| suggestion.spec.as_str()).collect()
    }

    fn known() -> Known {
        Known {
            wanted: vec![wanted("hdf5", "1.14.6", 3), wanted("bad", "1", 2), wanted("zlib", "", 1)],
            packages: vec![cached("zlib", "1.3", 2), cached("curl", "8.0", 1)],
            failures: vec![failing(&["slow"], Kind::Timeout), failing(&["bad"], Kind::Compile)],
            broken: BTreeMap::from([("bad".to_owned(), "error: no".to_owned())]),
            changed: BTreeSet::new(),
        }
    }

    #[test]
    fn demand_comes_with_the_version_that_was_asked_for() {
        let suggestions = known().by_demand();
        assert_eq!(specs(&suggestions), ["hdf5@1.14.6", "zlib"]);
        assert_eq!(suggestions[0].why, "asked for 3 times and not there");
        assert_eq!(suggestions[1].why, "asked for once and not there");
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let suggestions = known().by_failures();
        assert_eq!(specs(&suggestions), ["slow"]);
        assert_eq!(suggestions[0].why, "it took too long on 1970-01-01");
    }

    #[test]
    fn what_changed_is_no_longer_known_as_broken() {
        let known = Known { changed: BTreeSet::from(["bad".to_owned()]), ..known() };
        assert_eq!(specs(&known.by_failures()), ["bad", "slow"]);
        assert_eq!(specs(&known.by_demand()), ["hdf5@1.14.6", "bad@1", "zlib"]);
    }

    #[test]
    fn a_newer_version_of_the_list_is_missing_and_the_oldest_comes_first() {
        let names: Names = "zlib@1.3.1\ncurl@8.1\nruby@3.4\nbad@2".parse().unwrap();
        let suggestions = known().by_age(&names);
        assert_eq!(specs(&suggestions), ["curl@8.1", "zlib@1.3.1"]);
        assert_eq!(suggestions[0].why, "the cache has only 8.0");
        assert_eq!(known().by_age(&"zlib@1.3\ncurl".parse().unwrap()), []);
    }

    #[test]
    fn what_is_drawn_is_not_there_and_not_broken() {
        let names: Names = "bad\ncurl\nperl\nruby\nzlib".parse().unwrap();
        let mut next = 0;
        let mut random = || {
            next += 1;
            next
        };
        assert_eq!(specs(&known().at_random(&names, &mut random)), ["ruby", "perl"]);
        assert_eq!(specs(&known().at_random(&names, || 1)), ["perl", "ruby"]);
    }
}
