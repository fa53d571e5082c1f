//! Settings, read once and whole from the environment.

use std::fmt;

use crate::{digest::Digest, oci::challenge::RegistryCredentials, oidc::GITHUB_ISSUER};

/// What the person who deployed Larder chose.
#[derive(Debug)]
pub struct Config {
    /// The token that may do everything, from the secret `LARDER_ADMIN_TOKEN`. Without it nobody
    /// can make a mirror or a token.
    pub admin_token: Option<AdminToken>,
    /// Whether index documents are also kept in the data centre's cache (`LARDER_CACHE=on`). It
    /// does something only on a domain of one's own, not on `workers.dev`.
    pub is_cache_used: bool,
    /// Whether each answer says what it cost (`LARDER_TELL_COST=on`), for benchmarks and the curious:
    /// `Larder-Cost: reads=2 writes=0 index=1`.
    pub is_cost_told: bool,
    /// After how many seconds an origin is asked again when somebody reads
    /// (`LARDER_ORIGIN_FRESH_SECONDS`, 60).
    pub origin_fresh_seconds: u64,
    /// The key of managed signing, from the secret `LARDER_SIGNING_KEY`: an ASCII-armoured OpenPGP
    /// private key without a passphrase. It is read when something is to be signed.
    pub signing_key: Option<SigningKey>,
    /// How many seconds the blobs of a removed package stay (`LARDER_UNUSED_BLOB_SECONDS`, 3600):
    /// longer than anybody pushes a package after finding its blob there.
    pub unused_blob_seconds: u64,
    /// How many seconds an origin has to begin its answer (`LARDER_ORIGIN_TIMEOUT_SECONDS`, 8).
    /// Spack itself waits 10 s for a byte.
    pub origin_timeout_seconds: u64,
    /// Names and passwords at the registries that mirrors are read through from, from the secret
    /// `LARDER_REGISTRY_CREDENTIALS`: `<host>=<user>:<password>`, one or several.
    pub registry_credentials: RegistryCredentials,
    /// Who issues the OpenID Connect tokens of CI jobs (`LARDER_OIDC_ISSUER`, GitHub's): an `https`
    /// URL without a slash at its end, or for tests one of this machine.
    pub oidc_issuer: String,
    /// What such a token must have been issued for (`LARDER_OIDC_AUDIENCE`); without it, the origin
    /// or the host that was asked.
    pub oidc_audience: Option<String>,
    /// How many seconds lie at least between two reads of the issuer's keys, when tokens name one
    /// that is not known (`LARDER_OIDC_REFETCH_SECONDS`, 60).
    pub oidc_refetch_seconds: u64,
    /// How many seconds after it first failed a webhook's delivery is tried again
    /// (`LARDER_WEBHOOK_RETRY_SECONDS`, 60); later waits are multiples of it.
    pub webhook_retry_seconds: u64,
    /// Whether a webhook may lead to `http://127.0.0.1` (`LARDER_LOCAL_WEBHOOKS=on`), for tests and
    /// development.
    pub has_local_webhooks: bool,
}

/// The digest of the admin token: comparing digests takes the same time whatever is sent.
pub struct AdminToken(Digest);

impl AdminToken {
    /// Whether `digest` is that of the admin token.
    pub fn is(&self, digest: &Digest) -> bool {
        self.0 == *digest
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(…)")
    }
}

/// The text of a private key, which is never printed.
pub struct SigningKey(String);

impl SigningKey {
    /// The setting's name.
    pub const NAME: &'static str = "LARDER_SIGNING_KEY";

