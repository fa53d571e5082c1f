//! Lines for people, which nobody may be reading: a closed pipe is no error.

use std::io::{self, Write};

/// Writes a line to standard output.
pub(crate) fn line(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Writes a line to standard error.
pub(crate) fn error(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
