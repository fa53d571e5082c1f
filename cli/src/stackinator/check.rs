//! `larder stackinator check`: what is wrong with a `cache.yaml` or a `mirrors.yaml`.
//!
//! Stackinator checks the shape of these files, but a path that the build cannot see, a key that
//! cannot sign or a variable that is not set there show only when the build is at its end.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{End, output};

mod cache;
mod fields;
mod finding;
mod key;
mod location;
mod mirrors;
mod yaml;

pub(super) use cache::is_from_before_v3;
use finding::Findings;
use key::KeyFile;

/// Largest file that is read, in bytes; a `mirrors.yaml` with inline keys has some thousands.
const MAX_FILE_BYTES: u64 = 256 << 10;

/// Say what is wrong with a cache.yaml or mirrors.yaml, and what to do about it.
///
/// Looks at the fields, and at what they name: directories that the build can see, a key that can
/// sign and that nobody else can read, URLs to which Spack can push. Nothing is changed.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A file for stack-config's --cache or --mirror
    file: PathBuf,
}

/// Why a file cannot be checked.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be read: {source}", .file.display())]
pub(crate) struct CannotRead {
    file: PathBuf,
    source: io::Error,
}

/// Checks a file and tells of it.
///
/// # Errors
/// [`CannotRead`].
pub(super) fn run(arguments: &Arguments) -> Result<End, CannotRead> {
    let file = &arguments.file;
    let failed = |source| CannotRead { file: file.clone(), source };
    if fs::metadata(file).map_err(failed)?.len() > MAX_FILE_BYTES {
        return Err(failed(io::Error::other("it is larger than any of Stackinator's files")));
    }
    let text = fs::read(file).map_err(failed)?;
    let name = file.display().to_string();
    let findings = match String::from_utf8(text) {
        Ok(text) => check(file, &text),
        Err(_) => {
            let mut findings = Findings::default();
            findings.wrong(1, "it is not UTF-8", "Write it again as text.");
            findings
        }
    };
    for line in findings.lines(&name) {
        output::line(&line);
    }
    Ok(if findings.are_wrong() { End::Failed } else { End::Done })
}

/// What makes a private key useless in the build, a line or two for each; empty when nothing does.
pub(super) fn problems_of_key(path: &Path) -> String {
    let mut findings = Findings::default();
    let text = path.to_string_lossy();
    KeyFile { field: "key", line: 1, text: &text }.check_absolute(&mut findings);
    findings.problems()
}

/// All that is to be said of a file with this text.
fn check(file: &Path, text: &str) -> Findings {
    let mut findings = Findings::default();
    match yaml::read(text) {
        Err(unreadable) => findings.wrong(unreadable.line, &unreadable.why, "Stackinator reads it with PyYAML."),
        Ok(document) => {
            if is_cache(file, &document) {
                cache::check(&document, &mut findings);
            } else {
                // Relative keys are looked for beside the file.
                let folder = file.parent().unwrap_or(Path::new(""));
                mirrors::check(folder, &document, &mut findings);
            }
        }
    }
    findings
}

/// Whether it is a `cache.yaml`, by what it holds; by its name where that does not tell.
fn is_cache(file: &Path, document: &yaml::Node) -> bool {
    let has = |keys: &[&str]| keys.iter().any(|key| document.get(key).is_some());
    if has(&mirrors::KEYS) {
        return false;
    }
    let is_named_so = || file.file_name().is_some_and(|name| name.to_string_lossy().contains("cache"));
    has(&cache::KEYS) || is_named_so()
}
