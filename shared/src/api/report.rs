//! Builds, runs and failures in the JSON API. What a report says is in [`crate::report`]; here is what
//! Larder knows of it.

use serde::{Deserialize, Serialize};

use super::Timestamp;
use crate::report::{self, Kind, Signature, Status, Tool};

/// An item of `GET /api/v1/mirrors/{m}/builds?status=&package=&kind=&run=&signature=&since=&limit=&cursor=`,
/// the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildSummary {
    /// Its number in the mirror.
    pub id: u64,
    /// The package.
    pub package: String,
    /// What was asked for, in Spack's words: `hdf5 +mpi`.
    pub spec: String,
    /// The hash of the concrete spec, if a report or a push told it.
    pub hash: Option<String>,
    /// How it ended.
    pub status: Status,
    /// The phase that broke, or the last one known to have begun.
    pub phase: Option<String>,
    /// What sort of error stopped it.
    pub kind: Option<Kind>,
    /// The first real error.
    pub message: Option<String>,
    /// The file the error is in, as the tool names it.
    pub file: Option<String>,
    /// The line in that file.
    pub line: Option<u64>,
    /// The failure that stopped it, its own or a dependency's.
    pub signature: Option<Signature>,
    /// The dependency that broke, when it was not the package itself.
    pub blocked_by: Option<String>,
    /// The run it belongs to, by its number in the mirror.
    pub run: u64,
    /// The job of the run.
    pub job: Option<String>,
    /// When it began, as the report says.
    pub started: Option<Timestamp>,
    /// How long it took, in milliseconds.
    pub took_millis: Option<u64>,
    /// When the first report of it arrived.
    pub received: Timestamp,
    /// How many warnings were counted.
    pub warnings: u64,
    /// Length of its log in bytes; `null` when there is none.
    pub log_bytes: Option<u64>,
}

/// `GET /api/v1/mirrors/{m}/builds/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Build {
    /// What the lists say of it too.
    #[serde(flatten)]
    pub summary: BuildSummary,
    /// Its first real error with the log around it.
    pub failure: Option<report::Failure>,
    /// The run it belongs to.
    #[serde(rename = "in_run")]
    pub in_run: RunSummary,
    /// Where this build of the run ran: its job, runner, site and stamp.
    #[serde(rename = "where")]
    pub place: report::Run,
    /// The documents it was told by: `Build`, `Configure`, `Update`, `Testing`, `JUnit`, `JSON`.
    pub reports: Vec<String>,
    /// Whether the pushed package is what proves that it was built.
    pub proved_by_push: bool,
    /// Whether its log was read from end to end; else only the first and the last MB were, and what
    /// went wrong may stand between them.
    pub log_read_whole: bool,
    /// The builds of the same package before and after it, the newest first, at most 20.
    pub history: Vec<BuildSummary>,
}

/// How many builds ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    /// Made.
    pub built: u64,
    /// Broken by themselves.
    pub failed: u64,
    /// Stopped by another package.
    pub blocked: u64,
    /// Reported without a proof.
    pub unknown: u64,
    /// Not built, because they were there.
    pub reused: u64,
}

impl Counts {
    /// Builds that ended in `status`.
    pub const fn of(&self, status: Status) -> u64 {
        match status {
            Status::Built => self.built,
            Status::Failed => self.failed,
            Status::Blocked => self.blocked,
            Status::Unknown => self.unknown,
            Status::Reused => self.reused,
        }
    }

    /// Adds `count` builds that ended in `status`.
    pub const fn add(&mut self, status: Status, count: u64) {
        let place = match status {
            Status::Built => &mut self.built,
            Status::Failed => &mut self.failed,
            Status::Blocked => &mut self.blocked,
            Status::Unknown => &mut self.unknown,
            Status::Reused => &mut self.reused,
        };
        *place += count;
    }

    /// All builds.
    pub const fn total(&self) -> u64 {
        self.built + self.failed + self.blocked + self.unknown + self.reused
    }
}

/// Most cells of a run in a list; when it has more builds, the built and the reused ones are left out
/// first.
pub const MAX_CELLS: usize = 120;

/// A build of a run, as small as it can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cell {
    /// The build's number.
    pub id: u64,
    /// Its package.
    pub package: String,
    /// How it ended.
    pub status: Status,
}

