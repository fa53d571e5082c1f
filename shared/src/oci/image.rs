//! Spack packages as images, and back.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    digest::ContentDigest,
    manifest::{CONFIG, Descriptor, IMAGE, LAYER, Manifest},
    tag::Tag,
};
use crate::{
    digest::Digest,
    package::{InvalidPackage, Package},
    spec::{Node, SpecFile},
};

/// The configuration of the index's image: an empty JSON object.
pub const EMPTY_CONFIG: &str = "{}";

/// Why an image is not the Spack package that its tag says it is.
#[derive(Debug, thiserror::Error)]
pub enum InvalidImage {
    /// It has no layer, or one that is named by another algorithm than Spack's.
    #[error("the image has no layer with a sha256, which would be the package's tarball")]
    NoTarball,
    /// The configuration holds no spec, or a wrong one.
    #[error("the image's configuration, which is the spec file, cannot be used: {0}")]
    Spec(#[from] InvalidPackage),
    /// The manifest says another length of a blob than it has.
    #[error("the manifest says that the blob {digest} has {said} bytes; it has {stored}")]
    Length {
        /// The blob.
        digest: ContentDigest,
        /// From the manifest.
        said: u64,
        /// As stored.
        stored: u64,
    },
    /// The spec is another than the tag says.
    #[error("the spec inside is {found}, whose tag is `{expected}`")]
    Misplaced {
        /// The spec's own name, version and hash.
        found: String,
        /// The tag that Spack gives it.
        expected: Tag,
    },
}

/// Reads the package that an image tagged `tag` is, from its manifest and its configuration. Gives
/// the length of its tarball too, as the manifest says it.
///
/// # Errors
/// [`InvalidImage`] when it is not a package, or another one.
pub fn package(tag: &Tag, manifest: &Manifest, config: &[u8]) -> Result<(Package, u64), InvalidImage> {
    let layer = manifest.layers.last().ok_or(InvalidImage::NoTarball)?;
    let digest = layer.digest.sha256().ok_or(InvalidImage::NoTarball)?;
    let package = Package::from_image(config, digest)?;
    let root = package.spec.root();
    let expected = Tag::of(root);
    if expected != *tag {
        let found = format!("{}@{}/{}", root.name, root.version, root.hash);
        return Err(InvalidImage::Misplaced { found, expected });
    }
    Ok((package, layer.size))
}

/// An image made of a package: its configuration and its manifest, as they are stored.
#[derive(Debug)]
pub struct Image {
    /// The configuration, which is the spec file.
    pub config: Vec<u8>,
    /// The manifest.
    pub manifest: Vec<u8>,
}

/// Where a package comes from, as far as somebody knows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Provenance<'a> {
    /// The repository of its recipe.
    pub recipes: Option<&'a str>,
    /// The page of the run that built it.
    pub run: Option<&'a str>,
}

/// What the annotations of Spack's own terms begin with: the OCI has no names for them.
const SPACK: &str = "io.spack";

/// What an image's manifest says of its package (OCI image specification, "Annotations"). Spack itself writes
/// the description alone. A spec file knows no licence.
fn annotations(root: &Node, provenance: Provenance<'_>) -> BTreeMap<String, String> {
    let compiler = root.compiler.as_ref().map(ToString::to_string);
    let with_compiler = compiler.as_ref().map(|compiler| format!("%{compiler}")).unwrap_or_default();
    let arch = format!("{}-{}-{}", root.platform, root.os, root.target);
    let standard = [
        ("title", Some(root.name.to_string())),
        ("version", Some(root.version.to_string())),
        ("description", Some(format!("{}@{}{with_compiler} arch={arch}", root.name, root.version))),
        ("source", provenance.recipes.map(str::to_owned)),
        ("url", provenance.run.map(str::to_owned)),
    ];
    let own = [
        ("hash", Some(root.hash.to_string())),
        ("os", Some(root.os.clone())),
        ("target", Some(root.target.clone())),
        ("compiler", compiler),
        ("namespace", root.namespace.clone()),
    ];
    let named = |prefix: &'static str| {
        move |(name, value): (&str, Option<String>)| value.map(|value| (format!("{prefix}.{name}"), value))
    };
    standard
        .into_iter()
        .filter_map(named("org.opencontainers.image"))
        .chain(own.into_iter().filter_map(named(SPACK)))
        .collect()
}

