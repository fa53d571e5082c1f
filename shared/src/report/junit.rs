//! The JUnit file that `spack install --log-format=junit` writes.
//!
//! ```xml
//! <testsuite name="hdf5_gkchgkp"><testcase classname="hdf5" name="gkch…" time="0.2">
//!   <failure message="…">traceback</failure><system-out>whole log</system-out></testcase></testsuite>
//! ```
//! Source: `share/spack/templates/reports/junit.xml` of Spack 0.23. Each test case is a package.

use super::{
    Build, Run, Status,
    log::LogReader,
    xml::{Document, Item, ReportError},
};

/// Packages read of one file.
const MAX_BUILDS: usize = 10_000;

/// A test case that is being read.
struct Case {
    package: String,
    hash: String,
    took_millis: Option<u64>,
    status: Status,
    reason: String,
    log: String,
}

/// Parses a file: one build for each package it names, those that were not built included.
///
/// # Errors
/// [`ReportError`] for what Spack does not write.
pub fn parse(bytes: &[u8]) -> Result<Vec<Build>, ReportError> {
    let mut document = Document::new(bytes);
    let mut builds = Vec::new();
    let mut suite = None;
    let mut case: Option<Case> = None;
    let mut has_root = false;
    while let Some(item) = document.next_item()? {
        match item {
            Item::Begin(element) => match element.name.as_str() {
                name if !has_root && !matches!(name, "testsuites" | "testsuite") => {
                    return Err(ReportError::Unknown(name.chars().take(80).collect()));
                }
                "testsuites" => has_root = true,
                "testsuite" => {
                    has_root = true;
                    suite = element.attribute("name").map(str::to_owned);
                }
                "testcase" => {
                    let text = |name| element.attribute(name).unwrap_or_default().to_owned();
                    let seconds = text("time").parse::<f64>().ok().filter(|seconds| *seconds >= 0.0);
                    case = Some(Case {
                        package: text("classname"),
                        hash: text("name"),
                        took_millis: seconds.map(|seconds| (seconds * 1e3) as u64),
                        status: Status::Passed,
                        reason: String::new(),
                        log: String::new(),
                    });
                }
                _ => {}
            },
            Item::End(name, text) => match (name.as_str(), &mut case) {
                ("testcase", _) if builds.len() < MAX_BUILDS => {
                    builds.extend(case.take().map(|case| case.into_build(suite.clone())));
                }
                ("skipped", Some(case)) => case.status = Status::Skipped,
                ("failure" | "error", Some(case)) => {
                    case.status = Status::Failed;
                    case.reason = text;
                }
                ("system-out", Some(case)) => case.log = text,
                _ => {}
            },
        }
    }
    if has_root { Ok(builds) } else { Err(ReportError::CutShort) }
}

impl Case {
    fn into_build(self, suite: Option<String>) -> Build {
        let mut reader = LogReader::of_package(&self.package);
        // The text begins with the line end after the tag, which is not the log's.
        reader.push(self.log.strip_prefix('\n').unwrap_or(&self.log).as_bytes());
        if self.status == Status::Failed {
            // A recipe that raises says so here only.
            reader.push(b"\n");
            reader.push(self.reason.as_bytes());
        }
        let report = reader.finish();
        Build {
            spec: format!("{}/{}", self.package, self.hash),
            package: self.package,
            hash: Some(self.hash),
            phase: report.phase,
            status: self.status,
            failure: report.failure.filter(|_| self.status == Status::Failed),
            started_at_seconds: None,
            took_millis: self.took_millis,
            warnings: report.warnings,
            run: Run { build_name: suite, ..Run::default() },
        }
    }
}
