//! A package as it arrives in one layout, checked, and as it is found in the others.
//!
//! A v2 package is a spec file and a tarball; a v3 package is a manifest, a gzipped spec file and
//! a tarball; a package in an OCI registry is an image whose configuration is a spec file and whose
//! last layer is the tarball. Whichever arrived is kept byte for byte; v2 and v3 are derived, and
//! where a mirror's own key signs (managed signing), what is derived is to be signed.

use std::io::{Read, Write};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};

use crate::{
    api::Layout,
    clearsign::{self, ClearsignError, Clearsigned},
    digest::Digest,
    index::command::{Accept, NodeRecord},
    json,
    layout::{
        LayoutPath,
        manifest::{BlobRecord, InvalidManifest, Manifest, SPEC_V5, SPEC_V6, TARBALL},
        v2::{self, Stem, TarballPath},
        v3::{self, SpecManifestPath},
    },
    spec::{Node, SpecError, SpecFile, SpecVersion},
};

/// Largest spec file accepted, unzipped, in bytes. A spec of 500 nodes has about 1 MB.
pub const MAX_SPEC_BYTES: u64 = 16 << 20;

/// Why a package is refused. Nothing of it is stored.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPackage {
    /// The signed text cannot be taken apart.
    #[error(transparent)]
    Clearsign(#[from] ClearsignError),
    /// The spec file is not one.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The manifest is not one.
    #[error(transparent)]
    Manifest(#[from] InvalidManifest),
    /// The file name ends in `.sig` and the text is not signed, or the reverse.
    #[error("the file is {}, its name says the opposite", if *.signed { "signed" } else { "not signed" })]
    Signature {
        /// Whether the text is signed.
        signed: bool,
    },
    /// The spec is another than the path says.
    #[error("the spec inside is {found}, which does not fit the path")]
    Misplaced {
        /// The spec's own name, version and hash.
        found: String,
    },
    /// The image's last layer is not the tarball its configuration describes.
    #[error("the configuration describes the tarball {described}, the last layer is {layer}")]
    OtherTarball {
        /// `binary_cache_checksum`.
        described: Digest,
        /// The last layer.
        layer: Digest,
    },
    /// The spec file does not say which tarball it describes.
    #[error("the spec file has no sha256 `binary_cache_checksum`")]
    NoChecksum,
    /// The spec blob cannot be unzipped, or is too large.
    #[error("the spec file cannot be unzipped: {0}")]
    Unzip(std::io::Error),
}

/// A package that fits its path.
#[derive(Debug)]
pub struct Package {
    /// Its spec with all nodes.
    pub spec: SpecFile,
    /// The layout it arrived in.
    pub layout: Layout,
    /// Whether its document is signed.
    pub signed: bool,
    /// Its tarball.
    pub tarball: Digest,
    /// The document that arrived; none in a registry, which has its own.
    document: Option<Arrived>,
}

/// The document with which a package arrived.
#[derive(Debug)]
struct Arrived {
    path: LayoutPath,
    /// Its JSON text, when it is not signed.
    unsigned: Option<Box<str>>,
}

impl Arrived {
    fn new(path: LayoutPath, document: &Clearsigned<'_>) -> Self {
        Self { path, unsigned: (!document.is_signed).then(|| document.json.into()) }
    }
}

/// What makes a package found in the layouts it did not arrive in.
#[derive(Debug)]
pub struct Derived {
    /// Where the tarball is found in v2.
    pub tarball_path: LayoutPath,
    /// What lies there.
    pub reference: TarballReference,
    /// Documents, each under the path at which it is found; JSON with one token a line, ready to sign.
    pub documents: Vec<(LayoutPath, String)>,
    /// The v3 spec blob, when the package did not arrive in v3.
    pub spec_blob: Option<(Digest, Vec<u8>)>,
}

/// Where a v2 tarball's bytes lie: beside the path, in the blob of this digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TarballReference {
    /// The blob.
    pub blob: Digest,
    /// Its length in bytes; `None` until an origin told it.
    pub size: Option<u64>,
}

