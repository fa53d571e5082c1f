//! YAML as Stackinator reads it, with the line of each value.
//!
//! PyYAML resolves plain scalars by the rules of YAML 1.1, where `yes` is a flag and `~` is nothing,
//! so the events of the parser are resolved here and not by a library of YAML 1.2.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

/// How deep these files nest at most, with room to spare: it bounds the recursion.
const MAX_DEPTH: usize = 16;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) value: Value,
}

/// What a value is to PyYAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Flag(bool),
    /// A number or a date, as it is written.
    Number(String),
    /// `null`, `~` or nothing; as it is written.
    Null(String),
    List,
    /// In the order of the file.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Of the key, counted from 1.
    pub(super) line: usize,
    pub(super) node: Node,
}

impl Node {
    /// What kind of value it is, for messages.
    pub(super) const fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "text",
            Value::Flag(_) => "true or false",
            Value::Number(_) => "a number or a date",
            Value::Null(_) => "nothing (null)",
            Value::List => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// The text, when it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entries, when it is a mapping.
    pub(super) fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of `key`, when it is a mapping that has it. PyYAML takes the last of several.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()?.iter().rfind(|entry| entry.key == key).map(|entry| &entry.node)
    }
}

/// Why a text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// Counted from 1.
    pub(super) line: usize,
    /// The beginning of a sentence.
    pub(super) why: String,
}

/// Reads the first document of a text; an empty text is [`Value::Null`].
///
/// # Errors
/// When it is no YAML, or of a kind these files do not need: aliases, and keys that are no text.
pub(super) fn read(text: &str) -> Result<Node, Unreadable> {
    let mut reader = Reader(Parser::new_from_str(text));
    loop {
        match reader.next()? {
            (Event::StreamStart | Event::DocumentStart(_), _) => {}
            (Event::StreamEnd, span) => return Ok(Node { line: line(&span), value: Value::Null(String::new()) }),
            (event, span) => {
                let node = reader.node(event, &span, 0)?;
                reader.finish()?;
                return Ok(node);
            }
        }
    }
}

struct Reader<'a>(Parser<'a, saphyr_parser::StrInput<'a>>);

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Unreadable> {
        match self.0.next() {
            Some(event) => event.map_err(|error| unreadable(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// Reads to the end, so that an error there is not missed.
    fn finish(&mut self) -> Result<(), Unreadable> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentStart(_), span) => {
                    return Err(Unreadable { line: line(&span), why: "a second document begins here".to_owned() });
                }
                _ => {}
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Result<Node, Unreadable> {
        let line = line(span);
        let refuse = |why: &str| Err(Unreadable { line, why: why.to_owned() });
        if depth > MAX_DEPTH {
            return refuse("it nests deeper than any of Stackinator's files");
        }
        let value = match event {
            Event::Scalar(text, ScalarStyle::Plain, _, None) => resolve(&text),
            Event::Scalar(text, ..) => Value::Text(text.into_owned()),
            Event::SequenceStart(..) => {
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, span) => drop(self.node(event, &span, depth + 1)?),
                    }
                }
                Value::List
            }
            Event::MappingStart(..) => Value::Map(self.entries(depth)?),
            Event::Alias(_) => {
                return refuse("it uses an alias (`*name`), which is not followed here: write the value out");
            }
            _ => return refuse("a value is expected"),
        };
        Ok(Node { line, value })
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<Entry>, Unreadable> {
        let mut entries = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(entries);
            }
            let line = line(&span);
            let key = match self.node(event, &span, depth + 1)?.value {
                Value::Text(key) | Value::Number(key) | Value::Null(key) => key,
                Value::Flag(flag) => flag.to_string(),
                Value::List | Value::Map(_) => {
                    return Err(Unreadable {
                        line,
                        why: "a list or mapping stands where a name is expected".to_owned(),
                    });
                }
            };
            let (event, span) = self.next()?;
            let node = self.node(event, &span, depth + 1)?;
            entries.push(Entry { key, line, node });
        }
    }
}

fn line(span: &Span) -> usize {
    span.start.line().max(1)
}

fn unreadable(error: &ScanError) -> Unreadable {
    Unreadable { line: error.marker().line().max(1), why: format!("it is not YAML: {}", error.info()) }
}

/// What a plain scalar is. Source: `resolver.py` of PyYAML, after YAML 1.1's types.
fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null(text.to_owned()),
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Value::Flag(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Value::Flag(false),
        _ if is_number(text) => Value::Number(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

/// Numbers, those in base 60 and dates: none is a path or an URL.
fn is_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    let is_first = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    digits.bytes().next().is_some_and(is_first)
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || b"_.:-+eE".contains(&byte))
        || digits
            .strip_prefix("0x")
            .is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str, key: &str) -> (usize, Value) {
        let node = read(text).unwrap();
        let node = node.get(key).unwrap();
        (node.line, node.value.clone())
    }

    #[test]
    fn plain_words_are_what_yaml_1_1_makes_of_them() {
        let text = "root: /a/b # said\nflag: yes\nquoted: 'yes'\nnone: ~\nempty:\nport: 8080\nday: 2026-11-21\nhex: 0x1F\nname: v1.2-rc\n";
        for (key, line, value) in [
            ("root", 1, Value::Text("/a/b".into())),
            ("flag", 2, Value::Flag(true)),
            ("quoted", 3, Value::Text("yes".into())),
            ("none", 4, Value::Null("~".into())),
            ("port", 6, Value::Number("8080".into())),
            ("day", 7, Value::Number("2026-11-21".into())),
            ("hex", 8, Value::Number("0x1F".into())),
            ("name", 9, Value::Text("v1.2-rc".into())),
        ] {
            assert_eq!(entry(text, key), (line, value), "{key}");
        }
        assert_eq!(entry(text, "empty").1, Value::Null(String::new()));
    }

    #[test]
    fn mappings_keep_their_order_and_what_stands_twice() {
        let node = read("b: 1\na: {c: d}\nb: 2\nl: [1, {x: y}]\n").unwrap();
        let keys: Vec<_> = node.entries().unwrap().iter().map(|entry| (entry.key.as_str(), entry.line)).collect();
        assert_eq!(keys, [("b", 1), ("a", 2), ("b", 3), ("l", 4)]);
        assert_eq!(node.get("b").unwrap().value, Value::Number("2".into()));
        assert_eq!(node.get("a").unwrap().get("c").unwrap().text(), Some("d"));
        assert_eq!(node.get("l").unwrap().value, Value::List);
    }

    #[test]
    fn what_cannot_be_read_names_its_line() {
        for (text, line, why) in [
            ("root: /a\nkey: [", 2, "not YAML"),
            ("a: &x 1\nb: *x\n", 2, "alias"),
            ("a: 1\n---\nb: 2\n", 2, "second document"),
            ("? [1]\n: 2\n", 1, "where a name is expected"),
            ("a: \"b\nc: d\n", 1, "not YAML"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.why.contains(why), "{text:?}: {error:?}");
            assert!(error.line >= line, "{text:?}: {error:?}");
        }
        let deep = "[".repeat(50);
        assert!(read(&deep).is_err());
        assert_eq!(read("# nothing\n").unwrap().value, Value::Null(String::new()));
    }
}
