//! The issue that tells those who write a recipe of a failure: a link to their form, filled in, and
//! the same as Markdown.
//!
//! ```text
//! https://github.com/spack/spack-packages/issues/new?template=build_error.yml&title=…&reproduce=…
//! ```
//! The fields are those of spack-packages' form (`.github/ISSUE_TEMPLATE/build_error.yml` at
//! 1e8cf059). Everything that comes from a report stands in code, where it pings nobody and is no
//! markup. A link carries only so much, so there the excerpt is cut down to lines around the error.

use std::fmt::Write as _;

use super::{Failure, Run};
use crate::api::{
    Recipes,
    report::{BuildSummary, Issue, RunSummary},
};

/// Longest link, in bytes: GitHub refuses one of about 8 KB, and whoever has to log in first brings
/// along a longer one.
pub const MAX_URL_BYTES: usize = 7_000;

/// Bytes that a value may take in the link, percent-encoded. They leave most of it to the excerpt.
const MAX_VALUE_BYTES: usize = 300;
/// The same of a spec, of a message and of a line of the excerpt.
const MAX_TEXT_BYTES: usize = 800;
/// The same of a link, which is left out when it is longer.
const MAX_LINK_BYTES: usize = 700;

/// What Spack's form asks for. The name of its file, and its fields' ids and labels.
const FORM: &str = "build_error.yml";
const REPRODUCE: (&str, &str) = ("reproduce", "Steps to reproduce the issue");
const ERROR: (&str, &str) = ("error", "Error message");
const INFORMATION: (&str, &str) = ("information", "Information on your system");
const ADDITIONAL: (&str, &str) = ("additional_information", "Additional information");

/// The repositories that have Spack's form: its own, and forks of it.
const WITH_FORM: &str = "spack-packages";

/// The issue of a failure as it was seen in `build` of `run`; `page` is the failure's own page.
pub fn issue(
    recipes: &Recipes,
    failure: &Failure,
    build: &BuildSummary,
    run: Option<&RunSummary>,
    page: Option<&str>,
) -> Issue {
    let lines = excerpt(failure);
    let text = Text::of(failure, build, run, page);
    let whole = Shown { lines: &lines.marked, left_out: false };
    let markdown = text.markdown(&whole);
    let short: Vec<_> = lines.marked.iter().map(|line| cut(line, MAX_TEXT_BYTES)).collect();
    let fits = |range: std::ops::Range<usize>| {
        let left_out = range.len() < short.len() || short != lines.marked;
        let url = url(recipes, &text, &Shown { lines: &short[range], left_out });
        (url.len() <= MAX_URL_BYTES).then_some(url)
    };
    let (mut first, mut end) = (lines.error, lines.error + 1);
    let Some(mut best) = fits(first..end) else {
        // Only a report that was made to be too long comes here. The error's own line is bounded.
        let text = text.bare();
        let url = url(recipes, &text, &Shown { lines: &short[first..end], left_out: true });
        return Issue { url, title: text.title, markdown };
    };
    let (mut can_rise, mut can_sink) = (true, true);
    while can_rise || can_sink {
        can_rise = can_rise && first > 0;
        if can_rise {
            match fits(first - 1..end) {
                Some(url) => (first, best) = (first - 1, url),
                None => can_rise = false,
            }
        }
        can_sink = can_sink && end < short.len();
        if can_sink {
            match fits(first..end + 1) {
                Some(url) => (end, best) = (end + 1, url),
                None => can_sink = false,
            }
        }
    }
    Issue { url: best, title: text.title, markdown }
}

/// The link that opens a new issue with this text.
fn url(recipes: &Recipes, text: &Text, excerpt: &Shown<'_>) -> String {
    let page = recipes.url();
    let mut query = form_urlencoded::Serializer::new(String::new());
    let new = if recipes.is_at_github() && recipes.name() == WITH_FORM {
        query.append_pair("template", FORM).append_pair("title", &text.title);
        for ((id, _), value) in text.fields(excerpt) {
            if !value.is_empty() {
                query.append_pair(id, &value);
            }
        }
        "issues/new"
    } else if recipes.host().starts_with("gitlab.") {
        query.append_pair("issue[title]", &text.title).append_pair("issue[description]", &text.markdown(excerpt));
        "-/issues/new"
    } else {
        query.append_pair("title", &text.title).append_pair("body", &text.markdown(excerpt));
        "issues/new"
    };
    format!("{page}/{new}?{}", query.finish())
}

/// What an issue says, apart from the excerpt.
struct Text {
    title: String,
    reproduce: String,
    /// The error in a line, with its place.
    error: String,
    information: String,
    additional: String,
    page: Option<String>,
}

