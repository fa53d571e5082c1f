//! Spec files, manifests and keys that are not what their path says.

use larder_shared::{
    api::ErrorCode::{BlobUnknown, DocumentInvalid},
    digest::Digest,
    layout::manifest::{BlobRecord, Manifest, SPEC_V5, TARBALL},
};
use larder_tests::{
    fixtures::hello,
    gpg::Gpg,
    larder::ADMIN,
    package::{MadeUp, blob_path, zip},
};
use serde_json::{Value, json};

use super::Table;

pub(super) fn spec_files(table: &mut Table) {
    let package = table.package.clone();
    let good = String::from_utf8(package.spec_file()).unwrap();
    let other = MadeUp::new("other", "1.3");
    let change = |pointer: &str, value: Value| {
        let mut document: Value = serde_json::from_str(&good).unwrap();
        *document.pointer_mut(pointer).unwrap() = value;
        document.to_string()
    };
    let without_checksum = good.replace("binary_cache_checksum", "checksum");
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep_inside = good.replace("\"shared\":true", &format!("\"shared\":{deep}"));
    let long_number = good.replace("\"buildcache_layout_version\":2", &format!("\"n\":{}", "9".repeat(10_000)));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("an empty spec file", Vec::new()),
        ("a spec file that is not JSON", b"name: zlib".to_vec()),
        ("a web page for a spec file", b"<!DOCTYPE html><html></html>".to_vec()),
        ("a truncated spec file", good[..good.len() / 2].into()),
        ("a spec file with something after it", format!("{good}{{}}").into()),
        ("a spec file that is not UTF-8", [good.as_bytes(), b"\xff"].concat()),
        ("JSON that is no spec file", b"{\"a\":[1,2]}".to_vec()),
        ("JSON 10,000 deep", deep.into()),
        ("a spec file with JSON 10,000 deep in it", deep_inside.into()),
        ("a spec file with a number of 10,000 digits", long_number.into()),
        ("a spec file without nodes", change("/spec/nodes", json!([])).into()),
        ("a spec file of a version to come", change("/spec/_meta/version", json!(99)).into()),
        ("a spec file of another hash", change("/spec/nodes/0/hash", json!(other.hash)).into()),
        ("a spec file whose hash is none", change("/spec/nodes/0/hash", json!("../../x")).into()),
        ("a spec file of another package", change("/spec/nodes/0/name", json!("other")).into()),
        ("a spec file of a package named `..`", change("/spec/nodes/0/name", json!("..")).into()),
        ("a spec file of another version", change("/spec/nodes/0/version", json!("1.4")).into()),
        ("a spec file for another system", change("/spec/nodes/0/arch/platform_os", json!("debian13")).into()),
        ("a spec file for another target", change("/spec/nodes/0/arch/target", json!("zen4")).into()),
        ("a spec file of another compiler", change("/spec/nodes/0/compiler/version", json!("13.1")).into()),
        ("a spec file without a checksum", without_checksum.into()),
        ("a spec file with an md5", change("/binary_cache_checksum/hash_algorithm", json!("md5")).into()),
        ("a spec file whose checksum is none", change("/binary_cache_checksum/hash", json!("0f24")).into()),
    ];
    for (case, body) in cases {
        let answer = table.put(&package.spec_path(), &body);
        table.expect(case, answer, DocumentInvalid);
    }
}

pub(super) fn signatures(table: &mut Table) {
    let package = table.package.clone();
    let good = String::from_utf8(package.spec_file()).unwrap();
    let signed = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{good}\n-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n"
    );
    let (plain_path, signed_path) = (package.spec_path(), package.signed_path());
    for (case, path, body) in [
        ("signed text under .spec.json", &plain_path, signed.clone()),
        ("unsigned text under .spec.json.sig", &signed_path, good),
        ("signed text without a `Hash:` line", &signed_path, signed.replace("Hash: SHA512\n", "")),
        (
            "signed text cut before its signature",
            &signed_path,
            signed.split("-----BEGIN PGP SIGNATURE").next().unwrap().to_owned(),
        ),
        ("signed text with an escaped dash", &signed_path, signed.replace("\n\n{", "\n\n- -{")),
    ] {
        let answer = table.put(path, body.as_bytes());
        table.expect(case, answer, DocumentInvalid);
    }
}

fn record(media_type: &str, bytes: &[u8]) -> BlobRecord {
    BlobRecord::new(media_type, Digest::of(bytes), bytes.len() as u64)
}

