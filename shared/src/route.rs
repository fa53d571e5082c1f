//! The whole URL space: what a request's method and path ask for.
//!
//! ```text
//! /mirrors/<mirror>/<Spack's own path>    read by Spack, written by `larder push`
//! /mirrors/<mirror>/slice/<expression>/<path>   the same of a part of the mirror
//! /mirrors/<mirror>/manifest/, …/_cache/  the mirror for the clients of spack-package-action
//! /v2/<mirror>/…                          the OCI distribution API
//! /mirrors/<mirror>/~<token>/<path>       the same of a private mirror, read only; see [`target`]
//! /auth/token                             the token endpoint of the OCI API
//! /cdash/<mirror>/submit.php              what Spack's CDash reporter sends to
//! /api/v1/…                               the JSON API
//! /  /m/<mirror>/-/…                      the dashboard; see [`page`]
//! ```
//! Plain code instead of a router: a mirror's name may hold slashes, and ends where Spack's own
//! path begins.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::{
    action_cache,
    bearer::TOKEN_PATH,
    layout::{LayoutPath, MAX_PATH_BYTES},
    name::{MAX_MIRROR_NAME_BYTES, MirrorName, PackageName, is_dag_hash_prefix},
    oci::route::{PathError, RepositoryPath},
    report::Signature,
    slice::{InvalidSlice, Slice},
};

pub mod page;
pub mod site;
pub mod target;

pub use target::Target;

/// What is asked for, apart from the method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// An object of a mirror, by Spack's own path.
    Object(MirrorName, LayoutPath),
    /// An object of a slice of a mirror: only its index is another.
    Slice(MirrorName, Slice, LayoutPath),
    /// A path below `/mirrors/` that names a mirror, or a slice of one, and nothing in it.
    MirrorRoot(MirrorName),
    /// A file of the mirror as a site of the action `spack-package-action`, whose clients are of 2021.
    ActionCache(MirrorName, action_cache::Path),
    /// `/v2/`: whether there is a registry, and whether the client may use it.
    Registry,
    /// Something of an OCI repository, which is a mirror.
    Repository(MirrorName, RepositoryPath),
    /// `/api/v1/mirrors`
    Mirrors,
    /// `/api/v1/mirrors/{m}`
    Mirror(MirrorName),
    /// `/api/v1/mirrors/{m}/packages`
    Packages(MirrorName),
    /// `/api/v1/mirrors/{m}/packages/{name}`
    Package(MirrorName, PackageName),
    /// `/api/v1/mirrors/{m}/specs`
    Specs(MirrorName),
    /// `/api/v1/mirrors/{m}/specs/{hash}`; a unique beginning of the hash is enough.
    Spec(MirrorName, String),
    /// `/api/v1/mirrors/{m}/catalogue`: the index in columns.
    Catalogue(MirrorName),
    /// `/api/v1/mirrors/{m}/keys`
    Keys(MirrorName),
    /// `/api/v1/mirrors/{m}/usage`: how the mirror grows and is used.
    Usage(MirrorName),
    /// `/api/v1/mirrors/{m}/suggest`: what it should be given next.
    Suggest(MirrorName),
    /// `/api/v1/mirrors/{m}/refresh`: read the origin's index now.
    Refresh(MirrorName),
    /// `/api/v1/mirrors/{m}/reindex`: make the index follow from the bucket.
    Reindex(MirrorName),
    /// `/api/v1/mirrors/{m}/builds`
    Builds(MirrorName),
    /// `/api/v1/mirrors/{m}/builds/{id}`
    Build(MirrorName, u64),
    /// `/api/v1/mirrors/{m}/builds/{id}/log`
    BuildLog(MirrorName, u64),
    /// `/api/v1/mirrors/{m}/builds/{id}/failure`: what somebody who read the whole log found.
    BuildFailure(MirrorName, u64),
    /// `/api/v1/mirrors/{m}/runs`
    Runs(MirrorName),
    /// `/api/v1/mirrors/{m}/runs/{id}`
    Run(MirrorName, u64),
    /// `/api/v1/mirrors/{m}/failures`
    Failures(MirrorName),
    /// `/api/v1/mirrors/{m}/failures/{signature}`
    Failure(MirrorName, Signature),
    /// `/api/v1/mirrors/{m}/failures.atom`
    FailureFeed(MirrorName),
    /// `/api/v1/mirrors/{m}/packages/{name}/badge.svg`
    Badge(MirrorName, PackageName),
    /// `/cdash/<mirror>/submit.php`: takes a document of Spack's CDash reporter.
    CdashSubmit(MirrorName),
    /// `/cdash/<mirror>/buildSummary.php`: the link that Spack prints.
    CdashSummary(MirrorName),
    /// `/api/v1/tokens`
    Tokens,
    /// `/api/v1/tokens/{id}`
    Token(String),
    /// `/api/v1/openapi.json`
    OpenApi,
    /// `/auth/token`: hands out tokens to OCI clients and CI jobs.
    AuthToken,
}

