//! `larder stackinator init`.

use std::fs;

use super::{Site, mode};
use crate::said::{assert_said, text};

/// What Stackinator lets these files say, by its schemas of November 2026: the fields of `cache.yaml`
/// and of a `buildcache`, and of the `access_pair` in it.
///
/// Panics with the line that it would refuse.
fn assert_stackinator_takes(yaml: &str) {
    let is_text = |value: &str| !value.is_empty() && !["null", "true", "false", "~"].contains(&value);
    let is_null = |value: &str| value == "null";
    let is_flag = |value: &str| ["true", "false"].contains(&value);
    let mut parents = vec![""];
    let mut seen = Vec::new();
    for line in yaml.lines().filter(|line| !line.starts_with('#')) {
        let depth = (line.len() - line.trim_start().len()) / 2;
        let (key, value) = line.trim().split_once(':').unwrap();
        let value = value.trim();
        parents.truncate(depth + 1);
        let takes = match (*parents.last().unwrap(), key) {
            ("", "root") => is_text(value),
            ("" | "buildcache", "key" | "private_key" | "public_key") => is_text(value) || is_null(value),
            ("", "buildcache") | ("buildcache", "access_pair") => value.is_empty(),
            ("buildcache", "url" | "fetch" | "push" | "name") => is_text(value),
            ("buildcache", "mount_specific" | "signed" | "autopush" | "source" | "binary") => is_flag(value),
            ("access_pair", "id" | "id_variable" | "secret_variable") => is_text(value),
            _ => false,
        };
        assert!(takes, "Stackinator refuses `{line}` in\n{yaml}");
        seen.push(key);
        parents.push(key);
    }
    let has = |key| seen.contains(&key);
    if has("root") {
        assert!(has("key"), "`key` is required, if only as null:\n{yaml}");
    } else {
        assert!(has("url") || has("fetch") && has("push"), "{yaml}");
        assert!(!has("access_pair") || has("secret_variable") && has("id") != has("id_variable"), "{yaml}");
    }
}

#[test]
fn a_cache_with_a_new_key_is_ready_to_use() {
    let site = Site::new();
    let output = site.run(&["init", "cache", "--new-key", ".keys/cache.key", "--name", "Our cache"]);
    assert_said(&output, 0, &["the private key", "--mirror ./mirrors.yaml", "larder push --watch"], &[]);
    let (root, key) = (site.scratch("cache"), site.scratch(".keys/cache.key"));
    assert!(root.is_dir());
    assert_eq!((mode(&key), mode(&site.scratch(".keys"))), (0o600, 0o700));
    let armored = fs::read_to_string(&key).unwrap();
    assert!(armored.starts_with("-----BEGIN PGP PRIVATE KEY BLOCK-----"), "by which Stackinator knows a key");
    assert!(fs::read_to_string(site.scratch(".keys/cache.key.pub")).unwrap().contains("PUBLIC KEY"));

    let cache = fs::read_to_string(site.scratch("cache.yaml")).unwrap();
    let mirrors = fs::read_to_string(site.scratch("mirrors.yaml")).unwrap();
    let (root, key) = (root.display(), key.display());
    assert!(cache.ends_with(&format!("\nroot: {root}\nkey: {key}\n")), "{cache}");
    let entry = format!("buildcache:\n  url: file://{root}\n  mount_specific: true\n  private_key: {key}\n");
    assert!(mirrors.ends_with(&entry), "{mirrors}");
    for yaml in [cache, mirrors] {
        assert_stackinator_takes(&yaml);
    }
    for file in ["cache.yaml", "mirrors.yaml"] {
        assert_said(&site.run(&["check", file]), 0, &[&format!("{file}: nothing is wrong")], &[]);
    }
}

#[test]
fn every_form_is_one_that_stackinator_takes() {
    let site = Site::new();
    site.run(&["init", "cache", "--new-key", "a.key", "--out", "made"]);
    let key: &[&str] = &["--key", "a.key"];
    for (url, key, expected) in [
        (None, &[][..], "url: file://"),
        (None, key, "private_key: /"),
        (Some("https://larder.example.org"), &[], "url: https://larder.example.org/mirrors\n"),
        (
            Some("https://larder.example.org/mirrors/alps"),
            key,
            "fetch: https://larder.example.org/mirrors/alps\n  push: file:///",
        ),
        (
            Some("oci://larder.example.org"),
            &[],
            "url: oci://larder.example.org\n  mount_specific: true\n  signed: false\n",
        ),
        (Some("oci://larder.example.org"), key, "    secret_variable: LARDER_TOKEN\n"),
    ] {
        let out = format!("out-{}-{}", url.is_some(), expected.len());
        let url: Vec<&str> = url.map_or_else(Vec::new, |url| vec!["--url", url]);
        let output = site.run(&[&["init", "cache", "--out", &out], &url[..], key].concat());
        assert_said(&output, 0, &["made"], &[]);
        let mirrors = fs::read_to_string(site.scratch(&out).join("mirrors.yaml")).unwrap();
        assert!(mirrors.contains(expected), "{expected}: {mirrors}");
        assert_stackinator_takes(&mirrors);
        assert_stackinator_takes(&fs::read_to_string(site.scratch(&out).join("cache.yaml")).unwrap());
        let file = format!("{out}/mirrors.yaml");
        assert_said(&site.run(&["check", &file]), 0, &["nothing is wrong"], &[]);
    }
}

