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
pub(super) fn installed(line: &str) -> Option<(&str, &str)> {
    let (package, installed) = line.strip_prefix("==> ")?.split_once(": Successfully installed ")?;
    Some((package, installed.trim()))
}

/// `==> Installing adol-c-2.7.2-gkch… [2/31]`: the name and the version.
pub(super) fn installing(line: &str) -> Option<&str> {
    Some(line.strip_prefix("==> Installing ")?.split(' ').next()?.rsplit_once('-')?.0)
}

/// The name in a name with a version. The version is taken to be what follows the first dash before
/// a digit; some versions are names.
pub(super) fn name_in(spec: &str) -> &str {
    let version = spec.match_indices('-').find(|(at, _)| spec[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    let name = version.map(|(at, _)| &spec[..at]).or_else(|| spec.rsplit_once('-').map(|(name, _)| name));
    name.unwrap_or(spec)
}

/// `configure output for hdf5:`, which begins a log in a CDash document.
pub(super) fn output_header(line: &str) -> Option<&str> {
    let (phase, package) = line.strip_suffix(':')?.split_once(" output for ")?;
    let is_word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    (is_word(phase) && is_word(package)).then_some(package)
}

/// What git, curl and patch say, with which Spack gets a package's source.
pub(super) fn source(line: &str) -> Option<Event> {
    fetch(line).or_else(|| patch(line))
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
            // `fatal: not a git repository`: builds ask for a version that an archive does not have.
            Event::complaint(kind, Tool::Git, message)
        });
    }
    if text.contains("Permission denied (publickey") {
        return Some(Event::cause(Kind::Fetch, Tool::Git, "Permission denied (publickey)"));
    }
    if text.contains("resolve host") {
        return Some(Event::cause(Kind::Fetch, Tool::Curl, text));
    }
    None
}

/// What other programs say when there is no network, or not what they ask for.
pub(super) fn network(line: &str) -> Option<Event> {
    let message =
        line.trim_start().trim_start_matches("[ERROR] ").trim_start_matches("npm ERR! ").trim_start_matches("> ");
    let is_network = [
        "nknown host",
        "Name or service not known",
        "Temporary failure in name resolution",
        "Network is unreachable",
        "Could not GET '",
        "Could not transfer artifact",
        "network request to ",
        "An error occurred during the fetch of",
    ]
    .iter()
    .any(|word| message.contains(word));
    is_network.then(|| Event::cause(Kind::Fetch, Tool::Unknown, message))
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
pub(super) fn said(line: &str) -> Option<Event> {
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
        _ if message.starts_with("All fetchers failed") || message.starts_with("HTTP Error ") => Kind::Fetch,
        _ if message.contains("checksum failed") => Kind::Checksum,
        _ if message.starts_with("Patch ") => Kind::Patch,
        _ if message.contains("dependenc") && message.contains("failed") => Kind::DependencyFailed,
        _ if message.contains("due to ") => Kind::DependencyFailed,
        _ if message.contains("Timed out waiting") => Kind::Timeout,
        _ if is_compiler_missing(message) => Kind::MissingTool,
        _ => Kind::Recipe,
    };
    Some(Event::cause(kind, Tool::Spack, message))
}

fn is_compiler_missing(message: &str) -> bool {
    message.starts_with("No compilers ")
        || message.contains(" compiler is set for ")
        || message.contains("NoCompilerForSpec")
}

/// Takes the file of a patch that does not apply from the line `patching file src/a.c` above, or
/// from where the rest is saved; and the place in a recipe from the lines below its error.
pub(super) fn refine(event: &mut Event, before: &[String], after: &[String]) {
    if event.file.is_some() {
        return;
    }
    if event.tool == Tool::Patch {
        let saved = event.message.split_once("saving rejects to file ").map(|(_, file)| file.trim_end_matches(".rej"));
        let file = saved.or_else(|| before.iter().rev().find_map(|line| line.strip_prefix("patching file ")));
        event.file = file.map(|file| file.trim_matches('\'').to_owned());
    }
    if event.tool == Tool::Spack {
        // /…/packages/foo/package.py:57, in install:
        let recipe = after.iter().take(6).find_map(|line| line.split_once("/package.py:"));
        if let Some((folder, rest)) = recipe
            && let Some((number, _)) = rest.split_once(", in ")
        {
            event.file = Some(format!("{folder}/package.py"));
            event.line = number.parse().ok();
        }
    }
}

/// An exception of Spack's, by its short name.
pub(super) fn exception(name: &str, message: &str) -> Option<Event> {
    let kind = match name {
        "ProcessError" | "ChildError" => {
            // A command that was killed could not say why.
            if message.contains("exited with status -9") || message.contains("exited with status 137") {
                return Some(Event::cause(Kind::Resource, Tool::Spack, message));
            }
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
        "LockTimeoutError" => Kind::Timeout,
        "NoCompilerForSpecError" | "NoCompilersError" => Kind::MissingTool,
        _ => return None,
    };
    let message = if message.is_empty() { name } else { message };
    Some(Event::cause(kind, Tool::Spack, message))
}
