//! The keys an issuer signs with, as it publishes them (RFC 7517).
//!
//! ```text
//! <issuer>/.well-known/openid-configuration   {"issuer": "…", "jwks_uri": "…", …}
//! <jwks_uri>                                  {"keys": [{"kty": "RSA", "kid": "38826b17…", "n": "…", "e": "AQAB"}]}
//! ```

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64_URL};
use serde::{Deserialize, Serialize};

use crate::api::Timestamp;

/// Where an issuer says where its keys are (OpenID Connect Discovery 1.0, section 4).
pub const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";

/// Largest document read of an issuer, in bytes; GitHub's keys have about 6,000.
pub const MAX_DOCUMENT_BYTES: usize = 256 << 10;

/// Shortest modulus accepted, in bytes: 2,048 bits (RFC 7518, section 3.3).
const MIN_MODULUS_BYTES: usize = 256;

/// How long keys are believed without asking the issuer again, in milliseconds: an hour.
const FRESH_MILLIS: u64 = 3_600_000;

/// How long they are believed when the issuer cannot be asked, in milliseconds: a day.
const USABLE_MILLIS: u64 = 24 * FRESH_MILLIS;

/// What is used of a discovery document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Discovery {
    issuer: String,
    jwks_uri: String,
}

/// Why an issuer's documents are not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeys {
    /// Not the JSON that is expected.
    #[error("sent a document that cannot be read: {0}")]
    Document(String),
    /// The discovery document is somebody else's.
    #[error("says that it is `{0}`")]
    Issuer(String),
    /// The keys' URL can be changed on the way.
    #[error("has its keys at `{0}`, which is neither https nor its own address")]
    Location(String),
}

impl Discovery {
    /// Reads a discovery document and gives the URL of the keys.
    ///
    /// # Errors
    /// [`InvalidKeys`]: a document of another issuer is not followed, nor a URL that can be changed
    /// on the way.
    pub fn keys_url(document: &[u8], issuer: &str) -> Result<String, InvalidKeys> {
        let document: Self =
            serde_json::from_slice(document).map_err(|error| InvalidKeys::Document(error.to_string()))?;
        if document.issuer != issuer {
            return Err(InvalidKeys::Issuer(document.issuer));
        }
        let url = document.jwks_uri;
        if url.starts_with("https://") || url.starts_with(&format!("{issuer}/")) {
            Ok(url)
        } else {
            Err(InvalidKeys::Location(url))
        }
    }
}

/// An RSA key that may verify signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its name.
    #[serde(rename = "kid")]
    pub id: String,
    /// The modulus, base64url.
    #[serde(rename = "n")]
    pub modulus: String,
    /// The exponent, base64url.
    #[serde(rename = "e")]
    pub exponent: String,
}

/// An issuer's keys, and when they were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySet {
    /// The keys, as they were listed.
    keys: Vec<Key>,
    /// When they were read.
    pub fetched: Timestamp,
}

impl KeySet {
    /// Reads an issuer's list of keys, without those that are of no use here: of another kind, for
    /// encryption, or too short.
    ///
    /// # Errors
    /// [`InvalidKeys::Document`] when it is no such list.
    pub fn parse(document: &[u8], now: Timestamp) -> Result<Self, InvalidKeys> {
        /// A key of any kind.
        #[derive(Deserialize)]
        struct Listed {
            kty: String,
            #[serde(default, rename = "use")]
            usage: Option<String>,
            #[serde(default)]
            alg: Option<String>,
            #[serde(default)]
            kid: String,
            #[serde(default)]
            n: String,
            #[serde(default)]
            e: String,
        }
        #[derive(Deserialize)]
        struct List {
            keys: Vec<Listed>,
        }
        let list: List = serde_json::from_slice(document).map_err(|error| InvalidKeys::Document(error.to_string()))?;
        let is_of_use = |key: &Listed| {
            key.kty == "RSA"
                && key.usage.as_deref().is_none_or(|usage| usage == "sig")
                && key.alg.as_deref().is_none_or(|alg| alg == "RS256")
                && BASE64_URL.decode(&key.n).is_ok_and(|modulus| modulus.len() >= MIN_MODULUS_BYTES)
        };
        let keys = list.keys.into_iter().filter(is_of_use);
        let keys = keys.map(|Listed { kid, n, e, .. }| Key { id: kid, modulus: n, exponent: e }).collect();
        Ok(Self { keys, fetched: now })
    }

