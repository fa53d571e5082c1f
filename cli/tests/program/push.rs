//! `larder push`.

#[cfg(unix)]
mod cache;
pub(crate) mod mirror;

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use larder_shared::{
    digest::Digest,
    layout::manifest::{BlobRecord, Manifest, SPEC_V5, TARBALL},
};
use tempfile::TempDir;

use crate::{
    said::{assert_said, text},
    server::{Fault, Reply, Request},
};
use mirror::Mirror;

/// A mirror that Spack wrote; `tests/fixtures/README.md` says how.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name)
}

/// `larder push` with a token and short pauses.
fn larder_push(folder: &Path, url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
    command.arg("push").arg(folder).arg(url).args(["--first-pause-ms", "10"]);
    command.env("LARDER_TOKEN", "sesame\n").env_remove("SSL_CERT_FILE").stdin(Stdio::null());
    command
}

/// Every file below `folder` by its path there.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}

/// What a server should hold of a v2 mirror: spec files and keys under their path, tarballs as blobs.
fn expected_of_v2(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let is_derived = |path: &str| path.contains("index.json");
    files(folder)
        .into_iter()
        .filter(|(path, _)| !is_derived(path))
        .map(|(path, bytes)| if path.ends_with(".spack") { (blob_path(&bytes), bytes) } else { (path, bytes) })
        .collect()
}

fn blob_path(bytes: &[u8]) -> String {
    let digest = Digest::of(bytes);
    format!("blobs/sha256/{}/{digest}", digest.shard())
}

/// A v3 mirror of one made-up package with a tarball of so many bytes.
fn made_up_mirror(tarball_bytes: usize) -> TempDir {
    let mirror = TempDir::new().unwrap();
    write_package(mirror.path(), 'a', &vec![7; tarball_bytes]);
    mirror
}

