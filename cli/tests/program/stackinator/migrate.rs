//! `larder stackinator migrate`.

use std::{collections::BTreeMap, fs, path::Path, process::Stdio, thread, time::Duration};

use super::Site;
use crate::{
    push::files,
    said::{assert_said, text},
};

/// A cache of both layouts from before, with some packages' worth of files.
fn old_cache(site: &Site) -> BTreeMap<String, Vec<u8>> {
    for number in 0..8 {
        site.write(&format!("cache/build_cache/linux/gcc/package-{number}.spack"), &format!("tarball {number}"));
        site.write(&format!("cache/build_cache/package-{number}.spec.json"), &format!("spec {number}"));
        site.write(&format!("cache/blobs/sha256/aa/{number}"), &format!("blob {number}"));
        site.write(&format!("cache/v3/manifests/spec/p/{number}.spec.manifest.json"), &format!("manifest {number}"));
    }
    site.write("cache/notes.txt", "stays");
    files(&site.scratch("cache"))
}

/// Where each file of an old cache lies in the new one.
fn moved(old: &BTreeMap<String, Vec<u8>>, mount: &str) -> BTreeMap<String, Vec<u8>> {
    let place = |path: &str| if path == "notes.txt" { path.to_owned() } else { format!("{mount}/{path}") };
    old.iter().map(|(path, bytes)| (place(path), bytes.clone())).collect()
}

/// Every file by its path without the mount point: what must never change.
fn contents(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = files(root).into_iter();
    files.map(|(path, bytes)| (path.trim_start_matches("user-environment/").to_owned(), bytes)).collect()
}

#[test]
fn a_cache_is_moved_under_its_mount_point() {
    for (mount, arguments) in [("user-environment", vec![]), ("opt/a/b", vec!["--mount", "/opt/a/b"])] {
        let site = Site::new();
        let old = old_cache(&site);
        let run = |more: &[&str]| site.run(&[&["migrate", "cache"], &arguments[..], more].concat());

        let would = format!("would move cache/build_cache to cache/{mount}/build_cache");
        assert_said(&run(&["--dry-run"]), 0, &[&would, "would move cache/v3"], &[]);
        assert!(files(&site.scratch("cache")) == old, "a dry run changes nothing");
        assert!(!site.scratch("cache").join(mount).exists());

        let did = format!("moved cache/build_cache to cache/{mount}/build_cache");
        assert_said(&run(&[]), 0, &[&did, "moved cache/blobs", "moved cache/v3"], &[]);
        assert!(files(&site.scratch("cache")) == moved(&old, mount));
        assert_said(&run(&[]), 0, &["is migrated already"], &[]);
        assert!(files(&site.scratch("cache")) == moved(&old, mount));
    }
}

/// What a migration does one after the other, each wholly or not at all. A kill leaves the state after
/// some of them.
#[test]
fn a_migration_killed_after_any_step_loses_nothing_and_goes_on() {
    type Step = fn(&Path);
    let steps: [Step; 4] = [
        |root| fs::create_dir(root.join("user-environment")).unwrap(),
        |root| fs::rename(root.join("build_cache"), root.join("user-environment/build_cache")).unwrap(),
        |root| fs::rename(root.join("blobs"), root.join("user-environment/blobs")).unwrap(),
        |root| fs::rename(root.join("v3"), root.join("user-environment/v3")).unwrap(),
    ];
    for done in 0..=steps.len() {
        let site = Site::new();
        let (old, root) = (old_cache(&site), site.scratch("cache"));
        steps[..done].iter().for_each(|step| step(&root));
        assert!(contents(&root) == old, "after {done} steps");
        assert_said(&site.run(&["migrate", "cache"]), 0, &[], &[]);
        assert!(files(&root) == moved(&old, "user-environment"), "after {done} steps");
    }
}

#[test]
fn a_migration_killed_at_any_time_loses_nothing_and_goes_on() {
    for attempt in 0..40_u64 {
        let site = Site::new();
        let (old, root) = (old_cache(&site), site.scratch("cache"));
        let mut command = site.command(&["migrate", "cache"]);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        // Later and later, until it is done before; between the moves by chance.
        thread::sleep(Duration::from_micros(attempt * 250));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(contents(&root) == old, "killed after {} µs", attempt * 250);
        assert_said(&site.run(&["migrate", "cache"]), 0, &[], &[]);
        assert!(files(&root) == moved(&old, "user-environment"));
    }
}

#[test]
fn nothing_is_written_over() {
    let site = Site::new();
    old_cache(&site);
    site.write("cache/user-environment/v3/manifests/x", "newer");
    let before = files(&site.scratch("cache"));
    let output = site.run(&["migrate", "cache"]);
    assert_said(&output, 2, &[], &["both hold packages", "Nothing was moved", "larder push"]);
    assert!(files(&site.scratch("cache")) == before);
}

#[test]
fn what_cannot_be_moved_says_why() {
    let site = Site::new();
    fs::create_dir(site.scratch("empty")).unwrap();
    site.write("cache/build_cache/x", "");
    fs::create_dir(site.scratch("linked")).unwrap();
    std::os::unix::fs::symlink(site.scratch("cache/build_cache"), site.scratch("linked/build_cache")).unwrap();
    for (arguments, reason) in [
        (vec!["none"], "none is not a directory that can be read"),
        (vec!["empty"], "holds no `build_cache`: there is nothing to move"),
        (vec!["linked"], "is a link"),
        (vec!["cache", "--mount", "user-environment"], "an absolute path such as /user-environment is expected"),
        (vec!["cache", "--mount", "/a/../b"], "an absolute path"),
        (vec!["cache", "--mount", "/build_cache"], "an absolute path"),
    ] {
        let output = site.run(&[&["migrate"], &arguments[..]].concat());
        assert_said(&output, 2, &[], &[reason]);
        assert_eq!(text(&output.stdout), "");
    }
    assert!(site.scratch("cache/build_cache/x").exists());
}