/// Why a path leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// The path is longer than any that could be stored.
    #[error("the path has {0} bytes; at most {MAX_REQUEST_PATH_BYTES} are used")]
    TooLong(usize),
    /// A segment that cannot be part of a name or key.
    #[error("the path segment `{segment}` {problem}")]
    Malformed {
        /// The segment as sent, cut to 80 characters.
        segment: String,
        /// What is wrong with it, as the end of a sentence.
        problem: &'static str,
    },
    /// A path of the OCI API that names nothing.
    #[error(transparent)]
    Repository(#[from] PathError),
    /// A slice that is none.
    #[error("`{0}` is not a slice: {1}")]
    Slice(String, InvalidSlice),
    /// Well formed, but nothing lies there.
    #[error("nothing lies at `{0}`")]
    Unknown(String),
}

impl RouteError {
    fn unknown(path: &str) -> Self {
        Self::Unknown(target::redact(path).chars().take(200).collect())
    }
}

/// Longest request path that can name something, in bytes: each byte may be percent-encoded.
pub const MAX_REQUEST_PATH_BYTES: usize = 3 * (MAX_MIRROR_NAME_BYTES + MAX_PATH_BYTES) + 32;

/// Where the JSON API begins.
pub const API: &str = "/api/v1";

impl Route {
    /// Parses the path of a URL, still percent-encoded.
    ///
    /// # Errors
    /// [`RouteError`], which names the segment that is wrong.
    pub fn parse(path: &str) -> Result<Self, RouteError> {
        if path.len() > MAX_REQUEST_PATH_BYTES {
            return Err(RouteError::TooLong(path.len()));
        }
        let unknown = || RouteError::unknown(path);
        if let Some(rest) = path.strip_prefix("/mirrors/") {
            return Self::parse_object(rest)?.ok_or_else(unknown);
        }
        if let Some(rest) = path.strip_prefix("/v2") {
            return match rest {
                "" | "/" => Ok(Self::Registry),
                _ => Self::parse_repository(rest.strip_prefix('/').ok_or_else(unknown)?),
            };
        }
        if let Some(rest) = path.strip_prefix(API) {
            return Self::parse_api(rest)?.ok_or_else(unknown);
        }
        if let Some(rest) = path.strip_prefix("/cdash/") {
            return Self::parse_cdash(rest)?.ok_or_else(unknown);
        }
        if path == TOKEN_PATH {
            return Ok(Self::AuthToken);
        }
        Err(unknown())
    }

    fn parse_object(rest: &str) -> Result<Option<Self>, RouteError> {
        let segments: Vec<Cow<'_, str>> =
            rest.strip_suffix('/').unwrap_or(rest).split('/').map(decode_segment).collect::<Result<_, _>>()?;
        let name_segments = segments.iter().take_while(|segment| MirrorName::is_segment(segment)).count();
        let Ok(mirror) = segments[..name_segments].join("/").parse::<MirrorName>() else { return Ok(None) };
        if name_segments == segments.len() {
            return Ok(Some(Self::MirrorRoot(mirror)));
        }
        let (slice, path) = match &segments[name_segments..] {
            [folder, expression, path @ ..] if folder == SLICE => (Some(parse_slice(expression)?), path),
            path => (None, path),
        };
        if slice.is_some() && path.is_empty() {
            return Ok(Some(Self::MirrorRoot(mirror)));
        }
        let path = path.join("/");
        if path.len() > MAX_PATH_BYTES {
            return Err(RouteError::TooLong(path.len()));
        }
        if slice.is_none()
            && let Some(path) = action_cache::Path::parse(&path)
        {
            return Ok(Some(Self::ActionCache(mirror, path)));
        }
        Ok(path.parse().ok().map(|path| match slice {
            Some(slice) => Self::Slice(mirror, slice, path),
            None => Self::Object(mirror, path),
        }))
    }

