//! Images of a registry that everybody may pull (OCI distribution specification, "Pull").

use std::io::Write;

use larder_shared::{
    digest::Digest,
    oci::challenge::{Challenge, GrantedToken},
};
use serde_json::Value;

use crate::http::{
    Failure,
    read::{Answer, Reader},
};

/// The media types of manifests that are read.
const MANIFESTS: &str =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/// An image: where it is, and by which tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    /// `https://ghcr.io`
    registry: String,
    repository: String,
    tag: String,
}

impl Image {
    /// Reads `ghcr.io/<org>/<repo>/…:latest`; `registry` stands in for its host.
    pub(super) fn parse(text: &str, registry: Option<&str>) -> Option<Self> {
        let (host, rest) = text.split_once('/')?;
        let (repository, tag) = rest.rsplit_once(':').unwrap_or((rest, "latest"));
        let is_part = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte))
        };
        let registry = registry.map_or_else(|| format!("https://{host}"), |url| url.trim_end_matches('/').to_owned());
        (repository.split('/').all(is_part) && is_part(tag)).then(|| Self {
            registry,
            repository: repository.to_owned(),
            tag: tag.to_owned(),
        })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v2/{}/{path}", self.registry, self.repository)
    }

    /// Reads the last layer of the image into what `begin` makes; its digest.
    pub(super) fn last_layer<W: Write>(
        &self,
        reader: &Reader<'_>,
        begin: impl Fn() -> std::io::Result<W>,
    ) -> Result<(W, Digest), Failure> {
        let url = self.url(&format!("manifests/{}", self.tag));
        let (manifest, token) = match read(reader, &url, None, || Ok(Vec::new())) {
            Err(Failure::Refused(refusal)) if refusal.status == 401 => {
                let challenge = refusal.challenge.as_deref().unwrap_or_default();
                let token = self.token(reader, challenge)?;
                (read(reader, &url, Some(&token), || Ok(Vec::new()))?, Some(token))
            }
            manifest => (manifest?, None),
        };
        let unreadable = |why: &str| Failure::NotLarder(std::io::Error::other(format!("{url}: {why}")));
        let manifest: Value =
            serde_json::from_slice(&manifest.bytes).map_err(|error| unreadable(&error.to_string()))?;
        let layer = manifest["layers"].as_array().and_then(|layers| layers.last());
        let digest = layer.and_then(|layer| Digest::from_oci(layer["digest"].as_str()?).ok());
        let digest = digest.ok_or_else(|| unreadable("it names no layer with a sha256 digest"))?;
        let blob = self.url(&format!("blobs/{}", digest.to_oci()));
        Ok((read(reader, &blob, token.as_deref(), begin)?.bytes, digest))
    }

    /// Asks for a token that everybody gets (the token endpoint of the distribution's documentation).
    fn token(&self, reader: &Reader<'_>, challenge: &str) -> Result<String, Failure> {
        let refused = |why: &str| Failure::NotLarder(std::io::Error::other(format!("{}: {why}", self.registry)));
        let challenge = match Challenge::parse(challenge) {
            Some(Challenge::Bearer { realm, service, scope: None }) => {
                Some(Challenge::Bearer { realm, service, scope: Some(format!("repository:{}:pull", self.repository)) })
            }
            challenge => challenge,
        };
        let url = challenge.and_then(|challenge| challenge.token_url(self.registry.starts_with("http://")));
        let answer = reader.whole(&url.ok_or_else(|| refused("it lets nobody pull without a name"))?)?;
        let granted = GrantedToken::parse(&answer).ok_or_else(|| refused("its token endpoint gives no token"))?;
        Ok(granted.token)
    }
}

fn read<W: Write>(
    reader: &Reader<'_>,
    url: &str,
    token: Option<&str>,
    begin: impl Fn() -> std::io::Result<W>,
) -> Result<Answer<W>, Failure> {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("accept", MANIFESTS)];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    reader
        .read_with(url, &headers, begin)?
        .ok_or_else(|| Failure::NotLarder(std::io::Error::other("it answers that nothing has changed")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_named_without_a_scheme() {
        let image = Image::parse("ghcr.io/org/repo/21.11/build_cache/zlib.spack:latest", None).unwrap();
        assert_eq!(image.url("x"), "https://ghcr.io/v2/org/repo/21.11/build_cache/zlib.spack/x");
        assert_eq!(image.tag, "latest");
        let elsewhere = Image::parse("ghcr.io/org/repo", Some("http://127.0.0.1:5000/")).unwrap();
        assert_eq!(elsewhere.url("x"), "http://127.0.0.1:5000/v2/org/repo/x");
        for text in ["ghcr.io", "ghcr.io/../x:latest", "ghcr.io/a b:latest", "ghcr.io/a:", "ghcr.io//a"] {
            assert_eq!(Image::parse(text, None), None, "{text}");
        }
    }
}
