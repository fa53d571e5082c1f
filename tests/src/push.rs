//! The program `larder push`.

use std::{env, path::Path, process::Command};

use crate::{fixtures, larder::Larder};

impl Larder {
    /// Pushes a folder to a mirror with the admin token, as a person would.
    ///
    /// # Panics
    /// With what the program said, when it fails.
    pub fn push(&self, folder: &Path, mirror: &str) {
        // The program `npm run build` leaves there, unless `LARDER_PROGRAM` names another.
        let program =
            env::var_os("LARDER_PROGRAM").map_or_else(|| fixtures::root().join("target/release/larder"), Into::into);
        let mut command = Command::new(&program);
        command.arg("push").arg(folder).arg(format!("http://{}/mirrors/{mirror}", self.address()));
        command.env("LARDER_TOKEN", crate::larder::ADMIN);
        let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "larder push {} failed: {}\n{said}", folder.display(), output.status);
    }
}
