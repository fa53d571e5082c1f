//! The JUnit file that `spack install --log-format=junit` writes.
//!
//! ```xml
//! <testsuite name="hdf5_gkchgkp"><testcase classname="hdf5" name="gkch…" time="0.2">
//!   <failure message="…">traceback</failure><system-out>whole log</system-out></testcase></testsuite>
//! ```
//! Source: `share/spack/templates/reports/junit.xml` of Spack 0.23. Each test case is a package.

use std::collections::HashMap;

use super::{
    Build, Failure, MAX_BUILDS, Status,
    log::LogReader,
    xml::{Document, Item, ReportError},
};
use crate::api::Timestamp;

/// A package the file names, and its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What became of it.
    pub build: Build,
    /// Its whole log; `None` when the file has none.
    pub log: Option<String>,
}

/// A test suite, which is a spec that was asked for.
#[derive(Default)]
struct Suite {
    /// The package that was asked for, and the beginning of its hash.
    root: Option<(String, String)>,
    /// The first failure of the suite.
    failure: Option<Failure>,
    /// Whether the package that was asked for has a case.
    has_root: bool,
    started: Option<Timestamp>,
    architecture: String,
    compiler: String,
}

/// A test case that is being read.
struct Reading {
    package: String,
    hash: String,
    took_millis: u64,
    status: Option<Status>,
    reason: String,
    log: String,
}

/// Parses a file: one case for each package it names, those that were not built included. A package
/// that several of the suites name is told by the one that knows most: the suite that built it.
///
/// # Errors
/// [`ReportError`] for what Spack does not write.
pub fn parse(bytes: &[u8]) -> Result<Vec<Case>, ReportError> {
    let mut document = Document::new(bytes);
    let mut cases: Vec<Case> = Vec::new();
    let mut places = HashMap::new();
    let mut suite = Suite::default();
    let mut reading: Option<Reading> = None;
    let mut has_root = false;
    while let Some(item) = document.next_item()? {
        match item {
            Item::Begin(element) => {
                let text = |name| element.attribute(name).unwrap_or_default().to_owned();
                match element.name.as_str() {
                    name if !has_root && !matches!(name, "testsuites" | "testsuite") => {
                        return Err(ReportError::Unknown(name.chars().take(80).collect()));
                    }
                    "testsuites" => has_root = true,
                    "testsuite" => {
                        has_root = true;
                        let name = text("name");
                        let root = name.rsplit_once('_').map(|(name, hash)| (name.to_owned(), hash.to_owned()));
                        suite = Suite { root, started: timestamp(&text("timestamp")), ..Suite::default() };
                    }
                    "property" if reading.is_none() => match text("name").as_str() {
                        "architecture" => suite.architecture = text("value"),
                        "compiler" => suite.compiler = text("value"),
                        _ => {}
                    },
                    "testcase" => reading = Some(Reading::new(text("classname"), text("name"), &text("time"))),
                    _ => {}
                }
            }
            Item::End(name, text) => match (name.as_str(), &mut reading) {
                ("testcase", _) => {
                    let Some(case) = reading.take().map(|reading| reading.into_case(&suite)) else { continue };
                    suite.note(&case.build);
                    put(&mut cases, &mut places, case)?;
                }
                ("testsuite", _) => {
                    if let Some(case) = suite.blocked_root() {
                        put(&mut cases, &mut places, case)?;
                    }
                }
                ("skipped", Some(reading)) => reading.status = Some(Status::Reused),
                ("failure" | "error", Some(reading)) => {
                    reading.status = Some(Status::Failed);
                    reading.reason = text;
                }
                // The text begins with the line end after the tag, which is not the log's.
                ("system-out", Some(reading)) => reading.log = text.strip_prefix('\n').unwrap_or(&text).to_owned(),
                _ => {}
            },
        }
    }
    if has_root { Ok(cases) } else { Err(ReportError::CutShort) }
}

