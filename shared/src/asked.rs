//! Which package a client asks a mirror for, as far as the path tells.
//!
//! ```text
//! v2   build_cache/linux-debian12-zen3-gcc-12.2.0-hdf5-1.14.5-<hash>.spec.json
//! v3   v3/manifests/spec/hdf5/hdf5-1.14.5-<hash>.spec.manifest.json
//! OCI  manifests/hdf5-1.14.5-<hash>.spack
//! ```
//! A client asks for a package's document before its tarball, so a document is one asking. What does not parse as a
//! package's is none, which keeps the guesses of scanners out.

use serde::{Deserialize, Serialize};

use crate::{
    layout::{
        LayoutPath,
        v2::{self, Stem},
        v3,
    },
    name::{DagHash, MirrorName, PackageName},
    oci::{
        route::{Reference, RepositoryPath},
        tag::Tag,
    },
    route::Route,
};

/// A package that a client asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Asked {
    /// The hash of its spec.
    pub hash: DagHash,
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: String,
    /// The operating system, which only a path of v2 tells.
    pub os: Option<String>,
    /// The micro-architecture, which only a path of v2 tells.
    pub target: Option<String>,
}

impl Asked {
    /// The mirror and the package that a `GET` of this route asks for.
    pub fn of(route: &Route) -> Option<(&MirrorName, Self)> {
        let (mirror, asked) = match route {
            Route::Object(mirror, path) | Route::Slice(mirror, _, path) => match path {
                LayoutPath::V2(v2::Path::Spec { stem, .. }) => (mirror, Self::of_stem(stem)),
                LayoutPath::V3(v3::Path::SpecManifest(path)) => {
                    (mirror, Self::new(path.hash(), path.name(), path.version()))
                }
                _ => return None,
            },
            Route::Repository(mirror, RepositoryPath::Manifest(Reference::Tag(tag))) => (mirror, Self::of_tag(tag)),
            _ => return None,
        };
        Some((mirror, asked?))
    }

    fn new(hash: DagHash, name: &str, version: &str) -> Option<Self> {
        let name = name.parse().ok()?;
        Some(Self { hash, name, version: version.to_owned(), os: None, target: None })
    }

    /// `<platform>-<os>-<target>-<compiler>-<its version>-<name>-<version>-<hash>`
    fn of_stem(stem: &Stem) -> Option<Self> {
        let front = before_hash(stem.as_str())?;
        let [_platform, os, target, rest] = front.splitn(4, '-').collect::<Vec<_>>().try_into().ok()?;
        // The one compiler of Spack's with a hyphen in its name.
        let rest = rest.strip_prefix("apple-").unwrap_or(rest);
        let [_compiler, _version, package] = rest.splitn(3, '-').collect::<Vec<_>>().try_into().ok()?;
        let (name, version) = name_and_version(package)?;
        let asked = Self::new(stem.hash(), name, version)?;
        Some(Self { os: Some(os.to_owned()), target: Some(target.to_owned()), ..asked })
    }

    /// `<name>-<version>-<hash>.spack`
    fn of_tag(tag: &Tag) -> Option<Self> {
        let (name, version) = name_and_version(before_hash(tag.as_str().strip_suffix(".spack")?)?)?;
        Self::new(tag.hash()?, name, version)
    }
}

/// Whether a client that does not find this asks no further: Spack up to 0.23 tries the signed document first and the
/// other one next.
pub fn is_last_try(route: &Route) -> bool {
    let (Route::Object(_, path) | Route::Slice(_, _, path)) = route else { return true };
    !matches!(path, LayoutPath::V2(v2::Path::Spec { signed: true, .. }))
}

fn before_hash(text: &str) -> Option<&str> {
    text.get(..text.len().checked_sub(32)?)?.strip_suffix('-')
}

/// Versions that begin with a letter: Spack's infinite ones, and those of a commit.
const WORDS: [&str; 7] = ["develop", "main", "master", "head", "trunk", "stable", "git."];