/// Some lines of the excerpt.
struct Shown<'a> {
    lines: &'a [String],
    /// Whether there are more, or they are longer.
    left_out: bool,
}

impl Text {
    fn of(failure: &Failure, build: &BuildSummary, run: Option<&RunSummary>, page: Option<&str>) -> Self {
        let package = package_name(failure.package.as_deref().unwrap_or(&build.package));
        let page = page.and_then(link);
        let spec = match build.spec.trim() {
            "" => shell_word(&build.package),
            spec => shell_word(spec),
        };
        let commands = [format!("$ spack spec -I {spec}"), format!("$ spack install {spec}")];
        Self {
            title: format!("Installation issue: {package}"),
            reproduce: fenced("console", &commands),
            error: error(failure),
            information: information(build, run),
            additional: additional(failure, build, page.as_deref()),
            page,
        }
    }

    /// Nothing but the error.
    fn bare(&self) -> Self {
        let (title, error) = (self.title.clone(), self.error.clone());
        let nothing = String::new;
        Self { title, error, reproduce: nothing(), information: nothing(), additional: nothing(), page: None }
    }

    /// The form's fields with what stands in them.
    fn fields(&self, excerpt: &Shown<'_>) -> [((&'static str, &'static str), String); 4] {
        let Self { error, page, .. } = self;
        let mut message = format!("{error}\n\n<details><summary>Error message</summary>\n\n");
        message += &fenced("text", excerpt.lines);
        message += "\n\n</details>";
        if excerpt.left_out {
            message += "\n\nLines of this excerpt were left out, because a link carries only so much.";
            if let Some(page) = page {
                let _ = write!(message, " All of it: {page}");
            }
        }
        [
            (REPRODUCE, self.reproduce.clone()),
            (ERROR, message),
            (INFORMATION, self.information.clone()),
            (ADDITIONAL, self.additional.clone()),
        ]
    }

    /// All of it, as the form would write it.
    fn markdown(&self, excerpt: &Shown<'_>) -> String {
        let fields = self.fields(excerpt).into_iter().filter(|(_, value)| !value.is_empty());
        let parts: Vec<_> = fields.map(|((_, label), value)| format!("### {label}\n\n{value}\n")).collect();
        parts.join("\n")
    }
}

/// The error in a line of code, and where it stands.
fn error(failure: &Failure) -> String {
    let message = code(&cut(failure.message.trim(), MAX_TEXT_BYTES));
    match (&failure.file, failure.line) {
        (Some(file), Some(line)) => format!("{message} in {}", value(&format!("{file}:{line}"))),
        (Some(file), None) => format!("{message} in {}", value(file)),
        (None, _) => message,
    }
}

/// The list that `spack debug report` begins with, as far as it is known, and where it ran.
fn information(build: &BuildSummary, run: Option<&RunSummary>) -> String {
    let unknown = Run::default();
    let place = run.map_or(&unknown, |run| &run.run);
    let spack = match (&place.generator, &place.revision) {
        (Some(generator), Some(revision)) if !generator.contains(revision.as_str()) => {
            Some(format!("{generator} ({revision})"))
        }
        (generator, revision) => generator.clone().or_else(|| revision.clone()),
    };
    let facts = [
        ("Spack", spack.as_deref()),
        ("Compiler", compiler(&build.spec)),
        ("Machine", place.runner.as_deref().or(place.site.as_deref())),
        ("Built from", place.repository.as_deref()),
        ("Commit", place.commit.as_deref()),
        ("Job", build.job.as_deref()),
    ];
    let mut lines: Vec<_> =
        facts.into_iter().filter_map(|(name, text)| Some(format!("* **{name}:** {}", value(text?)))).collect();
    if let Some(link) = run.and_then(|run| run.link.as_deref()).and_then(link) {
        lines.push(format!("* **Run:** {link}"));
    }
    if lines.is_empty() {
        lines.push("The report does not tell.".to_owned());
    }
    lines.join("\n")
}

/// What Larder knows beyond what the form asks.
fn additional(failure: &Failure, build: &BuildSummary, page: Option<&str>) -> String {
    let mut lines = Vec::new();
    if let Some(hash) = &build.hash {
        lines.push(format!("* **Concrete spec:** {}", value(&format!("/{hash}"))));
    }
    if let Some(phase) = failure.phase.as_deref().or(build.phase.as_deref()) {
        lines.push(format!("* **Phase:** {}", value(phase)));
    }
    if let Some(page) = page {
        lines.push(format!("* **All builds that failed like this, with their logs:** {page}"));
    }
    lines.join("\n")
}

