//! Bad input to the OCI API: each gets a clear error in its shape, and stores nothing.

use larder_shared::{
    api::CreatedToken,
    digest::Digest,
    oci::{
        digest::ContentDigest,
        manifest::{CONFIG, IMAGE, INDEX, LAYER, MAX_DESCRIPTORS},
    },
};
use larder_tests::{
    http::Answer,
    larder::ADMIN,
    oci::{Image, Repository, descriptor},
    package::MadeUp,
    raw::exchange,
    wait,
};
use serde_json::{Value, json};

use super::sha512;
use crate::bad_input::Table;

/// What a layer is that every manifest here may name.
const A_LAYER: &[u8] = b"a layer";

/// Tries some cases.
type Cases = fn(&mut Table);

#[test]
fn bad_input_to_the_registry_gets_a_clear_error_and_stores_nothing() {
    let mut table = Table::new();
    let repository = table.larder.repository("m");
    repository.push_image("image", &Image::new(b"{}", &[A_LAYER])).expect(201);
    // The index is rendered when it is first asked for.
    repository.get("manifests/index.spack").send().expect(200);
    table.look();
    let groups: [(&str, Cases); 7] = [
        ("ends of uploads", ends_of_uploads),
        ("chunks", chunks),
        ("names and paths", names),
        ("manifests", manifests),
        ("packages", packages),
        ("tokens", tokens),
        ("methods and deletions", methods),
    ];
    for (cases, try_all) in groups {
        try_all(&mut table);
        // What had arrived of an upload goes with it, a little later.
        wait::until("no chunk is left", || {
            let stored = table.larder.stored();
            (!stored.iter().any(|(key, _)| key.contains("/larder/uploads/"))).then_some(())
        });
        table.expect_nothing_stored(cases);
    }
    table.end();
    let image = table.larder.repository("m").pull("image");
    assert_eq!(image, Image::new(b"{}", &[A_LAYER]), "what was there is there");
}

/// Mirror `m` as the holder of a token sees it that may push to it and nothing else.
fn repository(table: &Table) -> Repository<'_> {
    table.larder.repository("m").with_token(&table.token)
}

/// Notes the answer to a case, which should be an error in the shape of the OCI API.
fn expect(table: &mut Table, case: &str, answer: Answer, status: u16, code: &str) {
    let told = answer.oci_error();
    let is_right = told.as_ref().is_some_and(|error| error.code == code && !error.message.is_empty());
    if answer.status != status || !is_right || answer.header("content-type") != Some("application/json") {
        table.problems.push(format!("{case}: {status} {code} was expected, but {answer:?}"));
    }
    match told {
        Some(error) => table.note(case, answer.status, error.code, error.message),
        None => table.note(case, answer.status, "?".to_owned(), answer.text().to_owned()),
    }
}

