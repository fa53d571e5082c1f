//! OpenPGP: public keys are read, documents signed, signatures verified. The only place that knows
//! the format.

mod public_key;
mod sign;
mod verify;

pub(crate) use public_key::read_public_key;
pub(crate) use sign::SigningKey;
pub(crate) use verify::{SignedDocument, Verdict};
