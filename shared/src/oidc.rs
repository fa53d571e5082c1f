//! OpenID Connect tokens of CI jobs: a job proves which repository it runs for, without a stored
//! secret.
//!
//! ```text
//! {"alg": "RS256", "kid": "38826b17…", "typ": "JWT"} . {"iss": "https://token.actions.githubusercontent.com",
//! "aud": "https://larder.example.org", "exp": 1795190763, "repository": "octo-org/octo-repo",
//! "ref": "refs/heads/main", "run_id": "1658821493", …} . <signature>
//! ```
//! The signature is not checked here, because that needs cryptography of the platform: a [`Jwt`] is
//! what somebody says, and its [`Claims`] are true once the signature and [`Claims::check`] are.
//!
//! Sources: RFC 7515 and 7519, and "OpenID Connect reference" of the GitHub Actions documentation.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64_URL};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::api::Timestamp;

pub mod keys;

/// The issuer of GitHub Actions' tokens.
pub const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Longest token read, in bytes; GitHub's have about 1,500.
pub const MAX_JWT_BYTES: usize = 16 << 10;

/// How far the issuer's clock may be off, in seconds.
const LEEWAY_SECONDS: u64 = 60;

/// The one algorithm accepted. A fixed list, because a token that chose its own could choose `none`.
const ALGORITHM: &str = "RS256";

/// A token taken apart, and not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwt<'a> {
    /// Which of the issuer's keys signed it, as it says.
    pub key_id: String,
    /// What it says.
    pub claims: Claims,
    /// The bytes the signature is over.
    pub signed: &'a str,
    /// The signature, RSASSA-PKCS1-v1_5 with SHA-256.
    pub signature: Vec<u8>,
}

/// The JOSE header (RFC 7515, section 4). Keys and URLs of keys in it are not looked at.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

impl<'a> Jwt<'a> {
    /// Whether a secret is meant to be a token of this kind: three parts, the first of which is JSON.
    pub fn is_shape_of(text: &str) -> bool {
        text.starts_with("eyJ") && text.split('.').count() == 3
    }

    /// Takes a token apart.
    ///
    /// # Errors
    /// [`InvalidJwt::Malformed`], or [`InvalidJwt::Algorithm`] when it is signed in another way.
    pub fn parse(text: &'a str) -> Result<Self, InvalidJwt> {
        let malformed = |problem| InvalidJwt::Malformed(problem);
        if text.len() > MAX_JWT_BYTES {
            return Err(malformed("it is too long"));
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(malformed("it has not three parts"))?;
        let (header, claims) = signed.split_once('.').ok_or(malformed("it has not three parts"))?;
        let header: Header = decode(header).ok_or(malformed("its header cannot be read"))?;
        if header.alg != ALGORITHM {
            return Err(InvalidJwt::Algorithm(header.alg.chars().take(20).collect()));
        }
        if header.crit.is_some() {
            return Err(malformed("its header asks for an extension"));
        }
        let key_id = header.kid.ok_or(malformed("its header names no key"))?;
        let claims = decode(claims).ok_or(malformed("its claims are not those of a GitHub Actions job"))?;
        let signature = BASE64_URL.decode(signature).map_err(|_| malformed("its signature cannot be read"))?;
        Ok(Self { key_id, claims, signed, signature })
    }
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_URL.decode(part).ok()?).ok()
}

/// What a token of GitHub Actions says: who issued it to whom and for how long, and which job runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it.
    #[serde(rename = "iss")]
    pub issuer: String,
    /// For whom: one or several.
    #[serde(rename = "aud")]
    pub audience: Audience,
    /// When it ends, in seconds since 1970.
    #[serde(rename = "exp")]
    pub expires_seconds: u64,
    /// Before when it is not to be used, in seconds since 1970.
    #[serde(rename = "nbf", default)]
    pub not_before_seconds: u64,
    /// The repository the workflow runs in, such as `octo-org/octo-repo`.
    pub repository: String,
    /// The git ref that started it, such as `refs/heads/main`.
    #[serde(rename = "ref")]
    pub git_ref: String,
    /// The commit that started it.
    pub sha: String,
    /// The run's number, unique at the provider.
    pub run_id: String,
    /// Which attempt of this run it is, from 1.
    pub run_attempt: String,
    /// The workflow's name.
    pub workflow: String,
    /// `github-hosted` or `self-hosted`.
    #[serde(default)]
    pub runner_environment: Option<String>,
    /// The deployment environment the job names, if any.
    #[serde(default)]
    pub environment: Option<String>,
}

