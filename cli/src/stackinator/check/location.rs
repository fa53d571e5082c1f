//! Whether the build finds what a path or URL names.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use super::finding::Findings;
use crate::stackinator::place::{expand, has_variable, hidden};

/// Schemes of Spack's that name another machine.
const REMOTE: [&str; 10] = ["http", "https", "s3", "gs", "oci", "oci+http", "ftp", "sftp", "ssh", "scp"];

/// What a URL of a mirror names, as Spack sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    /// A directory of this machine.
    Directory(PathBuf),
    /// A server, by the scheme of its URL.
    Server(String),
    /// Neither; it has been said why.
    Unknown,
}

/// Says what is wrong with the URL of a mirror, the field `field`.
pub(super) fn check_url(field: &str, line: usize, url: &str, findings: &mut Findings) -> Location {
    if let Some((scheme, rest)) = url.split_once("://") {
        if REMOTE.contains(&scheme) {
            if rest.trim_start_matches('/').is_empty() || rest.starts_with('/') {
                findings.wrong(line, &format!("`{field}` names no host: {url}"), "Write <scheme>://<host>/<path>.");
            }
            return Location::Server(scheme.to_owned());
        }
        if scheme != "file" {
            let next = "Spack knows file, https, http, s3, gs and oci.";
            findings.wrong(line, &format!("`{field}` has a scheme that Spack does not know: {scheme}"), next);
            return Location::Unknown;
        }
        if !rest.starts_with('/') && !rest.starts_with('$') {
            let what = format!("`{field}` names a machine, not a directory: {url}");
            findings.wrong(line, &what, &format!("After `file:` stand three slashes: file:///{rest}"));
            return Location::Unknown;
        }
        return check_directory(field, line, &percent_decode_str(rest).decode_utf8_lossy(), findings);
    }
    check_directory(field, line, url, findings)
}

/// Says what is wrong with a directory that the build writes to or reads from.
fn check_directory(field: &str, line: usize, path: &str, findings: &mut Findings) -> Location {
    if has_variable(path) {
        let next = "Stackinator hands it to Spack as it is, and the build begins with an empty environment: write the path out.";
        findings.wrong(line, &format!("`{field}` names a variable: {path}"), next);
    }
    match check_path(field, line, path, findings) {
        Some(directory) => {
            check_hidden(field, line, &directory, findings);
            Location::Directory(directory)
        }
        None => Location::Unknown,
    }
}

/// Says that the build hides a path, when it does.
pub(super) fn check_hidden(field: &str, line: usize, path: &Path, findings: &mut Findings) {
    if let Some(hidden) = hidden(path) {
        let what = format!("`{field}` is {}: {}", hidden.why(), path.display());
        findings.wrong(line, &what, "Put it on scratch, or on another file system that all build nodes see.");
    }
}

/// The absolute path that a text names; `None` when it has been said why there is none.
pub(super) fn check_path(field: &str, line: usize, text: &str, findings: &mut Findings) -> Option<PathBuf> {
    if text == "~" || text.starts_with("~/") {
        let what = format!("`{field}` begins with `~`, which Stackinator does not expand: {text}");
        findings.wrong(line, &what, "Write the path out; in your home directory the build would not find it either.");
        return None;
    }
    match expand(text) {
        Err(name) => {
            let next =
                format!("Stackinator would take the name itself for a directory: set {name}, or write the path out.");
            findings.wrong(line, &format!("`{field}` names the variable {name}, which is not set here"), &next);
            None
        }
        Ok(path) if Path::new(&path).is_absolute() => Some(path.into()),
        Ok(path) => {
            let what = format!("`{field}` is a relative path: {path}");
            findings.wrong(line, &what, "The build runs in another directory: write the path from `/` on.");
            None
        }
    }
}
