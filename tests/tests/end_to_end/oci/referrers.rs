//! Referrers: which manifests are about another one.

use larder_shared::oci::{
    digest::ContentDigest,
    manifest::{CONFIG, IMAGE, INDEX},
};
use larder_tests::{
    http::Answer,
    larder::Larder,
    oci::{Image, Repository, descriptor},
};
use serde_json::{Value, json};

use super::sha512;

const SBOM: &str = "application/vnd.example.sbom.v1";
const SIGNATURE: &str = "application/vnd.example.signature.v1";

/// The descriptors that a subject's list holds, in order of their digest.
fn listed(answer: Answer) -> Vec<Value> {
    let answer = answer.expect(200);
    assert_eq!(answer.expect_header("content-type"), INDEX, "{answer:?}");
    let index: Value = answer.json();
    assert_eq!((&index["schemaVersion"], &index["mediaType"]), (&json!(2), &json!(INDEX)), "{answer:?}");
    sorted(index["manifests"].as_array().unwrap().clone())
}

fn sorted(mut descriptors: Vec<Value>) -> Vec<Value> {
    descriptors.sort_by_key(|descriptor| descriptor["digest"].to_string());
    descriptors
}

fn referrers(repository: &Repository<'_>, subject: &ContentDigest) -> Vec<Value> {
    listed(repository.get(&format!("referrers/{subject}")).send())
}

/// Pushes a manifest about `subject`; gives its descriptor as it should be listed.
fn refer(repository: &Repository<'_>, media_type: &str, subject: &ContentDigest, more: &Value) -> Value {
    let mut manifest = json!({
        "schemaVersion": 2, "mediaType": media_type,
        "subject": { "mediaType": IMAGE, "digest": subject, "size": 7 },
    });
    manifest.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let bytes = manifest.to_string().into_bytes();
    let answer = repository.put_manifest(&ContentDigest::of(&bytes).to_string(), media_type, &bytes).expect(201);
    assert_eq!(answer.expect_header("oci-subject"), subject.to_string(), "{answer:?}");
    let mut listed = descriptor(media_type, &bytes);
    let of_config = manifest["config"]["mediaType"].clone();
    let own = manifest["artifactType"].clone();
    for (name, value) in [
        ("artifactType", if own.is_null() { of_config } else { own }),
        ("annotations", manifest["annotations"].clone()),
    ] {
        if !value.is_null() {
            listed[name] = value;
        }
    }
    listed
}

#[test]
fn manifests_about_another_are_listed_and_filtered() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let image = Image::new(b"{}", &[b"a layer"]);
    let answer = repository.push_image("v1", &image).expect(201);
    assert_eq!(answer.header("oci-subject"), None, "{answer:?}");
    let empty = json!({ "config": descriptor("application/vnd.oci.empty.v1+json", b"{}"), "layers": [] });
    let with = |artifact_type: &str, note: &str| {
        let mut more = empty.clone();
        more["artifactType"] = json!(artifact_type);
        more["annotations"] = json!({ "org.example.note": note });
        more
    };
    // There may be manifests about what comes later, or never.
    let missing = ContentDigest::of(b"never pushed");
    for subject in [image.digest(), missing, sha512(&image.manifest)] {
        assert_eq!(referrers(&repository, &subject), [json!(null); 0]);
        let sboms = [with(SBOM, "one"), with(SBOM, "two")].map(|more| refer(&repository, IMAGE, &subject, &more));
        let signature = refer(&repository, IMAGE, &subject, &with(SIGNATURE, "one"));
        let by_config =
            refer(&repository, IMAGE, &subject, &json!({ "config": descriptor(CONFIG, b"{}"), "layers": [] }));
        let index = refer(&repository, INDEX, &subject, &json!({ "manifests": [], "artifactType": SBOM }));
        let untyped = refer(&repository, INDEX, &subject, &json!({ "manifests": [], "annotations": { "a": "b" } }));
        let all = [&sboms[0], &sboms[1], &signature, &by_config, &index, &untyped].map(Clone::clone);
        assert_eq!(referrers(&repository, &subject), sorted(all.to_vec()));

        for (artifact_type, expected) in [
            (SBOM, vec![sboms[0].clone(), sboms[1].clone(), index]),
            (SIGNATURE, vec![signature.clone()]),
            (CONFIG, vec![by_config]),
            ("application/vnd.example.other", vec![]),
        ] {
            let path =
                format!("referrers/{subject}?artifactType={}", artifact_type.replace('/', "%2F").replace('+', "%2B"));
            let answer = repository.get(&path).send();
            assert_eq!(answer.expect_header("oci-filters-applied"), "artifactType", "{answer:?}");
            assert_eq!(listed(answer), sorted(expected), "{artifact_type}");
        }

        // What is deleted is not listed; what is deleted twice was not there.
        let path = format!("manifests/{}", signature["digest"].as_str().unwrap());
        repository.delete(&path).send().expect(202);
        assert_eq!(referrers(&repository, &subject).len(), 5);
        assert!(!referrers(&repository, &subject).contains(&signature));
    }
    let answer = repository.get(&format!("referrers/{missing}")).send().expect(200);
    assert_eq!(answer.header("oci-filters-applied"), None, "{answer:?}");
}

#[test]
fn a_manifest_about_another_is_listed_once_and_under_its_tag_too() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let subject = ContentDigest::of(b"some image");
    // In a repository that nobody pushed to nothing is about anything.
    assert_eq!(referrers(&repository, &subject), [json!(null); 0]);
    repository.push_blob(b"{}");
    let manifest = json!({
        "schemaVersion": 2, "mediaType": IMAGE, "artifactType": SBOM, "layers": [],
        "config": descriptor("application/vnd.oci.empty.v1+json", b"{}"),
        "subject": { "mediaType": IMAGE, "digest": subject, "size": 7 },
    });
    let bytes = manifest.to_string().into_bytes();
    for reference in ["sbom", "sbom", "other", &ContentDigest::of(&bytes).to_string()] {
        let answer = repository.put_manifest(reference, IMAGE, &bytes).expect(201);
        assert_eq!(answer.expect_header("oci-subject"), subject.to_string(), "{answer:?}");
        assert_eq!(referrers(&repository, &subject).len(), 1, "{reference}");
    }
    repository.delete("manifests/sbom").send().expect(202);
    assert_eq!(referrers(&repository, &subject).len(), 1, "the manifest has another tag");
    repository.get("referrers/sha256:short").send().expect_refusal(400, "DIGEST_INVALID");
}