/// Writes a made-up package into a v3 mirror, its hash a letter over and over. Returns where its
/// manifest and its tarball lie.
fn write_package(mirror: &Path, letter: char, tarball: &[u8]) -> (PathBuf, PathBuf) {
    let spec = b"spec".to_vec();
    let record = |media_type: &str, bytes: &[u8]| BlobRecord::new(media_type, Digest::of(bytes), bytes.len() as u64);
    let manifest = Manifest::new(vec![record(TARBALL, tarball), record(SPEC_V5, &spec)]).to_json();
    let hash = letter.to_string().repeat(32);
    let name = format!("v3/manifests/spec/zlib/zlib-1.3.1-{hash}.spec.manifest.json");
    for (path, bytes) in [(&name, manifest.as_bytes()), (&blob_path(tarball), tarball), (&blob_path(&spec), &spec[..])]
    {
        let path = mirror.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    (mirror.join(name), mirror.join(blob_path(tarball)))
}

fn is_blob_put(request: &Request) -> bool {
    request.method == "PUT" && request.path.starts_with("blobs/")
}

#[test]
fn a_mirror_arrives_whole_and_blobs_come_first() {
    for (name, summary) in [
        ("mirror-v2-unsigned", "pushed 18, skipped 0, failed 0"),
        ("mirror-v2", "pushed 54, skipped 0, failed 0"),
        ("mirror-v3", "pushed 54, skipped 0, failed 0"),
    ] {
        let (folder, server) = (fixture(name), Mirror::start());
        let output = larder_push(&folder, &server.url()).output().unwrap();
        assert_said(&output, 0, &[summary], &["to http://127.0.0.1", "pushed zlib /wo6fab6"]);

        let objects = server.objects();
        if name.starts_with("mirror-v2") {
            assert!(objects == expected_of_v2(&folder), "{name}: {:?}", objects.keys());
        } else {
            let files = files(&folder);
            assert!(objects.iter().all(|(path, bytes)| files.get(path) == Some(bytes)), "{:?}", objects.keys());
            assert_eq!(objects.keys().filter(|path| path.starts_with("v3/manifests/spec/")).count(), 53);
            assert!(!objects.keys().any(|path| path.contains("index") || path.contains("keys.manifest")));
        }
        let puts = server.paths("PUT");
        assert_eq!(puts.len(), objects.len(), "{name}: nothing is sent twice");
        for (document, bytes) in objects.iter().filter(|(path, _)| !path.starts_with("blobs/")) {
            let at = puts.iter().position(|path| path == document).unwrap();
            let content = text(bytes);
            let is_named = |path: &&String| path.rsplit('/').next().is_some_and(|digest| content.contains(digest));
            let blobs = puts.iter().filter(|path| path.starts_with("blobs/")).filter(is_named);
            assert!(blobs.clone().all(|blob| puts.iter().position(|path| path == blob).unwrap() < at), "{document}");
            assert!(blobs.count() > 0 || document.contains("_pgp"), "{document}");
        }
        for request in server.requests() {
            assert_eq!(request.headers.get("authorization").unwrap(), "Bearer sesame");
            assert!(!request.headers.contains_key("transfer-encoding"));
        }
    }
}

#[test]
fn a_second_push_sends_no_blob() {
    let (folder, server) = (fixture("mirror-v3"), Mirror::start());
    assert_said(&larder_push(&folder, &server.url()).output().unwrap(), 0, &["pushed 54"], &[]);
    let (before, objects) = (server.requests().len(), server.objects());
    let output = larder_push(&folder, &server.url()).arg("--verbose").output().unwrap();
    assert_said(&output, 0, &["pushed 0, skipped 54, failed 0: 0 B sent"], &["skipped zlib /wo6fab6"]);
    // The document is looked for, and sent again so that the server can complete what a crash left.
    let again = server.requests().split_off(before);
    assert_eq!(again.len(), 2 * 54);
    assert!(again.iter().all(|request| request.path.starts_with("v3/")));
    assert!(server.objects() == objects);
}

#[test]
fn a_push_goes_on_where_it_was_interrupted() {
    let (folder, server) = (fixture("mirror-v2-unsigned"), Mirror::start());
    let mut expected = expected_of_v2(&folder);
    let there: Vec<_> = expected.keys().filter(|path| path.starts_with("blobs/")).take(7).cloned().collect();
    for path in &there {
        server.store(path, &expected[path]);
    }
    assert_said(&larder_push(&folder, &server.url()).output().unwrap(), 0, &["pushed 18"], &[]);
    assert!(server.objects() == expected);
    expected.retain(|path, _| !there.contains(path));
    let mut puts = server.paths("PUT");
    puts.sort_unstable();
    assert_eq!(puts, expected.into_keys().collect::<Vec<_>>());
}

#[test]
fn passing_faults_are_tried_again() {
    let faults = [Fault::status(503), Fault::status(500), Fault::status(408), Fault::Cut { after: 100 }];
    let server = Mirror::start_with(move |request| faults.get(request.earlier).cloned());
    let folder = fixture("mirror-v2-unsigned");
    let output = larder_push(&folder, &server.url()).arg("--verbose").output().unwrap();
    assert_said(&output, 0, &["pushed 18, skipped 0, failed 0"], &["(HTTP 503); trying again in 0.0 s"]);
    assert!(server.objects() == expected_of_v2(&folder));
    // Two HEADs and two PUTs for each package, five times each.
    assert_eq!(server.requests().len(), 18 * 4 * 5);
}

#[test]
fn a_lasting_fault_is_given_up_after_five_tries_and_told() {
    let server = Mirror::start_with(|request| {
        (is_blob_put(request) && request.path.contains("/69/")).then(|| Fault::status(502))
    });
    let folder = fixture("mirror-v3");
    let output = larder_push(&folder, &server.url()).output().unwrap();
    let unlucky = server.paths("PUT").into_iter().filter(|path| path.contains("/69/")).count();
    assert!(unlucky > 0 && unlucky % 5 == 0, "{unlucky}");
    let failed = unlucky / 5;
    let summary = format!("pushed {}, skipped 0, failed {failed}:", 54 - failed);
    assert_said(&output, 1, &[&summary], &["Not pushed:", "was not taken: the server answered Bad Gateway (HTTP 502)"]);
    let documents = server.objects().keys().filter(|path| path.starts_with("v3/")).count();
    assert_eq!(documents, 54 - failed, "a package without its blobs stays invisible");
}

#[test]
fn the_server_says_how_long_to_wait() {
    let slow_down = Fault::Answer(Reply { status: 429, headers: "Retry-After: 1\r\n", body: Vec::new() });
    let server =
        Mirror::start_with(move |request| (is_blob_put(request) && request.earlier == 0).then(|| slow_down.clone()));
    let mirror = made_up_mirror(100);
    assert_said(&larder_push(mirror.path(), &server.url()).output().unwrap(), 0, &["pushed 1,"], &[]);
    let tries: Vec<Instant> = server.requests().iter().filter(|request| is_blob_put(request)).map(|r| r.at).collect();
    assert_eq!(tries.len(), 4);
    assert!(tries[1] - tries[0] >= Duration::from_secs(1) && tries[3] - tries[2] >= Duration::from_secs(1));
}

#[test]
fn a_conflict_is_told_without_sending_the_blobs() {
    let folder = fixture("mirror-v2-unsigned");
    let is_zlib = |path: &str| path.contains("-zlib-1") && path.ends_with(".spec.json");
    let server = Mirror::start_with(move |request| {
        let conflict = || Fault::larder(409, "conflict", "zlib is stored with other bytes", "Remove it first.");
        (request.method == "PUT" && is_zlib(&request.path)).then(conflict)
    });
    let path = expected_of_v2(&folder).into_keys().find(|path| is_zlib(path)).unwrap();
    server.store(&path, b"other bytes");
    let output = larder_push(&folder, &server.url()).output().unwrap();
    let reason = "zlib /wo6fab6: the spec file was not taken: zlib is stored with other bytes (HTTP 409)\n      Remove it first.";
    assert_said(&output, 1, &["pushed 17, skipped 0, failed 1:"], &[reason]);
    assert_eq!(server.paths("PUT").iter().filter(|put| **put == path).count(), 1, "a 409 is final");
    assert_eq!(server.objects().keys().filter(|path| path.starts_with("blobs/")).count(), 17);
}

#[test]
fn a_document_derived_from_another_layout_is_replaced() {
    // The server derived a manifest from a v2 push: it has the tarball, not this spec blob.
    let blob_unknown = Fault::larder(422, "blob_unknown", "a blob is missing", "");
    let is_manifest = |request: &Request| request.path.starts_with("v3/");
    let server = Mirror::start_with(move |request| match (request.method.as_str(), request.earlier) {
        ("HEAD", _) if is_manifest(request) => Some(Fault::status(200)),
        ("PUT", 0) if is_manifest(request) => Some(blob_unknown.clone()),
        _ => None,
    });
    let mirror = made_up_mirror(100);
    assert_said(&larder_push(mirror.path(), &server.url()).output().unwrap(), 0, &["pushed 1,"], &[]);
    assert!(server.objects() == files(mirror.path()));
}

#[test]
fn a_body_the_host_refuses_is_told_plainly() {
    // Large enough that the connection closes while it is being sent.
    let mirror = made_up_mirror(32 << 20);
    let server = Mirror::start_with(|request| is_blob_put(request).then_some(Fault::Refuse { status: 413 }));
    let output = larder_push(mirror.path(), &server.url()).output().unwrap();
    let reason =
        "the tarball was not taken: 33554432 bytes are more than the server's host takes in one request (HTTP 413)";
    assert_said(&output, 1, &["pushed 0, skipped 0, failed 1:"], &["zlib /aaaaaaa", reason]);
}

#[test]
fn a_token_that_may_not_push_ends_it_at_once() {
    let server = Mirror::start_with(|request| {
        (request.method == "PUT")
            .then(|| Fault::larder(403, "forbidden", "this token may not push", "Make one that may."))
    });
    let output = larder_push(&fixture("mirror-v3"), &server.url()).args(["--jobs", "4"]).output().unwrap();
    let reason = "this token may not push (HTTP 403)\n      Make one that may.";
    assert_said(&output, 1, &["pushed 0, skipped 0, failed 1, not tried 53:"], &[reason, "Stopped early"]);
    assert_eq!(server.paths("PUT").len(), 1, "the one key goes before the packages");
}

#[test]
fn a_server_that_is_not_there_is_told_once() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for host in [free.to_string(), "no-such-host.invalid".to_owned()] {
        let url = format!("http://{host}/mirrors/m");
        let output = larder_push(&fixture("mirror-v2-unsigned"), &url).args(["--jobs", "2"]).output().unwrap();
        assert_said(&output, 1, &["pushed 0,", "not tried"], &["the server cannot be reached", "Stopped early"]);
        assert_eq!(text(&output.stderr).matches("Check the URL").count(), 1);
    }
}

