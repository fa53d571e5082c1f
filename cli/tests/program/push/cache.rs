//! A cache that builds are filling: several mount points, packages half written, and conflicts.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, channel},
    },
    thread,
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

use super::{fixture, larder_push, mirror::Mirror, write_package};
use crate::{
    said::{assert_said, text},
    server::Fault,
};

/// How long a program may take to do what it is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// A `larder push --watch` under way.
struct Watch {
    child: Child,
    lines: Receiver<String>,
    heard: String,
}

impl Watch {
    fn start(folder: &Path, url: &str, arguments: &[&str]) -> Self {
        let mut command = larder_push(folder, url);
        command.args(["--watch", "--interval", "1"]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines, heard: String::new() }
    }

    /// Waits until it says something with these words.
    #[track_caller]
    fn hear(&mut self, words: &str) {
        while !self.heard.lines().any(|line| line.contains(words)) {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.heard += &format!("{line}\n"),
                Err(error) => panic!("it did not say `{words}` ({error}) but\n{}", self.heard),
            }
        }
    }

    /// Presses Ctrl-C.
    fn end(mut self) -> Output {
        assert!(Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap().success());
        let mut output = self.child.wait_with_output().unwrap();
        self.heard.extend(self.lines.iter().map(|line| line + "\n"));
        output.stderr = self.heard.into_bytes();
        output
    }
}

/// Whether a server has the manifest of a made-up package below this mount point.
fn has(server: &Mirror, mount: &str, letter: char) -> bool {
    let name = format!("zlib-1.3.1-{}.spec.manifest.json", letter.to_string().repeat(32));
    server.objects().keys().any(|path| path.starts_with(mount) && path.ends_with(&name))
}

fn make_old(file: &Path) {
    let time = SystemTime::now() - Duration::from_secs(25 * 60 * 60);
    File::options().write(true).open(file).unwrap().set_modified(time).unwrap();
}

#[test]
fn every_mount_point_goes_to_a_mirror_of_its_own() {
    let (root, server) = (TempDir::new().unwrap(), Mirror::start());
    write_package(&root.path().join("user-environment"), 'a', b"one");
    write_package(&root.path().join("opt/a/b"), 'b', b"two");
    fs::write(root.path().join("cache.yaml"), "root: x\n").unwrap();
    let output = larder_push(root.path(), &server.url()).output().unwrap();
    let url = server.url();
    let stderr =
        [format!("to {url}/user-environment"), format!("to {url}/opt/a/b"), "/opt/a/b: zlib /bbbbbbb".to_owned()];
    assert_said(&output, 0, &["pushed 2, skipped 0, failed 0"], &stderr.each_ref().map(String::as_str));
    assert!(has(&server, "user-environment/", 'a') && has(&server, "opt/a/b/", 'b'));
    assert_eq!(server.objects().len(), 6, "each has its own blobs");
    assert_said(&larder_push(root.path(), &url).output().unwrap(), 0, &["pushed 0, skipped 2, failed 0"], &[]);
}

#[test]
fn ctrl_c_leaves_whole_mount_points_and_says_so() {
    let server = Mirror::start_with(|request| {
        if request.method == "PUT" {
            thread::sleep(Duration::from_millis(500));
        }
        None
    });
    let root = TempDir::new().unwrap();
    write_package(&root.path().join("a"), 'a', b"one");
    write_package(&root.path().join("b"), 'b', b"two");
    let mut command = larder_push(root.path(), &server.url());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while server.paths("PUT").is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_said(&output, 130, &["failed 0, not tried "], &["Run the same command again"]);
    assert!(!has(&server, "b/", 'b'));
    assert_said(&larder_push(root.path(), &server.url()).output().unwrap(), 0, &["failed 0:"], &[]);
    assert!(has(&server, "a/", 'a') && has(&server, "b/", 'b'));
}