fn ends_of_uploads(table: &mut Table) {
    let bytes = b"these bytes";
    let wrong = ContentDigest::of(b"other bytes");
    for (algorithm, wrong) in [("sha256", wrong), ("sha512", sha512(b"other bytes"))] {
        let post = repository(table).ask("POST", &format!("blobs/uploads/?digest={wrong}")).body(bytes).send();
        expect(table, &format!("a blob in one POST with another {algorithm}"), post, 400, "DIGEST_INVALID");
        let put = repository(table).finish(&repository(table).begin(), &wrong, bytes);
        expect(table, &format!("a blob with another {algorithm}"), put, 400, "DIGEST_INVALID");
    }
    for (case, borders) in [("one chunk", &[0, 11][..]), ("three chunks", &[0, 3, 4, 11])] {
        let location = repository(table).begin();
        for pair in borders.windows(2) {
            repository(table).patch(&location, pair[0], &bytes[pair[0]..pair[1]]).expect(202);
        }
        let answer = repository(table).finish(&location, &wrong, b"");
        expect(table, &format!("a blob in {case} with another digest"), answer, 400, "DIGEST_INVALID");
        let answer = repository(table).ask_at("GET", &location).send();
        expect(table, "how that upload is now", answer, 404, "BLOB_UPLOAD_UNKNOWN");
        let answer = repository(table).finish(&location, &ContentDigest::of(bytes), b"");
        expect(table, "its end again with the right digest", answer, 404, "BLOB_UPLOAD_UNKNOWN");
    }
    let streamed = repository(table).begin();
    let answer = repository(table).stream("PUT", &format!("{streamed}?digest={wrong}"), bytes);
    expect(table, "a blob of unknown length with another digest", answer, 400, "DIGEST_INVALID");
    for digest in [wrong, ContentDigest::of(bytes)] {
        let answer = repository(table).get(&format!("blobs/{digest}")).send();
        expect(table, "a blob of such an upload", answer, 404, "BLOB_UNKNOWN");
    }

    let location = repository(table).begin();
    let put = |query: &str| repository(table).ask_at("PUT", &format!("{location}{query}")).body(bytes).send();
    for (case, answer, code) in [
        ("the end of an upload without a digest", put(""), "BLOB_UPLOAD_INVALID"),
        (
            "an upload's digest of another algorithm",
            put("?digest=md5:5eb63bbbe01eeed093cb22bb8f5acdc3"),
            "DIGEST_INVALID",
        ),
        ("an upload's digest that is cut", put("?digest=sha256:0f24"), "DIGEST_INVALID"),
        (
            "an upload's digest in capitals",
            put(&format!("?digest={}", wrong.to_string().to_uppercase())),
            "DIGEST_INVALID",
        ),
        ("an empty digest", put("?digest="), "DIGEST_INVALID"),
    ] {
        expect(table, case, answer, 400, code);
    }
    let head = |method: &str, location: &str| {
        format!("{method} {location} HTTP/1.1\r\nAuthorization: Bearer {}\r\nContent-Length: 5000", table.token)
    };
    let right = ContentDigest::of(bytes);
    let put = head("PUT", &format!("{location}?digest={right}"));
    let (patch, post) = (head("PATCH", &location), head("POST", &format!("/v2/m/blobs/uploads/?digest={right}")));
    for (case, head) in [("a blob", put), ("a blob in one POST", post), ("a chunk", patch)] {
        let answer = exchange(table.larder.address(), &head, bytes, true).unwrap();
        expect(table, &format!("{case} shorter than announced"), answer, 400, "SIZE_INVALID");
    }
    repository(table).ask_at("DELETE", &location).send().expect(204);
}

fn chunks(table: &mut Table) {
    let location = repository(table).begin();
    let patch = |range: &str, chunk: &[u8]| {
        repository(table).ask_at("PATCH", &location).header("Content-Range", range).body(chunk).send()
    };
    for (case, answer, status) in [
        ("a chunk before the first", patch("5-9", b"bytes"), 416),
        ("a range that is none", patch("first to last", b"bytes"), 416),
        ("a range that ends before it begins", patch("4-0", b"bytes"), 416),
        ("a range beyond all numbers", patch("0-99999999999999999999", b"bytes"), 416),
        ("a range longer than the chunk", patch("0-9", b"bytes"), 400),
        ("a range shorter than the chunk", patch("0-3", b"bytes"), 400),
    ] {
        let told = (answer.header("location").map(str::to_owned), answer.header("range").map(str::to_owned));
        if status == 416 && told != (Some(location.clone()), Some("0-0".to_owned())) {
            table.problems.push(format!("{case}: does not say how to go on: {answer:?}"));
        }
        expect(table, case, answer, status, "BLOB_UPLOAD_INVALID");
    }
    let digest = ContentDigest::of(b"bytes");
    let put = repository(table).ask_at("PUT", &format!("{location}?digest={digest}"));
    let answer = put.header("Content-Range", "5-9").body(b"bytes").send();
    expect(table, "a last chunk before the first", answer, 416, "BLOB_UPLOAD_INVALID");

    // Somebody else, who may push as well.
    let other = json!({ "name": "other", "scopes": ["push"], "mirrors": ["m", "other"] });
    let other = make_token(table, &other);
    let elsewhere = location.replace("/v2/m/", "/v2/other/");
    let own = table.token.clone();
    for (whose, mirror, token, location) in [
        ("somebody else's", "m", &other, &location),
        ("an upload of another mirror", "other", &other, &elsewhere),
        ("an unknown upload", "m", &own, &format!("/v2/m/blobs/uploads/{}", "0".repeat(32))),
        ("an upload whose name is none", "m", &own, &"/v2/m/blobs/uploads/1".to_owned()),
    ] {
        let repository = table.larder.repository(mirror).with_token(token);
        let answers = [
            ("state of", repository.ask_at("GET", location).send()),
            ("chunk for", repository.patch(location, 0, b"bytes")),
            ("end of", repository.finish(location, &digest, b"bytes")),
            ("giving up of", repository.ask_at("DELETE", location).send()),
        ];
        for (what, answer) in answers {
            expect(table, &format!("{what} {whose}"), answer, 404, "BLOB_UPLOAD_UNKNOWN");
        }
    }
    // After all that it goes on.
    repository(table).patch(&location, 0, b"bytes").expect(202);
    repository(table).ask_at("DELETE", &location).send().expect(204);
}