#[test]
fn a_damaged_tarball_is_not_sent() {
    let mirror = made_up_mirror(100);
    let tarball = files(mirror.path()).into_iter().find(|(_, bytes)| bytes.len() == 100).unwrap().0;
    fs::write(mirror.path().join(tarball), [8; 100]).unwrap();
    let server = Mirror::start();
    let output = larder_push(mirror.path(), &server.url()).output().unwrap();
    let reason = "zlib /aaaaaaa: the tarball does not have the digest its manifest names: it has sha256 ";
    assert_said(&output, 1, &["pushed 0, skipped 0, failed 1"], &[reason]);
    assert!(server.paths("PUT").is_empty());

    let output = larder_push(mirror.path(), &server.url()).arg("--dry-run").output().unwrap();
    assert_said(&output, 1, &["would push 0, failed 1"], &[reason]);
}

#[test]
fn a_dry_run_asks_nothing_and_needs_no_token() {
    let server = Mirror::start();
    let mut command = larder_push(&fixture("mirror-v2"), &server.url());
    let output = command.arg("--dry-run").env_remove("LARDER_TOKEN").output().unwrap();
    assert_said(
        &output,
        0,
        &["would push 54, failed 0: 0 B sent"],
        &["53 packages and 1 key, ", "would push zlib /wo6fab6"],
    );
    assert!(server.requests().is_empty());
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_between_two_requests_and_says_how_to_go_on() {
    let server = Mirror::start_with(|request| {
        if is_blob_put(request) {
            thread::sleep(Duration::from_millis(200));
        }
        None
    });
    let folder = fixture("mirror-v2-unsigned");
    let mut command = larder_push(&folder, &server.url());
    let child = command.args(["--jobs", "2"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while server.paths("PUT").is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_said(&output, 130, &["failed 0, not tried"], &["Ctrl-C again stops at once", "Run the same command again"]);
    let objects = server.objects();
    assert!(objects.values().all(|bytes| !bytes.is_empty()) && objects.len() < 36);

    assert_said(&larder_push(&folder, &server.url()).output().unwrap(), 0, &["failed 0"], &[]);
    assert!(server.objects() == expected_of_v2(&folder));
}

#[test]
fn what_cannot_begin_says_why() {
    let (url, empty) = ("https://larder.example.org/mirrors/m", TempDir::new().unwrap());
    let folder = fixture("mirror-v2");
    let refused = larder_push(empty.path(), url).output().unwrap();
    assert_said(&refused, 2, &[], &["is not a Spack mirror", "`build_cache/`"]);
    let refused = larder_push(&folder, "https://larder.example.org/").output().unwrap();
    assert_said(&refused, 2, &[], &["expected https://<host>/mirrors/<mirror>"]);
    let refused = larder_push(&folder, url).env_remove("LARDER_TOKEN").output().unwrap();
    assert_said(&refused, 2, &[], &["--token <TOKEN>"]);
    let refused = larder_push(&folder, url).env("LARDER_TOKEN", "").output().unwrap();
    assert_said(&refused, 2, &[], &["the token is empty"]);
    let refused = larder_push(&folder, url).env("SSL_CERT_FILE", folder.join("missing")).output().unwrap();
    assert_said(&refused, 2, &[], &["SSL_CERT_FILE names"]);
    let refused = larder_push(&folder, url).args(["--jobs", "0"]).output().unwrap();
    assert_said(&refused, 2, &[], &["1..=64"]);
}

#[test]
fn quiet_says_nothing_when_all_is_well() {
    let server = Mirror::start();
    let output = larder_push(&fixture("mirror-v2-unsigned"), &server.url()).arg("--quiet").output().unwrap();
    assert_said(&output, 0, &[], &[]);
    assert_eq!((text(&output.stdout).as_str(), text(&output.stderr).as_str()), ("", ""));
}

#[test]
fn help_and_version_are_there() {
    let larder = |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_larder")).args(arguments).output().unwrap();
    assert_said(&larder(&["--version"]), 0, &[concat!("larder ", env!("CARGO_PKG_VERSION"))], &[]);
    assert_said(&larder(&["push", "--help"]), 0, &["Examples:", "LARDER_TOKEN", "Exit status:"], &[]);
    assert_said(&larder(&[]), 2, &[], &["Usage: larder"]);
}
