//! The files in `tests/fixtures`, and the checkout they lie in.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The checkout whose worker is tested: the one in the environment variable `LARDER_ROOT`, else
/// this one.
pub fn root() -> PathBuf {
    match env::var_os("LARDER_ROOT") {
        Some(root) => root.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
    }
}

/// A file or folder of the fixtures.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// Every file below `folder` as a path relative to it, in order.
pub fn files(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(next) = todo.pop() {
        for entry in fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else {
                files.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

/// Copies all files below `from` into `to`.
pub fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        write(&to.join(&file), &fs::read(from.join(&file)).unwrap());
    }
}

/// Writes a file and makes the folders it lies in.
pub fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// One package of `mirror-v2`, small and signed: enough where any will do.
pub mod hello {
    use std::fs;

    use super::fixture;
    use crate::{
        larder::{ADMIN, Larder},
        package::blob_path,
    };

    /// Its key's fingerprint.
    pub const SIGNER: &str = "4CA135D4D5BC739C1DF2D3B7AA52CBC889F8EE5D";
    /// Its DAG hash.
    pub const HASH: &str = "rjsbs2wcromwrvwrsr3ctrxojaokif4e";
    /// Where its spec file lies.
    pub const SPEC: &str =
        "build_cache/linux-debian12-icelake-gcc-12.2.0-hello-larder-1.0-rjsbs2wcromwrvwrsr3ctrxojaokif4e.spec.json.sig";
    /// Where its tarball lies.
    pub const TARBALL: &str = "build_cache/linux-debian12-icelake/gcc-12.2.0/hello-larder-1.0/linux-debian12-icelake-gcc-12.2.0-hello-larder-1.0-rjsbs2wcromwrvwrsr3ctrxojaokif4e.spack";
    /// Where its v3 manifest lies.
    pub const MANIFEST: &str =
        "v3/manifests/spec/hello-larder/hello-larder-1.0-rjsbs2wcromwrvwrsr3ctrxojaokif4e.spec.manifest.json";
    /// Where its key lies.
    pub const KEY: &str = "build_cache/_pgp/4CA135D4D5BC739C1DF2D3B7AA52CBC889F8EE5D.pub";

    /// The bytes of one of its files.
    pub fn file(path: &str) -> Vec<u8> {
        fs::read(fixture("mirror-v2").join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    impl Larder {
        /// Uploads the package and its key to a mirror, as `larder push` does.
        pub fn put_hello(&self, mirror: &str) {
            let tarball = file(TARBALL);
            for (path, body) in [(KEY, file(KEY)), (&blob_path(&tarball), tarball.clone()), (SPEC, file(SPEC))] {
                self.put(&format!("/mirrors/{mirror}/{path}"), &body).token(ADMIN).send().expect(201);
            }
        }
    }
}
