//! A mirror as Spack sees it: `/mirrors/<mirror>/…` in both layouts.

pub(crate) mod accept;
pub(crate) mod action_cache;
pub(crate) mod index;
pub(crate) mod keys;
pub(crate) mod read;
pub(crate) mod write;
