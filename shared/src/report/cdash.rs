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

use serde::{Deserialize, Serialize};

use super::{
    Failure, Kind, Run, Signature, Tool,
    log::LogReader,
    run::key,
    xml::{Document, Item, ReportError, unescape},
};
use crate::{api::Timestamp, digest::Digest};

mod join;

pub use join::{group, join, put};

/// Errors and warnings read of one document; Spack sends at most 50 of each.
const MAX_EVENTS: usize = 1_000;

/// One document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Where the build ran.
    pub run: Run,
    /// The name that tells the build from others of the same site and stamp: what was asked for, as
    /// `hdf5 +mpi`, or `hdf5 +mpi - zlib` where one command built several packages.
    pub name: String,
    /// What it says.
    pub part: Part,
}

/// What one document says of its build, without the documents of the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// `Build.xml`: the build phase.
    Build(Phase),
    /// `Configure.xml`: the configure phase, or what stopped Spack before it.
    Configure(Phase),
    /// `Update.xml`: the commit of Spack, or why a specification did not concretise.
    Update(Phase),
    /// `Test.xml` or `Testing.xml`: the package's tests.
    Testing(Phase),
}

/// A phase, as one document tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Phase {
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What was asked for on the command line, where the document says so.
    pub command: Option<String>,
    /// Whose log it is, where the document says so.
    pub package: Option<String>,
    /// What went wrong in it.
    pub failure: Option<Failure>,
    /// Warnings, which only the build phase counts.
    pub warnings: u64,
    /// Whether a test passed.
    pub has_passed: bool,
}

impl Part {
    /// The name of the document, as Spack's files have it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Build(_) => "Build",
            Self::Configure(_) => "Configure",
            Self::Update(_) => "Update",
            Self::Testing(_) => "Testing",
        }
    }

    /// The name of the file in which it is kept.
    pub const fn file(&self) -> &'static str {
        match self {
            Self::Build(_) => "Build.xml",
            Self::Configure(_) => "Configure.xml",
            Self::Update(_) => "Update.xml",
            Self::Testing(_) => "Testing.xml",
        }
    }

    /// When the build began, as far as the document says.
    pub const fn started(&self) -> Option<Timestamp> {
        self.phase().started
    }

    /// When the build ended, as far as the document says.
    pub const fn ended(&self) -> Option<Timestamp> {
        self.phase().ended
    }

    const fn phase(&self) -> &Phase {
        match self {
            Self::Build(phase) | Self::Configure(phase) | Self::Update(phase) | Self::Testing(phase) => phase,
        }
    }
}

/// What is being read.
enum Reading {
    Build(BuildPart),
    Configure(ConfigurePart),
    Update(Option<String>),
    Testing(TestingPart),
}

/// The package's tests, each with its output.
#[derive(Debug, Default)]
struct TestingPart {
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    tests: Vec<TestResult>,
}

/// The build phase: errors and warnings, each with lines around it.
#[derive(Debug, Default)]
struct BuildPart {
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    command: String,
    errors: Vec<LogEvent>,
    warnings: Vec<LogEvent>,
}

/// The configure phase with its whole log, or what stopped Spack before it.
#[derive(Debug, Default)]
struct ConfigurePart {
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    command: String,
    has_failed: bool,
    log: String,
}

/// A line of the build log that stands out.
#[derive(Debug, Default)]
struct LogEvent {
    line: u64,
    text: String,
    before: String,
    after: String,
}

