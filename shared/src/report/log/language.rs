//! Errors of languages that build themselves: Python and pip, Rust and Cargo, Go.

use super::{
    place,
    rule::{Event, Weight},
    spack,
};
use crate::report::{Kind, Tool};

pub(super) fn read(line: &str) -> Option<Event> {
    pip(line).or_else(|| cargo(line)).or_else(|| go(line)).or_else(|| exception(line))
}

fn pip(line: &str) -> Option<Event> {
    let text = line.trim_start();
    for consequence in [
        "error: subprocess-exited-with-error",
        "error: metadata-generation-failed",
        "error: command '",
        "ERROR: Failed building ",
        "ERROR: Could not build wheels",
        "ERROR: Failed to build ",
        "ERROR: No matching distribution",
        "ERROR: Backend ",
        "ERROR Backend ",
    ] {
        if text.starts_with(consequence) {
            return Some(Event::consequence(Tool::Pip, text));
        }
    }
    let message = text.strip_prefix("ERROR: ")?;
    let is_pip = message.starts_with("Could not find a version")
        || message.starts_with("Could not install packages")
        || message.starts_with("Package ")
        || message.starts_with("Cannot install ")
        || message.starts_with("Directory ")
        || message.starts_with("Invalid requirement");
    is_pip.then(|| Event::cause(Kind::Configure, Tool::Pip, message))
}

fn cargo(line: &str) -> Option<Event> {
    let text = line.trim_start();
    for consequence in ["error: could not compile ", "error: aborting due to", "error: linking with "] {
        if text.starts_with(consequence) {
            return Some(Event::consequence(Tool::Cargo, text));
        }
    }
    if let Some(message) = text.strip_prefix("error[E") {
        // error[E0425]: cannot find value `x` in this scope
        return Some(Event::cause(Kind::Compile, Tool::Cargo, message.split_once("]: ")?.1));
    }
    if text.starts_with("thread '") && text.contains("panicked at") {
        let place = text.split_once("panicked at ")?.1;
        let event = Event::cause(Kind::Compile, Tool::Cargo, "");
        return Some(match place::colon(place) {
            Some(place) => event.at(place.file, place.line),
            None => Event { message: place.to_owned(), ..event },
        });
    }
    let message = text.strip_prefix("error: ")?;
    let kind = match message {
        _ if message.starts_with("no matching package") => Kind::Configure,
        _ if message.contains("requires rustc") => Kind::Configure,
        _ if message.starts_with("failed to download") || message.starts_with("failed to get `") => Kind::Fetch,
        _ if message.starts_with("checksum for `") => Kind::Checksum,
        _ if message.starts_with("failed to run custom build command") => {
            return Some(Event::vague(Kind::Compile, Tool::Cargo, message));
        }
        _ => return None,
    };
    Some(Event::cause(kind, Tool::Cargo, message))
}

fn go(line: &str) -> Option<Event> {
    if let Some(message) = line.strip_prefix("go: ") {
        let kind = match message {
            _ if message.contains("dial tcp") || message.contains("no such host") => Kind::Fetch,
            _ if message.contains("checksum mismatch") => Kind::Checksum,
            _ if message.contains("error") || message.contains("requires go >=") => Kind::Configure,
            _ => return None,
        };
        return Some(Event::cause(kind, Tool::Go, message));
    }
    if let Some(message) = line.strip_prefix("verifying ").filter(|message| message.contains("checksum mismatch")) {
        return Some(Event::cause(Kind::Checksum, Tool::Go, message));
    }
    let place = place::colon(line).filter(|place| place.file.ends_with(".go"))?;
    let kind = match place.text {
        text if text.starts_with("undefined: ") || text.contains("imported and not used") => Kind::Compile,
        text if text.starts_with("no required module") => Kind::MissingHeader,
        text if text.starts_with("cannot find ") => Kind::MissingHeader,
        text if text.starts_with("syntax error") => Kind::Compile,
        _ => return None,
    };
    Some(Event::cause(kind, Tool::Go, place.text).at(place.file, place.line))
}

