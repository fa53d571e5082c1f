//! GnuPG, with a key ring of its own.

use std::{
    fs,
    process::{Command, Output},
};

use larder_shared::name::Fingerprint;
use tempfile::TempDir;

/// A key ring that is removed on drop.
pub struct Gpg {
    home: TempDir,
}

impl Gpg {
    /// An empty key ring.
    pub fn new() -> Self {
        Self { home: tempfile::Builder::new().prefix("larder-gpg-").tempdir().unwrap() }
    }

    /// A key ring that knows these keys.
    pub fn knowing<'a>(keys: impl IntoIterator<Item = &'a Vec<u8>>) -> Self {
        let gpg = Self::new();
        for key in keys {
            let output = gpg.run(&["--import"], key);
            assert!(output.status.success(), "gpg --import: {}", String::from_utf8_lossy(&output.stderr));
        }
        gpg
    }

    /// Takes a private key in, as `spack gpg trust` does, to sign with it.
    pub fn import_private(&self, key: &[u8]) {
        let file = self.home.path().join("private");
        fs::write(&file, key).unwrap();
        self.ask(&["--import", file.to_str().unwrap()]);
    }

    /// Runs gpg on a file with these bytes.
    fn run(&self, arguments: &[&str], bytes: &[u8]) -> Output {
        let file = self.home.path().join("input");
        fs::write(&file, bytes).unwrap();
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(self.home.path()).args(["--batch", "--no-autostart", "--no-auto-check-trustdb"]);
        command.args(["--status-fd", "1"]).args(arguments).arg(&file);
        command.output().unwrap_or_else(|error| panic!("gpg cannot be started: {error}"))
    }

    /// Who signed a document, when `gpg --verify` says that the signature is good.
    ///
    /// # Errors
    /// What gpg said.
    pub fn verify(&self, document: &[u8]) -> Result<Fingerprint, String> {
        let output = self.run(&["--verify"], document);
        let status = String::from_utf8_lossy(&output.stdout);
        let signer = status.lines().find_map(|line| line.strip_prefix("[GNUPG:] VALIDSIG ")?.split(' ').next());
        match signer.filter(|_| output.status.success()) {
            Some(signer) => Ok(signer.parse().unwrap()),
            None => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// Makes an Ed25519 key pair; gives its fingerprint, the public and the private key, ASCII-armoured.
    pub fn make_key(&self, owner: &str) -> (Fingerprint, Vec<u8>, Vec<u8>) {
        self.make_key_of(owner, "ed25519", "never")
    }

    /// Makes a key pair of an algorithm that signs until `expires`.
    pub fn make_key_of(&self, owner: &str, algorithm: &str, expires: &str) -> (Fingerprint, Vec<u8>, Vec<u8>) {
        let made = self.ask(&["--quick-generate-key", owner, algorithm, "sign", expires]);
        let status = String::from_utf8_lossy(&made.stderr).into_owned();
        let fingerprint = status.lines().find_map(|line| line.strip_prefix("[GNUPG:] KEY_CREATED P ")).unwrap();
        let public = self.ask(&["--armor", "--export", fingerprint]).stdout;
        let private = self.ask(&["--armor", "--pinentry-mode", "loopback", "--export-secret-keys", fingerprint]).stdout;
        (fingerprint.parse().unwrap(), public, private)
    }

    /// Gives a key a subkey that signs; the public key then.
    pub fn add_subkey(&self, key: &Fingerprint) -> Vec<u8> {
        self.ask(&["--quick-add-key", key.as_str(), "ed25519", "sign", "never"]);
        self.ask(&["--armor", "--export", key.as_str()]).stdout
    }

    /// A document with a signature, as Spack makes it.
    pub fn clearsign(&self, key: &Fingerprint, document: &[u8]) -> Vec<u8> {
        let (file, signed) = (self.home.path().join("to-sign"), self.home.path().join("signed"));
        fs::write(&file, document).unwrap();
        let output = signed.to_str().unwrap();
        let arguments = ["--yes", "--armor", "--local-user", key.as_str(), "--output", output, "--clearsign"];
        self.ask(&[&arguments[..], &[file.to_str().unwrap()]].concat());
        fs::read(signed).unwrap()
    }

    /// Runs gpg with the secret keys at hand.
    fn ask(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(self.home.path()).args(["--batch", "--status-fd", "2", "--passphrase", ""]);
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "gpg {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }
}

impl Default for Gpg {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        // Making a key starts an agent, which would outlive its folder.
        let _ = Command::new("gpgconf").arg("--homedir").arg(self.home.path()).args(["--kill", "gpg-agent"]).output();
    }
}
