//! Larder end to end. One program, so that it is linked once; each module is one theme.

#![expect(clippy::unwrap_used, reason = "a test may panic, and so may what it is made with")]

mod access;
mod api;
mod bad_input;
mod catalogue;
mod export;
mod find;
mod github;
mod healing;
mod http;
mod import;
mod large_index;
mod layouts;
mod oci;
mod oidc;
mod openapi;
mod origin;
mod origin_trouble;
mod push;
mod registry_origin;
mod registry_origin_trouble;
mod removal;
mod replay;
mod reports;
mod require_signed;
mod signing;
mod slices;
mod stackinator;
mod suggest;
mod tampered;
mod tokens;
mod usage;
