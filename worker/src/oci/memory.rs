//! Manifests that this isolate read a moment ago: clients of one image come in crowds.

use std::{cell::RefCell, collections::HashMap};

use larder_shared::key::ObjectKey;

use crate::{app::now, intake::image::StoredManifest};

/// How long a manifest is believed to be there, in milliseconds. Its bytes never change, but
/// somebody may delete it.
const MANIFEST_MILLIS: u64 = 30_000;

/// How long a tag is believed to name what it named, in milliseconds: another isolate may move it.
const TAG_MILLIS: u64 = 1_000;

/// Largest manifest remembered, in bytes; Spack's have a few hundred to a few thousand.
const MAX_BYTES: usize = 32 << 10;

/// Most manifests remembered: 8 MB at worst.
const MAX_REMEMBERED: usize = 256;

thread_local! {
    /// Manifests by key, and until when (milliseconds since 1970) they are believed.
    static REMEMBERED: RefCell<HashMap<String, (StoredManifest, u64)>> = RefCell::default();
}

/// A manifest read a moment ago.
pub(super) fn recall(key: &ObjectKey) -> Option<StoredManifest> {
    let time = now().as_millis();
    REMEMBERED
        .with_borrow(|all| all.get(&key.to_string()).filter(|(_, until)| *until > time).cloned())
        .map(|kept| kept.0)
}

/// Remembers a manifest for a moment.
pub(super) fn remember(key: &ObjectKey, stored: &StoredManifest) {
    if stored.bytes.len() > MAX_BYTES {
        return;
    }
    let millis = if matches!(key, ObjectKey::Tag(..)) { TAG_MILLIS } else { MANIFEST_MILLIS };
    REMEMBERED.with_borrow_mut(|all| {
        if all.len() >= MAX_REMEMBERED {
            all.clear();
        }
        all.insert(key.to_string(), (stored.clone(), now().as_millis() + millis));
    });
}

/// Forgets what was remembered under a key that is written or deleted.
pub(super) fn forget(key: &ObjectKey) {
    REMEMBERED.with_borrow_mut(|all| all.remove(&key.to_string()));
}
