//! Origins that misbehave: an answer comes in time and says why, and nothing wrong is kept.

use std::{
    thread,
    time::{Duration, Instant},
};

use larder_shared::api::{ErrorCode, Mirror, OriginState};
use larder_tests::{
    difference::expect_same_bytes,
    larder::{ADMIN, Larder},
    origin::{Origin, Reply},
    package::{MadeUp, index_of},
    spack::packages_of,
};

/// How long Spack waits for the first byte of an answer.
const SPACKS_PATIENCE: Duration = Duration::from_secs(10);

const INDEX: &str = "build_cache/index.json";

/// What a good origin with one package answers.
fn good(package: &MadeUp, path: &str) -> Reply {
    match path.trim_start_matches('/') {
        INDEX => Reply::found(index_of([&package.node()])),
        path if path == package.spec_path() => Reply::found(package.spec_file()),
        path if path == package.tarball_path() => Reply::found(package.tarball.clone()),
        _ => Reply::status(404),
    }
}

/// An origin that is good but for one path.
fn bad_at(package: &MadeUp, bad: &str, reply: Reply) -> impl Fn(&str) -> Reply + Send + Sync + use<> {
    let (package, bad) = (package.clone(), bad.to_owned());
    move |path| match path.trim_start_matches('/').split('?').next() {
        Some(path) if path == bad => reply.clone(),
        _ => good(&package, path),
    }
}

/// What an origin may do instead of answering, and what Larder should say of it.
fn troubles(bytes: &[u8]) -> Vec<(&'static str, Reply, &'static str)> {
    let cut = Reply::Cut { announced: bytes.len(), body: bytes[..bytes.len() / 2].to_vec() };
    let truncated = Reply::found(&bytes[..bytes.len() / 2]);
    vec![
        ("a web page", Reply::page(), ""),
        ("an error", Reply::status(500), "500"),
        ("a refusal", Reply::status(403), "403"),
        ("a redirect to itself", Reply::redirect("?again"), ""),
        ("a redirect to nowhere", Reply::redirect("http://127.0.0.1:9/"), ""),
        ("half of it, and closes", cut, ""),
        ("half of it, as if it were all", truncated, ""),
        ("nothing", Reply::found(""), ""),
        ("noise", Reply::found(vec![0xff; 4_000]), ""),
    ]
}

#[test]
fn what_cannot_be_used_is_refused_and_not_kept_and_asked_again() {
    let larder = Larder::start();
    let package = MadeUp::new("zlib", "1.3");
    for (object, path, bytes) in [
        ("index", INDEX.to_owned(), index_of([&package.node()])),
        ("spec", package.spec_path(), package.spec_file()),
        ("tarball", package.tarball_path(), package.tarball.clone()),
    ] {
        for (number, (trouble, reply, word)) in troubles(&bytes).into_iter().enumerate() {
            let what = format!("{trouble} for the {object}");
            let origin = Origin::start(bad_at(&package, &path, reply));
            let name = format!("{object}-{number}");
            larder.make_mirror_of(&name, &origin.url());
            let get = |path: &str| larder.get(&format!("/mirrors/{name}/{path}")).send();
            if object == "tarball" {
                get(&package.spec_path()).expect(200);
            }
            let stored = larder.stored();
            let error = get(&path).expect_error(502);
            assert_eq!(error.code, ErrorCode::OriginFailed, "{what}: {error:?}");
            assert!(error.message.contains(&origin.url()) && error.message.contains(word), "{what}: {error:?}");
            assert_eq!(larder.stored(), stored, "{what}");
            if object == "index" {
                let state: Option<OriginState> = larder.api::<Mirror>(&format!("mirrors/{name}")).origin_state;
                let state = state.unwrap();
                assert!(state.error.is_some() && state.asked.is_some() && state.fresh.is_none(), "{what}: {state:?}");
            }
            // Repaired, it is read at once.
            let repaired = package.clone();
            origin.change(move |path| good(&repaired, path));
            let answer = get(&path).expect(200);
            if object == "index" {
                assert_eq!(packages_of(&answer.body).len(), 1, "{what}");
            } else {
                expect_same_bytes(&what, &answer.body, &bytes);
            }
        }
    }
}

#[test]
fn a_failed_look_at_a_known_index_changes_nothing_and_is_told() {
    let larder = Larder::start();
    let (first, second) = (MadeUp::new("first", "1.0"), MadeUp::new("second", "1.0"));
    let serve = |packages: &[&MadeUp]| {
        let index = index_of(packages.iter().map(|package| package.node()).collect::<Vec<_>>().iter());
        move |path: &str| {
            if path == "/build_cache/index.json" { Reply::found(index.clone()) } else { Reply::status(404) }
        }
    };
    let origin = Origin::start(serve(&[&first]));
    larder.make_mirror_of("m", &origin.url());
    let index = || larder.get("/mirrors/m/build_cache/index.json").send().expect(200).body;
    let refresh = || larder.post("/api/v1/mirrors/m/refresh", "").token(ADMIN).send();
    let known = index();
    for (trouble, reply, _) in troubles(&index_of([&first.node(), &second.node()])) {
        let is_index = |path: &str| path.starts_with("/build_cache/index.json");
        origin.change(move |path| if is_index(path) { reply.clone() } else { Reply::status(404) });
        refresh().expect_error(502);
        expect_same_bytes(trouble, &index(), &known);
        let state = larder.api::<Mirror>("mirrors/m").origin_state.unwrap();
        assert!(state.error.is_some() && state.fresh.is_some(), "{trouble}: {state:?}");
        // And the next look is one.
        origin.change(serve(&[&first]));
        let after: Mirror = refresh().expect(200).json();
        assert_eq!(after.origin_state.unwrap().error, None, "{trouble}");
    }
    origin.change(serve(&[&first, &second]));
    refresh().expect(200);
    assert_eq!(packages_of(&index()).len(), 2);
}