/// One test of the package.
#[derive(Debug, Default)]
struct TestResult {
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
        let mut name = String::new();
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
                            name = attribute("BuildName").unwrap_or_default();
                            run.stamp = attribute("BuildStamp");
                            run.generator = attribute("Generator");
                        }
                        (1, "Update") => part = Some(Reading::Update(None)),
                        (1, name) => return Err(ReportError::Unknown(name.chars().take(80).collect())),
                        (2, "Build") => part = Some(Reading::Build(BuildPart::default())),
                        (2, "Configure") => part = Some(Reading::Configure(ConfigurePart::default())),
                        (2, "Testing" | "Test") => part = Some(Reading::Testing(TestingPart::default())),
                        (_, "Test") => {
                            let status = element.attribute("Status").unwrap_or_default().to_owned();
                            test = TestResult { status, ..TestResult::default() };
                        }
                        (_, "Error" | "Warning") => event = LogEvent::default(),
                        _ => {}
                    }
                }
                Item::End(element, text) => {
                    depth -= 1;
                    match &mut part {
                        Some(Reading::Build(build)) => build.take(&element, text, &mut event),
                        Some(Reading::Configure(configure)) => configure.take(&element, text),
                        Some(Reading::Update(message)) => match element.as_str() {
                            "Site" => run.site = Some(text),
                            "BuildName" => name = text,
                            "BuildStamp" => run.stamp = Some(text),
                            "Revision" => run.revision = Some(text),
                            "UpdateReturnStatus" if !text.trim().is_empty() => *message = Some(text),
                            _ => {}
                        },
                        Some(Reading::Testing(part)) => part.take(&element, text, &mut test),
                        None => {}
                    }
                }
            }
        }
        let part = part.ok_or(ReportError::CutShort)?.into_part(&name);
        Ok(Self { run, name, part })
    }

    /// What tells its build from all others: project, site, stamp and name.
    pub fn key(&self) -> Digest {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let Run { project, site, stamp, .. } = &self.run;
        key(&["cdash", &text(project), &text(site), &text(stamp), &self.name])
    }
}

/// A phase with a log, which may name another package than the build called `name` does.
fn logged(name: &str, command: &str, named: Option<&str>, failure: impl FnOnce(&str) -> Option<Failure>) -> Phase {
    let package = named.unwrap_or_else(|| join::package_of(join::asked(name, command)));
    Phase {
        failure: failure(package),
        command: Some(command.to_owned()).filter(|command| !command.is_empty()),
        package: named.map(str::to_owned),
        ..Phase::default()
    }
}

impl Reading {
    /// What was read, of a build called `name`.
    fn into_part(self, name: &str) -> Part {
        let package = join::package_of(name);
        match self {
            Self::Build(part) => {
                let warnings = part.warnings.len() as u64;
                let phase = logged(name, &part.command, part.package(), |package| part.failure(package));
                Part::Build(Phase { started: part.started, ended: part.ended, warnings, ..phase })
            }
            Self::Configure(part) => {
                let phase = logged(name, &part.command, part.package(), |package| part.failure(package));
                Part::Configure(Phase { started: part.started, ended: part.ended, ..phase })
            }
            Self::Update(message) => Part::Update(Phase {
                failure: message.map(|message| Failure {
                    phase: Some("concretize".to_owned()),
                    kind: Kind::Recipe,
                    ..Failure::unexplained(package, &message, 1)
                }),
                ..Phase::default()
            }),
            Self::Testing(TestingPart { started, ended, tests }) => Part::Testing(Phase {
                started,
                ended,
                failure: tests.iter().find(|test| test.status == "failed").map(|test| test.failure(package)),
                has_passed: tests.iter().any(|test| test.status == "passed"),
                ..Phase::default()
            }),
        }
    }
}

fn time(text: &str) -> Option<Timestamp> {
    text.trim().parse::<u64>().ok()?.checked_mul(1_000).map(Timestamp::from_millis)
}

impl BuildPart {
    fn take(&mut self, name: &str, text: String, event: &mut LogEvent) {
        match name {
            "StartBuildTime" => self.started = time(&text),
            "EndBuildTime" => self.ended = time(&text),
            "BuildCommand" => text.trim().clone_into(&mut self.command),
            "BuildLogLine" => event.line = text.trim().parse().unwrap_or_default(),
            "Text" => event.text = unescape(&text),
            "PreContext" => event.before = unescape(&text),
            "PostContext" => event.after = unescape(&text),
            "Error" if self.errors.len() < MAX_EVENTS => self.errors.push(std::mem::take(event)),
            "Warning" if self.warnings.len() < MAX_EVENTS => self.warnings.push(std::mem::take(event)),
            _ => {}
        }
    }

