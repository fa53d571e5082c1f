//! Registries that misbehave as origins: what is bad is refused and told, the rest is offered.

use std::{thread, time::Duration};

use larder_shared::api::{ErrorCode, Mirror, OriginState};
use larder_shared::oci::{
    digest::ContentDigest,
    manifest::{CONFIG, IMAGE},
};
use larder_tests::{
    difference::expect_same_bytes,
    larder::{ADMIN, Larder},
    oci::descriptor,
    origin::{Asked, Origin, Reply},
    package::{MadeUp, noise},
    registry::{NAME, PATIENT, Registry},
    spack::{packages_of, read},
    wait,
};
use serde_json::json;

fn repository(origin: &Origin) -> String {
    format!("{}/{NAME}", origin.url().replace("http://", "oci+http://"))
}

fn state(larder: &Larder, mirror: &str) -> OriginState {
    larder.api::<Mirror>(&format!("mirrors/{mirror}")).origin_state.unwrap()
}

fn refresh(larder: &Larder, mirror: &str) -> larder_tests::http::Answer {
    larder.post(&format!("/api/v1/mirrors/{mirror}/refresh"), "").token(ADMIN).send()
}

/// Asks the mirror's registry now, and waits until its document says what is expected.
fn look(larder: &Larder, mirror: &str, is_expected: impl Fn(&Mirror) -> bool) -> Mirror {
    refresh(larder, mirror).expect(200);
    wait::until("the registry is read", || {
        let mirror: Mirror = larder.api(&format!("mirrors/{mirror}"));
        let is_read = mirror.origin_state.as_ref().is_some_and(|state| state.fresh.is_some() && state.unread_tags == 0);
        (is_read && is_expected(&mirror)).then_some(mirror)
    })
}

/// What a registry with one package answers.
fn good(package: &MadeUp, asked: &str) -> Reply {
    let image = package.image();
    let typed = |body: Vec<u8>, media_type: &str| Reply::Answer {
        status: 200,
        headers: format!("Content-Type: {media_type}\r\n"),
        body,
    };
    let path = asked.split('?').next().unwrap().trim_start_matches(&format!("/v2/{NAME}/")).to_owned();
    match path.as_str() {
        "tags/list" => {
            typed(json!({ "name": NAME, "tags": [package.tag()] }).to_string().into_bytes(), "application/json")
        }
        path if path == format!("manifests/{}", package.tag()) => typed(image.manifest, IMAGE),
        path if path == format!("blobs/{}", ContentDigest::of(&image.config)) => Reply::found(image.config),
        path if path == format!("blobs/{}", ContentDigest::of(&package.tarball)) => {
            Reply::found(package.tarball.clone())
        }
        _ => Reply::status(404),
    }
}

/// A good registry but for paths that hold some text.
fn bad_at(package: &MadeUp, bad: &str, reply: Reply) -> impl Fn(&str) -> Reply + Send + Sync + use<> {
    let (package, bad) = (package.clone(), bad.to_owned());
    move |path| if path.contains(&bad) { reply.clone() } else { good(&package, path) }
}

