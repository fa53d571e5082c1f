//! Errors of languages that build themselves: Python and pip, Rust and Cargo, Go.

use super::{
    place,
    rule::{Event, Weight, after},
    spack,
};
use crate::report::{Kind, Tool};

pub(super) fn read(line: &str) -> Option<Event> {
    pip(line)
        .or_else(|| cython(line))
        .or_else(|| cargo(line))
        .or_else(|| go(line))
        .or_else(|| others(line))
        .or_else(|| exception(line))
}

/// `pkg/_mod.pyx:12:5: 'float_t' is not a type identifier`
fn cython(line: &str) -> Option<Event> {
    let place = place::colon(line).filter(|place| place.file.ends_with(".pyx"))?;
    let is_other = place.file.contains(' ') || place.text.is_empty() || place.text.starts_with("warning");
    (!is_other).then(|| Event::cause(Kind::Compile, Tool::Python, place.text).at(place.file, place.line))
}

/// What Perl, R, Java's and JavaScript's tools, and TeX miss, and what they say after it.
fn others(line: &str) -> Option<Event> {
    let text = line.trim_start();
    // Can't locate Module/Build.pm in @INC (…) at Build.PL line 3.
    if let Some((module, rest)) = text.strip_prefix("Can't locate ").and_then(|rest| rest.split_once(" in @INC")) {
        let event = Event::cause(Kind::MissingHeader, Tool::Unknown, &format!("Can't locate {module}"));
        let place = rest.rsplit_once(" at ").and_then(|(_, place)| place.split_once(" line "));
        return Some(match place {
            Some((file, number)) => event.at(file, number.trim_end().trim_end_matches('.').parse().ok()),
            None => event,
        });
    }
    for (word, kind) in [
        ("there is no package called ", Kind::MissingHeader),
        ("Error: Cannot find module '", Kind::MissingHeader),
        ("LaTeX Error: File `", Kind::MissingHeader),
        ("available for package ", Kind::Configure),
    ] {
        if text.contains(word) && text.contains("rror") | text.contains("RROR") {
            let message =
                ["Error: ", "ERROR: "].iter().find_map(|head| text.split_once(head)).map_or(text, |(_, rest)| rest);
            return Some(Event::cause(kind, Tool::Unknown, message));
        }
    }
    let is_consequence = text.starts_with("ERROR: ")
        && (text.contains("failed for package ") || text.contains(" failed: (Exit "))
        || text.contains("COMPILATION ERROR")
        || text.starts_with("[ERROR] Failed to execute goal")
        || text.starts_with("npm ERR! code ")
        || text.starts_with("npm ERR! errno")
        || text.starts_with("npm ERR! syscall")
        || text.starts_with("npm ERR! A complete log");
    is_consequence.then(|| Event::consequence(Tool::Unknown, text))
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
        "ERROR: Exception:",
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
        _ if message.starts_with("failed to parse manifest") => Kind::Configure,
        _ if message.starts_with("failed to select a version") => Kind::Configure,
        _ if message.starts_with("the lock file ") => Kind::Configure,
        _ if message.starts_with("linker `") && message.contains("not found") => Kind::MissingTool,
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
            _ if ["dial tcp", "no such host", "reading http", "unrecognized import path"]
                .iter()
                .any(|word| message.contains(word)) =>
            {
                Kind::Fetch
            }
            _ if message.contains("checksum mismatch") => Kind::Checksum,
            _ if message.starts_with("downloading ")
                || message.starts_with("finding ")
                || message.starts_with("found ")
                || message.starts_with("extracting ")
                || message.starts_with("added ")
                || message.starts_with("upgraded ")
                || message.starts_with("creating ")
                || message.starts_with("warning")
                || message.starts_with("to ") =>
            {
                return None;
            }
            _ => Kind::Configure,
        };
        return Some(Event::cause(kind, Tool::Go, message));
    }
    if let Some(message) = line.strip_prefix("verifying ").filter(|message| message.contains("checksum mismatch")) {
        return Some(Event::cause(Kind::Checksum, Tool::Go, message));
    }
    if let Some(message) = line.strip_prefix("cgo: ") {
        let kind = if message.contains("not found") { Kind::MissingTool } else { Kind::Compile };
        return Some(Event::cause(kind, Tool::Go, message));
    }
    // The compiler names line and column; a program's own messages and tests name the line only.
    let place = place::colon(line).filter(|place| place.file.ends_with(".go"))?;
    let column = after(line, ".go:")?.split_once(':')?.1;
    if line.starts_with(char::is_whitespace)
        || !column.starts_with(|c: char| c.is_ascii_digit())
        || place.text.is_empty()
    {
        return None;
    }
    let is_missing = place.text.starts_with("no required module")
        || place.text.starts_with("missing go.sum entry")
        || place.text.starts_with("cannot find ")
        || place.text.starts_with("package ") && place.text.contains(" is not in ");
    let kind = if is_missing { Kind::MissingHeader } else { Kind::Compile };
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

