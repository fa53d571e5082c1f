//! The query in the box in colours: which stretches of it are drawn how.

use larder_shared::find::{Class, Span, Trouble};

/// A stretch of the text in the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch<'a> {
    /// What stands there.
    pub text: &'a str,
    /// The style sheet's class for it, empty for plain text.
    pub class: &'static str,
    /// Whether it is what is wrong with the query.
    pub is_fault: bool,
}

/// What is known of a query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Read {
    /// The query.
    pub query: String,
    /// Its parts.
    pub spans: Vec<Span>,
    /// What is wrong with it.
    pub problem: Option<Trouble>,
    /// Names in it that the mirror does not know.
    pub unknown: Vec<Trouble>,
}

impl Read {
    /// What is to be said about `text`, which stands in the box: nothing while it is newer than what was read.
    pub fn trouble(&self, text: &str) -> Option<&Trouble> {
        (self.query == text).then(|| self.problem.as_ref().or(self.unknown.first())).flatten()
    }

    /// The stretches of `text`, all of it, in order. What was typed since the query was read is plain, so
    /// that the colours before it stay.
    pub fn stretches<'a>(&self, text: &'a str) -> Vec<Stretch<'a>> {
        let same = common_prefix(&self.query, text);
        let fault = self.trouble(text).map(|trouble| (trouble.start as usize, trouble.end as usize));
        let mut edges = vec![0, text.len()];
        let spans: Vec<(usize, usize, &'static str)> = self
            .spans
            .iter()
            .map(|span| (span.start as usize, span.end as usize, span.class))
            .filter(|(start, end, _)| start < end && *end <= same)
            .filter_map(|(start, end, class)| Some((start, end, class_of(class, self.query.get(start..end)?))))
            .collect();
        edges.extend(spans.iter().flat_map(|(start, end, _)| [*start, *end]));
        edges.extend(fault.iter().flat_map(|(start, end)| [*start, *end]));
        edges.retain(|edge| *edge <= text.len());
        edges.sort_unstable();
        edges.dedup();
        let mut stretches: Vec<Stretch> = edges
            .windows(2)
            .filter_map(|pair| {
                let (start, end) = (pair[0], pair[1]);
                let class = spans.iter().find(|span| span.0 <= start && end <= span.1).map_or("", |span| span.2);
                let is_fault = fault.is_some_and(|fault| fault.0 <= start && end <= fault.1);
                Some(Stretch { text: text.get(start..end)?, class, is_fault })
            })
            .collect();
        // Something is missing at the end: what is underlined is the place where it should be.
        if fault.is_some_and(|(start, end)| start >= text.len() || start == end) {
            stretches.push(Stretch { text: " ", class: "", is_fault: true });
        }
        stretches
    }
}

/// Only sigils carry colour; what is off steps back.
fn class_of(class: Class, text: &str) -> &'static str {
    match (class, text.as_bytes().first()) {
        (Class::Sigil, Some(b'@')) => "v",
        (Class::Sigil, Some(b'%')) => "c",
        (Class::Sigil, Some(b'/')) => "h",
        (Class::Sigil, Some(_)) => "on",
        (Class::Off, _) => "off",
        _ => "",
    }
}

/// How many bytes two texts begin with alike.
fn common_prefix(one: &str, other: &str) -> usize {
    let pairs = one.char_indices().zip(other.chars());
    pairs.take_while(|((_, a), b)| a == b).last().map_or(0, |((at, a), _)| at + a.len_utf8())
}

/// Whether a query is more than words: then one looks for specs, not for packages.
pub fn asks_for_specs(query: &str) -> bool {
    query.contains(['@', '%', '+', '~', '^', '/', '='])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str, spans: &[(u32, u32, Class)], problem: Option<(u32, u32)>) -> Read {
        Read {
            query: query.to_owned(),
            spans: spans.iter().map(|&(start, end, class)| Span { start, end, class }).collect(),
            problem: problem.map(|(start, end)| Trouble { start, end, message: "wrong".to_owned() }),
            unknown: Vec::new(),
        }
    }

    fn drawn(read: &Read, text: &str) -> String {
        read.stretches(text)
            .iter()
            .map(|Stretch { text, class, is_fault }| format!("[{class}{}|{text}]", if *is_fault { "!" } else { "" }))
            .collect()
    }

    #[test]
    fn sigils_are_coloured_and_what_was_typed_since_is_plain() {
        let known = read(
            "hdf5@1.14+mpi",
            &[(0, 4, Class::Name), (4, 5, Class::Sigil), (5, 9, Class::Version), (9, 10, Class::Sigil)],
            None,
        );
        assert_eq!(drawn(&known, "hdf5@1.14+mpi"), "[|hdf5][v|@][|1.14][on|+][|mpi]");
        assert_eq!(drawn(&known, "hdf5@1.15"), "[|hdf5][v|@][|1.15]");
        assert_eq!(drawn(&known, ""), "");
        assert_eq!(drawn(&Read::default(), "zl\u{fc}b"), "[|zl\u{fc}b]");
    }

    #[test]
    fn a_fault_is_underlined_under_its_character_while_it_is_there() {
        let known = read("a +", &[(0, 1, Class::Name)], Some((2, 3)));
        assert_eq!(drawn(&known, "a +"), "[|a][| ][!|+]");
        assert_eq!(drawn(&known, "a +m"), "[|a][| +m]");
        assert_eq!(known.trouble("a +").unwrap().message, "wrong");
        assert_eq!(known.trouble("a +m"), None);
        assert_eq!(drawn(&read("a@", &[], Some((2, 2))), "a@"), "[|a@][!| ]");
    }

    #[test]
    fn words_look_for_packages_and_the_language_for_specs() {
        assert!(!asks_for_specs("open ssl"));
        for query in ["^openssl", "hdf5@1.14", "%gcc", "+mpi", "target=zen3"] {
            assert!(asks_for_specs(query), "{query}");
        }
    }
}
