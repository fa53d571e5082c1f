//! A request's path with the secret that it may hold.
//!
//! ```text
//! /mirrors/<mirror>/~<token>/build_cache/index.json
//! ```
//! Spack sends no credentials over https, so a private mirror is read under a path that holds them.
//! The segment is taken out before anything else looks at the path: what remains is the route, and
//! no error or log line can show the secret.

use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::{Route, RouteError};
use crate::{credential::Secret, name::MirrorName};

/// What a path asks for, and the secret in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What is asked for.
    pub route: Route,
    /// The secret segment, without its `~`.
    pub secret: Option<Secret>,
}

impl Target {
    /// Parses the path of a URL, still percent-encoded.
    ///
    /// # Errors
    /// [`RouteError`] of the path without its secret.
    pub fn parse(path: &str) -> Result<Self, RouteError> {
        let Some(place) = find_secret(path) else { return Ok(Self { route: Route::parse(path)?, secret: None }) };
        let mirror = &path[..place.start];
        let without = format!("{mirror}{}", &path[place.end..]);
        let route = Route::parse(&without)?;
        // The name ends at the secret: what follows is no part of it.
        if route.mirror() != Route::parse(mirror)?.mirror() {
            return Err(RouteError::unknown(&without));
        }
        Ok(Self { route, secret: secret(path) })
    }

    /// The methods it answers, for `Allow`: a path that holds a secret is for reading.
    pub const fn methods(&self) -> &'static str {
        match self.secret {
            Some(_) => "GET, HEAD",
            None => self.route.methods(),
        }
    }
}

/// The secret in a path.
pub fn secret(path: &str) -> Option<Secret> {
    let segment = percent_decode_str(&path[find_secret(path)?]).decode_utf8_lossy();
    segment.strip_prefix("/~").map(Secret::new)
}

const MIRRORS: &str = "/mirrors/";

/// Where the secret segment of a path lies, with the slash before it: after a mirror's name.
fn find_secret(path: &str) -> Option<Range<usize>> {
    let mut start = MIRRORS.len();
    for segment in path.strip_prefix(MIRRORS)?.split('/') {
        let end = start + segment.len();
        let decoded = percent_decode_str(segment).decode_utf8_lossy();
        if decoded.starts_with('~') && start > MIRRORS.len() {
            return Some(start - 1..end);
        }
        if !MirrorName::is_segment(&decoded) {
            return None;
        }
        start = end + 1;
    }
    None
}

/// The path as a log may show it: whatever begins with a `~` is cut, also where no secret belongs.
pub fn redact(path: &str) -> String {
    let show = |segment| if percent_decode_str(segment).next() == Some(b'~') { "~…" } else { segment };
    path.split('/').map(show).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_after_the_mirrors_name_is_taken_out() {
        for (path, without, secret) in [
            ("/mirrors/m/~s3cret/v3/layout.json", "/mirrors/m/v3/layout.json", "s3cret"),
            ("/mirrors/opt/a/b/~s3cret/v3/layout.json", "/mirrors/opt/a/b/v3/layout.json", "s3cret"),
            ("/mirrors/m/%7Es3%63ret/v3/layout.json", "/mirrors/m/v3/layout.json", "s3cret"),
            ("/mirrors/m/~a.b-c_d=/v3/layout.json", "/mirrors/m/v3/layout.json", "a.b-c_d="),
            ("/mirrors/m/~s3cret", "/mirrors/m", "s3cret"),
            ("/mirrors/m/~s3cret/", "/mirrors/m/", "s3cret"),
            ("/mirrors/m/~/v3/layout.json", "/mirrors/m/v3/layout.json", ""),
        ] {
            let expected = Target { route: Route::parse(without).unwrap(), secret: Some(Secret::new(secret)) };
            assert_eq!(Target::parse(path), Ok(expected), "{path}");
            assert_eq!(super::secret(path), Some(Secret::new(secret)), "{path}");
        }
    }

    #[test]
    fn a_secret_stands_once_and_after_the_whole_name() {
        for path in [
            "/mirrors/m/~a/~b/v3/layout.json",
            "/mirrors/m/~a/b/v3/layout.json",
            "/mirrors/m/~a/b",
            "/mirrors/~a/m/v3/layout.json",
            "/mirrors/m/v3/~a/layout.json",
            "/mirrors/m/build_cache/~a",
            "/mirrors/M/~a/v3/layout.json",
            "/api/v1/mirrors/m/~a",
            "/~a",
        ] {
            assert!(matches!(Target::parse(path), Err(RouteError::Unknown(_))), "{path}");
        }
        assert_eq!(secret("/mirrors/m/v3/layout.json"), None);
    }

    #[test]
    fn a_path_with_a_secret_is_read_only() {
        let target = Target::parse("/mirrors/m/~s3cret/v3/layout.json").unwrap();
        assert_eq!(target.methods(), "GET, HEAD");
        assert_eq!(target.route, Route::parse("/mirrors/m/v3/layout.json").unwrap());
        assert!(!format!("{target:?}").contains("s3cret"));
        assert_eq!(Target::parse("/mirrors/m/v3/layout.json").unwrap().methods(), "GET, HEAD, PUT");
    }

    #[test]
    fn no_error_and_no_log_shows_the_secret() {
        for path in [
            "/mirrors/m/~s3cret/nothing",
            "/mirrors/m/~s3cret/%ff",
            "/mirrors/m/%7es3cret//x",
            "/mirrors/m/~s3cret/build_cache/index.json%2F",
            "/mirrors/~s3cret/v3/layout.json",
            "/mirrors/m/~a/~s3cret/v3/layout.json",
        ] {
            let error = Target::parse(path).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{path}: {error}");
            assert!(!redact(path).contains("s3cret"), "{path}");
        }
        assert_eq!(redact("/mirrors/~a/M/%7Eb/c~d/"), "/mirrors/~…/M/~…/c~d/");
    }
}