/// An exception after a traceback whose name does not end in `Error`.
fn unnamed(line: &str) -> Option<Event> {
    let text = line.trim();
    if text.is_empty() || Traceback::begins(text).is_some() {
        return None;
    }
    let is_import = text.contains("Cannot import '");
    Some(if is_import {
        Event::cause(Kind::MissingHeader, Tool::Python, text)
    } else {
        Event::vague(Kind::Other, Tool::Python, text)
    })
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
        let event = super::rule::read(line).or_else(|| exception(line)).or_else(|| unnamed(line))?;
        // A frame of Spack or pip tells nothing about the package, nor does one when the machine is to blame.
        let is_internal = event.tool == Tool::System
            || self.file.as_deref().is_some_and(|file| {
                file.starts_with('<')
                    || ["/lib/spack/", "/pip/_internal/", "/pip/_vendor/"].iter().any(|part| file.contains(part))
            });
        if event.file.is_some() || is_internal || self.file.is_none() || event.weight < Weight::Cause {
            return Some(event);
        }
        Some(Event { file: self.file, line: self.line, ..event })
    }
}

/// Takes the place of a Cargo error from its arrow, a panic's text from the next line, and the
/// place of a Python error that came without a traceback.
pub(super) fn refine(event: &mut Event, before: &[String], after: &[String]) {
    match event.tool {
        Tool::Python if event.file.is_none() => python_place(event, before, after),
        // A message of rustc's without a number is known by its arrow.
        Tool::Cargo | Tool::Unknown => cargo_place(event, after),
        // pip only knows that it found no version.
        Tool::Pip
            if before.iter().any(|line| line.contains("name resolution") || line.contains("NewConnectionError")) =>
        {
            event.kind = Kind::Fetch;
        }
        _ => {}
    }
}

fn cargo_place(event: &mut Event, after: &[String]) {
    let arrow = after.iter().take(3).find_map(|line| line.trim_start().strip_prefix("--> "));
    let arrow = arrow.map(|arrow| format!("{arrow}:"));
    let place = arrow.as_deref().and_then(place::colon);
    if event.tool == Tool::Cargo && event.message.is_empty() {
        let text = after.iter().map(|line| line.trim()).find(|line| !line.is_empty());
        event.message = text.unwrap_or_default().to_owned();
    }
    if let Some(place) = place {
        if event.tool == Tool::Unknown {
            (event.tool, event.kind) = (Tool::Cargo, Kind::Compile);
        }
        event.file = Some(place.file.to_owned());
        event.line = place.line;
    }
}

/// pytest names the place below the error, Python's parser above it.
fn python_place(event: &mut Event, before: &[String], after: &[String]) {
    if event.kind == Kind::Test {
        let name = event.message.split(':').next().unwrap_or_default();
        let place = after.iter().find_map(|line| place::colon(line).filter(|place| place.text == name));
        if let Some(place) = place {
            (event.file, event.line) = (Some(place.file.to_owned()), place.line);
        }
    } else if event.message.starts_with("SyntaxError") || event.message.starts_with("IndentationError") {
        let frame =
            before.iter().rev().find_map(|line| line.trim_start().strip_prefix("File \"")?.split_once("\", line "));
        if let Some((file, number)) = frame {
            (event.file, event.line) = (Some(file.to_owned()), number.trim().parse().ok());
        }
    }
}
