//! Manifests: of every kind, by tag and by digest, moved and deleted; exactly the bytes that came.

use larder_shared::oci::{
    digest::ContentDigest,
    manifest::{CONFIG, DOCKER_IMAGE, DOCKER_LIST, IMAGE, INDEX, LAYER, MAX_MANIFEST_BYTES},
};
use larder_tests::{
    difference::expect_same_bytes,
    http::Answer,
    larder::Larder,
    oci::{Image, Repository, descriptor},
};
use serde_json::{Value, json};

use super::sha512;

/// Media type of an empty JSON object, where a manifest must name something (OCI image
/// specification, "Guidance for an Empty Descriptor").
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// Expects a manifest to be read back under a reference, by HEAD and GET.
fn expect_manifest(repository: &Repository<'_>, reference: &str, media_type: &str, manifest: &[u8]) {
    let path = format!("manifests/{reference}");
    let digest = match reference.parse() {
        Ok(digest) => digest,
        Err(_) => ContentDigest::of(manifest),
    };
    let head = repository.head(&path).header("Accept", media_type).send().expect(200).expect_digest(&digest);
    assert_eq!(head.body, b"", "{head:?}");
    let get = repository.get(&path).header("Accept", media_type).send().expect(200).expect_digest(&digest);
    expect_same_bytes(&get.what, &get.body, manifest);
    for answer in [&head, &get] {
        assert_eq!(answer.expect_header("content-type"), media_type, "{answer:?}");
        assert_eq!(answer.expect_header("content-length"), manifest.len().to_string(), "{answer:?}");
    }
    let etag = get.expect_header("etag");
    repository.get(&path).header("If-None-Match", etag).send().expect(304);
    repository.get(&path).header("If-None-Match", "\"other\"").send().expect(200);
}

/// Expects the answer to a PUT.
fn expect_created(answer: Answer, digest: &ContentDigest) -> Answer {
    let answer = answer.expect(201).expect_digest(digest);
    assert_eq!(answer.expect_header("location"), format!("/v2/m/manifests/{digest}"), "{answer:?}");
    answer
}

