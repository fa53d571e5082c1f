//! Where a mirror lies: `https://larder.example.org/mirrors/user-environment`.

use std::{fmt, str::FromStr};

use larder_shared::{
    name::MirrorName,
    route::{API, Route},
};
use ureq::http::Uri;

use crate::server_url::ServerUrl;

/// The URL of a mirror, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MirrorUrl {
    server: ServerUrl,
    mirror: MirrorName,
}

impl MirrorUrl {
    /// A mirror of a server.
    pub(crate) const fn new(server: ServerUrl, mirror: MirrorName) -> Self {
        Self { server, mirror }
    }

    /// The URL of a path below the mirror's root.
    ///
    /// Spack's paths need no percent-encoding: their characters are all allowed in a URL's path.
    pub(crate) fn of(&self, path: &str) -> String {
        format!("{self}/{path}")
    }

    /// The URL of something of the mirror as an OCI repository, such as `blobs/uploads/`.
    pub(crate) fn registry(&self, path: &str) -> String {
        format!("{}/v2/{}/{path}", self.server, self.mirror)
    }

    /// The URL of something of the mirror in the API, such as `specs`; there a mirror's name is one segment.
    pub(crate) fn api(&self, path: &str) -> String {
        self.server.api(&format!("mirrors/{}/{path}", self.mirror.as_str().replace('/', "%2F")))
    }

    /// The URL of something on its server, by the whole path.
    pub(crate) fn beside(&self, path: &str) -> String {
        format!("{}{path}", self.server)
    }

    /// The server's URL: `https://larder.example.org`.
    pub(crate) const fn server(&self) -> &ServerUrl {
        &self.server
    }

    /// The mirror's name.
    pub(crate) const fn name(&self) -> &MirrorName {
        &self.mirror
    }

    /// The path of the mirror's document in the API, where a mirror's name is one segment.
    pub(crate) fn api_path(&self) -> String {
        format!("{API}/mirrors/{}", self.mirror.as_str().replace('/', "%2F"))
    }

    /// The URL that a `Location` names, which may be a path on the same server.
    pub(crate) fn resolve(&self, location: &str) -> String {
        if location.starts_with('/') { format!("{}{location}", self.server) } else { location.to_owned() }
    }

    /// Whether what is sent can be read on its way: plain `http` to another machine.
    pub(crate) fn is_exposed(&self) -> bool {
        self.server.is_exposed()
    }
}

impl fmt::Display for MirrorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/mirrors/{}", self.server, self.mirror)
    }
}

/// Text that is not the URL of a mirror.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; expected https://<host>/mirrors/<mirror>, such as https://larder.example.org/mirrors/user-environment")]
pub(crate) struct InvalidMirrorUrl(&'static str);

impl FromStr for MirrorUrl {
    type Err = InvalidMirrorUrl;

    fn from_str(text: &str) -> Result<Self, InvalidMirrorUrl> {
        let uri: Uri = text.parse().map_err(|_| InvalidMirrorUrl("it is not a URL"))?;
        let server = ServerUrl::of(&uri).map_err(InvalidMirrorUrl)?;
        match Route::parse(uri.path()) {
            Ok(Route::MirrorRoot(mirror)) => Ok(Self { server, mirror }),
            Ok(Route::Object(..)) => Err(InvalidMirrorUrl("its path goes on after the name of the mirror")),
            _ => Err(InvalidMirrorUrl("its path is not that of a mirror")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_is_found_with_and_without_a_slash() {
        for text in ["https://larder.example.org/mirrors/opt/a", "https://larder.example.org/mirrors/opt/a/"] {
            let url: MirrorUrl = text.parse().unwrap();
            assert_eq!(url.of("v3/layout.json"), "https://larder.example.org/mirrors/opt/a/v3/layout.json");
        }
        let nested: MirrorUrl = "https://host/mirrors/opt/a".parse().unwrap();
        assert_eq!(nested.api("specs"), "https://host/api/v1/mirrors/opt%2Fa/specs");
        let local: MirrorUrl = "http://127.0.0.1:8787/mirrors/m".parse().unwrap();
        assert_eq!(local.to_string(), "http://127.0.0.1:8787/mirrors/m");
    }

    #[test]
    fn what_is_no_mirror_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "not a URL"),
            ("larder.example.org/mirrors/m", "not a URL"),
            ("/mirrors/m", "neither https://"),
            ("oci://host/m", "neither https://"),
            ("https://token@host/mirrors/m", "user name"),
            ("https://host/mirrors/m?x=1", "query"),
            ("https://host/", "not that of a mirror"),
            ("https://host/m/user-environment", "not that of a mirror"),
            ("https://host/mirrors/", "not that of a mirror"),
            ("https://host/mirrors/m/build_cache/index.json", "goes on"),
        ] {
            let error = text.parse::<MirrorUrl>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
            assert!(error.contains("https://<host>/mirrors/<mirror>"), "{text}: {error}");
        }
    }

    #[test]
    fn only_plain_http_to_other_machines_is_exposed() {
        for (text, exposed) in [
            ("https://host/mirrors/m", false),
            ("http://host/mirrors/m", true),
            ("http://localhost:8787/mirrors/m", false),
            ("http://127.0.0.1/mirrors/m", false),
            ("http://[::1]:80/mirrors/m", false),
            ("http://localhost.example.org/mirrors/m", true),
        ] {
            assert_eq!(text.parse::<MirrorUrl>().unwrap().is_exposed(), exposed, "{text}");
        }
    }
}
