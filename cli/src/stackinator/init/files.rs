//! The text of `cache.yaml` and `mirrors.yaml`, and what to do with them.

use std::{fmt::Write as _, path::Path};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Place, Remote};

/// What is written `%20` and the like in the URL of a file.
const IN_PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'_').remove(b'-').remove(b'~').remove(b'+');

/// Both files; they describe the same cache.
pub(super) struct Files {
    /// `cache.yaml`
    pub(super) cache: String,
    /// `mirrors.yaml`
    pub(super) mirrors: String,
}

impl Files {
    /// The files for a cache at `root` whose packages are signed with `key`; without one it is only
    /// read. With a `remote`, `mirrors.yaml` reads from there.
    pub(super) fn new(root: &Place, key: Option<&Place>, remote: Option<&Remote>) -> Self {
        let key = key.map(|key| quoted(&key.written));
        let named = key.as_deref().unwrap_or("null");
        let cache = format!(
            "# A build cache for Stackinator, by `larder stackinator init`.\nroot: {}\nkey: {named}\n",
            quoted(&root.written)
        );
        let mut mirrors = "# A build cache for Stackinator, by `larder stackinator init`.\nbuildcache:\n".to_owned();
        let folder = root.path.to_string_lossy();
        let folder = format!("file://{}", utf8_percent_encode(&folder, IN_PATH));
        mirrors += &match (remote, &key) {
            (None, _) => format!("  url: {folder}\n"),
            (Some(Remote::Https(url)), None) => format!("  url: {}\n", quoted(&url.to_string())),
            // Spack cannot push over https: packages go to the folder, and from there by `larder push`.
            (Some(Remote::Https(url)), Some(_)) => format!("  fetch: {}\n  push: {folder}\n", quoted(&url.to_string())),
            (Some(Remote::Oci(url)), None) => format!("  url: {}\n", quoted(url)),
            (Some(Remote::Oci(url)), Some(_)) => {
                format!("  url: {}\n  access_pair:\n    id: larder\n    secret_variable: LARDER_TOKEN\n", quoted(url))
            }
        };
        // Packages hold the path they are installed at, so each mount point has a mirror of its own.
        mirrors += "  mount_specific: true\n";
        if matches!(remote, Some(Remote::Oci(_))) {
            // OCI carries no signatures.
            mirrors += "  signed: false\n";
        }
        let _ = writeln!(mirrors, "  private_key: {named}");
        Self { cache, mirrors }
    }
}

/// What to do with the files that were made.
pub(super) fn next_steps(cache: &Path, mirrors: &Path, root: &Path, has_key: bool, remote: Option<&Remote>) -> String {
    let (cache, mirrors, root) = (cache.display(), mirrors.display(), root.display());
    let mut text = format!(
        "
Next, name one of the files when a build is configured:
  stack-config --mirror {mirrors} ...    Stackinator since mid-2026
  stack-config --cache {cache} ...       older ones; the cache is {root}
"
    );
    if !has_key {
        text += "Nothing is pushed by a build, because there is no key: --key or --new-key gives it one.\n";
    }
    match remote {
        None if has_key => {
            text += &format!("To share it: larder push --watch {root} https://<larder>/mirrors\n");
        }
        Some(Remote::Https(url)) if has_key => {
            text += &format!(
                "Builds push to {root}, because Spack cannot push over https. Send it on:\n  larder push --watch --skip-conflicts {root} {url}\n"
            );
        }
        Some(Remote::Oci(_)) if has_key => {
            text += "This needs Spack 1.0 or newer. The build begins with an empty environment, so let the token through:\n  \
                     env --ignore-environment PATH=/usr/bin:/bin:`pwd -P`/spack/bin HOME=$HOME LARDER_TOKEN=$LARDER_TOKEN make store.squashfs\n";
        }
        _ => {}
    }
    if has_key {
        text += "Whoever has the private key signs in the cache's name: do not copy it into recipes, images or repositories.";
    }
    text.trim_end().to_owned()
}

/// A text as YAML: plain where it is read as text, else in quotes.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+$:=@{}%~".contains(c);
    let begins_plainly = text.starts_with(['/', '$']) || text.contains("://");
    if begins_plainly && text.chars().all(is_plain) && !text.ends_with(':') {
        text.to_owned()
    } else {
        // A string of JSON is one of YAML.
        serde_json::Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_yaml_would_take_for_something_else_is_quoted() {
        for plain in ["/scratch/a-b_c.d", "$SCRATCH/x", "${SCRATCH}/x", "file:///a", "https://host:8080/mirrors"] {
            assert_eq!(quoted(plain), plain);
        }
        for (text, written) in
            [("/a b", "\"/a b\""), ("/a: b", "\"/a: b\""), ("/a\"#", "\"/a\\\"#\""), ("/ü", "\"/ü\"")]
        {
            assert_eq!(quoted(text), written);
        }
    }
}