/// The compiler that a spec names: `gcc@12` in `hdf5 +mpi %gcc@12 ^zlib`.
fn compiler(spec: &str) -> Option<&str> {
    let (_, rest) = spec.split_once('%')?;
    let ends = |c: char| c.is_whitespace() || "%^+~/".contains(c);
    let compiler = rest.split(ends).next()?;
    (!compiler.is_empty()).then_some(compiler)
}

/// The lines of the excerpt as an issue shows them, and which of them has the error.
struct Marked {
    marked: Vec<String>,
    error: usize,
}

/// Marks the error as Spack does: `>> 12    error: …`.
fn excerpt(failure: &Failure) -> Marked {
    let excerpt = &failure.excerpt;
    if excerpt.lines.is_empty() {
        return Marked { marked: vec![format!(">> {}", plain(&failure.message))], error: 0 };
    }
    let error = excerpt.error.min(excerpt.lines.len() - 1);
    let line = |(index, line): (usize, &String)| {
        let mark = if index == error { ">>" } else { "  " };
        match excerpt.first_line {
            Some(first) => format!("{mark} {:<6} {}", first.saturating_add(index as u64), plain(line)),
            None => format!("{mark} {}", plain(line)),
        }
    };
    Marked { marked: excerpt.lines.iter().enumerate().map(line).collect(), error }
}

/// One line, without characters that steer what is shown: controls, and those that turn the direction
/// of writing.
fn plain(text: &str) -> String {
    let shown = |c: char| match c {
        '\t' => c,
        '\n' | '\r' => ' ',
        c if c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}') => {
            '\u{fffd}'
        }
        c => c,
    };
    text.chars().map(shown).collect()
}

/// One line of at most so many bytes when it is percent-encoded, with `…` where it was cut.
fn cut(text: &str, max_encoded_bytes: usize) -> String {
    let text = plain(text);
    let mut room = max_encoded_bytes;
    for (at, c) in text.char_indices() {
        let bytes = if c.is_ascii_alphanumeric() || c == ' ' { 1 } else { 3 * c.len_utf8() };
        match room.checked_sub(bytes) {
            Some(left) => room = left,
            None => return format!("{}…", &text[..at]),
        }
    }
    text
}

/// A short text in a code span.
fn value(text: &str) -> String {
    code(&cut(text.trim(), MAX_VALUE_BYTES))
}

/// Text in a code span, whatever backticks it holds (CommonMark, section 6.1).
fn code(text: &str) -> String {
    let ticks = "`".repeat(longest_ticks(text) + 1);
    let text = if text.is_empty() { " " } else { text };
    let needs_room = text.starts_with('`') || text.ends_with('`');
    if needs_room { format!("{ticks} {text} {ticks}") } else { format!("{ticks}{text}{ticks}") }
}

/// Lines in a code block, whatever backticks they hold (CommonMark, section 4.5).
fn fenced(language: &str, lines: &[String]) -> String {
    let ticks = lines.iter().map(|line| longest_ticks(line)).max().unwrap_or(0);
    let fence = "`".repeat(ticks.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}", lines.join("\n"))
}

fn longest_ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A package's name as Spack's are; what no name has is left out.
fn package_name(text: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || "-_.".contains(*c);
    let name: String = text.chars().filter(is_plain).take(100).collect();
    if name.is_empty() { "a package".to_owned() } else { name }
}

/// A spec as it can be given to a shell: quoted, unless no shell would see more in it than its words.
fn shell_word(spec: &str) -> String {
    let spec = cut(spec, MAX_TEXT_BYTES / 2);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " @%+^=_.,:/~-".contains(c);
    if spec.chars().all(is_plain) { spec } else { format!("'{}'", spec.replace('\'', r"'\''")) }
}

/// A link as Markdown makes one of it by itself. Links into GitHub's issues, pull requests and commits
/// would be noted there, so of GitHub's pages only runs are linked; others are shown as code.
fn link(url: &str) -> Option<String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
    let encoded: usize = url.bytes().map(|b| if b.is_ascii_alphanumeric() { 1 } else { 3 }).sum();
    if !url.bytes().all(is_plain) || encoded > MAX_LINK_BYTES {
        return None;
    }
    Some(if is_quiet(url) { format!("<{url}>") } else { code(url) })
}

fn is_quiet(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else { return false };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.to_ascii_lowercase();
    if !host.contains("github.com") {
        return !host.contains('@');
    }
    let is_name = |text: &&str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) && *text != "..";
    let parts: Vec<_> = path.split('/').filter(is_name).collect();
    host == "github.com" && parts.len() == path.split('/').count() && matches!(parts[..], [_, _, "actions", "runs", ..])
}

#[cfg(test)]
mod tests;