/// An item of `GET /api/v1/mirrors/{m}/runs?limit=&cursor=`, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunSummary {
    /// Its number in the mirror.
    pub id: u64,
    /// Where and as what it ran, as its first report says.
    pub run: report::Run,
    /// Its page at the provider.
    pub link: Option<String>,
    /// When the first of its builds began, or its first report arrived.
    pub started: Timestamp,
    /// When the last of its builds ended; when it began where no report says.
    pub last: Timestamp,
    /// How its builds ended.
    pub counts: Counts,
    /// How many of its builds are proved by a pushed package.
    pub pushed: u64,
    /// Its builds in the order of their first reports, at most [`MAX_CELLS`].
    pub cells: Vec<Cell>,
}

/// `GET /api/v1/mirrors/{m}/runs/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Run {
    /// What the list says of it too.
    #[serde(flatten)]
    pub summary: RunSummary,
    /// Its builds in the order of their first reports, at most 1,000; `…/builds?run=` has all.
    pub builds: Vec<BuildSummary>,
}

/// An item of `GET /api/v1/mirrors/{m}/failures?state=&kind=&package=&sort=&limit=&cursor=`: the same
/// breakage over all runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FailureSummary {
    /// What tells it from others.
    pub signature: Signature,
    /// The first real error, as it was last seen.
    pub message: String,
    /// What sort of error it is.
    pub kind: Kind,
    /// Who said so.
    pub tool: Tool,
    /// The phase it broke.
    pub phase: Option<String>,
    /// The file the error is in, as the tool names it.
    pub file: Option<String>,
    /// The line in that file.
    pub line: Option<u64>,
    /// The packages it broke, the newest first, at most 20.
    pub packages: Vec<String>,
    /// How many packages it broke.
    pub package_count: u64,
    /// How many builds it broke.
    pub seen: u64,
    /// How many other packages it stopped.
    pub blocks: u64,
    /// When it was first seen.
    pub first: Timestamp,
    /// When it was last seen.
    pub last: Timestamp,
    /// The build it was last seen in.
    pub last_build: u64,
    /// Whether one of what it broke was not built since, or broke differently.
    pub still_failing: bool,
}

/// `GET /api/v1/mirrors/{m}/failures/{signature}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Failure {
    /// What the list says of it too.
    #[serde(flatten)]
    pub summary: FailureSummary,
    /// The error with the log around it, as it was last seen.
    pub cause: report::Failure,
    /// The build it was last seen in.
    pub build: BuildSummary,
    /// The builds it broke, the newest first, at most 50; `…/builds?signature=&status=failed` has all.
    pub builds: Vec<BuildSummary>,
    /// The newest build of each package it stopped, at most 50.
    pub blocked: Vec<BuildSummary>,
    /// The runs of these builds.
    pub runs: Vec<RunSummary>,
    /// The issue to open at the recipe's repository.
    pub issue: Issue,
}

/// An issue to open upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Issue {
    /// The form at the repository of recipes, filled in as far as a URL can carry it.
    pub url: String,
    /// The issue's title.
    pub title: String,
    /// Its whole text in Markdown, to be copied.
    pub markdown: String,
}

/// The answer to `POST /api/v1/mirrors/{m}/builds`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reported {
    /// The run the builds belong to.
    pub run: u64,
    /// The builds, in the report's order.
    pub builds: Vec<ReportedBuild>,
    /// Logs of the report that were not stored on their own, because one request stores at most 40;
    /// `PUT …/builds/{id}/log` takes each.
    pub logs_left_out: u64,
}

/// A build that was reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReportedBuild {
    /// Its number in the mirror.
    pub id: u64,
    /// Its package.
    pub package: String,
    /// How it ended, as far as is known now.
    pub status: Status,
    /// Whether it was not known before.
    pub is_new: bool,
    /// The failure that stopped it.
    pub signature: Option<Signature>,
    /// Its page on the dashboard.
    pub url: String,
}

/// Which failures a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum FailureState {
    /// Those with something broken that was not built since.
    #[default]
    Failing,
    /// Those of which everything was built since.
    Fixed,
    /// All.
    All,
}

/// The order of a list of failures; the newest comes first among equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum FailureOrder {
    /// What stops most packages first.
    #[default]
    Blocks,
    /// What was last seen last first.
    Newest,
    /// What was seen most often first.
    Frequent,
}

/// What a mirror's page says of its builds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reports {
    /// Builds that were reported.
    pub builds: u64,
    /// Failures that are still failing.
    pub failing: u64,
    /// The newest run.
    pub last_run: Option<RunSummary>,
}