/// The image of a package that arrived in another layout; its tarball has `size` bytes. An image is made once
/// and kept, so that what is said of its package later changes no digest.
///
/// Its list of `diff_ids` is empty: they are digests of unzipped layers, which nobody computed.
/// Spack does not look at them.
pub fn of_package(spec: &SpecFile, tarball: Digest, size: u64, provenance: Provenance<'_>) -> Image {
    let root = spec.root();
    // Version 4 is what Spack 0.22 and 0.23 read from a registry, and later ones as well.
    let mut config: Map<String, Value> = serde_json::from_str(&spec.to_v2_document(&tarball)).unwrap_or_default();
    let image = json!({
        "architecture": architecture(&root.target),
        "os": root.platform,
        "rootfs": { "type": "layers", "diff_ids": [] },
        "config": { "Env": [] },
    });
    config.extend(image.as_object().cloned().unwrap_or_default());
    let config = Value::Object(config).to_string().into_bytes();
    let manifest = json!({
        "mediaType": IMAGE,
        "schemaVersion": 2,
        "config": Descriptor::new(CONFIG, ContentDigest::of(&config), config.len() as u64),
        "layers": [Descriptor::new(LAYER, tarball.into(), size)],
        "annotations": annotations(root, provenance),
    });
    Image { manifest: manifest.to_string().into_bytes(), config }
}

/// The manifest of the index: one layer, which in truth is the plain `index.json` with this digest
/// and of `bytes` bytes.
///
/// Source: `_push_index_layer` of Spack 0.23.
pub fn index_manifest(digest: Digest, bytes: u64) -> Vec<u8> {
    let config = EMPTY_CONFIG.as_bytes();
    let manifest = json!({
        "mediaType": IMAGE,
        "schemaVersion": 2,
        "config": Descriptor::new(CONFIG, ContentDigest::of(config), config.len() as u64),
        "layers": [Descriptor::new(LAYER, digest.into(), bytes)],
    });
    manifest.to_string().into_bytes()
}

