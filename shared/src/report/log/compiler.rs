//! Errors of compilers: GCC, Clang, gfortran, nvcc, NVIDIA HPC and Intel oneAPI.

use super::{
    place::{self, Place},
    rule::{Event, after},
};
use crate::report::{Kind, Tool};

pub(super) fn read(line: &str) -> Option<Event> {
    nvidia(line).or_else(|| fortran(line)).or_else(|| placed(line)).or_else(|| driver(line))
}

/// `file:line:column: error: text` and its relatives.
fn placed(line: &str) -> Option<Event> {
    let Place { file, line: number, text } = place::any(line)?;
    let (tool, message) = if let Some(message) =
        text.strip_prefix("fatal error:").or_else(|| text.strip_prefix("error:"))
    {
        (tool_of(file), message)
    } else if let Some(message) = text.strip_prefix("error #").or_else(|| text.strip_prefix("catastrophic error:")) {
        // Intel's numbers stand before the text.
        (Tool::OneApi, after(message, ": ").unwrap_or(message))
    } else if let Some(message) = text.strip_prefix("Error:").or_else(|| text.strip_prefix("Fatal Error:")) {
        (Tool::Gfortran, message)
    } else {
        (Tool::Gcc, text.strip_prefix("internal compiler error:")?)
    };
    Some(Event::cause(kind_of(message), tool, message).at(file, number))
}

/// gfortran's `Error:` stands some lines below its place.
fn fortran(line: &str) -> Option<Event> {
    let message = line.strip_prefix("Fatal Error: ").or_else(|| line.strip_prefix("Error: "))?;
    let is_fortran = message.contains("(1)") || message.contains(" module file ");
    is_fortran.then(|| Event::cause(kind_of(message), Tool::Gfortran, message))
}

fn nvidia(line: &str) -> Option<Event> {
    for (name, tool) in [("nvcc", Tool::Nvcc), ("ptxas", Tool::Nvcc), ("nvlink", Tool::Nvcc)] {
        let Some(rest) = line.trim_start().strip_prefix(name) else { continue };
        if let Some((severity, message)) = rest.split_once(':')
            && matches!(severity.trim(), "error" | "fatal")
        {
            let kind = if message.contains("Undefined reference") { Kind::UndefinedReference } else { Kind::Compile };
            return Some(Event::cause(kind, tool, message));
        }
    }
    // NVFORTRAN-S-0034-Syntax error at or near identifier x (solver.f90: 12)
    let rest = line.strip_prefix("NVFORTRAN-").or_else(|| line.strip_prefix("NVC++-"))?;
    let mut parts = rest.splitn(3, '-');
    let (severity, _number, message) = (parts.next()?, parts.next()?, parts.next()?);
    if !matches!(severity, "S" | "F") {
        return None;
    }
    let (message, place) = message.rsplit_once(" (").unwrap_or((message, ""));
    let event = Event::cause(kind_of(message), Tool::Nvhpc, message);
    Some(match place.trim_end_matches(')').split_once(':') {
        Some((file, number)) => event.at(file, number.trim().parse().ok()),
        None => event,
    })
}

/// `gcc: error: unrecognized command-line option '-x'`, `icx: error: …`: the driver, without a place.
fn driver(line: &str) -> Option<Event> {
    let (program, message) =
        line.trim_start().split_once(": error: ").or_else(|| line.trim_start().split_once(": fatal error: "))?;
    let name = program.rsplit('/').next().unwrap_or(program);
    let family = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '.'));
    let family = family.strip_prefix("x86_64-linux-gnu-").unwrap_or(family);
    let tool = match family {
        "gcc" | "g++" | "cc" | "c++" | "cc1" | "cc1plus" => Tool::Gcc,
        "clang" | "clang++" | "flang" | "flang-new" => Tool::Clang,
        "gfortran" | "f951" => Tool::Gfortran,
        "icx" | "icpx" | "ifx" | "ifort" | "icc" | "icpc" | "dpcpp" => Tool::OneApi,
        "nvc" | "nvc++" | "nvfortran" => Tool::Nvhpc,
        _ => return None,
    };
    // "linker command failed" and "no input files" follow from something else.
    if message.contains("command failed") {
        return Some(Event::consequence(tool, message));
    }
    let message = message.strip_suffix(" (use -v to see invocation)").unwrap_or(message);
    Some(Event::cause(kind_of(message), tool, message))
}

fn kind_of(message: &str) -> Kind {
    let is_missing = message.contains("No such file or directory")
        || message.contains("file not found")
        || message.contains("cannot open source file")
        || message.contains("Unable to open MODULE file")
        || message.contains("opening the compiled module file")
        || message.contains("Cannot open module file");
    if is_missing && !message.contains("o such file or directory: '") { Kind::MissingHeader } else { Kind::Compile }
}

fn tool_of(file: &str) -> Tool {
    match file.rsplit('.').next() {
        Some("cu" | "cuh") => Tool::Nvcc,
        _ => Tool::Gcc,
    }
}

/// Finds gfortran's place above its message, and tells compilers of one style apart.
pub(super) fn refine(event: &mut Event, before: &[String], after: &[String]) {
    if event.tool == Tool::Gfortran && event.file.is_none() {
        let place =
            before.iter().rev().take(6).find_map(|line| place::colon(line).filter(|place| place.text.is_empty()));
        if let Some(place) = place {
            event.file = Some(place.file.to_owned());
            event.line = place.line;
        }
    }
    if event.tool == Tool::Gcc && matches!(event.kind, Kind::Compile | Kind::MissingHeader) {
        let has = |lines: &[String], word: &str| lines.iter().any(|line| line.contains(word));
        let runs = |names: &[&str]| {
            before.iter().any(|line| {
                line.split_whitespace().any(|word| names.iter().any(|name| word.rsplit('/').next() == Some(name)))
            })
        };
        if runs(&["icx", "icpx", "ifx", "icpc"]) {
            event.tool = Tool::OneApi;
        } else if has(after, " generated.")
            || runs(&["clang", "clang++"])
            || event.message.ends_with("' file not found")
        {
            event.tool = Tool::Clang;
        }
    }
}