    /// The package whose log it is, if one of the lines that came along says so: the log's first line, or
    /// the path of the folder in which it is built.
    fn package(&self) -> Option<&str> {
        let lines = || self.errors.iter().chain(&self.warnings).flat_map(LogEvent::lines);
        lines().find_map(headed_package).or_else(|| lines().find_map(staged_package))
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
                failure.log_line = failure.log_line.map(number_of);
                failure.excerpt.first_line = failure.excerpt.first_line.map(number_of);
                Some(Failure { phase: Some("build".to_owned()), ..failure })
            }
            // Spack's expressions know lines that no rule of ours does.
            None => Some(Failure {
                phase: Some("build".to_owned()),
                ..Failure::unexplained(package, &first.text, first.line)
            }),
        }
    }
}

impl TestResult {
    fn failure(&self, package: &str) -> Failure {
        let mut reader = LogReader::of_package(package);
        reader.push(self.output.as_bytes());
        let failure = reader.finish().failure.unwrap_or_else(|| Failure::unexplained(package, &self.name, 1));
        let failure = Failure { phase: Some("test".to_owned()), kind: Kind::Test, ..failure };
        // `FAILED: Hdf5::test_h5cc: Command exited with status 2:`, as Spack's test runner says it.
        match failure.message.strip_prefix("FAILED: ").map(|message| message.trim_end_matches(':').to_owned()) {
            Some(message) => Failure {
                tool: Tool::Spack,
                signature: Signature::new(Kind::Test, Some(package), None, &message),
                message,
                ..failure
            },
            None => failure,
        }
    }
}

/// The package of `build output for hdf5:`.
fn headed_package(line: &str) -> Option<&str> {
    line.strip_prefix("build output for ")?.strip_suffix(':')
}

/// The package of `…/spack-stage-hdf5-1.14.5-gkch…/spack-src/…`.
fn staged_package(line: &str) -> Option<&str> {
    let (_, stage) = line.split_once("/spack-stage-")?;
    let (rest, hash) = stage.split('/').next()?.rsplit_once('-')?;
    let (name, _version) = rest.rsplit_once('-')?;
    let is_hash = hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_alphanumeric());
    (is_hash && !name.is_empty()).then_some(name)
}

impl LogEvent {
    fn lines(&self) -> impl Iterator<Item = &str> {
        self.before.lines().chain([self.text.as_str()]).chain(self.after.lines())
    }

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
            "StartConfigureTime" => self.started = time(&text),
            "EndConfigureTime" => self.ended = time(&text),
            "ConfigureCommand" => text.trim().clone_into(&mut self.command),
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
        let failure = report.failure.unwrap_or_else(|| Failure::unexplained(package, last, report.lines));
        let phase = match failure.kind {
            Kind::Fetch | Kind::Checksum => "fetch",
            Kind::Patch => "patch",
            _ => "configure",
        };
        Some(Failure { phase: Some(phase.to_owned()), ..failure })
    }

    /// The package whose log this is: `configure output for hdf5:`.
    fn package(&self) -> Option<&str> {
        self.log.lines().next()?.strip_prefix("configure output for ")?.strip_suffix(':')
    }
}

impl Failure {
    /// An error no rule explains.
    pub(super) fn unexplained(package: &str, text: &str, log_line: u64) -> Self {
        let message: String = text.chars().take(super::log::MAX_LINE_BYTES).collect();
        Self {
            package: Some(package.to_owned()),
            phase: None,
            kind: Kind::Other,
            tool: Tool::Unknown,
            file: None,
            line: None,
            log_line: Some(log_line),
            excerpt: super::Excerpt { first_line: Some(log_line), error: 0, lines: vec![message.clone()] },
            signature: Signature::new(Kind::Other, Some(package), None, &message),
            message,
        }
    }
}

impl TestingPart {
    fn take(&mut self, name: &str, text: String, test: &mut TestResult) {
        match name {
            "StartTestTime" => self.started = time(&text),
            "EndTestTime" => self.ended = time(&text),
            "Name" => test.name = text,
            "Value" => test.output = text,
            "Test" if self.tests.len() < MAX_EVENTS => self.tests.push(std::mem::take(test)),
            _ => {}
        }
    }
}