#[test]
fn a_list_of_tags_that_is_none_leaves_what_was_known() {
    let larder = Larder::start_with(&PATIENT);
    let package = MadeUp::new("zlib", "1.3");
    let elsewhere = Reply::Answer {
        status: 200,
        headers: "Link: <http://127.0.0.1:9/v2/x/tags/list>; rel=\"next\"\r\n".to_owned(),
        body: br#"{"tags":[]}"#.to_vec(),
    };
    let negotiate =
        Reply::Answer { status: 401, headers: "WWW-Authenticate: Negotiate\r\n".to_owned(), body: Vec::new() };
    let basic =
        Reply::Answer { status: 401, headers: "WWW-Authenticate: Basic realm=x\r\n".to_owned(), body: Vec::new() };
    for (number, (reply, words)) in [
        (Reply::status(401), "does not say what it wants"),
        (negotiate, "does not say what it wants"),
        (basic, "wants a name and a password"),
        (Reply::status(403), "answered 403"),
        (Reply::status(404), "has no such repository"),
        (Reply::status(500), "answered 500"),
        (Reply::page(), "a list of tags that is not one"),
        (Reply::found("{}{}"), "a list of tags that is not one"),
        (elsewhere, "lies elsewhere"),
        (Reply::redirect("?again"), "without end"),
        (Reply::redirect("file:///etc/passwd"), "a place that is not asked"),
        (Reply::Cut { announced: 100, body: b"{".to_vec() }, "broke off"),
    ]
    .into_iter()
    .enumerate()
    {
        let origin = Origin::start(bad_at(&package, "/tags/list", reply.clone()));
        let name = format!("m-{number}");
        larder.make_mirror_of(&name, &repository(&origin));
        // Nothing is known: the reader is told.
        let stored = larder.stored();
        let error = larder.get(&format!("/mirrors/{name}/build_cache/index.json")).send().expect_error(502);
        assert_eq!(error.code, ErrorCode::OriginFailed, "{words}");
        assert!(error.message.contains(words) && error.message.contains(&repository(&origin)), "{words}: {error:?}");
        assert_eq!(larder.stored(), stored, "{words}");
        // Something is known: it is served, and the mirror's document tells.
        let served = package.clone();
        origin.change(move |path| good(&served, path));
        look(&larder, &name, |mirror| mirror.specs == 1);
        origin.change(bad_at(&package, "/tags/list", reply));
        assert!(refresh(&larder, &name).expect_error(502).message.contains(words), "{words}");
        assert_eq!(packages_of(&read(&larder.mirror(&name), "build_cache/index.json")).len(), 1, "{words}");
        let told = state(&larder, &name);
        assert!(told.fresh.is_some() && told.error.is_some_and(|error| error.contains(words)), "{words}");
    }
}

