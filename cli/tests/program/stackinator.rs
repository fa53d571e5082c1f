//! `larder stackinator`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

mod check;
mod init;
mod migrate;

/// A file system as a build sees it: a scratch directory, and a home that it hides.
struct Site {
    folder: TempDir,
}

impl Site {
    fn new() -> Self {
        // Not in /tmp, which the build hides as well.
        let folder = tempfile::Builder::new().prefix("larder-site-").tempdir_in("/var/tmp").unwrap();
        for name in ["scratch", "home"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    /// A path on scratch.
    fn scratch(&self, path: &str) -> PathBuf {
        self.folder.path().join("scratch").join(path)
    }

    /// A path in the home directory.
    fn home(&self, path: &str) -> PathBuf {
        self.folder.path().join("home").join(path)
    }

    /// Writes a file on scratch.
    fn write(&self, path: &str, text: &str) -> PathBuf {
        let file = self.scratch(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        file
    }

    /// Puts a key of `tests/fixtures/keys` on scratch, for its owner alone.
    fn key(&self, name: &str) -> PathBuf {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keys").join(name);
        let key = self.scratch(name);
        fs::copy(from, &key).unwrap();
        set_mode(&key, 0o600);
        key
    }

    /// `larder stackinator …`, run on scratch.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
        command.arg("stackinator").args(arguments).current_dir(self.scratch("")).stdin(Stdio::null());
        command.env("HOME", self.home("")).env("SCRATCH", self.scratch("").to_str().unwrap().trim_end_matches('/'));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
