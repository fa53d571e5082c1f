//! `cache.yaml`, for `stack-config --cache`.
//!
//! ```yaml
//! root: /scratch/uenv-cache
//! key: /scratch/.keys/spack-push-key.gpg
//! ```
//! Older Stackinators read it themselves and insist on directories that exist; newer ones make a
//! `buildcache` of it. What is said here holds for both.

use std::path::Path;

use super::{
    KeyFile,
    fields::{self, Field, Kind},
    finding::Findings,
    location::{check_hidden, check_path},
    yaml::{Node, Value},
};
use crate::stackinator::place::has_variable;

/// The fields by which a `cache.yaml` is known.
pub(super) const KEYS: [&str; 2] = ["root", "key"];

const FIELDS: [Field; 2] = [("root", Kind::Text), ("key", Kind::TextOrNull)];

/// Says what is wrong with a `cache.yaml`.
pub(super) fn check(document: &Node, findings: &mut Findings) {
    if !fields::check("the file", document, &FIELDS, findings) {
        return;
    }
    match document.get("root") {
        None => findings.wrong(1, "`root` is missing", "Say where the cache is: root: /scratch/<you>/uenv-cache"),
        Some(root) => {
            if let Some(text) = root.text() {
                check_root(root.line, text, findings);
            }
        }
    }
    match document.get("key") {
        None => {
            let next = "Stackinator insists on it. Write `key: null` for a cache that is only read.";
            findings.wrong(1, "`key` is missing", next);
        }
        Some(Node { line, value: Value::Null(written) }) if written != "null" => {
            let next = "Write `key: null` if that is meant, or the path of the key.";
            findings.note(*line, "`key` is nothing: the cache is only read, never filled", next);
        }
        Some(key) => {
            if let Some(text) = key.text() {
                KeyFile { field: "key", line: key.line, text }.check_absolute(findings);
            }
        }
    }
}

fn check_root(line: usize, text: &str, findings: &mut Findings) {
    if text.contains("://") {
        let next = "Put the URL into a mirrors.yaml, for stack-config --mirror.";
        findings.wrong(line, &format!("`root` is a URL, which only newer Stackinators read: {text}"), next);
        return;
    }
    let Some(path) = check_path("root", line, text, findings) else { return };
    if has_variable(text) {
        let next = "Stackinators since mid-2026 do not expand it, and the build's environment is empty: write the path out, or use a mirrors.yaml.";
        findings.note(line, &format!("`root` names a variable: {text}"), next);
    }
    check_hidden("root", line, &path, findings);
    if !path.is_dir() {
        let what = format!("`root` is not a directory: {}", path.display());
        findings.wrong(line, &what, &format!("Make it: mkdir -p {}", path.display()));
    } else if is_from_before_v3(&path) {
        let what = "`root` holds packages from before Stackinator 3, which are not found there any more";
        findings.note(
            line,
            what,
            &format!("Move them under their mount point: larder stackinator migrate {}", path.display()),
        );
    }
}

/// Whether packages lie at the root itself and not below a mount point.
pub(in crate::stackinator) fn is_from_before_v3(root: &Path) -> bool {
    root.join("build_cache").is_dir()
}
