//! A line as it is shown: escape sequences become colours, what a carriage return overwrote goes, what
//! cannot be seen is written out.
//!
//! ```text
//! ESC[31merror:ESC[0m x   ->   [a1: error:] [ x]
//! ```
//! Colours of terminals become the few of the dashboard, which are legible on its grounds. They hold
//! to the end of their line, where every tool we know ends them.

use std::{borrow::Cow, ops::Range};

use serde::{Deserialize, Serialize};

use crate::format;

/// Bytes of a line that are shown.
pub const MAX_SHOWN_BYTES: usize = 4_096;

/// A line to draw.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Line {
    /// Its parts, in order.
    pub parts: Vec<Part>,
    /// Bytes of it that are not shown.
    pub hidden: usize,
}

impl Line {
    /// Its text, if it is nothing but text.
    pub fn plain(&self) -> Option<&str> {
        match &self.parts[..] {
            _ if self.hidden > 0 => None,
            [] => Some(""),
            [part] => (part.class.is_empty() && !part.is_hit).then_some(&part.text),
            _ => None,
        }
    }
}

/// Some text in one style.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Part {
    /// The text.
    pub text: String,
    /// Its style: classes of the style sheet, empty for plain text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub class: String,
    /// Whether it is what was searched for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_hit: bool,
}

/// A line's text before anything is made visible, with the style of each stretch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Styled {
    /// The text.
    pub text: String,
    /// Where each style begins.
    styles: Vec<(usize, Style)>,
    hidden: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Style {
    colour: Option<u8>,
    is_bold: bool,
}

impl Style {
    fn class(self) -> String {
        match (self.colour, self.is_bold) {
            (None, false) => String::new(),
            (None, true) => "ab".to_owned(),
            (Some(colour), false) => format!("a{colour}"),
            (Some(colour), true) => format!("a{colour} ab"),
        }
    }
}

impl Styled {
    /// Reads a line, without its end.
    pub fn of(raw: &[u8]) -> Self {
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        let raw = memchr::memrchr(b'\r', raw).map_or(raw, |at| &raw[at + 1..]);
        let hidden = raw.len().saturating_sub(MAX_SHOWN_BYTES);
        let raw = &raw[..raw.len() - hidden];
        let mut styled = Self { hidden, ..Self::default() };
        let mut style = Style::default();
        let mut rest = raw;
        while let Some(at) = memchr::memchr(0x1b, rest) {
            styled.text.push_str(&String::from_utf8_lossy(&rest[..at]));
            let (parameters, after) = escape(&rest[at + 1..]);
            rest = after;
            if let Some(parameters) = parameters {
                style = styled_by(style, parameters);
                styled.styles.push((styled.text.len(), style));
            }
        }
        styled.text.push_str(&String::from_utf8_lossy(rest));
        styled
    }

    /// The line to draw, with `hits` (bytes of the text) marked and `quiet` ones stepping back.
    pub fn line(&self, hits: &[Range<usize>], quiet: &[Range<usize>]) -> Line {
        let mut edges: Vec<usize> = vec![0, self.text.len()];
        edges.extend(self.styles.iter().map(|(at, _)| *at));
        edges.extend(hits.iter().chain(quiet).flat_map(|range| [range.start, range.end]));
        edges.sort_unstable();
        edges.dedup();
        let style_at = |at: usize| self.styles.iter().rev().find(|(start, _)| *start <= at).map(|(_, style)| *style);
        let mut parts = Vec::with_capacity(edges.len());
        for pair in edges.windows(2) {
            let Some(text) = self.text.get(pair[0]..pair[1]) else { continue };
            let is_in =
                |ranges: &[Range<usize>]| ranges.iter().any(|range| range.start <= pair[0] && pair[1] <= range.end);
            let class = match is_in(quiet) {
                true => "dim".to_owned(),
                false => style_at(pair[0]).unwrap_or_default().class(),
            };
            let is_hit = is_in(hits);
            parts.push(Part { text: visible(text), class, is_hit });
        }
        Line { parts, hidden: self.hidden }
    }
}

/// Lines without their escape sequences, for searching; as many as in `raw`.
pub fn plain(raw: &[u8]) -> Cow<'_, str> {
    let is_plain = raw.iter().all(|&byte| byte >= b' ' || byte == b'\n' || byte == b'\t');
    if is_plain && longest(raw) <= MAX_SHOWN_BYTES {
        return String::from_utf8_lossy(raw);
    }
    let mut text = String::with_capacity(raw.len());
    for (index, line) in raw.split(|&byte| byte == b'\n').enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text.push_str(&Styled::of(line).text);
    }
    Cow::Owned(text)
}

fn longest(raw: &[u8]) -> usize {
    let mut begin = 0;
    let mut longest = 0;
    for end in memchr::memchr_iter(b'\n', raw).chain([raw.len()]) {
        longest = longest.max(end - begin);
        begin = end + 1;
    }
    longest
}

/// Text with what cannot be seen written out; tabulators stay.
fn visible(text: &str) -> String {
    if !text.contains('\t') {
        return format::visible(text).into_owned();
    }
    text.split('\t').map(format::visible).collect::<Vec<_>>().join("\t")
}

