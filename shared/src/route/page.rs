//! The dashboard's URLs, printed and parsed.
//!
//! ```text
//! /                                        Home
//! /search?q=                               Search: all mirrors
//! /s/<hash>                                Hash: the spec, whichever mirror has it
//! /open?url=                               Open: a static mirror, by its URL
//! /m/<mirror>                              Mirror
//! /m/<mirror>/-/packages?q=                Packages
//! /m/<mirror>/-/packages/<name>            Package
//! /m/<mirror>/-/specs/<hash>               Spec
//! /m/<mirror>/-/compare?specs=&with=       Compare
//! /m/<mirror>/-/keys                       Keys
//! /m/<mirror>/-/tokens                     Tokens
//! /m/<mirror>/-/builds?status=             Builds
//! /m/<mirror>/-/builds/<id>                Build
//! /m/<mirror>/-/builds/<id>/log#L12        its log
//! /m/<mirror>/-/runs/<id>                  Run
//! /m/<mirror>/-/failures?state=            Failures
//! /m/<mirror>/-/failures/<signature>       Failure
//! ```
//! `-` cannot be a segment of a mirror's name, so `/-/` ends it.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::{
    name::{MirrorName, PackageName, is_dag_hash_prefix},
    report::Signature,
};

/// A page of the dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// All mirrors.
    Home,
    /// A search of all mirrors.
    Search,
    /// A spec by a beginning of its hash, whichever mirror has it.
    Hash(String),
    /// A static mirror elsewhere, whose URL is a parameter.
    Open,
    /// One mirror.
    Mirror(MirrorName),
    /// The packages of a mirror.
    Packages(MirrorName),
    /// One package of a mirror.
    Package(MirrorName, PackageName),
    /// One spec, by a beginning of its hash that is unique in the mirror.
    Spec(MirrorName, String),
    /// Some specs of a mirror side by side.
    Compare(MirrorName),
    /// The keys a mirror's packages are signed with.
    Keys(MirrorName),
    /// Who may do what.
    Tokens(MirrorName),
    /// The runs that were reported.
    Builds(MirrorName),
    /// One build.
    Build(MirrorName, u64),
    /// The log of a build.
    Log(MirrorName, u64),
    /// One run.
    Run(MirrorName, u64),
    /// What breaks.
    Failures(MirrorName),
    /// One thing that breaks.
    Failure(MirrorName, Signature),
    /// A path of no page.
    NotFound(String),
}

impl Page {
    /// The page at a URL's path, still percent-encoded.
    pub fn parse(path: &str) -> Self {
        Self::find(path).unwrap_or_else(|| Self::NotFound(path.to_owned()))
    }

    fn find(path: &str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        let path = path.strip_suffix('/').unwrap_or(path);
        if path.is_empty() {
            return Some(Self::Home);
        }
        if path == "open" {
            return Some(Self::Open);
        }
        if path == "search" {
            return Some(Self::Search);
        }
        let path = percent_decode_str(path).decode_utf8().ok()?;
        if let Some(hash) = path.strip_prefix("s/").filter(|hash| is_dag_hash_prefix(hash)) {
            return Some(Self::Hash(hash.to_owned()));
        }
        let rest = path.strip_prefix("m/")?;
        let (mirror, page) = match rest.split_once("/-/") {
            Some((mirror, page)) => (mirror, page),
            None => (rest.strip_suffix("/-").unwrap_or(rest), ""),
        };
        let mirror: MirrorName = mirror.parse().ok()?;
        let parts: Vec<_> = page.split('/').collect();
        match parts[..] {
            [""] => Some(Self::Mirror(mirror)),
            ["packages"] => Some(Self::Packages(mirror)),
            ["packages", name] => Some(Self::Package(mirror, name.parse().ok()?)),
            ["specs", hash] if is_dag_hash_prefix(hash) => Some(Self::Spec(mirror, hash.to_owned())),
            ["compare"] => Some(Self::Compare(mirror)),
            ["keys"] => Some(Self::Keys(mirror)),
            ["tokens"] => Some(Self::Tokens(mirror)),
            ["builds"] => Some(Self::Builds(mirror)),
            ["builds", id] => Some(Self::Build(mirror, id.parse().ok()?)),
            ["builds", id, "log"] => Some(Self::Log(mirror, id.parse().ok()?)),
            ["runs", id] => Some(Self::Run(mirror, id.parse().ok()?)),
            ["failures"] => Some(Self::Failures(mirror)),
            ["failures", signature] => Some(Self::Failure(mirror, signature.parse().ok()?)),
            _ => None,
        }
    }

