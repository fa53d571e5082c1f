//! `larder export`: a mirror as files, as a host of files answers with them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Output,
};

use larder_shared::api;
use larder_tests::{
    fixtures::{self, fixture},
    larder::{ADMIN, Larder},
    package::{MadeUp, blob_path, noise},
    program,
    spack::{Folder, read_v2, read_v2_keys, read_v3, read_v3_keys},
};
use serde_json::json;
use tempfile::TempDir;

/// What exports keep for themselves.
const OWN: &str = ".larder-export/list";

fn export(larder: &Larder, mirror: &str, site: &Path, options: &[&str]) -> Output {
    let url = format!("http://{}/mirrors/{mirror}", larder.address());
    program::run(program::command().args(["export", &url]).arg(site).args(options))
}

/// Exports what must be exported; what was said.
fn expect_export(larder: &Larder, mirror: &str, site: &Path, options: &[&str]) -> String {
    let output = export(larder, mirror, site, options);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{}: {said}", output.status);
    said
}

/// Every file of a site, without what exports keep for themselves.
fn files(site: &Path) -> BTreeMap<String, Vec<u8>> {
    let names = fixtures::files(site).into_iter().filter(|name| name != OWN);
    names.map(|name| (name.clone(), fs::read(site.join(name)).unwrap())).collect()
}