#[test]
fn a_mount_point_that_is_no_name_fails_and_the_others_go() {
    let (root, server) = (TempDir::new().unwrap(), Mirror::start());
    write_package(&root.path().join("User"), 'a', b"one");
    write_package(&root.path().join("opt"), 'b', b"two");
    let output = larder_push(root.path(), &server.url()).output().unwrap();
    assert_said(
        &output,
        1,
        &["pushed 1, skipped 0, failed 1"],
        &["User` cannot be the name of a mirror", "larder push DIR URL"],
    );
    assert!(has(&server, "opt/", 'b'));
}

#[test]
fn a_url_of_all_mirrors_does_for_a_cache_and_not_for_a_mirror() {
    let url = "https://larder.example.org/mirrors";
    let output = larder_push(&fixture("mirror-v2"), url).output().unwrap();
    let wanted = "such as https://larder.example.org/mirrors/user-environment";
    assert_said(&output, 2, &[], &["is one mirror, so the URL has to name it", wanted, "larder stackinator migrate"]);
    let output = larder_push(&fixture("mirror-v3"), url).output().unwrap();
    assert_said(&output, 2, &[], &[wanted]);
    assert!(!text(&output.stderr).contains("migrate"));
}

#[test]
fn a_cache_is_pushed_as_it_is_written_and_nothing_half_written() {
    let (root, server) = (TempDir::new().unwrap(), Mirror::start());
    let mut watch = Watch::start(root.path(), &server.url(), &[]);
    watch.hear("no packages yet");

    let mount = root.path().join("user-environment");
    write_package(&mount, 'a', b"one");
    watch.hear("pushed zlib /aaaaaaa");

    // In Spack's order, and in the worst one: the manifest before all of its tarball.
    let (manifest, tarball) = write_package(&mount, 'b', b"the whole tarball");
    let whole = fs::read_to_string(&manifest).unwrap();
    fs::write(&tarball, "the whole").unwrap();
    fs::write(&manifest, &whole[..whole.len() / 2]).unwrap();
    watch.hear("waiting for zlib /bbbbbbb: the manifest is cut short");
    fs::write(&manifest, &whole).unwrap();
    watch.hear("waiting for zlib /bbbbbbb: the tarball does not have the length");
    // The length fits, and the bytes do not yet.
    fs::write(&tarball, "the whole tarba\0\0").unwrap();
    watch.hear("waiting for zlib /bbbbbbb: the tarball does not have the digest");
    assert!(!has(&server, "user-environment/", 'b'));
    fs::write(&tarball, "the whole tarball").unwrap();
    watch.hear("pushed zlib /bbbbbbb");

    // Another mount point turns up.
    write_package(&root.path().join("opt"), 'c', b"three");
    watch.hear("zlib /ccccccc (");
    let output = watch.end();
    assert_said(&output, 0, &["pushed 3, skipped 0, failed 0"], &["Ctrl-C ends it"]);
    assert_eq!(text(&output.stderr).matches("waiting for").count(), 3, "each thing is said once");
    let sent = server.requests().into_iter().filter(|request| request.method == "PUT").map(|request| request.body);
    assert!(!sent.map(|body| text(&body)).any(|body| body == "the whole" || body.contains('\0')));
}

#[test]
fn what_is_half_written_when_watching_ends_is_told() {
    let (root, server) = (TempDir::new().unwrap(), Mirror::start());
    let mount = root.path().join("user-environment");
    write_package(&mount, 'a', b"one");
    let (_, tarball) = write_package(&mount, 'b', b"two");
    fs::remove_file(tarball).unwrap();
    let mut watch = Watch::start(root.path(), &server.url(), &[]);
    watch.hear("Watching ");
    let reason = "zlib /bbbbbbb: its tarball is not in the folder: blobs/sha256/";
    assert_said(&watch.end(), 1, &["pushed 1, skipped 0, failed 1"], &["waiting for", "Not pushed:", reason]);
}

