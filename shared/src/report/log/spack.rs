//! What Spack says in a log: phases, fetch, checksum and patch failures, its own exceptions.

use super::rule::Event;
use crate::report::{Kind, Tool};

/// A phase that begins.
pub(super) struct Phase<'a> {
    pub(super) package: &'a str,
    pub(super) phase: &'a str,
}

/// `==> hdf5: Executing phase: 'build'`
pub(super) fn phase(line: &str) -> Option<Phase<'_>> {
    let (package, rest) = line.strip_prefix("==> ")?.split_once(": Executing phase: '")?;
    Some(Phase { package, phase: rest.split('\'').next()? })
}

/// `==> hdf5: Successfully installed hdf5-1.14.5-gkch…`
pub(super) fn installed(line: &str) -> Option<&str> {
    let (package, _) = line.strip_prefix("==> ")?.split_once(": Successfully installed")?;
    Some(package)
}

/// `configure output for hdf5:`, which begins a log in a CDash document.
pub(super) fn output_header(line: &str) -> Option<&str> {
    let (phase, package) = line.strip_suffix(':')?.split_once(" output for ")?;
    let is_word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    (is_word(phase) && is_word(package)).then_some(package)
}

pub(super) fn read(line: &str) -> Option<Event> {
    fetch(line).or_else(|| patch(line)).or_else(|| said(line))
}

fn fetch(line: &str) -> Option<Event> {
    let text = line.trim_start();
    if let Some(message) = text.strip_prefix("curl: (") {
        return Some(Event::cause(Kind::Fetch, Tool::Curl, message.split_once(") ").map_or(message, |(_, rest)| rest)));
    }
    if let Some(message) = text.strip_prefix("fatal: ") {
        let is_remote = [
            "unable to access",
            "Could not resolve",
            "Could not read from remote",
            "repository '",
            "Authentication failed",
            "couldn't find remote ref",
            "Remote branch ",
        ]
        .iter()
        .any(|word| message.contains(word));
        let kind = if is_remote { Kind::Fetch } else { Kind::Other };
        return Some(if is_remote {
            Event::cause(kind, Tool::Git, message)
        } else {
            Event::vague(kind, Tool::Git, message)
        });
    }
    text.contains("resolve host").then(|| Event::cause(Kind::Fetch, Tool::Curl, text))
}

fn patch(line: &str) -> Option<Event> {
    let text = line.trim_start();
    let is_hunk = text.starts_with("Hunk #") && text.contains("FAILED");
    let is_summary = text.contains(" out of ") && text.contains(" hunk") && text.contains("FAILED");
    if is_hunk || is_summary || text.starts_with("can't find file to patch") {
        return Some(Event::cause(Kind::Patch, Tool::Patch, text));
    }
    if let Some(message) = text.strip_prefix("patch: ****") {
        return Some(Event::cause(Kind::Patch, Tool::Patch, message));
    }
    let message = text.strip_prefix("error: patch failed: ")?;
    let (file, number) = message.rsplit_once(':')?;
    Some(Event::cause(Kind::Patch, Tool::Git, "patch failed").at(file, number.parse().ok()))
}

/// `==> Warning: Skipping build of app-1.0-… since libfoo-2.0-… failed`
pub(super) fn skipped(line: &str) -> Option<Event> {
    let (_, message) = line.strip_prefix("==> ")?.split_once("Skipping build of ")?;
    Some(Event::cause(Kind::DependencyFailed, Tool::Spack, &format!("Skipping build of {message}")))
}

/// `==> Error: …`
fn said(line: &str) -> Option<Event> {
    let message = line.strip_prefix("==> Error: ")?;
    if let Some((name, rest)) = message.split_once(": ")
        && let Some(event) = exception(name, rest)
    {
        return Some(event);
    }
    if message.contains("due to ChildError")
        || message.starts_with("Terminating after")
        || message.contains("Package was not installed")
    {
        return Some(Event::consequence(Tool::Spack, message));
    }
    let kind = match message {
        _ if message.starts_with("All fetchers failed") => Kind::Fetch,
        _ if message.contains("checksum failed") => Kind::Checksum,
        _ if message.starts_with("Patch ") => Kind::Patch,
        _ if message.contains("dependenc") && message.contains("failed") => Kind::DependencyFailed,
        _ if message.contains("due to ") => Kind::DependencyFailed,
        _ => Kind::Recipe,
    };
    Some(Event::cause(kind, Tool::Spack, message))
}

/// Takes the file of a patch that does not apply from the line `patching file src/a.c` above.
pub(super) fn refine(event: &mut Event, before: &[String]) {
    if event.tool == Tool::Patch && event.file.is_none() {
        let file = before.iter().rev().find_map(|line| line.strip_prefix("patching file "));
        event.file = file.map(|file| file.trim_matches('\'').to_owned());
    }
}

/// An exception of Spack's, by its short name.
pub(super) fn exception(name: &str, message: &str) -> Option<Event> {
    let kind = match name {
        "ProcessError" | "ChildError" => {
            // A command that does not exist is a cause, one that failed has said why before.
            return Some(if message.contains("No such file") || message.contains("not found") {
                Event::cause(Kind::MissingTool, Tool::Spack, message)
            } else {
                Event::consequence(Tool::Spack, &format!("{name}: {message}"))
            });
        }
        "FetchError" | "FailedDownloadError" | "NoCacheError" | "URLError" | "HTTPError" => Kind::Fetch,
        "ChecksumError" | "NoDigestError" => Kind::Checksum,
        "PatchError" | "NoSuchPatchError" | "PatchDirectiveError" => Kind::Patch,
        "InstallError"
        | "PackageError"
        | "SpecError"
        | "NoHeadersError"
        | "NoLibrariesError"
        | "UnsatisfiableSpecError" => Kind::Recipe,
        "UpstreamPackageError" | "ExternalPackageError" => Kind::DependencyFailed,
        "TestFailure" => Kind::Test,
        _ => return None,
    };
    let message = if message.is_empty() { name } else { message };
    Some(Event::cause(kind, Tool::Spack, message))
}
