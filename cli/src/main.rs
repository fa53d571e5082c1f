//! `larder`: what people and CI jobs do with a Larder from a shell.
//!
//! Exit status: 0 when everything asked for is done, 1 when some of it failed, 2 when it could not
//! begin (wrong arguments, no mirror in the folder), 130 when it was stopped by Ctrl-C.

mod export;
mod find;
mod http;
mod import;
mod key;
mod mirror_url;
mod mirrors_url;
mod output;
mod part;
mod push;
mod reading;
mod report;
mod sending;
mod server_url;
mod stackinator;
mod stop;
mod suggest;
mod token;

use std::{error::Error, process::ExitCode};

use clap::{Parser, Subcommand};

/// Works with a Larder, a Spack build cache at the edge.
#[derive(Debug, Parser)]
#[command(name = "larder", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Push(push::Arguments),
    Export(export::Arguments),
    Import(import::Arguments),
    Find(find::Arguments),
    Suggest(suggest::Arguments),
    Report(Box<report::Arguments>),
    Key(key::Arguments),
    Token(token::Arguments),
    Stackinator(stackinator::Arguments),
}

/// How a command ended, which decides the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// All that was asked for is done.
    Done,
    /// Some of it failed; what and why has been said.
    Failed,
    /// Ctrl-C ended it early.
    Stopped,
}

/// The exit status when a command could not begin; clap uses the same for wrong arguments.
const COULD_NOT_BEGIN: u8 = 2;

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let end: Result<End, Box<dyn Error>> = match command {
        Command::Push(arguments) => push::run(&arguments).map_err(Into::into),
        Command::Export(arguments) => export::run(&arguments).map_err(Into::into),
        Command::Import(arguments) => import::run(&arguments).map_err(Into::into),
        Command::Find(arguments) => find::run(&arguments).map_err(Into::into),
        Command::Suggest(arguments) => suggest::run(&arguments).map_err(Into::into),
        Command::Report(arguments) => report::run(&arguments).map_err(Into::into),
        Command::Token(arguments) => token::run(&arguments).map_err(Into::into),
        Command::Key(arguments) => key::run(&arguments).map_err(Into::into),
        Command::Stackinator(arguments) => stackinator::run(&arguments).map_err(Into::into),
    };
    match end {
        Ok(End::Done) => ExitCode::SUCCESS,
        Ok(End::Failed) => ExitCode::FAILURE,
        Ok(End::Stopped) => ExitCode::from(stop::EXIT_STATUS),
        Err(error) => {
            output::error(&format!("larder: {error}"));
            ExitCode::from(COULD_NOT_BEGIN)
        }
    }
}