#[test]
fn watching_goes_on_when_the_server_was_away() {
    let (root, is_back) = (TempDir::new().unwrap(), Arc::new(AtomicBool::new(false)));
    let back = Arc::clone(&is_back);
    let server = Mirror::start_with(move |_| (!back.load(Ordering::SeqCst)).then(|| Fault::status(503)));
    write_package(&root.path().join("user-environment"), 'a', b"one");
    let mut watch = Watch::start(root.path(), &server.url(), &[]);
    watch.hear("FAILED zlib /aaaaaaa");
    is_back.store(true, Ordering::SeqCst);
    watch.hear("pushed zlib /aaaaaaa");
    assert_said(&watch.end(), 0, &["pushed 1, skipped 0, failed 0"], &[]);
}

#[test]
fn a_package_refused_for_want_of_its_key_goes_when_the_key_has_come() {
    let (root, known) = (TempDir::new().unwrap(), AtomicBool::new(false));
    let server = Mirror::start_with(move |request| {
        known.fetch_or(request.path.ends_with(".pub"), Ordering::SeqCst);
        let is_refused = request.path.contains("manifest") && request.method == "PUT" && !known.load(Ordering::SeqCst);
        is_refused.then(|| Fault::larder(403, "untrusted", "no key of this mirror signed it", ""))
    });
    write_package(root.path(), 'a', b"one");
    let mut watch = Watch::start(root.path(), &server.url(), &[]);
    watch.hear("FAILED zlib /aaaaaaa");
    let keys = root.path().join("build_cache/_pgp");
    fs::create_dir_all(&keys).unwrap();
    fs::write(keys.join(format!("{}.pub", "A".repeat(40))), "a key").unwrap();
    watch.hear("pushed zlib /aaaaaaa");
    assert_said(&watch.end(), 0, &["pushed 2, skipped 0, failed 0"], &[]);
}

#[test]
fn watching_ends_when_the_token_may_not_push() {
    let (root, server) =
        (TempDir::new().unwrap(), Mirror::start_with(|_| Some(Fault::larder(403, "forbidden", "no", ""))));
    write_package(&root.path().join("user-environment"), 'a', b"one");
    let output = larder_push(root.path(), &server.url()).args(["--watch", "--interval", "1"]).output().unwrap();
    assert_said(&output, 1, &["pushed 0, skipped 0, failed 1"], &["Stopped early"]);
}

#[test]
fn half_written_packages_are_left_out_and_removed_when_they_are_old() {
    let (root, server) = (TempDir::new().unwrap(), Mirror::start());
    write_package(root.path(), 'a', b"one");
    let mut partial = Vec::new();
    for (letter, tarball, becomes) in
        [('b', "missing", None), ('c', "too short", Some("too sh")), ('d', "otherwise", Some("0therwise"))]
    {
        let (manifest, blob) = write_package(root.path(), letter, tarball.as_bytes());
        match becomes {
            Some(bytes) => fs::write(&blob, bytes).unwrap(),
            None => fs::remove_file(&blob).unwrap(),
        }
        partial.push((manifest, blob));
    }
    let (manifest, blob) = write_package(root.path(), 'e', b"cut");
    fs::write(&manifest, "{\"version\": 3, \"da").unwrap();
    partial.push((manifest, blob));
    let push = |arguments: &[&str]| {
        larder_push(root.path(), &server.url()).arg("--prune-partial").args(arguments).output().unwrap()
    };

    // What is new may still be being written.
    let left_out = ["b", "c", "d", "e"].map(|letter| format!("left out zlib /{}", letter.repeat(7)));
    assert_said(
        &push(&[]),
        0,
        &["pushed 1, skipped 0, failed 0, left out 4:"],
        &left_out.each_ref().map(String::as_str),
    );
    assert!(partial.iter().all(|(manifest, _)| manifest.exists()));

    // Both files have to be old.
    partial.iter().for_each(|(manifest, _)| make_old(manifest));
    let output = push(&["--dry-run"]);
    assert_said(
        &output,
        0,
        &["would push 1, failed 0, left out 2, would be removed 2:"],
        &["would be removed zlib /bbbbbbb"],
    );
    partial.iter().filter(|(_, blob)| blob.exists()).for_each(|(_, blob)| make_old(blob));
    let output = push(&["--dry-run"]);
    assert_said(&output, 0, &["would push 1, failed 0, would be removed 4:"], &[]);
    assert!(partial.iter().all(|(manifest, _)| manifest.exists()), "a dry run removes nothing");

    assert_said(
        &push(&[]),
        0,
        &["pushed 0, skipped 1, failed 0, removed 4:"],
        &["removed zlib /ccccccc: the tarball does not"],
    );
    for (index, (manifest, blob)) in partial.iter().enumerate() {
        assert!(!manifest.exists(), "{}", manifest.display());
        // The tarball of the cut manifest is not known to be wrong.
        assert_eq!(blob.exists(), index == 3, "{}", blob.display());
    }
    assert_said(&push(&[]), 0, &["pushed 0, skipped 1, failed 0:"], &[]);
}

