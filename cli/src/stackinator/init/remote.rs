//! A Larder that builds use from every machine.

use std::{fmt, str::FromStr};

use larder_shared::name::MirrorName;

use crate::mirrors_url::MirrorsUrl;

/// Where a build reads its packages, and perhaps pushes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Remote {
    /// Read over https; Spack cannot push there.
    Https(MirrorsUrl),
    /// Read and pushed to as a registry, by its URL without a slash at the end.
    Oci(String),
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Https(url) => url.fmt(f),
            Self::Oci(url) => f.write_str(url),
        }
    }
}

impl FromStr for Remote {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains("/~") {
            return Err(
                "the mount point would come after the secret in it. Read a private mirror by oci://<host>".to_owned()
            );
        }
        let Some(place) = text.strip_prefix("oci://") else {
            return text
                .parse()
                .map(Self::Https)
                .map_err(|error: crate::mirrors_url::InvalidMirrorsUrl| format!("{error}; or oci://<host>"));
        };
        let (host, name) = place.trim_end_matches('/').split_once('/').unwrap_or((place.trim_end_matches('/'), ""));
        // Spack takes a first part without a dot or a port for a repository of Docker's registry.
        if !(host.contains(['.', ':']) || host == "localhost") || host.contains('@') {
            return Err("expected oci://<host>, such as oci://larder.example.org".to_owned());
        }
        match name.parse::<MirrorName>() {
            Ok(_) => Ok(Self::Oci(format!("oci://{host}/{name}"))),
            Err(_) if name.is_empty() => Ok(Self::Oci(format!("oci://{host}"))),
            Err(error) => Err(format!("after the host stands {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larder_is_named_over_https_and_oci() {
        for (text, shown) in [
            ("https://host", "https://host/mirrors"),
            ("https://host/mirrors/alps/", "https://host/mirrors/alps"),
            ("oci://larder.example.org", "oci://larder.example.org"),
            ("oci://larder.example.org/", "oci://larder.example.org"),
            ("oci://127.0.0.1:8787/alps", "oci://127.0.0.1:8787/alps"),
        ] {
            assert_eq!(text.parse::<Remote>().unwrap().to_string(), shown, "{text}");
        }
        for (text, why) in [
            ("oci://larder/x", "oci://<host>"),
            ("oci://", "oci://<host>"),
            ("oci://me@host.org", "oci://<host>"),
            ("oci://host.org/Alps", "mirror name"),
            ("s3://bucket", "neither https://"),
            ("https://host/mirrors/m/~token", "after the secret"),
        ] {
            let error = text.parse::<Remote>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