/// What Go, and so OCI, calls the family of a target of archspec's; unknown ones are taken for
/// x86-64, which has the most names.
fn architecture(target: &str) -> &'static str {
    let begins = |names: &[&str]| names.iter().any(|name| target.starts_with(name));
    if begins(&["aarch64", "armv8", "armv9", "thunderx", "a64fx", "cortex_", "neoverse_", "graviton", "m1", "m2", "m3"])
    {
        "arm64"
    } else if begins(&["ppc64le"]) || (begins(&["power"]) && target.ends_with("le")) {
        "ppc64le"
    } else if begins(&["ppc64", "power"]) {
        "ppc64"
    } else if begins(&["riscv64", "u74mc"]) {
        "riscv64"
    } else {
        "amd64"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Layout;

    const HASH: &str = "rjsbs2wcromwrvwrsr3ctrxojaokif4e";

    fn spec_file(tarball: Digest) -> SpecFile {
        let json = format!(
            r#"{{"spec":{{"_meta":{{"version":4}},"nodes":[{{"name":"hello","version":"1.0",
            "arch":{{"platform":"linux","platform_os":"debian12","target":"neoverse_v1"}},
            "compiler":{{"name":"gcc","version":"12.2.0"}},"namespace":"builtin","parameters":{{}},"hash":"{HASH}"}}]}},
            "binary_cache_checksum":{{"hash_algorithm":"sha256","hash":"{tarball}"}}}}"#
        );
        SpecFile::parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn a_package_becomes_an_image_and_is_read_back() {
        let tarball = Digest::of(b"tarball");
        let spec = spec_file(tarball);
        let image = of_package(&spec, tarball, 7, Provenance::default());
        let (manifest, media_type) = Manifest::parse(&image.manifest, None).unwrap();
        assert_eq!(media_type, IMAGE);
        assert!(manifest.config.as_ref().unwrap().digest.fits(&image.config));
        let tag = Tag::of(spec.root());
        let (package, size) = package(&tag, &manifest, &image.config).unwrap();
        assert_eq!((package.tarball, size, package.layout), (tarball, 7, Layout::Oci));
        assert_eq!(package.spec.nodes, spec.nodes);
        let config: Value = serde_json::from_slice(&image.config).unwrap();
        assert_eq!((&config["architecture"], &config["os"]), (&json!("arm64"), &json!("linux")));
        assert_eq!(of_package(&spec, tarball, 7, Provenance::default()).manifest, image.manifest, "the same each time");
    }

    #[test]
    fn an_image_says_what_it_holds() {
        let spec = spec_file(Digest::of(b"tarball"));
        let said = |provenance| {
            let image = of_package(&spec, Digest::of(b"tarball"), 7, provenance);
            Manifest::parse(&image.manifest, None).unwrap().0.annotations.unwrap()
        };
        let recipes = Some("https://github.com/spack/spack-packages");
        let run = Some("https://github.com/octo-org/stack/actions/runs/1");
        let all = said(Provenance { recipes, run });
        let all: Vec<_> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("io.spack.compiler", "gcc@12.2.0"),
            ("io.spack.hash", HASH),
            ("io.spack.namespace", "builtin"),
            ("io.spack.os", "debian12"),
            ("io.spack.target", "neoverse_v1"),
            ("org.opencontainers.image.description", "hello@1.0%gcc@12.2.0 arch=linux-debian12-neoverse_v1"),
            ("org.opencontainers.image.source", "https://github.com/spack/spack-packages"),
            ("org.opencontainers.image.title", "hello"),
            ("org.opencontainers.image.url", "https://github.com/octo-org/stack/actions/runs/1"),
            ("org.opencontainers.image.version", "1.0"),
        ];
        assert_eq!(all, expected);
        assert_eq!(said(Provenance::default()).len(), expected.len() - 2);
    }

    #[test]
    fn what_does_not_fit_its_tag_or_layer_is_refused() {
        let tarball = Digest::of(b"tarball");
        let spec = spec_file(tarball);
        let tag = Tag::of(spec.root());
        let image = of_package(&spec, tarball, 7, Provenance::default());
        let (mut manifest, _) = Manifest::parse(&image.manifest, None).unwrap();
        let other = "other-1.0-rjsbs2wcromwrvwrsr3ctrxojaokif4e.spack".parse().unwrap();
        assert!(matches!(package(&other, &manifest, &image.config), Err(InvalidImage::Misplaced { .. })));
        assert!(matches!(package(&tag, &manifest, b"{}"), Err(InvalidImage::Spec(_))));
        manifest.layers.push(Descriptor::new(LAYER, ContentDigest::of(b"another"), 7));
        assert!(matches!(
            package(&tag, &manifest, &image.config),
            Err(InvalidImage::Spec(InvalidPackage::OtherTarball { .. }))
        ));
        manifest.layers.clear();
        assert!(matches!(package(&tag, &manifest, &image.config), Err(InvalidImage::NoTarball)));
    }

    #[test]
    fn the_index_is_an_image_of_one_layer() {
        let digest = Digest::of(b"index");
        let (manifest, _) = Manifest::parse(&index_manifest(digest, 5), Some(IMAGE)).unwrap();
        assert_eq!(manifest.layers[0].digest, digest.into());
        assert!(manifest.config.unwrap().digest.fits(EMPTY_CONFIG.as_bytes()));
    }
}
