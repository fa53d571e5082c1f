//! How a registry wants to be told who asks, and what is told it.
//!
//! ```text
//! WWW-Authenticate: Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:octo-org/cache:pull"
//! GET https://ghcr.io/token?service=ghcr.io&scope=repository%3Aocto-org%2Fcache%3Apull
//! {"token": "…", "expires_in": 300}
//! ```
//! Sources: RFC 9110, section 11; "Token Authentication Specification" of the CNCF's distribution.
//! [`crate::bearer`] is the other side of it.

use std::{collections::BTreeMap, fmt};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use serde::Deserialize;

use crate::config::InvalidSetting;

/// What a registry asks for with a 401.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// A token, which is to be had elsewhere.
    Bearer {
        /// Where.
        realm: String,
        /// For whom the token shall be.
        service: Option<String>,
        /// What it shall allow.
        scope: Option<String>,
    },
    /// A name and a password with each request.
    Basic,
}

impl Challenge {
    /// Reads a `WWW-Authenticate` header; `Bearer` is preferred when it names several schemes.
    pub fn parse(header: &str) -> Option<Self> {
        let lower = header.to_ascii_lowercase();
        let starts = |scheme: &str| {
            let at = lower.find(scheme)?;
            let is_word = at == 0 || lower.as_bytes().get(at - 1).is_some_and(|byte| b", ".contains(byte));
            is_word.then_some(at + scheme.len())
        };
        let Some(start) = starts("bearer ") else { return starts("basic").map(|_| Self::Basic) };
        let mut parameters = parameters(header.get(start..)?);
        let realm = parameters.remove("realm")?;
        Some(Self::Bearer { realm, service: parameters.remove("service"), scope: parameters.remove("scope") })
    }

    /// Where to ask for the token; `None` unless that is over https, or as openly as the registry itself.
    pub fn token_url(&self, is_plain: bool) -> Option<String> {
        let Self::Bearer { realm, service, scope } = self else { return None };
        let is_safe = realm.starts_with("https://") || (is_plain && realm.starts_with("http://"));
        if !is_safe {
            return None;
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("service", service), ("scope", scope)] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        let join = if realm.contains('?') { '&' } else { '?' };
        Some(format!("{realm}{join}{}", query.finish()))
    }
}

/// The parameters of a challenge, up to the next one, by name in lower case.
fn parameters(mut text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    loop {
        text = text.trim_start_matches([' ', ',', '\t']);
        let Some((name, rest)) = text.split_once('=') else { return found };
        if name.trim_end().contains(' ') {
            // The name of the next scheme stands before it.
            return found;
        }
        let rest = rest.trim_start();
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => rest
                .split_once(',')
                .map_or((rest.trim().to_owned(), ""), |(value, rest)| (value.trim().to_owned(), rest)),
        };
        found.insert(name.trim_end().to_ascii_lowercase(), value);
        text = rest;
    }
}

/// A quoted text whose first quote is gone, and what follows its last.
fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, text.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

/// A token as it is handed out.
#[derive(Debug, PartialEq, Eq)]
pub struct GrantedToken {
    /// What stands after `Bearer`.
    pub token: String,
    /// How long it lasts, in seconds.
    pub seconds: u64,
}

/// How long a token lasts that does not say so, in seconds (the specification's default).
const DEFAULT_SECONDS: u64 = 60;

impl GrantedToken {
    /// Reads the answer of a token endpoint; `None` when it holds no token that a header can hold.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Answer {
            token: Option<String>,
            access_token: Option<String>,
            expires_in: Option<u64>,
        }
        let Answer { token, access_token, expires_in } = serde_json::from_slice(bytes).ok()?;
        let token = token.filter(|token| !token.is_empty()).or(access_token)?;
        let is_usable = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        is_usable.then_some(Self { token, seconds: expires_in.unwrap_or(DEFAULT_SECONDS) })
    }
}

/// Names and passwords at registries, by host; their `Debug` hides them.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RegistryCredentials(BTreeMap<String, String>);

impl RegistryCredentials {
    /// The setting's name.
    pub const NAME: &'static str = "LARDER_REGISTRY_CREDENTIALS";

    /// Reads `<host>=<user>:<password>`, one or several with spaces or newlines between.
    ///
    /// # Errors
    /// [`InvalidSetting`], which shows nothing of it.
    pub fn parse(text: &str) -> Result<Self, InvalidSetting> {
        let read = |one: &str| {
            let (host, pair) = one.split_once('=')?;
            let (user, password) = pair.split_once(':')?;
            let is_whole = !host.is_empty() && !user.is_empty() && !password.is_empty();
            is_whole.then(|| (host.to_ascii_lowercase(), format!("Basic {}", BASE64.encode(pair))))
        };
        let expected = "`<host>=<user>:<password>`, one or several";
        let all: Option<_> = text.split_whitespace().map(read).collect();
        all.map(Self).ok_or_else(|| InvalidSetting::secret(Self::NAME, expected))
    }

