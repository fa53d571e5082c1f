//! What the end-to-end tests are made with: a real Larder, those who speak to it, and origins.
//!
//! ```text
//! larder     the server: the built worker on workerd, with storage of its own
//! http       an HTTP client that adds and hides nothing; raw, bytes exactly as written
//! spack      reads a mirror the way Spack does, from a folder or over HTTP, and checks every digest
//! oci        an OCI client, and packages as images
//! push       the program `larder push`; program, any other command of it
//! issuer     an issuer of OpenID Connect tokens, and the keys it signs with
//! gpg        GnuPG, with keys of its own
//! nginx      a static site; registry, Debian's docker-registry; origin, one that misbehaves on command
//! package    packages made up for a test
//! ```
//! Nothing here is a mock: a test starts what it needs, each thing on a free port and in a folder
//! that is removed afterwards.

#![expect(clippy::unwrap_used, reason = "a test may panic, and so may what it is made with")]

pub mod difference;
pub mod fixtures;
pub mod gpg;
pub mod http;
pub mod issuer;
pub mod larder;
pub mod nginx;
pub mod oci;
pub mod origin;
pub mod package;
pub mod program;
pub mod push;
pub mod raw;
pub mod receiver;
pub mod registry;
pub mod reports;
pub mod spack;
pub mod wait;
