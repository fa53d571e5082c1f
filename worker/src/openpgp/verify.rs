//! Verifies signatures of clearsigned documents.

use larder_shared::{api::Timestamp, clearsign, name::Fingerprint};
use pgp::{
    composed::{CleartextSignedMessage, SignedPublicKey, SignedPublicSubKey},
    packet::{Signature, SignatureType},
    types::{KeyDetails, Tag, VerifyingKey},
};

use super::public_key::{fingerprint, parse};

/// A clearsigned document whose signatures are not verified yet.
pub(crate) struct SignedDocument {
    message: CleartextSignedMessage,
    /// What the signatures are over.
    text: String,
}

/// What a key says of a document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It signed the document, and may.
    Good,
    /// It did not sign the document.
    NotByThis,
    /// It signed the document, but may not; the reason as the end of a sentence about the key.
    Bad(&'static str),
}

impl SignedDocument {
    /// Takes a document apart.
    ///
    /// # Errors
    /// A sentence. Also when the signatures do not cover exactly the JSON that Spack reads out of it.
    pub(crate) fn parse(document: &[u8]) -> Result<Self, String> {
        let json = clearsign::document(document).map_err(|error| error.to_string())?.json;
        let (message, _) = CleartextSignedMessage::from_armor(document)
            .map_err(|error| format!("the signature cannot be read: {error}"))?;
        let text = message.signed_text();
        let lines = |text: &str| text.trim().lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
        if lines(&text) != lines(json) {
            return Err("the signature is not over all of the document".to_owned());
        }
        Ok(Self { message, text })
    }

    /// Who says to have signed it: a fingerprint, or the last 16 digits of one.
    pub(crate) fn signer(&self) -> String {
        let signature = self.message.signatures().first();
        let fingerprint =
            signature.and_then(|signature| Some(format!("{:X}", signature.issuer_fingerprint().first()?)));
        let key_id =
            || signature.and_then(|signature| Some(signature.issuer_key_id().first()?.to_string().to_uppercase()));
        fingerprint.or_else(key_id).unwrap_or_else(|| "that it does not name".to_owned())
    }

    /// The fingerprint of the key that says to have signed it, if it says so.
    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        self.signer().parse().ok()
    }

    /// Whether the ASCII-armoured key `armored`, or a subkey of it, signed the document and may do so
    /// at `now`. The whole key's fingerprint is given with it.
    ///
    /// # Errors
    /// A sentence, when `armored` is not a public key.
    pub(crate) fn verify(&self, armored: &[u8], now: Timestamp) -> Result<(Fingerprint, Verdict), String> {
        let key = parse(armored)?;
        Ok((fingerprint(&key)?, self.verdict(&key, now)))
    }

    fn verdict(&self, key: &SignedPublicKey, now: Timestamp) -> Verdict {
        let by_subkey = || key.public_subkeys.iter().find(|subkey| self.is_signed_by(&subkey.key));
        let subkey = match self.is_signed_by(&key.primary_key) {
            true => None,
            false => match by_subkey() {
                None => return Verdict::NotByThis,
                subkey => subkey,
            },
        };
        match subkey {
            _ if is_revoked(key) => Verdict::Bad("is revoked"),
            _ if is_expired(key, now) => Verdict::Bad("has expired"),
            None => Verdict::Good,
            Some(subkey) => subkey_verdict(key, subkey, now),
        }
    }

    fn is_signed_by(&self, key: &impl VerifyingKey) -> bool {
        let is_good = |signature: &Signature| {
            matches!(signature.typ(), Some(SignatureType::Text | SignatureType::Binary))
                && signature.verify(key, self.text.as_bytes()).is_ok()
        };
        self.message.signatures().iter().any(is_good)
    }
}

fn is_revoked(key: &SignedPublicKey) -> bool {
    key.details.revocation_signatures.iter().any(|signature| signature.verify_key(&key.primary_key).is_ok())
}

/// Whether the newest thing that the key says of itself makes it end before `now`.
fn is_expired(key: &SignedPublicKey, now: Timestamp) -> bool {
    let primary = &key.primary_key;
    let of_users = key.details.users.iter().flat_map(|user| {
        let is_own = |signature: &&Signature| signature.verify_certification(primary, Tag::UserId, &user.id).is_ok();
        user.signatures.iter().filter(is_own)
    });
    let direct = key.details.direct_signatures.iter().filter(|signature| signature.verify_key(primary).is_ok());
    let newest = of_users.chain(direct).max_by_key(|signature| signature.created().map(pgp::types::Timestamp::as_secs));
    newest.is_some_and(|signature| has_ended(primary.created_at(), signature, now))
}

fn has_ended(created: pgp::types::Timestamp, signature: &Signature, now: Timestamp) -> bool {
    signature.key_expiration_time().is_some_and(|after| {
        let ends = u64::from(created.as_secs()) + u64::from(after.as_secs());
        after.as_secs() > 0 && ends * 1_000 <= now.as_millis()
    })
}

/// Whether a subkey may sign for its key, which both have to say.
fn subkey_verdict(key: &SignedPublicKey, subkey: &SignedPublicSubKey, now: Timestamp) -> Verdict {
    let primary = &key.primary_key;
    let own = || {
        let is_own = |signature: &&Signature| signature.verify_subkey_binding(primary, &subkey.key).is_ok();
        subkey.signatures.iter().filter(is_own)
    };
    if own().any(|signature| signature.typ() == Some(SignatureType::SubkeyRevocation)) {
        return Verdict::Bad("has revoked the subkey that signed");
    }
    let bindings = own().filter(|signature| signature.typ() == Some(SignatureType::SubkeyBinding));
    let Some(newest) = bindings.max_by_key(|signature| signature.created().map(pgp::types::Timestamp::as_secs)) else {
        return Verdict::Bad("does not know the subkey that signed");
    };
    let agrees = newest
        .embedded_signature()
        .is_some_and(|backward| backward.verify_primary_key_binding(&subkey.key, primary).is_ok());
    match () {
        () if !newest.key_flags().sign() || !agrees => Verdict::Bad("does not let this subkey sign"),
        () if has_ended(subkey.key.created_at(), newest, now) => Verdict::Bad("has a subkey that has expired"),
        () => Verdict::Good,
    }
}