fn make_token(table: &mut Table, token: &Value) -> String {
    let made = table.larder.post("/api/v1/tokens", &token.to_string()).token(ADMIN).send().expect(201);
    table.look();
    made.json::<CreatedToken>().secret
}

fn names(table: &mut Table) {
    let image = Image::new(b"{}", &[A_LAYER]);
    let long = "a".repeat(129);
    for (case, tag) in [
        ("a tag beginning with a dot", ".tag"),
        ("a tag beginning with a dash", "-tag"),
        ("a tag with a plus", "1.0+x"),
        ("a tag with a space", "a%20b"),
        ("a tag that is not ASCII", "%C3%A9"),
        ("a tag of 129 characters", &long),
    ] {
        let put = repository(table).put_manifest(tag, IMAGE, &image.manifest);
        expect(table, case, put, 400, "MANIFEST_INVALID");
        let get = repository(table).get(&format!("manifests/{tag}")).send();
        expect(table, &format!("GET of {case}"), get, 404, "MANIFEST_UNKNOWN");
    }
    let digest = image.digest();
    for (case, reference, code) in [
        ("a manifest's digest that is none", "sha256:baddigeststring".to_owned(), "DIGEST_INVALID"),
        ("a manifest's digest of another algorithm", format!("sha1:{}", "a".repeat(40)), "DIGEST_INVALID"),
        ("a manifest under another digest", ContentDigest::of(b"another").to_string(), "DIGEST_INVALID"),
        ("a manifest with a tag that is none beside", format!("{digest}?tag=good&tag=.bad"), "MANIFEST_INVALID"),
    ] {
        let put = repository(table).put_manifest(&reference, IMAGE, &image.manifest);
        expect(table, case, put, 400, code);
    }
    let get = |path: &str| table.larder.get(path).token(ADMIN).send();
    for (case, answer, status, code) in [
        ("a repository in capitals", get("/v2/Mirror/tags/list"), 400, "NAME_INVALID"),
        ("a repository with an empty part", get("/v2/m//x/tags/list"), 400, "NAME_INVALID"),
        ("a repository beginning with a dash", get("/v2/-m/tags/list"), 400, "NAME_INVALID"),
        ("a repository named as Spack's own folder", get("/v2/m/build_cache/tags/list"), 400, "NAME_INVALID"),
        ("a repository of 256 characters", get(&format!("/v2/{}/tags/list", "m".repeat(256))), 400, "NAME_INVALID"),
        ("`%2F` in a repository's name", get("/v2/m%2Fx/tags/list"), 400, "NAME_INVALID"),
        ("`..%2F` in a reference", get("/v2/m/manifests/..%2F..%2Fx"), 400, "NAME_INVALID"),
        ("a blob whose digest is none", get("/v2/m/blobs/sha256:short"), 400, "DIGEST_INVALID"),
        ("referrers of what is no digest", get("/v2/m/referrers/latest"), 400, "DIGEST_INVALID"),
        ("no path of the OCI API", get("/v2/m/nothing"), 404, "MANIFEST_UNKNOWN"),
        ("an unknown repository's tags", get("/v2/never/tags/list"), 404, "NAME_UNKNOWN"),
        ("an unknown repository's index", get("/v2/never/manifests/index.spack"), 404, "NAME_UNKNOWN"),
        ("an unknown repository's blob", get(&format!("/v2/never/blobs/{digest}")), 404, "NAME_UNKNOWN"),
        ("an unknown tag", get("/v2/m/manifests/never"), 404, "MANIFEST_UNKNOWN"),
        ("an unknown package", get(&format!("/v2/m/manifests/{}", table.package.tag())), 404, "MANIFEST_UNKNOWN"),
        ("an unknown manifest", get(&format!("/v2/m/manifests/{}", ContentDigest::of(b"x"))), 404, "MANIFEST_UNKNOWN"),
        ("an unknown blob", get(&format!("/v2/m/blobs/{}", ContentDigest::of(b"x"))), 404, "BLOB_UNKNOWN"),
        ("a page of -1 tags", get("/v2/m/tags/list?n=-1"), 400, "UNKNOWN"),
        ("a page of `all` tags", get("/v2/m/tags/list?n=all"), 400, "UNKNOWN"),
    ] {
        expect(table, case, answer, status, code);
    }
    let range = repository(table).get(&format!("blobs/{}", ContentDigest::of(A_LAYER))).header("Range", "bytes=99-");
    let answer = range.send();
    expect(table, "a range beyond the end of a blob", answer, 416, "BLOB_UPLOAD_INVALID");
}

