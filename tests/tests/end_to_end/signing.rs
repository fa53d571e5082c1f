//! Managed signing: what Larder derives carries its own signature, which the real gpg verifies.

use std::collections::BTreeMap;

use larder_shared::{
    api::{ErrorCode, FileKind, List, Mirror, Signing, Spec, SpecSummary},
    name::{DagHash, Fingerprint},
};
use larder_tests::{
    difference::expect_same_bytes,
    fixtures::{fixture, hello},
    gpg::Gpg,
    larder::{ADMIN, Larder},
    package::{MadeUp, blob_path},
    push::SigningKey,
    spack::{Folder, Held, read_v2, read_v2_keys, read_v3, read_v3_keys},
};
use serde_json::json;

type Packages = BTreeMap<DagHash, Held>;

/// A Larder that has a key to sign with.
fn larder_with_key() -> (Larder, SigningKey) {
    let key = SigningKey::create();
    (Larder::start_with(&[("LARDER_SIGNING_KEY", &key.private)]), key)
}

fn make(larder: &Larder, name: &str) {
    let body = json!({ "name": name, "signing": "managed" }).to_string();
    let mirror: Mirror = larder.post("/api/v1/mirrors", &body).token(ADMIN).send().expect(201).json();
    assert_eq!(mirror.signing, Signing::Managed);
}

fn change(larder: &Larder, mirror: &str, body: &serde_json::Value) -> larder_tests::http::Answer {
    larder.ask("PATCH", &format!("/api/v1/mirrors/{mirror}")).token(ADMIN).body(body.to_string().as_bytes()).send()
}

/// Expects that gpg, knowing the mirror's keys only, finds every document signed by `signer`.
fn expect_signed(packages: &Packages, keys: &BTreeMap<Fingerprint, Vec<u8>>, signer: &Fingerprint) {
    let gpg = Gpg::knowing(keys.values());
    for package in packages.values() {
        assert!(package.signed, "{} is not signed", package.path);
        assert_eq!(gpg.verify(&package.document).as_ref(), Ok(signer), "{}", package.path);
    }
    let altered = String::from_utf8(packages.values().next().unwrap().document.clone()).unwrap();
    let refusal = gpg.verify(altered.replacen("sha256", "sha255", 1).as_bytes()).unwrap_err();
    assert!(refusal.contains("BAD signature"), "{refusal}");
}

/// Every object of a mirror that was made of another, with its ETag.
fn derived(larder: &Larder, mirror: &str) -> Vec<(String, String)> {
    let prefix = format!("{mirror}/larder/derived/");
    larder.stored().into_iter().filter(|(key, _)| key.starts_with(&prefix)).collect()
}

