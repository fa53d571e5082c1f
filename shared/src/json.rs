//! JSON as text: what is needed before and after a parser, which only `serde_json` is here.
//!
//! Everything looks at bytes and strings only, so it works on JSON that arrives in pieces and
//! keeps numbers and escapes as they were written.

/// Deepest nesting of arrays and objects that is read; `serde_json` stops there too.
pub const MAX_DEPTH: usize = 128;

/// Longest number in bytes. Python refuses integers of more than 4,300 digits, so one such number
/// would make an index unreadable for Spack.
pub const MAX_NUMBER_BYTES: usize = 64;

/// JSON that no reader should be made to read, whether it is correct or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// Arrays and objects inside each other, more than [`MAX_DEPTH`].
    #[error("JSON is nested deeper than {MAX_DEPTH} levels")]
    Depth,
    /// A number, or what stands in the place of one, longer than [`MAX_NUMBER_BYTES`].
    #[error("a number in the JSON is longer than {MAX_NUMBER_BYTES} bytes")]
    Number,
}

/// Where a [`Scanner`] stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between tokens.
    Between,
    /// In a string.
    String,
    /// In a string, behind a backslash.
    Escape,
    /// In a number, `true`, `false` or `null`, of which this many bytes were seen.
    Word(usize),
}

/// Finds the end of one JSON value that arrives in pieces, in one pass over its bytes.
///
/// It tells strings and brackets apart and no more: the value still has to be parsed.
#[derive(Debug)]
pub(crate) struct Scanner {
    state: State,
    depth: usize,
}

impl Scanner {
    /// Stands in front of the first byte of a value.
    pub(crate) const fn new() -> Self {
        Self { state: State::Between, depth: 0 }
    }

    /// Looks at the next `bytes`; `Some(n)` when the value ends in front of the `n`th.
    ///
    /// A number ends at the byte after it, so a value that is one needs more text to end.
    pub(crate) fn advance(&mut self, bytes: &[u8]) -> Result<Option<usize>, Excess> {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            let at = bytes.len() - rest.len();
            rest = after;
            match (self.state, byte) {
                (State::Escape, _) => self.state = State::String,
                (State::String, b'\\') => self.state = State::Escape,
                (State::String, b'"') => {
                    self.state = State::Between;
                    if self.depth == 0 {
                        return Ok(Some(at + 1));
                    }
                }
                (State::String, _) => {
                    let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'));
                    rest = &rest[plain.unwrap_or(rest.len())..];
                }
                (_, b'"') => self.state = State::String,
                (_, b'{' | b'[') => {
                    self.state = State::Between;
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(Excess::Depth);
                    }
                }
                (_, b'}' | b']') => match self.depth {
                    // The bracket of whatever the value stands in.
                    0 => return Ok(Some(at)),
                    1 => return Ok(Some(at + 1)),
                    _ => {
                        self.state = State::Between;
                        self.depth -= 1;
                    }
                },
                (before, b',' | b':' | b' ' | b'\t' | b'\r' | b'\n') => {
                    if self.depth == 0 && (before != State::Between || byte == b',') {
                        return Ok(Some(at));
                    }
                    self.state = State::Between;
                }
                (State::Word(length), _) if length >= MAX_NUMBER_BYTES => return Err(Excess::Number),
                (State::Word(length), _) => self.state = State::Word(length + 1),
                (State::Between, _) => self.state = State::Word(1),
            }
        }
        Ok(None)
    }
}

/// Whether `text` stays within the limits of this module.
///
/// # Errors
/// [`Excess`] if it does not.
pub(crate) fn check(text: &str) -> Result<(), Excess> {
    let mut rest = text.as_bytes();
    // Values that follow each other are for the parser to refuse.
    while let Some(end) = Scanner::new().advance(rest)? {
        rest = &rest[end.max(1)..];
    }
    Ok(())
}

