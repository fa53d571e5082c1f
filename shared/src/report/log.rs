//! Reads a build log piece by piece and finds its first real error.
//!
//! ```text
//! ==> hdf5: Executing phase: 'build'
//! H5.c:81:3: error: 'x' undeclared (first use in this function)    <- the cause
//! make: *** [Makefile:2: all] Error 1                              <- its consequence
//! ```
//! Memory does not grow with the log: of a long line only its beginning is looked at, and of the
//! log only what stands around a candidate is kept. Lines are looked at only when they hold one of
//! few literals, which are searched for in whole pieces.

use std::collections::VecDeque;

use memchr::{memchr, memchr_iter, memrchr};

use super::{Failure, Kind, Signature, Tool};

mod build;
mod candidate;
mod compiler;
mod language;
mod line;
mod linker;
mod literal;
mod place;
mod probe;
mod rule;
mod spack;
mod system;

use candidate::{Candidate, Candidates};
use language::Traceback;
use line::{clean, said};
use literal::Marks;
use rule::{Event, Weight};

/// Bytes of a line that are looked at and shown.
pub const MAX_LINE_BYTES: usize = 2_048;

/// Error lines whose numbers are kept.
pub const MAX_ERROR_LINES: usize = 200;

/// Lines kept before an error.
pub const LINES_BEFORE: usize = 8;

/// Lines kept after an error.
pub const LINES_AFTER: usize = 12;

/// What a log says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogReport {
    /// The package whose log it is, as Spack names it in the log.
    pub package: Option<String>,
    /// The last phase that began.
    pub phase: Option<String>,
    /// What Spack last said it installed: `zlib-1.3.1-` and its hash.
    pub installed: Option<String>,
    /// The first real error.
    pub failure: Option<Failure>,
    /// The lines that look like errors, in order, up to [`MAX_ERROR_LINES`].
    pub error_lines: Vec<ErrorLine>,
    /// How many lines look like errors, consequences included.
    pub errors: u64,
    /// How many lines are warnings.
    pub warnings: u64,
    /// How many lines the log has.
    pub lines: u64,
}

/// Where a line that looks like an error begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorLine {
    /// Its number, counted from 1.
    pub line: u64,
    /// Bytes before it, escape sequences included.
    pub byte: u64,
}

/// Takes a log in pieces of any size.
#[derive(Debug, Default)]
pub struct LogReader {
    /// The beginning of a line whose end has not arrived.
    pending: Vec<u8>,
    /// Whether a line has begun that has not ended.
    is_in_line: bool,
    /// Length of the line that has not ended.
    pending_bytes: u64,
    /// The last lines of what was read, for the context of an error in the next piece.
    recent: VecDeque<Vec<u8>>,
    /// Bytes in complete lines.
    bytes: u64,
    report: LogReport,
    candidates: Candidates,
    traceback: Option<Traceback>,
}

impl LogReader {
    /// Before the first byte.
    pub fn new() -> Self {
        Self::default()
    }

    /// Before the first byte of the log of `package`.
    pub fn of_package(package: &str) -> Self {
        Self { report: LogReport { package: Some(package.to_owned()), ..LogReport::default() }, ..Self::default() }
    }

    /// Reads the next piece.
    pub fn push(&mut self, mut chunk: &[u8]) {
        if self.is_in_line {
            let end = memchr(b'\n', chunk);
            self.hold(&chunk[..end.unwrap_or(chunk.len())]);
            let Some(end) = end else { return };
            self.end_pending();
            chunk = &chunk[end + 1..];
        }
        let complete = memrchr(b'\n', chunk).map_or(0, |end| end + 1);
        self.read_lines(&chunk[..complete]);
        if complete < chunk.len() {
            self.is_in_line = true;
            self.hold(&chunk[complete..]);
        }
    }

    /// What the whole log said.
    pub fn finish(mut self) -> LogReport {
        if self.is_in_line {
            self.end_pending();
        }
        let Self { mut report, candidates, .. } = self;
        report.failure = candidates.into_first(report.lines).map(failure);
        report
    }

