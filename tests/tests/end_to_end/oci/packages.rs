//! Packages: whichever way one came, it is there in every layout, with one tarball.

use std::{collections::BTreeMap, fs};

use larder_shared::{
    api::{Layout, List, Mirror, PackageSummary, Spec, SpecSummary},
    clearsign,
    digest::Digest,
    layout::v3,
    name::DagHash,
    oci::{
        digest::ContentDigest,
        manifest::{CONFIG, IMAGE, LAYER},
    },
    package::SpecManifest,
};
use larder_tests::{
    difference::expect_same_bytes,
    fixtures::{fixture, hello},
    http::Answer,
    larder::{ADMIN, Larder},
    oci::{Image, descriptor},
    package::{MadeUp, blob_path, noise},
    spack::{Folder, Held, read_v2, read_v3},
};
use serde_json::{Value, json};

use super::{expect_indexes_agree, expect_whole, hash_of};

fn get(larder: &Larder, mirror: &str, path: &str) -> Answer {
    larder.get(&format!("/mirrors/{mirror}/{path}")).send()
}

fn put(larder: &Larder, mirror: &str, path: &str, body: &[u8]) -> Answer {
    larder.put(&format!("/mirrors/{mirror}/{path}"), body).token(ADMIN).send()
}

/// Uploads a package in v2.
fn put_v2(larder: &Larder, package: &MadeUp) {
    put(larder, "m", &blob_path(&package.tarball), &package.tarball).expect(201);
    put(larder, "m", &package.spec_path(), &package.spec_file()).expect(201);
}

/// Expects one package with this tarball, in every layout.
fn expect_only(larder: &Larder, package: &MadeUp) {
    let held = expect_whole(larder, "m");
    let [(hash, held)] = &held.iter().collect::<Vec<_>>()[..] else { panic!("{} packages", held.len()) };
    assert_eq!(hash.as_str(), package.hash);
    expect_same_bytes(&held.tarball_path, &held.tarball, &package.tarball);
    let spec: Spec = larder.api(&format!("mirrors/m/specs/{hash}"));
    assert_eq!(spec.tarball, Some(Digest::of(&package.tarball)), "the API names another tarball");
    assert_eq!(spec.summary.size, Some(package.tarball.len() as u64));
    let mirror: Mirror = larder.api("mirrors/m");
    assert_eq!((mirror.specs, mirror.bytes), (1, package.tarball.len() as u64));
}

#[test]
fn a_package_pushed_as_an_image_is_at_once_everywhere() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let packages = ["zlib", "hdf5", "abc"].map(|name| MadeUp::new(name, "1.3"));
    for (number, package) in packages.iter().enumerate() {
        repository.push_package(package);
        let hash = hash_of(package);
        let named = expect_indexes_agree(&larder, "m");
        assert!(named.len() == number + 1 && named.contains(&hash), "{named:?}");
        assert!(repository.tags().contains(&package.tag()));
        let mirror: Mirror = larder.api("mirrors/m");
        assert_eq!((mirror.specs, mirror.packages), (number as u64 + 1, number as u64 + 1), "{mirror:?}");
        let listed: List<PackageSummary> = larder.api(&format!("mirrors/m/packages?q={}", package.name));
        assert_eq!(listed.items.len(), 1, "{listed:?}");
        let newest: List<SpecSummary> = larder.api("mirrors/m/specs?limit=1");
        assert_eq!((&newest.items[0].hash, newest.items[0].layout), (&hash, Layout::Oci));
        let spec: Spec = larder.api(&format!("mirrors/m/specs/{hash}"));
        assert_eq!(spec.tarball, Some(Digest::of(&package.tarball)));
        for file in &spec.files {
            larder.head(&format!("/mirrors/m/{}", file.path)).send().expect(200);
        }
    }
    assert_eq!(expect_whole(&larder, "m").len(), 3);
    for package in &packages {
        assert_eq!(repository.pull(&package.tag()), package.image(), "as it was pushed");
        expect_same_bytes(
            "the v2 tarball",
            &get(&larder, "m", &package.tarball_path()).expect(200).body,
            &package.tarball,
        );
        let blob = get(&larder, "m", &blob_path(&package.tarball)).expect(200);
        expect_same_bytes("the v3 blob", &blob.body, &package.tarball);
        // Nobody signed it.
        get(&larder, "m", &package.signed_path()).expect(404);
    }
}