fn manifests(table: &mut Table) {
    let missing = ContentDigest::of(b"never uploaded");
    let (config, layer) = (descriptor(CONFIG, b"{}"), descriptor(LAYER, A_LAYER));
    let gone = json!({ "mediaType": LAYER, "digest": missing, "size": 14 });
    let gone512 = json!({ "mediaType": LAYER, "digest": sha512(b"never uploaded"), "size": 14 });
    let image = |config: &Value, layers: Value| {
        json!({ "schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": layers }).to_string()
    };
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [gone] }).to_string();
    for (case, media_type, manifest) in [
        ("an image whose configuration was not uploaded", IMAGE, image(&gone, json!([layer]))),
        ("an image whose layer was not uploaded", IMAGE, image(&config, json!([layer, gone]))),
        ("a layer of the other algorithm not uploaded", IMAGE, image(&config, json!([gone512]))),
        ("an image of many layers, one not uploaded", IMAGE, {
            let mut layers = vec![layer.clone(); 20];
            layers.extend((0..8).map(|number: u8| descriptor(LAYER, &[number])));
            image(&config, json!(layers))
        }),
        ("an index whose image was not uploaded", INDEX, index),
    ] {
        for reference in ["new".to_owned(), ContentDigest::of(manifest.as_bytes()).to_string()] {
            let put = repository(table).put_manifest(&reference, media_type, manifest.as_bytes());
            expect(table, case, put, 404, "MANIFEST_BLOB_UNKNOWN");
        }
    }
    let good = image(&config, json!([layer]));
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let with = |name: &str, value: Value| {
        let mut manifest: Value = serde_json::from_str(&good).unwrap();
        manifest[name] = value;
        manifest.to_string()
    };
    let untyped = json!({ "schemaVersion": 2, "config": config, "layers": [] }).to_string();
    for (case, media_type, manifest) in [
        ("an empty manifest", IMAGE, String::new()),
        ("a manifest that is not JSON", IMAGE, "schemaVersion: 2".to_owned()),
        ("a web page for a manifest", IMAGE, "<!DOCTYPE html>".to_owned()),
        ("a truncated manifest", IMAGE, good[..good.len() / 2].to_owned()),
        ("a list for a manifest", IMAGE, "[]".to_owned()),
        ("an empty object for a manifest", IMAGE, "{}".to_owned()),
        ("a manifest 10,000 deep", IMAGE, deep),
        ("a manifest of schema version 1", IMAGE, with("schemaVersion", json!(1))),
        ("a manifest without a schema version", IMAGE, with("schemaVersion", Value::Null)),
        ("a manifest that says it is something else", INDEX, good.clone()),
        ("a manifest that nothing says what it is", "", untyped),
        ("an image without a configuration", IMAGE, with("config", Value::Null)),
        ("an image with images", IMAGE, with("manifests", json!([gone]))),
        ("an index with layers", INDEX, with("mediaType", json!(INDEX))),
        (
            "a layer whose digest is none",
            IMAGE,
            with("layers", json!([{ "mediaType": LAYER, "digest": "../../x", "size": 1 }])),
        ),
        (
            "a layer of a negative size",
            IMAGE,
            with("layers", json!([{ "mediaType": LAYER, "digest": missing, "size": -1 }])),
        ),
        ("a layer without a type", IMAGE, with("layers", json!([{ "digest": missing, "size": 1 }]))),
        ("layers that are no list", IMAGE, with("layers", json!("all"))),
        ("a subject that is none", IMAGE, with("subject", json!({ "digest": 7 }))),
        ("a manifest with too many layers", IMAGE, with("layers", json!(vec![layer.clone(); MAX_DESCRIPTORS + 1]))),
    ] {
        let put = repository(table).put_manifest("new", media_type, manifest.as_bytes());
        expect(table, case, put, 400, "MANIFEST_INVALID");
    }
    let large = with("annotations", json!({ "filling": "x".repeat(5_000_000) }));
    let put = repository(table).put_manifest("new", IMAGE, large.as_bytes());
    expect(table, "a manifest of 5 MB", put, 413, "SIZE_INVALID");
    let head =
        format!("PUT /v2/m/manifests/new HTTP/1.1\r\nAuthorization: Bearer {}\r\nContent-Length: 5000", table.token);
    let cut = exchange(table.larder.address(), &head, good.as_bytes(), true).unwrap();
    expect(table, "a manifest shorter than announced", cut, 400, "SIZE_INVALID");
}

