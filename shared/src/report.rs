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

use crate::api::Timestamp;

pub mod badge;
pub mod cdash;
pub mod feed;
pub mod issue;
pub mod junit;
pub mod log;
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

impl Build {
    /// The dependency that broke this build, when it was not the package itself.
    pub fn broken_dependency(&self) -> Option<&str> {
        let failed = self.failure.as_ref()?.package.as_deref()?;
        (failed != self.package).then_some(failed)
    }
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
