//! Build reports: what a build said, where it first went wrong, and which failures are the same.
//!
//! ```text
//! io.c:1:10: fatal error: hdf5_not_here.h: No such file or directory
//!   -> missing_header, io.c line 1, phase build, signature 5c0d…
//! ```
//! Reports come as CDash documents ([`cdash`]), as JUnit files ([`junit`]) or as plain logs
//! ([`log`]). Each ends in the same model, [`Report`], and a failure gets the same
//! [`signature`](Failure::signature) whichever way it came.

use serde::{Deserialize, Serialize};

use crate::{api::Timestamp, digest::Digest};

pub mod badge;
pub mod cdash;
pub mod feed;
pub mod issue;
pub mod junit;
pub mod log;
pub mod proof;
pub mod run;
pub mod signature;
mod xml;

pub use run::{Provider, Run};
pub use signature::Signature;
pub use xml::ReportError;

/// What one report says: some builds, and where they ran.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// Where the builds ran.
    #[serde(default)]
    pub run: Run,
    /// The builds.
    pub builds: Vec<Build>,
}

/// One package that was built, or tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "BuildReport"))]
pub struct Build {
    /// The package's name, as far as the report tells it.
    pub package: String,
    /// What was asked for, in Spack's words: `hdf5 +mpi`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub spec: String,
    /// The hash of the concrete spec, if the report has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// The last phase known to have begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// How it ended.
    pub status: Status,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// How long it took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_millis: Option<u64>,
    /// How many warnings were counted.
    #[serde(default)]
    pub warnings: u64,
}

/// Most builds of one report.
pub const MAX_BUILDS: usize = 2_000;

impl Build {
    /// The dependency that broke this build, when it was not the package itself.
    pub fn broken_dependency(&self) -> Option<&str> {
        let failure = self.failure.as_ref()?;
        let other = failure.package.as_deref().filter(|failed| *failed != self.package);
        other.or_else(|| failure.skipped_since())
    }

    /// What is tried, over runs: the package and what was asked for, without what changes from run to
    /// run, and whether it is built or tested. Once that succeeds, it no longer fails.
    pub fn subject(&self) -> String {
        let changes = |word: &&str| !word.starts_with("hash=") && !word.starts_with('/') && !word.starts_with('(');
        let words: Vec<_> = self.spec.split_whitespace().filter(changes).collect();
        let what = if self.phase.as_deref() == Some("test") { "test " } else { "" };
        format!("{what}{} {}", self.package, words.join(" "))
    }

    /// What tells the build from others of the run with `run_key`.
    pub fn key(&self, run_key: &Digest, job: Option<&str>) -> Digest {
        let asked = self.hash.as_deref().unwrap_or(&self.spec);
        run::key(&["build", &run_key.to_string(), job.unwrap_or_default(), &self.package, asked])
    }

    /// The same build as a stranger tells it: each text no longer than Larder keeps, and blocked rather
    /// than failed when its failure is another package's.
    #[must_use]
    pub fn bounded(self) -> Self {
        let cut = |text: String| cut(text, MAX_WORDS_BYTES);
        let status = match &self.failure {
            Some(failure) if self.status == Status::Failed => failure.status_of(&self.package),
            _ => self.status,
        };
        Self {
            status,
            package: cut(self.package),
            spec: cut(self.spec),
            hash: self.hash.map(cut),
            phase: self.phase.map(cut),
            failure: self.failure.map(Failure::bounded),
            ..self
        }
    }
}

/// Bytes kept of a name, a spec or a phase.
const MAX_WORDS_BYTES: usize = 1_000;

/// Lines kept of an excerpt.
const MAX_EXCERPT_LINES: usize = 64;

fn cut(mut text: String, bytes: usize) -> String {
    text.truncate(text.floor_char_boundary(bytes));
    text
}

/// How a build ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Status {
    /// It was made: the report proves it, or its package was pushed.
    Built,
    /// Its own phase broke.
    Failed,
    /// It was never begun, because a package it needs broke.
    Blocked,
    /// No error was reported, which proves nothing: a recipe that raises leaves no trace in CDash.
    Unknown,
    /// It was not built: it was installed before, or came from a cache.
    Reused,
}

impl Status {
    /// All there are, in the order in which a run's page lists them.
    pub const ALL: [Self; 5] = [Self::Failed, Self::Blocked, Self::Unknown, Self::Built, Self::Reused];

    /// The name in JSON, in URLs and on the dashboard.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Built => "built",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Unknown => "unknown",
            Self::Reused => "reused",
        }
    }
}