/// The `aud` claim (RFC 7519, section 4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Audience {
    fn names(&self, wanted: &str) -> bool {
        match self {
            Self::One(name) => name == wanted,
            Self::Several(names) => names.iter().any(|name| name == wanted),
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(name) => f.write_str(name),
            Self::Several(names) => f.write_str(&names.join(", ")),
        }
    }
}

impl Claims {
    /// Checks that a token is for us, now.
    ///
    /// `issuer` must be named exactly, and one of the `audiences`.
    ///
    /// # Errors
    /// [`InvalidJwt`] with what does not fit.
    pub fn check(&self, issuer: &str, audiences: &[String], now: Timestamp) -> Result<(), InvalidJwt> {
        let now_seconds = now.as_millis() / 1_000;
        if self.issuer != issuer {
            return Err(InvalidJwt::Issuer { got: short(&self.issuer), expected: issuer.to_owned() });
        }
        if !audiences.iter().any(|wanted| self.audience.names(wanted)) {
            let expected = audiences.first().cloned().unwrap_or_default();
            return Err(InvalidJwt::Audience { got: short(&self.audience.to_string()), expected });
        }
        if now_seconds >= self.expires_seconds.saturating_add(LEEWAY_SECONDS) {
            return Err(InvalidJwt::Ended(Timestamp::from_millis(self.expires_seconds.saturating_mul(1_000))));
        }
        if self.not_before_seconds > now_seconds + LEEWAY_SECONDS {
            return Err(InvalidJwt::NotYet(Timestamp::from_millis(self.not_before_seconds.saturating_mul(1_000))));
        }
        Ok(())
    }

    /// The job in a few words, for the name of a token made for it.
    pub fn describe(&self) -> String {
        format!("{} run {} at {}", self.repository, self.run_id, self.git_ref)
    }
}

fn short(text: &str) -> String {
    text.chars().take(120).collect()
}

