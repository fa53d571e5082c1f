//! What the machine and its scheduler say: memory, disk, processes, time, programs that are missing.

use super::rule::Event;
use crate::report::{Kind, Tool};

pub(super) fn read(line: &str) -> Option<Event> {
    resource(line)
        .or_else(|| timeout(line))
        .or_else(|| loader(line))
        .or_else(|| missing(line))
        .or_else(|| refused(line))
        .or_else(|| crash(line))
        .or_else(|| runner(line))
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
    let is_killed = text.contains("Killed")
        && (text == "Killed"
            || text.contains("Killed signal terminated program")
            || text.contains("internal compiler error: Killed")
            || text.contains("signal 9 [Killed]")
            || text.contains(": *** ") && text.ends_with("Killed")
            || text.contains(": ") && text.contains(" Killed ") && text.contains("line "));
    is_killed.then(|| Event::cause(Kind::Resource, Tool::System, "Killed"))
}

fn timeout(line: &str) -> Option<Event> {
    let text = line.trim();
    // What stands before names the job and its machine, which change from run to run.
    for begin in [
        "CANCELLED AT",
        "has exceeded the maximum execution time",
        "execution took longer than",
        "timeout: sending signal",
    ] {
        if let Some(at) = text.find(begin)
            && (begin != "CANCELLED AT" || text.contains("TIME LIMIT"))
        {
            return Some(Event::cause(Kind::Timeout, Tool::System, &text[at..]));
        }
    }
    if text.contains("TIME LIMIT") || text.contains("imed out after") {
        return Some(Event::cause(Kind::Timeout, Tool::System, without_mark(text)));
    }
    let is_terminated = text == "Terminated" || text.contains(": *** ") && text.ends_with("Terminated");
    is_terminated.then(|| Event::vague(Kind::Timeout, Tool::System, "Terminated"))
}

/// A program that was built for other libraries than there are.
fn loader(line: &str) -> Option<Event> {
    // protoc: /lib64/libc.so.6: version `GLIBC_2.34' not found (required by protoc)
    if let Some((_, rest)) = line.split_once(": version `")
        && let Some((version, rest)) = rest.split_once("' not found")
        && rest.contains("required by")
    {
        return Some(Event::cause(Kind::Link, Tool::System, &format!("version '{version}' not found{rest}")));
    }
    let (_, message) = line.split_once("error while loading shared libraries: ")?;
    Some(Event::cause(Kind::Link, Tool::System, message))
}

fn missing(line: &str) -> Option<Event> {
    if let Some((head, _)) = line.split_once(": command not found") {
        let program = head.rsplit(": ").next().unwrap_or(head);
        return Some(Event::complaint(Kind::MissingTool, Tool::Shell, &format!("{program}: command not found")));
    }
    // dash: /bin/sh: 1: nasm: not found
    if let Some(program) = line.trim_end().strip_suffix(": not found").and_then(|head| head.rsplit(": ").next())
        && line.contains("sh: ")
        && !program.contains(' ')
    {
        return Some(Event::complaint(Kind::MissingTool, Tool::Shell, &format!("{program}: not found")));
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
    let message = format!("{program}: No such file or directory");
    is_program.then(|| Event::complaint(Kind::MissingTool, tool, &message))
}

/// What a program may not do, or does not find: `mkdir: cannot create directory 'x': Permission denied`.
fn refused(line: &str) -> Option<Event> {
    let text = line.trim();
    let (program, message) = text.split_once(": ")?;
    let name = program.rsplit('/').next().unwrap_or(program);
    // These say so whenever a file is not there, and nobody minds.
    let is_quiet = matches!(name, "grep" | "egrep" | "rm" | "ls" | "find" | "which");
    // Compilers, linkers and make have rules of their own.
    let is_other = matches!(name, "ld" | "mold" | "ld.gold" | "patch" | "fatal" | "error" | "Error" | "ERROR")
        || name.starts_with("make")
        || message.contains("error: ");
    if program.contains([' ', ':', '"', '(']) || is_quiet || is_other {
        return None;
    }
    let is_shell = matches!(name, "sh" | "bash" | "dash" | "ksh" | "zsh" | "csh" | "env");
    for (reason, tool) in [
        ("Permission denied", if is_shell { Tool::Shell } else { Tool::System }),
        ("Read-only file system", Tool::System),
        ("Exec format error", Tool::Shell),
        ("No such file or directory", Tool::Shell),
    ] {
        if text.ends_with(reason) {
            return Some(Event::complaint(Kind::Other, tool, message));
        }
    }
    None
}

fn crash(line: &str) -> Option<Event> {
    if line.contains("internal compiler error") {
        return None;
    }
    for signal in ["Segmentation fault", "Illegal instruction", "Bus error", "Aborted", "Floating point exception"] {
        if line.contains(signal)
            && (signal == "Segmentation fault" || line.contains("core dumped") || line.contains(": 4"))
        {
            return Some(Event::complaint(Kind::Other, Tool::System, signal));
        }
    }
    None
}

/// What the runner of a CI system says of its job.
fn runner(line: &str) -> Option<Event> {
    let message = line.trim().strip_prefix("##[error]")?;
    if message.contains("shutdown signal") || message.contains("lost communication") {
        return Some(Event::cause(Kind::Resource, Tool::System, message));
    }
    let is_end =
        message.starts_with("Process completed with exit code") || message.starts_with("The operation was canceled");
    is_end.then(|| Event::consequence(Tool::System, message))
}

/// Without the mark with which GitHub colours an error.
fn without_mark(text: &str) -> &str {
    text.strip_prefix("##[error]").unwrap_or(text)
}
