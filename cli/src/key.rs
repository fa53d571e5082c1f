//! `larder key`: the key of managed signing.

use clap::{Args, Subcommand};

use crate::End;

pub(crate) mod create;

use create::CannotCreate;

/// Make the key with which a Larder signs what it derives.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(create::Arguments),
}

/// Does what was asked for.
///
/// # Errors
/// [`CannotCreate`]; then no file is left behind.
pub(crate) fn run(arguments: &Arguments) -> Result<End, CannotCreate> {
    match &arguments.command {
        Command::Create(arguments) => create::run(arguments),
    }
}
