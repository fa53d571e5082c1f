//! `mirrors.yaml`, for `stack-config --mirror`.
//!
//! ```yaml
//! buildcache:
//!   url: file:///scratch/uenv-cache
//!   mount_specific: true
//!   private_key: /scratch/.keys/spack-push-key.gpg
//! ```

use std::path::Path;

use super::{
    KeyFile,
    cache::is_from_before_v3,
    fields::{self, CONNECTION, Field, Kind},
    finding::Findings,
    location::{Location, check_path, check_url},
    yaml::{Node, Value},
};

/// The entries by which a `mirrors.yaml` is known, and all it may have.
pub(super) const KEYS: [&str; 5] = ["buildcache", "bootstrap", "sourcemirror", "sourcecache", "concretizer"];

/// Fields of mirrors of every kind.
const MIRROR: [Field; 7] = [
    ("description", Kind::Text),
    ("source", Kind::Flag),
    ("binary", Kind::Flag),
    ("signed", Kind::Flag),
    ("autopush", Kind::Flag),
    ("fetch", Kind::Connection),
    ("push", Kind::Connection),
];

const ONLY_BUILDCACHE: [Field; 4] = [
    ("name", Kind::Text),
    ("mount_specific", Kind::Flag),
    ("private_key", Kind::TextOrNull),
    ("public_key", Kind::TextOrNull),
];

const BOOTSTRAP: [Field; 2] = [("url", Kind::Text), ("description", Kind::Text)];

const DIRECTORY: [Field; 2] = [("path", Kind::Text), ("description", Kind::Text)];

/// Says what is wrong with a `mirrors.yaml` that lies in `folder`.
pub(super) fn check(folder: &Path, document: &Node, findings: &mut Findings) {
    let Some(entries) = document.entries().filter(|entries| !entries.is_empty()) else {
        let what = format!("the file is {}, where a mapping is expected", document.kind());
        findings.wrong(document.line, &what, &format!("It may have: {}.", KEYS.join(", ")));
        return;
    };
    fields::check_twice("the file", entries, findings);
    for entry in entries {
        let (key, node) = (entry.key.as_str(), &entry.node);
        match key {
            "buildcache" => {
                let all = [&ONLY_BUILDCACHE[..], &MIRROR, &CONNECTION].concat();
                if fields::check("`buildcache`", node, &all, findings) {
                    check_buildcache(folder, node, findings);
                }
            }
            "sourcemirror" => check_source_mirrors(node, findings),
            "bootstrap" => {
                if fields::check("`bootstrap`", node, &BOOTSTRAP, findings)
                    && let Some(url) = require("bootstrap", "url", node, findings)
                {
                    check_bootstrap(url, findings);
                }
            }
            "sourcecache" | "concretizer" => {
                if fields::check(&format!("`{key}`"), node, &DIRECTORY, findings)
                    && let Some(path) = require(key, "path", node, findings)
                    && let Some(text) = path.text()
                {
                    check_path("path", path.line, text, findings);
                }
            }
            "mirrors" => {
                let next = "This is Spack's own form: Stackinator wants `buildcache`, `sourcemirror`, ... at the top.";
                findings.wrong(entry.line, "`mirrors` is not a field of the file", next);
            }
            _ => {
                let next = format!("It may have: {}.", KEYS.join(", "));
                findings.wrong(entry.line, &format!("`{key}` is not a field of the file"), &next);
            }
        }
    }
}

fn require<'a>(place: &str, key: &str, node: &'a Node, findings: &mut Findings) -> Option<&'a Node> {
    let found = node.get(key);
    if found.is_none() {
        findings.wrong(node.line, &format!("`{place}` has no `{key}`"), &format!("Say where: `{key}: ...`."));
    }
    found
}

/// Says that a directory is none that Spack can be bootstrapped from.
fn check_bootstrap(url: &Node, findings: &mut Findings) {
    let Some(Place { line, location: Location::Directory(root), .. }) = place("url", url, findings) else { return };
    if !["sources", "binaries"].iter().any(|kind| root.join("metadata").join(kind).is_dir()) {
        let what = format!("`url` is no mirror to bootstrap from: {}", root.display());
        let next = format!(
            "Make one where the internet is reached: spack bootstrap mirror --binary-packages {}",
            root.display()
        );
        findings.wrong(line, &what, &next);
    }
}

fn check_source_mirrors(node: &Node, findings: &mut Findings) {
    let Some(mirrors) = node.entries() else {
        let what = format!("`sourcemirror` is {}, where a mapping is expected", node.kind());
        findings.wrong(node.line, &what, "Give each mirror a name: `sourcemirror: {<name>: {url: <URL>}}`.");
        return;
    };
    fields::check_twice("`sourcemirror`", mirrors, findings);
    for mirror in mirrors {
        let place = format!("`sourcemirror.{}`", mirror.key);
        if fields::check(&place, &mirror.node, &[&MIRROR[..], &CONNECTION].concat(), findings) {
            Connections::of(&mirror.node, findings);
        }
    }
}

