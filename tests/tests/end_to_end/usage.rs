//! How a mirror grows and is used.

use larder_shared::api::{Spec, usage::Usage};
use larder_tests::{
    fixtures::{fixture, hello},
    larder::{ADMIN, Larder},
    oci::SPACK_ACCEPTS,
    package::{MadeUp, blob_path},
    wait,
};

fn usage(larder: &Larder) -> Usage {
    larder.api("mirrors/m/usage")
}

fn put(larder: &Larder, package: &MadeUp) {
    for (path, body) in
        [(blob_path(&package.tarball), package.tarball.clone()), (package.spec_path(), package.spec_file())]
    {
        larder.put(&format!("/mirrors/m/{path}"), &body).token(ADMIN).send().expect(201);
    }
}

/// Hits and misses of all days.
fn asked(usage: &Usage) -> (u64, u64) {
    usage.days.iter().fold((0, 0), |(hits, misses), day| (hits + day.hits, misses + day.misses))
}

#[test]
fn growth_and_sizes_follow_from_what_was_pushed() {
    let larder = Larder::start();
    larder.push(&fixture("mirror-v2"), "m");
    let mirror: larder_shared::api::Mirror = larder.api("mirrors/m");
    let usage = usage(&larder);
    // A test that runs over midnight has two days.
    let arrived =
        usage.days.iter().fold((0, 0), |(specs, bytes), day| (specs + day.arrived.specs, bytes + day.arrived.bytes));
    assert_eq!(arrived, (53, mirror.bytes));
    assert!(
        usage.days.iter().all(|day| day.day.to_string().ends_with("T00:00:00Z") && day.day > usage.since),
        "{usage:?}"
    );
    assert_eq!((usage.before.specs, usage.before.bytes), (0, 0));
    let packages: Vec<larder_shared::api::PackageSummary> =
        larder.api::<larder_shared::api::List<_>>("mirrors/m/packages?limit=500").items;
    let mut sizes: Vec<_> = packages.iter().map(|package| package.bytes).collect();
    sizes.sort_unstable_by_key(|size| std::cmp::Reverse(*size));
    let largest: Vec<_> = usage.largest.iter().map(|package| package.amount.bytes).collect();
    assert_eq!(largest, sizes[..10]);
    assert_eq!((usage.rest.packages, usage.rest.amount.specs), (43, 43));
    assert_eq!(usage.rest.amount.bytes, sizes[10..].iter().sum::<u64>());
    let slices: Vec<_> = usage.slices.iter().map(|known| (known.slice.to_string(), known.specs)).collect();
    let of = |target: &str, specs| (format!("os=debian12,target={target}"), Some(specs));
    assert_eq!(slices, [of("x86_64_v3", 52), of("icelake", 1)]);
    assert_eq!((usage.wanted, asked(&self::usage(&larder))), (Vec::new(), (0, 0)));
}

#[test]
fn a_package_that_comes_later_is_counted_in_the_next_answer() {
    let larder = Larder::start();
    put(&larder, &MadeUp::new("one", "1.0"));
    assert_eq!(usage(&larder).largest.len(), 1);
    put(&larder, &MadeUp::new("two", "1.0"));
    assert_eq!(usage(&larder).largest.len(), 2);
    larder.get("/mirrors/m/slice/name=two/build_cache/index.json").send().expect(200);
    let slices = usage(&larder).slices;
    assert_eq!(slices.last().map(|known| (known.slice.to_string(), known.specs)), Some(("name=two".to_owned(), None)));
}

#[test]
fn what_is_asked_for_in_vain_is_wanted_until_it_comes() {
    let larder = Larder::start();
    let (here, wanted, other) = (MadeUp::new("here", "1.0"), MadeUp::new("wanted", "2.1"), MadeUp::new("other", "3.0"));
    put(&larder, &here);
    let get = |path: &str| larder.get(&format!("/mirrors/m/{path}")).send();
    // As Spack 0.23 asks: the signed document first.
    for _ in 0..3 {
        get(&wanted.signed_path()).expect_error(404);
        get(&wanted.spec_path()).expect_error(404);
    }
    get(&other.manifest_path()).expect_error(404);
    let tag = format!("/v2/m/manifests/{}", other.tag());
    larder.get(&tag).header("Accept", SPACK_ACCEPTS[0]).send().expect(404);
    get(&here.signed_path()).expect_error(404);
    get(&here.spec_path()).expect(200);
    get(&here.manifest_path()).expect(200);
    // None of these asks for a package.
    larder.head(&format!("/mirrors/m/{}", other.manifest_path())).send().expect(404);
    larder.get(&format!("/mirrors/nowhere/{}", other.manifest_path())).send().expect_error(404);
    get("build_cache/wp-login.spec.json").expect_error(404);
    get(&blob_path(b"nothing")).expect_error(404);

    let told = usage(&larder);
    assert_eq!(asked(&told), (2, 5), "{told:?}");
    let found: Vec<_> = told
        .wanted
        .iter()
        .map(|one| (one.name.as_str(), one.version.as_str(), one.target.as_deref(), one.times))
        .collect();
    assert_eq!(found, [("wanted", "2.1", Some("x86_64_v3"), 3), ("other", "3.0", None, 2)]);
    assert_eq!(told.wanted[0].hash.as_str(), wanted.hash);

    // Nothing was counted twice, and what has come is not wanted any more.
    put(&larder, &wanted);
    let told = usage(&larder);
    assert_eq!(asked(&told), (2, 5));
    assert_eq!(told.wanted.len(), 1);
}

#[test]
fn who_looks_before_pushing_misses_nothing() {
    let larder = Larder::start();
    put(&larder, &MadeUp::new("here", "1.0"));
    let package = MadeUp::new("pushed", "1.0");
    larder.get(&format!("/mirrors/m/{}", package.manifest_path())).send().expect_error(404);
    put(&larder, &package);
    let told = usage(&larder);
    assert_eq!((asked(&told), told.wanted), ((0, 0), Vec::new()));
}

#[test]
fn a_spec_tells_the_day_of_its_last_use_without_anybody_asking_for_the_figures() {
    let larder = Larder::start();
    larder.push(&fixture("mirror-v2"), "m");
    let spec = || larder.api::<Spec>(&format!("mirrors/m/specs/{}", hello::HASH));
    assert_eq!(spec().last_used, None);
    larder.get(&format!("/mirrors/m/{}", hello::SPEC)).send().expect(200);
    // The worker tells the index half a minute later.
    let used = wait::until("the use is noted", || spec().last_used);
    assert!(used.to_string().ends_with("T00:00:00Z"), "{used}");
    assert_eq!(asked(&usage(&larder)), (1, 0));
}

#[test]
fn the_figures_of_a_private_mirror_are_for_those_who_may_read_it() {
    let larder = Larder::start();
    put(&larder, &MadeUp::new("one", "1.0"));
    larder.ask("PATCH", "/api/v1/mirrors/m").body(br#"{"private":true}"#).token(ADMIN).send().expect(200);
    larder.get("/api/v1/mirrors/m/usage").send().expect_error(401);
    let answer = larder.get("/api/v1/mirrors/m/usage").token(ADMIN).send().expect(200);
    assert!(answer.expect_header("cache-control").contains("private"));
    // Who may not read it does not fill the list of what is wanted.
    larder.get(&format!("/mirrors/m/{}", MadeUp::new("two", "1.0").manifest_path())).send().expect_error(401);
    let told: Usage = larder.get("/api/v1/mirrors/m/usage").token(ADMIN).send().expect(200).json();
    assert_eq!(told.wanted, []);
}