fn packages(table: &mut Table) {
    let package = table.package.clone();
    let good: Value = serde_json::from_slice(&package.config()).unwrap();
    let with = |pointer: &str, value: Value| {
        let mut config = good.clone();
        *config.pointer_mut(pointer).unwrap() = value;
        config.to_string()
    };
    let without = |name: &str| {
        let mut config = good.clone();
        config.as_object_mut().unwrap().remove(name);
        config.to_string()
    };
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let (own, swapped): ([&[u8]; 2], [&[u8]; 2]) = ([A_LAYER, &package.tarball], [&package.tarball, A_LAYER]);
    let own = &own[..];
    let cases: Vec<(&str, String, &[&[u8]])> = vec![
        ("a package without a spec", without("spec"), own),
        ("a package whose configuration is empty", "{}".to_owned(), own),
        ("a package whose configuration is not JSON", "name: zlib".to_owned(), own),
        ("a package with JSON 10,000 deep", deep, own),
        ("a package without nodes", with("/spec/nodes", json!([])), own),
        ("a package of a version to come", with("/spec/_meta/version", json!(99)), own),
        ("a package of another name than its tag", with("/spec/nodes/0/name", json!("other")), own),
        ("a package of another version than its tag", with("/spec/nodes/0/version", json!("1.4")), own),
        ("a package of another hash than its tag", with("/spec/nodes/0/hash", json!(MadeUp::new("x", "1").hash)), own),
        ("a package whose hash is none", with("/spec/nodes/0/hash", json!("../../x")), own),
        ("a package named `..`", with("/spec/nodes/0/name", json!("..")), own),
        (
            "a package with another checksum than its layer",
            with("/binary_cache_checksum/hash", json!(Digest::of(b"x"))),
            own,
        ),
        ("a package whose tarball is not the last layer", good.to_string(), &swapped),
        ("a package whose checksum is none", with("/binary_cache_checksum/hash", json!("0f24")), own),
        ("a package without a layer", good.to_string(), &[]),
    ];
    for (case, config, layers) in cases {
        let image = Image::new(config.as_bytes(), layers);
        for blob in layers.iter().chain([&config.as_bytes()]) {
            repository(table).push_blob(blob);
        }
        table.look();
        let put = repository(table).put_manifest(&package.tag(), IMAGE, &image.manifest);
        expect(table, case, put, 400, "MANIFEST_INVALID");
        // Beside the tag of its own: under another it would be a package nobody finds.
        let put = repository(table).put_manifest(
            &format!("{}?tag={}", image.digest(), package.tag()),
            IMAGE,
            &image.manifest,
        );
        expect(table, &format!("{case}, by digest"), put, 400, "MANIFEST_INVALID");
        table.expect_nothing_stored(case);
    }
    let image = package.image();
    repository(table).push_blob(&image.config);
    table.look();
    let cut = package.tag().replace(&package.hash, &package.hash[..31]);
    for (case, tag) in [("another package's tag", MadeUp::new("other", "1.3").tag()), ("a tag of half a hash", cut)] {
        let put = repository(table).put_manifest(&tag, IMAGE, &image.manifest);
        expect(table, case, put, 400, "MANIFEST_INVALID");
    }
    for (case, pointer) in [
        ("a package whose tarball has another length than its manifest says", "/layers/0/size"),
        ("a package whose configuration has another length than its manifest says", "/config/size"),
    ] {
        let mut manifest: Value = serde_json::from_slice(&image.manifest).unwrap();
        *manifest.pointer_mut(pointer).unwrap() = json!(1);
        table.look();
        let put = repository(table).put_manifest(&package.tag(), IMAGE, manifest.to_string().as_bytes());
        expect(table, case, put, 400, "MANIFEST_INVALID");
        table.expect_nothing_stored(case);
    }
    let other_algorithm = json!({
        "schemaVersion": 2, "mediaType": IMAGE, "config": descriptor(CONFIG, &image.config),
        "layers": [{ "mediaType": LAYER, "digest": sha512(&package.tarball), "size": package.tarball.len() }],
    });
    let digest = sha512(&package.tarball);
    repository(table).ask("POST", &format!("blobs/uploads/?digest={digest}")).body(&package.tarball).send().expect(201);
    table.look();
    let put = repository(table).put_manifest(&package.tag(), IMAGE, other_algorithm.to_string().as_bytes());
    expect(table, "a package whose layer is named by a sha512", put, 400, "MANIFEST_INVALID");
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] }).to_string();
    let put = repository(table).put_manifest(&package.tag(), INDEX, index.as_bytes());
    expect(table, "an index under a package's tag", put, 400, "MANIFEST_INVALID");
    // What a client makes of the index is right in form and nothing is done with it.
    let own = Image::new(b"{}", &[A_LAYER]);
    let put = repository(table).put_manifest("index.spack", IMAGE, &own.manifest).expect(201);
    table.note("a client's own index", put.status, "(taken)".to_owned(), "it changes nothing".to_owned());
    let put = repository(table).put_manifest("index.spack", IMAGE, b"{");
    expect(table, "an index that is no manifest", put, 400, "MANIFEST_INVALID");
}