/// The files that differ.
fn changed(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> BTreeSet<String> {
    let names = before.keys().chain(after.keys());
    names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

const ONLY_SPACKS: &[&str] = &["--without-dashboard"];

fn put_package(larder: &Larder, mirror: &str, package: &MadeUp) {
    for (path, bytes) in [(blob_path(&package.tarball), &package.tarball), (package.spec_path(), &package.spec_file())]
    {
        larder.put(&format!("/mirrors/{mirror}/{path}"), bytes).token(ADMIN).send().expect(201);
    }
}

/// A Larder whose mirror `opt/sample` is the signed sample.
fn larder_with_sample() -> Larder {
    let larder = Larder::start();
    larder.push(&fixture("mirror-v2"), "opt/sample");
    larder
}

#[test]
fn spack_reads_in_the_site_what_it_reads_of_the_mirror() {
    let larder = larder_with_sample();
    let site = TempDir::new().unwrap();
    expect_export(&larder, "opt/sample", site.path(), &["--base", "/cache/"]);
    let (exported, served) = (Folder(site.path().join("mirrors/opt/sample")), larder.mirror("opt/sample"));
    assert_eq!(read_v2(&exported), read_v2(&served));
    assert_eq!(read_v3(&exported), read_v3(&served));
    assert_eq!(read_v2(&exported).len(), 53);
    assert_eq!(read_v2_keys(&exported), read_v2_keys(&served));
    assert_eq!(read_v3_keys(&exported), read_v3_keys(&served));
    assert!(site.path().join(".nojekyll").exists());
    for page in ["index.html", "404.html"] {
        let page = fs::read_to_string(site.path().join(page)).unwrap();
        assert!(page.contains(r#"<meta name="larder-site" content="/cache">"#), "{page}");
        assert!(page.contains("src=/cache/start.js") || page.contains(r#"src="/cache/start.js"#), "{page}");
    }
}

#[test]
fn exporting_again_changes_no_byte_and_a_package_only_the_files_that_name_it() {
    let larder = larder_with_sample();
    let site = TempDir::new().unwrap();
    let export = || expect_export(&larder, "opt/sample", site.path(), &[]);
    export();
    let before = files(site.path());
    let list = fs::read(site.path().join(OWN)).unwrap();
    assert!(export().contains(": 0 written, 0 removed"));
    assert_eq!(changed(&before, &files(site.path())), BTreeSet::new());
    assert_eq!(fs::read(site.path().join(OWN)).unwrap(), list);

    let package = MadeUp::new("brand-new", "1.0").with_tarball(noise(7, 10_000));
    put_package(&larder, "opt/sample", &package);
    export();
    let after = files(site.path());
    let tarball_blob = format!("mirrors/opt/sample/{}", blob_path(&package.tarball));
    let manifest =
        String::from_utf8_lossy(&after[&format!("mirrors/opt/sample/{}", package.manifest_path())]).into_owned();
    let is_of_package = |path: &str| path.contains("/blobs/") && manifest.contains(path.rsplit('/').next().unwrap());
    for path in changed(&before, &after) {
        let names =
            |bytes: Option<&Vec<u8>>| bytes.is_some_and(|bytes| String::from_utf8_lossy(bytes).contains("brand-new"));
        // Figures of the whole mirror, and documents that name those which name it.
        let is_of_all = ["api/v1/mirrors.json", "api/v1/mirrors/opt/sample.json"].contains(&path.as_str())
            || path.starts_with("api/v1/mirrors/opt/sample/catalogue/")
            || path.ends_with("index.json.hash")
            || path.ends_with("index.manifest.json");
        // The index documents that were named before.
        let is_replaced = !after.contains_key(&path) && path.contains("/blobs/");
        let is_own = path.contains("brand-new") || is_of_package(&path);
        assert!(is_own || names(after.get(&path)) || is_of_all || is_replaced, "{path} was touched");
    }
    let hash =
        larder.api::<api::List<api::SpecSummary>>("mirrors/opt%2Fsample/specs?package=brand-new").items[0].hash.clone();
    larder.ask("DELETE", &format!("/api/v1/mirrors/opt%2Fsample/specs/{hash}")).token(ADMIN).send().expect(200);
    export();
    let gone = files(site.path());
    // The index is as it was but for the order in which what is external stands, so that files are compared by name.
    let names = |files: &BTreeMap<String, Vec<u8>>| -> BTreeSet<String> {
        files.keys().filter(|name| !name.contains("/blobs/")).cloned().collect()
    };
    assert_eq!(names(&gone), names(&before));
    assert!(!gone.contains_key(&tarball_blob), "what is gone from the mirror is gone from the site");
}

#[test]
fn a_site_that_was_cut_short_is_made_whole() {
    let larder = larder_with_sample();
    let site = TempDir::new().unwrap();
    let other = TempDir::new().unwrap();
    expect_export(&larder, "opt/sample", site.path(), ONLY_SPACKS);
    let whole = files(site.path());
    // Lost, cut and written over.
    let names: Vec<_> = whole.keys().filter(|name| name.contains("/blobs/") || name.ends_with(".sig")).collect();
    for (index, name) in names.iter().enumerate() {
        let path = site.path().join(name);
        match index % 4 {
            0 => fs::remove_file(&path).unwrap(),
            1 => {
                // Not through the other name that the same file may have.
                fs::remove_file(&path).unwrap();
                fs::write(&path, &whole[*name][..whole[*name].len() / 2]).unwrap();
            }
            _ => {}
        }
    }
    fs::write(site.path().join(".larder-export/part-3"), b"half").unwrap();
    fs::write(site.path().join("CNAME"), b"cache.example.org").unwrap();
    expect_export(&larder, "opt/sample", site.path(), ONLY_SPACKS);
    let mut healed = files(site.path());
    assert_eq!(healed.remove("CNAME").unwrap(), b"cache.example.org", "what is somebody else's stays");
    assert_eq!(changed(&whole, &healed), BTreeSet::new());
    // Whoever exports, and with whatever there was before, the site is the same.
    expect_export(&larder, "opt/sample", other.path(), ONLY_SPACKS);
    assert_eq!(changed(&whole, &files(other.path())), BTreeSet::new());
}

#[test]
fn what_is_too_large_is_said_before_anything_is_written() {
    let larder = larder_with_sample();
    let folder = TempDir::new().unwrap();
    let site = folder.path().join("site");
    let output = export(&larder, "opt/sample", &site, &["--max-size", "2"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in ["Nothing was written", "--layout v3", "--without-tarballs"] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert!(!site.exists());
    expect_export(&larder, "opt/sample", &site, &["--max-size", "2", "--without-tarballs"]);
    let page = fs::read_to_string(site.join("index.html")).unwrap();
    assert!(page.contains(&format!(r#"data-origin="http://{}""#, larder.address())), "{page}");
    assert!(files(&site).keys().all(|name| !name.ends_with(".spack")));
    expect_export(&larder, "opt/sample", &site, &["--layout", "v3", "--without-dashboard"]);
    assert_eq!(read_v3(&Folder(site.join("mirrors/opt/sample"))).len(), 53);
    assert!(
        files(&site)
            .keys()
            .all(|name| name.starts_with("mirrors/opt/sample/v3/") || name.contains("/blobs/") || name == ".nojekyll")
    );
}

#[test]
fn a_private_mirror_is_exported_by_who_may_pull_and_tells_nothing_it_must_not() {
    let larder = Larder::start();
    larder.make_mirror(&json!({ "name": "m", "private": true, "trust": [
        { "repository": "octo-org/secret-stack", "scopes": ["push"] }
    ] }));
    put_package(&larder, "m", &MadeUp::new("zlib", "1.3.1"));
    let site = TempDir::new().unwrap();
    let url = format!("http://{}/mirrors/m", larder.address());
    let anonymous = program::run(program::command().env_remove("LARDER_TOKEN").args(["export", &url]).arg(site.path()));
    assert_eq!(anonymous.status.code(), Some(1), "{}", String::from_utf8_lossy(&anonymous.stderr));
    let said = expect_export(&larder, "m", site.path(), &[]);
    assert!(said.contains("the mirror is private"), "{said}");
    for (name, bytes) in files(site.path()).iter().filter(|(name, _)| name.starts_with("api/")) {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("secret-stack"), "{name} tells whom the mirror trusts: {text}");
    }
}

/// A build that failed, or was made.
fn reported(package: &str, run: &str, error: Option<&str>) -> serde_json::Value {
    let failure = error.map(|message| {
        json!({
            "package": package, "phase": "build", "kind": "compile", "tool": "gcc", "file": null, "line": null,
            "message": message, "log_line": null, "signature": "0123456789abcdef",
            "excerpt": {"first_line": null, "error": 0, "lines": [message]},
        })
    });
    let status = if error.is_some() { "failed" } else { "built" };
    let build = json!({"package": package, "spec": package, "status": status, "failure": failure});
    json!({"run": {"provider": "github", "repository": "o/r", "run": run}, "builds": [build]})
}

#[test]
fn a_site_tells_of_builds_without_their_logs() {
    let larder = larder_with_sample();
    larder.report("opt%2Fsample", &reported("zlib", "1", Some("error: no")));
    larder.put("/api/v1/mirrors/opt%2Fsample/builds/1/log", b"a log").token(ADMIN).send().expect(200);
    larder.report("opt%2Fsample", &reported("zlib", "2", None));
    larder.report("opt%2Fsample", &reported("curl", "2", Some("error: no")));
    let site = TempDir::new().unwrap();
    let export = || expect_export(&larder, "opt/sample", site.path(), &[]);
    export();
    let before = files(site.path());
    let read = |path: &str| -> serde_json::Value {
        let bytes = before.get(&format!("api/v1/mirrors/opt/sample{path}.json"));
        serde_json::from_slice(bytes.unwrap_or_else(|| panic!("there is no {path}"))).unwrap()
    };
    let served = |path: &str| -> serde_json::Value {
        let mut answer: serde_json::Value = larder.api(&format!("mirrors/opt%2Fsample{path}"));
        leave_logs(&mut answer);
        answer
    };
    assert_eq!(read("")["reports"], served("")["reports"]);
    for path in ["/builds", "/runs", "/failures", "/builds/1", "/builds/3", "/runs/1", "/runs/2"] {
        assert_eq!(read(path), served(path), "{path}");
    }
    let signature = read("/failures")["items"][0]["signature"].as_str().unwrap().to_owned();
    assert_eq!(read(&format!("/failures/{signature}")), served(&format!("/failures/{signature}")));
    assert_eq!(read("/builds/package/zlib"), served("/builds?package=zlib"));
    assert_eq!(read("/failures/state/fixed/sort/newest")["items"], json!([]));
    assert!(!before.values().any(|bytes| String::from_utf8_lossy(bytes).contains("\"log_bytes\":5")));
    assert!(export().contains(": 0 written, 0 removed"));

    larder.report("opt%2Fsample", &reported("curl", "3", None));
    export();
    let touched = changed(&before, &files(site.path()));
    let is_of_builds = |path: &String| {
        ["/builds", "/runs", "/failures"]
            .iter()
            .any(|part| path.starts_with(&format!("api/v1/mirrors/opt/sample{part}")))
            || ["api/v1/mirrors.json", "api/v1/mirrors/opt/sample.json"].contains(&path.as_str())
    };
    assert!(touched.iter().all(is_of_builds), "{touched:?}");
    assert!(!touched.iter().any(|path| path.ends_with("/builds/package/zlib.json")), "{touched:?}");
    assert!(touched.iter().any(|path| path.ends_with("/builds/4.json")), "{touched:?}");
}

/// Takes the lengths of logs out of a document.
fn leave_logs(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Array(items) => items.iter_mut().for_each(leave_logs),
        serde_json::Value::Object(fields) => {
            if let Some(length) = fields.get_mut("log_bytes") {
                *length = json!(null);
            }
            fields.values_mut().for_each(leave_logs);
        }
        _ => {}
    }
}
