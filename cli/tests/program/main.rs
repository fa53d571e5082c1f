//! The `larder` program as a person or a CI job runs it, against a server that misbehaves on command.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod import;
mod push;
mod report;
mod said;
mod server;
#[cfg(unix)]
mod stackinator;
