//! Signs documents as `gpg --clearsign` does.

use larder_shared::{api::Timestamp, clearsign, name::Fingerprint};
use pgp::{
    composed::{ArmorOptions, CleartextSignedMessage, Deserializable, SignedSecretKey},
    crypto::hash::HashAlgorithm,
    packet::{SignatureConfig, SignatureType, Subpacket, SubpacketData},
    types::{KeyDetails, KeyVersion, Password},
};

use super::public_key::fingerprint;

/// A private key that signs.
#[derive(Debug)]
pub(crate) struct SigningKey {
    key: SignedSecretKey,
    /// Of its public half.
    pub(crate) fingerprint: Fingerprint,
    /// Its public half, ASCII-armoured.
    pub(crate) public: Vec<u8>,
}

impl SigningKey {
    /// Reads an ASCII-armoured private key of version 4 whose primary key signs, without a passphrase.
    ///
    /// # Errors
    /// What is expected instead; nothing of the key is told.
    pub(crate) fn parse(armored: &str) -> Result<Self, &'static str> {
        let (key, _) =
            SignedSecretKey::from_string(armored.trim_start()).map_err(|_| "an ASCII-armoured OpenPGP private key")?;
        let fingerprint = fingerprint(&key.primary_key).map_err(|_| "a key of OpenPGP version 4")?;
        if key.primary_key.version() != KeyVersion::V4 || !key.primary_key.algorithm().can_sign() {
            return Err("a key whose primary key signs");
        }
        if key.primary_key.secret_params().is_encrypted() {
            return Err("a key without a passphrase");
        }
        let public =
            key.to_public_key().to_armored_bytes(ArmorOptions::default()).map_err(|_| "a key with a public half")?;
        Ok(Self { key, fingerprint, public })
    }

    /// The text with a signature, as Spack and GnuPG read it: `Hash: SHA512` after the header.
    ///
    /// The text is JSON with one token a line: GnuPG cuts lines of more than 19,995 bytes.
    ///
    /// # Errors
    /// A sentence, when the text cannot be signed so that Spack reads it.
    pub(crate) fn clearsign(&self, text: &str, now: Timestamp) -> Result<Vec<u8>, String> {
        let signed = self.sign(text, now).map_err(|error| format!("signing failed: {error}"))?;
        match clearsign::document(&signed) {
            Ok(document) if document.json == text.trim_ascii() => Ok(signed),
            Ok(_) => Err("the signed text is not the text that was to be signed".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn sign(&self, text: &str, now: Timestamp) -> pgp::errors::Result<Vec<u8>> {
        let key = &self.key.primary_key;
        let created = pgp::types::Timestamp::from_secs(u32::try_from(now.as_millis() / 1_000).unwrap_or(u32::MAX));
        let mut config = SignatureConfig::v4(SignatureType::Text, key.algorithm(), HashAlgorithm::Sha512);
        config.hashed_subpackets = vec![
            Subpacket::regular(SubpacketData::SignatureCreationTime(created))?,
            Subpacket::regular(SubpacketData::IssuerFingerprint(key.fingerprint()))?,
        ];
        config.unhashed_subpackets = vec![Subpacket::regular(SubpacketData::IssuerKeyId(key.legacy_key_id()))?];
        CleartextSignedMessage::new(text, config, key, &Password::empty())?.to_armored_bytes(ArmorOptions::default())
    }
}
