//! Public keys, read to learn whose they are.

use larder_shared::{
    api::{Key, Timestamp},
    name::Fingerprint,
};
use pgp::{
    composed::{Deserializable, SignedPublicKey},
    packet::Signature,
    ser::Serialize,
    types::{KeyDetails, PublicParams},
};

/// Reads exactly one ASCII-armoured public key that will lie at `path`.
///
/// # Errors
/// A sentence that says what is wrong. A private key is refused like anything else.
pub(crate) fn read_public_key(armored: &[u8], path: &str, now: Timestamp) -> Result<Key, String> {
    let key = parse(armored)?;
    let fingerprint = fingerprint(&key)?;
    let created = seconds(key.created_at().as_secs());
    let expires = key
        .details
        .users
        .iter()
        .flat_map(|user| &user.signatures)
        .chain(&key.details.direct_signatures)
        .filter_map(Signature::key_expiration_time)
        .map(|after| Timestamp::from_millis(created.as_millis() + 1_000 * u64::from(after.as_secs())))
        .max();
    Ok(Key {
        fingerprint,
        owner: key.details.users.first().map(|user| String::from_utf8_lossy(user.id.id()).into_owned()),
        algorithm: algorithm(key.public_params()),
        created,
        expires,
        pushed: now,
        path: path.to_owned(),
    })
}

/// The one key in some ASCII armour.
pub(super) fn parse(armored: &[u8]) -> Result<SignedPublicKey, String> {
    let problem = |error| format!("this is not an ASCII-armoured OpenPGP public key: {error}");
    // The reader stops after the first block; GnuPG would import the others too.
    if String::from_utf8_lossy(armored).matches("-----BEGIN ").count() > 1 {
        return Err("the file holds several blocks; one key is expected".to_owned());
    }
    let (mut keys, _) = SignedPublicKey::from_armor_many(armored).map_err(problem)?;
    let key = keys.next().ok_or("the file holds no key")?.map_err(problem)?;
    if keys.next().is_some() {
        return Err("the file holds several keys; one is expected".to_owned());
    }
    Ok(key)
}

/// A key's fingerprint as Spack writes it.
pub(super) fn fingerprint(key: &impl KeyDetails) -> Result<Fingerprint, String> {
    let text = format!("{:X}", key.fingerprint());
    text.parse().map_err(|_| "the key is not of OpenPGP version 4, which Spack uses".to_owned())
}

fn seconds(seconds: u32) -> Timestamp {
    Timestamp::from_millis(1_000 * u64::from(seconds))
}

fn algorithm(params: &PublicParams) -> String {
    match params {
        PublicParams::RSA(rsa) => {
            // The first number is the modulus, which begins with its length in bits (RFC 9580, 3.2).
            let mut bytes = Vec::new();
            match rsa.to_writer(&mut bytes) {
                Ok(()) if bytes.len() > 2 => format!("RSA {}", u16::from_be_bytes([bytes[0], bytes[1]])),
                _ => "RSA".to_owned(),
            }
        }
        PublicParams::EdDSALegacy(_) | PublicParams::Ed25519(_) => "Ed25519".to_owned(),
        PublicParams::Ed448(_) => "Ed448".to_owned(),
        PublicParams::ECDSA(_) => "ECDSA".to_owned(),
        PublicParams::DSA(_) => "DSA".to_owned(),
        _ => "another algorithm".to_owned(),
    }
}