/// The first real error of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Cause"))]
pub struct Failure {
    /// The package that failed: the build's own, or one of its dependencies.
    pub package: Option<String>,
    /// The phase it failed in.
    pub phase: Option<String>,
    /// What sort of error it is.
    pub kind: Kind,
    /// Who said so.
    pub tool: Tool,
    /// The file the error is in, as the tool names it.
    pub file: Option<String>,
    /// The line in that file.
    pub line: Option<u64>,
    /// The error's text, without its place.
    pub message: String,
    /// Where the error stands in the log, counted from 1; `null` when only the log's end was read.
    pub log_line: Option<u64>,
    /// The log around it.
    pub excerpt: Excerpt,
    /// The same for every failure with the same cause.
    pub signature: Signature,
}

/// Some lines of a log, free of escape sequences.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Excerpt {
    /// The number of the first line in the log; `null` when only the log's end was read.
    pub first_line: Option<u64>,
    /// Which of `lines` has the error.
    pub error: usize,
    /// The lines, each cut to a bounded length.
    pub lines: Vec<String>,
}

/// What sort of error a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Kind {
    /// A compiler refused the source.
    Compile,
    /// A header, Fortran module or Python module was not found.
    MissingHeader,
    /// The linker found no definition.
    UndefinedReference,
    /// The linker failed otherwise: a missing library, two definitions.
    Link,
    /// The package did not find what it needs, or refused its options.
    Configure,
    /// The source could not be had.
    Fetch,
    /// The source is not the one expected.
    Checksum,
    /// A patch does not apply.
    Patch,
    /// The package's tests failed.
    Test,
    /// A package it needs was not built.
    DependencyFailed,
    /// Memory, disk, processes or files ran out, or it was killed.
    Resource,
    /// It took longer than it may.
    Timeout,
    /// A program or a rule of the build is missing.
    MissingTool,
    /// The recipe or Spack itself raised.
    Recipe,
    /// Some command failed and nothing says why.
    Other,
}

/// The program an error comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "each is a program's name")]
pub enum Tool {
    Gcc,
    Clang,
    Gfortran,
    Nvcc,
    Nvhpc,
    OneApi,
    Ld,
    Lld,
    Make,
    Cmake,
    Ctest,
    Autoconf,
    Meson,
    Ninja,
    Pip,
    Python,
    Cargo,
    Go,
    Git,
    Curl,
    Patch,
    Shell,
    Spack,
    System,
    Unknown,
}

impl Failure {
    /// Reads a log that is held whole.
    pub fn in_log(log: &[u8]) -> Option<Self> {
        let mut reader = log::LogReader::new();
        reader.push(log);
        reader.finish().failure
    }

    /// The same failure, found where the numbers of lines are not known.
    #[must_use]
    pub fn unplaced(mut self) -> Self {
        self.log_line = None;
        self.excerpt.first_line = None;
        self
    }

    /// How a build of `package` ended that this stopped.
    pub fn status_of(&self, package: &str) -> Status {
        let is_own = self.package.as_deref().is_none_or(|failed| failed == package);
        if is_own && self.kind != Kind::DependencyFailed { Status::Failed } else { Status::Blocked }
    }

    /// The package that Spack names as the reason for not building another:
    /// `Skipping build of app-1.0-… since libfoo-2.0-… failed`.
    fn skipped_since(&self) -> Option<&str> {
        if self.kind != Kind::DependencyFailed {
            return None;
        }
        let words = self.message.split_once(" since ").or_else(|| self.message.split_once(" due to "))?.1;
        let id = words.split_whitespace().next()?;
        let (rest, hash) = id.rsplit_once('-')?;
        let (name, _version) = rest.rsplit_once('-')?;
        (hash.len() == 32 && !name.is_empty()).then_some(name)
    }

    /// The same failure as a stranger tells it: no text longer than Larder keeps, and a signature that is
    /// that of its message.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let short = |text: String| cut(text, MAX_WORDS_BYTES);
        self.package = self.package.map(short);
        self.phase = self.phase.map(short);
        self.file = self.file.map(short);
        self.message = cut(self.message, log::MAX_LINE_BYTES);
        self.excerpt.lines.truncate(MAX_EXCERPT_LINES);
        self.excerpt.lines = self.excerpt.lines.into_iter().map(|line| cut(line, log::MAX_LINE_BYTES)).collect();
        self.excerpt.error = self.excerpt.error.min(self.excerpt.lines.len().saturating_sub(1));
        let signature = |package| Signature::new(self.kind, package, self.file.as_deref(), &self.message);
        if self.signature != signature(self.package.as_deref()) {
            self.signature = signature(None);
        }
        self
    }

    /// The same failure, of a package that is known better now. A signature that was told apart by the
    /// package's name is made anew.
    #[must_use]
    pub fn of_package(mut self, package: &str) -> Self {
        let signature = |package| Signature::new(self.kind, package, self.file.as_deref(), &self.message);
        if self.package.is_some() && self.signature == signature(self.package.as_deref()) {
            self.signature = signature(Some(package));
        }
        self.package = Some(package.to_owned());
        self
    }
}