impl TarballReference {
    /// The reference as stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        // A digest and a number always serialise.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl Package {
    /// Reads the v2 spec file at a path.
    ///
    /// # Errors
    /// [`InvalidPackage`] when it is not a spec file, does not fit the path or names no tarball.
    pub fn from_spec_file(stem: &Stem, is_signed_path: bool, bytes: &[u8]) -> Result<Self, InvalidPackage> {
        let document = clearsign::document(bytes)?;
        let signed = document.is_signed;
        if signed != is_signed_path {
            return Err(InvalidPackage::Signature { signed });
        }
        let spec = SpecFile::parse(document.json.as_bytes())?;
        let own = Stem::of(spec.root());
        // Spack before 0.22 wrote some characters that later ones replace.
        if own != *stem && own.as_str() != crate::layout::sanitise(stem.as_str()) {
            return Err(Self::misplaced(&spec));
        }
        let tarball = spec.tarball.ok_or(InvalidPackage::NoChecksum)?;
        let path = LayoutPath::V2(v2::Path::Spec { stem: stem.clone(), signed });
        Ok(Self { spec, layout: Layout::V2, signed, tarball, document: Some(Arrived::new(path, &document)) })
    }

    /// Reads a v3 package from its manifest and the spec blob it names.
    ///
    /// # Errors
    /// [`InvalidPackage`] when the spec is not one or does not fit the path.
    pub fn from_manifest(
        path: &SpecManifestPath,
        manifest: &SpecManifest<'_>,
        spec_blob: &[u8],
    ) -> Result<Self, InvalidPackage> {
        let spec = spec_of_blob(spec_blob)?;
        if SpecManifestPath::of(spec.root()) != *path {
            return Err(Self::misplaced(&spec));
        }
        Ok(Self {
            spec,
            layout: Layout::V3,
            signed: manifest.document.is_signed,
            tarball: manifest.tarball.checksum,
            document: Some(Arrived::new(LayoutPath::V3(v3::Path::SpecManifest(path.clone())), &manifest.document)),
        })
    }

    /// Reads a package in an OCI registry from its image's configuration, which is a spec file too.
    /// Whether the spec fits the image's tag is for the caller to see.
    ///
    /// # Errors
    /// [`InvalidPackage`] when it is no spec, or describes another tarball than the last layer.
    pub fn from_image(configuration: &[u8], last_layer: Digest) -> Result<Self, InvalidPackage> {
        let spec = SpecFile::parse(configuration)?;
        match spec.tarball {
            Some(described) if described != last_layer => {
                Err(InvalidPackage::OtherTarball { described, layer: last_layer })
            }
            _ => Ok(Self { spec, layout: Layout::Oci, signed: false, tarball: last_layer, document: None }),
        }
    }

    fn misplaced(spec: &SpecFile) -> InvalidPackage {
        let root = spec.root();
        InvalidPackage::Misplaced { found: format!("{}@{}/{}", root.name, root.version, root.hash) }
    }

    /// The package in the layouts it did not arrive in, and where its tarball is found in v2.
    ///
    /// `size` is the tarball's length; without it the v3 manifest cannot be written. With `managed`,
    /// what is derived is to be signed with the mirror's own key; a document that arrived unsigned is
    /// then derived as well, so that it is found signed.
    ///
    /// # Errors
    /// [`InvalidPackage::Unzip`] never in practice: writing into memory.
    pub fn derive(&self, size: Option<u64>, managed: bool) -> Result<Derived, InvalidPackage> {
        let root = self.spec.root();
        let mut derived = Derived {
            tarball_path: LayoutPath::V2(v2::Path::Tarball(TarballPath::of(root))),
            reference: TarballReference { blob: self.tarball, size },
            documents: Vec::new(),
            spec_blob: None,
        };
        for path in derived_documents(root, self.layout, self.signed, managed) {
            let text = match (&path, self.own_text(&path), size) {
                (_, Some(text), _) => text,
                (LayoutPath::V2(_), None, _) => self.spec.to_v2_document(&self.tarball),
                (LayoutPath::V3(_), None, Some(size)) => {
                    let blob = zip(self.spec.to_v3_document().as_bytes()).map_err(InvalidPackage::Unzip)?;
                    let digest = Digest::of(&blob);
                    let media_type = if self.spec.version == SpecVersion::V6 { SPEC_V6 } else { SPEC_V5 };
                    let manifest = Manifest::new(vec![
                        BlobRecord::new(TARBALL, self.tarball, size),
                        BlobRecord::new(media_type, digest, blob.len() as u64),
                    ]);
                    derived.spec_blob = Some((digest, blob));
                    manifest.to_json()
                }
                (LayoutPath::V3(_), None, None) => continue,
            };
            derived.documents.push((path, text));
        }
        Ok(derived)
    }