#[test]
fn a_second_time_changes_nothing() {
    let site = Site::new();
    let arguments = ["init", "cache", "--new-key", "keys/a.key"];
    assert_said(&site.run(&arguments), 0, &[], &[]);
    let files = ["keys/a.key", "keys/a.key.pub", "cache.yaml", "mirrors.yaml"];
    let state = || {
        files.map(|file| {
            (fs::read(site.scratch(file)).unwrap(), fs::metadata(site.scratch(file)).unwrap().modified().unwrap())
        })
    };
    let before = state();
    let output = site.run(&arguments);
    assert_said(&output, 0, &["a.key, the private key that is there", "kept"], &[]);
    assert!(!text(&output.stdout).contains("made"), "{}", text(&output.stdout));
    assert!(state() == before);
}

#[test]
fn an_old_cache_is_taken_with_a_word_on_its_packages() {
    let site = Site::new();
    site.write("cache/build_cache/x", "");
    let output = site.run(&["init", "cache"]);
    assert_said(
        &output,
        0,
        &["Nothing is pushed by a build"],
        &["from before Stackinator 3", "larder stackinator migrate "],
    );
    assert!(site.scratch("cache/build_cache/x").exists());
}

#[test]
fn a_file_that_says_something_else_stays_and_nothing_is_made() {
    let site = Site::new();
    let other = "sourcecache:\n  path: /scratch/sources\n";
    site.write("mirrors.yaml", other);
    let output = site.run(&["init", "cache", "--new-key", "a.key"]);
    let wanted = format!("  url: file://{}\n", site.scratch("cache").display());
    assert_said(&output, 2, &[], &["mirrors.yaml is there already and says something else", &wanted]);
    assert_eq!(fs::read_to_string(site.scratch("mirrors.yaml")).unwrap(), other);
    for path in ["cache", "a.key", "cache.yaml"] {
        assert!(!site.scratch(path).exists(), "{path}");
    }
}

#[test]
fn variables_stay_as_they_are_written_where_stackinator_expands_them() {
    let site = Site::new();
    let output = site.run(&["init", "$SCRATCH/cache", "--new-key", "${SCRATCH}/a.key"]);
    assert_said(&output, 0, &[], &["Warning: cache.yaml names $SCRATCH/cache as it is"]);
    let cache = fs::read_to_string(site.scratch("cache.yaml")).unwrap();
    assert!(cache.ends_with("root: $SCRATCH/cache\nkey: ${SCRATCH}/a.key\n"), "{cache}");
    let mirrors = fs::read_to_string(site.scratch("mirrors.yaml")).unwrap();
    let url = format!("  url: file://{}\n", site.scratch("cache").display());
    assert!(mirrors.contains(&url) && mirrors.contains("private_key: ${SCRATCH}/a.key\n"), "{mirrors}");
    assert!(site.scratch("cache").is_dir() && site.scratch("a.key").is_file());
    assert_said(&site.run(&["check", "cache.yaml"]), 0, &["note: `root` names a variable: $SCRATCH/cache"], &[]);
    assert_said(&site.run(&["check", "mirrors.yaml"]), 0, &["nothing is wrong"], &[]);
}

#[test]
fn what_the_build_would_not_find_is_refused() {
    let site = Site::new();
    let home = |path| site.home(path).display().to_string();
    site.run(&["init", "made", "--new-key", "good.key", "--out", "made"]);
    fs::copy(site.scratch("good.key"), site.home("key")).unwrap();
    let key = |name| site.key(name).display().to_string();
    for (arguments, reason) in [
        (
            vec!["cache".to_owned(), "--new-key".into(), home(".keys/a")],
            "in your home directory, which is empty inside",
        ),
        (vec!["cache".into(), "--key".into(), home("key")], "in your home directory"),
        (vec![home("cache")], "in your home directory"),
        (vec!["/tmp/larder-no-such/cache".into()], "in /tmp, of which"),
        (vec!["~/cache".into()], "begins with `~`"),
        (vec!["$LARDER_NO_SUCH/cache".into()], "the variable LARDER_NO_SUCH, which is not set"),
        (vec!["cache".into(), "--key".into(), "missing.key".into()], "a file that does not exist"),
        (vec!["cache".into(), "--key".into(), "good.key.pub".into()], "is a public key"),
        (vec!["cache".into(), "--key".into(), key("locked.key")], "needs a passphrase"),
        (vec!["cache".into(), "--key".into(), key("expired.key")], "expired on 2020-01-02"),
        (vec!["cache".into(), "--key".into(), key("two.key")], "holds 2 private keys"),
        (vec!["cache".into(), "--url".into(), "s3://bucket".into()], "neither https://"),
        (vec!["cache".into(), "--url".into(), "https://h/mirrors/m/~t".into()], "after the secret"),
    ] {
        let arguments: Vec<&str> = ["init"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
        assert_said(&site.run(&arguments), 2, &[], &[reason]);
    }
    assert!(!site.scratch("cache").exists() && !site.scratch("mirrors.yaml").exists());
    assert!(!site.home(".keys").exists());
}