fn check_buildcache(folder: &Path, node: &Node, findings: &mut Findings) {
    let connections = Connections::of(node, findings);
    let is_mount_specific = node.get("mount_specific").is_some_and(|flag| flag.value == Value::Flag(true));
    if !is_mount_specific {
        let next =
            "Packages hold the path they are installed at: `mount_specific: true` keeps a mirror for each mount point.";
        findings.note(node.line, "packages of all mount points share this cache", next);
    }
    let key = node.get("private_key").filter(|key| !matches!(&key.value, Value::Null(written) if written == "null"));
    match key {
        Some(Node { line, value: Value::Null(_) }) => {
            let next = "Write `private_key: null` if that is meant, or the path of the key.";
            findings.note(*line, "`private_key` is nothing: the cache is only read, never filled", next);
        }
        Some(key) => {
            if let Some(text) = key.text() {
                KeyFile { field: "private_key", line: key.line, text }.check_secret(folder, findings);
            }
            check_push(node, connections.push.as_ref(), findings);
        }
        None => {}
    }
    if let Some(key) = node.get("public_key")
        && let Some(text) = key.text()
    {
        KeyFile { field: "public_key", line: key.line, text }.check_public(folder, findings);
    }
    if is_mount_specific {
        for place in [&connections.fetch, &connections.push].into_iter().flatten() {
            check_mount_specific(place, findings);
        }
    }
}

/// Says that Spack cannot push there.
fn check_push(node: &Node, push: Option<&Place>, findings: &mut Findings) {
    let Some(place) = push else { return };
    let Location::Server(scheme) = &place.location else { return };
    if ["http", "https"].contains(&scheme.as_str()) {
        let next = "Fill a directory and send it with `larder push --watch`, push to `oci://<host>`, or leave the key out and only read.";
        findings.wrong(place.line, "Spack cannot push over https, and there is a `private_key` to push with", next);
    } else if scheme.starts_with("oci") && node.get("signed").is_none() {
        let next = "OCI carries no signatures: write `signed: false`, which Spack before 1.0 needs.";
        findings.note(place.line, "packages are pushed over OCI, where nothing is signed", next);
    }
}

/// Says that the mount point cannot be appended, or where packages from before lie.
fn check_mount_specific(place: &Place, findings: &mut Findings) {
    match &place.location {
        Location::Directory(root) if is_from_before_v3(root) => {
            let what = "packages lie at the root of the cache, where they are not found with `mount_specific`";
            let next = format!("Move them under their mount point: larder stackinator migrate {}", root.display());
            findings.note(place.line, what, &next);
        }
        Location::Server(_) if place.url.contains("/~") => {
            let next = "A secret stands after the whole name: name one mirror and leave `mount_specific` out, or use oci:// with `access_pair`.";
            findings.wrong(place.line, "the mount point would come after the secret in the URL", next);
        }
        _ => {}
    }
}

/// Where a mirror is read from and written to.
struct Connections {
    fetch: Option<Place>,
    push: Option<Place>,
}

/// A URL and what it names.
struct Place {
    line: usize,
    url: String,
    location: Location,
}

impl Connections {
    /// Finds both, and says what is wrong with their URLs.
    fn of(node: &Node, findings: &mut Findings) -> Self {
        let has_any = ["url", "fetch", "push"].iter().any(|key| node.get(key).is_some());
        if !has_any {
            findings.wrong(node.line, "it has no `url`", "Say where the mirror is: `url: <URL>`.");
            return Self { fetch: None, push: None };
        }
        let top = node.get("url").and_then(|url| place("url", url, findings));
        let own = |key: &'static str, findings: &mut Findings| {
            let connection = node.get(key)?;
            let url = connection.get("url").unwrap_or(connection);
            place(key, url, findings)
        };
        let (fetch, push) = (own("fetch", findings), own("push", findings));
        for (key, other) in [("fetch", "push"), ("push", "fetch")] {
            if node.get("url").is_none() && node.get(key).is_none() {
                let what =
                    format!("it has `{other}` but no `{key}`: Stackinator writes `{key}: null`, which Spack refuses");
                findings.wrong(node.line, &what, &format!("Give `{key}` too, or one `url` for both."));
            }
        }
        let or_top = |own: Option<Place>, key| match own {
            None if node.get(key).is_none() => {
                top.as_ref().map(|top| Place { url: top.url.clone(), location: top.location.clone(), ..*top })
            }
            own => own,
        };
        Self { fetch: or_top(fetch, "fetch"), push: or_top(push, "push") }
    }
}

fn place(field: &str, url: &Node, findings: &mut Findings) -> Option<Place> {
    let text = url.text()?;
    Some(Place { line: url.line, url: text.to_owned(), location: check_url(field, url.line, text, findings) })
}
