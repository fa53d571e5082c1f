//! Mirrors that take only what is signed by one of their keys.

use larder_shared::{
    api::{CreatedToken, ErrorCode, Mirror, Require},
    name::Fingerprint,
};
use larder_tests::{
    fixtures::{fixture, hello},
    gpg::Gpg,
    http::Answer,
    larder::{ADMIN, Larder},
    package::{MadeUp, blob_path},
    push::SigningKey,
};
use serde_json::json;

/// A Larder with a mirror that requires signatures, and a token that may push to it.
fn larder_that_requires() -> (Larder, String) {
    let larder = Larder::start();
    let body = json!({ "name": "m", "require": "signed" }).to_string();
    let mirror: Mirror = larder.post("/api/v1/mirrors", &body).token(ADMIN).send().expect(201).json();
    assert_eq!(mirror.require, Require::Signed);
    let body = json!({ "name": "ci", "scopes": ["push"], "mirrors": ["m"] }).to_string();
    let token: CreatedToken = larder.post("/api/v1/tokens", &body).token(ADMIN).send().expect(201).json();
    (larder, token.secret)
}

fn put(larder: &Larder, token: &str, path: &str, body: &[u8]) -> Answer {
    larder.put(&format!("/mirrors/m/{path}"), body).token(token).send()
}

fn put_key(larder: &Larder, token: &str, fingerprint: &Fingerprint, key: &[u8]) -> Answer {
    put(larder, token, &format!("build_cache/_pgp/{fingerprint}.pub"), key)
}

/// A package whose blobs are stored.
fn package(larder: &Larder, version: &str) -> MadeUp {
    let package = MadeUp::new("zlib", version);
    for blob in [package.tarball.clone(), package.spec_blob()] {
        put(larder, ADMIN, &blob_path(&blob), &blob).expect(201);
    }
    package
}

fn expect_refused(answer: &Answer, names: &str) {
    let error = answer.clone().expect_error(403);
    assert_eq!(error.code, ErrorCode::Untrusted, "{answer:?}");
    assert!(error.message.contains(names) && error.next.is_some(), "{error:?}");
}

#[test]
fn what_is_not_signed_is_refused_in_both_layouts() {
    let (larder, token) = larder_that_requires();
    let package = package(&larder, "1.3");
    let before = larder.stored();
    expect_refused(&put(&larder, &token, &package.spec_path(), &package.spec_file()), "not signed");
    expect_refused(&put(&larder, ADMIN, &package.spec_path(), &package.spec_file()), "not signed");
    expect_refused(&put(&larder, &token, &package.manifest_path(), &package.manifest()), "not signed");
    assert_eq!(larder.stored(), before);
    assert_eq!(larder.api::<Mirror>("mirrors/m").specs, 0);
}

#[test]
fn only_keys_that_an_admin_added_are_trusted() {
    let (larder, token) = larder_that_requires();
    let gpg = Gpg::new();
    let keys = [("ed25519", "1.1"), ("rsa2048", "1.2")].map(|(algorithm, version)| {
        let (fingerprint, public, _) = gpg.make_key_of(&format!("{algorithm} <a@example.org>"), algorithm, "never");
        (fingerprint, public, package(&larder, version))
    });
    for (fingerprint, public, package) in &keys {
        let documents = [
            (package.signed_path(), gpg.clearsign(fingerprint, &package.spec_file())),
            (package.manifest_path(), gpg.clearsign(fingerprint, &package.manifest())),
        ];
        for (path, document) in &documents {
            expect_refused(&put(&larder, &token, path, document), fingerprint.as_str());
        }
        let error = put_key(&larder, &token, fingerprint, public).expect_error(403);
        assert_eq!(error.code, ErrorCode::Forbidden);
        put_key(&larder, ADMIN, fingerprint, public).expect(201);
        // As `larder push` does with the keys of the folder.
        put_key(&larder, &token, fingerprint, public).expect(200);
        for (path, document) in &documents {
            let altered = String::from_utf8(document.clone()).unwrap().replacen("sha256", "sha256 ", 1);
            let error = put(&larder, &token, path, altered.as_bytes());
            assert_eq!(error.clone().expect_error(422).code, ErrorCode::DocumentInvalid, "{error:?}");
            put(&larder, &token, path, document).expect(201);
            put(&larder, &token, path, document).expect(200);
        }
    }
    let mirror: Mirror = larder.api("mirrors/m");
    assert_eq!((mirror.specs, mirror.signed), (2, 2));
    assert!(larder.stored().iter().any(|(key, _)| key.ends_with(&keys[1].2.manifest_path())));
}

#[test]
fn a_mirror_that_spack_signed_is_taken_once_its_key_is_known() {
    let (larder, token) = larder_that_requires();
    let tarball = hello::file(hello::TARBALL);
    put(&larder, &token, &blob_path(&tarball), &tarball).expect(201);
    expect_refused(&put(&larder, &token, hello::SPEC, &hello::file(hello::SPEC)), hello::SIGNER);
    larder.push(&fixture("mirror-v2"), "m");
    larder.push(&fixture("mirror-v3"), "m");
    assert_eq!(larder.api::<Mirror>("mirrors/m").specs, 53);
}

#[test]
fn a_subkey_signs_for_its_key_and_an_expired_key_for_nobody() {
    let (larder, token) = larder_that_requires();
    let gpg = Gpg::new();
    let (with_subkey, _, _) = gpg.make_key("With a subkey <a@example.org>");
    let public = gpg.add_subkey(&with_subkey);
    put_key(&larder, ADMIN, &with_subkey, &public).expect(201);
    let first = package(&larder, "1.1");
    // gpg signs with the newest key that may.
    let document = gpg.clearsign(&with_subkey, &first.spec_file());
    let signer = Gpg::knowing([&public]).verify(&document).unwrap();
    assert_ne!(signer, with_subkey, "the subkey signed");
    put(&larder, &token, &first.signed_path(), &document).expect(201);

    let (short, public, _) = gpg.make_key_of("Short <b@example.org>", "ed25519", "seconds=1");
    let second = package(&larder, "1.2");
    let document = gpg.clearsign(&short, &second.spec_file());
    put_key(&larder, ADMIN, &short, &public).expect(201);
    let ended = || {
        let answer = put(&larder, &token, &second.signed_path(), &document);
        (answer.status == 403).then_some(answer)
    };
    let started = std::time::Instant::now();
    while started.elapsed() < std::time::Duration::from_millis(2_100) {
        std::thread::yield_now();
    }
    expect_refused(&ended().unwrap(), "has expired");
}

#[test]
fn managed_signing_does_not_make_an_unsigned_push_trusted() {
    let key = SigningKey::create();
    let larder = Larder::start_with(&[("LARDER_SIGNING_KEY", &key.private)]);
    let body = json!({ "name": "m", "require": "signed", "signing": "managed" }).to_string();
    larder.post("/api/v1/mirrors", &body).token(ADMIN).send().expect(201);
    let package = package(&larder, "1.3");
    expect_refused(&put(&larder, ADMIN, &package.spec_path(), &package.spec_file()), "not signed");
    larder.push(&fixture("mirror-v2"), "m");
    assert_eq!(larder.api::<Mirror>("mirrors/m").signed, 53);
}