#[test]
fn the_last_layer_is_the_package_and_those_below_are_what_it_needs() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let [needed, package] = ["zlib", "hdf5"].map(|name| MadeUp::new(name, "1.3"));
    repository.push_package(&needed);
    let base: Vec<_> = (0..12).map(|number| noise(number, 100)).collect();
    let mut layers: Vec<&[u8]> = base.iter().map(Vec::as_slice).collect();
    layers.extend([&needed.tarball[..], &package.tarball]);
    repository.push_image(&package.tag(), &Image::new(&package.config(), &layers)).expect(201);
    let held = expect_whole(&larder, "m");
    expect_same_bytes("its tarball", &held[&hash_of(&package)].tarball, &package.tarball);

    // One on a Docker image is a Docker image.
    let on_docker = MadeUp::new("curl", "8");
    let config = on_docker.config();
    let media_type = "application/vnd.docker.distribution.manifest.v2+json";
    let layers = [base[0].as_slice(), &on_docker.tarball]
        .map(|layer| descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", layer));
    let docker = json!({
        "schemaVersion": 2, "mediaType": media_type,
        "config": descriptor("application/vnd.docker.container.image.v1+json", &config),
        "layers": layers,
    });
    for blob in [&config, &on_docker.tarball] {
        repository.push_blob(blob);
    }
    repository.put_manifest(&on_docker.tag(), media_type, docker.to_string().as_bytes()).expect(201);
    let answer = repository.get(&format!("manifests/{}", on_docker.tag())).send().expect(200);
    assert_eq!(answer.expect_header("content-type"), media_type);
    expect_same_bytes(
        "the v2 tarball",
        &get(&larder, "m", &on_docker.tarball_path()).expect(200).body,
        &on_docker.tarball,
    );
    // An image for people is none of Spack's, whatever its configuration is.
    repository.push_image("environment", &package.image()).expect(201);
    assert_eq!(expect_indexes_agree(&larder, "m").len(), 3);
}

#[test]
fn what_was_pushed_in_v2_or_v3_is_pulled_as_images() {
    let larder = Larder::start();
    type Read = fn(&Folder) -> BTreeMap<DagHash, Held>;
    let folders: [(&str, Read); 3] = [("mirror-v2", read_v2), ("mirror-v3", read_v3), ("mirror-v2-unsigned", read_v2)];
    for (folder, read) in folders {
        larder.push(&fixture(folder), folder);
        let pushed = read(&Folder(fixture(folder)));
        let repository = larder.repository(folder);
        assert_eq!(repository.tags().len(), pushed.len(), "{folder}");
        for (hash, held) in pushed.iter().step_by(7) {
            let tag = format!("{}-{hash}.spack", held.name);
            let image = repository.pull(&tag);
            let [layer] = &image.layers[..] else { panic!("{tag} has {} layers", image.layers.len()) };
            expect_same_bytes(&tag, layer, &held.tarball);
            let manifest: Value = serde_json::from_slice(&image.manifest).unwrap();
            assert_eq!((&manifest["mediaType"], &manifest["schemaVersion"]), (&json!(IMAGE), &json!(2)), "{tag}");
            assert_eq!(manifest["config"], descriptor(CONFIG, &image.config), "{tag}");
            assert_eq!(manifest["layers"], json!([descriptor(LAYER, layer)]), "{tag}");
            let config: Value = serde_json::from_slice(&image.config).unwrap();
            // What Spack 0.23 reads from a registry.
            assert_eq!((&config["spec"]["_meta"]["version"], &config["os"]), (&json!(4), &json!("linux")), "{tag}");
            let nodes = config["spec"]["nodes"].as_array().unwrap();
            assert_eq!(nodes[0]["hash"], hash.as_str(), "{tag}");
            assert_eq!(nodes.len(), held.nodes.len(), "{tag}");
            assert_eq!(config["binary_cache_checksum"]["hash"], Digest::of(layer).to_string(), "{tag}");
        }
        // Asked again it is the same image, by its digest as well.
        let (hash, held) = pushed.first_key_value().unwrap();
        let tag = format!("{}-{hash}.spack", held.name);
        let image = repository.pull(&tag);
        let by_digest = repository.get(&format!("manifests/{}", image.digest())).send().expect(200);
        expect_same_bytes(&tag, &by_digest.body, &image.manifest);
        assert_eq!(expect_indexes_agree(&larder, folder).len(), pushed.len());
    }
}

