//! A package as it arrives in one layout, checked, and as it is found in the other.
//!
//! A v2 package is a spec file and a tarball; a v3 package is a manifest, a gzipped spec file and
//! a tarball. Whichever arrived is kept byte for byte; the other is derived, unsigned.

use std::io::{Read, Write};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};

use crate::{
    api::Layout,
    clearsign::{self, ClearsignError},
    digest::Digest,
    index::command::{Accept, NodeRecord},
    layout::{
        LayoutPath,
        manifest::{BlobRecord, InvalidManifest, Manifest, SPEC_V5, SPEC_V6, TARBALL},
        v2::{self, Stem, TarballPath},
        v3::{self, SpecManifestPath},
    },
    spec::{SpecError, SpecFile, SpecVersion},
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
}

/// What makes a package found in the other layout.
#[derive(Debug)]
pub struct Derived {
    /// Documents and references, each under the path at which it is found.
    pub documents: Vec<(LayoutPath, Vec<u8>)>,
    /// The v3 spec blob, when the package arrived in v2.
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
        Ok(Self { spec, layout: Layout::V2, signed, tarball })
    }

    /// Reads a v3 package from its manifest and the spec blob it names.
    ///
    /// # Errors
    /// [`InvalidPackage`] when the spec is not one or does not fit the path.
    pub fn from_manifest(
        path: &SpecManifestPath,
        manifest: &SpecManifest,
        spec_blob: &[u8],
    ) -> Result<Self, InvalidPackage> {
        let spec = SpecFile::parse(&unzip(spec_blob)?)?;
        if SpecManifestPath::of(spec.root()) != *path {
            return Err(Self::misplaced(&spec));
        }
        Ok(Self { spec, layout: Layout::V3, signed: manifest.signed, tarball: manifest.tarball.checksum })
    }

    fn misplaced(spec: &SpecFile) -> InvalidPackage {
        let root = spec.root();
        InvalidPackage::Misplaced { found: format!("{}@{}/{}", root.name, root.version, root.hash) }
    }

    /// The package in the layout it did not arrive in, and where its tarball is found in v2.
    ///
    /// `size` is the tarball's length; without it the v3 manifest cannot be written.
    ///
    /// # Errors
    /// [`InvalidPackage::Unzip`] never in practice: writing into memory.
    pub fn derive(&self, size: Option<u64>) -> Result<Derived, InvalidPackage> {
        let root = self.spec.root();
        let reference = TarballReference { blob: self.tarball, size };
        let tarball_path = LayoutPath::V2(v2::Path::Tarball(TarballPath::of(root)));
        let mut derived = Derived { documents: vec![(tarball_path, reference.to_bytes())], spec_blob: None };
        match (self.layout, size) {
            (Layout::V3, _) => {
                let path = v2::Path::Spec { stem: Stem::of(root), signed: false };
                derived.documents.push((LayoutPath::V2(path), self.spec.to_v2_document(&self.tarball).into_bytes()));
            }
            (Layout::V2, Some(size)) => {
                let blob = zip(self.spec.to_v3_document().as_bytes()).map_err(InvalidPackage::Unzip)?;
                let digest = Digest::of(&blob);
                let media_type = if self.spec.version == SpecVersion::V6 { SPEC_V6 } else { SPEC_V5 };
                let manifest = Manifest::new(vec![
                    BlobRecord::new(TARBALL, self.tarball, size),
                    BlobRecord::new(media_type, digest, blob.len() as u64),
                ]);
                let path = v3::Path::SpecManifest(SpecManifestPath::of(root));
                derived.documents.push((LayoutPath::V3(path), manifest.to_json().into_bytes()));
                derived.spec_blob = Some((digest, blob));
            }
            (Layout::V2, None) => {}
        }
        Ok(derived)
    }

    /// The command that takes the package into the index.
    pub fn to_accept(&self, size: u64) -> Accept {
        Accept {
            layout: self.layout,
            signed: self.signed,
            tarball: self.tarball,
            size,
            root: NodeRecord::of(self.spec.root()),
            dependencies: self.spec.nodes.iter().skip(1).map(NodeRecord::of).collect(),
        }
    }
}

/// A v3 package's manifest, taken apart.
#[derive(Debug)]
pub struct SpecManifest {
    /// Whether it is signed.
    pub signed: bool,
    /// The tarball.
    pub tarball: BlobRecord,
    /// The gzipped spec file.
    pub spec: BlobRecord,
}

impl SpecManifest {
    /// Reads a manifest, signed or not.
    ///
    /// # Errors
    /// [`InvalidPackage`] when it is not one, or does not name both blobs.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidPackage> {
        let document = clearsign::document(bytes)?;
        let manifest = Manifest::parse(document.json)?;
        let (tarball, spec) = manifest.package()?;
        Ok(Self { signed: document.is_signed, tarball: tarball.clone(), spec: spec.clone() })
    }
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
