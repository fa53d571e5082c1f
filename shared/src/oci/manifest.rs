//! Manifests: what an image or an index of images consists of (OCI image specification, "Image
//! Manifest" and "Image Index"; Docker's of schema version 2 as well).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::ContentDigest;

/// Media type of an OCI image's manifest.
pub const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of an OCI index of images.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Media type of a Docker image's manifest.
pub const DOCKER_IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Media type of a Docker list of images.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Media type of an OCI image's configuration.
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// Media type of a gzipped layer.
pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Largest manifest accepted, in bytes: what the specification asks a registry for at least.
pub const MAX_MANIFEST_BYTES: u64 = 4 << 20;

/// Most blobs and manifests that one manifest may name: each is looked for in storage.
pub const MAX_DESCRIPTORS: usize = 2_000;

/// A reference to a blob or another manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its name.
    pub digest: ContentDigest,
    /// Its length in bytes.
    pub size: u64,
    /// What kind of artifact a manifest is; told in the list of referrers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Notes for people and tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
}

impl Descriptor {
    /// A descriptor without notes.
    pub fn new(media_type: &str, digest: ContentDigest, size: u64) -> Self {
        Self { media_type: media_type.to_owned(), digest, size, artifact_type: None, annotations: None }
    }

    /// Whether its bytes may lie elsewhere: layers that a licence forbids to pass on.
    fn is_foreign(&self) -> bool {
        self.media_type.contains("nondistributable") || self.media_type.contains(".foreign.")
    }
}

/// A manifest as far as a registry looks into it; its bytes are kept as they came.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    schema_version: u32,
    #[serde(default)]
    media_type: Option<String>,
    /// Of an image: its configuration.
    #[serde(default)]
    pub config: Option<Descriptor>,
    /// Of an image: its layers, the lowest first.
    #[serde(default)]
    pub layers: Vec<Descriptor>,
    /// Of an index: its images.
    #[serde(default)]
    pub manifests: Vec<Descriptor>,
    /// What the manifest is about, such as the image that it is a signature of.
    #[serde(default)]
    pub subject: Option<Descriptor>,
    #[serde(default)]
    artifact_type: Option<String>,
    /// Notes for people and tools.
    #[serde(default)]
    pub annotations: Option<BTreeMap<String, String>>,
}

/// Why a manifest is refused. Nothing of it is stored.
#[derive(Debug, thiserror::Error)]
pub enum InvalidManifest {
    /// Not JSON, or not of a manifest's shape.
    #[error("the manifest is not one: {0}")]
    Shape(#[from] serde_json::Error),
    /// Schema version 1 was signed differently and is given up everywhere.
    #[error("the manifest has schema version {0}; version 2 is understood")]
    SchemaVersion(u32),
    /// `Content-Type` and `mediaType` differ.
    #[error("the manifest is sent as `{sent}` and says that it is `{own}`")]
    MediaType {
        /// From the header.
        sent: String,
        /// From the document.
        own: String,
    },
    /// Nothing says what it is.
    #[error("neither the header `Content-Type` nor the field `mediaType` says what the manifest is")]
    Untyped,
    /// An image without a configuration, or an index with one.
    #[error("the manifest is a {media_type} {problem}")]
    Kind {
        /// What it says it is.
        media_type: String,
        /// What does not fit, as the end of a sentence.
        problem: &'static str,
    },
    /// More than a registry can look for.
    #[error("the manifest names {0} blobs and manifests; at most {MAX_DESCRIPTORS} are taken")]
    TooMany(usize),
}

impl Manifest {
    /// Reads a manifest that was sent as `content_type`; gives its media type too.
    ///
    /// # Errors
    /// [`InvalidManifest`] when it is not one, or not what it is sent as.
    pub fn parse(bytes: &[u8], content_type: Option<&str>) -> Result<(Self, String), InvalidManifest> {
        let manifest: Self = serde_json::from_slice(bytes)?;
        if manifest.schema_version != 2 {
            return Err(InvalidManifest::SchemaVersion(manifest.schema_version));
        }
        // Parameters such as `; charset=utf-8` say nothing about JSON.
        let sent = content_type
            .map(|text| text.split(';').next().unwrap_or_default().trim().to_owned())
            .filter(|text| !text.is_empty());
        let media_type = match (sent, &manifest.media_type) {
            (Some(sent), Some(own)) if sent != *own => {
                return Err(InvalidManifest::MediaType { sent, own: own.clone() });
            }
            (Some(media_type), _) => media_type,
            (None, Some(media_type)) => media_type.clone(),
            (None, None) => return Err(InvalidManifest::Untyped),
        };
        manifest.check(&media_type)?;
        Ok((manifest, media_type))
    }

