//! Where mirrors lie: `https://larder.example.org/mirrors`, or the URL of one of them.
//!
//! Stackinator's `mount_specific` appends the mount point to whatever URL it is given, so a mirror's
//! URL is also the place of the mirrors below it: `…/mirrors/alps` and `/user-environment` make
//! `…/mirrors/alps/user-environment`.

use std::{fmt, str::FromStr};

use larder_shared::{name::MirrorName, route::Route};
use ureq::http::Uri;

use crate::{mirror_url::MirrorUrl, server_url::ServerUrl};

/// The URL of a server's mirrors, or of one mirror, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MirrorsUrl {
    server: ServerUrl,
    mirror: Option<MirrorName>,
}

impl MirrorsUrl {
    /// The mirror it names, if it names one.
    pub(crate) fn mirror(&self) -> Option<MirrorUrl> {
        self.mirror.clone().map(|mirror| MirrorUrl::new(self.server.clone(), mirror))
    }

    /// The mirror of a mount point such as `/user-environment`.
    ///
    /// # Errors
    /// When the mount point cannot be a mirror's name.
    pub(crate) fn of_mount_point(&self, mount_point: &str) -> Result<MirrorUrl, NoMirrorName> {
        let below = mount_point.trim_matches('/');
        let name = self.mirror.as_ref().map_or_else(|| below.to_owned(), |mirror| format!("{mirror}/{below}"));
        match name.parse() {
            Ok(mirror) => Ok(MirrorUrl::new(self.server.clone(), mirror)),
            Err(_) => Err(NoMirrorName(name)),
        }
    }

    /// Whether what is sent can be read on its way: plain `http` to another machine.
    pub(crate) fn is_exposed(&self) -> bool {
        self.server.is_exposed()
    }
}

impl From<MirrorUrl> for MirrorsUrl {
    fn from(mirror: MirrorUrl) -> Self {
        Self { server: mirror.server().clone(), mirror: Some(mirror.name().clone()) }
    }
}

impl fmt::Display for MirrorsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/mirrors", self.server)?;
        self.mirror.as_ref().map_or(Ok(()), |mirror| write!(f, "/{mirror}"))
    }
}

/// A mount point that is no mirror's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot be the name of a mirror: each part begins with a-z or 0-9 and holds a-z, 0-9, `.`, `_` and `-`, and \
     none is a word of Larder's own paths, such as `larder` or `slice`"
)]
pub(crate) struct NoMirrorName(String);

/// Text that is not the URL of mirrors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; expected https://<host>/mirrors/<mirror>, or https://<host>/mirrors for a cache of several mount points")]
pub(crate) struct InvalidMirrorsUrl(&'static str);

impl FromStr for MirrorsUrl {
    type Err = InvalidMirrorsUrl;

    fn from_str(text: &str) -> Result<Self, InvalidMirrorsUrl> {
        let uri: Uri = text.parse().map_err(|_| InvalidMirrorsUrl("it is not a URL"))?;
        let server = ServerUrl::of(&uri).map_err(InvalidMirrorsUrl)?;
        if matches!(uri.path(), "" | "/" | "/mirrors" | "/mirrors/") {
            return Ok(Self { server, mirror: None });
        }
        match Route::parse(uri.path()) {
            Ok(Route::MirrorRoot(mirror)) => Ok(Self { server, mirror: Some(mirror) }),
            Ok(Route::Object(..)) => Err(InvalidMirrorsUrl("its path goes on after the name of the mirror")),
            _ => Err(InvalidMirrorsUrl("its path is not that of a mirror")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_point_goes_below_the_url() {
        for (text, mount_point, mirror) in [
            ("https://host", "/user-environment", "https://host/mirrors/user-environment"),
            ("https://host/mirrors", "/opt/a/b", "https://host/mirrors/opt/a/b"),
            ("https://host/mirrors/", "opt", "https://host/mirrors/opt"),
            ("https://host/mirrors/alps/", "/opt/a", "https://host/mirrors/alps/opt/a"),
        ] {
            let url: MirrorsUrl = text.parse().unwrap();
            assert_eq!(url.of_mount_point(mount_point).unwrap().to_string(), mirror);
        }
        let url: MirrorsUrl = "https://host".parse().unwrap();
        for bad in ["/User", "/opt/_x", "/opt/v3", ""] {
            let error = url.of_mount_point(bad).unwrap_err().to_string();
            assert!(error.contains("cannot be the name of a mirror"), "{bad}: {error}");
        }
    }

    #[test]
    fn it_may_name_a_mirror() {
        let url: MirrorsUrl = "https://host/mirrors/opt/a".parse().unwrap();
        assert_eq!(url.mirror().unwrap().to_string(), "https://host/mirrors/opt/a");
        assert_eq!(url.to_string(), "https://host/mirrors/opt/a");
        let url: MirrorsUrl = "https://host/".parse().unwrap();
        assert_eq!((url.mirror(), url.to_string()), (None, "https://host/mirrors".to_owned()));
        for (text, reason) in [
            ("host/mirrors/m", "not a URL"),
            ("oci://host/m", "neither https://"),
            ("https://token@host/mirrors", "user name"),
            ("https://host/m", "not that of a mirror"),
            ("https://host/mirrors/m/v3/layout.json", "goes on"),
        ] {
            let error = text.parse::<MirrorsUrl>().unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("https://<host>/mirrors/<mirror>"), "{text}: {error}");
        }
    }
}
