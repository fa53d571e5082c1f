//! From a line to what it says went wrong.

use super::{build, compiler, language, linker, spack, system};
use crate::report::{Kind, Tool};

/// How likely an error is the cause of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// It only says that something failed.
    Consequence,
    /// It looks like an error of a tool that is not known.
    Vague,
    /// It says what is wrong.
    Cause,
}

/// One error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) weight: Weight,
    pub(super) kind: Kind,
    pub(super) tool: Tool,
    pub(super) file: Option<String>,
    pub(super) line: Option<u64>,
    pub(super) message: String,
}

impl Event {
    pub(super) fn cause(kind: Kind, tool: Tool, message: &str) -> Self {
        let message = message.trim().to_owned();
        Self { weight: Weight::Cause, kind, tool, file: None, line: None, message }
    }

    pub(super) fn consequence(tool: Tool, message: &str) -> Self {
        Self { weight: Weight::Consequence, ..Self::cause(Kind::Other, tool, message) }
    }

    pub(super) fn vague(kind: Kind, tool: Tool, message: &str) -> Self {
        Self { weight: Weight::Vague, ..Self::cause(kind, tool, message) }
    }

    pub(super) fn at(self, file: &str, line: Option<u64>) -> Self {
        Self { file: Some(file.to_owned()), line, ..self }
    }
}

/// What `line` says went wrong, by the first rule that knows it.
pub(super) fn read(line: &str) -> Option<Event> {
    // Spack only warns that it skips what needs a broken package.
    if let Some(event) = spack::skipped(line) {
        return Some(event);
    }
    if is_harmless(line) {
        return None;
    }
    // What names its cause most precisely comes first: a compiler that was killed is no syntax error.
    system::read(line)
        .or_else(|| spack::read(line))
        .or_else(|| linker::read(line))
        .or_else(|| build::read(line))
        .or_else(|| language::read(line))
        .or_else(|| compiler::read(line))
        .or_else(|| generic(line))
}

/// Whether `line` is a warning. A line that is an error is not asked.
pub(super) fn is_warning(line: &str) -> bool {
    ["warning:", "Warning:", "WARNING:", "CMake Warning at", "CMake Deprecation Warning at"]
        .iter()
        .any(|word| line.contains(word))
}

/// Lines that hold an error's words and are none: probes, commands, source shown under an error.
fn is_harmless(line: &str) -> bool {
    let text = line.trim_start();
    let is_source = |text: &str| {
        let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
        digits.trim_start().starts_with("| ")
    };
    text.starts_with("==> [")
        || text.starts_with("-- ") && !text.contains("rror")
        || text.starts_with("checking ") && !text.contains("error:")
        || text.starts_with("+ ")
        || is_source(text)
        || ["conftest.", "CMakeScratch", "CMakeTmp", "(ignored)", "ignoring", "echo ", "printf ", "TryCompile"]
            .iter()
            .any(|probe| text.contains(probe))
        || first_of(text, &["warning:", "WARNING:", "Warning:"])
            .is_some_and(|warning| first_of(text, &["error:", "Error:", "ERROR:"]).is_none_or(|error| warning < error))
}

fn first_of(text: &str, words: &[&str]) -> Option<usize> {
    words.iter().filter_map(|word| text.find(word)).min()
}

/// What follows `word` in `line`.
pub(super) fn after<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    line.split_once(word).map(|(_, rest)| rest)
}

/// `error: …` of a program no other rule knows.
fn generic(line: &str) -> Option<Event> {
    let text = line.trim_start();
    for word in ["error: ", "Error: ", "ERROR: ", "fatal: ", "FATAL: ", "ERROR:"] {
        // Deep inside a line it is more often quoted than said.
        if let Some(at) = text.find(word).filter(|&at| at < 80) {
            return Some(Event::vague(Kind::Other, Tool::Unknown, &text[at + word.len()..]));
        }
    }
    None
}