    /// What arrived unsigned, laid out to be signed, when `path` belongs to the same layout.
    fn own_text(&self, path: &LayoutPath) -> Option<String> {
        let own =
            self.document.as_ref().filter(|own| std::mem::discriminant(&own.path) == std::mem::discriminant(path));
        Some(json::one_token_per_line(&json::compact(own?.unsigned.as_ref()?)))
    }

    /// The command that takes the package into the index.
    ///
    /// `managed` says whether what was derived of it is signed with the mirror's own key.
    pub fn to_accept(&self, size: u64, managed: bool) -> Accept {
        Accept {
            layout: self.layout,
            document: self.document.as_ref().map(|document| document.path.to_string()),
            signed: self.signed,
            managed,
            tarball: self.tarball,
            size,
            root: NodeRecord::of(self.spec.root()),
            dependencies: self.spec.nodes.iter().skip(1).map(NodeRecord::of).collect(),
        }
    }
}

/// Where documents are derived for a package that arrived in `layout`, signed or not.
///
/// A v3 manifest has one path whether it is signed or not, so with `managed` a derived one may stand
/// for one that arrived unsigned at the same path.
pub fn derived_documents(root: &Node, layout: Layout, signed: bool, managed: bool) -> Vec<LayoutPath> {
    let own_is_to_sign = managed && !signed;
    let mut paths = Vec::new();
    if layout != Layout::V2 || own_is_to_sign {
        paths.push(LayoutPath::V2(v2::Path::Spec { stem: Stem::of(root), signed: managed }));
    }
    if layout != Layout::V3 || own_is_to_sign {
        paths.push(LayoutPath::V3(v3::Path::SpecManifest(SpecManifestPath::of(root))));
    }
    paths
}

/// A v3 package's manifest, taken apart.
#[derive(Debug)]
pub struct SpecManifest<'a> {
    /// Its text, and whether it is signed.
    pub document: Clearsigned<'a>,
    /// The tarball.
    pub tarball: BlobRecord,
    /// The gzipped spec file.
    pub spec: BlobRecord,
}

impl<'a> SpecManifest<'a> {
    /// Reads a manifest, signed or not.
    ///
    /// # Errors
    /// [`InvalidPackage`] when it is not one, or does not name both blobs.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, InvalidPackage> {
        let document = clearsign::document(bytes)?;
        let manifest = Manifest::parse(document.json)?;
        let (tarball, spec) = manifest.package()?;
        Ok(Self { document, tarball: tarball.clone(), spec: spec.clone() })
    }
}

/// Reads the spec file in a v3 blob.
///
/// # Errors
/// [`InvalidPackage`] when the blob is none.
pub fn spec_of_blob(blob: &[u8]) -> Result<SpecFile, InvalidPackage> {
    Ok(SpecFile::parse(&unzip(blob)?)?)
}

/// Unzips a spec blob by its first bytes, as Spack does; plain JSON passes through.
fn unzip(bytes: &[u8]) -> Result<Vec<u8>, InvalidPackage> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes.to_vec());
    }
    let mut text = Vec::new();
    GzDecoder::new(bytes).take(MAX_SPEC_BYTES + 1).read_to_end(&mut text).map_err(InvalidPackage::Unzip)?;
    if text.len() as u64 > MAX_SPEC_BYTES {
        return Err(InvalidPackage::Unzip(std::io::Error::other("it is larger than any spec")));
    }
    Ok(text)
}

fn zip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests;