#[test]
fn a_manifest_of_any_kind_is_kept_byte_for_byte() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let (config, layer) = (br#"{"architecture":"amd64","os":"linux"}"#.as_slice(), b"a layer".as_slice());
    for blob in [config, layer, b"{}"] {
        repository.push_blob(blob);
    }
    let image = |more: Value| {
        let mut image = json!({
            "schemaVersion": 2, "mediaType": IMAGE,
            "config": descriptor(CONFIG, config), "layers": [descriptor(LAYER, layer)],
        });
        image.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        image
    };
    let of = |media_type: &str, manifest: &Value| descriptor(media_type, manifest.to_string().as_bytes());
    let index = |media_type: &str, manifests: &[Value]| json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": manifests });
    let plain = image(json!({}));
    let images = index(INDEX, &[of(IMAGE, &plain)]);
    let docker = json!({
        "schemaVersion": 2, "mediaType": DOCKER_IMAGE,
        "config": descriptor("application/vnd.docker.container.image.v1+json", config),
        "layers": [descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)],
    });
    let mut with_data = descriptor(EMPTY, b"{}");
    with_data["data"] = json!("e30=");
    let elsewhere = |media_type: &str| {
        let mut layer = descriptor(media_type, format!("{media_type} is not passed on").as_bytes());
        layer["urls"] = json!(["https://store.example.com/layer"]);
        layer
    };
    for (kind, media_type, manifest) in [
        ("image", IMAGE, plain.clone()),
        ("image-with-spaces", IMAGE, plain.clone()),
        (
            "image-without-type",
            IMAGE,
            json!({ "schemaVersion": 2, "config": plain["config"], "layers": plain["layers"] }),
        ),
        ("image-without-layers", IMAGE, image(json!({ "layers": [] }))),
        ("image-of-the-same-layer-twice", IMAGE, image(json!({ "layers": [plain["layers"][0], plain["layers"][0]] }))),
        (
            "custom-fields",
            IMAGE,
            image(json!({ "org.example.field": { "a": [1, 2.5, null] }, "annotations": { "k": "é" } })),
        ),
        ("data-field", IMAGE, image(json!({ "artifactType": "application/vnd.example.data", "config": with_data }))),
        (
            "nondistributable-layers",
            IMAGE,
            image(json!({ "layers": [
                elsewhere("application/vnd.oci.image.layer.nondistributable.v1.tar"),
                elsewhere("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
                descriptor(LAYER, layer),
            ] })),
        ),
        (
            "artifact",
            IMAGE,
            image(json!({
                "artifactType": "application/vnd.example.sbom.v1",
                "config": descriptor(EMPTY, b"{}"), "layers": [descriptor("text/plain", layer)],
            })),
        ),
        (
            "artifact-without-layers",
            IMAGE,
            image(json!({
                "artifactType": "application/vnd.example.sbom.v1",
                "config": descriptor(EMPTY, b"{}"), "layers": [descriptor(EMPTY, b"{}")],
            })),
        ),
        ("index", INDEX, images.clone()),
        ("index-of-indexes", INDEX, index(INDEX, &[of(INDEX, &images), of(IMAGE, &plain)])),
        ("empty-index", INDEX, index(INDEX, &[])),
        ("docker-image", DOCKER_IMAGE, docker.clone()),
        ("docker-list", DOCKER_LIST, index(DOCKER_LIST, &[of(DOCKER_IMAGE, &docker)])),
        (
            "another-media-type",
            "application/vnd.example.thing.v1+json",
            json!({ "schemaVersion": 2, "anything": true }),
        ),
    ] {
        println!("{kind}");
        let text = match kind {
            "image-with-spaces" => format!("{manifest:#}\n"),
            _ => manifest.to_string(),
        };
        let bytes = text.as_bytes();
        let digest = ContentDigest::of(bytes);
        expect_created(repository.put_manifest(&digest.to_string(), media_type, bytes), &digest);
        repository.head(&format!("manifests/{kind}")).send().expect(404);
        expect_created(repository.put_manifest(kind, media_type, bytes), &digest);
        expect_manifest(&repository, kind, media_type, bytes);
        let answer = repository.get(&format!("manifests/{digest}")).send().expect(200).expect_digest(&digest);
        expect_same_bytes(&answer.what, &answer.body, bytes);
    }
}

#[test]
fn a_manifest_under_a_digest_gets_the_tags_of_its_parameters() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let image = Image::new(b"{}", &[b"a layer"]);
    for blob in [&image.config, &image.layers[0]] {
        repository.push_blob(blob);
    }
    let tags: Vec<_> = (0..12).map(|number| format!("v1.{number}")).collect();
    for digest in [image.digest(), sha512(&image.manifest)] {
        let tags: Vec<_> = tags.iter().map(|tag| format!("{tag}-{}", digest.algorithm())).collect();
        let reference = format!("{digest}?tag={}", tags.join("&tag="));
        let answer = expect_created(repository.put_manifest(&reference, IMAGE, &image.manifest), &digest);
        let told: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "oci-tag").collect();
        let told: Vec<_> = told.iter().flat_map(|(_, value)| value.split(',').map(str::trim)).collect();
        assert_eq!(told, tags);
        expect_manifest(&repository, &digest.to_string(), IMAGE, &image.manifest);
        for tag in &tags {
            let answer = repository.get(&format!("manifests/{tag}")).send().expect(200).expect_digest(&digest);
            expect_same_bytes(tag, &answer.body, &image.manifest);
        }
    }
    assert_eq!(repository.tags().len(), 24);
    // One tag that is none refuses them all.
    let other = Image::of(&json!({ "schemaVersion": 2, "manifests": [] }), b"", &[]);
    let reference = format!("{}?tag=good&tag=.bad", other.digest());
    repository.put_manifest(&reference, INDEX, &other.manifest).expect_refusal(400, "MANIFEST_INVALID");
    for reference in ["good".to_owned(), other.digest().to_string()] {
        repository.get(&format!("manifests/{reference}")).send().expect_refusal(404, "MANIFEST_UNKNOWN");
    }
    // Under a digest that is not its own it is refused as well.
    let wrong = image.digest().to_string();
    repository.put_manifest(&wrong, INDEX, &other.manifest).expect_refusal(400, "DIGEST_INVALID");
    expect_manifest(&repository, &wrong, IMAGE, &image.manifest);
}

