//! Mirrors that are read through from a registry: Debian's `docker-registry`, with packages pushed as Spack
//! pushes them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use larder_shared::{
    api::{ErrorCode, Layout, Mirror, OriginState},
    digest::Digest,
    name::DagHash,
    oci::{
        image::{EMPTY_CONFIG, index_manifest},
        manifest::IMAGE,
    },
};
use larder_tests::{
    difference::expect_same_bytes,
    fixtures::fixture,
    larder::{ADMIN, Larder},
    oci::Image,
    origin::{Asked, Origin, Reply},
    package::{MadeUp, noise},
    registry::{NAME, PATIENT, Registry},
    spack::{Held, packages_of, read, read_v2, read_v2_package, read_v3, read_v3_package},
    wait,
};
use serde_json::{Value, json};

/// Asks the mirror's registry now, and waits until all of it is read.
fn look(larder: &Larder) -> Mirror {
    larder.post("/api/v1/mirrors/m/refresh", "").token(ADMIN).send().expect(200);
    wait::until("the registry is read", || {
        let mirror: Mirror = larder.api("mirrors/m");
        let state = mirror.origin_state.as_ref()?;
        (state.fresh.is_some() && state.unread_tags == 0).then_some(mirror)
    })
}

fn state(larder: &Larder) -> OriginState {
    larder.api::<Mirror>("mirrors/m").origin_state.unwrap()
}

/// The URL of an origin as a repository.
fn repository(origin: &Origin) -> String {
    format!("{}/{NAME}", origin.url().replace("http://", "oci+http://"))
}

/// A registry with the packages of a fixture, somebody in front of it who counts, and a Larder.
fn counted(folder: &str) -> (Registry, Vec<Held>, Origin, Larder) {
    let (registry, packages) = Registry::of(&fixture(folder));
    let gate = Origin::start_with(registry.forward());
    let larder = Larder::start_with(&PATIENT);
    larder.make_mirror_of("m", &repository(&gate));
    (registry, packages, gate, larder)
}

/// How often each path was asked for.
fn times(gate: &Origin) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for request in gate.requests() {
        *times.entry(request).or_insert(0) += 1;
    }
    times
}

/// How often paths with this in them were asked for, all together.
fn number(gate: &Origin, part: &str) -> usize {
    gate.requests().iter().filter(|request| request.contains(part)).count()
}

fn expect_each_asked_once(gate: &Origin) {
    let is_content = |path: &str| path.contains("/blobs/") || (path.contains("/manifests/") && !path.contains("index"));
    let often: Vec<_> = times(gate).into_iter().filter(|(path, times)| is_content(path) && *times > 1).collect();
    assert!(often.is_empty(), "asked from the registry more than once: {often:?}");
}

fn tarballs<'a>(packages: impl IntoIterator<Item = &'a Held>) -> BTreeMap<String, &'a Vec<u8>> {
    packages
        .into_iter()
        .map(|held| (held.name.clone() + held.nodes.keys().next().unwrap().as_str(), &held.tarball))
        .collect()
}

fn hashes(index: &[u8]) -> BTreeSet<DagHash> {
    packages_of(index).into_iter().map(|node| node.hash).collect()
}

/// Pushes an index image that names what an index document names, as `update-index` does.
fn push_index(registry: &Registry, index: &[u8]) {
    registry.push_blob(index);
    registry.push_blob(EMPTY_CONFIG.as_bytes());
    registry.put_manifest("index.spack", IMAGE, &index_manifest(Digest::of(index), index.len() as u64));
}

