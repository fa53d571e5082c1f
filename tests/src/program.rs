//! The program `larder`.

use std::{
    env,
    process::{Command, Output},
};

use crate::{fixtures, larder::ADMIN};

/// The program, with the admin token in its environment.
pub fn command() -> Command {
    // The program `npm run build` leaves there, unless `LARDER_PROGRAM` names another.
    let program =
        env::var_os("LARDER_PROGRAM").map_or_else(|| fixtures::root().join("target/release/larder"), Into::into);
    let mut command = Command::new(program);
    command.env("LARDER_TOKEN", ADMIN);
    command
}

/// Runs it to its end.
pub fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}
