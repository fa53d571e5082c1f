//! Where a Larder is: `https://larder.example.org`.

use std::{fmt, str::FromStr};

use ureq::http::Uri;

/// The URL of a server: scheme and host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl(String);

impl ServerUrl {
    /// The server of a URL whose path may be any.
    ///
    /// # Errors
    /// What is wrong with it, as the beginning of a sentence.
    pub(crate) fn of(uri: &Uri) -> Result<Self, &'static str> {
        let scheme = uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme));
        let scheme = scheme.ok_or("it begins with neither https:// nor http://")?;
        let authority = uri.authority().ok_or("it names no host")?.as_str();
        if authority.contains('@') {
            return Err("it holds a user name, which Larder does not use: pass a token with --token");
        }
        if uri.query().is_some() {
            return Err("it has a query after its path");
        }
        Ok(Self(format!("{scheme}://{authority}")))
    }

    /// The URL of a document of the API, such as `tokens`.
    pub(crate) fn api(&self, path: &str) -> String {
        format!("{self}{}/{path}", larder_shared::route::API)
    }

    /// Whether what is sent can be read on its way: plain `http` to another machine.
    pub(crate) fn is_exposed(&self) -> bool {
        let Some(authority) = self.0.strip_prefix("http://") else { return false };
        let host = authority.rsplit_once(':').map_or(authority, |(host, _port)| host);
        host != "localhost" && host != "[::1]" && !host.starts_with("127.")
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that is not the URL of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; expected https://<host>, such as https://larder.example.org")]
pub(crate) struct InvalidServerUrl(&'static str);

impl FromStr for ServerUrl {
    type Err = InvalidServerUrl;

    fn from_str(text: &str) -> Result<Self, InvalidServerUrl> {
        let uri: Uri = text.parse().map_err(|_| InvalidServerUrl("it is not a URL"))?;
        let server = Self::of(&uri).map_err(InvalidServerUrl)?;
        match uri.path() {
            "" | "/" => Ok(server),
            _ => Err(InvalidServerUrl("it goes on after the host")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_scheme_and_a_host() {
        for text in ["https://larder.example.org", "https://larder.example.org/"] {
            let server: ServerUrl = text.parse().unwrap();
            assert_eq!(server.api("tokens"), "https://larder.example.org/api/v1/tokens");
        }
        for (text, reason) in [
            ("larder.example.org", "neither https://"),
            ("oci://host", "neither https://"),
            ("https://user@host", "user name"),
            ("https://host/mirrors/m", "goes on"),
            ("https://host/?x", "query"),
            ("", "not a URL"),
        ] {
            let error = text.parse::<ServerUrl>().unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("https://<host>"), "{text}: {error}");
        }
    }
}
