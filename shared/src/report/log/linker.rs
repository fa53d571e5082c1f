//! Errors of linkers: GNU ld, gold, mold, lld, Apple's ld.

use super::{
    place,
    rule::{Event, after},
};
use crate::report::{Kind, Tool};

pub(super) fn read(line: &str) -> Option<Event> {
    if line.contains("ld returned") || line.contains("linker command failed") || line.contains("symbol(s) not found") {
        return Some(Event::consequence(Tool::Ld, line));
    }
    if let Some(message) = after(line, "lld: error: ") {
        let kind = if message.starts_with("undefined ") { Kind::UndefinedReference } else { Kind::Link };
        return Some(Event::cause(kind, Tool::Lld, message));
    }
    for (word, kind) in [
        ("undefined reference to ", Kind::UndefinedReference),
        ("undefined symbol: ", Kind::UndefinedReference),
        ("Undefined symbols for architecture", Kind::UndefinedReference),
        ("multiple definition of ", Kind::Link),
        ("uplicate symbol", Kind::Link),
        ("relocation truncated to fit", Kind::Link),
        ("annot find -l", Kind::Link),
        ("library not found for ", Kind::Link),
        ("file not recognized", Kind::Link),
        ("DSO missing from command line", Kind::Link),
    ] {
        if let Some(at) = line.find(word) {
            return Some(placed(Event::cause(kind, Tool::Ld, &line[at..]), &line[..at]));
        }
    }
    if let Some(at) = line.find("relocation R_")
        && line.contains("recompile with")
    {
        // relocation R_X86_64_32 against `x' can not be used when making a shared object; recompile with -fPIC
        return Some(placed(Event::cause(Kind::Link, Tool::Ld, &line[at..]), &line[..at]));
    }
    said(line)
}

/// What a linker says under its own name: `/usr/bin/ld: cannot find crt1.o`, `mold: fatal: …`.
fn said(line: &str) -> Option<Event> {
    let (program, message) = line.trim_start().split_once(": ")?;
    let name = program.rsplit('/').next().unwrap_or(program);
    if !matches!(name, "ld" | "ld.gold" | "gold" | "ld.bfd" | "mold" | "ld.mold" | "ld64") {
        return None;
    }
    let message = message.strip_prefix("fatal error: ").or_else(|| message.strip_prefix("error: ")).unwrap_or(message);
    let is_error = message.len() < line.len() - program.len() - 2
        || message.starts_with("cannot find ")
        || message.starts_with("library ") && message.ends_with(" not found");
    is_error.then(|| Event::cause(Kind::Link, Tool::Ld, message))
}

/// Adds the file named in `head`: `/usr/bin/ld: a.o:a.c:(.text+0x5): `, `a.c:12: `,
/// `a.o:a.cc:function f(int): error: `.
fn placed(event: Event, head: &str) -> Event {
    let head = head.trim_end().trim_end_matches("error:").trim_end().trim_end_matches(':');
    let head = head.rsplit_once("ld: ").map_or(head, |(_, rest)| rest);
    let head = head.split(":function ").next().unwrap_or(head);
    let with_end = format!("{head}:");
    if let Some(place) = place::colon(&with_end) {
        let file = place.file.rsplit(':').next().unwrap_or(place.file);
        return event.at(file, place.line);
    }
    let file = head.split(":(").next().unwrap_or(head);
    let file = file.rsplit([':', '(']).next().unwrap_or(file).trim().trim_end_matches(')');
    // The compiler's temporary object says nothing.
    if place::is_file(file) && !file.starts_with("/tmp/cc") { event.at(file, None) } else { event }
}