#[test]
fn a_registry_is_served_in_every_layout() {
    let (_registry, packages, gate, larder) = counted("mirror-v2");
    let figures = look(&larder);
    assert_eq!((figures.specs, figures.unsized_specs, figures.signed), (53, 0, 0));
    assert_eq!(figures.bytes, packages.iter().map(|package| package.tarball.len() as u64).sum::<u64>());
    assert_eq!(figures.layouts, [Layout::Oci]);
    let mirror = larder.mirror("m");
    let (v2, v3) = (read_v2(&mirror), read_v3(&mirror));
    let expected: BTreeMap<_, _> = packages.iter().map(|held| (&held.path, held)).collect();
    assert_eq!(expected.len(), 53);
    assert_eq!(tarballs(v2.values()), tarballs(&packages));
    assert_eq!(tarballs(v3.values()), tarballs(&packages));
    assert!(v2.values().chain(v3.values()).all(|package| !package.signed));
    for package in &packages {
        let tag = package.path.rsplit('-').next().unwrap().split('.').next().unwrap();
        let tag = format!("{}-{tag}.spack", package.name);
        let image = larder.repository("m").pull(&tag);
        expect_same_bytes(&tag, image.layers.last().unwrap(), &package.tarball);
    }
    let tags: BTreeSet<_> = larder.repository("m").tags().into_iter().collect();
    assert_eq!(tags.len(), 53);
    let index = larder.repository("m").pull("index.spack");
    expect_same_bytes("the index", &index.layers[0], &read(&mirror, "build_cache/index.json"));
    expect_each_asked_once(&gate);
    // All of it again asks the registry for nothing but its tags.
    let before = number(&gate, "/blobs/") + number(&gate, "/manifests/");
    assert!(read_v2(&mirror) == v2 && read_v3(&mirror) == v3);
    assert_eq!(number(&gate, "/blobs/") + number(&gate, "/manifests/"), before);
}

#[test]
fn a_hundred_installs_ask_for_each_blob_once() {
    for has_index in [false, true] {
        let (registry, packages) = Registry::of(&fixture("mirror-v2"));
        if has_index {
            push_index(&registry, &fs::read(fixture("mirror-v2").join("build_cache/index.json")).unwrap());
        }
        let gate = Origin::start_with(registry.forward());
        let larder = Larder::start_with(&PATIENT);
        larder.make_mirror_of("m", &repository(&gate));
        look(&larder);
        let to_list = gate.requests().len();
        let mirror = larder.mirror("m");
        let nodes = packages_of(&read(&mirror, "build_cache/index.json"));
        assert_eq!(nodes.len(), packages.len());
        for (number, node) in nodes.iter().cycle().take(100).enumerate() {
            if number % 2 == 0 {
                read_v2_package(&mirror, node)
            } else {
                read_v3_package(&mirror, node)
            };
        }
        let all = gate.requests().len();
        println!(
            "{} packages, {} index.spack: {to_list} requests to list them, {} for 100 installs; {} of tags, {} of manifests, {} of blobs",
            nodes.len(),
            if has_index { "with" } else { "without" },
            all - to_list,
            number(&gate, "/tags/list"),
            number(&gate, "/manifests/"),
            number(&gate, "/blobs/"),
        );
        expect_each_asked_once(&gate);
        // A list of tags, and either an index of two requests, or a look for one and two for each package.
        assert_eq!(to_list, if has_index { 3 } else { 2 + 2 * nodes.len() });
        // What is left is each tarball, and what the index did not tell.
        assert_eq!(all, 2 + 3 * nodes.len() + usize::from(has_index));
    }
}

#[test]
fn a_package_may_be_the_first_thing_that_is_asked_for() {
    let registry = Registry::start();
    let package = MadeUp::new("zlib", "1.3");
    registry.push(&package);
    let larder = Larder::start_with(&PATIENT);
    for (name, path) in
        [("one", package.spec_path()), ("two", package.tarball_path()), ("three", package.manifest_path())]
    {
        larder.make_mirror_of(name, &registry.url());
        larder.get(&format!("/mirrors/{name}/{path}")).send().expect(200);
    }
    larder.make_mirror_of("oci", &registry.url());
    assert_eq!(larder.repository("oci").pull(&package.tag()), package.image());
}

#[test]
fn an_old_index_hides_nothing_and_brings_nothing_back() {
    let (registry, packages) = Registry::of(&fixture("mirror-v2"));
    push_index(&registry, &fs::read(fixture("mirror-v2").join("build_cache/index.json")).unwrap());
    let (first, new) = (&packages[0], MadeUp::new("pushed-since", "1.0"));
    let hash = |held: &Held| held.path.rsplit('-').next().unwrap().split('.').next().unwrap().to_owned();
    registry.delete(&format!("{}-{}.spack", first.name, hash(first)));
    registry.push(&new);
    let larder = Larder::start_with(&PATIENT);
    larder.make_mirror_of("m", &registry.url());
    assert_eq!(look(&larder).specs, 53);
    let offered = hashes(&read(&larder.mirror("m"), "build_cache/index.json"));
    assert!(!offered.contains(&hash(first).parse().unwrap()) && offered.contains(&new.hash.parse().unwrap()));
    for (path, bytes) in [(new.tarball_path(), &new.tarball), (packages[1].tarball_path.clone(), &packages[1].tarball)]
    {
        expect_same_bytes(&path, &larder.get(&format!("/mirrors/m/{path}")).send().expect(200).body, bytes);
    }
}