    /// The key of a name.
    pub fn find(&self, id: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// How long ago they were read, in milliseconds.
    pub const fn age_millis(&self, now: Timestamp) -> u64 {
        now.as_millis().saturating_sub(self.fetched.as_millis())
    }

    /// Whether they need not be read again.
    pub const fn is_fresh(&self, now: Timestamp) -> bool {
        self.age_millis(now) < FRESH_MILLIS
    }

    /// Whether they may be used while the issuer cannot be asked.
    pub const fn is_usable(&self, now: Timestamp) -> bool {
        self.age_millis(now) < USABLE_MILLIS
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ISSUER: &str = "https://token.actions.githubusercontent.com";

    #[test]
    fn keys_are_where_their_issuer_says() {
        let url = |issuer: &str, keys: &str| {
            Discovery::keys_url(json!({ "issuer": issuer, "jwks_uri": keys }).to_string().as_bytes(), ISSUER)
        };
        let good = format!("{ISSUER}/.well-known/jwks");
        assert_eq!(url(ISSUER, &good), Ok(good.clone()));
        assert_eq!(url("https://other", &good), Err(InvalidKeys::Issuer("https://other".to_owned())));
        for bad in ["http://token.actions.githubusercontent.com/x", "file:///etc/passwd", ""] {
            assert_eq!(url(ISSUER, bad), Err(InvalidKeys::Location(bad.to_owned())));
        }
        assert!(matches!(Discovery::keys_url(b"<html>", ISSUER), Err(InvalidKeys::Document(_))));
        let local = br#"{"issuer":"http://127.0.0.1:9","jwks_uri":"http://127.0.0.1:9/keys"}"#;
        assert!(Discovery::keys_url(local, "http://127.0.0.1:9").is_ok());
        assert!(
            Discovery::keys_url(
                &String::from_utf8_lossy(local).replace("9/keys", "99/keys").into_bytes(),
                "http://127.0.0.1:9"
            )
            .is_err()
        );
    }

    #[test]
    fn only_keys_that_can_verify_are_taken() {
        let long = BASE64_URL.encode([0xff; MIN_MODULUS_BYTES]);
        let short = BASE64_URL.encode([0xff; MIN_MODULUS_BYTES - 1]);
        let key = |id: &str, more: Value| {
            let mut key = json!({ "kty": "RSA", "kid": id, "n": long, "e": "AQAB", "x5t": "x" });
            key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            key
        };
        let list = json!({ "keys": [
            key("plain", json!({})),
            key("signing", json!({ "use": "sig", "alg": "RS256" })),
            key("encrypting", json!({ "use": "enc" })),
            key("other algorithm", json!({ "alg": "RS512" })),
            key("short", json!({ "n": short })),
            key("malformed", json!({ "n": "!" })),
            { "kty": "EC", "kid": "curve", "crv": "P-256", "x": "x", "y": "y" },
            { "kty": "oct", "kid": "secret", "k": "x" },
        ] });
        let now = Timestamp::from_millis(5_000);
        let keys = KeySet::parse(list.to_string().as_bytes(), now).unwrap();
        assert_eq!(keys.keys.iter().map(|key| key.id.as_str()).collect::<Vec<_>>(), ["plain", "signing"]);
        assert!(keys.find("plain").is_some() && keys.find("curve").is_none());
        let kept = serde_json::to_vec(&keys).unwrap();
        assert_eq!(serde_json::from_slice::<KeySet>(&kept).unwrap(), keys);
        for bad in ["", "{}", "[]", r#"{"keys":{}}"#] {
            assert!(KeySet::parse(bad.as_bytes(), now).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_grow_old() {
        let keys = KeySet { keys: Vec::new(), fetched: Timestamp::from_millis(1_000) };
        let at = |millis| Timestamp::from_millis(millis);
        assert!(keys.is_fresh(at(0)) && keys.is_fresh(at(FRESH_MILLIS)));
        assert!(!keys.is_fresh(at(1_000 + FRESH_MILLIS)) && keys.is_usable(at(1_000 + FRESH_MILLIS)));
        assert!(!keys.is_usable(at(1_000 + USABLE_MILLIS)));
    }
}