/// What follows an escape character: the parameters of a colour sequence, and the rest of the line.
fn escape(rest: &[u8]) -> (Option<&[u8]>, &[u8]) {
    match rest {
        [b'[', body @ ..] => match body.iter().position(|byte| (0x40..=0x7e).contains(byte)) {
            Some(end) => ((body[end] == b'm').then(|| &body[..end]), &body[end + 1..]),
            None => (None, &[]),
        },
        [b']', body @ ..] => match body.iter().position(|&byte| byte == 7 || byte == 0x1b) {
            Some(end) if body[end] == 0x1b => (None, body.get(end + 2..).unwrap_or_default()),
            Some(end) => (None, &body[end + 1..]),
            None => (None, &[]),
        },
        [b'(' | b')', _, rest @ ..] | [_, rest @ ..] => (None, rest),
        [] => (None, rest),
    }
}

/// The style after a colour sequence with these parameters: `1;31`, `38;5;196`, `38;2;255;0;0`.
fn styled_by(mut style: Style, parameters: &[u8]) -> Style {
    let numbers: Vec<u32> = parameters
        .split(|byte| matches!(byte, b';' | b':'))
        .map(|number| std::str::from_utf8(number).ok().and_then(|number| number.parse().ok()).unwrap_or(0))
        .collect();
    let mut rest = &numbers[..];
    while let [number, after @ ..] = rest {
        rest = after;
        match number {
            0 => style = Style::default(),
            1 => style.is_bold = true,
            22 => style.is_bold = false,
            2 => style.colour = Some(0),
            30..=37 => style.colour = named(number - 30),
            90..=97 => style.colour = named(number - 90),
            39 => style.colour = None,
            38 | 48 => {
                let (colour, after) = chosen(after);
                rest = after;
                if *number == 38 {
                    style.colour = colour;
                }
            }
            _ => {}
        }
    }
    style
}

/// One of the eight colours of terminals: black steps back, white is plain.
fn named(number: u32) -> Option<u8> {
    u8::try_from(number).ok().filter(|number| *number < 7)
}

/// A colour out of 256, or by its parts.
fn chosen(rest: &[u32]) -> (Option<u8>, &[u32]) {
    match rest {
        [5, number @ 0..=15, rest @ ..] => (named(number % 8), rest),
        [5, number @ 16..=231, rest @ ..] => {
            let cube = number - 16;
            (nearest(cube / 36 * 51, cube / 6 % 6 * 51, cube % 6 * 51), rest)
        }
        [5, number, rest @ ..] => ((*number < 244).then_some(0), rest),
        [2, red, green, blue, rest @ ..] => (nearest(*red, *green, *blue), rest),
        _ => (None, &[]),
    }
}

/// The named colour that has the same of its parts above the middle.
fn nearest(red: u32, green: u32, blue: u32) -> Option<u8> {
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    if most.saturating_sub(least) < 48 {
        return (most < 128).then_some(0);
    }
    let middle = (most + least) / 2;
    let bit = |part: u32, bit: u32| if part > middle { bit } else { 0 };
    named(bit(red, 1) + bit(green, 2) + bit(blue, 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(raw: &[u8], hits: &[Range<usize>]) -> String {
        let part = |part: &Part| {
            let hit = if part.is_hit { "!" } else { "" };
            format!("[{}{hit}|{}]", part.class, part.text)
        };
        Styled::of(raw).line(hits, &[]).parts.iter().map(part).collect()
    }

    #[test]
    fn colours_become_classes_and_other_escapes_go() {
        for (raw, expected) in [
            (&b"plain"[..], "[|plain]"),
            (b"", ""),
            (b"\x1b[01m\x1b[Ka.c:1:\x1b[m \x1b[31merror: \x1b[0mx\r", "[ab|a.c:1:][| ][a1|error: ][|x]"),
            (b"\x1b[1;32mok\x1b[39m\x1b[22m.", "[a2 ab|ok][|.]"),
            (b"\x1b[38;5;196mred\x1b[38;2;0;0;255mblue\x1b[38;5;250mgrey", "[a1|red][a4|blue][|grey]"),
            (b"\x1b[48;2;1;2;3;93mx", "[a3|x]"),
            (b"10%\r 50%\rdone", "[|done]"),
            (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x07 end", "[|link end]"),
            (b"\x1b[", ""),
            (b"\x1b", ""),
            (b"\x1b[999999999999;38mx", "[|x]"),
        ] {
            assert_eq!(drawn(raw, &[]), expected, "{}", String::from_utf8_lossy(raw));
        }
    }

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        assert_eq!(drawn(b"a\0b\tc\xff", &[]), "[|a\\u{0}b\tc\u{fffd}]");
        assert_eq!(drawn("x\u{202e}y".as_bytes(), &[]), "[|x\\u{202e}y]");
        assert_eq!(drawn(b"<script>alert(1)</script>", &[]), "[|<script>alert(1)</script>]");
    }

    #[test]
    fn hits_are_marked_across_colours() {
        assert_eq!(drawn(b"an \x1b[31merror", &[1..5, 7..8]), "[|a][!|n ][a1!|er][a1|ro][a1!|r]");
    }

    #[test]
    fn of_a_very_long_line_the_beginning_is_shown() {
        let line = Styled::of(&vec![b'x'; MAX_SHOWN_BYTES + 5]).line(&[], &[]);
        assert_eq!((line.parts[0].text.len(), line.hidden), (MAX_SHOWN_BYTES, 5));
        assert_eq!(plain(&vec![b'x'; MAX_SHOWN_BYTES + 5]).len(), MAX_SHOWN_BYTES);
    }

    #[test]
    fn what_is_searched_has_as_many_lines() {
        assert_eq!(plain(b"a\nb\tc\n"), "a\nb\tc\n");
        assert_eq!(plain(b"\x1b[31ma\x1b[0m\r\n1%\r2%\n\n"), "a\n2%\n\n");
    }
}
