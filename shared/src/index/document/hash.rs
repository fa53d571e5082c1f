//! The digest of a document that grows: kept halfway, resumed with what was added.

use std::fmt;

use sha2::{
    Digest as _, Sha256,
    digest::common::hazmat::{SerializableState, SerializedState},
};

use crate::digest::Digest;

/// A SHA-256 whose state can be stored after part of a document and taken up again.
#[derive(Clone, Default)]
pub struct DocumentHash(Sha256);

/// Bytes that are not the [state](DocumentHash::state) of a [`DocumentHash`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a stored state of a document's hash")]
pub struct InvalidState;

impl DocumentHash {
    /// The hash of no bytes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The hash that had the given [state](Self::state).
    ///
    /// # Errors
    /// [`InvalidState`] if `state` does not come from there.
    pub fn from_state(state: &[u8]) -> Result<Self, InvalidState> {
        let state = SerializedState::<Sha256>::try_from(state).map_err(|_| InvalidState)?;
        Sha256::deserialize(&state).map(Self).map_err(|_| InvalidState)
    }

    /// Takes in the next bytes of the document; cost is linear in them.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The state so far: 104 bytes, whatever was taken in.
    pub fn state(&self) -> Vec<u8> {
        self.0.serialize().to_vec()
    }

    /// The digest of all bytes taken in.
    pub fn finish(self) -> Digest {
        Digest::from_bytes(self.0.finalize().into())
    }
}

impl fmt::Debug for DocumentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DocumentHash")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn other_bytes_are_no_state() {
        let state = DocumentHash::new().state();
        assert_eq!(state.len(), 104);
        for bytes in [&[][..], &state[1..], &[0xff; 104]] {
            assert_eq!(DocumentHash::from_state(bytes).map(drop), Err(InvalidState));
        }
    }

    proptest! {
        #[test]
        fn stopping_halfway_does_not_change_the_digest(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0..300usize) {
            let (head, tail) = bytes.split_at(cut.min(bytes.len()));
            let mut first = DocumentHash::new();
            first.update(head);
            let mut second = DocumentHash::from_state(&first.state()).unwrap();
            second.update(tail);
            prop_assert_eq!(second.finish(), Digest::of(&bytes));
        }
    }
}
