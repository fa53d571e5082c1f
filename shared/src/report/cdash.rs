//! The CDash documents that `spack install --cdash-upload-url` sends.
//!
//! ```xml
//! <Site BuildName="hdf5" BuildStamp="20261120-1606-Nightly" Name="runner"><Build>
//!   <Error><BuildLogLine>5</BuildLogLine><Text>…</Text><PreContext>…</PreContext>…</Error>
//! </Build></Site>
//! ```
//! Source: `reporters/cdash.py` and `share/spack/templates/reports/cdash` of Spack 0.23. Several
//! documents make one build: those with the same project, site, build name and stamp. Texts of
//! errors and warnings are escaped twice.

use std::collections::BTreeMap;

use super::{
    Failure, Kind, Run,
    log::LogReader,
    xml::{Document, Item, ReportError, unescape},
};

mod group;

pub use group::{group, is_same_build};

/// Errors and warnings read of one document; Spack sends at most 50 of each.
const MAX_EVENTS: usize = 1_000;

/// One document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The build it belongs to.
    pub run: Run,
    /// What it says.
    pub part: Part,
}

/// What one document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// `Build.xml`: errors and warnings of the build phase, each with lines around it.
    Build(BuildPart),
    /// `Configure.xml`: the whole log of the configure phase.
    Configure(ConfigurePart),
    /// `Update.xml`: the message of a specification that did not concretise, if any.
    Update(Option<String>),
    /// `Test.xml` or `Testing.xml`: each test.
    Testing(Vec<TestResult>),
}

/// The build phase.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BuildPart {
    started_at_seconds: Option<u64>,
    ended_at_seconds: Option<u64>,
    errors: Vec<LogEvent>,
    warnings: Vec<LogEvent>,
}

/// The configure phase, or what stopped Spack before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigurePart {
    started_at_seconds: Option<u64>,
    ended_at_seconds: Option<u64>,
    has_failed: bool,
    log: String,
}

/// A line of the build log that stands out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct LogEvent {
    line: u64,
    text: String,
    before: String,
    after: String,
}

/// One test of the package.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TestResult {
    name: String,
    status: String,
    output: String,
}

impl Submission {
    /// Parses a document sent to `project`.
    ///
    /// # Errors
    /// [`ReportError`] for what Spack does not send.
    pub fn parse(project: &str, bytes: &[u8]) -> Result<Self, ReportError> {
        let mut document = Document::new(bytes);
        let mut run = Run { project: Some(project.to_owned()), ..Run::default() };
        let mut part = None;
        let mut event = LogEvent::default();
        let mut test = TestResult::default();
        let mut depth = 0_usize;
        while let Some(item) = document.next_item()? {
            match item {
                Item::Begin(element) => {
                    depth += 1;
                    match (depth, element.name.as_str()) {
                        (1, "Site") => {
                            let attribute = |name| element.attribute(name).map(str::to_owned);
                            run.site = attribute("Name");
                            run.build_name = attribute("BuildName");
                            run.stamp = attribute("BuildStamp");
                            run.generator = attribute("Generator");
                        }
                        (1, "Update") => part = Some(Part::Update(None)),
                        (1, name) => return Err(ReportError::Unknown(name.chars().take(80).collect())),
                        (2, "Build") => part = Some(Part::Build(BuildPart::default())),
                        (2, "Configure") => part = Some(Part::Configure(ConfigurePart::default())),
                        (2, "Testing" | "Test") => part = Some(Part::Testing(Vec::new())),
                        (_, "Test") => {
                            let status = element.attribute("Status").unwrap_or_default().to_owned();
                            test = TestResult { status, ..TestResult::default() };
                        }
                        (_, "Error" | "Warning") => event = LogEvent::default(),
                        _ => {}
                    }
                }
                Item::End(name, text) => {
                    depth -= 1;
                    match &mut part {
                        Some(Part::Build(build)) => build.take(&name, text, &mut event),
                        Some(Part::Configure(configure)) => configure.take(&name, text),
                        Some(Part::Update(message)) => take_update(&mut run, message, &name, text),
                        Some(Part::Testing(tests)) => take_test(tests, &name, text, &mut test),
                        None => {}
                    }
                }
            }
        }
        part.map(|part| Self { run, part }).ok_or(ReportError::CutShort)
    }
}