#[test]
fn a_tarball_without_a_spec_file_is_removed_when_it_is_old() {
    let (root, server) = (TempDir::new().unwrap(), Mirror::start());
    let tarball = root.path().join(
        "build_cache/linux-debian12-zen2/gcc-12.2.0/zlib-1.3.1/linux-debian12-zen2-gcc-12.2.0-zlib-1.3.1-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.spack",
    );
    fs::create_dir_all(tarball.parent().unwrap()).unwrap();
    fs::write(&tarball, "half").unwrap();
    let push = |arguments: &[&str]| larder_push(root.path(), &server.url()).args(arguments).output().unwrap();
    assert_said(&push(&[]), 0, &["pushed 0, skipped 0, failed 0:"], &["1 other file ignored"]);
    assert_said(&push(&["--prune-partial"]), 0, &["left out 1:"], &["it belongs to no spec file"]);
    make_old(&tarball);
    assert!(tarball.exists());
    assert_said(&push(&["--prune-partial"]), 0, &["removed 1:"], &["it belongs to no spec file"]);
    assert!(!tarball.exists() && server.requests().is_empty());
}

#[test]
fn a_signature_cut_short_is_half_written() {
    let (root, server) = (TempDir::new().unwrap(), Mirror::start());
    let (manifest, _) = write_package(root.path(), 'a', b"one");
    let json = fs::read_to_string(&manifest).unwrap();
    let signed = |end: &str| {
        format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{json}\n-----BEGIN PGP SIGNATURE-----\n\niQEz\n{end}"
        )
    };
    fs::write(&manifest, signed("")).unwrap();
    let output = larder_push(root.path(), &server.url()).output().unwrap();
    assert_said(&output, 1, &["failed 1"], &["zlib /aaaaaaa: the manifest is cut short", "The mirror is incomplete"]);
    assert!(server.requests().is_empty());
    fs::write(&manifest, signed("-----END PGP SIGNATURE-----\n")).unwrap();
    assert_said(&larder_push(root.path(), &server.url()).output().unwrap(), 0, &["pushed 1"], &[]);
}

#[test]
fn what_the_server_has_with_other_bytes_is_skipped_if_asked_for() {
    let server = Mirror::start_with(|request| {
        let is_conflict = request.method == "PUT" && request.path.contains("manifest");
        is_conflict.then(|| Fault::larder(409, "conflict", "zlib is stored with other bytes", ""))
    });
    let root = TempDir::new().unwrap();
    write_package(root.path(), 'a', b"one");
    let push = |arguments: &[&str]| larder_push(root.path(), &server.url()).args(arguments).output().unwrap();
    assert_said(&push(&[]), 1, &["failed 1"], &["stored with other bytes (HTTP 409)"]);
    let output = push(&["--skip-conflicts", "--verbose"]);
    assert_said(
        &output,
        0,
        &["pushed 0, skipped 1, failed 0"],
        &["skipped zlib /aaaaaaa: it is there with other bytes"],
    );
}
