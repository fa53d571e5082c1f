//! A query in parts, for its colours: a glance at each character that takes any text, faulty ones too.

use super::{Class, Span};

/// The parts of a query.
pub(super) fn spans(query: &str) -> Vec<Span> {
    let bytes = query.as_bytes();
    let mut spans = Vec::new();
    let mut at = 0;
    let mut is_dependency = false;
    let mut push = |start: usize, end: usize, class: Class| {
        if end > start {
            let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            spans.push(Span { start: place(start), end: place(end), class });
        }
        end
    };
    while let Some(byte) = bytes.get(at).copied() {
        let word = |from: usize, more: &[u8]| {
            let rest = bytes.get(from..).unwrap_or_default();
            let is_in = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte) || more.contains(byte);
            from + rest.iter().take_while(|byte| is_in(byte)).count()
        };
        let is_first = at == 0 || bytes[at - 1].is_ascii_whitespace();
        at = match byte {
            _ if byte.is_ascii_whitespace() => at + 1,
            b'@' => {
                let value = push(at, at + 1, Class::Sigil);
                push(value, word(value, b":,=+*"), Class::Version)
            }
            b'%' => {
                let value = push(at, at + 1, Class::Sigil);
                push(value, word(value, b"%,="), Class::Compiler)
            }
            b'+' => {
                let value = push(at, at + if bytes.get(at + 1) == Some(&b'+') { 2 } else { 1 }, Class::Sigil);
                push(value, word(value, b""), Class::On)
            }
            b'~' => {
                let value = push(at, at + if bytes.get(at + 1) == Some(&b'~') { 2 } else { 1 }, Class::Sigil);
                push(value, word(value, b""), Class::Off)
            }
            b'-' if is_first => {
                let value = push(at, at + 1, Class::Sigil);
                push(value, word(value, b""), Class::Off)
            }
            b'/' => {
                let value = push(at, at + 1, Class::Sigil);
                push(value, word(value, b""), Class::Hash)
            }
            b'^' => {
                is_dependency = true;
                push(at, at + 1, Class::Sigil)
            }
            b'\'' | b'"' => push(at, quoted(bytes, at), Class::Text),
            b'[' | b']' => push(at, at + 1, Class::Sigil),
            _ if byte.is_ascii_alphanumeric() || byte == b'_' => {
                let end = word(at, b"");
                let sign = bytes.get(end..).unwrap_or_default();
                let sign = [":==", ":=", "==", "="].iter().find(|known| sign.starts_with(known.as_bytes()));
                match sign {
                    Some(sign) => {
                        let value = push(at, end + sign.len(), Class::Sigil);
                        let is_quoted = bytes.get(value).is_some_and(|byte| b"'\"".contains(byte));
                        let value_end = if is_quoted { quoted(bytes, value) } else { word(value, b"+*,:=~/\\") };
                        push(value, value_end, Class::Value)
                    }
                    None => {
                        let class = if is_dependency { Class::Dependency } else { Class::Name };
                        is_dependency = false;
                        push(at, end, class)
                    }
                }
            }
            _ => {
                let rest = query.get(at..).and_then(|rest| rest.chars().next());
                push(at, at + rest.map_or(1, char::len_utf8), Class::Text)
            }
        };
    }
    spans
}

/// The end of what is quoted from here on.
fn quoted(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        if *byte == bytes[start] && bytes[at - 1] != b'\\' {
            return at + 1;
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let query = "hdf5@1.14: +mpi~cxx build_type=Release target=x86_64_v3: %gcc@12 ^openmpi@4 /slmgyj5";
        let parts: Vec<_> =
            spans(query).iter().map(|span| (&query[span.start as usize..span.end as usize], span.class)).collect();
        assert_eq!(
            parts,
            [
                ("hdf5", Class::Name),
                ("@", Class::Sigil),
                ("1.14:", Class::Version),
                ("+", Class::Sigil),
                ("mpi", Class::On),
                ("~", Class::Sigil),
                ("cxx", Class::Off),
                ("build_type=", Class::Sigil),
                ("Release", Class::Value),
                ("target=", Class::Sigil),
                ("x86_64_v3:", Class::Value),
                ("%", Class::Sigil),
                ("gcc", Class::Compiler),
                ("@", Class::Sigil),
                ("12", Class::Version),
                ("^", Class::Sigil),
                ("openmpi", Class::Dependency),
                ("@", Class::Sigil),
                ("4", Class::Version),
                ("/", Class::Sigil),
                ("slmgyj5", Class::Hash),
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_has_parts_in_order(query in "\\PC{0,60}") {
            let mut end = 0;
            for span in spans(&query) {
                prop_assert!(span.start >= end && span.end > span.start);
                prop_assert!(query.get(span.start as usize..span.end as usize).is_some(), "{query:?} {span:?}");
                end = span.end;
            }
        }
    }
}