fn tokens(table: &mut Table) {
    let pull = make_token(table, &json!({ "name": "pull", "scopes": ["pull", "report"] }));
    let other = make_token(table, &json!({ "name": "other", "scopes": ["push"], "mirrors": ["other"] }));
    let all = make_token(table, &json!({ "name": "all", "scopes": ["push"] }));
    let wrong = "lrd_000000000000000000000000000000000000000000000000";
    let image = Image::new(b"{}", &[A_LAYER]);
    let blob = ContentDigest::of(A_LAYER);
    for (whose, token, status, code) in [
        ("a wrong token", wrong, 401, "UNAUTHORIZED"),
        ("a token that is not for pushing", &pull, 403, "DENIED"),
        ("a push token for another mirror", &other, 403, "DENIED"),
    ] {
        let repository = table.larder.repository("m").with_token(token);
        let answers = [
            ("an upload", repository.ask("POST", "blobs/uploads/").body(b"").send()),
            ("a blob", repository.ask("POST", &format!("blobs/uploads/?digest={blob}")).body(A_LAYER).send()),
            ("a mount", repository.ask("POST", &format!("blobs/uploads/?mount={blob}&from=m")).body(b"").send()),
            ("a manifest", repository.put_manifest("new", IMAGE, &image.manifest)),
            ("an index", repository.put_manifest("index.spack", IMAGE, &image.manifest)),
        ];
        for (what, answer) in answers {
            if status == 401 && answer.header("www-authenticate").is_none() {
                table.problems.push(format!("{what} with {whose}: no challenge: {answer:?}"));
            }
            expect(table, &format!("{what} with {whose}"), answer, status, code);
        }
    }
    let larder = &table.larder;
    let mut answers = vec![
        ("`/v2/` without a token", larder.get("/v2/").send(), 401, "UNAUTHORIZED"),
        ("an upload without a token", larder.ask("POST", "/v2/m/blobs/uploads/").body(b"").send(), 401, "UNAUTHORIZED"),
        ("a manifest without a token", larder.put("/v2/m/manifests/new", &image.manifest).send(), 401, "UNAUTHORIZED"),
    ];
    let with_all = |name: &str| larder.repository(name).with_token(&all);
    answers.push((
        "a push token for a mirror that is not there",
        with_all("new").ask("POST", "blobs/uploads/").body(b"").send(),
        404,
        "NAME_UNKNOWN",
    ));
    for (case, path) in [
        ("deletion of a tag", "manifests/image".to_owned()),
        ("deletion of a manifest", format!("manifests/{}", image.digest())),
        ("deletion of a blob", format!("blobs/{blob}")),
    ] {
        answers.push((case, with_all("m").delete(&path).send(), 403, "DENIED"));
    }
    for (case, answer, status, code) in answers {
        expect(table, case, answer, status, code);
    }
    table.larder.make_mirror_of("through", "http://127.0.0.1:9");
    table.look();
    let answer = table.larder.repository("through").ask("POST", "blobs/uploads/").body(b"").send();
    expect(table, "an upload to a mirror that is read through", answer, 403, "DENIED");
    let answer = table.larder.repository("through").put_manifest("new", IMAGE, &image.manifest);
    expect(table, "a manifest to a mirror that is read through", answer, 403, "DENIED");
}

