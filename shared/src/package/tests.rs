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

/// The paths of what is derived.
fn paths(derived: &Derived) -> Vec<String> {
    derived.documents.iter().map(|(path, _)| path.to_string()).collect()
}

fn manifest_path() -> String {
    format!("v3/manifests/spec/hello-larder/hello-larder-1.0-{HASH}.spec.manifest.json")
}

/// The v3 package that a derived manifest and its spec blob are.
fn read_manifest(derived: &Derived) -> Package {
    let (path, text) = derived.documents.iter().find(|(path, _)| matches!(path, LayoutPath::V3(_))).unwrap();
    let LayoutPath::V3(v3::Path::SpecManifest(place)) = path else { panic!("{path}") };
    let (digest, blob) = derived.spec_blob.as_ref().unwrap();
    assert_eq!(*digest, Digest::of(blob));
    let manifest = SpecManifest::parse(text.as_bytes()).unwrap();
    assert_eq!((manifest.document.is_signed, manifest.spec.checksum), (false, *digest));
    assert_eq!((manifest.tarball.checksum, manifest.tarball.content_length), (Digest::of(b"tarball"), 7));
    Package::from_manifest(place, &manifest, blob).unwrap()
}

#[test]
fn a_v2_package_is_found_in_v3_and_back() {
    let package = v2_package();
    let derived = package.derive(Some(7), false).unwrap();
    assert_eq!(paths(&derived), [manifest_path()]);
    let found = read_manifest(&derived);
    assert_eq!((found.layout, found.tarball), (Layout::V3, package.tarball));

    let back = found.derive(Some(7), false).unwrap();
    assert_eq!(paths(&back), [format!("build_cache/{STEM}.spec.json")]);
    let again = Package::from_spec_file(&stem(STEM), false, back.documents[0].1.as_bytes()).unwrap();
    assert_eq!(again.tarball, package.tarball);
    assert_eq!(again.spec.root().compiler, package.spec.root().compiler);
}

#[test]
fn a_package_of_a_registry_is_found_in_v2_and_v3() {
    let (tarball, other) = (Digest::of(b"tarball"), Digest::of(b"other"));
    // An image's configuration, which names its layers beside the spec.
    let configuration = spec_file(Some(&tarball)).replacen('{', r#"{"architecture":"amd64","os":"linux","#, 1);
    let package = Package::from_image(configuration.as_bytes(), tarball).unwrap();
    assert_eq!((package.layout, package.signed, package.tarball), (Layout::Oci, false, tarball));
    let derived = package.derive(Some(7), false).unwrap();
    assert_eq!(derived.reference, TarballReference { blob: tarball, size: Some(7) });
    assert_eq!(paths(&derived), [format!("build_cache/{STEM}.spec.json"), manifest_path()]);
    let spec = Package::from_spec_file(&stem(STEM), false, derived.documents[0].1.as_bytes()).unwrap();
    assert_eq!((spec.tarball, read_manifest(&derived).tarball), (tarball, tarball));
    let managed = package.derive(Some(7), true).unwrap();
    assert_eq!(paths(&managed), [format!("build_cache/{STEM}.spec.json.sig"), manifest_path()]);
    let refusal = Package::from_image(configuration.as_bytes(), other);
    assert!(matches!(refusal, Err(InvalidPackage::OtherTarball { .. })), "{refusal:?}");
    assert!(Package::from_image(spec_file(None).as_bytes(), other).is_ok());
}

#[test]
fn what_arrived_unsigned_is_derived_to_be_signed() {
    let own = format!("build_cache/{STEM}.spec.json.sig");
    // With a key that no Spack knows: it is signed as it arrived.
    let text = spec_file(Some(&Digest::of(b"tarball"))).replacen('{', r#"{"note" : "kept", "#, 1);
    let package = Package::from_spec_file(&stem(STEM), false, text.as_bytes()).unwrap();
    let derived = package.derive(Some(7), true).unwrap();
    assert_eq!(paths(&derived), [own.clone(), manifest_path()]);
    let document = &derived.documents[0].1;
    assert!(document.starts_with("{\n\"note\":\"kept\",\n\"spec\":{\n"), "{document}");
    assert!(Package::from_spec_file(&stem(STEM), false, document.as_bytes()).is_ok());

    let unsigned = read_manifest(&package.derive(Some(7), false).unwrap());
    let derived = unsigned.derive(Some(7), true).unwrap();
    assert_eq!(paths(&derived), [own, manifest_path()]);
    assert!(derived.spec_blob.is_none(), "its own spec blob is named");
    assert_eq!(unsigned.to_accept(7, true).document, Some(manifest_path()));
}

#[test]
fn what_arrived_signed_is_left_alone_in_its_own_layout() {
    let root = v2_package().spec.root().clone();
    let paths = |layout, managed| {
        let paths = derived_documents(&root, layout, true, managed);
        paths.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    for managed in [false, true] {
        assert_eq!(paths(Layout::V2, managed), [manifest_path()]);
    }
    assert_eq!(paths(Layout::V3, false), [format!("build_cache/{STEM}.spec.json")]);
    assert_eq!(paths(Layout::V3, true), [format!("build_cache/{STEM}.spec.json.sig")]);
}

#[test]
fn a_v2_tarball_is_found_by_its_reference() {
    let derived = v2_package().derive(None, false).unwrap();
    assert_eq!(
        derived.tarball_path.to_string(),
        format!("build_cache/linux-debian12-icelake/gcc-12.2.0/hello-larder-1.0/{STEM}.spack")
    );
    assert_eq!(derived.reference, TarballReference { blob: Digest::of(b"tarball"), size: None });
    assert!(derived.documents.is_empty(), "{derived:?}");
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
    let document = Clearsigned { json: "", is_signed: false };
    let manifest = SpecManifest { document, tarball: record(), spec: record() };
    let bomb = zip(&vec![b' '; usize::try_from(MAX_SPEC_BYTES).unwrap() + 2]).unwrap();
    assert!(bomb.len() < 100_000);
    assert!(matches!(Package::from_manifest(&place, &manifest, &bomb), Err(InvalidPackage::Unzip(_))));
    assert!(matches!(Package::from_manifest(&place, &manifest, &[0x1f, 0x8b, 0]), Err(InvalidPackage::Unzip(_))));
}
