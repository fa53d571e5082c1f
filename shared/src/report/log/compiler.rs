//! Errors of compilers: GCC, Clang, gfortran, nvcc, NVIDIA HPC and Intel oneAPI.

use super::{
    line::said,
    place::{self, Place},
    rule::{Event, after},
};
use crate::report::{Kind, Tool};

pub(super) fn read(line: &str) -> Option<Event> {
    nvidia(line)
        .or_else(|| cray(line))
        .or_else(|| fortran(line))
        .or_else(|| placed(line))
        .or_else(|| license(line))
        .or_else(|| driver(line))
}

/// `a.c:12:3: error: text`, which is what most errors are.
pub(super) fn plain(line: &str) -> Option<Event> {
    is_plain(line).then(|| placed(line))?
}

/// Whether `line` is such an error.
pub(super) fn is_plain(line: &str) -> bool {
    place::colon(line).is_some_and(|place| {
        let is_error = place.text.starts_with("error:") || place.text.starts_with("fatal error:");
        is_error && tool_of(place.file) == Tool::Gcc
    })
}

/// `file:line:column: error: text` and its relatives.
fn placed(line: &str) -> Option<Event> {
    // GNU as names no file for what GCC pipes to it.
    let line = line.trim_start().trim_start_matches("{standard input}:");
    if line.starts_with(|c: char| c.is_ascii_digit())
        && let Some((_, message)) = line.split_once(": Error: ")
    {
        return Some(Event::cause(Kind::Compile, Tool::Gcc, message));
    }
    let place = place::any(line)?;
    let Place { file, line: number, text } = place;
    let (tool, message) = if let Some(message) =
        text.strip_prefix("fatal error:").or_else(|| text.strip_prefix("error:"))
    {
        // EDG's front end writes places in two styles: Intel's and NVIDIA's for GPUs, and NVIDIA's for processors.
        let tool = match tool_of(file) {
            Tool::Gcc if line.trim_start().starts_with('"') => Tool::Nvhpc,
            Tool::Gcc if place::colon(line).is_none() => Tool::OneApi,
            tool => tool,
        };
        (tool, message)
    } else if let Some(message) = text.strip_prefix("error #").or_else(|| text.strip_prefix("catastrophic error:")) {
        // Intel's numbers stand before the text.
        (Tool::OneApi, after(message, ": ").unwrap_or(message))
    } else if let Some(message) = text.strip_prefix("Error:").or_else(|| text.strip_prefix("Fatal Error:")) {
        (tool_of(file), message)
    } else if place::bracket(line).is_some() {
        (Tool::Unknown, text)
    } else {
        (Tool::Gcc, text.strip_prefix("internal compiler error:")?)
    };
    let event = Event::cause(kind_of(message), tool, message);
    Some(if place::is_temporary(file) { event } else { event.at(file, number) })
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
            let is_undefined = message.contains("Undefined reference") || message.contains("Unresolved extern");
            let kind = if is_undefined { Kind::UndefinedReference } else { Kind::Compile };
            return Some(Event::cause(kind, tool, message));
        }
    }
    // nvc++-Error-Unknown switch: -x
    if let Some((program, message)) = line.split_once("-Error-")
        && matches!(program, "nvc" | "nvc++" | "nvfortran" | "pgcc" | "pgc++" | "pgfortran")
    {
        return Some(Event::cause(Kind::Compile, Tool::Nvhpc, message));
    }
    // NVFORTRAN-S-0034-Syntax error at or near identifier x (solver.f90: 12)
    let rest = ["NVFORTRAN-", "NVC++-", "NVC-", "PGF90-"].iter().find_map(|name| line.strip_prefix(name))?;
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

/// `ftn-855 ftn: ERROR MODULE, File = a.F90, Line = 212, Column = 10`; the text is on the next line.
fn cray(line: &str) -> Option<Event> {
    let (head, place) = line.split_once(", File = ")?;
    if !head.contains(": ERROR ") {
        return None;
    }
    let mut parts = place.split(", ");
    let file = parts.next()?;
    let number = parts.next()?.strip_prefix("Line = ")?.trim().parse().ok();
    Some(Event::cause(Kind::Compile, Tool::Unknown, "").at(file, number))
}

/// What Intel's compilers say when no licence is left.
fn license(line: &str) -> Option<Event> {
    let is_license = line.contains("could not checkout FLEXlm license")
        || line.contains("A license for ") && line.contains(" is not available");
    is_license.then(|| Event::cause(Kind::Resource, Tool::OneApi, line.split(" (-").next().unwrap_or(line)))
}