/// Correct JSON without the white space between its tokens.
pub(crate) fn compact(text: &str) -> Box<str> {
    if text.bytes().all(|byte| byte > b' ') {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    for (piece, is_string) in pieces(text) {
        if is_string {
            out.push_str(piece);
        } else {
            out.extend(piece.split_ascii_whitespace());
        }
    }
    out.into()
}

/// Compact JSON with a line for each token, as Spack writes what it signs: GnuPG cuts lines of
/// more than 19,995 bytes.
///
/// The same as Python's `json.dumps(…, indent=0, separators=(",", ":"))`.
pub(crate) fn one_token_per_line(compact: &str) -> String {
    let mut out = String::with_capacity(compact.len() * 5 / 4);
    let mut previous = ' ';
    for (piece, is_string) in pieces(compact) {
        if is_string {
            if matches!(previous, '{' | '[') {
                out.push('\n');
            }
            out.push_str(piece);
            previous = '"';
            continue;
        }
        for c in piece.chars() {
            let is_empty = matches!((previous, c), ('{', '}') | ('[', ']'));
            if (matches!(c, '}' | ']') || matches!(previous, '{' | '[')) && !is_empty {
                out.push('\n');
            }
            out.push(c);
            if c == ',' {
                out.push('\n');
            }
            previous = c;
        }
    }
    out
}

/// Splits JSON into strings (`true`, with their quotation marks) and what is between them.
fn pieces(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_string = rest.starts_with('"');
        let end = if is_string { string_end(rest) } else { memchr::memchr(b'"', rest.as_bytes()) };
        let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        (!piece.is_empty()).then_some((piece, is_string))
    })
}

/// Where the string that `text` begins with ends, after its quotation mark.
fn string_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Appends `text` as a JSON string.
pub(crate) fn push_string(out: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// Appends a JSON array of strings.
pub(crate) fn push_strings<'a>(out: &mut String, texts: impl IntoIterator<Item = &'a str>) {
    out.push('[');
    for (index, text) in texts.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_string(out, text);
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_value_ends_where_it_ends() {
        for (text, end) in [
            (r#"{"a":[1,{"b":"}"}]},"#, 19),
            (r#""a\"b","#, 6),
            ("12,", 2),
            ("true}", 4),
            ("[]", 2),
            (",", 0),
            ("}", 0),
            (" {} ", 3),
        ] {
            for cut in 0..text.len() {
                let (head, tail) = text.as_bytes().split_at(cut);
                let mut scanner = Scanner::new();
                let found = match scanner.advance(head).unwrap() {
                    Some(end) => Some(end),
                    None => scanner.advance(tail).unwrap().map(|end| cut + end),
                };
                assert_eq!(found, Some(end), "{text} cut at {cut}");
            }
        }
    }

    #[test]
    fn excess_is_refused() {
        assert_eq!(check(&"[".repeat(MAX_DEPTH)), Ok(()));
        assert_eq!(check(&"[".repeat(MAX_DEPTH + 1)), Err(Excess::Depth));
        assert_eq!(check(&"{\"a\":".repeat(10_000)), Err(Excess::Depth));
        assert_eq!(check(&format!("[{}]", "9".repeat(MAX_NUMBER_BYTES))), Ok(()));
        assert_eq!(check(&format!("[{}]", "9".repeat(MAX_NUMBER_BYTES + 1))), Err(Excess::Number));
        assert_eq!(check(&format!("[\"{}\"]", "9[".repeat(500))), Ok(()));
    }

    #[test]
    fn lines_are_cut_as_python_cuts_them() {
        let compacted = r#"{"a":[],"b":{},"c":[1,"x,{y}\"",true],"d":{"e":null}}"#;
        let lines = "{\n\"a\":[],\n\"b\":{},\n\"c\":[\n1,\n\"x,{y}\\\"\",\ntrue\n],\n\"d\":{\n\"e\":null\n}\n}";
        assert_eq!(one_token_per_line(compacted), lines);
        assert_eq!(&*compact(lines), compacted);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((".{0,4}", inner), 0..4)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect()))
            ]
        })
    }

    proptest! {
        #[test]
        fn layout_does_not_change_the_value(value in any_json()) {
            let text = value.to_string();
            let lines = one_token_per_line(&text);
            prop_assert_eq!(&*compact(&lines), text.as_str());
            prop_assert_eq!(&*compact(&serde_json::to_string_pretty(&value).unwrap()), text.as_str());
            prop_assert_eq!(serde_json::from_str::<Value>(&lines).unwrap(), value);
        }

        #[test]
        fn any_text_is_scanned(text in r#"[\[\]{}",: \\a1]{0,40}"#) {
            let _ = check(&text);
            compact(&text);
            one_token_per_line(&text);
        }

        #[test]
        fn strings_are_quoted(text in ".{0,20}") {
            let mut out = String::new();
            push_string(&mut out, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