#[test]
fn tags_that_come_and_go_are_followed() {
    let registry = Registry::start();
    let packages: Vec<_> = (0..30).map(|number| MadeUp::new(&format!("package-{number}"), "1.0")).collect();
    registry.push(&packages[0]);
    let larder = Larder::start_with(&[("LARDER_ORIGIN_FRESH_SECONDS", "0")]);
    larder.make_mirror_of("m", &registry.url());
    let index = || hashes(&larder.get("/mirrors/m/build_cache/index.json").send().expect(200).body);
    // The first reader waits for the first look.
    assert_eq!(index().len(), 1);
    for package in &packages[1..] {
        registry.push(package);
    }
    wait::until("all are offered", || (index().len() == 30).then_some(()));
    let generation = look(&larder).generation;
    let gone = &packages[7];
    larder.repository("m").pull(&gone.tag());
    registry.delete(&gone.tag());
    wait::until("one is not offered any more", || (index().len() == 29).then_some(()));
    assert!(look(&larder).generation > generation);
    larder.repository("m").get(&format!("manifests/{}", gone.tag())).send().expect_refusal(404, "MANIFEST_UNKNOWN");
    assert!(!larder.repository("m").tags().contains(&gone.tag()));
    // A tag of nothing that Spack made is nobody's package.
    registry.put_manifest("an-environment", IMAGE, &packages[0].image().manifest);
    assert_eq!(look(&larder).specs, 29);
    registry.push(gone);
    assert_eq!(look(&larder).specs, 30);
    larder.repository("m").pull(&gone.tag());
}