    /// The key's ASCII armour.
    pub fn armor(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// A setting that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the setting {name} is `{value}`; {expected} is expected")]
pub struct InvalidSetting {
    /// Its name.
    pub name: &'static str,
    value: String,
    expected: &'static str,
}

impl InvalidSetting {
    /// A secret that cannot be used; its value is not told.
    pub fn secret(name: &'static str, expected: &'static str) -> Self {
        Self { name, value: "…".to_owned(), expected }
    }
}

/// Shortest admin token accepted, in characters: what cannot be guessed over a network.
const MIN_ADMIN_TOKEN_CHARS: usize = 16;

impl Config {
    /// Reads the settings through `lookup`, which gives a variable's or secret's value.
    ///
    /// # Errors
    /// [`InvalidSetting`]: nothing falls back to a default silently.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let admin_token = match lookup("LARDER_ADMIN_TOKEN").filter(|token| !token.is_empty()) {
            Some(token) if token.chars().count() < MIN_ADMIN_TOKEN_CHARS => {
                let expected = "a token of at least 16 characters";
                return Err(InvalidSetting::secret("LARDER_ADMIN_TOKEN", expected));
            }
            token => token.map(|token| AdminToken(Digest::of(token.as_bytes()))),
        };
        let switch = |name| match lookup(name).as_deref() {
            None | Some("" | "off") => Ok(false),
            Some("on") => Ok(true),
            Some(value) => Err(InvalidSetting { name, value: value.to_owned(), expected: "`on` or `off`" }),
        };
        let seconds = |name, default| match lookup(name) {
            None => Ok(default),
            Some(value) => {
                value.parse().map_err(|_| InvalidSetting { name, value, expected: "a whole number of seconds" })
            }
        };
        Ok(Self {
            admin_token,
            is_cache_used: switch("LARDER_CACHE")?,
            is_cost_told: switch("LARDER_TELL_COST")?,
            signing_key: lookup(SigningKey::NAME).filter(|key| !key.trim().is_empty()).map(SigningKey),
            unused_blob_seconds: seconds("LARDER_UNUSED_BLOB_SECONDS", 3600)?,
            origin_fresh_seconds: seconds("LARDER_ORIGIN_FRESH_SECONDS", 60)?,
            origin_timeout_seconds: seconds("LARDER_ORIGIN_TIMEOUT_SECONDS", 8)?,
            registry_credentials: RegistryCredentials::parse(&lookup(RegistryCredentials::NAME).unwrap_or_default())?,
            oidc_issuer: issuer(lookup("LARDER_OIDC_ISSUER"))?,
            oidc_audience: lookup("LARDER_OIDC_AUDIENCE").filter(|audience| !audience.is_empty()),
            oidc_refetch_seconds: seconds("LARDER_OIDC_REFETCH_SECONDS", 60)?,
            webhook_retry_seconds: seconds("LARDER_WEBHOOK_RETRY_SECONDS", 60)?,
            has_local_webhooks: switch("LARDER_LOCAL_WEBHOOKS")?,
        })
    }
}

fn issuer(value: Option<String>) -> Result<String, InvalidSetting> {
    let value = value.filter(|value| !value.is_empty()).unwrap_or_else(|| GITHUB_ISSUER.to_owned());
    let is_local = value.starts_with("http://127.0.0.1:");
    if (value.starts_with("https://") || is_local) && !value.ends_with('/') {
        return Ok(value);
    }
    let expected = "an https URL without a slash at its end";
    Err(InvalidSetting { name: "LARDER_OIDC_ISSUER", value, expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(settings: &[(&str, &str)]) -> Result<Config, InvalidSetting> {
        Config::from_lookup(|name| settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn without_settings_nobody_is_admin() {
        let config = config(&[]).unwrap();
        assert!(config.admin_token.is_none());
        assert!(!config.is_cache_used && !config.has_local_webhooks);
        assert_eq!((config.origin_fresh_seconds, config.origin_timeout_seconds), (60, 8));
        assert_eq!((config.oidc_issuer.as_str(), config.oidc_audience), (GITHUB_ISSUER, None));
    }

    #[test]
    fn the_admin_token_is_compared_by_digest_and_never_printed() {
        let config = config(&[("LARDER_ADMIN_TOKEN", "correct-horse-battery")]).unwrap();
        let token = config.admin_token.as_ref().unwrap();
        assert!(token.is(&Digest::of(b"correct-horse-battery")));
        assert!(!token.is(&Digest::of(b"correct-horse-batterz")));
        assert!(!format!("{config:?}").contains("horse"));
    }

    #[test]
    fn the_signing_key_is_never_printed() {
        assert!(config(&[(SigningKey::NAME, " \n")]).unwrap().signing_key.is_none());
        let config = config(&[(SigningKey::NAME, "-----BEGIN PGP PRIVATE KEY BLOCK-----")]).unwrap();
        assert!(config.signing_key.as_ref().unwrap().armor().contains("PRIVATE"));
        assert!(!format!("{config:?}").contains("BEGIN"));
    }

    #[test]
    fn wrong_settings_are_named_and_secrets_are_not_shown() {
        for (name, value) in [
            ("LARDER_ADMIN_TOKEN", "short"),
            ("LARDER_CACHE", "maybe"),
            ("LARDER_UNUSED_BLOB_SECONDS", "an hour"),
            ("LARDER_ORIGIN_FRESH_SECONDS", "-1"),
            ("LARDER_ORIGIN_TIMEOUT_SECONDS", "soon"),
            ("LARDER_REGISTRY_CREDENTIALS", "ghcr.io"),
            ("LARDER_OIDC_ISSUER", "http://example.org"),
            ("LARDER_OIDC_ISSUER", "http://127.0.0.1.example.org"),
            ("LARDER_OIDC_ISSUER", "https://example.org/"),
            ("LARDER_OIDC_REFETCH_SECONDS", ""),
            ("LARDER_WEBHOOK_RETRY_SECONDS", "1m"),
            ("LARDER_LOCAL_WEBHOOKS", "yes"),
        ] {
            let error = config(&[(name, value)]).unwrap_err();
            assert_eq!(error.name, name);
            assert!(error.to_string().contains(name), "{error}");
        }
        assert!(!config(&[("LARDER_ADMIN_TOKEN", "short")]).unwrap_err().to_string().contains("short"));
    }
}