    /// The mirror the page belongs to.
    pub const fn mirror(&self) -> Option<&MirrorName> {
        match self {
            Self::Home | Self::Search | Self::Hash(_) | Self::Open | Self::NotFound(_) => None,
            Self::Mirror(mirror)
            | Self::Packages(mirror)
            | Self::Package(mirror, _)
            | Self::Spec(mirror, _)
            | Self::Compare(mirror)
            | Self::Keys(mirror)
            | Self::Tokens(mirror)
            | Self::Builds(mirror)
            | Self::Build(mirror, _)
            | Self::Log(mirror, _)
            | Self::Run(mirror, _)
            | Self::Failures(mirror)
            | Self::Failure(mirror, _) => Some(mirror),
        }
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Home => f.write_str("/"),
            Self::Search => f.write_str("/search"),
            Self::Hash(hash) => write!(f, "/s/{hash}"),
            Self::Open => f.write_str("/open"),
            Self::Mirror(mirror) => write!(f, "/m/{mirror}"),
            Self::Packages(mirror) => write!(f, "/m/{mirror}/-/packages"),
            Self::Package(mirror, name) => write!(f, "/m/{mirror}/-/packages/{name}"),
            Self::Spec(mirror, hash) => write!(f, "/m/{mirror}/-/specs/{hash}"),
            Self::Compare(mirror) => write!(f, "/m/{mirror}/-/compare"),
            Self::Keys(mirror) => write!(f, "/m/{mirror}/-/keys"),
            Self::Tokens(mirror) => write!(f, "/m/{mirror}/-/tokens"),
            Self::Builds(mirror) => write!(f, "/m/{mirror}/-/builds"),
            Self::Build(mirror, id) => write!(f, "/m/{mirror}/-/builds/{id}"),
            Self::Log(mirror, id) => write!(f, "/m/{mirror}/-/builds/{id}/log"),
            Self::Run(mirror, id) => write!(f, "/m/{mirror}/-/runs/{id}"),
            Self::Failures(mirror) => write!(f, "/m/{mirror}/-/failures"),
            Self::Failure(mirror, signature) => write!(f, "/m/{mirror}/-/failures/{signature}"),
            Self::NotFound(path) => f.write_str(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_parse_what_they_print() {
        for path in [
            "/",
            "/search",
            "/s/rjsbs2w",
            "/open",
            "/m/user-environment",
            "/m/opt/a/b",
            "/m/opt/a/b/-/packages",
            "/m/user-environment/-/packages/py-numpy",
            "/m/user-environment/-/specs/rjsbs2w",
            "/m/user-environment/-/compare",
            "/m/user-environment/-/keys",
            "/m/user-environment/-/tokens",
            "/m/user-environment/-/builds",
            "/m/opt/a/b/-/builds/7",
            "/m/user-environment/-/builds/7/log",
            "/m/user-environment/-/runs/3",
            "/m/user-environment/-/failures",
            "/m/user-environment/-/failures/0123456789abcdef",
        ] {
            let page = Page::parse(path);
            assert!(!matches!(page, Page::NotFound(_)), "{path}");
            assert_eq!(page.to_string(), path);
        }
    }

    #[test]
    fn other_paths_are_not_found() {
        for path in [
            "",
            "/m",
            "/m/",
            "/m/A",
            "/m/a/-/x",
            "/m/a/-/specs/189",
            "/s/",
            "/s/189",
            "/s/a/b",
            "/x",
            "/m/a/-/packages/a/b",
            "/m/%ff",
        ] {
            assert!(matches!(Page::parse(path), Page::NotFound(_)), "{path}");
        }
    }
}