    /// The `Authorization` header for a host with its port, if there is one.
    pub fn authorization(&self, host: &str) -> Option<&str> {
        self.0.get(host).map(String::as_str)
    }
}

impl fmt::Debug for RegistryCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Challenge {
        Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scope: scope.map(str::to_owned),
        }
    }

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        let ghcr = bearer("https://ghcr.io/token", Some("ghcr.io"), Some("repository:octo-org/cache:pull"));
        for (header, expected) in [
            (
                r#"Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:octo-org/cache:pull""#,
                ghcr.clone(),
            ),
            (
                r#"bearer Realm = "https://ghcr.io/token" , service=ghcr.io, scope="repository:octo-org/cache:pull""#,
                ghcr.clone(),
            ),
            (
                r#"Basic realm="x", Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:octo-org/cache:pull""#,
                ghcr,
            ),
            (
                r#"Bearer realm="https://a/t",scope="repository:a:pull,push", Basic realm="x""#,
                bearer("https://a/t", None, Some("repository:a:pull,push")),
            ),
            (r#"Bearer realm="https://a/\"t\"""#, bearer("https://a/\"t\"", None, None)),
            (r#"Basic realm="Registry Realm""#, Challenge::Basic),
        ] {
            assert_eq!(Challenge::parse(header), Some(expected), "{header}");
        }
        for header in ["", "Bearer", "Bearer service=\"x\"", "Negotiate", "NotBearer realm=\"x\""] {
            assert_eq!(Challenge::parse(header), None, "{header}");
        }
    }

    #[test]
    fn a_token_is_asked_for_where_the_challenge_says() {
        let challenge = bearer("https://a/t?account=x", Some("a b"), Some("repository:a/b:pull"));
        let url = "https://a/t?account=x&service=a+b&scope=repository%3Aa%2Fb%3Apull";
        assert_eq!(challenge.token_url(false).as_deref(), Some(url));
        assert_eq!(bearer("http://a/t", None, None).token_url(false), None, "not less safely than the registry");
        assert_eq!(bearer("http://a/t", None, None).token_url(true).as_deref(), Some("http://a/t?"));
        assert_eq!(bearer("file:///etc/passwd", None, None).token_url(true), None);
        assert_eq!(Challenge::Basic.token_url(false), None);
    }

    #[test]
    fn a_token_comes_under_either_name() {
        let granted = |token: &str, seconds| Some(GrantedToken { token: token.to_owned(), seconds });
        for (answer, expected) in [
            (r#"{"token":"a.b-c","expires_in":300}"#, granted("a.b-c", 300)),
            (r#"{"access_token":"x","issued_at":"2026-11-20T16:06:03Z"}"#, granted("x", 60)),
            (r#"{"token":"","access_token":"x"}"#, granted("x", 60)),
            (r#"{"token":"a\r\nX-Y: z"}"#, None),
            (r#"{"errors":[]}"#, None),
            ("<html>", None),
        ] {
            assert_eq!(GrantedToken::parse(answer.as_bytes()), expected, "{answer}");
        }
    }

    #[test]
    fn credentials_are_found_by_host_and_never_printed() {
        let credentials = RegistryCredentials::parse("ghcr.io=me:s3cret\n127.0.0.1:5000=you:a:b=c").unwrap();
        assert_eq!(credentials.authorization("ghcr.io"), Some("Basic bWU6czNjcmV0"));
        assert_eq!(
            credentials.authorization("127.0.0.1:5000"),
            Some(format!("Basic {}", BASE64.encode("you:a:b=c")).as_str())
        );
        assert_eq!(credentials.authorization("example.org"), None);
        assert_eq!(format!("{credentials:?}"), r#"{"127.0.0.1:5000", "ghcr.io"}"#);
        assert_eq!(RegistryCredentials::parse(" "), Ok(RegistryCredentials::default()));
        for text in ["ghcr.io", "ghcr.io=me", "=me:secret", "ghcr.io=:secret", "ghcr.io=me:"] {
            let error = RegistryCredentials::parse(text).unwrap_err();
            assert!(!error.to_string().contains("secret") && error.name == RegistryCredentials::NAME, "{error}");
        }
    }
}