/// Takes `<name>-<version>` apart, of which both may hold `-`: the version begins with the first part that
/// begins with a digit, else with a word that Spack knows, else it is the last part.
fn name_and_version(text: &str) -> Option<(&str, &str)> {
    let parts = || text.match_indices('-').map(|(place, _)| (&text[..place], &text[place + 1..]));
    let is_number = |version: &str| version.starts_with(|first: char| first.is_ascii_digit());
    let is_word = |version: &str| WORDS.iter().any(|word| version.starts_with(word));
    parts()
        .find(|(_, version)| is_number(version))
        .or_else(|| parts().find(|(_, version)| is_word(version)))
        .or_else(|| text.rsplit_once('-'))
        .filter(|(_, version)| !version.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "slmgyj5v4fo4y6wdzwfhnokekfbduvnn";

    fn asked(path: &str) -> Option<Asked> {
        let route = Route::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        Asked::of(&route).map(|(mirror, asked)| {
            assert_eq!(mirror.as_str(), "m", "{path}");
            asked
        })
    }

    #[test]
    fn a_path_of_each_layout_tells_the_package() {
        let v2 = |front: &str| asked(&format!("/mirrors/m/build_cache/linux-debian12-zen3-{front}-{HASH}.spec.json"));
        let v3 = |name: &str, front: &str| {
            asked(&format!("/mirrors/m/v3/manifests/spec/{name}/{front}-{HASH}.spec.manifest.json"))
        };
        let oci = |front: &str| asked(&format!("/v2/m/manifests/{front}-{HASH}.spack"));
        for (found, name, version) in [
            (v2("gcc-12.2.0-hdf5-1.14.5"), "hdf5", "1.14.5"),
            (v2("apple-clang-15.0.0-py-numpy-1.26.4"), "py-numpy", "1.26.4"),
            (v2("gcc-12.2.0-ca-certificates-mozilla-2023-05-30"), "ca-certificates-mozilla", "2023-05-30"),
            (v2("oneapi-2024.1.0-spectrum-mpi-rolling"), "spectrum-mpi", "rolling"),
            (v3("py-3to2", "py-3to2-1.1.1"), "py-3to2", "1.1.1"),
            (oci("util-linux-uuid-2.40.2"), "util-linux-uuid", "2.40.2"),
            (oci("zlib-git.refs_heads_x_1.2"), "zlib", "git.refs_heads_x_1.2"),
            (oci("llvm-main"), "llvm", "main"),
        ] {
            let found = found.unwrap_or_else(|| panic!("{name}@{version} is not found"));
            assert_eq!((found.name.as_str(), found.version.as_str(), found.hash.as_str()), (name, version, HASH));
        }
        let found = v2("gcc-12.2.0-hdf5-1.14.5").unwrap();
        assert_eq!((found.os.as_deref(), found.target.as_deref()), (Some("debian12"), Some("zen3")));
        assert_eq!(oci("llvm-main").unwrap().target, None);
    }

    #[test]
    fn what_is_no_package_is_not_asked_for() {
        for path in [
            "/mirrors/m/build_cache/index.json",
            "/mirrors/m/blobs/sha256/0f/0f24000000000000000000000000000000000000000000000000000000000000",
            &format!("/mirrors/m/build_cache/wp-login-{HASH}.spec.json"),
            &format!("/mirrors/m/build_cache/a-b-c-d-e-f-{HASH}.spec.json"),
            "/v2/m/manifests/index.spack",
            "/v2/m/manifests/latest",
            &format!("/v2/m/manifests/{HASH}.spack"),
            "/api/v1/mirrors/m",
        ] {
            assert_eq!(asked(path), None, "{path}");
        }
    }

    #[test]
    fn only_the_signed_document_of_v2_is_tried_before_another() {
        let is_last = |path: &str| is_last_try(&Route::parse(path).unwrap());
        let stem = format!("linux-debian12-zen3-gcc-12.2.0-hdf5-1.14.5-{HASH}");
        assert!(!is_last(&format!("/mirrors/m/build_cache/{stem}.spec.json.sig")));
        assert!(is_last(&format!("/mirrors/m/slice/os=debian12/build_cache/{stem}.spec.json")));
        assert!(is_last(&format!("/v2/m/manifests/hdf5-1.14.5-{HASH}.spack")));
    }
}