    /// Keeps the beginning of the line that has not ended.
    fn hold(&mut self, piece: &[u8]) {
        let room = MAX_LINE_BYTES.saturating_sub(self.pending.len());
        self.pending.extend_from_slice(&piece[..piece.len().min(room)]);
        self.pending_bytes += piece.len() as u64;
    }

    fn end_pending(&mut self) {
        let mut line = std::mem::take(&mut self.pending);
        line.push(b'\n');
        let is_looked_at = self.is_following() || literal::find(&line, 0).is_some();
        self.report.lines += 1;
        if is_looked_at {
            self.look_at(&line[..line.len() - 1], &[], self.bytes);
        }
        self.bytes += self.pending_bytes + 1;
        self.remember(&line);
        line.clear();
        self.pending = line;
        self.pending_bytes = 0;
        self.is_in_line = false;
    }

    /// Reads whole lines, each with its end.
    fn read_lines(&mut self, lines: &[u8]) {
        let start_bytes = self.bytes;
        let mut at = 0;
        while at < lines.len() {
            let begin = if self.is_following() {
                at
            } else {
                let Some(hit) = literal::find(lines, at) else { break };
                memrchr(b'\n', &lines[at..hit]).map_or(at, |end| at + end + 1)
            };
            self.report.lines += memchr_iter(b'\n', &lines[at..begin]).count() as u64 + 1;
            let end = memchr(b'\n', &lines[begin..]).map_or(lines.len(), |length| begin + length);
            let line = &lines[begin..end];
            self.look_at(&line[..line.len().min(MAX_LINE_BYTES)], &lines[..begin], start_bytes + begin as u64);
            at = end + 1;
        }
        if at < lines.len() {
            self.report.lines += memchr_iter(b'\n', &lines[at..]).count() as u64;
        }
        self.bytes += lines.len() as u64;
        self.remember(lines);
    }

    /// Whether every line is looked at, because something seen before goes on.
    fn is_following(&self) -> bool {
        self.traceback.is_some() || self.candidates.are_open()
    }

    /// Keeps the last of `lines`.
    fn remember(&mut self, lines: &[u8]) {
        for line in last_lines(lines) {
            self.recent.push_back(line.to_vec());
        }
        while self.recent.len() > LINES_BEFORE {
            self.recent.pop_front();
        }
    }

    /// Looks at line number `report.lines`; `before` are the lines of the same piece before it.
    fn look_at(&mut self, raw: &[u8], before: &[u8], byte: u64) {
        let shown = clean(raw);
        let text = said(&shown);
        let marks = literal::marks(text);
        self.candidates.follow(&shown);
        if marks.has(Marks::SPACK) && self.follow_spack(text) {
            return;
        }
        // Of a flood of errors all but the first are only counted.
        if self.traceback.is_none() && marks.is_only(Marks::ERROR) && compiler::is_plain(text) {
            let line = self.report.lines;
            if !self.candidates.wants(Weight::Cause, line) {
                self.count(byte);
                return;
            }
        }
        let event = match self.traceback.take() {
            Some(mut traceback) => {
                if traceback.takes(text) {
                    self.traceback = Some(traceback);
                    return;
                }
                traceback.exception(text)
            }
            None => rule::read_marked(text, marks),
        };
        if marks.has(Marks::LANGUAGE)
            && let Some(traceback) = Traceback::begins(text)
        {
            self.traceback = Some(traceback);
            return;
        }
        match event {
            Some(event) => self.take(event, before, byte, &shown),
            None => self.report.warnings += u64::from(marks.has(Marks::WARNING) && rule::is_warning(text)),
        }
    }

