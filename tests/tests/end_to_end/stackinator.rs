//! A cache of Stackinator's, from `larder stackinator init` to the mirrors of its mount points.

use std::{fs, path::Path, process::Output};

use larder_shared::{api, name::Fingerprint};
use larder_tests::{
    difference::expect_same_bytes,
    fixtures::{self, fixture},
    gpg::Gpg,
    larder::Larder,
    package::MadeUp,
    program,
    spack::{Folder, read_v2, read_v2_keys, read_v3},
};
use tempfile::TempDir;

/// A folder on a file system that a build would see: not in `/tmp`.
fn scratch() -> TempDir {
    tempfile::Builder::new().prefix("larder-scratch-").tempdir_in("/var/tmp").unwrap()
}

fn copy(from: &Path, to: &Path) {
    for file in fixtures::files(from) {
        let target = to.join(&file);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(from.join(&file), target).unwrap();
    }
}

fn write(folder: &Path, path: &str, bytes: &[u8]) {
    let file = folder.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, bytes).unwrap();
}

/// `larder push` of a cache to all mirrors of a server.
fn push_cache(larder: &Larder, root: &Path, arguments: &[&str]) -> Output {
    let url = format!("http://{}/mirrors", larder.address());
    program::run(program::command().arg("push").arg(root).arg(url).args(arguments))
}

#[track_caller]
fn expect_success(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}

#[test]
fn each_mount_point_of_a_cache_is_a_mirror_that_spack_reads() {
    let (larder, root) = (Larder::start(), scratch());
    copy(&fixture("mirror-v2"), &root.path().join("user-environment"));
    copy(&fixture("mirror-v3"), &root.path().join("opt/a/b"));
    // Stackinator makes no index, and none is needed.
    for index in ["user-environment/build_cache/index.json", "opt/a/b/v3/manifests/index/index.manifest.json"] {
        fs::remove_file(root.path().join(index)).unwrap();
    }
    let said = expect_success(&push_cache(&larder, root.path(), &[]));
    assert!(said.contains("pushed 108, skipped 0, failed 0"), "{said}");

    let list: api::List<api::Mirror> = larder.api("mirrors");
    let names: Vec<_> = list.items.iter().map(|mirror| (mirror.name.to_string(), mirror.packages)).collect();
    assert_eq!(names, [("opt/a/b".to_owned(), 53), ("user-environment".to_owned(), 53)]);
    let expected = read_v2(&Folder(fixture("mirror-v2")));
    assert!(read_v2(&larder.mirror("user-environment")) == expected, "as it was pushed");
    let served = read_v3(&larder.mirror("opt/a/b"));
    assert!(served == read_v3(&Folder(fixture("mirror-v3"))), "as it was pushed");
    // Each layout from the other, in both mirrors.
    assert_eq!(read_v3(&larder.mirror("user-environment")).len(), 53);
    assert_eq!(read_v2(&larder.mirror("opt/a/b")).len(), 53);

    let again = expect_success(&push_cache(&larder, root.path(), &[]));
    assert!(again.contains("pushed 0, skipped 108, failed 0"), "{again}");
}

#[test]
fn a_package_built_twice_is_a_conflict_that_can_be_skipped() {
    let (larder, root) = (Larder::start(), scratch());
    let mount = root.path().join("user-environment");
    let (kept, new) = (MadeUp::new("zlib", "1.3"), MadeUp::new("cmake", "3.30"));
    for package in [&kept, &new] {
        write(&mount, &package.tarball_path(), &package.tarball);
        write(&mount, &package.spec_path(), &package.spec_file());
    }
    fs::rename(mount.join(new.spec_path()), mount.join("aside")).unwrap();
    expect_success(&push_cache(&larder, root.path(), &[]));

    // The build of another machine, and a package more.
    let rebuilt = kept.clone().with_tarball(b"built elsewhere".to_vec());
    write(&mount, &rebuilt.tarball_path(), &rebuilt.tarball);
    write(&mount, &rebuilt.spec_path(), &rebuilt.spec_file());
    fs::rename(mount.join("aside"), mount.join(new.spec_path())).unwrap();
    let output = push_cache(&larder, root.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = expect_success(&push_cache(&larder, root.path(), &["--skip-conflicts"]));
    assert!(said.contains("pushed 0, skipped 2, failed 0"), "{said}");
    let served = read_v2(&larder.mirror("user-environment"));
    assert_eq!(served.len(), 2);
    let zlib = served.values().find(|held| held.name == "zlib-1.3").unwrap();
    expect_same_bytes("the tarball that came first", &zlib.tarball, &kept.tarball);
}

#[test]
fn a_key_that_init_makes_signs_as_gnupg_does() {
    let (larder, root) = (Larder::start(), scratch());
    let out = |path: &str| root.path().join(path);
    let mut init = program::command();
    init.args(["stackinator", "init"]).arg(out("cache")).arg("--new-key").arg(out("keys/cache.key"));
    init.arg("--out").arg(root.path()).env("HOME", out("home"));
    let said = expect_success(&program::run(&mut init));
    let fingerprint = said.lines().find_map(|line| Some(line.split_once("the private key ")?.1)).unwrap();
    let fingerprint: Fingerprint = fingerprint.parse().unwrap();

    // As Spack does with it: import, sign, publish.
    let gpg = Gpg::new();
    gpg.import_private(&fs::read(out("keys/cache.key")).unwrap());
    let package = MadeUp::new("zlib", "1.3");
    let mount = out("cache/user-environment");
    let spec = gpg.clearsign(&fingerprint, &package.spec_file());
    write(&mount, &package.tarball_path(), &package.tarball);
    write(&mount, &package.signed_path(), &spec);
    let key = format!("build_cache/_pgp/{fingerprint}.pub");
    write(&mount, &key, &fs::read(out("keys/cache.key.pub")).unwrap());

    expect_success(&push_cache(&larder, &out("cache"), &[]));
    let mirror = larder.mirror("user-environment");
    let keys = read_v2_keys(&mirror);
    let held = read_v2(&mirror).into_values().next().unwrap();
    assert!(held.signed);
    assert_eq!(Gpg::knowing(keys.values()).verify(&held.document).unwrap(), fingerprint);
}
