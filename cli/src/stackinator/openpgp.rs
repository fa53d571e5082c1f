//! What a file of OpenPGP keys holds, as far as Stackinator's build depends on it.

use std::time::{Duration, SystemTime};

use pgp::{
    composed::{PublicOrSecret, SignedKeyDetails},
    packet::Signature,
    types::{KeyDetails, Timestamp},
};

/// Largest file that is read as keys, in bytes: a ring of RSA keys with many names is far smaller.
pub(super) const MAX_KEY_BYTES: u64 = 1 << 20;

/// The keys of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys {
    /// Those that can sign.
    pub(super) secret: Vec<Key>,
    /// Those that can only verify.
    pub(super) public: Vec<Key>,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) fingerprint: String,
    /// Whether a passphrase is needed to use it.
    pub(super) is_locked: bool,
    /// When it ends, if ever.
    pub(super) expires: Option<SystemTime>,
}

impl Key {
    /// When it ended, if it has by `now`.
    pub(super) fn expired(&self, now: SystemTime) -> Option<SystemTime> {
        self.expires.filter(|end| *end <= now)
    }
}

/// Reads keys, in ASCII armour or not.
///
/// # Errors
/// What is wrong, when there is no key or one cannot be read.
pub(super) fn read(bytes: &[u8]) -> Result<Keys, String> {
    let (keys, _) = PublicOrSecret::from_reader_many(bytes).map_err(|error| error.to_string())?;
    let (mut secret, mut public) = (Vec::new(), Vec::new());
    for key in keys {
        match key.map_err(|error| error.to_string())? {
            PublicOrSecret::Secret(key) => {
                let is_locked = key.primary_key.secret_params().is_encrypted();
                secret.push(fact(&key.primary_key, &key.details, is_locked));
            }
            PublicOrSecret::Public(key) => public.push(fact(&key.primary_key, &key.details, false)),
        }
    }
    if secret.is_empty() && public.is_empty() { Err("it holds no key".to_owned()) } else { Ok(Keys { secret, public }) }
}

fn fact(key: &impl KeyDetails, details: &SignedKeyDetails, is_locked: bool) -> Key {
    // The newest thing a key says of itself counts.
    let said = details.users.iter().flat_map(|user| &user.signatures).chain(&details.direct_signatures);
    let newest = said.max_by_key(|signature| signature.created().map(Timestamp::as_secs));
    let lasts = newest.and_then(Signature::key_expiration_time).map_or(0, pgp::types::Duration::as_secs);
    let end = u64::from(key.created_at().as_secs()) + u64::from(lasts);
    Key {
        fingerprint: format!("{:X}", key.fingerprint()),
        is_locked,
        expires: (lasts > 0).then(|| SystemTime::UNIX_EPOCH + Duration::from_secs(end)),
    }
}
