//! The errors that may be the first real one, with the log around them.
//!
//! ```text
//! x.c:1:10: fatal error: x.h: No such file       <- the log goes on for long, nothing fails: perhaps none
//! …
//! sh: ./gen: Permission denied                   <- a complaint
//! make: *** [Makefile:7: gen.c] Error 126        <- something failed: the complaint was the cause
//! ```

use super::{
    LINES_AFTER, build, compiler, language,
    line::said,
    place,
    rule::{Event, Weight},
    spack,
};
use crate::report::{Excerpt, Kind, Tool};

/// Lines after which a compiler's error stands back behind others, when nothing failed and the log went on.
const PATIENCE_LINES: u64 = 300;

/// The same for an error of a program no rule knows, which then was none.
const VAGUE_PATIENCE_LINES: u64 = 100;

/// Lines between a complaint and what failed because of it.
const COMPLAINT_LINES: u64 = 30;

/// Lines between complaints that belong together; the first is the cause.
const SAME_LINES: u64 = 10;

/// Lines after a complaint at the end of a log that ends with it.
const LAST_LINES: u64 = 2;

/// An error, and what stands around it.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) event: Event,
    pub(super) package: Option<String>,
    pub(super) phase: Option<String>,
    /// Its number in the log, counted from 1.
    pub(super) log_line: u64,
    pub(super) excerpt: Excerpt,
    /// The line of the last error that came soon after the one before.
    last_line: u64,
    /// Whether something failed afterwards.
    is_proven: bool,
}

impl Candidate {
    pub(super) fn new(event: Event, log_line: u64, before: Vec<String>, text: &str) -> Self {
        let mut lines = before;
        let error = lines.len();
        lines.push(text.to_owned());
        let excerpt = Excerpt { first_line: Some(log_line - error as u64), error, lines };
        Self { event, package: None, phase: None, log_line, excerpt, last_line: log_line, is_proven: false }
    }

    pub(super) fn in_phase(self, package: Option<&str>, phase: Option<&str>) -> Self {
        Self { package: package.map(str::to_owned), phase: phase.map(str::to_owned), ..self }
    }

    /// Which of the lines above complains, where this one only says that something failed.
    fn complaint_above(&self) -> Option<usize> {
        let before = &self.excerpt.lines[..self.excerpt.error];
        let last = before.iter().rposition(|line| complains(line))?;
        let first = before[..last].iter().rposition(|line| !complains(line)).map_or(0, |at| at + 1);
        // `Extension error:` only announces what follows.
        let is_announcement = first < last && before[first].trim_end().ends_with(':');
        Some(if is_announcement { first + 1 } else { first })
    }

    /// The same part of the log, with what its line `at` says as the error.
    fn moved_to(self, at: usize) -> Self {
        let text = said(&self.excerpt.lines[at]).trim();
        let event = match place::any(text) {
            _ if is_of_shell(text) => Event::vague(Kind::Other, Tool::Shell, text),
            _ if text.contains("No module named ") => Event::vague(Kind::MissingHeader, Tool::Python, text),
            Some(place) => Event::vague(Kind::Compile, Tool::Unknown, place.text).at(place.file, place.line),
            None => Event::vague(Kind::Other, Tool::Unknown, text),
        };
        let log_line = self.log_line - (self.excerpt.error - at) as u64;
        Self { event, log_line, excerpt: Excerpt { error: at, ..self.excerpt }, ..self }
    }

    fn is_open(&self) -> bool {
        self.excerpt.lines.len() <= self.excerpt.error + LINES_AFTER
    }

    /// Whether the log went on up to `line` as if there had been no error.
    fn is_over(&self, line: u64) -> bool {
        let can_be_probe = self.event.weight == Weight::Vague
            || self.event.tool == Tool::Python
            || matches!(
                self.event.kind,
                Kind::Compile | Kind::MissingHeader | Kind::UndefinedReference | Kind::Link | Kind::Other
            );
        let is_vague = self.event.weight <= Weight::Vague;
        let patience = if is_vague { VAGUE_PATIENCE_LINES } else { PATIENCE_LINES };
        can_be_probe && !self.is_proven && line > self.last_line + patience
    }

    /// Whether it counts although the log went on, where there is nothing better. What Python misses is
    /// often only asked for: `python -c 'import x'`.
    fn may_be_last_word(&self) -> bool {
        self.event.weight == Weight::Cause && self.event.tool != Tool::Python
    }

    /// With what the lines around it tell: the file of a Fortran error, the message of a CMake one.
    pub(super) fn refined(mut self) -> Self {
        let lines: Vec<_> = self.excerpt.lines.iter().map(|line| said(line).to_owned()).collect();
        let (before, after) = lines.split_at(self.excerpt.error);
        let after = &after[1..];
        build::refine(&mut self.event, before, after);
        language::refine(&mut self.event, before, after);
        compiler::refine(&mut self.event, before, after);
        spack::refine(&mut self.event, before, after);
        // Where nothing else tells what sort of error it is, the phase does.
        if self.event.kind == Kind::Other {
            self.event.kind = match self.phase.as_deref() {
                Some("check" | "test" | "installcheck") => Kind::Test,
                Some("autoreconf" | "configure" | "cmake" | "meson" | "qmake") if self.event.tool == Tool::Unknown => {
                    Kind::Configure
                }
                _ => Kind::Other,
            };
        }
        self
    }
}

