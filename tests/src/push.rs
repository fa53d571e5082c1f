//! The program `larder`.

use std::{fs, path::Path};

use larder_shared::name::Fingerprint;

use crate::{larder::Larder, program};

/// A key pair that `larder key create` made.
pub struct SigningKey {
    /// Of the public key.
    pub fingerprint: Fingerprint,
    /// The public key.
    pub public: Vec<u8>,
    /// What becomes the secret `LARDER_SIGNING_KEY`.
    pub private: String,
}

impl SigningKey {
    /// Makes one.
    pub fn create() -> Self {
        let folder = tempfile::Builder::new().prefix("larder-key-").tempdir().unwrap();
        let file = folder.path().join("key");
        let output = program::run(program::command().args(["key", "create", "--out"]).arg(&file));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).unwrap();
        let fingerprint = said.lines().find_map(|line| line.strip_prefix("Fingerprint: ")).unwrap();
        Self {
            fingerprint: fingerprint.parse().unwrap(),
            public: fs::read(folder.path().join("key.pub")).unwrap(),
            private: fs::read_to_string(&file).unwrap(),
        }
    }
}

impl Larder {
    /// Pushes a folder to a mirror with the admin token, as a person would.
    ///
    /// # Panics
    /// With what the program said, when it fails.
    pub fn push(&self, folder: &Path, mirror: &str) {
        let mut command = program::command();
        command.arg("push").arg(folder).arg(format!("http://{}/mirrors/{mirror}", self.address()));
        let output = program::run(&mut command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "larder push {} failed: {}\n{said}", folder.display(), output.status);
    }
}
