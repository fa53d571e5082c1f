//! `larder stackinator`: the build cache of those who build images with Stackinator.

use clap::{Args, Subcommand};

use crate::End;

mod check;
mod init;
mod migrate;
mod openpgp;
mod place;

/// Set up, check and migrate a build cache for Stackinator.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Arguments),
    Check(check::Arguments),
    Migrate(migrate::Arguments),
}

/// Why nothing could be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CannotBegin {
    #[error(transparent)]
    Init(#[from] init::CannotInit),
    #[error(transparent)]
    Check(#[from] check::CannotRead),
    #[error(transparent)]
    Migrate(#[from] migrate::CannotMigrate),
}

/// Does what was asked for.
///
/// # Errors
/// [`CannotBegin`].
pub(crate) fn run(arguments: &Arguments) -> Result<End, CannotBegin> {
    match &arguments.command {
        Command::Init(arguments) => Ok(init::run(arguments)?),
        Command::Check(arguments) => Ok(check::run(arguments)?),
        Command::Migrate(arguments) => Ok(migrate::run(arguments)?),
    }
}
