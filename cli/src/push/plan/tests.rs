use std::{fs, path::PathBuf};

use larder_shared::layout::LayoutPath;
use tempfile::TempDir;

use super::*;

/// A mirror that Spack wrote; `tests/fixtures/README.md` says how.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name)
}

/// A copy of some files of a fixture, to be changed.
fn copy(name: &str, is_wanted: impl Fn(&str) -> bool) -> TempDir {
    let (root, copy) = (fixture(name), TempDir::new().unwrap());
    for file in files(&root) {
        let path = file.strip_prefix(&root).unwrap();
        if is_wanted(path.to_str().unwrap()) {
            let target = copy.path().join(path);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::write(target, fs::read(&file).unwrap()).unwrap();
        }
    }
    copy
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn assert_paths_fit(plan: &Plan) {
    for item in plan.items() {
        let path = &item.document.path;
        assert!(path.parse::<LayoutPath>().is_ok(), "{path}");
        assert_eq!(item.document.bytes, fs::metadata(&item.document.location).unwrap().len(), "{path}");
        for blob in &item.blobs {
            assert_eq!(Digest::of(&fs::read(&blob.location).unwrap()), blob.digest, "{path}: {}", blob.role);
            assert_eq!(fs::metadata(&blob.location).unwrap().len(), blob.bytes, "{path}: {}", blob.role);
        }
    }
}

#[test]
fn a_signed_v2_mirror() {
    let plan = Plan::read(&fixture("mirror-v2"), |_| false).unwrap();
    assert_eq!((plan.packages.len(), plan.keys.len(), plan.unusable.len()), (53, 1, 0));
    let derived = ["build_cache/_pgp/index.json", "build_cache/index.json", "build_cache/index.json.hash"];
    assert_eq!(plan.derived, derived);
    assert_eq!(plan.ignored, Vec::<String>::new());
    assert_paths_fit(&plan);
    let hello = plan.packages.iter().find(|item| item.label == "hello-larder /rjsbs2w").unwrap();
    assert!(hello.document.path.ends_with("-rjsbs2wcromwrvwrsr3ctrxojaokif4e.spec.json.sig"));
    assert_eq!(hello.blobs.iter().map(|blob| blob.role).collect::<Vec<_>>(), ["tarball"]);
    assert!(plan.keys[0].blobs.is_empty());
}

#[test]
fn an_unsigned_v2_mirror() {
    let plan = Plan::read(&fixture("mirror-v2-unsigned"), |_| false).unwrap();
    assert_eq!((plan.packages.len(), plan.keys.len(), plan.unusable.len()), (18, 0, 0));
    assert!(plan.packages.iter().all(|item| item.document.path.ends_with(".spec.json")));
    assert!(plan.packages.is_sorted_by_key(|item| &item.document.path));
    assert_paths_fit(&plan);
}

#[test]
fn a_v3_mirror() {
    let plan = Plan::read(&fixture("mirror-v3"), |_| false).unwrap();
    assert_eq!((plan.packages.len(), plan.keys.len(), plan.unusable.len()), (53, 1, 0));
    assert_paths_fit(&plan);
    let hello = plan.packages.iter().find(|item| item.label == "hello-larder /rjsbs2w").unwrap();
    assert_eq!(hello.blobs.iter().map(|blob| blob.role).collect::<Vec<_>>(), ["tarball", "spec file"]);
    assert_eq!(plan.keys[0].blobs.len(), 1);
    assert_eq!(hello.bytes(), hello.document.bytes + hello.blobs[0].bytes + hello.blobs[1].bytes);
}

#[test]
fn a_folder_with_both_layouts_gives_both() {
    let both = copy("mirror-v2", |path| path.contains("rjsbs2w"));
    let v3 = copy("mirror-v3", |path| path.starts_with("blobs") || path.contains("rjsbs2w"));
    for part in ["v3", "blobs"] {
        fs::rename(v3.path().join(part), both.path().join(part)).unwrap();
    }
    let plan = Plan::read(both.path(), |_| false).unwrap();
    let roles: Vec<_> = plan.packages.iter().map(|item| item.role).collect();
    assert_eq!((roles, plan.unusable.len()), (vec!["spec file", "manifest"], 0));
}

#[test]
fn what_is_not_spacks_is_ignored_and_named() {
    let mirror = copy("mirror-v2-unsigned", |path| path.contains("zlib"));
    let spec = files(mirror.path()).into_iter().find(|path| path.extension().is_some_and(|end| end == "json")).unwrap();
    fs::remove_file(spec).unwrap();
    for path in ["README.md", "build_cache/notes.txt", "build_cache/zlib.spec.yaml", "build_cache/a/b/c/d/e/f/g/deep"] {
        let path = mirror.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
    fs::create_dir(mirror.path().join("_source-cache")).unwrap();
    let plan = Plan::read(mirror.path(), |_| false).unwrap();
    assert_eq!((plan.packages.len(), plan.unusable.len()), (0, 0));
    assert_eq!(plan.orphans.len(), 1);
    let deep = "build_cache/a/b/c/d/e/f";
    assert_eq!(
        plan.ignored,
        ["README.md", "_source-cache/", deep, "build_cache/notes.txt", "build_cache/zlib.spec.yaml"]
    );
}

#[cfg(unix)]
#[test]
fn a_link_in_a_circle_ends() {
    let mirror = copy("mirror-v2-unsigned", |path| path.contains("zlib"));
    let folder = mirror.path().join("build_cache");
    std::os::unix::fs::symlink(&folder, folder.join("again")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.join("broken")).unwrap();
    let plan = Plan::read(mirror.path(), |_| false).unwrap();
    assert_eq!((plan.packages.len(), plan.unusable.len()), (1, 0));
    assert!(plan.ignored.contains(&"build_cache/broken".to_owned()));
}

#[test]
fn a_folder_that_is_no_mirror_is_refused() {
    let empty = TempDir::new().unwrap();
    let error = Plan::read(empty.path(), |_| false).unwrap_err().to_string();
    for part in ["is not a Spack mirror", "`build_cache/`", "`v3/` and `blobs/`"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(!error.contains("did you mean"), "{error}");

    let inside = Plan::read(&fixture("mirror-v2/build_cache"), |_| false).unwrap_err().to_string();
    assert!(inside.contains("did you mean") && inside.contains("mirror-v2?"), "{inside}");

    let missing = Plan::read(&empty.path().join("missing"), |_| false).unwrap_err().to_string();
    assert!(missing.contains("missing cannot be read"), "{missing}");
}

/// The one problem of a fixture's zlib after a change, as its label and text.
fn problem_after(name: &str, is_wanted: impl Fn(&str) -> bool, change: impl Fn(&Path)) -> (String, String) {
    let mirror = copy(name, is_wanted);
    change(mirror.path());
    let mut plan = Plan::read(mirror.path(), |_| false).unwrap();
    assert_eq!((plan.packages.len(), plan.unusable.len()), (0, 1));
    let Unusable { label, problem, .. } = plan.unusable.remove(0);
    (label, problem.to_string())
}

#[test]
fn v2_packages_that_cannot_be_pushed() {
    let is_zlib = |path: &str| path.contains("-zlib-1");
    let find =
        |root: &Path, end: &str| files(root).into_iter().find(|path| path.to_string_lossy().ends_with(end)).unwrap();
    for (change, is_label, message) in [
        (
            &(|root: &Path| fs::remove_file(find(root, ".spack")).unwrap()) as &dyn Fn(&Path),
            "zlib /wo6fab6",
            "its tarball is not in the folder: build_cache/linux-debian12-x86_64_v3/gcc-12.2.0/zlib-1.3.1/linux-",
        ),
        (&|root| fs::write(find(root, ".json"), "<html>").unwrap(), "-wo6fab6rlcpngaiqhpn2jl7q2kzcsczy", "JSON"),
        (
            &|root| fs::File::options().write(true).open(find(root, ".json")).unwrap().set_len(1 << 30).unwrap(),
            "-wo6fab6rlcpngaiqhpn2jl7q2kzcsczy",
            "the spec file has 1073741824 bytes",
        ),
    ] {
        let (label, text) = problem_after("mirror-v2-unsigned", is_zlib, change);
        assert!(label.ends_with(is_label), "{label}");
        assert!(text.contains(message), "{text}");
    }
}

#[test]
fn v3_packages_that_cannot_be_pushed() {
    let is_wanted = |path: &str| path.starts_with("blobs") || path.contains("/zlib-1");
    let each_blob =
        |root: &Path, change: &dyn Fn(&Path)| files(&root.join("blobs")).iter().for_each(|path| change(path));
    let manifest = |root: &Path| files(&root.join("v3")).remove(0);
    for (change, message) in [
        (
            &(|root: &Path| each_blob(root, &|path| fs::remove_file(path).unwrap())) as &dyn Fn(&Path),
            "its tarball is not in the folder: blobs/sha256/",
        ),
        (&|root| each_blob(root, &|path| fs::write(path, "x").unwrap()), "the tarball does not have the length"),
        (&|root| fs::write(manifest(root), "{}").unwrap(), "manifest"),
    ] {
        let (label, text) = problem_after("mirror-v3", is_wanted, change);
        assert_eq!(label, "zlib /wo6fab6");
        assert!(text.contains(message), "{text}");
    }
}
