//! What the end-to-end tests are made with: a real Larder, those who speak to it, and origins.
//!
//! ```text
//! larder     the server: the built worker on workerd, with storage of its own
//! http       an HTTP client that adds and hides nothing; raw, bytes exactly as written
//! spack      reads a mirror the way Spack does, from a folder or over HTTP, and checks every digest
//! push       the program `larder push`
//! gpg        GnuPG, with keys of its own
//! nginx      a static site; origin, one that misbehaves on command
//! package    packages made up for a test
//! ```
//! Nothing here is a mock: a test starts what it needs, each thing on a free port and in a folder
//! that is removed afterwards.

#![expect(clippy::unwrap_used, reason = "a test may panic, and so may what it is made with")]

pub mod difference;
pub mod fixtures;
pub mod gpg;
pub mod http;
pub mod larder;
pub mod nginx;
pub mod origin;
pub mod package;
pub mod push;
pub mod raw;
pub mod spack;
pub mod wait;
