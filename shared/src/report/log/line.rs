//! A line as a person sees it: without colours, overwritten text, NULs and broken UTF-8.

use std::borrow::Cow;

/// The text of `raw`: escape sequences and control characters out, what a carriage return
/// overwrote out, broken UTF-8 replaced.
pub(super) fn clean(raw: &[u8]) -> Cow<'_, str> {
    let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
    let raw = memchr::memrchr(b'\r', raw).map_or(raw, |at| &raw[at + 1..]);
    if raw.iter().all(|&byte| byte >= b' ' || byte == b'\t') {
        return String::from_utf8_lossy(raw);
    }
    let mut text = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            0x1b => rest = after_escape(after),
            b'\t' | b' '.. => text.push(*byte),
            _ => {}
        }
    }
    Cow::Owned(String::from_utf8_lossy(&text).into_owned())
}

/// What a tool said in `text`, without what others put before it: the time that GitHub and GitLab
/// write, and the line number with which Spack quotes a log.
///
/// ```text
/// 2024-03-05T14:20:06.3341223Z a.c:31:2: error: expected ';'
///   >> 1204    a.c:31:2: error: expected ';'
/// ```
pub(super) fn said(text: &str) -> &str {
    let text = after_time(text).unwrap_or(text);
    after_number(text).unwrap_or(text)
}

/// What follows `2024-03-05T14:20:06.3341223Z `, and GitLab's mark `01O ` of the stream.
fn after_time(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let is_time =
        bytes.len() > 20 && bytes[0].is_ascii_digit() && (bytes[4], bytes[10], bytes[13]) == (b'-', b'T', b':');
    let (time, rest) = if is_time { text.split_once(' ')? } else { return None };
    if !time.ends_with('Z') {
        return None;
    }
    match rest.as_bytes() {
        [a, b, b'O' | b'E', b' ' | b'+', ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => Some(&rest[4..]),
        _ => Some(rest),
    }
}

/// What follows `  >> 1204    `, or `     1203    ` around it.
fn after_number(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("  >> ").or_else(|| text.strip_prefix("     "))?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let rest = (1..=9).contains(&digits).then(|| &rest[digits..])?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix("    ") }
}

/// What follows an escape sequence; `rest` begins after its escape character.
fn after_escape(rest: &[u8]) -> &[u8] {
    match rest {
        // CSI: parameters, then a letter.
        [b'[', body @ ..] => {
            let end = body.iter().position(|byte| (0x40..=0x7e).contains(byte));
            end.map_or(&[], |end| &body[end + 1..])
        }
        // OSC (links, titles): up to BEL or ESC \.
        [b']', body @ ..] => match body.iter().position(|&byte| byte == 7 || byte == 0x1b) {
            Some(end) if body[end] == 0x1b => body.get(end + 2..).unwrap_or_default(),
            Some(end) => &body[end + 1..],
            None => &[],
        },
        [b'(' | b')', _, rest @ ..] | [_, rest @ ..] => rest,
        [] => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_overwritten_text_go() {
        for (raw, text) in [
            (&b"plain \tline"[..], "plain \tline"),
            (b"\x1b[01m\x1b[Ka.c:1:\x1b[m \x1b[31merror: \x1b[0mx\r", "a.c:1: error: x"),
            (b"10%\r 50%\rdone", "done"),
            (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x07 end", "link end"),
            (b"a\0b\xffc", "ab\u{fffd}c"),
            (b"\x1b[", ""),
            (b"\x1b", ""),
        ] {
            assert_eq!(clean(raw), text);
        }
    }

    #[test]
    fn what_others_put_before_a_line_goes() {
        for (text, tool) in [
            ("a.c:1: error: x", "a.c:1: error: x"),
            ("2024-03-05T14:20:06.3341223Z a.c:1: error: x", "a.c:1: error: x"),
            ("2024-03-05T14:20:06.334122Z 01E make: *** x", "make: *** x"),
            ("2024-03-05T14:20:06.334122 a.c", "2024-03-05T14:20:06.334122 a.c"),
            ("  >> 1204    CMake Error at a:1", "CMake Error at a:1"),
            ("     1205      indented", "  indented"),
            ("     12 | int x;", "     12 | int x;"),
            ("é", "é"),
        ] {
            assert_eq!(said(text), tool);
        }
    }
}