#[test]
fn the_index_is_live_and_a_clients_own_changes_nothing() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    repository.push_package(&MadeUp::new("zlib", "1.3"));
    let index = || repository.get("manifests/index.spack").send().expect(200);
    let before = index();
    let digest: ContentDigest = before.expect_header("docker-content-digest").parse().unwrap();
    let etag = before.expect_header("etag");
    repository.get("manifests/index.spack").header("If-None-Match", etag).send().expect(304);
    let stored = larder.stored();
    // As `spack buildcache push --update-index` does, from what it read before others pushed.
    let own = Image::new(b"{}", &[br#"{"database":{"version":"7","installs":{}}}"#]);
    let answer = repository.push_image("index.spack", &own).expect(201).expect_digest(&own.digest());
    assert_eq!(answer.expect_header("location"), format!("/v2/m/manifests/{}", own.digest()));
    expect_same_bytes("index.spack", &index().body, &before.body);
    repository.get(&format!("manifests/{}", own.digest())).send().expect(404);
    // Of all that, only the layer lies there; `{}` did already.
    assert_eq!(larder.stored().len(), stored.len() + 1);

    let by_digest = repository.get(&format!("manifests/{digest}")).send().expect(200);
    expect_same_bytes("by its digest", &by_digest.body, &before.body);
    repository.push_package(&MadeUp::new("curl", "8"));
    assert_ne!(index().body, before.body);
    repository.get("manifests/index.spack").header("If-None-Match", etag).send().expect(200);
    // Who read the manifest before gets the layer that it names.
    let layer = serde_json::from_slice::<Value>(&before.body).unwrap()["layers"][0]["digest"].clone();
    repository.get(&format!("blobs/{}", layer.as_str().unwrap())).send().expect(200);
    // In part, as any other blob.
    let layer = serde_json::from_slice::<Value>(&index().body).unwrap()["layers"][0]["digest"].clone();
    let path = format!("blobs/{}", layer.as_str().unwrap());
    let whole = repository.get(&path).send().expect(200).body;
    let part = repository.get(&path).header("Range", "bytes=10-99").send().expect(206);
    expect_same_bytes("a part of the index", &part.body, &whole[10..100]);
    repository.head(&path).send().expect(200);
}

#[test]
fn a_package_pushed_again_with_another_tarball_is_replaced_whole() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let first = MadeUp::new("zlib", "1.3");
    let rebuilt = first.clone().with_tarball(noise(1, 2_000));
    for package in [&first, &rebuilt, &first, &first] {
        repository.push_package(package);
        expect_only(&larder, package);
        assert_eq!(repository.pull(&package.tag()), package.image());
    }
    // The manifest that the tag left is there as long as nobody deletes it.
    repository.get(&format!("manifests/{}", rebuilt.image().digest())).send().expect(200);
}

#[test]
fn what_lies_in_v2_keeps_its_tarball() {
    let larder = Larder::start();
    let repository = larder.repository("m");
    let package = MadeUp::new("zlib", "1.3");
    let rebuilt = package.clone().with_tarball(noise(1, 2_000));
    put_v2(&larder, &package);
    let paths = [package.spec_path(), package.tarball_path(), package.manifest_path()];
    let before = paths.each_ref().map(|path| get(&larder, "m", path).expect(200).body);
    repository.push_package(&rebuilt);
    for (path, before) in paths.iter().zip(&before) {
        expect_same_bytes(path, &get(&larder, "m", path).expect(200).body, before);
    }
    let spec: Spec = larder.api(&format!("mirrors/m/specs/{}", package.hash));
    assert_eq!(spec.tarball, Some(Digest::of(&package.tarball)));
    // The image is what its pusher said.
    assert_eq!(repository.pull(&package.tag()), rebuilt.image());
}

/// The image of `hello` with its own tarball or another.
fn hello_image(tarball: &[u8]) -> Image {
    let signed = hello::file(hello::SPEC);
    let mut spec: Value = serde_json::from_str(clearsign::document(&signed).unwrap().json).unwrap();
    spec["binary_cache_checksum"]["hash"] = json!(Digest::of(tarball));
    let config = MadeUp::new("any", "1").config_with(spec.to_string().as_bytes());
    Image::new(&config, &[tarball])
}

