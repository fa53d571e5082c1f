//! What a program said, and how it ended.

use std::process::Output;

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Asserts the exit status and what is said where; the whole output is in the message.
#[track_caller]
pub(crate) fn assert_said(output: &Output, status: i32, stdout: &[&str], stderr: &[&str]) {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "{out}\n{err}");
    for part in stdout {
        assert!(out.contains(part), "`{part}` is not on standard output:\n{out}\n{err}");
    }
    for part in stderr {
        assert!(err.contains(part), "`{part}` is not on standard error:\n{out}\n{err}");
    }
}