#[test]
fn an_unsigned_v2_push_is_found_signed_in_both_layouts() {
    let (larder, key) = larder_with_key();
    make(&larder, "m");
    larder.push(&fixture("mirror-v2-unsigned"), "m");
    let (pushed, mirror) = (read_v2(&Folder(fixture("mirror-v2-unsigned"))), larder.mirror("m"));
    let (v2, v3) = (read_v2(&mirror), read_v3(&mirror));
    assert!(v2.keys().eq(pushed.keys()) && v3.keys().eq(pushed.keys()));
    for (keys, packages) in [(read_v2_keys(&mirror), &v2), (read_v3_keys(&mirror), &v3)] {
        assert_eq!(keys, BTreeMap::from([(key.fingerprint.clone(), key.public.clone())]));
        expect_signed(packages, &keys, &key.fingerprint);
    }
    for pushed in pushed.values() {
        let served = larder.get(&format!("/mirrors/m/{}", pushed.path)).send().expect(200);
        expect_same_bytes(&pushed.path, &served.body, &pushed.document);
    }
    // And the signed text says what was pushed.
    let of = |hash: &DagHash| {
        serde_json::from_str::<serde_json::Value>(larder_shared::clearsign::document(&v2[hash].document).unwrap().json)
            .unwrap()
    };
    for (hash, pushed) in &pushed {
        assert_eq!(of(hash), serde_json::from_slice::<serde_json::Value>(&pushed.document).unwrap());
    }

    let figures: Mirror = larder.api("mirrors/m");
    assert_eq!((figures.specs, figures.signed), (18, 18));
    let specs: List<SpecSummary> = larder.api("mirrors/m/specs");
    assert!(specs.items.iter().all(|spec| spec.signed == Some(true) && spec.managed));
    let spec: Spec = larder.api(&format!("mirrors/m/specs/{}", pushed.keys().next().unwrap()));
    for file in &spec.files {
        let served = larder.get(&format!("/mirrors/m/{}", file.path)).send().expect(200);
        let is_clearsigned = served.body.starts_with(b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n");
        assert_eq!(is_clearsigned, !file.stored && file.kind != FileKind::Tarball, "{file:?}");
    }

    // Signed once: neither a read, nor a second push, nor a reindex signs again.
    let before = derived(&larder, "m");
    larder.push(&fixture("mirror-v2-unsigned"), "m");
    let run = larder.reindex("m");
    assert_eq!((run.problems, run.added, run.mended, run.removed), (0, 0, 0, 0), "{run:?}");
    assert_eq!(derived(&larder, "m"), before);
}

#[test]
fn an_unsigned_v3_push_is_found_signed_in_both_layouts() {
    let (larder, key) = larder_with_key();
    make(&larder, "m");
    // Unsigned v3 packages are what Larder derives without a key.
    larder.push(&fixture("mirror-v2-unsigned"), "plain");
    let unsigned = read_v3(&larder.mirror("plain"));
    let plain = larder.stored();
    for (path, _) in plain.iter().filter_map(|(key, etag)| Some((key.strip_prefix("plain/")?, etag))) {
        if path.starts_with("blobs/") {
            let blob = larder.get(&format!("/mirrors/plain/{path}")).send().expect(200).body;
            larder.put(&format!("/mirrors/m/{path}"), &blob).token(ADMIN).send().expect(201);
        }
    }
    for package in unsigned.values() {
        assert!(!package.signed);
        larder.put(&format!("/mirrors/m/{}", package.path), &package.document).token(ADMIN).send().expect(201);
        larder.put(&format!("/mirrors/m/{}", package.path), &package.document).token(ADMIN).send().expect(200);
    }
    let mirror = larder.mirror("m");
    let (v2, v3) = (read_v2(&mirror), read_v3(&mirror));
    assert!(v2.keys().eq(unsigned.keys()) && v3.keys().eq(unsigned.keys()));
    expect_signed(&v2, &read_v2_keys(&mirror), &key.fingerprint);
    expect_signed(&v3, &read_v3_keys(&mirror), &key.fingerprint);
    for (signed, unsigned) in v3.values().zip(unsigned.values()) {
        let text = larder_shared::clearsign::document(&signed.document).unwrap().json;
        expect_same_bytes(&signed.path, text.as_bytes(), &unsigned.document);
        // A part and the headers are those of the signed one.
        let path = format!("/mirrors/m/{}", signed.path);
        let part = larder.get(&path).header("Range", "bytes=0-9").send().expect(206);
        expect_same_bytes(&path, &part.body, b"-----BEGIN");
        let head = larder.head(&path).send().expect(200);
        assert_eq!(head.expect_header("content-length"), signed.document.len().to_string());
        let etag = head.expect_header("etag");
        larder.get(&path).header("If-None-Match", etag).send().expect(304);
    }
    assert_eq!(larder.api::<Mirror>("mirrors/m").signed, 18);
    let before = derived(&larder, "m");
    // The same in v2 as well: each layout keeps what arrived in it, and nothing is signed twice.
    larder.push(&fixture("mirror-v2-unsigned"), "m");
    let run = larder.reindex("m");
    assert_eq!((run.problems, run.added, run.removed), (0, 0, 0), "{run:?}");
    expect_signed(&read_v2(&mirror), &read_v2_keys(&mirror), &key.fingerprint);
    let manifests =
        |all: &[(String, String)]| all.iter().filter(|(key, _)| key.contains("/v3/")).cloned().collect::<Vec<_>>();
    assert_eq!(manifests(&derived(&larder, "m")), manifests(&before));
    let before = derived(&larder, "m");
    assert_eq!(larder.reindex("m").mended, 0);
    assert_eq!(derived(&larder, "m"), before);
}

#[test]
fn what_was_signed_when_it_was_pushed_is_left_alone_in_its_layout() {
    let (larder, key) = larder_with_key();
    make(&larder, "m");
    larder.push(&fixture("mirror-v2"), "m");
    let mirror = larder.mirror("m");
    let (publisher, pushed) = (hello::SIGNER.parse().unwrap(), read_v2(&Folder(fixture("mirror-v2"))));
    let v2 = read_v2(&mirror);
    assert!(v2 == pushed, "the v2 packages changed");
    expect_signed(&v2, &read_v2_keys(&mirror), &publisher);
    expect_signed(&read_v3(&mirror), &read_v3_keys(&mirror), &key.fingerprint);
    larder.push(&fixture("mirror-v3"), "m");
    let v3 = read_v3(&mirror);
    assert!(v3 == read_v3(&Folder(fixture("mirror-v3"))), "the v3 packages changed");
    assert!(read_v2(&mirror) == pushed, "the v2 packages changed");
    let run = larder.reindex("m");
    assert_eq!((run.problems, run.added, run.removed), (0, 0, 0), "{run:?}");
    assert!(read_v3(&mirror) == v3 && read_v2(&mirror) == pushed);
}

#[test]
fn switched_on_for_a_mirror_it_signs_what_is_there_with_reindex() {
    let (larder, key) = larder_with_key();
    larder.push(&fixture("mirror-v2-unsigned"), "m");
    assert_eq!(larder.api::<Mirror>("mirrors/m").signed, 0);
    let generation = larder.api::<Mirror>("mirrors/m").generation;
    let changed: Mirror = change(&larder, "m", &json!({ "signing": "managed" })).expect(200).json();
    assert_eq!((changed.signing, changed.signed), (Signing::Managed, 0));
    let mirror = larder.mirror("m");
    assert!(read_v2_keys(&mirror).contains_key(&key.fingerprint), "its key is one of the mirror's at once");
    let run = larder.reindex("m");
    assert_eq!((run.problems, run.added, run.mended, run.asked), (0, 0, 18, true), "{run:?}");
    expect_signed(&read_v2(&mirror), &read_v2_keys(&mirror), &key.fingerprint);
    expect_signed(&read_v3(&mirror), &read_v3_keys(&mirror), &key.fingerprint);
    let figures: Mirror = larder.api("mirrors/m");
    assert_eq!((figures.signed, figures.generation), (18, generation));
    // An empty change changes nothing.
    let same: Mirror = change(&larder, "m", &json!({})).expect(200).json();
    assert_eq!(same.signing, Signing::Managed);
    let off: Mirror = change(&larder, "m", &json!({ "signing": "none" })).expect(200).json();
    assert_eq!(off.signing, Signing::None);
    let package = MadeUp::new("zlib", "1.3");
    for (path, body) in
        [(blob_path(&package.tarball), package.tarball.clone()), (package.spec_path(), package.spec_file())]
    {
        larder.put(&format!("/mirrors/m/{path}"), &body).token(ADMIN).send().expect(201);
    }
    larder.get(&format!("/mirrors/m/{}", package.signed_path())).send().expect_error(404);
    assert_eq!(larder.api::<Mirror>("mirrors/m").signed, 18);
}

#[test]
fn a_wrong_key_is_no_key() {
    // None at all.
    let larder = Larder::start();
    larder.put_hello("m");
    let error = change(&larder, "m", &json!({ "signing": "managed" })).expect_error(409);
    assert!(error.next.is_some_and(|next| next.contains("larder key create")));
    let body = json!({ "name": "new", "signing": "managed" }).to_string();
    larder.post("/api/v1/mirrors", &body).token(ADMIN).send().expect_error(409);
    assert_eq!(larder.api::<Mirror>("mirrors/m").signing, Signing::None);
    drop(larder);
    let public = String::from_utf8(SigningKey::create().public).unwrap();
    for text in ["no key", &public] {
        let larder = Larder::start_with(&[("LARDER_SIGNING_KEY", text)]);
        larder.put_hello("m");
        let error = change(&larder, "m", &json!({ "signing": "managed" })).expect_error(500);
        assert_eq!(error.code, ErrorCode::Internal);
        assert!(!error.message.contains(text), "{error:?}");
        larder.get(&format!("/mirrors/m/{}", hello::SPEC)).send().expect(200);
    }
}

#[test]
fn a_key_that_gnupg_made_signs_as_well() {
    let gpg = Gpg::new();
    let (fingerprint, public, private) = gpg.make_key("Cache <cache@example.org>");
    let larder = Larder::start_with(&[("LARDER_SIGNING_KEY", &String::from_utf8(private).unwrap())]);
    make(&larder, "m");
    larder.push(&fixture("mirror-v2-unsigned"), "m");
    let keys = read_v2_keys(&larder.mirror("m"));
    assert_eq!(
        Gpg::knowing([&public]).verify(&read_v3(&larder.mirror("m")).values().next().unwrap().document),
        Ok(fingerprint.clone())
    );
    expect_signed(&read_v2(&larder.mirror("m")), &keys, &fingerprint);
}

#[test]
fn another_key_signs_anew_with_reindex_and_both_stay_known() {
    let (first, second) = (SigningKey::create(), SigningKey::create());
    let mut larder = Larder::start_with(&[("LARDER_SIGNING_KEY", &first.private)]);
    make(&larder, "m");
    larder.push(&fixture("mirror-v2-unsigned"), "m");
    larder.restart_with(&[("LARDER_SIGNING_KEY", &second.private)]);
    let mirror = larder.mirror("m");
    expect_signed(&read_v3(&mirror), &read_v3_keys(&mirror), &first.fingerprint);
    assert_eq!(larder.reindex("m").mended, 18);
    let keys = read_v3_keys(&mirror);
    assert_eq!(keys.len(), 2);
    expect_signed(&read_v3(&mirror), &keys, &second.fingerprint);
    expect_signed(&read_v2(&mirror), &keys, &second.fingerprint);
}
