//! What every line of a log says and nobody reads: when it was written, and where a package was built.
//!
//! ```text
//! 2026-11-21T16:06:03.1234567Z cc -I/tmp/root/spack-stage/spack-stage-hdf5-1.14.5-slmgyj5/spack-src/src -c a.c
//! ^^^^^^^^^^^^^^^^^^^^^^^^^^^^      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
//! ```

use std::ops::Range;

/// What Spack writes before its own lines.
const ARROW: &str = "==> ";

/// How the folder begins in which Spack builds a package.
const STAGE: &str = "/spack-stage-";

/// The parts of a line that may step back, in bytes, in order and apart.
pub fn quiet(text: &str) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let start = if text.starts_with(ARROW) { ARROW.len() } else { 0 };
    if let Some(length) = time(&text.as_bytes()[start..]) {
        parts.push(start..start + length);
    }
    for (at, _) in text.match_indices(STAGE) {
        let part = stage(text, at);
        if parts.last().is_none_or(|before| before.end <= part.start) {
            parts.push(part);
        }
    }
    parts
}

/// How long the time is that a line begins with: `[16:06:03]`, `2026-11-21T16:06:03.123Z`,
/// `[2026-11-21-16:06:03.123456]`.
fn time(text: &[u8]) -> Option<usize> {
    let in_brackets = text.first() == Some(&b'[');
    let begin = usize::from(in_brackets);
    let mut at = begin;
    if shaped(text, at, b"0000-00-00") && text.get(at + 10).is_some_and(|byte| b"T -".contains(byte)) {
        at += 11;
    }
    if !shaped(text, at, b"00:00:00") {
        return None;
    }
    at += 8;
    if text.get(at).is_some_and(|byte| b".,".contains(byte)) {
        at += 1 + text[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    }
    if text.get(at) == Some(&b'Z') {
        at += 1;
    } else if text.get(at).is_some_and(|byte| b"+-".contains(byte)) && shaped(text, at + 1, b"00:00") {
        at += 6;
    }
    match (in_brackets, text.get(at)) {
        (true, Some(b']')) => Some(at + 1),
        (false, None | Some(b' ' | b'\t')) => Some(at),
        _ => None,
    }
}

/// Whether `text` has digits at `at` where `shape` has zeros, and else the same.
fn shaped(text: &[u8], at: usize, shape: &[u8]) -> bool {
    let fits = |(byte, wanted): (&u8, &u8)| if *wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted };
    text.get(at..at + shape.len()).is_some_and(|text| text.iter().zip(shape).all(fits))
}

/// The path around a stage folder, up to the folder of the sources or of the build.
fn stage(text: &str, at: usize) -> Range<usize> {
    let is_path = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._+@~-".contains(byte);
    let bytes = text.as_bytes();
    let token = at - bytes[..at].iter().rev().take_while(|byte| is_path(byte)).count();
    let start = token + bytes[token..=at].iter().position(|byte| *byte == b'/').unwrap_or(at - token);
    let mut end = folder(bytes, at + 1);
    for name in ["spack-src/", "spack-build-"] {
        if text[end..].starts_with(name) {
            end = folder(bytes, end);
        }
    }
    start..end
}

/// Where the name that begins at `at` ends, with the slash behind it.
fn folder(bytes: &[u8], at: usize) -> usize {
    let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"._+@~-".contains(byte)).count();
    let end = at + length;
    if bytes.get(end) == Some(&b'/') { end + 1 } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str) -> String {
        let mut marked = String::new();
        let mut at = 0;
        for part in quiet(text) {
            marked.push_str(&format!("{}<{}>", &text[at..part.start], &text[part.clone()]));
            at = part.end;
        }
        marked + &text[at..]
    }

    #[test]
    fn times_at_the_beginning_step_back() {
        for (text, expected) in [
            ("2026-11-21T16:06:03.1234567Z cc a.c", "<2026-11-21T16:06:03.1234567Z> cc a.c"),
            ("[16:06:03] x", "<[16:06:03]> x"),
            ("16:06:03", "<16:06:03>"),
            ("==> [2026-11-21-16:06:03.123456] '/bin/make'", "==> <[2026-11-21-16:06:03.123456]> '/bin/make'"),
            ("2026-11-21 16:06:03+01:00\tx", "<2026-11-21 16:06:03+01:00>\tx"),
            ("[16:06:03 x", "[16:06:03 x"),
            ("[ 12%] Building", "[ 12%] Building"),
            ("16:06:03: error", "16:06:03: error"),
            ("at 16:06:03", "at 16:06:03"),
            ("2026-11-21", "2026-11-21"),
            ("", ""),
        ] {
            assert_eq!(marked(text), expected);
        }
    }

    #[test]
    fn paths_of_a_stage_step_back() {
        for (text, expected) in [
            (
                "cc -I/tmp/root/spack-stage/spack-stage-hdf5-1.14.5-slmgyj5/spack-src/src -c a.c",
                "cc -I</tmp/root/spack-stage/spack-stage-hdf5-1.14.5-slmgyj5/spack-src/>src -c a.c",
            ),
            ("/t/spack-stage-a-1-b/spack-build-1234567/x: y", "</t/spack-stage-a-1-b/spack-build-1234567/>x: y"),
            ("'/t/spack-stage-a' '/t/spack-stage-b/c'", "'</t/spack-stage-a>' '</t/spack-stage-b/>c'"),
            ("\u{fc}/spack-stage-\u{fc}", "\u{fc}</spack-stage->\u{fc}"),
            ("my-spack-stage-x", "my-spack-stage-x"),
        ] {
            assert_eq!(marked(text), expected);
        }
    }
}
