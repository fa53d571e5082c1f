//! What a mirror asks of a package beyond its digests.

use larder_shared::{
    api::{Require, Timestamp},
    key::Folder,
};

use super::Place;
use crate::{
    error::{Error, Result},
    openpgp::{SignedDocument, Verdict},
};

/// Most keys of a mirror that are tried on a signature which names none of them.
const MAX_KEYS: u32 = 32;

impl Place<'_> {
    /// Lets a package in, or not. `document` is what it arrived with, which may be signed.
    ///
    /// # Errors
    /// [`Error::Unsigned`] or [`Error::Untrusted`], which names who signed.
    pub(crate) async fn admit(&self, require: Require, is_signed: bool, document: &[u8], now: Timestamp) -> Result<()> {
        match require {
            Require::Nothing => Ok(()),
            Require::Signed if !is_signed => Err(Error::Unsigned(self.mirror.clone())),
            Require::Signed => self.expect_trusted(document, now).await,
        }
    }

    async fn expect_trusted(&self, document: &[u8], now: Timestamp) -> Result<()> {
        let document = SignedDocument::parse(document).map_err(Error::Document)?;
        let untrusted = |problem: &'static str| Error::Untrusted {
            signer: document.signer(),
            problem,
            mirror: self.mirror.clone(),
        };
        // A signature names the key it was made with, which may be a subkey of one that is stored.
        let candidates = match document.fingerprint() {
            Some(named) if self.store.head(&self.key_place(&named)).await?.is_some() => vec![named],
            _ => {
                let (names, _) = self.store.list(&Folder::Keys.prefix(self.mirror), None, MAX_KEYS).await?;
                names.iter().filter_map(|name| name.strip_suffix(".pub")?.parse().ok()).collect()
            }
        };
        for fingerprint in candidates {
            let Some(armored) = self.store.read(&self.key_place(&fingerprint)).await? else { continue };
            match document.verify(&armored, now) {
                Ok((_, Verdict::Good)) => return Ok(()),
                Ok((_, Verdict::Bad(problem))) => return Err(untrusted(problem)),
                Ok((named, Verdict::NotByThis)) if Some(&named) == document.fingerprint().as_ref() => {
                    return Err(Error::Document(format!(
                        "the signature is not good: it says to be by the key {named}"
                    )));
                }
                // A key that cannot be read was put there past Larder.
                Ok((_, Verdict::NotByThis)) | Err(_) => {}
            }
        }
        Err(untrusted("is not one of its keys"))
    }
}
