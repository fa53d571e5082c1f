//! Takes what arrives, whichever way: checks it against the bucket, and keeps it and what is derived
//! of it. It knows no request and asks no index, so that an upload and a file found in the bucket are
//! taken alike.

pub(crate) mod blob;
pub(crate) mod derived;
pub(crate) mod image;
pub(crate) mod key;
pub(crate) mod package;
pub(crate) mod policy;

use larder_shared::name::MirrorName;

use crate::store::Store;

/// Where things are taken to.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) store: &'a Store,
    pub(crate) mirror: &'a MirrorName,
}
