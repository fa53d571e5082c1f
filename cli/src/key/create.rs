//! `larder key create`: a new key pair, into two files.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use pgp::{
    composed::{ArmorOptions, KeyType, SecretKeyParamsBuilder, SignedSecretKey},
    crypto::hash::HashAlgorithm,
    types::{KeyDetails, KeyVersion},
};

use crate::{End, output};

/// Shown below the options of `larder key create --help`.
const EXAMPLES: &str = "\
Examples:
  larder key create --name 'Build cache of example.org' --email cache@example.org --out larder-signing.key
  npx wrangler secret put LARDER_SIGNING_KEY < larder-signing.key

The file holds the private key, without a passphrase: whoever has it signs in the cache's name. Once it is stored as
the secret, keep it where you keep such things, or delete it. The public key is written beside it, to FILE.pub.";

/// Make a new signing key: Ed25519, as GnuPG 2.2 and later read it.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    owner: Owner,

    /// Where to write the private key; the public key goes to FILE.pub
    #[arg(long, short, value_name = "FILE", default_value = "larder-signing.key")]
    out: PathBuf,
}

/// Whose key it is.
#[derive(Debug, Args)]
pub(crate) struct Owner {
    /// Whose key it is, as people will see it
    #[arg(long, value_name = "NAME", default_value = "Larder", value_parser = name)]
    name: String,

    /// An address to write to about it
    #[arg(long, value_name = "ADDRESS", value_parser = email)]
    email: Option<String>,
}

impl Owner {
    /// `Name <address>`
    fn user_id(&self) -> String {
        match &self.email {
            Some(email) => format!("{} <{email}>", self.name),
            None => self.name.clone(),
        }
    }
}

/// A name that GnuPG shows as it is.
fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().find(|c| matches!(c, '<' | '>' | '(' | ')') || c.is_control()) {
        _ if text.is_empty() => Err("a name is expected".to_owned()),
        Some(c) => Err(format!("a name does not hold {c:?}")),
        None => Ok(text.to_owned()),
    }
}

fn email(text: &str) -> Result<String, String> {
    let is_address = text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    if is_address && text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>')) {
        Ok(text.to_owned())
    } else {
        Err("an address such as cache@example.org is expected".to_owned())
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CannotCreate {
    /// A key that may be in use is never written over.
    #[error("{} is there already. Choose another file with --out, or move it away", .0.display())]
    Exists(PathBuf),
    /// The file cannot be written.
    #[error("{} cannot be written: {source}", .path.display())]
    Write { path: PathBuf, source: io::Error },
    /// The library refuses.
    #[error("the key cannot be made: {0}")]
    Make(String),
}

/// Makes a key pair and says what to do with it.
///
/// # Errors
/// [`CannotCreate`]; then no file is left behind.
pub(super) fn run(arguments: &Arguments) -> Result<End, CannotCreate> {
    let fingerprint = create_pair(&arguments.owner, &arguments.out)?;
    let (out, public_out) = (arguments.out.display(), public_path(&arguments.out));
    let public_out = public_out.display();
    output::line(&format!(
        "\
Fingerprint: {fingerprint}
Private key: {out} (only you can read it; it has no passphrase)
Public key:  {public_out}

Next, let the Larder have it, and choose the mirrors that sign with it:
  npx wrangler secret put LARDER_SIGNING_KEY < {out}
  curl -X PATCH https://<larder>/api/v1/mirrors/<mirror> -H \"Authorization: Bearer $LARDER_ADMIN_TOKEN\" -d '{{\"signing\": \"managed\"}}'
Spack learns the public key from the mirror: spack buildcache keys --install --trust"
    ));
    Ok(End::Done)
}

/// Makes a key pair: the private key in the file `out`, which only its owner can read, the public key
/// beside it. Returns the fingerprint.
///
/// # Errors
/// [`CannotCreate`]; then no file is left behind.
pub(crate) fn create_pair(owner: &Owner, out: &Path) -> Result<String, CannotCreate> {
    let key = make(&owner.user_id()).map_err(CannotCreate::Make)?;
    let armored =
        |armored: pgp::errors::Result<Vec<u8>>| armored.map_err(|error| CannotCreate::Make(error.to_string()));
    let private = armored(key.to_armored_bytes(ArmorOptions::default()))?;
    let public = armored(key.to_public_key().to_armored_bytes(ArmorOptions::default()))?;
    write_new(out, &private, true)?;
    if let Err(error) = write_new(&public_path(out), &public, false) {
        let _ = fs::remove_file(out);
        return Err(error);
    }
    Ok(format!("{:X}", key.fingerprint()))
}

/// `FILE.pub`
pub(crate) fn public_path(out: &Path) -> PathBuf {
    let mut path = OsString::from(out);
    path.push(".pub");
    path.into()
}

/// A key of version 4 that signs with EdDSA over Ed25519 in its older form: GnuPG does not read the
/// form of RFC 9580.
fn make(user_id: &str) -> Result<SignedSecretKey, String> {
    let mut builder = SecretKeyParamsBuilder::default();
    builder
        .version(KeyVersion::V4)
        .key_type(KeyType::Ed25519Legacy)
        .can_certify(true)
        .can_sign(true)
        .preferred_hash_algorithms([HashAlgorithm::Sha512].into_iter().collect())
        .primary_user_id(user_id.to_owned());
    let parameters = builder.build().map_err(|error| error.to_string())?;
    parameters.generate(rand::rngs::OsRng).map_err(|error| error.to_string())
}

/// Writes a file that is not there yet.
fn write_new(path: &Path, bytes: &[u8], is_secret: bool) -> Result<(), CannotCreate> {
    let failed = |source| CannotCreate::Write { path: path.to_owned(), source };
    let mut file = match open_new(path, is_secret) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(CannotCreate::Exists(path.to_owned()));
        }
        Err(error) => return Err(failed(error)),
    };
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| {
        let _ = fs::remove_file(path);
        failed(error)
    })
}

fn open_new(path: &Path, is_secret: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // From the first byte on.
        options.mode(if is_secret { 0o600 } else { 0o644 });
    }
    #[cfg(not(unix))]
    let _ = is_secret;
    options.open(path)
}

#[cfg(test)]
mod tests {
    use pgp::types::PublicParams;

    use super::*;

    #[test]
    fn the_key_is_one_that_gnupg_reads() {
        let key = make("Larder <cache@example.org>").unwrap();
        assert_eq!(key.primary_key.version(), KeyVersion::V4);
        assert!(matches!(key.primary_key.public_params(), PublicParams::EdDSALegacy(_)));
        assert!(key.secret_subkeys.is_empty());
        key.verify_bindings().unwrap();
        assert_eq!(key.details.users[0].id.id(), b"Larder <cache@example.org>");
        assert_ne!(make("Larder").unwrap().fingerprint(), key.fingerprint(), "no two are the same");
    }

    #[test]
    fn names_and_addresses_make_a_user_id() {
        for good in ["Larder", " Build cache "] {
            assert_eq!(name(good).unwrap(), good.trim());
        }
        for bad in ["", "  ", "a <b>", "a\nb", "(comment)"] {
            assert!(name(bad).is_err(), "{bad}");
        }
        assert!(email("cache@example.org").is_ok());
        for bad in ["", "cache", "@", "a@", "@b", "a b@c", "<a@b>"] {
            assert!(email(bad).is_err(), "{bad}");
        }
        assert_eq!(public_path(Path::new("a/larder.key")), Path::new("a/larder.key.pub"));
    }
}
