//! Errors of build systems: make, ninja, CMake, CTest, autoconf, Meson.

use super::{
    place,
    rule::{Event, Weight, after},
};
use crate::report::{Kind, Tool};

pub(super) fn read(line: &str) -> Option<Event> {
    tests(line)
        .or_else(|| configuration(line))
        .or_else(|| make(line))
        .or_else(|| ninja(line))
        .or_else(|| cmake(line))
        .or_else(|| autoconf(line))
        .or_else(|| meson(line))
}

/// `make[2]: *** [Makefile:3: all] Error 1` is a consequence; a missing rule is a cause.
fn make(line: &str) -> Option<Event> {
    if let Some((_, message)) = line
        .split_once(": *** ")
        .filter(|(head, _)| head.contains("make") || *head == "scons" || place::colon(&format!("{head}:")).is_some())
    {
        let (message, kind) = match message {
            _ if message.starts_with("No rule to make target") => {
                (message.trim_end_matches(".  Stop.").trim_end_matches("  Stop."), Kind::MissingTool)
            }
            _ if message.starts_with("No targets specified") => (message, Kind::Configure),
            _ if line.contains("missing separator") => (message, Kind::Configure),
            _ => (message, Kind::Other),
        };
        if line.starts_with("scons: ") && !message.starts_with('[') {
            return Some(Event::cause(Kind::Configure, Tool::Unknown, message));
        }
        if kind == Kind::Other {
            return Some(Event { kind: kind_of_exit(message), ..Event::consequence(Tool::Make, message) });
        }
        let event = Event::cause(kind, Tool::Make, message);
        let head = line.split(": *** ").next().unwrap_or_default();
        return Some(match place::colon(&format!("{head}:")) {
            Some(place) => event.at(place.file, place.line),
            None => event,
        });
    }
    None
}

/// What a command's exit status tells: that of `timeout`, of a shell that found no program, of a
/// process that was killed.
fn kind_of_exit(message: &str) -> Kind {
    match message.rsplit_once(" Error ").map(|(_, status)| status) {
        Some("124") => Kind::Timeout,
        Some("127") => Kind::MissingTool,
        Some("137") => Kind::Resource,
        _ => Kind::Other,
    }
}

/// Build systems that say in one line that they cannot go on: waf, qmake.
fn configuration(line: &str) -> Option<Event> {
    let text = line.trim();
    let message = match text {
        "The configuration failed" => text,
        _ => text.strip_prefix("Project ERROR: ")?,
    };
    Some(Event::cause(Kind::Configure, Tool::Unknown, message))
}

fn ninja(line: &str) -> Option<Event> {
    if line.starts_with("FAILED: ") || line.contains("ninja: build stopped") {
        return Some(Event::consequence(Tool::Ninja, line));
    }
    let message = line.strip_prefix("ninja: error: ").or_else(|| line.strip_prefix("ninja: fatal: "))?;
    let kind = if message.contains("missing and no known rule") { Kind::MissingTool } else { Kind::Configure };
    // build.ninja:12: multiple rules generate a.o
    Some(match place::colon(message) {
        Some(place) => Event::cause(kind, Tool::Ninja, place.text).at(place.file, place.line),
        None => Event::cause(kind, Tool::Ninja, message),
    })
}

/// The text follows on the next lines; see [`refine`].
fn cmake(line: &str) -> Option<Event> {
    if line.contains("CMake Error: ") || line.contains("CMake Error in ") {
        let message = after(line, "CMake Error: ").unwrap_or(line);
        let kind = if message.contains("CMAKE_MAKE_PROGRAM") { Kind::MissingTool } else { Kind::Configure };
        return Some(Event::cause(kind, Tool::Cmake, message));
    }
    let head = after(line, "CMake Error at ")?;
    let event = Event::cause(Kind::Configure, Tool::Cmake, "");
    let head = format!("{}:", head.split(" (").next().unwrap_or(head).trim_end_matches(':'));
    Some(match place::colon(&head) {
        Some(place) => event.at(place.file, place.line),
        None => event,
    })
}