    /// Follows which package and phase the log is of; whether `text` told.
    fn follow_spack(&mut self, text: &str) -> bool {
        if let Some(started) = spack::phase(text) {
            // A phase that begins proves that the one before did not fail.
            self.candidates.clear(started.package);
            self.report.package = Some(started.package.to_owned());
            self.report.phase = Some(started.phase.to_owned());
        } else if let Some((package, installed)) = spack::installed(text) {
            self.candidates.clear(package);
            self.report.installed = Some(installed.to_owned());
        } else if let Some(spec) = spack::installing(text) {
            let is_known = |known: &String| spec.strip_prefix(known.as_str()).is_some_and(|rest| rest.starts_with('-'));
            if !self.report.package.as_ref().is_some_and(is_known) {
                self.report.package = Some(spack::name_in(spec).to_owned());
                self.report.phase = None;
            }
        } else if let Some(package) = spack::output_header(text) {
            self.report.package = Some(package.to_owned());
        } else {
            return false;
        }
        true
    }

    /// Counts an error.
    fn count(&mut self, byte: u64) {
        self.report.errors += 1;
        if self.report.error_lines.len() < MAX_ERROR_LINES {
            self.report.error_lines.push(ErrorLine { line: self.report.lines, byte });
        }
    }

    /// Counts an error, and keeps it if it may be the first.
    fn take(&mut self, event: Event, before: &[u8], byte: u64, shown: &str) {
        if event.weight > Weight::Complaint {
            self.count(byte);
        }
        let line = self.report.lines;
        let is_wanted = self.candidates.wants(event.weight, line);
        let may_be_fortran = event.weight == Weight::Vague
            && compiler::may_be_below_place(said(shown))
            && self.candidates.wants(Weight::Cause, line);
        if !is_wanted && !may_be_fortran {
            return;
        }
        let before = self.lines_before(before);
        let event = match event {
            event if probe::is_one(&event, &before) => return,
            event if may_be_fortran && compiler::is_below_place(&before) => {
                Event { weight: Weight::Cause, kind: Kind::Compile, tool: Tool::Gfortran, ..event }
            }
            event if is_wanted => event,
            _ => return,
        };
        let candidate = Candidate::new(event, line, before, shown);
        self.candidates.add(candidate.in_phase(self.report.package.as_deref(), self.report.phase.as_deref()));
    }

    /// The cleaned lines before the current one, of this piece and those before it.
    fn lines_before(&self, lines: &[u8]) -> Vec<String> {
        let here: Vec<_> = last_lines(lines).collect();
        let missing = LINES_BEFORE - here.len();
        let earlier = self.recent.iter().skip(self.recent.len().saturating_sub(missing)).map(Vec::as_slice);
        earlier.chain(here).map(|line| clean(line).into_owned()).collect()
    }
}

/// The last [`LINES_BEFORE`] of whole lines, in order, each cut to its bound.
fn last_lines(lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut found = Vec::with_capacity(LINES_BEFORE);
    let mut end = lines.len();
    while end > 0 && found.len() < LINES_BEFORE {
        let begin = memrchr(b'\n', &lines[..end - 1]).map_or(0, |at| at + 1);
        found.push(&lines[begin..(end - 1).min(begin + MAX_LINE_BYTES)]);
        end = begin;
    }
    found.into_iter().rev()
}

fn failure(candidate: Candidate) -> Failure {
    let Candidate { event, package, phase, log_line, excerpt, .. } = candidate.refined();
    let qualifier = package.as_deref().filter(|_| is_of_package(&event));
    let signature = Signature::new(event.kind, qualifier, event.file.as_deref(), &event.message);
    Failure {
        package,
        phase,
        kind: event.kind,
        tool: event.tool,
        file: event.file,
        line: event.line,
        message: event.message,
        log_line: Some(log_line),
        excerpt,
        signature,
    }
}

/// Whether the error may read the same in every package, so that the package tells them apart: a
/// consequence, a test's name, `Hunk #1 FAILED`, a page that is not found, a compiler without memory.
fn is_of_package(event: &Event) -> bool {
    let is_of_machine = ["resolve host", "not known", "nknown host", "No space left", "quota exceeded", "license"]
        .iter()
        .any(|word| event.message.contains(word));
    let is_common = matches!(
        event.kind,
        Kind::Test | Kind::Patch | Kind::Fetch | Kind::Resource | Kind::Timeout | Kind::MissingTool
    );
    event.weight < Weight::Cause || is_common && !is_of_machine
}