/// Adds a case, or tells one that is there better.
fn put(
    cases: &mut Vec<Case>,
    places: &mut HashMap<(String, Option<String>), usize>,
    case: Case,
) -> Result<(), ReportError> {
    let place = (case.build.package.clone(), case.build.hash.clone());
    let place = *places.entry(place).or_insert(cases.len());
    match cases.get_mut(place) {
        Some(known) if tells(case.build.status) > tells(known.build.status) => *known = case,
        Some(_) => {}
        None if place >= MAX_BUILDS => return Err(ReportError::TooLarge),
        None => cases.push(case),
    }
    Ok(())
}

/// How much a result tells: that a package was there proves least.
const fn tells(status: Status) -> u8 {
    match status {
        Status::Unknown => 0,
        Status::Reused => 1,
        Status::Built => 2,
        Status::Blocked => 3,
        Status::Failed => 4,
    }
}

/// `Fri, 20 Nov 2026 16:08:19`, in UTC.
fn timestamp(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let words: Vec<_> = text.split_whitespace().collect();
    let [_, day, month, year, time, ..] = words[..] else { return None };
    let month = MONTHS.iter().position(|known| *known == month)? + 1;
    format!("{year}-{month:02}-{day:0>2}T{time}Z").parse().ok()
}

impl Suite {
    fn note(&mut self, build: &Build) {
        if let Some((name, hash)) = &self.root {
            self.has_root |= build.package == *name && build.hash.as_ref().is_some_and(|known| known.starts_with(hash));
        }
        if self.failure.is_none() {
            self.failure.clone_from(&build.failure);
        }
    }

    /// The package that was asked for, when another that it needs broke: then Spack leaves it out.
    fn blocked_root(&mut self) -> Option<Case> {
        let ((package, hash), failure) = self.root.take().zip(self.failure.take())?;
        let is_hash = hash.len() == 7 && hash.bytes().all(|b| b.is_ascii_alphanumeric());
        if self.has_root || !is_hash || package.is_empty() {
            return None;
        }
        let build = Build {
            spec: self.spec(&package),
            package,
            hash: None,
            phase: None,
            status: Status::Blocked,
            failure: Some(failure),
            started: self.started,
            took_millis: None,
            warnings: 0,
        };
        Some(Case { build, log: None })
    }

    /// What was asked for, of one of its packages.
    fn spec(&self, package: &str) -> String {
        let mut spec = package.to_owned();
        for (key, value) in [("%", self.compiler.replace("@=", "@")), ("arch=", self.architecture.clone())] {
            if !value.is_empty() {
                spec += &format!(" {key}{value}");
            }
        }
        spec
    }
}

impl Reading {
    fn new(package: String, hash: String, seconds: &str) -> Self {
        let seconds = seconds.parse::<f64>().ok().filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
        let took_millis = (seconds.unwrap_or_default() * 1e3) as u64;
        Self { package, hash, took_millis, status: None, reason: String::new(), log: String::new() }
    }

    fn into_case(self, suite: &Suite) -> Case {
        // A package that was not reached has neither a result nor a log nor took any time.
        let was_reached = self.took_millis > 0 || !self.log.trim().is_empty();
        let status = self.status.unwrap_or(if was_reached { Status::Built } else { Status::Unknown });
        let mut reader = LogReader::of_package(&self.package);
        reader.push(self.log.as_bytes());
        if status == Status::Failed {
            // A recipe that raises says so here only.
            reader.push(b"\n");
            reader.push(self.reason.as_bytes());
        }
        let read = reader.finish();
        let reason = self.reason.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no reason is given");
        let unexplained = || Failure::unexplained(&self.package, reason.trim(), read.lines);
        let failure = (status == Status::Failed).then(|| read.failure.clone().unwrap_or_else(unexplained));
        let mut build = Build {
            spec: suite.spec(&self.package),
            package: self.package,
            hash: Some(self.hash).filter(|hash| !hash.is_empty()),
            phase: failure.as_ref().and_then(|failure| failure.phase.clone()).or(read.phase),
            status,
            failure,
            started: suite.started,
            took_millis: was_reached.then_some(self.took_millis),
            warnings: read.warnings,
        };
        if let Some(failure) = &build.failure {
            build.status = failure.status_of(&build.package);
        }
        Case { build, log: Some(self.log).filter(|log| !log.trim().is_empty()) }
    }
}
