//! Whether a key can sign in the build, and is nobody else's.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    finding::Findings,
    location::{check_hidden, check_path},
};
use crate::stackinator::{
    openpgp::{self, Keys, MAX_KEY_BYTES},
    place::expand,
};

/// How to make a key, for those whose key is of no use.
const MAKE_ONE: &str = "Make one: larder stackinator init ROOT --new-key FILE, or spack gpg export --secret FILE.";

/// A key as a file names it.
pub(super) struct KeyFile<'a> {
    /// The field that names it.
    pub(super) field: &'a str,
    /// Where it stands, counted from 1.
    pub(super) line: usize,
    /// What stands there.
    pub(super) text: &'a str,
}

impl KeyFile<'_> {
    /// Says what is wrong with the key that signs, whose path is absolute.
    pub(super) fn check_absolute(&self, findings: &mut Findings) {
        if let Some(path) = check_path(self.field, self.line, self.text, findings) {
            self.check_file(&path, findings);
        }
    }

    /// Says what is wrong with the key that signs: a path, which may be relative to `folder`, or the
    /// key itself in base64.
    pub(super) fn check_secret(&self, folder: &Path, findings: &mut Findings) {
        match self.place(folder, findings) {
            Some(Place::File(path)) => self.check_file(&path, findings),
            Some(Place::Inline(bytes)) => {
                let next = "Keep the file to yourself (chmod 600), or name a file with the key instead.";
                self.note(findings, "holds the private key itself: whoever reads this file can sign", next);
                self.check_keys(&bytes, findings);
            }
            None => {}
        }
    }

    /// Says what is wrong with the key that verifies.
    pub(super) fn check_public(&self, folder: &Path, findings: &mut Findings) {
        let bytes = match self.place(folder, findings) {
            Some(Place::File(path)) => match self.read(&path, findings) {
                Some(bytes) => bytes,
                None => return,
            },
            Some(Place::Inline(bytes)) => bytes,
            None => return,
        };
        match openpgp::read(&bytes) {
            Err(error) => {
                self.wrong(findings, &format!("is no OpenPGP key: {error}"), "Name a file with the public key.");
            }
            Ok(Keys { secret, .. }) if !secret.is_empty() => {
                let next =
                    "Write the public key into a file of its own: gpg --armor --export, or spack gpg export FILE.";
                self.wrong(findings, "is a private key, which has no business here", next);
            }
            Ok(_) => {}
        }
    }

    /// Where the key is: Stackinator takes a path to a file that exists, and anything else for base64.
    fn place(&self, folder: &Path, findings: &mut Findings) -> Option<Place> {
        let path = folder.join(expand(self.text).unwrap_or_else(|_| self.text.to_owned()));
        if path.is_file() {
            return Some(Place::File(path));
        }
        let compact: String = self.text.split_ascii_whitespace().collect();
        match STANDARD.decode(compact) {
            Ok(bytes) if openpgp::read(&bytes).is_ok() => Some(Place::Inline(bytes)),
            _ if self.text.starts_with('~') => {
                check_path(self.field, self.line, self.text, findings);
                None
            }
            _ => Some(Place::File(path)),
        }
    }

    fn check_file(&self, path: &Path, findings: &mut Findings) {
        check_hidden(self.field, self.line, path, findings);
        if let Some(bytes) = self.read(path, findings) {
            self.check_mode(path, findings);
            self.check_keys(&bytes, findings);
        }
    }

    fn read(&self, path: &Path, findings: &mut Findings) -> Option<Vec<u8>> {
        let shown = path.display();
        let read = fs::metadata(path).and_then(|metadata| match metadata.len() {
            0..=MAX_KEY_BYTES if metadata.is_file() => fs::read(path),
            _ => Err(io::Error::other("it is no file of a key")),
        });
        match read {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.wrong(findings, &format!("names a file that does not exist: {shown}"), MAKE_ONE);
                None
            }
            Err(error) => {
                let next = "The one who builds has to be able to read it.";
                self.wrong(findings, &format!("names {shown}, which cannot be read: {error}"), next);
                None
            }
        }
    }

    #[cfg(unix)]
    fn check_mode(&self, path: &Path, findings: &mut Findings) {
        use std::os::unix::fs::PermissionsExt as _;
        let Ok(metadata) = fs::metadata(path) else { return };
        let mode = metadata.permissions().mode() & 0o777;
        let next = format!("Keep it to yourself: chmod 600 {}", path.display());
        if mode & 0o007 != 0 {
            let what = format!("can be used by everyone on this machine (mode {mode:03o}): {}", path.display());
            self.wrong(findings, &what, &next);
        } else if mode & 0o070 != 0 {
            let what = format!("can be used by the group of the file (mode {mode:03o}): {}", path.display());
            self.note(findings, &what, &format!("Fine if the group builds with it. {next}"));
        }
    }

    #[cfg(not(unix))]
    fn check_mode(&self, _: &Path, _: &mut Findings) {}

    /// Says why these keys cannot sign.
    fn check_keys(&self, bytes: &[u8], findings: &mut Findings) {
        let keys = match openpgp::read(bytes) {
            Ok(keys) => keys,
            Err(error) => {
                self.wrong(findings, &format!("is no OpenPGP key: {error}"), MAKE_ONE);
                return;
            }
        };
        match &keys.secret[..] {
            [] => self.wrong(
                findings,
                "is a public key: it cannot sign",
                "Export the private one: spack gpg export --secret FILE",
            ),
            [key] => {
                if key.is_locked {
                    let next = "Nobody can type it in a build: take it off with gpg --edit-key and `passwd`, and export the key again.";
                    self.wrong(findings, "needs a passphrase", next);
                }
                if let Some(end) = key.expired(SystemTime::now()) {
                    let day = day(end);
                    let next = "Give it more time with gpg --quick-set-expire and export it again, or make a new one.";
                    self.wrong(findings, &format!("expired on {day}: {}", key.fingerprint), next);
                }
            }
            several => {
                let what =
                    format!("holds {} private keys, and Spack does not know which one to sign with", several.len());
                self.wrong(findings, &what, "Export one: gpg --armor --export-secret-keys FINGERPRINT");
            }
        }
    }

    fn wrong(&self, findings: &mut Findings, what: &str, next: &str) {
        findings.wrong(self.line, &format!("`{}` {what}", self.field), next);
    }

    fn note(&self, findings: &mut Findings, what: &str, next: &str) {
        findings.note(self.line, &format!("`{}` {what}", self.field), next);
    }
}

/// Where a key is.
enum Place {
    File(PathBuf),
    Inline(Vec<u8>),
}

/// `2026-11-21`
fn day(time: SystemTime) -> String {
    let time = humantime::format_rfc3339_seconds(time).to_string();
    time.split('T').next().unwrap_or_default().to_owned()
}