#[test]
fn a_tag_moves_and_the_manifest_it_left_stays() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let [first, second] = [b"first", b"secnd"].map(|layer| Image::new(b"{}", &[layer]));
    for image in [&first, &second, &first] {
        repository.push_image("latest", image).expect(201);
        expect_manifest(&repository, "latest", IMAGE, &image.manifest);
        assert_eq!(repository.tags(), ["latest"]);
    }
    for image in [first, second] {
        expect_manifest(&repository, &image.digest().to_string(), IMAGE, &image.manifest);
    }
}

#[test]
fn tags_and_manifests_are_deleted() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let image = Image::new(b"{}", &[b"a layer"]);
    for tag in ["one", "two", "three"] {
        repository.push_image(tag, &image).expect(201);
    }
    let by_digest = format!("manifests/{}", image.digest());
    repository.delete("manifests/one").send().expect(202);
    repository.get("manifests/one").send().expect_refusal(404, "MANIFEST_UNKNOWN");
    repository.delete("manifests/one").send().expect_refusal(404, "MANIFEST_UNKNOWN");
    assert_eq!(repository.tags(), ["three", "two"]);
    repository.get(&by_digest).send().expect(200);

    repository.delete(&by_digest).send().expect(202);
    for path in [&by_digest[..], "manifests/two", "manifests/three"] {
        repository.get(path).send().expect_refusal(404, "MANIFEST_UNKNOWN");
        assert_eq!(repository.head(path).send().expect(404).body, b"");
        repository.delete(path).send().expect_refusal(404, "MANIFEST_UNKNOWN");
    }
    assert_eq!(repository.tags(), [""; 0]);
    // It can come back.
    repository.put_manifest("one", IMAGE, &image.manifest).expect(201);
    expect_manifest(&repository, "one", IMAGE, &image.manifest);
    expect_manifest(&repository, &image.digest().to_string(), IMAGE, &image.manifest);
}

#[test]
fn a_manifest_may_have_4_mib_and_no_more() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let config = repository.push_blob(b"{}");
    let of_length = |bytes: u64| {
        let manifest = |filling: usize| {
            let manifest = json!({
                "schemaVersion": 2, "mediaType": IMAGE, "layers": [],
                "config": { "mediaType": CONFIG, "digest": config, "size": 2 },
                "annotations": { "filling": "x".repeat(filling) },
            });
            manifest.to_string().into_bytes()
        };
        let rest = usize::try_from(bytes).unwrap() - manifest(0).len();
        manifest(rest)
    };
    let largest = of_length(MAX_MANIFEST_BYTES);
    assert_eq!(largest.len() as u64, MAX_MANIFEST_BYTES);
    repository.put_manifest("largest", IMAGE, &largest).expect(201);
    expect_manifest(&repository, "largest", IMAGE, &largest);
    let larger = of_length(MAX_MANIFEST_BYTES + 1);
    repository.put_manifest("larger", IMAGE, &larger).expect_refusal(413, "SIZE_INVALID");
    repository.get("manifests/larger").send().expect(404);
    // However long it does not say it is.
    let answer = repository.stream("PUT", "/v2/m/manifests/larger", &larger);
    answer.expect_refusal(413, "SIZE_INVALID");
    repository.get("manifests/larger").send().expect(404);
}