fn autoconf(line: &str) -> Option<Event> {
    if let Some(message) = after(line, "configure: error: ") {
        return Some(Event::cause(Kind::Configure, Tool::Autoconf, message));
    }
    if let Some(place) = place::colon(line)
        && (place.file.ends_with("configure.ac")
            || place.file.ends_with("configure.in")
            || place.file.ends_with("Makefile.am"))
    {
        let message = place.text.strip_prefix("error: ")?;
        return Some(Event::cause(Kind::Configure, Tool::Autoconf, message).at(place.file, place.line));
    }
    // A macro that was not expanded: ./configure: line 1234: syntax error near unexpected token
    if let Some((file, rest)) = line.split_once(": line ")
        && let Some((number, message)) = rest.split_once(": ")
        && message.starts_with("syntax error")
    {
        let tool = if file.ends_with("configure") { Tool::Autoconf } else { Tool::Shell };
        let event = Event::cause(Kind::Configure, tool, message);
        return Some(if place::is_file(file) { event.at(file, number.parse().ok()) } else { event });
    }
    let (program, message) = line.split_once(':')?;
    let message = message.trim_start().strip_prefix("error: ")?;
    match program {
        // A program that another one runs has said why.
        "autoreconf" if message.contains("failed with exit status") => {
            Some(Event::consequence(Tool::Autoconf, message))
        }
        "autoreconf" | "automake" | "aclocal" | "autom4te" | "libtoolize" => {
            Some(Event::cause(Kind::Configure, Tool::Autoconf, message))
        }
        "libtool" => Some(Event::cause(Kind::Link, Tool::Autoconf, message)),
        _ => None,
    }
}

fn meson(line: &str) -> Option<Event> {
    let place = place::colon(line)?;
    let message = place.text.strip_prefix("ERROR: ")?;
    let is_meson = place.file.ends_with("meson.build")
        || place.file.ends_with("meson_options.txt")
        || place.file.ends_with("meson.options");
    let is_program = message.starts_with("Program ") && message.contains("not found");
    let kind = if is_program { Kind::MissingTool } else { Kind::Configure };
    is_meson.then(|| Event::cause(kind, Tool::Meson, message).at(place.file, place.line))
}

/// Test programs that say which test failed.
fn tests(line: &str) -> Option<Event> {
    let text = line.trim_start();
    // 3/10 Test  #3: solver ...........***Failed    0.10 sec
    if let Some((head, outcome)) = text.split_once("***")
        && let Some((_, name)) = head.split_once("Test ")
        && head.contains('#')
    {
        let name = name.split_once(": ").map_or(name, |(_, name)| name).trim_end_matches(['.', ' ']);
        let outcome = outcome.split("  ").next().unwrap_or(outcome);
        if outcome.starts_with("Skipped") || outcome.starts_with("Not Run (Disabled)") {
            return None;
        }
        return Some(Event::cause(Kind::Test, Tool::Ctest, &format!("{name}: {outcome}")));
    }
    if text.starts_with("The following tests FAILED") || text.starts_with("Errors while running CTest") {
        return Some(Event::consequence(Tool::Ctest, text));
    }
    for (mark, tool) in [("--- FAIL: ", Tool::Go), ("FAIL: ", Tool::Make), ("[  FAILED  ] ", Tool::Unknown)] {
        if let Some(name) = text.strip_prefix(mark) {
            let name = name.split(" (").next().unwrap_or(name);
            return Some(Event::cause(Kind::Test, tool, name));
        }
    }
    // FAILED tests/test_a.py::test_b - AssertionError: …
    if let Some(name) = text.strip_prefix("FAILED ").filter(|name| name.contains("::")) {
        let file = name.split("::").next().unwrap_or(name);
        return Some(Event::cause(Kind::Test, Tool::Python, name).at(file, None));
    }
    let name = text.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
    Some(Event::cause(Kind::Test, Tool::Cargo, name))
}

/// Takes the text of a CMake error from the lines below it, and autoconf's from the next line when
/// the first only names a folder.
pub(super) fn refine(event: &mut Event, _before: &[String], after_lines: &[String]) {
    if event.weight < Weight::Cause {
        return;
    }
    if event.tool == Tool::Cmake && event.message.is_empty() {
        let text = after_lines.iter().map(|line| line.trim()).find(|line| !line.is_empty());
        event.message = text.unwrap_or_default().to_owned();
        let has = |word: &str| after_lines.iter().take(6).any(|line| line.contains(word));
        if has("error: downloading") || has("DOWNLOAD") {
            event.kind = Kind::Fetch;
        } else if has("INSTALL cannot ") {
            event.kind = Kind::Other;
        } else if has("CMAKE_") && has("_COMPILER could be found") {
            event.kind = Kind::MissingTool;
        }
    }
    if event.tool == Tool::Autoconf && event.message.starts_with("in `") | event.message.starts_with("in '") {
        let next = after_lines.iter().find_map(|line| after(line, "configure: error: "));
        if let Some(next) = next {
            event.message = next.trim().to_owned();
        }
    }
}