/// Whether a line of a program no rule knows says that something is wrong.
fn complains(line: &str) -> bool {
    let text = said(line).trim();
    let is_command = text.starts_with(['/', '[', '-', '+', '=', '*']) || text.contains(" -c ") || text.contains(" -o ");
    let lower = text.to_ascii_lowercase();
    if is_command || lower.contains("warning") || lower.contains("note:") || lower.starts_with("checking ") {
        return false;
    }
    let has_place = place::any(text).is_some_and(|place| !place.text.is_empty());
    has_place
        || is_of_shell(text)
        || [
            "cannot",
            "can't",
            "could not",
            "couldn't",
            "unable",
            "failed",
            "failure",
            "fatal",
            "error:",
            "invalid",
            "unknown ",
            "missing",
            "not enough",
            "no such",
            "not supported",
            "unsupported",
            "denied",
            "exception",
            "abort",
            "do not ",
            "does not ",
            "not found",
            "unexpected",
            "unrecognized",
            "illegal",
        ]
        .iter()
        .any(|word| lower.contains(word))
}

/// `./build.sh: line 33: JAVA_HOME: unbound variable`
fn is_of_shell(text: &str) -> bool {
    let number = text
        .split_once(": line ")
        .and_then(|(script, rest)| (!script.contains(' ')).then(|| rest.split(':').next())?);
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

/// ninja names what failed, then shows what it said.
fn says_why_below(candidate: &Candidate) -> bool {
    candidate.event.tool == Tool::Ninja && candidate.event.message.starts_with("FAILED: ")
}

/// The first error of each weight.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    first: [Option<Candidate>; 4],
    /// The first cause that nothing failed of for long.
    doubtful: Option<Candidate>,
}

impl Candidates {
    /// Takes note of an error of this weight in `line`; whether it would be the first.
    pub(super) fn wants(&mut self, weight: Weight, line: u64) -> bool {
        for candidate in self.first.iter_mut() {
            let over = candidate.take_if(|candidate| candidate.is_over(line));
            if let Some(cause) = over.filter(Candidate::may_be_last_word) {
                self.doubtful.get_or_insert(cause);
            }
        }
        match weight {
            Weight::Complaint => {
                let is_same = |known: &Candidate| line <= known.log_line + SAME_LINES;
                let known = &self.first[Weight::Complaint as usize];
                !known.as_ref().is_some_and(is_same) && self.first[Weight::Vague as usize..].iter().all(Option::is_none)
            }
            Weight::Consequence => {
                self.first.iter_mut().flatten().for_each(|candidate| candidate.is_proven = true);
                let known = self.first[Weight::Consequence as usize].as_ref();
                known.is_none_or(says_why_below) && self.first[Weight::Vague as usize..].iter().all(Option::is_none)
            }
            Weight::Vague | Weight::Cause => {
                let known = &mut self.first[weight as usize..];
                known.iter_mut().flatten().for_each(|candidate| candidate.last_line = line);
                known.iter().all(Option::is_none)
            }
        }
    }

    /// Adds an error that is wanted.
    pub(super) fn add(&mut self, candidate: Candidate) {
        if candidate.event.weight == Weight::Consequence && !says_why_below(&candidate) {
            let complaint = self.first[Weight::Complaint as usize].take();
            let complaint = complaint.filter(|known| candidate.log_line <= known.log_line + COMPLAINT_LINES);
            let cause = match (complaint, candidate.complaint_above()) {
                (Some(complaint), _) => complaint,
                (None, Some(at)) => candidate.moved_to(at),
                (None, None) => {
                    self.first[Weight::Consequence as usize].get_or_insert(candidate);
                    return;
                }
            };
            let event = Event { weight: Weight::Vague, ..cause.event };
            self.first[Weight::Vague as usize] = Some(Candidate { event, is_proven: true, ..cause });
            return;
        }
        let weight = candidate.event.weight as usize;
        self.first[weight] = Some(candidate);
    }

    /// Whether lines after a candidate are still to come.
    pub(super) fn are_open(&self) -> bool {
        self.first.iter().flatten().any(Candidate::is_open)
    }

    /// Adds a line after the candidates that wait for it.
    pub(super) fn follow(&mut self, text: &str) {
        for candidate in self.first.iter_mut().flatten().filter(|candidate| candidate.is_open()) {
            candidate.excerpt.lines.push(text.to_owned());
        }
    }

    /// Forgets what `package` said, for it went on well, and what no package is known of.
    pub(super) fn clear(&mut self, package: &str) {
        for candidate in self.first.iter_mut().chain([&mut self.doubtful]) {
            candidate.take_if(|known| known.package.as_deref().is_none_or(|known| known == package));
        }
    }

    /// The first of the heaviest, in a log of so many lines.
    pub(super) fn into_first(self, lines: u64) -> Option<Candidate> {
        let Self { first: [complaint, consequence, vague, cause], doubtful } = self;
        let certain = |candidate: &Candidate| !candidate.is_over(lines);
        let is_last = |candidate: &Candidate| lines <= candidate.log_line + LAST_LINES;
        let (cause, over) = match cause {
            Some(cause) if certain(&cause) => (Some(cause), None),
            over => (None, over),
        };
        cause
            .or_else(|| vague.filter(certain))
            .or(doubtful)
            .or_else(|| over.filter(Candidate::may_be_last_word))
            .or(consequence)
            .or_else(|| complaint.filter(is_last))
    }
}
