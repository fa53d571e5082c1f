//! What the machine and its scheduler say: memory, disk, processes, time, programs that are missing.

use super::rule::{Event, Weight};
use crate::report::{Kind, Tool};

pub(super) fn read(line: &str) -> Option<Event> {
    resource(line).or_else(|| timeout(line)).or_else(|| missing(line)).or_else(|| crash(line))
}

fn resource(line: &str) -> Option<Event> {
    for message in [
        "No space left on device",
        "Disk quota exceeded",
        "out of memory",
        "virtual memory exhausted",
        "std::bad_alloc",
        "Cannot allocate memory",
        "Resource temporarily unavailable",
        "Too many open files",
        "oom_kill",
    ] {
        if line.contains(message) {
            return Some(Event::cause(Kind::Resource, Tool::System, message));
        }
    }
    let text = line.trim();
    let is_killed = text == "Killed"
        || text.contains("Killed signal terminated program")
        || text.contains("internal compiler error: Killed")
        || text.contains(": *** ") && text.ends_with("Killed")
        || text.contains(": Killed ") && text.contains(": line ")
        || text.contains(": ") && text.contains(" Killed ") && text.contains("line ");
    is_killed.then(|| Event::cause(Kind::Resource, Tool::System, "Killed"))
}

fn timeout(line: &str) -> Option<Event> {
    let text = line.trim();
    let is_job = text.contains("TIME LIMIT")
        || text.contains("exceeded the maximum execution time")
        || text.contains("execution took longer than")
        || text.contains("imed out after");
    if is_job {
        return Some(Event::cause(Kind::Timeout, Tool::System, text));
    }
    (text == "Terminated" || text.contains(": *** ") && text.ends_with("Terminated"))
        .then(|| Event { weight: Weight::Vague, ..Event::cause(Kind::Timeout, Tool::System, "Terminated") })
}

fn missing(line: &str) -> Option<Event> {
    if let Some((head, _)) = line.split_once(": command not found") {
        let program = head.rsplit(": ").next().unwrap_or(head);
        return Some(Event::cause(Kind::MissingTool, Tool::Shell, &format!("{program}: command not found")));
    }
    // dash: /bin/sh: 1: nasm: not found
    if let Some(program) = line.trim_end().strip_suffix(": not found").and_then(|head| head.rsplit(": ").next())
        && line.contains("sh: ")
        && !program.contains(' ')
    {
        return Some(Event::cause(Kind::MissingTool, Tool::Shell, &format!("{program}: not found")));
    }
    // make: nasm: No such file or directory
    let head = line.trim_end().strip_suffix(": No such file or directory")?;
    let (tool, program) = match head.split_once(": ")? {
        (name, program) if name.starts_with("make") || name.starts_with("gmake") => (Tool::Make, program),
        ("/bin/sh" | "sh" | "bash" | "/bin/bash" | "/usr/bin/env" | "env", program) => {
            (Tool::Shell, program.rsplit(": ").next().unwrap_or(program))
        }
        _ => return None,
    };
    let program = program.trim_matches(['\'', '‘', '’', '`']);
    let is_program = !program.contains("***") && !program.contains(' ');
    is_program.then(|| Event::cause(Kind::MissingTool, tool, &format!("{program}: No such file or directory")))
}

fn crash(line: &str) -> Option<Event> {
    let text = line.trim();
    text.contains("Segmentation fault")
        .then(|| Event { weight: Weight::Vague, ..Event::cause(Kind::Other, Tool::System, "Segmentation fault") })
}
