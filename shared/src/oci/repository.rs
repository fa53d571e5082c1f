//! A repository of a registry, as Spack writes it in a mirror's URL.
//!
//! ```text
//! oci://ghcr.io/octo-org/cache           over https
//! oci+http://127.0.0.1:5000/cache        over http, for a registry of one's own network
//! ```
//! Source: `image_from_mirror` of Spack 0.23, and Spack 1.x for `oci+http`. Unlike Spack, a host has to be
//! there: what would be `docker.io` by default is a mistake more often than it is meant.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A repository of a registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryUrl {
    is_plain: bool,
    host: Box<str>,
    name: Box<str>,
}

/// Text that names no repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no repository: `oci://<host>/<name>` is expected, such as `oci://ghcr.io/octo-org/cache`, without a tag"
)]
pub struct InvalidRepositoryUrl(String);

/// Longest name of a repository, in bytes: what registries agree on.
const MAX_NAME_BYTES: usize = 255;

/// Longest host with its port, in bytes.
const MAX_HOST_BYTES: usize = 260;

impl RepositoryUrl {
    /// Host and port of the registry.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The repository's name at the registry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is asked over http.
    pub fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Whether the registry is on the machine that asks.
    pub fn is_local(&self) -> bool {
        let host = self.host.rsplit_once(':').map_or(&*self.host, |(host, _)| host);
        matches!(host, "localhost" | "127.0.0.1")
    }

    /// Scheme and host of the registry's API.
    pub fn registry(&self) -> String {
        format!("{}://{}", if self.is_plain { "http" } else { "https" }, self.host)
    }

    /// The address of something in the repository, such as `tags/list`.
    pub fn address(&self, rest: &str) -> String {
        format!("{}/v2/{}/{rest}", self.registry(), self.name)
    }
}

impl fmt::Display for RepositoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/{}", if self.is_plain { "oci+http" } else { "oci" }, self.host, self.name)
    }
}

impl FromStr for RepositoryUrl {
    type Err = InvalidRepositoryUrl;

    /// Reads a URL; its name is taken in lower case, as Spack takes it.
    fn from_str(text: &str) -> Result<Self, InvalidRepositoryUrl> {
        let invalid = || InvalidRepositoryUrl(text.chars().take(160).collect());
        let (scheme, rest) = text.split_once("://").ok_or_else(invalid)?;
        let is_plain = match scheme {
            "oci" | "oci+https" => false,
            "oci+http" => true,
            _ => return Err(invalid()),
        };
        let (host, name) = rest.trim_end_matches('/').split_once('/').ok_or_else(invalid)?;
        let (host, name) = (host.to_ascii_lowercase(), name.to_ascii_lowercase());
        if !is_host(&host) || name.len() > MAX_NAME_BYTES || !name.split('/').all(is_component) {
            return Err(invalid());
        }
        Ok(Self { is_plain, host: host.into(), name: name.into() })
    }
}

/// Whether text is a host: one with a dot or a port, or `localhost`.
fn is_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let is_named = host == "localhost" || host.contains('.') || port.is_some();
    text.len() <= MAX_HOST_BYTES && is_port && is_named && host.split('.').all(is_label)
}

/// Whether text is a component of a repository's name: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` (OCI
/// distribution specification, "Pulling manifests").
fn is_component(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends_well = bytes.first().copied().is_some_and(is_word) && bytes.last().copied().is_some_and(is_word);
    let separators: Vec<_> = text.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()).collect();
    let is_separator = |text: &&str| matches!(*text, "" | "." | "_" | "__") || text.bytes().all(|byte| byte == b'-');
    ends_well && separators.iter().all(is_separator)
}

impl TryFrom<String> for RepositoryUrl {
    type Error = InvalidRepositoryUrl;

    fn try_from(text: String) -> Result<Self, InvalidRepositoryUrl> {
        text.parse()
    }
}

impl From<RepositoryUrl> for String {
    fn from(url: RepositoryUrl) -> Self {
        url.to_string()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for RepositoryUrl {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RepositoryUrl".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^oci(\\+https?)?://[^/]+/.+$",
            "description": "A repository of a registry, such as `oci://ghcr.io/octo-org/cache`.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_read_and_addressed() {
        for (text, printed, address, is_local) in [
            (
                "oci://ghcr.io/Octo-Org/cache",
                "oci://ghcr.io/octo-org/cache",
                "https://ghcr.io/v2/octo-org/cache/x",
                false,
            ),
            ("oci+https://ghcr.io/a/", "oci://ghcr.io/a", "https://ghcr.io/v2/a/x", false),
            ("oci+http://127.0.0.1:5000/a", "oci+http://127.0.0.1:5000/a", "http://127.0.0.1:5000/v2/a/x", true),
            (
                "oci://localhost/a_b/c__d.e--f",
                "oci://localhost/a_b/c__d.e--f",
                "https://localhost/v2/a_b/c__d.e--f/x",
                true,
            ),
            ("oci://registry:5000/a", "oci://registry:5000/a", "https://registry:5000/v2/a/x", false),
        ] {
            let url: RepositoryUrl = text.parse().unwrap();
            assert_eq!((url.to_string().as_str(), url.address("x").as_str()), (printed, address), "{text}");
            assert_eq!(url.is_local(), is_local, "{text}");
            assert_eq!(url.to_string().parse(), Ok(url), "{text}");
        }
    }

    #[test]
    fn what_is_no_repository_is_refused() {
        for text in [
            "",
            "ghcr.io/a/b",
            "https://ghcr.io/a",
            "oci://ghcr.io",
            "oci://ghcr.io/",
            "oci://user/image",
            "oci://ghcr.io/a:tag",
            "oci://ghcr.io/a@sha256:0",
            "oci://ghcr.io/a//b",
            "oci://ghcr.io/a/../b",
            "oci://ghcr.io/a?b",
            "oci://me:secret@ghcr.io/a",
            "oci://ghcr.io:0/a",
            "oci://ghcr.io:port/a",
            "oci://ghcr..io/a",
            "oci://ghcr.io/-a",
            "oci://ghcr.io/a._b",
            "oci://ghcr.io/é",
            "OCI://ghcr.io/a",
        ] {
            assert!(text.parse::<RepositoryUrl>().is_err(), "{text}");
        }
        assert!(format!("oci://ghcr.io/{}", "a".repeat(256)).parse::<RepositoryUrl>().is_err());
    }
}