#[test]
fn an_origin_that_says_nothing_is_given_up_before_spack_gives_up() {
    let larder = Larder::start();
    let package = MadeUp::new("zlib", "1.3");
    let paths = [INDEX.to_owned(), package.spec_path(), package.tarball_path()];
    // Nothing at all, or the head of an answer and then nothing.
    let silences = [Reply::Silence, Reply::Stall { announced: 100, body: b"{".to_vec() }];
    let cases: Vec<_> = paths.iter().flat_map(|path| silences.clone().map(|silence| (path.clone(), silence))).collect();
    thread::scope(|scope| {
        for (number, (path, silence)) in cases.into_iter().enumerate() {
            let (larder, package) = (&larder, &package);
            scope.spawn(move || {
                let what = format!("{silence:?} for {path}");
                let origin = Origin::start(bad_at(package, &path, silence));
                let name = format!("silent-{number}");
                larder.make_mirror_of(&name, &origin.url());
                if path == package.tarball_path() {
                    larder.get(&format!("/mirrors/{name}/{}", package.spec_path())).send().expect(200);
                }
                let started = Instant::now();
                let error = larder.get(&format!("/mirrors/{name}/{path}")).send().expect_error(504);
                assert_eq!(error.code, ErrorCode::OriginTimeout, "{what}");
                assert!(error.message.contains(&origin.url()), "{what}: {error:?}");
                assert!(started.elapsed() < SPACKS_PATIENCE, "{what}: {:?}", started.elapsed());
            });
        }
    });
}

#[test]
fn a_silent_origin_does_not_keep_others_waiting() {
    let larder = Larder::start_with(&[("LARDER_ORIGIN_TIMEOUT_SECONDS", "1")]);
    let package = MadeUp::new("zlib", "1.3");
    // By name the silent ones come first.
    let silences = [Reply::Silence, Reply::Stall { announced: 100, body: b"{".to_vec() }];
    let silent = silences.map(|silence| Origin::start(bad_at(&package, INDEX, silence)));
    for (number, origin) in silent.iter().enumerate() {
        larder.make_mirror_of(&format!("a-{number}"), &origin.url());
    }
    let repaired = package.clone();
    let origin = Origin::start(move |path| good(&repaired, path));
    larder.make_mirror_of("m", &origin.url());
    larder.run_schedule();
    assert_eq!(larder.api::<Mirror>("mirrors/m").specs, 1);
    for number in 0..silent.len() {
        let state = larder.api::<Mirror>(&format!("mirrors/a-{number}")).origin_state.unwrap();
        assert!(state.error.is_some_and(|error| error.contains("did not answer within")));
    }
}

#[test]
fn a_redirect_that_leads_somewhere_is_followed() {
    let larder = Larder::start();
    let package = MadeUp::new("zlib", "1.3");
    let served = package.clone();
    let target = Origin::start(move |path| good(&served, path));
    let base = target.url();
    let origin = Origin::start(move |path| Reply::redirect(&format!("{base}{path}")));
    larder.make_mirror_of("m", &origin.url());
    for (path, bytes) in [(package.spec_path(), package.spec_file()), (package.tarball_path(), package.tarball.clone())]
    {
        expect_same_bytes(&path, &larder.get(&format!("/mirrors/m/{path}")).send().expect(200).body, &bytes);
    }
    let index = larder.get("/mirrors/m/build_cache/index.json").send().expect(200);
    assert_eq!(packages_of(&index.body).len(), 1);
}

#[test]
fn an_origin_that_announces_no_length_is_read() {
    let larder = Larder::start();
    let package = MadeUp::new("zlib", "1.3");
    let served = package.clone();
    let origin = Origin::start(move |path| match good(&served, path) {
        Reply::Answer { status: 200, body, .. } => Reply::Unannounced(body),
        other => other,
    });
    larder.make_mirror_of("m", &origin.url());
    for (path, bytes) in [(package.spec_path(), package.spec_file()), (package.tarball_path(), package.tarball.clone())]
    {
        expect_same_bytes(&path, &larder.get(&format!("/mirrors/m/{path}")).send().expect(200).body, &bytes);
    }
}

#[test]
fn a_spec_file_of_another_package_is_refused() {
    let larder = Larder::start();
    let (package, other) = (MadeUp::new("zlib", "1.3"), MadeUp::new("burglar", "1.3"));
    let origin = Origin::start(bad_at(&package, &package.spec_path(), Reply::found(other.spec_file())));
    larder.make_mirror_of("m", &origin.url());
    let stored = larder.stored();
    for path in [package.spec_path(), package.tarball_path()] {
        let error = larder.get(&format!("/mirrors/m/{path}")).send().expect_error(502);
        assert!(error.message.contains("does not fit the path"), "{error:?}");
    }
    assert_eq!(larder.stored(), stored);
}