/// `ModuleNotFoundError: No module named 'x'`, wherever it stands.
fn exception(line: &str) -> Option<Event> {
    let text = line.trim_start().trim_start_matches("E   ").trim_start();
    let (name, message) = text.split_once(':').unwrap_or((text, ""));
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_');
    let short = name.rsplit('.').next().unwrap_or(name);
    if !is_name || !short.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    if let Some(event) = spack::exception(short, message.trim()) {
        return Some(event);
    }
    let kind = match short {
        "ModuleNotFoundError" | "ImportError" => Kind::MissingHeader,
        "SyntaxError" | "IndentationError" => Kind::Compile,
        "MemoryError" => Kind::Resource,
        "AssertionError" => Kind::Test,
        "CalledProcessError" => return Some(Event::consequence(Tool::Python, text)),
        "Error" => return None,
        _ if short.ends_with("Error") => Kind::Recipe,
        _ => return None,
    };
    Some(Event::cause(kind, Tool::Python, text))
}

/// A Python traceback that is being read.
#[derive(Debug)]
pub(super) struct Traceback {
    indent: usize,
    frames: u32,
    file: Option<String>,
    line: Option<u64>,
    /// Whether the frame is in a Spack recipe, which says more than frames of Spack.
    is_recipe: bool,
}

/// Lines of one traceback that are followed; Python itself stops at 1,000 frames.
const MAX_TRACEBACK_LINES: u32 = 4_000;

impl Traceback {
    pub(super) fn begins(line: &str) -> Option<Self> {
        let indent = line.find("Traceback (most recent call last)")?;
        Some(Self { indent, frames: 0, file: None, line: None, is_recipe: false })
    }

    /// Whether `line` still belongs to the frames.
    pub(super) fn takes(&mut self, line: &str) -> bool {
        self.frames += 1;
        let Some(text) = line.get(self.indent..) else {
            return self.frames < MAX_TRACEBACK_LINES && line.trim().is_empty();
        };
        if self.frames >= MAX_TRACEBACK_LINES || !(text.is_empty() || text.starts_with(' ')) {
            return false;
        }
        let frame = text.trim_start().strip_prefix("File \"").and_then(|rest| rest.split_once("\", line "));
        if let Some((file, number)) = frame {
            let is_recipe = file.ends_with("/package.py");
            if is_recipe || !self.is_recipe {
                let number = number.split(',').next().unwrap_or(number);
                (self.file, self.line, self.is_recipe) = (Some(file.to_owned()), number.trim().parse().ok(), is_recipe);
            }
        }
        true
    }

    /// The error that `line`, the first after the frames, says.
    pub(super) fn exception(self, line: &str) -> Option<Event> {
        let event = super::rule::read(line).or_else(|| exception(line));
        let event = event.or_else(|| {
            let is_text = !line.trim().is_empty() && !Self::begins(line).is_some_and(|_| true);
            is_text.then(|| Event::vague(Kind::Other, Tool::Python, line))
        })?;
        // A frame of Spack's own tells nothing about the package.
        let is_internal = self.file.as_deref().is_some_and(|file| file.contains("/lib/spack/"));
        if event.file.is_some() || is_internal || self.file.is_none() || event.weight < Weight::Cause {
            return Some(event);
        }
        Some(Event { file: self.file, line: self.line, ..event })
    }
}

/// Takes the place of a Cargo error from its arrow, a panic's text from the next line.
pub(super) fn refine(event: &mut Event, _before: &[String], after: &[String]) {
    if event.tool != Tool::Cargo {
        return;
    }
    if event.message.is_empty() {
        event.message =
            after.iter().map(|line| line.trim()).find(|line| !line.is_empty()).unwrap_or_default().to_owned();
    }
    let arrow = after.iter().take(3).find_map(|line| line.trim_start().strip_prefix("--> "));
    if let Some(place) = arrow.map(|arrow| format!("{arrow}:"))
        && let Some(place) = place::colon(&place)
    {
        event.file = Some(place.file.to_owned());
        event.line = place.line;
    }
}
