//! `larder import`, where a registry asks for a token and keeps its blobs elsewhere. What a real registry and a real
//! Larder do is tested with those.

use std::process::{Command, Output, Stdio};

use larder_shared::digest::Digest;

use crate::{
    push::mirror::Mirror,
    said::assert_said,
    server::{Fault, Reply, Request, Server},
};

const STEM: &str = "linux-debian12-x86_64_v3-gcc-12.2.0-zlib-1.3.1-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const IMAGE: &str = "v2/org/repo/21.11/build_cache";
const TARBALL: &[u8] = b"the files of zlib";

/// A spec file that names the tarball.
fn spec_file() -> String {
    let digest = Digest::of(TARBALL);
    format!(
        r#"{{"spec":{{"_meta":{{"version":2}},"nodes":[{{"name":"zlib","version":"1.3.1","arch":{{"platform":"linux","platform_os":"debian12","target":"x86_64_v3"}},
        "compiler":{{"name":"gcc","version":"12.2.0"}},"namespace":"builtin","parameters":{{}},"hash":"{}"}}]}},
        "binary_cache_checksum":{{"hash_algorithm":"sha256","hash":"{digest}"}}}}"#,
        "a".repeat(32)
    )
}

/// The pages of a cache, and its registry.
fn answer(request: &Request) -> Reply {
    let ok = |body: String| Reply { status: 200, headers: "", body: body.into_bytes() };
    let host = format!("http://{}", request.headers["host"]);
    let (digest, bearer) = (Digest::of(TARBALL).to_oci(), request.headers.get("authorization").map(String::as_str));
    let path = request.path.as_str();
    if path.starts_with("v2/") && bearer != Some("Bearer for-everybody") {
        let challenge = format!("WWW-Authenticate: Bearer realm=\"{host}/token\",service=\"registry\"\r\n");
        return Reply { status: 401, headers: challenge.leak(), body: Vec::new() };
    }
    if path == format!("{IMAGE}/{STEM}.spack/blobs/{digest}") {
        return Reply { status: 307, headers: format!("Location: {host}/elsewhere\r\n").leak(), body: Vec::new() };
    }
    match path {
        "manifest/" => ok(format!(
            "\n\n{{\"keys\":[],\"packages\":[{{\"name\":\"{STEM}.spack:latest\",\"spec\":\"{host}/_cache/21.11/build_cache/other.spec.json\",\
             \"url\":\"ghcr.io/org/repo/21.11/build_cache/{STEM}.spack:latest\"}}]}}"
        )),
        "manifest/dates/" => ok(format!(
            "\n\n{{\"keys\":[],\"url_prefix\":\"{host}/_cache/\",\"dates\":[\"21.10/build_cache\",\"21.11/build_cache\"]}}"
        )),
        "elsewhere" if bearer.is_none() => Reply { status: 200, headers: "", body: TARBALL.to_vec() },
        path if path == format!("_cache/21.11/build_cache/{STEM}.spec.json") => ok(spec_file()),
        path if path == format!("{IMAGE}/{STEM}.spack/manifests/latest") => {
            ok(format!(r#"{{"schemaVersion":2,"layers":[{{"digest":"{digest}","size":{}}}]}}"#, TARBALL.len()))
        }
        path if path.starts_with("token?") => {
            assert!(path.contains("service=registry") && path.contains("%2Fbuild_cache%2F"), "{path}");
            ok(r#"{"token":"for-everybody"}"#.to_owned())
        }
        _ => Reply::status(404),
    }
}

fn import(site: &Server, mirror: &Mirror) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
    command.args(["import", &site.url(), &mirror.url(), "--registry", &site.url(), "--first-pause-ms", "10"]);
    command.env("LARDER_TOKEN", "sesame\n").env_remove("SSL_CERT_FILE").stdin(Stdio::null());
    command.output().unwrap()
}

#[test]
fn a_token_for_everybody_is_asked_for_and_goes_nowhere_else() {
    // Once the registry is not ready.
    let busy = |request: &Request| {
        (request.path.ends_with("manifests/latest") && request.earlier == 0).then(|| Fault::status(503))
    };
    let (site, mirror) = (Server::start("", answer, busy), Mirror::start());
    assert_said(&import(&site, &mirror), 0, &[], &["1 fetched, 0 there already, 0 failed", "trying again"]);
    let objects = mirror.objects();
    assert!(objects.values().any(|bytes| bytes == TARBALL), "the tarball was pushed");
    assert!(objects.contains_key(&format!("build_cache/{STEM}.spec.json")));
    for request in site.requests() {
        let sent = request.headers.get("authorization").map(String::as_str);
        assert!([None, Some("Bearer for-everybody")].contains(&sent), "{}: {sent:?}", request.path);
    }
}

#[test]
fn bytes_that_are_not_what_the_registry_names_are_not_taken() {
    let other = |request: &Request| {
        let reply = Reply { status: 200, headers: "", body: b"other bytes".to_vec() };
        (request.path == "elsewhere").then_some(Fault::Answer(reply))
    };
    let (site, mirror) = (Server::start("", answer, other), Mirror::start());
    assert_said(&import(&site, &mirror), 1, &[], &["FAILED", "other bytes than its manifest names"]);
    assert!(mirror.objects().is_empty());
}