    fn parse_repository(rest: &str) -> Result<Self, RouteError> {
        let segments: Vec<Cow<'_, str>> =
            rest.strip_suffix('/').unwrap_or(rest).split('/').map(decode_segment).collect::<Result<_, _>>()?;
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let (mirror, path) = crate::oci::route::parse(&segments)?;
        Ok(Self::Repository(mirror, path))
    }

    fn parse_cdash(rest: &str) -> Result<Option<Self>, RouteError> {
        let segments: Vec<Cow<'_, str>> = rest.split('/').map(decode_segment).collect::<Result<_, _>>()?;
        let Some((page, name)) = segments.split_last() else { return Ok(None) };
        let Ok(mirror) = name.join("/").parse() else { return Ok(None) };
        Ok(match &**page {
            "submit.php" => Some(Self::CdashSubmit(mirror)),
            "buildSummary.php" => Some(Self::CdashSummary(mirror)),
            _ => None,
        })
    }

    fn parse_api(rest: &str) -> Result<Option<Self>, RouteError> {
        let segments: Vec<Cow<'_, str>> =
            rest.strip_prefix('/').unwrap_or(rest).split('/').map(decode_api_segment).collect::<Result<_, _>>()?;
        let parts: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        Ok(match parts[..] {
            ["openapi.json"] => Some(Self::OpenApi),
            ["tokens"] => Some(Self::Tokens),
            ["tokens", id] => Some(Self::Token(id.to_owned())),
            ["mirrors"] => Some(Self::Mirrors),
            ["mirrors", mirror, ref rest @ ..] => match mirror.parse() {
                Ok(mirror) => Self::parse_mirror_api(mirror, rest),
                Err(_) => None,
            },
            _ => None,
        })
    }

    fn parse_mirror_api(mirror: MirrorName, rest: &[&str]) -> Option<Self> {
        match rest {
            [] => Some(Self::Mirror(mirror)),
            ["packages"] => Some(Self::Packages(mirror)),
            ["packages", name] => name.parse().ok().map(|name| Self::Package(mirror, name)),
            ["specs"] => Some(Self::Specs(mirror)),
            ["specs", hash] if is_dag_hash_prefix(hash) => Some(Self::Spec(mirror, (*hash).to_owned())),
            ["packages", name, "badge.svg"] => name.parse().ok().map(|name| Self::Badge(mirror, name)),
            ["catalogue"] => Some(Self::Catalogue(mirror)),
            ["keys"] => Some(Self::Keys(mirror)),
            ["usage"] => Some(Self::Usage(mirror)),
            ["suggest"] => Some(Self::Suggest(mirror)),
            ["builds"] => Some(Self::Builds(mirror)),
            ["builds", id] => Some(Self::Build(mirror, number(id)?)),
            ["builds", id, "log"] => Some(Self::BuildLog(mirror, number(id)?)),
            ["builds", id, "failure"] => Some(Self::BuildFailure(mirror, number(id)?)),
            ["runs"] => Some(Self::Runs(mirror)),
            ["runs", id] => Some(Self::Run(mirror, number(id)?)),
            ["failures"] => Some(Self::Failures(mirror)),
            ["failures.atom"] => Some(Self::FailureFeed(mirror)),
            ["failures", signature] => Some(Self::Failure(mirror, signature.parse().ok()?)),
            ["refresh"] => Some(Self::Refresh(mirror)),
            ["reindex"] => Some(Self::Reindex(mirror)),
            _ => None,
        }
    }

