//! The Bearer flow of container registries: a challenge, a request for a token, a token.
//!
//! ```text
//! WWW-Authenticate: Bearer realm="https://host/auth/token",service="host",scope="repository:m:pull,push"
//! GET /auth/token?service=host&scope=repository%3Am%3Apull%2Cpush&client_id=spack
//! {"token": "lrd_…", "access_token": "lrd_…", "expires_in": 21600, "issued_at": "2026-11-20T16:06:03Z"}
//! ```
//! Sources: "Token Authentication Specification" and "OAuth2" of the CNCF's distribution, and
//! `oci/opener.py` of Spack 0.23.

use serde::{Deserialize, Serialize};

use crate::{
    api::{Scope, Timestamp},
    credential::Secret,
    name::MirrorName,
};

/// Where tokens are asked for.
pub const TOKEN_PATH: &str = "/auth/token";

/// Most mirrors of a request that are looked at; a mount between repositories names two.
const MAX_MIRRORS: usize = 8;

/// A `WWW-Authenticate` that tells a client where to get a token with `scopes` on `mirror`.
///
/// `origin` is the scheme and host the client asked, such as `https://larder.example.org`. Spack
/// wants all three parameters, and `Bearer` with a capital.
pub fn challenge(origin: &str, mirror: &MirrorName, scopes: &[Scope]) -> String {
    let service = host(origin);
    let actions: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    let actions = actions.join(",");
    format!(r#"Bearer realm="{origin}{TOKEN_PATH}",service="{service}",scope="repository:{mirror}:{actions}""#)
}

/// The same where no mirror is asked for, such as at the root of the API.
pub fn login_challenge(origin: &str) -> String {
    format!(r#"Bearer realm="{origin}{TOKEN_PATH}",service="{}""#, host(origin))
}

/// The host of an origin, with its port where it has one.
pub fn host(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, host)| host)
}

/// What a client asks for at the token endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// The mirrors it wants to work with, in the order named.
    pub mirrors: Vec<MirrorName>,
    /// The secret of a form; a query has its own in the `Authorization` header.
    pub secret: Option<Secret>,
}

/// A form that asks for a token in a way that is not known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTokenRequest {
    /// Neither with a password nor with a token.
    #[error("`grant_type` is `{0}`; `password` and `refresh_token` are known here")]
    GrantType(String),
    /// The field that should hold the secret is empty or missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
}

impl TokenRequest {
    /// Reads the query of a GET: `service`, any number of `scope`, and what needs no answer.
    pub fn from_query(query: &str) -> Self {
        let fields: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let scopes = fields.iter().filter(|(name, _)| name == "scope").flat_map(|(_, value)| value.split(' '));
        let mut mirrors: Vec<MirrorName> = Vec::new();
        for mirror in scopes.filter_map(repository) {
            if !mirrors.contains(&mirror) && mirrors.len() < MAX_MIRRORS {
                mirrors.push(mirror);
            }
        }
        Self { mirrors, secret: None }
    }

    /// Reads the form of a POST, which holds the secret too.
    ///
    /// # Errors
    /// [`InvalidTokenRequest`] when it holds none.
    pub fn from_form(form: &str) -> Result<Self, InvalidTokenRequest> {
        let field = |wanted: &str| {
            let mut fields = form_urlencoded::parse(form.as_bytes());
            fields.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        let secret = match field("grant_type").as_str() {
            "password" => "password",
            "refresh_token" => "refresh_token",
            other => return Err(InvalidTokenRequest::GrantType(other.chars().take(40).collect())),
        };
        match field(secret) {
            empty if empty.is_empty() => Err(InvalidTokenRequest::Missing(secret)),
            text => Ok(Self { secret: Some(Secret::new(text)), ..Self::from_query(form) }),
        }
    }
}

/// The mirror of a scope such as `repository:opt/a:pull,push`.
///
/// What may be done with it is decided by what the asker may do, not by what is asked for: Spack
/// uses the first token it gets, often for `pull`, for everything.
fn repository(scope: &str) -> Option<MirrorName> {
    let (name, _actions) = scope.strip_prefix("repository:")?.rsplit_once(':')?;
    name.parse().ok()
}

/// The token endpoint's answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenAnswer {
    /// The token.
    pub token: String,
    /// The same under OAuth 2's name.
    pub access_token: String,
    /// How long it lasts at least, in seconds.
    pub expires_in: u64,
    /// When that began.
    pub issued_at: Timestamp,
}

impl TokenAnswer {
    /// Hands out `token` at `now`.
    pub fn new(token: &str, expires_in: u64, now: Timestamp) -> Self {
        Self { token: token.to_owned(), access_token: token.to_owned(), expires_in, issued_at: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirrors(names: &[&str]) -> Vec<MirrorName> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn a_challenge_has_what_spack_wants() {
        let mirror = "opt/a".parse().unwrap();
        assert_eq!(
            challenge("http://127.0.0.1:8787", &mirror, &[Scope::Pull, Scope::Push]),
            r#"Bearer realm="http://127.0.0.1:8787/auth/token",service="127.0.0.1:8787",scope="repository:opt/a:pull,push""#
        );
    }

    #[test]
    fn a_login_names_no_mirror() {
        let expected = r#"Bearer realm="https://larder.example.org/auth/token",service="larder.example.org""#;
        assert_eq!(login_challenge("https://larder.example.org"), expected);
    }

    #[test]
    fn a_query_names_mirrors() {
        for (query, expected) in [
            ("", &[][..]),
            ("service=h&scope=repository%3Aopt%2Fa%3Apull%2Cpush&client_id=spack", &["opt/a"]),
            ("scope=repository:a:pull&scope=repository:b:pull,push", &["a", "b"]),
            ("scope=repository:a:pull+repository:b:pull%20repository:a:push", &["a", "b"]),
            ("scope=repository:A:pull&scope=registry:catalog:*&scope=repository:a&scope=a", &[]),
        ] {
            assert_eq!(TokenRequest::from_query(query).mirrors, mirrors(expected), "{query}");
        }
        let many: String = (0..100).map(|number| format!("scope=repository:m{number}:pull&")).collect();
        assert_eq!(TokenRequest::from_query(&many).mirrors.len(), MAX_MIRRORS);
    }

    #[test]
    fn a_form_holds_the_secret() {
        let request = TokenRequest::from_form(
            "grant_type=password&username=me&password=a%2Bb+c&service=h&scope=repository:a:pull&client_id=docker",
        );
        let expected = TokenRequest { mirrors: mirrors(&["a"]), secret: Some(Secret::new("a+b c")) };
        assert_eq!(request, Ok(expected));
        let request = TokenRequest::from_form("grant_type=refresh_token&refresh_token=lrd_0&service=h");
        assert_eq!(request.map(|request| request.secret), Ok(Some(Secret::new("lrd_0"))));
        for (form, error) in [
            ("", InvalidTokenRequest::GrantType(String::new())),
            ("grant_type=client_credentials", InvalidTokenRequest::GrantType("client_credentials".to_owned())),
            ("grant_type=password&password=", InvalidTokenRequest::Missing("password")),
            ("grant_type=refresh_token&password=x", InvalidTokenRequest::Missing("refresh_token")),
        ] {
            assert_eq!(TokenRequest::from_form(form), Err(error), "{form}");
        }
    }
}