impl BuildPart {
    fn take(&mut self, name: &str, text: String, event: &mut LogEvent) {
        match name {
            "StartBuildTime" => self.started_at_seconds = text.trim().parse().ok(),
            "EndBuildTime" => self.ended_at_seconds = text.trim().parse().ok(),
            "BuildLogLine" => event.line = text.trim().parse().unwrap_or_default(),
            "Text" => event.text = unescape(&text),
            "PreContext" => event.before = unescape(&text),
            "PostContext" => event.after = unescape(&text),
            "Error" if self.errors.len() < MAX_EVENTS => self.errors.push(std::mem::take(event)),
            "Warning" if self.warnings.len() < MAX_EVENTS => self.warnings.push(std::mem::take(event)),
            _ => {}
        }
    }

    /// The first real error. The lines around all errors and warnings are put back in their order
    /// and read as a log, so that the answer is that of the log they come from.
    fn failure(&self, package: &str) -> Option<Failure> {
        let first = self.errors.first()?;
        let mut lines = BTreeMap::new();
        for event in self.errors.iter().chain(&self.warnings) {
            event.put_lines(&mut lines);
        }
        let mut reader = LogReader::of_package(package);
        let mut numbers = Vec::with_capacity(lines.len());
        for (number, line) in lines {
            numbers.push(number);
            reader.push(line.as_bytes());
            reader.push(b"\n");
        }
        let number_of = |index: u64| numbers.get(index.saturating_sub(1) as usize).copied().unwrap_or(index);
        match reader.finish().failure {
            Some(mut failure) => {
                failure.log_line = number_of(failure.log_line);
                failure.excerpt.first_line = number_of(failure.excerpt.first_line);
                Some(failure)
            }
            // Spack's expressions know lines that no rule of ours does.
            None => Some(Failure::unexplained(package, &first.text, first.line)),
        }
    }
}

impl LogEvent {
    fn put_lines<'a>(&'a self, lines: &mut BTreeMap<u64, &'a str>) {
        lines.insert(self.line, &self.text);
        for (line, number) in self.before.lines().rev().zip((0..self.line).rev()) {
            lines.entry(number).or_insert(line);
        }
        for (line, number) in self.after.lines().zip(self.line.saturating_add(1)..) {
            lines.entry(number).or_insert(line);
        }
    }
}

impl ConfigurePart {
    fn take(&mut self, name: &str, text: String) {
        match name {
            "StartConfigureTime" => self.started_at_seconds = text.trim().parse().ok(),
            "EndConfigureTime" => self.ended_at_seconds = text.trim().parse().ok(),
            "ConfigureStatus" => self.has_failed |= text.trim() != "0",
            "Log" => {
                // Spack says 0 when it stopped before any phase.
                self.has_failed |= text.trim_start().starts_with("Pre-configure errors");
                self.log = text;
            }
            _ => {}
        }
    }

    fn failure(&self, package: &str) -> Option<Failure> {
        if !self.has_failed {
            return None;
        }
        let mut reader = LogReader::of_package(package);
        reader.push(self.log.as_bytes());
        let report = reader.finish();
        let last = self.log.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        Some(report.failure.unwrap_or_else(|| Failure::unexplained(package, last, report.lines)))
    }

    /// The package whose log this is: `configure output for hdf5:`.
    fn package(&self) -> Option<&str> {
        self.log.lines().next()?.strip_prefix("configure output for ")?.strip_suffix(':')
    }
}

impl Failure {
    /// An error no rule explains.
    fn unexplained(package: &str, text: &str, log_line: u64) -> Self {
        let message: String = text.chars().take(super::log::MAX_LINE_BYTES).collect();
        Self {
            package: Some(package.to_owned()),
            phase: None,
            kind: Kind::Other,
            tool: super::Tool::Unknown,
            file: None,
            line: None,
            log_line,
            excerpt: super::Excerpt { first_line: log_line, error: 0, lines: vec![message.clone()] },
            signature: super::Signature::new(Kind::Other, Some(package), None, &message),
            message,
        }
    }
}

fn take_update(run: &mut Run, message: &mut Option<String>, name: &str, text: String) {
    match name {
        "Site" => run.site = Some(text),
        "BuildName" => run.build_name = Some(text),
        "BuildStamp" => run.stamp = Some(text),
        "Revision" => run.revision = Some(text),
        "UpdateReturnStatus" if !text.trim().is_empty() => *message = Some(text),
        _ => {}
    }
}

fn take_test(tests: &mut Vec<TestResult>, name: &str, text: String, test: &mut TestResult) {
    match name {
        "Name" => test.name = text,
        "Value" => test.output = text,
        "Test" if tests.len() < MAX_EVENTS => tests.push(std::mem::take(test)),
        _ => {}
    }
}
