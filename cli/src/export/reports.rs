//! What a site holds of builds: the newest, the runs they belong to, and what fails. Their logs stay on the Larder.
//!
//! ```text
//! …/builds.json                          the newest builds, in one page
//! …/builds/package/zlib.json             those of them that are of a package
//! …/builds/7.json                        each of them, and the last of each failure
//! …/runs.json, …/runs/3.json             the runs they belong to
//! …/failures.json                        what is still failing
//! …/failures/state/fixed/sort/newest.json   what was fixed lately
//! …/failures/fb8f42c17a90d3e5.json       each of these
//! ```

use std::collections::{BTreeMap, BTreeSet};

use larder_shared::{
    api::{
        List,
        report::{Build, BuildSummary, Failure, FailureSummary, Run, RunSummary},
    },
    name::PackageName,
    route::site::PAGE_ITEMS,
};
use serde::de::DeserializeOwned;

use super::{
    Problem,
    mirror::{Exporter, whole},
};

/// How many of the failures that were fixed a site tells of.
const FIXED: usize = 100;

impl Exporter<'_> {
    /// Writes what was reported of builds: at most 500 of them, and 600 failures.
    pub(super) fn reports(&self) -> Result<(), Problem> {
        let mut builds: Vec<BuildSummary> = self.first_page(&format!("builds?limit={PAGE_ITEMS}"))?;
        builds.iter_mut().for_each(leave_log);
        let failing: Vec<FailureSummary> = self.first_page(&format!("failures?limit={PAGE_ITEMS}"))?;
        let fixed: Vec<FailureSummary> = self.first_page(&format!("failures?state=fixed&sort=newest&limit={FIXED}"))?;
        let failures: Vec<_> = failing.iter().chain(&fixed).collect();
        let last = failures.iter().map(|failure| failure.last_build);
        let ids: BTreeSet<u64> = builds.iter().map(|build| build.id).chain(last).collect();
        self.each(&Vec::from_iter(ids), |id| self.build(*id))?;
        self.each(&failures, |failure| self.failure(failure))?;
        let runs: BTreeSet<u64> = builds.iter().map(|build| build.run).collect();
        let mut runs = self.each(&Vec::from_iter(runs), |id| self.run(*id))?;
        runs.sort_by_key(|run| std::cmp::Reverse(run.id));
        for (package, builds) in by_package(&builds) {
            self.put_list(&format!("builds?package={package}"), &builds)?;
        }
        self.put_list("runs", &runs)?;
        self.put_list("failures?state=fixed&sort=newest", &fixed)?;
        self.put_list("failures", &failing)?;
        self.put_list("builds", &builds)
    }

    fn build(&self, id: u64) -> Result<(), Problem> {
        let request = self.below(&format!("builds/{id}"));
        let mut build: Build = self.answer(&request)?;
        leave_log(&mut build.summary);
        build.history.iter_mut().for_each(leave_log);
        self.put_json(&request, &build)
    }

    fn run(&self, id: u64) -> Result<RunSummary, Problem> {
        let request = self.below(&format!("runs/{id}"));
        let mut run: Run = self.answer(&request)?;
        run.builds.iter_mut().for_each(leave_log);
        self.put_json(&request, &run)?;
        Ok(run.summary)
    }

    fn failure(&self, failure: &FailureSummary) -> Result<(), Problem> {
        let request = self.below(&format!("failures/{}", failure.signature));
        let mut failure: Failure = self.answer(&request)?;
        let all = failure.builds.iter_mut().chain(&mut failure.blocked);
        all.chain([&mut failure.build]).for_each(leave_log);
        self.put_json(&request, &failure)
    }

    fn below(&self, request: &str) -> String {
        format!("{}/{request}", self.url.api_path())
    }

    fn answer<T: DeserializeOwned>(&self, request: &str) -> Result<T, Problem> {
        Ok(self.reader.document(&self.url.beside(request))?)
    }

    fn first_page<T: DeserializeOwned>(&self, request: &str) -> Result<Vec<T>, Problem> {
        Ok(self.answer::<List<T>>(&self.below(request))?.items)
    }

    fn put_list<T: serde::Serialize>(&self, request: &str, items: &[T]) -> Result<(), Problem> {
        self.put_json(&self.below(request), &whole(items))
    }
}

/// The builds of each package that a mirror could hold.
fn by_package(builds: &[BuildSummary]) -> BTreeMap<PackageName, Vec<&BuildSummary>> {
    let mut packages: BTreeMap<PackageName, Vec<&BuildSummary>> = BTreeMap::new();
    for build in builds {
        if let Ok(package) = build.package.parse() {
            packages.entry(package).or_default().push(build);
        }
    }
    packages
}

/// A site has no logs, so its dashboard is not to offer any.
fn leave_log(build: &mut BuildSummary) {
    build.log_bytes = None;
}
