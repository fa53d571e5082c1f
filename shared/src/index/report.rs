//! What the index is asked about builds: reports taken, logs noted, lists read.
//!
//! A report taken twice equals once: every build has a [`key`](ToldBuild::key) that follows from what
//! was reported.

use serde::{Deserialize, Serialize};

use crate::{
    api::{
        Timestamp,
        report::{BuildSummary, FailureOrder, FailureState, FailureSummary, RunSummary},
    },
    digest::Digest,
    key::ReportFolder,
    report::{Build, Failure, Kind, Run, Signature, Status, cdash::Part},
};

/// One question about builds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportAsk {
    /// Take what a report says. Answer: [`Taken`].
    Take(Box<Told>),
    /// Note the log of a build, which is stored. Answer: [`BuildSummary`], or `null` when there is no
    /// such build.
    NoteLog {
        /// The build.
        build: u64,
        /// Its log.
        log: Log,
        /// What its log says.
        reading: Box<Reading>,
    },
    /// Note what somebody found who read a build's whole log. Answer: as above.
    NoteReading {
        /// The build.
        build: u64,
        /// What they found.
        reading: Box<Reading>,
    },
    /// Where the log of a build lies, or would lie. Answer: [`LogPlace`] or `null`.
    LogPlace(u64),
    /// Builds, the newest first. Answer: [`api::List`](crate::api::List) of [`BuildSummary`].
    Builds(BuildQuery),
    /// Answer: [`api::report::Build`](crate::api::report::Build) or `null`.
    Build(u64),
    /// Runs, the newest first. Answer: [`api::List`](crate::api::List) of [`RunSummary`].
    Runs {
        /// At most so many.
        limit: u32,
        /// Before this one.
        before: Option<u64>,
    },
    /// Answer: [`api::report::Run`](crate::api::report::Run) or `null`.
    Run(u64),
    /// Answer: [`api::List`](crate::api::List) of [`FailureSummary`].
    Failures(FailureQuery),
    /// The failures that came or came back last, at most so many. Answer: `Vec<`[`News`]`>`.
    News(u32),
    /// Answer: [`FailureParts`] or `null`.
    Failure(Signature),
}

/// What a report says, and how it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Told {
    /// Where the builds ran.
    pub run: Run,
    /// What tells the run from others; see [`Run::key`].
    pub run_key: Digest,
    /// The builds.
    pub builds: Vec<ToldBuild>,
}

/// A build as one report tells it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ToldBuild {
    /// What tells the build from others.
    pub key: Digest,
    /// The kind of document: `Build`, `Configure`, `Update`, `Testing`, `JUnit`, `JSON`.
    pub document: String,
    /// The folder in which the report lies, and the log if there is one.
    pub folder: ReportFolder,
    /// Its log, when it came with the report.
    #[serde(default)]
    pub log: Option<Log>,
    /// What it says.
    pub said: Said,
}

/// What a report says of a build.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// One of the documents of CDash, which make a build together.
    Part {
        /// The build's name.
        name: String,
        /// The document.
        part: Box<Part>,
    },
    /// All that there is to say.
    Whole(Box<Build>),
}

/// What became of [`Told`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The run's number.
    pub run: u64,
    /// The builds, in the report's order.
    pub builds: Vec<TakenBuild>,
}

/// What became of a [`ToldBuild`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBuild {
    /// The build as it is known now.
    pub summary: BuildSummary,
    /// Whether it was not known before.
    pub is_new: bool,
}

/// A log that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// Its length in bytes.
    pub bytes: u64,
    /// Whether it was read from end to end.
    pub is_read_whole: bool,
}

/// What reading a log found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reading {
    /// The first real error.
    pub failure: Option<Failure>,
    /// Whether the whole log was read.
    pub is_whole: bool,
    /// The last phase that began.
    pub phase: Option<String>,
    /// How many warnings there are.
    pub warnings: u64,
}

/// Where a build's log lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPlace {
    /// The package whose log it is.
    pub package: String,
    /// The folder in which it lies, or would lie.
    pub folder: ReportFolder,
    /// The log, when there is one.
    pub log: Option<Log>,
}

/// Which builds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BuildQuery {
    /// Only those that ended so.
    pub status: Option<Status>,
    /// Only of this package.
    pub package: Option<String>,
    /// Only those stopped by an error of this kind.
    pub kind: Option<Kind>,
    /// Only of this run.
    pub run: Option<u64>,
    /// Only those stopped by this failure.
    pub signature: Option<Signature>,
    /// Only those reported at this time or later.
    pub since: Option<Timestamp>,
    /// At most so many.
    pub limit: u32,
    /// Before this one.
    pub before: Option<u64>,
}

/// Which failures, in which order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FailureQuery {
    /// Whether they still fail.
    pub state: FailureState,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Only those that broke this package.
    pub package: Option<String>,
    /// The order.
    pub order: FailureOrder,
    /// At most so many.
    pub limit: u32,
    /// How many to pass over.
    pub offset: u32,
}

/// A failure that came or came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// The failure.
    pub failure: FailureSummary,
    /// When it was first seen, or seen again after all of it had been built.
    pub since: Timestamp,
    /// The error with the log around it.
    pub cause: Failure,
    /// The run it was last seen in.
    pub run: RunSummary,
}

/// A failure that was not there before, or was fixed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureEvent {
    /// The failure.
    pub signature: Signature,
    /// Whether it was there before, and fixed.
    pub is_returned: bool,
    /// The build it was seen in.
    pub build: u64,
}

/// What a failure's page is made of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FailureParts {
    /// Its figures.
    pub summary: FailureSummary,
    /// The error with the log around it, as it was last seen.
    pub cause: Failure,
    /// The build it was last seen in.
    pub build: BuildSummary,
    /// The builds it broke, the newest first.
    pub builds: Vec<BuildSummary>,
    /// The newest build of each package it stopped.
    pub blocked: Vec<BuildSummary>,
    /// The runs of these builds.
    pub runs: Vec<RunSummary>,
}
