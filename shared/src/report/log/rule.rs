//! From a line to what it says went wrong.

use super::{
    build, compiler, language, linker,
    literal::{self, Marks},
    spack, system,
};
use crate::report::{Kind, Tool};

/// How likely an error is the cause of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// What programs also say in a build that goes well: `git: command not found`.
    /// It counts when something fails right after it.
    Complaint,
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

    pub(super) fn complaint(kind: Kind, tool: Tool, message: &str) -> Self {
        Self { weight: Weight::Complaint, ..Self::cause(kind, tool, message) }
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
    read_marked(line, literal::marks(line))
}

/// The same, for a line whose marks are known.
pub(super) fn read_marked(line: &str, marks: Marks) -> Option<Event> {
    // Spack only warns that it skips what needs a broken package.
    if marks.has(Marks::SPACK)
        && let Some(event) = spack::skipped(line)
    {
        return Some(event);
    }
    if is_harmless(line, marks) {
        return None;
    }
    // Most errors: a compiler names a place, and no other rule is asked.
    if marks.is_only(Marks::ERROR)
        && let Some(event) = compiler::plain(line)
    {
        return Some(event);
    }
    RULES.iter().filter(|(asked, _)| marks.has(*asked)).find_map(|(_, rule)| rule(line))
}

type Rule = fn(&str) -> Option<Event>;

/// The rules, each with the marks of the lines it is asked about. What names its cause most
/// precisely comes first: a compiler that was killed is no syntax error.
const RULES: [(Marks, Rule); 9] = [
    (Marks::SYSTEM, system::read),
    (Marks::SOURCE, spack::source),
    (Marks::SPACK, spack::said),
    (Marks::SOURCE, spack::network),
    (Marks::ERROR.and(Marks::LINKER), linker::read),
    (Marks::ERROR.and(Marks::BUILD), build::read),
    (Marks::ERROR.and(Marks::LANGUAGE), language::read),
    (Marks::ERROR.and(Marks::COMPILER), compiler::read),
    (Marks::ERROR, generic),
];

/// Whether `line` is a warning. A line that is an error is not asked.
pub(super) fn is_warning(line: &str) -> bool {
    ["warning:", "Warning:", "WARNING:", "CMake Warning at", "CMake Deprecation Warning at"]
        .iter()
        .any(|word| line.contains(word))
}

/// Lines that hold an error's words and are none: probes, commands, source shown under an error.
fn is_harmless(line: &str, marks: Marks) -> bool {
    let text = line.trim_start();
    let is_source = || {
        let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
        digits.trim_start().starts_with("| ") || text.starts_with("= note: LC_ALL=")
    };
    // What make prints before it runs it, and what a shell prints with `-x`.
    let is_command = || text.starts_with("+ ") || text.starts_with("==> [") || text.contains("echo ") && has_echo(text);
    marks.has(Marks::PROBE)
        || text.starts_with("-- ") && !text.contains("rror")
        || text.starts_with("checking ") && !text.contains("error:")
        // Tests that went well, whatever their names.
        || ["ok ", "PASS: ", "XFAIL: ", "SKIP: "].iter().any(|passed| text.starts_with(passed))
        || is_source()
        || is_command()
        || marks.has(Marks::WARNING)
            && first_of(text, &["warning:", "WARNING:", "Warning:"]).is_some_and(|warning| {
                first_of(text, &["error:", "Error:", "ERROR:"]).is_none_or(|error| warning < error)
            })
}

/// Whether the error's words are what a command would print: `test -f x || echo "error: no x"`.
fn has_echo(text: &str) -> bool {
    let echo = first_of(text, &["echo '", "echo \"", "echo error", "echo Error"]);
    echo.is_some_and(|echo| first_of(text, &["rror:", "RROR:", "fatal:", "not found"]).is_none_or(|error| echo < error))
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
    for word in ["error: ", "Error: ", "ERROR: ", "fatal: ", "FATAL: ", "ERROR:", "[ERROR] ", "Error in ", "npm ERR! "]
    {
        // Behind a sentence it is quoted, not said.
        if let Some((head, message)) = text.split_once(word)
            && head.split_whitespace().count() <= 3
            // `# ERROR: 0` counts.
            && !message.trim().bytes().all(|byte| byte.is_ascii_digit())
        {
            return Some(Event::vague(Kind::Other, Tool::Unknown, message));
        }
    }
    None
}