/// The tag of `hello`.
fn hello_tag() -> String {
    format!("hello-larder-1.0-{}.spack", hello::HASH)
}

/// Uploads `hello` in v2, signed.
fn put_hello_v2(larder: &Larder, mirror: &str) {
    let tarball = hello::file(hello::TARBALL);
    put(larder, mirror, &blob_path(&tarball), &tarball);
    put(larder, mirror, hello::SPEC, &hello::file(hello::SPEC)).expect(201);
}

/// Uploads `hello` in v3, signed.
fn put_hello_v3(larder: &Larder, mirror: &str) {
    let file = |path: &str| fs::read(fixture("mirror-v3").join(path)).unwrap();
    let document = file(hello::MANIFEST);
    let manifest = SpecManifest::parse(&document).unwrap();
    for record in [manifest.tarball, manifest.spec] {
        let path = v3::Path::Blob(record.checksum).to_string();
        put(larder, mirror, &path, &file(&path));
    }
    put(larder, mirror, hello::MANIFEST, &document).expect(201);
}

#[test]
fn a_signed_package_keeps_its_tarball_whichever_came_first() {
    let larder = Larder::start();
    let own = hello::file(hello::TARBALL);
    let unsigned = hello::SPEC.strip_suffix(".sig").unwrap();
    type Put = fn(&Larder, &str);
    for (mirror, put_signed, image_first) in [
        ("v2-first", put_hello_v2 as Put, false),
        ("v2-second", put_hello_v2, true),
        ("v3-first", put_hello_v3, false),
        ("v3-second", put_hello_v3, true),
    ] {
        println!("{mirror}");
        let repository = larder.repository(mirror);
        if image_first {
            repository.push_image(&hello_tag(), &hello_image(&own)).expect(201);
        }
        put_signed(&larder, mirror);
        expect_whole(&larder, mirror);
        let spec_file = if mirror.starts_with("v2") { hello::SPEC } else { unsigned };
        let paths = [hello::MANIFEST, hello::TARBALL, spec_file];
        let before = paths.map(|path| get(&larder, mirror, path).expect(200).body);
        // Built again somewhere else.
        repository.push_image(&hello_tag(), &hello_image(b"built again")).expect(201);
        for (path, before) in paths.iter().zip(&before) {
            expect_same_bytes(path, &get(&larder, mirror, path).expect(200).body, before);
        }
        // Beside a signed spec file there is none that names another tarball.
        let beside = get(&larder, mirror, unsigned);
        assert!(beside.status == 404 || beside.text().contains(&Digest::of(&own).to_string()), "{beside:?}");
        let (v2, v3) = (read_v2(&larder.mirror(mirror)), read_v3(&larder.mirror(mirror)));
        assert!(v2.values().chain(v3.values()).all(|held| held.tarball == own));
        let spec: Spec = larder.api(&format!("mirrors/{mirror}/specs/{}", hello::HASH));
        assert_eq!((spec.tarball, spec.summary.signed), (Some(Digest::of(&own)), Some(true)));
    }
}

#[test]
fn an_image_keeps_its_tarball_when_v2_or_v3_name_another() {
    let larder = Larder::start();
    let package = MadeUp::new("zlib", "1.3");
    let rebuilt = package.clone().with_tarball(noise(1, 2_000));
    larder.repository("m").push_package(&package);
    put(&larder, "m", &blob_path(&rebuilt.tarball), &rebuilt.tarball).expect(201);
    let refused = put(&larder, "m", &rebuilt.spec_path(), &rebuilt.spec_file()).expect_error(409);
    assert!(refused.message.contains("tarball"), "{refused:?}");
    expect_only(&larder, &package);
    // The same tarball is welcome, and then the package is in v2 for good.
    put(&larder, "m", &package.spec_path(), &package.spec_file()).expect(201);
    expect_only(&larder, &package);
    larder.repository("m").push_package(&rebuilt);
    expect_same_bytes("the spec file", &get(&larder, "m", &package.spec_path()).expect(200).body, &package.spec_file());
    expect_same_bytes("the tarball", &get(&larder, "m", &package.tarball_path()).expect(200).body, &package.tarball);
    let spec: Spec = larder.api(&format!("mirrors/m/specs/{}", package.hash));
    assert_eq!(spec.tarball, Some(Digest::of(&package.tarball)));
}
