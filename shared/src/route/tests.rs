use super::*;

const HASH: &str = "rjsbs2wcromwrvwrsr3ctrxojaokif4e";

fn object(mirror: &str, path: &str) -> Result<Route, RouteError> {
    match (mirror.parse(), path.parse()) {
        (Ok(mirror), Ok(path)) => Ok(Route::Object(mirror, path)),
        parsed => panic!("{parsed:?}"),
    }
}

#[test]
fn objects_of_both_layouts() {
    let stem = format!("linux-debian12-icelake-gcc-12.2.0-hello-larder-1.0-{HASH}");
    let digest = "0f".repeat(32);
    for path in [
        "build_cache/index.json".to_owned(),
        "build_cache/index.json.hash".to_owned(),
        "build_cache/_pgp/index.json".to_owned(),
        "build_cache/_pgp/4CA135D4D5BC739C1DF2D3B7AA52CBC889F8EE5D.pub".to_owned(),
        format!("build_cache/{stem}.spec.json"),
        format!("build_cache/{stem}.spec.json.sig"),
        format!("build_cache/linux-debian12-icelake/gcc-12.2.0/hello-larder-1.0/{stem}.spack"),
        "v3/layout.json".to_owned(),
        format!("v3/manifests/spec/hello-larder/hello-larder-1.0-{HASH}.spec.manifest.json"),
        "v3/manifests/index/index.manifest.json".to_owned(),
        "v3/manifests/key/keys.manifest.json".to_owned(),
        "v3/manifests/key/4CA135D4D5BC739C1DF2D3B7AA52CBC889F8EE5D.key.manifest.json".to_owned(),
        format!("blobs/sha256/0f/{digest}"),
    ] {
        let parsed: LayoutPath = path.parse().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(parsed.to_string(), path);
        for mirror in ["user-environment", "opt/a/b"] {
            assert_eq!(Route::parse(&format!("/mirrors/{mirror}/{path}")), object(mirror, &path), "{path}");
        }
    }
}

#[test]
fn a_mirror_is_found_as_the_clients_of_the_action_look_for_it() {
    let mirror = || "opt/a/b".parse().unwrap_or_else(|error| panic!("{error}"));
    let stem = format!("linux-debian12-icelake-gcc-12.2.0-hello-larder-1.0-{HASH}");
    for path in
        ["manifest/", "manifest/dates/", "manifest/dates", &format!("_cache/26.11/build_cache/{stem}.spec.json")]
    {
        let expected = action_cache::Path::parse(path.trim_end_matches('/')).unwrap_or_else(|| panic!("{path}"));
        let route = Route::parse(&format!("/mirrors/opt/a/b/{path}"));
        assert_eq!(route, Ok(Route::ActionCache(mirror(), expected)), "{path}");
    }
    assert!(Route::parse("/mirrors/opt/a/b/slice/os=debian12/manifest/").is_err(), "a slice has none");
    assert!(Route::parse("/mirrors/manifest/").is_err(), "no mirror is called so");
}

#[test]
fn a_plus_stays_a_plus_and_escapes_are_decoded_once() {
    let path = format!("build_cache/linux-debian12-icelake-gcc-12.2.0-a-1+2-{HASH}.spec.json");
    assert_eq!(Route::parse(&format!("/mirrors/m/{path}")), object("m", &path));
    assert_eq!(Route::parse(&format!("/mirrors/m/{}", path.replace('+', "%2B"))), object("m", &path));
    assert!(Route::parse(&format!("/mirrors/m/{}", path.replace('+', "%252B"))).is_err());
}

#[test]
fn hostile_paths_name_the_segment_that_is_wrong() {
    for (path, problem) in [
        ("/mirrors/m/..%2Fx/index.json", "encoded `/`"),
        ("/mirrors/m/build_cache%2Findex.json", "encoded `/`"),
        ("/mirrors/m/%5C/build_cache/index.json", "`\\`"),
        ("/mirrors/m//build_cache/index.json", "is empty"),
        ("/mirrors/m/%2e%2e/build_cache/index.json", "steps out"),
        ("/mirrors/m/../build_cache/index.json", "steps out"),
        ("/mirrors/m/%ff/index.json", "not UTF-8"),
        ("/mirrors/m/%00/index.json", "NUL"),
        ("/mirrors/m/a%0d%0ab/index.json", "control"),
        ("/api/v1/mirrors/%ff", "not UTF-8"),
    ] {
        match Route::parse(path) {
            Err(error @ RouteError::Malformed { .. }) => {
                assert!(error.to_string().contains(problem), "{path}: {error}");
            }
            other => panic!("{path}: {other:?}"),
        }
    }
    let long = format!("/mirrors/m/build_cache/{}", "a".repeat(5000));
    assert_eq!(Route::parse(&long), Err(RouteError::TooLong(long.len())));
}

#[test]
fn unknown_paths() {
    for path in [
        "/mirrors/",
        "/mirrors/m/build_cache",
        "/mirrors/m/build_cache/x.spec.json",
        "/mirrors/m/_source-cache/archive/0f/0f.tar.gz",
        "/mirrors/M/build_cache/index.json",
        "/mirrors/build_cache/index.json",
        "/api/v1",
        "/api/v1/mirrors/m/nothing",
        "/api/v1/mirrors/m/specs/UPPER",
        "/api/v2/mirrors",
        "/elsewhere",
        "/auth",
        "/auth/token/",
        // The folders must agree with the file name.
        "/mirrors/m/build_cache/a-b-c/gcc-1/x-1/a-b-c-gcc-1-x-2-rjsbs2wcromwrvwrsr3ctrxojaokif4e.spack",
        "/mirrors/m/v3/manifests/spec/zlib/bzip2-1-rjsbs2wcromwrvwrsr3ctrxojaokif4e.spec.manifest.json",
        "/mirrors/m/blobs/sha256/00/0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
    ] {
        match Route::parse(path) {
            Err(RouteError::Unknown(_) | RouteError::Malformed { problem: "is empty", .. }) => {}
            other => panic!("{path}: {other:?}"),
        }
    }
}

#[test]
fn api_routes_take_encoded_mirror_names() {
    let mirror = || "opt/a/b".parse().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(Route::parse("/api/v1/mirrors/opt%2Fa%2Fb"), Ok(Route::Mirror(mirror())));
    assert_eq!(Route::parse("/api/v1/mirrors/opt%2Fa%2Fb/specs/rjs"), Ok(Route::Spec(mirror(), "rjs".into())));
    assert_eq!(Route::parse("/api/v1/mirrors"), Ok(Route::Mirrors));
    assert_eq!(Route::parse("/api/v1/openapi.json"), Ok(Route::OpenApi));
    assert_eq!(Route::parse("/auth/token"), Ok(Route::AuthToken));
    assert_eq!(Route::parse("/mirrors/opt/a/b/"), Ok(Route::MirrorRoot(mirror())));
}