fn methods(table: &mut Table) {
    let admin = table.larder.repository("m");
    let location = admin.begin();
    let of_layer = format!("blobs/{}", ContentDigest::of(A_LAYER));
    let answers = [
        ("POST to a manifest", admin.ask("POST", "manifests/image").body(b"{}").send(), 405, "UNSUPPORTED"),
        ("PUT to a blob", admin.ask("PUT", &of_layer).body(A_LAYER).send(), 405, "UNSUPPORTED"),
        ("PUT to the tags", admin.ask("PUT", "tags/list").body(b"{}").send(), 405, "UNSUPPORTED"),
        ("GET of the uploads", admin.get("blobs/uploads/").send(), 405, "UNSUPPORTED"),
        ("POST to an upload", admin.ask_at("POST", &location).body(b"").send(), 405, "UNSUPPORTED"),
        ("deletion of a blob that is needed", admin.delete(&of_layer).send(), 409, "DENIED"),
        ("deletion of an unknown blob", admin.delete(&format!("blobs/{}", sha512(b"x"))).send(), 404, "BLOB_UNKNOWN"),
        ("deletion of an unknown tag", admin.delete("manifests/never").send(), 404, "MANIFEST_UNKNOWN"),
        ("deletion of a tag that is none", admin.delete("manifests/.never").send(), 404, "MANIFEST_UNKNOWN"),
        ("deletion of the index", admin.delete("manifests/index.spack").send(), 404, "MANIFEST_UNKNOWN"),
        (
            "deletion of a manifest of an unknown repository",
            table.larder.repository("never").delete("manifests/image").send(),
            404,
            "NAME_UNKNOWN",
        ),
    ];
    admin.ask_at("DELETE", &location).send().expect(204);
    for (case, answer, status, code) in answers {
        if status == 405 && answer.header("allow").is_none() {
            table.problems.push(format!("{case}: does not say what is allowed: {answer:?}"));
        }
        expect(table, case, answer, status, code);
    }
}
