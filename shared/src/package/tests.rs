use super::*;

const HASH: &str = "rjsbs2wcromwrvwrsr3ctrxojaokif4e";
const STEM: &str = "linux-debian12-icelake-gcc-12.2.0-hello-larder-1.0-rjsbs2wcromwrvwrsr3ctrxojaokif4e";

/// A spec file of version 4, as Spack 0.23 writes it but for its length.
fn spec_file(tarball: Option<&Digest>) -> String {
    let node = format!(
        r#"{{"name":"hello-larder","version":"1.0","arch":{{"platform":"linux","platform_os":"debian12","target":"icelake"}},
        "compiler":{{"name":"gcc","version":"12.2.0"}},"namespace":"larderdemo","parameters":{{"build_system":"makefile"}},
        "hash":"{HASH}"}}"#
    );
    let checksum = tarball.map_or(String::new(), |digest| {
        format!(r#","binary_cache_checksum":{{"hash_algorithm":"sha256","hash":"{digest}"}}"#)
    });
    format!(r#"{{"spec":{{"_meta":{{"version":4}},"nodes":[{node}]}},"buildcache_layout_version":2{checksum}}}"#)
}

fn stem(text: &str) -> Stem {
    match v2::Path::parse(&format!("build_cache/{text}.spec.json")) {
        Some(v2::Path::Spec { stem, .. }) => stem,
        other => panic!("{text}: {other:?}"),
    }
}

fn v2_package() -> Package {
    Package::from_spec_file(&stem(STEM), false, spec_file(Some(&Digest::of(b"tarball"))).as_bytes()).unwrap()
}

#[test]
fn a_v2_package_is_found_in_v3_and_back() {
    let package = v2_package();
    let derived = package.derive(Some(7)).unwrap();
    let (digest, blob) = derived.spec_blob.unwrap();
    assert_eq!(digest, Digest::of(&blob));
    let (path, manifest) = derived.documents.last().unwrap();
    let LayoutPath::V3(v3::Path::SpecManifest(place)) = path else { panic!("{path}") };
    assert_eq!(path.to_string(), format!("v3/manifests/spec/hello-larder/hello-larder-1.0-{HASH}.spec.manifest.json"));

    let manifest = SpecManifest::parse(manifest).unwrap();
    assert_eq!((manifest.signed, manifest.spec.checksum), (false, digest));
    assert_eq!((manifest.tarball.checksum, manifest.tarball.content_length), (Digest::of(b"tarball"), 7));
    let found = Package::from_manifest(place, &manifest, &blob).unwrap();
    assert_eq!((found.layout, found.tarball), (Layout::V3, package.tarball));

    let back = found.derive(Some(7)).unwrap();
    let (path, document) = back.documents.last().unwrap();
    assert_eq!(path.to_string(), format!("build_cache/{STEM}.spec.json"));
    let again = Package::from_spec_file(&stem(STEM), false, document).unwrap();
    assert_eq!(again.tarball, package.tarball);
    assert_eq!(again.spec.root().compiler, package.spec.root().compiler);
}

#[test]
fn a_v2_tarball_is_found_by_its_reference() {
    let derived = v2_package().derive(None).unwrap();
    let [(path, reference)] = &derived.documents[..] else { panic!("{derived:?}") };
    assert_eq!(
        path.to_string(),
        format!("build_cache/linux-debian12-icelake/gcc-12.2.0/hello-larder-1.0/{STEM}.spack")
    );
    let reference: TarballReference = serde_json::from_slice(reference).unwrap();
    assert_eq!(reference, TarballReference { blob: Digest::of(b"tarball"), size: None });
}

#[test]
fn what_does_not_fit_is_refused() {
    let good = spec_file(Some(&Digest::of(b"tarball")));
    let parse = |place: &str, signed, text: &str| Package::from_spec_file(&stem(place), signed, text.as_bytes());
    let other_hash = STEM.replace(HASH, "wo6fab6rlcpngaiqhpn2jl7q2kzcsczy");
    let other_name = STEM.replace("hello", "hallo");
    let cut = &good[..good.len() / 2];
    assert!(matches!(parse(&other_hash, false, &good), Err(InvalidPackage::Misplaced { .. })));
    assert!(matches!(parse(&other_name, false, &good), Err(InvalidPackage::Misplaced { .. })));
    assert!(matches!(parse(STEM, true, &good), Err(InvalidPackage::Signature { signed: false })));
    assert!(matches!(parse(STEM, false, &spec_file(None)), Err(InvalidPackage::NoChecksum)));
    assert!(matches!(parse(STEM, false, cut), Err(InvalidPackage::Spec(_))));
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(matches!(parse(STEM, false, &deep), Err(InvalidPackage::Spec(_))));
}

#[test]
fn a_spec_blob_that_unzips_to_too_much_is_refused() {
    let place = SpecManifestPath::of(v2_package().spec.root());
    let record = || BlobRecord::new(TARBALL, Digest::of(b""), 0);
    let manifest = SpecManifest { signed: false, tarball: record(), spec: record() };
    let bomb = zip(&vec![b' '; usize::try_from(MAX_SPEC_BYTES).unwrap() + 2]).unwrap();
    assert!(bomb.len() < 100_000);
    assert!(matches!(Package::from_manifest(&place, &manifest, &bomb), Err(InvalidPackage::Unzip(_))));
    assert!(matches!(Package::from_manifest(&place, &manifest, &[0x1f, 0x8b, 0]), Err(InvalidPackage::Unzip(_))));
}