    /// The methods this route answers, for `Allow`.
    pub const fn methods(&self) -> &'static str {
        match self {
            Self::Object(..) => "GET, HEAD, PUT",
            Self::Repository(_, RepositoryPath::Manifest(_)) => "GET, HEAD, PUT, DELETE",
            Self::Repository(_, RepositoryPath::Blob(_)) => "GET, HEAD, DELETE",
            Self::Repository(_, RepositoryPath::Uploads) => "POST",
            Self::Repository(_, RepositoryPath::Upload(_)) => "GET, HEAD, PATCH, PUT, DELETE",
            Self::Mirrors | Self::Tokens | Self::AuthToken => "GET, HEAD, POST",
            Self::Mirror(_) => "GET, HEAD, PATCH",
            Self::Spec(..) => "GET, HEAD, DELETE",
            Self::Refresh(_) | Self::Reindex(_) => "POST",
            Self::Builds(_) | Self::Suggest(_) => "GET, HEAD, POST",
            Self::BuildLog(..) => "GET, HEAD, PUT",
            Self::BuildFailure(..) => "PUT",
            Self::CdashSubmit(_) => "PUT, POST",
            Self::Token(_) => "DELETE",
            Self::Slice(..)
            | Self::Registry
            | Self::Repository(_, RepositoryPath::Tags | RepositoryPath::Referrers(_))
            | Self::MirrorRoot(_)
            | Self::ActionCache(..)
            | Self::Packages(_)
            | Self::Package(..)
            | Self::Specs(_)
            | Self::Catalogue(_)
            | Self::Keys(_)
            | Self::Usage(_)
            | Self::Build(..)
            | Self::Runs(_)
            | Self::Run(..)
            | Self::Failures(_)
            | Self::Failure(..)
            | Self::FailureFeed(_)
            | Self::Badge(..)
            | Self::CdashSummary(_)
            | Self::OpenApi => "GET, HEAD",
        }
    }

    /// The mirror that is asked for something.
    pub const fn mirror(&self) -> Option<&MirrorName> {
        match self {
            Self::Object(mirror, _)
            | Self::Slice(mirror, ..)
            | Self::MirrorRoot(mirror)
            | Self::ActionCache(mirror, _)
            | Self::Mirror(mirror)
            | Self::Packages(mirror)
            | Self::Package(mirror, _)
            | Self::Specs(mirror)
            | Self::Spec(mirror, _)
            | Self::Catalogue(mirror)
            | Self::Keys(mirror)
            | Self::Usage(mirror)
            | Self::Suggest(mirror)
            | Self::Refresh(mirror)
            | Self::Reindex(mirror)
            | Self::Builds(mirror)
            | Self::Build(mirror, _)
            | Self::BuildLog(mirror, _)
            | Self::BuildFailure(mirror, _)
            | Self::Runs(mirror)
            | Self::Run(mirror, _)
            | Self::Failures(mirror)
            | Self::Failure(mirror, _)
            | Self::FailureFeed(mirror)
            | Self::Badge(mirror, _)
            | Self::CdashSubmit(mirror)
            | Self::CdashSummary(mirror)
            | Self::Repository(mirror, _) => Some(mirror),
            Self::Registry | Self::Mirrors | Self::Tokens | Self::Token(_) | Self::OpenApi | Self::AuthToken => None,
        }
    }
}

/// A number as Larder prints it.
fn number(text: &str) -> Option<u64> {
    let is_printed = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|number| is_printed && *number <= MAX_NUMBER)
}

/// Largest number of a build or a run: what JavaScript can count to.
const MAX_NUMBER: u64 = (1 << 53) - 1;

/// The folder of a mirror's slices.
const SLICE: &str = "slice";

fn parse_slice(expression: &str) -> Result<Slice, RouteError> {
    expression.parse().map_err(|problem| RouteError::Slice(expression.chars().take(80).collect(), problem))
}

/// Decodes one segment of a mirror's path once, and refuses what could become a separator.
fn decode_segment(segment: &str) -> Result<Cow<'_, str>, RouteError> {
    let decoded = decode(segment)?;
    if decoded.contains('/') {
        return Err(malformed(segment, "holds an encoded `/`, which no path of Spack does"));
    }
    Ok(decoded)
}

/// Decodes one segment of an API path; there a mirror's name is one segment, its slashes encoded.
fn decode_api_segment(segment: &str) -> Result<Cow<'_, str>, RouteError> {
    decode(segment)
}

fn decode(segment: &str) -> Result<Cow<'_, str>, RouteError> {
    let decoded = percent_decode_str(segment).decode_utf8().map_err(|_| malformed(segment, "is not UTF-8"))?;
    let problem = match &*decoded {
        "" => "is empty",
        "." | ".." => "steps out of its folder",
        text if text.contains('\\') => "holds a `\\`",
        text if text.contains('\0') => "holds a NUL byte",
        text if text.chars().any(char::is_control) => "holds a control character",
        _ => return Ok(decoded),
    };
    Err(malformed(segment, problem))
}

fn malformed(segment: &str, problem: &'static str) -> RouteError {
    RouteError::Malformed { segment: segment.chars().take(80).collect(), problem }
}

#[cfg(test)]
mod tests;