/// Why a token is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJwt {
    /// It cannot be read.
    #[error("{0}")]
    Malformed(&'static str),
    /// It is signed in a way that is not accepted.
    #[error("its algorithm is `{0}`; only {ALGORITHM} is accepted")]
    Algorithm(String),
    /// Somebody else issued it.
    #[error("`{got}` issued it; `{expected}` is expected")]
    Issuer {
        /// What it says.
        got: String,
        /// What it should say.
        expected: String,
    },
    /// It is meant for somebody else.
    #[error("it is for the audience `{got}`; `{expected}` is expected")]
    Audience {
        /// What it says.
        got: String,
        /// What it should say.
        expected: String,
    },
    /// Its time is over.
    #[error("it ended at {0}")]
    Ended(Timestamp),
    /// Its time has not begun.
    #[error("it begins at {0}")]
    NotYet(Timestamp),
    /// The issuer has no key of the name it gives.
    #[error("its issuer has no key `{0}`")]
    Key(String),
    /// The signature is not that of the key.
    #[error("its signature is wrong")]
    Signature,
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// What a job of `octo-org/octo-repo` on `refs/heads/main` says.
    pub(crate) fn claims() -> Value {
        json!({
            "iss": GITHUB_ISSUER,
            "aud": "https://larder.example.org",
            "exp": 2_000, "nbf": 1_000, "iat": 1_000, "jti": "x", "sub": "repo:octo-org/octo-repo:ref:refs/heads/main",
            "repository": "octo-org/octo-repo",
            "ref": "refs/heads/main",
            "sha": "0f24aa6b",
            "run_id": "1658821493",
            "run_attempt": "2",
            "workflow": "build",
            "runner_environment": "github-hosted",
        })
    }

    fn token(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL.encode(value.to_string());
        format!("{}.{}.{}", part(header), part(claims), BASE64_URL.encode("signature"))
    }

    fn rs256() -> Value {
        json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" })
    }

    #[test]
    fn a_token_is_taken_apart() {
        let text = token(&rs256(), &claims());
        assert!(Jwt::is_shape_of(&text));
        let jwt = Jwt::parse(&text).unwrap();
        assert_eq!((jwt.key_id.as_str(), &jwt.signature[..]), ("k1", &b"signature"[..]));
        assert_eq!(format!("{}.{}", jwt.signed, BASE64_URL.encode("signature")), text);
        assert_eq!(jwt.claims.describe(), "octo-org/octo-repo run 1658821493 at refs/heads/main");
        assert_eq!((jwt.claims.environment, jwt.claims.run_attempt.as_str()), (None, "2"));
    }

    #[test]
    fn other_algorithms_are_refused_whatever_their_case() {
        for algorithm in ["none", "None", "HS256", "RS384", "PS256", "ES256", "rs256", ""] {
            let text = token(&json!({ "alg": algorithm, "kid": "k1" }), &claims());
            assert_eq!(Jwt::parse(&text), Err(InvalidJwt::Algorithm(algorithm.to_owned())));
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let good = token(&rs256(), &claims());
        let mut without = claims();
        without.as_object_mut().unwrap().remove("repository");
        let mut twice = claims().to_string();
        twice.insert_str(1, r#""repository":"other/one","#);
        for text in [
            String::new(),
            "a.b.c".to_owned(),
            good.replacen('.', "", 1),
            format!("{good}="),
            format!("{good}.more"),
            token(&json!({ "alg": "RS256" }), &claims()),
            token(&json!({ "kid": "k1" }), &claims()),
            token(&json!({ "alg": "RS256", "kid": "k1", "crit": ["b64"], "b64": false }), &claims()),
            token(&rs256(), &without),
            token(&rs256(), &json!([])),
            token(&rs256(), &json!({ "iss": 1 })),
            good.replace(&BASE64_URL.encode(claims().to_string()), &BASE64_URL.encode(twice)),
            format!("{good}{}", "a".repeat(MAX_JWT_BYTES)),
        ] {
            let error = Jwt::parse(&text).unwrap_err();
            assert!(matches!(error, InvalidJwt::Malformed(_)), "{text}: {error}");
        }
        for text in ["lrd_0", "", "a.b.c", "eyJ", "eyJ.b"] {
            assert!(!Jwt::is_shape_of(text), "{text}");
        }
    }

    #[test]
    fn a_token_is_for_us_and_for_now() {
        let audiences = ["https://larder.example.org".to_owned(), "larder.example.org".to_owned()];
        let check = |key: &str, value: Value, seconds: u64| {
            let mut claims = claims();
            claims[key] = value;
            let claims: Claims = serde_json::from_value(claims).unwrap();
            claims.check(GITHUB_ISSUER, &audiences, Timestamp::from_millis(seconds * 1_000))
        };
        for good in
            [json!("https://larder.example.org"), json!("larder.example.org"), json!(["other", "larder.example.org"])]
        {
            assert_eq!(check("aud", good.clone(), 1_500), Ok(()), "{good}");
        }
        for bad in [
            json!("https://github.com/octo-org"),
            json!(""),
            json!([]),
            json!(["a", "b"]),
            json!("https://larder.example.org/"),
        ] {
            assert!(matches!(check("aud", bad.clone(), 1_500), Err(InvalidJwt::Audience { .. })), "{bad}");
        }
        for bad in [
            json!("https://token.actions.githubusercontent.com/"),
            json!("https://token.actions.githubusercontent.com.example.org"),
            json!(""),
        ] {
            assert!(matches!(check("iss", bad.clone(), 1_500), Err(InvalidJwt::Issuer { .. })), "{bad}");
        }
        // From `nbf` to `exp`, with a minute's leeway at both ends.
        for (seconds, expected) in [(939, false), (940, true), (1_000, true), (2_059, true), (2_060, false)] {
            assert_eq!(check("repository", json!("a/b"), seconds).is_ok(), expected, "{seconds}");
        }
        assert!(matches!(check("exp", json!(0), 1_500), Err(InvalidJwt::Ended(_))));
        assert_eq!(check("exp", json!(u64::MAX), 1_500), Ok(()));
        assert!(matches!(check("nbf", json!(u64::MAX), 1_500), Err(InvalidJwt::NotYet(_))));
    }
}
