//! What Larder decides, without I/O: Spack's formats and paths, the index, the routes and the
//! JSON API's types.
//!
//! The worker, the dashboard, the command line and the tests share this crate; it imports none of
//! them, and it has no clock, no random numbers and no network. What it needs from outside is an
//! argument.

pub mod action_cache;
pub mod api;
pub mod asked;
pub mod bearer;
pub mod clearsign;
pub mod compare;
pub mod config;
pub mod credential;
pub mod digest;
pub mod find;
pub mod http;
pub mod index;
mod json;
pub mod key;
pub mod layout;
pub mod name;
pub mod nearest;
pub mod oci;
pub mod oidc;
pub mod package;
pub mod query;
pub mod report;
pub mod route;
pub mod sbom;
pub mod slice;
pub mod spec;
pub mod suggest;
pub mod tar;
pub mod version;
pub mod webhook;