#[test]
fn an_image_that_cannot_be_used_is_told_and_hides_no_other() {
    let registry = Registry::start();
    let (good, other) = (MadeUp::new("good", "1.0"), MadeUp::new("other", "1.0"));
    registry.push(&good);
    let larder = Larder::start_with(&PATIENT);
    let bad = MadeUp::new("bad", "1.0");
    let image = bad.image();
    registry.push(&bad);
    let typed = |body: Vec<u8>| Reply::Answer { status: 200, headers: format!("Content-Type: {IMAGE}\r\n"), body };
    let with_config = |config: serde_json::Value| {
        typed(json!({ "mediaType": IMAGE, "schemaVersion": 2, "config": config, "layers": [descriptor("x", &bad.tarball)] }).to_string().into_bytes())
    };
    let manifest = format!("/manifests/{}", bad.tag());
    let config = format!("/blobs/{}", ContentDigest::of(&image.config));
    let cases: Vec<(&str, &str, Reply, &str)> = vec![
        ("html", &manifest, Reply::page(), "not one"),
        ("noise", &manifest, typed(vec![0xff; 3_000]), "not one"),
        ("index", &manifest, typed(br#"{"schemaVersion":2,"manifests":[]}"#.to_vec()), "config"),
        ("large", &manifest, typed(vec![b' '; 5 << 20]), "at most"),
        (
            "another-digest",
            &manifest,
            Reply::Answer {
                status: 200,
                headers: format!("Content-Type: {IMAGE}\r\nDocker-Content-Digest: {}\r\n", ContentDigest::of(b"x")),
                body: image.manifest.clone(),
            },
            "does not have the sha256",
        ),
        ("another-package", &manifest, typed(other.image().manifest), "other"),
        (
            "large-config",
            &manifest,
            with_config(json!({ "mediaType": CONFIG, "digest": ContentDigest::of(b"y"), "size": 50 << 20 })),
            "at most",
        ),
        ("no-config", &config, Reply::status(404), "the blob"),
        ("wrong-config", &config, Reply::found("{}"), "does not have the sha256"),
        ("gone", &manifest, Reply::status(404), ""),
        ("broken", &manifest, Reply::status(500), "answered 500"),
    ];
    // The configuration of the other package, which is not tagged.
    registry.push_blob(&other.image().config);
    for (name, path, reply, words) in cases {
        let (forward, path) = (registry.forward(), path.to_owned());
        let gate = Origin::start_with(
            move |asked: &Asked| {
                if asked.path.ends_with(&path) { reply.clone() } else { forward(asked) }
            },
        );
        larder.make_mirror_of(name, &repository(&gate));
        look(&larder, name, |mirror| mirror.specs == 1);
        let nodes = packages_of(&read(&larder.mirror(name), "build_cache/index.json"));
        assert_eq!(nodes.iter().map(|node| node.hash.as_str()).collect::<Vec<_>>(), [&good.hash], "{name}");
        let told = state(&larder, name);
        assert!(told.error.is_none() && told.fresh.is_some() && told.unread_tags == 0, "{name}: {told:?}");
        if words.is_empty() {
            assert_eq!((told.refused_tags, told.refused), (0, vec![]), "{name}");
        } else {
            assert_eq!((told.refused_tags, told.refused.len()), (1, 1), "{name}: {told:?}");
            assert!(told.refused[0].tag == bad.tag() && told.refused[0].message.contains(words), "{name}: {told:?}");
        }
        let path = format!("/mirrors/{name}/{}", bad.tarball_path());
        larder.get(&path).send().expect_error(404);
        larder.get(&format!("/mirrors/{name}/{}", good.tarball_path())).send().expect(200);
        // It is not asked for with every look, but when somebody wants it.
        let asked = |part: &str| gate.requests().iter().filter(|request| request.contains(part)).count();
        let before = asked(&manifest);
        larder.run_schedule();
        wait::until("the tags are listed again", || (asked("/tags/list") >= 2).then_some(()));
        assert_eq!(asked(&manifest), if name == "gone" { asked(&manifest) } else { before }, "{name}");
        gate.change_with(registry.forward());
        look(&larder, name, |mirror| mirror.specs == 2);
        assert_eq!(state(&larder, name).refused_tags, 0, "{name}");
        expect_same_bytes(name, &larder.get(&path).send().expect(200).body, &bad.tarball);
    }
}

#[test]
fn an_index_that_cannot_be_used_is_told_and_hinders_nothing() {
    let registry = Registry::start();
    let packages: Vec<_> = (0..8).map(|number| MadeUp::new(&format!("package-{number}"), "1.0")).collect();
    packages.iter().for_each(|package| registry.push(package));
    let larder = Larder::start_with(&PATIENT);
    let named = json!({ "schemaVersion": 2, "mediaType": IMAGE, "config": descriptor(CONFIG, b"{}"), "layers": [descriptor("x", b"y")] });
    for (name, manifest, layer, words) in [
        ("html", Reply::page(), Reply::status(404), "not one"),
        ("no-blob", Reply::found(named.to_string()), Reply::status(404), "the blob"),
        ("wrong", Reply::found(named.to_string()), Reply::found("z"), "does not have the sha256"),
        ("noise", Reply::found(named.to_string()), Reply::found("y"), "cannot be used"),
    ] {
        let forward = registry.forward();
        let gate = Origin::start_with(move |asked: &Asked| match asked.path.as_str() {
            path if path.ends_with("/manifests/index.spack") => manifest.clone(),
            path if path.ends_with(&ContentDigest::of(b"y").to_string()) => layer.clone(),
            _ => forward(asked),
        });
        larder.make_mirror_of(name, &repository(&gate));
        let mirror = look(&larder, name, |mirror| mirror.specs == 8);
        let told = mirror.origin_state.unwrap();
        assert_eq!((mirror.specs, told.error, told.refused_tags), (8, None, 1), "{name}");
        assert!(
            told.refused[0].tag == "index.spack" && told.refused[0].message.contains(words),
            "{name}: {:?}",
            told.refused
        );
    }
}

#[test]
fn a_registry_that_asks_for_fewer_requests_gets_none() {
    let registry = Registry::start();
    let packages: Vec<_> = (0..30).map(|number| MadeUp::new(&format!("package-{number:02}"), "1.0")).collect();
    packages.iter().for_each(|package| registry.push(package));
    let forward = registry.forward();
    let busy = || Reply::Answer { status: 429, headers: "Retry-After: 15\r\n".to_owned(), body: Vec::new() };
    // It has enough after some manifests.
    let gate = Origin::start(|_| Reply::status(500));
    let front = gate.clone();
    gate.change_with(move |asked| {
        let manifests = front.requests().iter().filter(|request| request.contains("/manifests/package")).count();
        if manifests > 20 { busy() } else { forward(asked) }
    });
    let larder = Larder::start_with(&[("LARDER_ORIGIN_FRESH_SECONDS", "0")]);
    larder.make_mirror_of("m", &repository(&gate));
    let told = wait::until("the registry has enough", || {
        let _ = larder.get("/mirrors/m/build_cache/index.json").send();
        let told = state(&larder, "m");
        told.error.is_some().then_some(told)
    });
    let error = told.error.unwrap();
    assert!(error.contains("asks for fewer requests; Larder asks it again at 20"), "{error}");
    // A few were under way.
    thread::sleep(Duration::from_millis(300));
    let asked = gate.requests().len();
    let known = packages_of(&read(&larder.mirror("m"), "build_cache/index.json"));
    assert!((10..30).contains(&known.len()), "{}", known.len());
    // Nobody asks it meanwhile: not a reader of the index, of a package, or somebody who wants news.
    let hash = known[0].hash.as_str();
    let package = packages.iter().find(|package| package.hash == hash).unwrap();
    larder.get(&format!("/mirrors/m/{}", package.spec_path())).send().expect(200);
    let error = larder.get(&format!("/mirrors/m/{}", package.tarball_path())).send().expect_error(503);
    assert_eq!(error.code, ErrorCode::Unavailable);
    refresh(&larder, "m");
    larder.run_schedule();
    assert_eq!(gate.requests().len(), asked);
    // And then it goes on by itself.
    gate.change_with(registry.forward());
    wait::until("all are offered", || (larder.api::<Mirror>("mirrors/m").specs == 30).then_some(()));
    wait::until("nothing is wrong", || state(&larder, "m").error.is_none().then_some(()));
    expect_same_bytes(
        "the tarball",
        &larder.get(&format!("/mirrors/m/{}", package.tarball_path())).send().expect(200).body,
        &package.tarball,
    );
}

#[test]
fn a_reader_who_meets_a_busy_registry_stops_the_others() {
    let package = MadeUp::new("zlib", "1.3");
    let served = package.clone();
    let origin = Origin::start(move |path| good(&served, path));
    let larder = Larder::start_with(&PATIENT);
    larder.make_mirror_of("m", &repository(&origin));
    look(&larder, "m", |mirror| mirror.specs == 1);
    let busy = Reply::Answer { status: 429, headers: "Retry-After: 3600\r\n".to_owned(), body: Vec::new() };
    origin.change(move |_| busy.clone());
    let path = format!("/mirrors/m/{}", package.tarball_path());
    larder.get(&path).send().expect_error(503);
    let asked = origin.requests().len();
    larder.get(&path).send().expect_error(503);
    refresh(&larder, "m");
    assert_eq!(origin.requests().len(), asked);
    assert!(state(&larder, "m").error.is_some_and(|error| error.contains("fewer requests")));
}

#[test]
fn a_registry_that_is_out_of_order_is_left_alone_soon() {
    let registry = Registry::start();
    let packages: Vec<_> = (0..40).map(|number| MadeUp::new(&format!("package-{number:02}"), "1.0")).collect();
    packages.iter().for_each(|package| registry.push(package));
    let forward = registry.forward();
    let gate = Origin::start_with(
        move |asked: &Asked| {
            if asked.path.contains("/manifests/") { Reply::status(500) } else { forward(asked) }
        },
    );
    let larder = Larder::start_with(&PATIENT);
    larder.make_mirror_of("m", &repository(&gate));
    let error = refresh(&larder, "m").expect_error(502);
    assert!(error.message.contains("answered 500"), "{error:?}");
    assert!(gate.requests().len() < 12, "{:?}", gate.requests());
    gate.change_with(registry.forward());
    look(&larder, "m", |mirror| mirror.specs == 40);
}

#[test]
fn a_silent_registry_is_given_up_before_spack_gives_up() {
    let package = MadeUp::new("zlib", "1.3");
    let larder = Larder::start_with(&[("LARDER_ORIGIN_TIMEOUT_SECONDS", "1")]);
    for (name, silence) in
        [("silent", Reply::Silence), ("stalled", Reply::Stall { announced: 100, body: b"{".to_vec() })]
    {
        let origin = Origin::start(bad_at(&package, "/tags/list", silence));
        larder.make_mirror_of(name, &repository(&origin));
        let error = larder.get(&format!("/mirrors/{name}/build_cache/index.json")).send().expect_error(502);
        assert!(error.message.contains("did not answer within 1 s"), "{error:?}");
    }
}

#[test]
fn a_tarball_of_other_bytes_is_never_whole_and_never_kept() {
    let larder = Larder::start_with(&PATIENT);
    for (name, length) in [("small", 1_000), ("large", 20 << 20)] {
        let package = MadeUp::new("zlib", "1.3").with_tarball(noise(1, length));
        let tarball = ContentDigest::of(&package.tarball).to_string();
        let mut wrong = package.tarball.clone();
        wrong[500] ^= 1;
        let origin = Origin::start(bad_at(&package, &tarball, Reply::found(wrong)));
        larder.make_mirror_of(name, &repository(&origin));
        look(&larder, name, |mirror| mirror.specs == 1);
        larder.get(&format!("/mirrors/{name}/{}", package.spec_path())).send().expect(200);
        let stored = larder.stored();
        for path in [format!("/mirrors/{name}/{}", package.tarball_path()), format!("/v2/{name}/blobs/{tarball}")] {
            let answer = larder.get(&path).token(ADMIN).send();
            assert!(answer.status == 502 || answer.broken.is_some(), "{answer:?}");
            assert!(answer.body.len() < length, "{path}: {} bytes came", answer.body.len());
        }
        assert_eq!(larder.stored(), stored, "{name}");
    }
}

#[test]
fn what_no_image_names_is_not_asked_for() {
    let package = MadeUp::new("zlib", "1.3");
    let served = package.clone();
    let origin = Origin::start(move |path| good(&served, path));
    let larder = Larder::start_with(&PATIENT);
    larder.make_mirror_of("m", &repository(&origin));
    look(&larder, "m", |mirror| mirror.specs == 1);
    let asked = origin.requests().len();
    let other = MadeUp::new("other", "1.0");
    let digest = ContentDigest::of(b"anything");
    for path in [other.spec_path(), other.tarball_path(), other.manifest_path(), package.signed_path()] {
        larder.get(&format!("/mirrors/m/{path}")).send().expect_error(404);
    }
    larder.get(&format!("/mirrors/m/{}", larder_tests::package::blob_path(b"anything"))).send().expect_error(404);
    larder.repository("m").get(&format!("blobs/{digest}")).send().expect_refusal(404, "BLOB_UNKNOWN");
    larder.repository("m").get(&format!("manifests/{}", other.tag())).send().expect_refusal(404, "MANIFEST_UNKNOWN");
    larder.repository("m").get("manifests/latest").send().expect_refusal(404, "MANIFEST_UNKNOWN");
    assert_eq!(origin.requests().len(), asked);
}

#[test]
fn an_origin_that_is_no_repository_is_refused() {
    let larder = Larder::start_with(&PATIENT);
    for url in ["https://ghcr.io/a", "oci://ghcr.io", "oci://user/image", "oci://ghcr.io/a:tag", "ghcr.io/a"] {
        let body = json!({ "name": "m", "origin": { "kind": "oci", "url": url } }).to_string();
        let error = larder.post("/api/v1/mirrors", &body).token(ADMIN).send().expect_error(400);
        assert!(error.message.contains("names no repository"), "{url}: {error:?}");
    }
    let body = json!({ "name": "m", "origin": { "kind": "oci", "url": "oci://ghcr.io/Octo-Org/cache" } }).to_string();
    let made = larder.post("/api/v1/mirrors", &body).token(ADMIN).send().expect(201);
    assert!(made.text().contains(r#""origin":{"kind":"oci","url":"oci://ghcr.io/octo-org/cache"}"#), "{made:?}");
    let error = larder.put(&format!("/mirrors/m/{}", MadeUp::new("zlib", "1.3").spec_path()), b"{}").token(ADMIN);
    assert_eq!(error.send().expect_error(403).code, ErrorCode::Forbidden);
}