/// Cuts a list of tags into pages of `length`, as registries do that Debian's is too old for.
fn in_pages(reply: Reply, asked: &Asked, length: usize) -> Reply {
    let Reply::Answer { body, .. } = reply else { return reply };
    let list: Value = serde_json::from_slice(&body).unwrap();
    let all: Vec<&str> = list["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
    let after = asked.path.split("last=").nth(1).map_or(0, |last| all.iter().position(|tag| *tag == last).unwrap() + 1);
    let page = &all[after..all.len().min(after + length)];
    let link = match page.last().filter(|last| all.last() != Some(last)) {
        Some(last) => format!("Link: </v2/{NAME}/tags/list?n={length}&last={last}>; rel=\"next\"\r\n"),
        None => String::new(),
    };
    Reply::Answer { status: 200, headers: link, body: json!({ "name": NAME, "tags": page }).to_string().into_bytes() }
}

#[test]
fn tags_come_in_pages() {
    let (registry, packages) = Registry::of(&fixture("mirror-v2-unsigned"));
    for length in [1, 5, 18] {
        let forward = registry.forward();
        let gate = Origin::start_with(move |asked| match asked.path.contains("/tags/list") {
            true => in_pages(forward(asked), asked, length),
            false => forward(asked),
        });
        let larder = Larder::start_with(&PATIENT);
        larder.make_mirror_of("m", &repository(&gate));
        assert_eq!(look(&larder).specs, packages.len() as u64);
        assert_eq!(number(&gate, "/tags/list"), packages.len().div_ceil(length));
    }
}

#[test]
fn a_registry_that_is_down_is_not_missed_by_those_who_read_before() {
    let (mut registry, packages) = Registry::of(&fixture("mirror-v2-unsigned"));
    let mut larder = Larder::start_with(&PATIENT);
    larder.make_mirror_of("m", &registry.url());
    let before = look(&larder);
    let nodes = packages_of(&read(&larder.mirror("m"), "build_cache/index.json"));
    let (kept, never) = nodes.split_at(9);
    let v2: Vec<_> = kept.iter().map(|node| read_v2_package(&larder.mirror("m"), node)).collect();
    let index = read(&larder.mirror("m"), "build_cache/index.json");
    registry.stop();
    let expect_kept = |larder: &Larder| {
        let mirror = larder.mirror("m");
        assert!(kept.iter().map(|node| read_v2_package(&mirror, node)).eq(v2.iter().cloned()));
        kept.iter().for_each(|node| drop(read_v3_package(&mirror, node)));
        expect_same_bytes("the index", &read(&mirror, "build_cache/index.json"), &index);
    };
    expect_kept(&larder);
    // The specs of the others are known; their tarballs are not there.
    let path = format!("/mirrors/m/build_cache/{}", larder_shared::layout::v2::TarballPath::of(&never[0]));
    let error = larder.get(&path).send().expect_error(502);
    assert_eq!(error.code, ErrorCode::OriginFailed);
    assert!(error.message.contains(&registry.url()), "{error:?}");
    let error = larder.post("/api/v1/mirrors/m/refresh", "").token(ADMIN).send().expect_error(502);
    assert_eq!(error.code, ErrorCode::OriginFailed);
    let told = state(&larder);
    assert!(told.error.is_some_and(|error| error.contains(&registry.url())) && told.asked >= told.fresh);
    assert_eq!(larder.api::<Mirror>("mirrors/m").generation, before.generation);
    larder.run_schedule();
    larder.kill_and_restart();
    expect_kept(&larder);
    registry.restart();
    assert_eq!(look(&larder).origin_state.unwrap().error, None);
    assert_eq!(tarballs(read_v2(&larder.mirror("m")).values()), tarballs(&packages));
}

/// A registry that hands out tokens and sends to a storage host for its blobs, as ghcr.io does.
struct LikeGhcr {
    front: Origin,
    storage: Origin,
    /// Who asked for tokens.
    askers: Arc<Mutex<Vec<Option<String>>>>,
}

impl LikeGhcr {
    fn start(registry: &Registry, password: Option<&str>) -> Self {
        let storage = Origin::start_with(registry.forward());
        let askers = Arc::<Mutex<Vec<_>>>::default();
        let front = Origin::start(|_| Reply::status(500));
        let (forward, elsewhere, here) = (registry.forward(), storage.url(), front.url());
        let wanted = password.map(|password| format!("Basic {}", BASE64.encode(password)));
        let seen = Arc::clone(&askers);
        front.change_with(move |asked| {
            let authorization = asked.header("authorization");
            if asked.path.starts_with("/token") {
                seen.lock().unwrap().push(authorization.map(str::to_owned));
                assert!(asked.path.contains("scope=repository%3Aocto-org%2Fcache%3Apull"), "{asked:?}");
                assert!(asked.path.contains("service=here"), "{asked:?}");
                if wanted.is_some() && wanted.as_deref() != authorization {
                    return Reply::status(403);
                }
                return Reply::found(r#"{"token":"the.token","expires_in":300}"#);
            }
            if authorization != Some("Bearer the.token") {
                let challenge = format!(
                    "WWW-Authenticate: Bearer realm=\"{here}/token\",service=\"here\",scope=\"repository:octo-org/cache:pull\"\r\n"
                );
                return Reply::Answer { status: 401, headers: challenge, body: Vec::new() };
            }
            match asked.path.contains("/blobs/") {
                true => Reply::Answer {
                    status: 307,
                    headers: format!("Location: {elsewhere}{}\r\n", asked.path),
                    body: Vec::new(),
                },
                false => forward(asked),
            }
        });
        Self { front, storage, askers }
    }
}

#[test]
fn a_token_is_asked_for_once_and_shown_to_nobody_else() {
    let (registry, packages) = Registry::of(&fixture("mirror-v2-unsigned"));
    let ghcr = LikeGhcr::start(&registry, None);
    let larder = Larder::start_with(&PATIENT);
    larder.make_mirror_of("m", &repository(&ghcr.front));
    look(&larder);
    assert_eq!(tarballs(read_v2(&larder.mirror("m")).values()), tarballs(&packages));
    assert_eq!(*ghcr.askers.lock().unwrap(), [None], "asked for once, by nobody in particular");
    assert!(ghcr.storage.requests().len() >= packages.len() * 2);
    for asked in ghcr.storage.asked() {
        assert_eq!(asked.header("authorization"), None, "{asked:?}");
    }
}

#[test]
fn a_private_repository_is_read_with_the_credentials_that_are_set() {
    let registry = Registry::start();
    let package = MadeUp::new("zlib", "1.3");
    registry.push(&package);
    let ghcr = LikeGhcr::start(&registry, Some("me:s3cret"));
    let host = ghcr.front.url().replace("http://", "");
    let mut larder = Larder::start_with(&PATIENT);
    larder.make_mirror_of("m", &repository(&ghcr.front));
    let error = larder.post("/api/v1/mirrors/m/refresh", "").token(ADMIN).send().expect_error(502);
    assert!(error.message.contains("answered 403 when asked for a token: everybody"), "{error:?}");
    larder.restart_with(&[("LARDER_REGISTRY_CREDENTIALS", &format!("{host}=me:wrong"))]);
    let error = larder.post("/api/v1/mirrors/m/refresh", "").token(ADMIN).send().expect_error(502);
    assert!(error.message.contains("the credentials that are set may not"), "{error:?}");
    larder.restart_with(&[("LARDER_REGISTRY_CREDENTIALS", &format!("ghcr.io=x:y {host}=me:s3cret"))]);
    assert_eq!(look(&larder).specs, 1);
    let body = larder.get(&format!("/mirrors/m/{}", package.tarball_path())).send().expect(200).body;
    expect_same_bytes("the tarball", &body, &package.tarball);
    assert!(!larder.log().contains("s3cret"), "a password is in the log");
    assert!(ghcr.storage.asked().iter().all(|asked| asked.header("authorization").is_none()));
}

#[test]
fn a_large_tarball_is_sent_while_it_is_stored() {
    let registry = Registry::start();
    let package = MadeUp::new("large", "1.0").with_tarball(noise(7, 20 << 20));
    registry.push(&package);
    let gate = Origin::start_with(registry.forward());
    let larder = Larder::start_with(&PATIENT);
    for (name, path) in [
        ("v2", format!("/mirrors/v2-m/{}", package.tarball_path())),
        ("oci", format!("/v2/oci-m/blobs/sha256:{}", Digest::of(&package.tarball))),
    ] {
        larder.make_mirror_of(&format!("{name}-m"), &repository(&gate));
        larder.get(&format!("/mirrors/{name}-m/build_cache/index.json")).send().expect(200);
        let before = number(&gate, "/blobs/");
        assert_eq!(larder.head(&path).token(ADMIN).send().expect(200).header("content-length"), Some("20971520"));
        for _ in 0..2 {
            let answer = larder.get(&path).token(ADMIN).send().expect(200);
            expect_same_bytes(&path, &answer.body, &package.tarball);
            wait::until("it is stored", || {
                let hex = Digest::of(&package.tarball).to_string();
                larder.stored().iter().any(|(key, _)| key.starts_with(name) && key.ends_with(&hex)).then_some(())
            });
        }
        // Once for its length, once for its bytes.
        assert_eq!(number(&gate, "/blobs/") - before, 2, "{name}");
    }
}

#[test]
fn a_look_goes_on_where_it_was_when_the_server_is_killed() {
    let registry = Registry::start();
    let packages: Vec<_> = (0..60).map(|number| MadeUp::new(&format!("package-{number}"), "1.0")).collect();
    for package in &packages {
        registry.push(package);
    }
    let gate = Origin::start_with(registry.forward());
    let mut larder = Larder::start_with(&PATIENT);
    larder.make_mirror_of("m", &repository(&gate));
    larder.run_schedule();
    wait::until("some are read", || (number(&gate, "/manifests/package") >= 15).then_some(()));
    larder.kill_and_restart();
    // Nobody asks for anything but the mirror's document.
    assert_eq!(look(&larder).specs, 60);
    // What was under way at the time is asked for again, and no more.
    let asked = number(&gate, "/manifests/package");
    assert!((60..=60 + 15).contains(&asked), "{asked} manifests were asked for");
    assert!(read_v2(&larder.mirror("m")).len() == 60);
}

#[test]
fn an_image_that_is_pushed_again_is_read_again_when_its_tarball_is_gone() {
    let registry = Registry::start();
    let package = MadeUp::new("zlib", "1.3");
    registry.push(&package);
    let larder = Larder::start_with(&PATIENT);
    larder.make_mirror_of("m", &registry.url());
    look(&larder);
    let tarball = |larder: &Larder| larder.get(&format!("/mirrors/m/{}", package.tarball_path())).send();
    let again = package.clone().with_tarball(b"built again".to_vec());
    registry.push(&again);
    registry.delete_blob(&package.tarball);
    let error = tarball(&larder).expect_error(502);
    assert!(error.message.contains("pushed again"), "{error:?}");
    expect_same_bytes("the tarball", &tarball(&larder).expect(200).body, &again.tarball);
    let node = packages_of(&read(&larder.mirror("m"), "build_cache/index.json")).remove(0);
    assert_eq!(read_v2_package(&larder.mirror("m"), &node).tarball, again.tarball);
    assert_eq!(read_v3_package(&larder.mirror("m"), &node).tarball, again.tarball);
    let Image { layers, .. } = larder.repository("m").pull(&package.tag());
    expect_same_bytes("the layer", &layers[0], &again.tarball);
}