    fn check(&self, media_type: &str) -> Result<(), InvalidManifest> {
        let wrong = |problem| Err(InvalidManifest::Kind { media_type: media_type.to_owned(), problem });
        match media_type {
            IMAGE | DOCKER_IMAGE if self.config.is_none() => return wrong("without a `config`"),
            IMAGE | DOCKER_IMAGE if !self.manifests.is_empty() => return wrong("with `manifests`"),
            INDEX | DOCKER_LIST if self.config.is_some() || !self.layers.is_empty() => {
                return wrong("with a `config` or `layers`");
            }
            _ => {}
        }
        let count = self.layers.len() + self.manifests.len();
        if count > MAX_DESCRIPTORS { Err(InvalidManifest::TooMany(count)) } else { Ok(()) }
    }

    /// The blobs that must be stored before the manifest, each once.
    pub fn blobs(&self) -> Vec<ContentDigest> {
        let mut blobs: Vec<_> = self
            .config
            .iter()
            .chain(&self.layers)
            .filter(|descriptor| !descriptor.is_foreign())
            .map(|descriptor| descriptor.digest)
            .collect();
        blobs.sort_unstable();
        blobs.dedup();
        blobs
    }

    /// What kind of artifact it is: as it says, or by its configuration (OCI distribution
    /// specification, "Listing Referrers").
    pub fn artifact_type(&self) -> Option<&str> {
        let own = self.artifact_type.as_deref().filter(|text| !text.is_empty());
        own.or_else(|| self.config.as_ref().map(|config| config.media_type.as_str()))
    }
}

/// The answer to a request for referrers: an index of the manifests about a subject.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Referrers {
    schema_version: u32,
    media_type: &'static str,
    manifests: Vec<Descriptor>,
}

impl Referrers {
    /// An index of these manifests.
    pub const fn new(manifests: Vec<Descriptor>) -> Self {
        Self { schema_version: 2, media_type: INDEX, manifests }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(more: &str) -> String {
        let digest = ContentDigest::of(b"");
        format!(
            r#"{{"schemaVersion":2,"config":{{"mediaType":"{CONFIG}","digest":"{digest}","size":0}},
            "layers":[{{"mediaType":"{LAYER}","digest":"{digest}","size":0}}]{more}}}"#
        )
    }

    #[test]
    fn the_media_type_comes_from_the_header_or_the_document() {
        let typed = image(&format!(r#","mediaType":"{IMAGE}""#));
        for (text, header) in [
            (&image(""), Some(IMAGE)),
            (&typed, None),
            (&typed, Some("application/vnd.oci.image.manifest.v1+json; x=y")),
        ] {
            let (manifest, media_type) = Manifest::parse(text.as_bytes(), header).unwrap();
            assert_eq!(media_type, IMAGE);
            assert_eq!(manifest.blobs(), [ContentDigest::of(b"")], "each blob once");
            assert_eq!(manifest.artifact_type(), Some(CONFIG));
        }
        assert!(matches!(Manifest::parse(typed.as_bytes(), Some(INDEX)), Err(InvalidManifest::MediaType { .. })));
        assert!(matches!(Manifest::parse(image("").as_bytes(), None), Err(InvalidManifest::Untyped)));
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for (text, header) in [
            ("", IMAGE),
            ("{}", IMAGE),
            (r#"{"schemaVersion":1}"#, IMAGE),
            (r#"{"schemaVersion":2}"#, IMAGE),
            (r#"{"schemaVersion":2,"layers":[{"digest":"sha256:1","size":0,"mediaType":"x"}]}"#, "x"),
            (&image(""), INDEX),
            (&image(r#","subject":{"digest":7}"#), IMAGE),
        ] {
            assert!(Manifest::parse(text.as_bytes(), Some(header)).is_err(), "{text}");
        }
    }

    #[test]
    fn an_index_names_manifests_and_no_blobs() {
        let digest = ContentDigest::of(b"x");
        let text = format!(
            r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{IMAGE}","digest":"{digest}","size":1}}],"artifactType":"a/b"}}"#
        );
        let (index, _) = Manifest::parse(text.as_bytes(), Some(INDEX)).unwrap();
        assert!(index.blobs().is_empty());
        assert_eq!(index.manifests[0].digest, digest);
        assert_eq!(index.artifact_type(), Some("a/b"));
    }
}