pub(super) fn manifests(table: &mut Table) {
    let package = table.package.clone();
    let path = package.manifest_path();
    // Blobs may lie there unnamed; nothing refers to them.
    let store = |bytes: &[u8]| {
        let path = format!("/mirrors/m/{}", blob_path(bytes));
        table.larder.put(&path, bytes).token(ADMIN).send().expect(201);
    };
    let spec = zip(&package.spec_file());
    let others = zip(&MadeUp::new("other", "1.3").spec_file());
    let (not_json, not_gzip) = (zip(b"name: zlib"), b"\x1f\x8bthis is no gzip".to_vec());
    let cut = spec[..spec.len() / 2].to_vec();
    let bomb = zip(&vec![b' '; 64 << 20]);
    for blob in [&spec, &others, &not_json, &not_gzip, &cut, &bomb] {
        store(blob);
    }
    table.look();
    let tarball = record(TARBALL, &package.tarball);
    let manifest = |records: Vec<BlobRecord>| Manifest::new(records).to_json();
    let good = manifest(vec![tarball.clone(), record(SPEC_V5, &spec)]);
    let with_spec = |spec: &[u8]| manifest(vec![tarball.clone(), record(SPEC_V5, spec)]);
    let longer = |mut record: BlobRecord| {
        record.content_length += 1;
        record
    };
    for (case, body, code) in [
        ("an empty manifest", String::new(), DocumentInvalid),
        ("a manifest that is not JSON", "version: 3".to_owned(), DocumentInvalid),
        ("a truncated manifest", good[..good.len() / 2].to_owned(), DocumentInvalid),
        ("a manifest 10,000 deep", "[".repeat(10_000), DocumentInvalid),
        ("a manifest of version 2", good.replace("\"version\":3", "\"version\":2"), DocumentInvalid),
        ("a manifest with md5", good.replace("\"sha256\"", "\"md5\""), DocumentInvalid),
        ("a manifest without a tarball", manifest(vec![record(SPEC_V5, &spec)]), DocumentInvalid),
        ("a manifest without a spec file", manifest(vec![tarball.clone()]), DocumentInvalid),
        (
            "a manifest with a wrong length of the tarball",
            manifest(vec![longer(tarball.clone()), record(SPEC_V5, &spec)]),
            DocumentInvalid,
        ),
        (
            "a manifest with a wrong length of the spec file",
            manifest(vec![tarball.clone(), longer(record(SPEC_V5, &spec))]),
            DocumentInvalid,
        ),
        (
            "a manifest naming a tarball that was not uploaded",
            manifest(vec![record(TARBALL, b"never"), record(SPEC_V5, &spec)]),
            BlobUnknown,
        ),
        ("a manifest naming a spec file that was not uploaded", with_spec(b"never"), BlobUnknown),
        ("a manifest naming another package's spec file", with_spec(&others), DocumentInvalid),
        ("a manifest naming a spec file that is not JSON", with_spec(&not_json), DocumentInvalid),
        ("a manifest naming a spec file that is not gzip", with_spec(&not_gzip), DocumentInvalid),
        ("a manifest naming a truncated spec file", with_spec(&cut), DocumentInvalid),
        ("a manifest naming a spec file of 64 MB once unzipped", with_spec(&bomb), DocumentInvalid),
    ] {
        let answer = table.put(&path, body.as_bytes());
        table.expect(case, answer, code);
    }
}

pub(super) fn keys(table: &mut Table) {
    let gpg = Gpg::new();
    let (fingerprint, public, private) = gpg.make_key("Mallory <mallory@example.org>");
    let path = format!("build_cache/_pgp/{fingerprint}.pub");
    let known = hello::file(hello::KEY);
    let text = String::from_utf8(public.clone()).unwrap();
    for (case, path, body) in [
        ("a key that is none", &path, b"not a key".to_vec()),
        ("an empty key", &path, Vec::new()),
        ("a truncated key", &path, text[..text.len() / 2].into()),
        ("a private key", &path, private),
        ("a key of another fingerprint", &path, known.clone()),
        ("two keys in one file", &path, [&public[..], &known].concat()),
        ("another key in the place of a known one", &hello::KEY.to_owned(), public.clone()),
    ] {
        let answer = table.put(path, &body);
        table.expect(case, answer, DocumentInvalid);
    }
    let path = format!("v3/manifests/key/{fingerprint}.key.manifest.json");
    let manifest = |bytes: &[u8]| Manifest::new(vec![record("application/pgp-keys", bytes)]).to_json();
    for (case, body, code) in [
        ("a key manifest naming no blob", Manifest::new(Vec::new()).to_json(), DocumentInvalid),
        ("a key manifest naming a blob that was not uploaded", manifest(&public), BlobUnknown),
        ("a key manifest naming a key of another fingerprint", manifest(&known), DocumentInvalid),
        ("a key manifest naming a tarball", manifest(&table.package.tarball.clone()), DocumentInvalid),
    ] {
        let answer = table.put(&path, body.as_bytes());
        table.expect(case, answer, code);
    }
}