/// `gcc: error: unrecognized command-line option '-x'`, `icx: error: …`: the driver, without a place.
fn driver(line: &str) -> Option<Event> {
    let (program, rest) = line.trim_start().split_once(": ")?;
    let message = rest.strip_prefix("error: ").or_else(|| rest.strip_prefix("fatal error: "));
    let message = message.or_else(|| after(rest.strip_prefix("error #")?, ": "))?;
    let name = program.rsplit('/').next().unwrap_or(program);
    let family = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '.'));
    // x86_64-linux-gnu-gcc
    let family = if family == "flang-new" { family } else { family.rsplit('-').next().unwrap_or(family) };
    let tool = match family {
        "gcc" | "g++" | "cc" | "c++" | "cc1plus" | "collect" | "cpp" | "lto" | "wrapper" => Tool::Gcc,
        "clang" | "clang++" | "flang" | "flang-new" | "armclang" | "armflang" | "hipcc" | "craycc" => Tool::Clang,
        "gfortran" | "f951" => Tool::Gfortran,
        "icx" | "icpx" | "ifx" | "ifort" | "icc" | "icpc" | "dpcpp" => Tool::OneApi,
        "nvc" | "nvc++" | "nvfortran" => Tool::Nvhpc,
        _ => return None,
    };
    // "linker command failed" and "no input files" follow from something else.
    if message.contains("command failed") || message.contains("returned 1 exit status") {
        return Some(Event::consequence(tool, message));
    }
    let message = message.strip_suffix(" (use -v to see invocation)").unwrap_or(message);
    Some(Event::cause(kind_of(message), tool, message))
}

fn kind_of(message: &str) -> Kind {
    if message.contains("cannot find 'ld'") || message.contains("cannot execute") {
        return Kind::MissingTool;
    }
    let is_missing = message.contains("No such file or directory")
        || message.contains("file not found")
        || message.contains("cannot open source file")
        || message.contains("Unable to open MODULE file")
        || message.contains("opening the compiled module file")
        || message.contains("Cannot open module file");
    if is_missing && !message.contains("o such file or directory: '") { Kind::MissingHeader } else { Kind::Compile }
}

/// Whose the file is, by its extension.
fn tool_of(file: &str) -> Tool {
    let name = file.rsplit('/').next().unwrap_or(file);
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "cu" | "cuh" => Tool::Nvcc,
        "f" | "f77" | "f90" | "f95" | "f03" | "f08" | "for" | "ftn" | "F" | "F77" | "F90" | "F95" | "F03" | "F08" => {
            Tool::Gfortran
        }
        "py" | "pyx" | "pxd" | "pxi" => Tool::Python,
        "rs" => Tool::Cargo,
        "go" => Tool::Go,
        "java" | "kt" | "scala" | "groovy" | "y" | "yy" | "l" | "ll" | "asm" | "nasm" | "proto" | "i" | "swg"
        | "po" | "tex" | "texi" | "td" | "js" | "ts" | "hs" | "ml" | "mli" | "d" | "pas" | "vala" | "swift" | "zig"
        | "pl" | "pm" | "rb" | "R" | "jl" | "xml" | "json" | "yaml" | "toml" => Tool::Unknown,
        _ => Tool::Gcc,
    }
}

/// Whether `text` may be what gfortran says below a place, though its words alone do not tell.
pub(super) fn may_be_below_place(text: &str) -> bool {
    text.starts_with("Error: ") || text.starts_with("Fatal Error: ")
}

/// Whether the lines before have such a place.
pub(super) fn is_below_place(before: &[String]) -> bool {
    bare_place(before).is_some()
}

/// The last place that stands alone on its line.
fn bare_place(before: &[String]) -> Option<Place<'_>> {
    before.iter().rev().find_map(|line| place::colon(said(line)).filter(|place| place.text.is_empty()))
}

/// Finds gfortran's place above its message, and tells compilers of one style apart.
pub(super) fn refine(event: &mut Event, before: &[String], after: &[String]) {
    if event.tool == Tool::Gfortran
        && event.file.is_none()
        && let Some(place) = bare_place(before)
    {
        event.file = Some(place.file.to_owned());
        event.line = place.line;
    }
    if event.tool == Tool::Unknown && event.message.is_empty() {
        event.message =
            after.iter().map(|line| line.trim()).find(|line| !line.is_empty()).unwrap_or_default().to_owned();
    }
    if !matches!(event.kind, Kind::Compile | Kind::MissingHeader) {
        return;
    }
    let has = |lines: &[String], word: &str| lines.iter().any(|line| line.contains(word));
    let runs = |names: &[&str]| {
        before.iter().any(|line| {
            line.split_whitespace().any(|word| names.iter().any(|name| word.rsplit('/').next() == Some(name)))
        })
    };
    match event.tool {
        Tool::OneApi if has(after, "detected in the compilation of ") || runs(&["nvcc"]) => event.tool = Tool::Nvcc,
        Tool::Gcc if runs(&["icx", "icpx", "ifx", "icpc"]) => event.tool = Tool::OneApi,
        Tool::Gcc
            if has(after, " generated.")
                || has(after, " generated when compiling for ")
                || runs(&["clang", "clang++", "armclang", "hipcc"])
                || event.message.ends_with("' file not found") =>
        {
            event.tool = Tool::Clang;
        }
        _ => {}
    }
}
