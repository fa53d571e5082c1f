//! Build reports: what a build said, where it first went wrong, and which failures are the same.
//!
//! ```text
//! io.c:1:10: fatal error: hdf5_not_here.h: No such file or directory
//!   -> missing_header, io.c line 1, phase build, signature 5c0d…
//! ```
//! Reports come as CDash documents ([`cdash`]), as JUnit files ([`junit`]) or as plain logs
//! ([`log`]). Each ends in the same model, [`Build`], and a failure gets the same
//! [`signature`](Failure::signature) whichever way it came.

use serde::{Deserialize, Serialize};

pub mod cdash;
pub mod junit;
pub mod log;
pub mod signature;
mod xml;

pub use signature::Signature;
pub use xml::ReportError;

/// One package that was built, or tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// The package's name, as far as the report tells it.
    pub package: String,
    /// What was asked for: `hdf5 +mpi`, or `/` and a hash.
    pub spec: String,
    /// The hash of the concrete spec, if the report has it.
    pub hash: Option<String>,
    /// The last phase known to have begun.
    pub phase: Option<String>,
    /// How it ended.
    pub status: Status,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// When it began, in seconds since 1970.
    pub started_at_seconds: Option<u64>,
    /// How long it took, in milliseconds.
    pub took_millis: Option<u64>,
    /// How many warnings the report counts.
    pub warnings: u64,
    /// Where it ran.
    pub run: Run,
}

impl Build {
    /// The dependency that broke this build, when it was not the package itself.
    pub fn broken_dependency(&self) -> Option<&str> {
        let failed = self.failure.as_ref()?.package.as_deref()?;
        (failed != self.package).then_some(failed)
    }
}

/// Where and as what a build ran, in the report's own words.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Run {
    /// CDash's project.
    pub project: Option<String>,
    /// The machine or runner.
    pub site: Option<String>,
    /// CDash's build name, or JUnit's suite.
    pub build_name: Option<String>,
    /// CDash's stamp: `20261120-1606-Nightly`.
    pub stamp: Option<String>,
    /// Spack's version, as it signs its reports.
    pub generator: Option<String>,
    /// The commit of Spack.
    pub revision: Option<String>,
}

/// How a build ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The report proves it.
    Passed,
    /// The report proves it.
    Failed,
    /// Not built: installed before, or not reached.
    Skipped,
    /// No error was reported, which proves nothing: a recipe that raises leaves no trace in CDash.
    Unknown,
}

/// The first real error of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Where the error stands in the log, counted from 1.
    pub log_line: u64,
    /// The log around it.
    pub excerpt: Excerpt,
    /// The same for every failure with the same cause.
    pub signature: Signature,
}

/// Some lines of a log, free of escape sequences.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Excerpt {
    /// The number of the first line in the log.
    pub first_line: u64,
    /// Which of `lines` has the error.
    pub error: usize,
    /// The lines, each cut to a bounded length.
    pub lines: Vec<String>,
}

/// What sort of error a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
}
