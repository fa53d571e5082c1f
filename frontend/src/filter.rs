//! The packages that match words, best first.
//!
//! Every word must be found: in the package's name, or as the beginning of its newest version, of a
//! target or of a system. Only when that finds nothing are names taken whose letters come in the
//! word's order.

use std::{cmp::Ordering, ops::Range};

use larder_shared::api::PackageSummary;

use crate::order::sorted;

/// A package that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Its place in the list that was filtered.
    pub index: usize,
    /// The parts of its name that matched, in bytes, in order and apart.
    pub marks: Vec<Range<usize>>,
}

/// How well a word fits a name; smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Exact,
    Beginning,
    WordBeginning,
    Inside,
    Elsewhere,
}

/// The packages of `packages` (in order of name) that match all words of `text`; all for no word.
pub fn matching(packages: &[PackageSummary], text: &str) -> Vec<Match> {
    let words: Vec<String> = text.split_whitespace().map(str::to_ascii_lowercase).collect();
    if words.is_empty() {
        return (0..packages.len()).map(|index| Match { index, marks: Vec::new() }).collect();
    }
    let found: Vec<(Rank, Match)> = packages
        .iter()
        .enumerate()
        .filter_map(|(index, package)| {
            let mut rank = Rank::Exact;
            let mut marks = Vec::new();
            for word in &words {
                let (word_rank, mark) = find(package, word)?;
                rank = rank.max(word_rank);
                marks.extend(mark);
            }
            Some((rank, Match { index, marks: merged(marks) }))
        })
        .collect();
    match &words[..] {
        [word] if found.is_empty() => loosely_matching(packages, word),
        _ => in_order(&found, &|a, b| found[a].0.cmp(&found[b].0)),
    }
}

fn find(package: &PackageSummary, word: &str) -> Option<(Rank, Option<Range<usize>>)> {
    let name = package.name.as_str().to_ascii_lowercase();
    let starts: Vec<usize> = name.match_indices(word).map(|(at, _)| at).collect();
    let is_word_start = |at: usize| at == 0 || !name.as_bytes()[at - 1].is_ascii_alphanumeric();
    let mark = |at: usize| Some(at..at + word.len());
    if name == word {
        Some((Rank::Exact, mark(0)))
    } else if starts.first() == Some(&0) {
        Some((Rank::Beginning, mark(0)))
    } else if let Some(at) = starts.iter().copied().find(|at| is_word_start(*at)) {
        Some((Rank::WordBeginning, mark(at)))
    } else if let Some(at) = starts.first().copied() {
        Some((Rank::Inside, mark(at)))
    } else {
        let begins = |text: &String| text.to_ascii_lowercase().starts_with(word);
        (begins(&package.newest) || package.targets.iter().any(begins) || package.systems.iter().any(begins))
            .then_some((Rank::Elsewhere, None))
    }
}

/// Shortest word worth matching letter by letter; shorter ones match nearly everything.
const SHORTEST_LOOSE_WORD: usize = 3;

/// The packages whose names hold the letters of `word` in its order, the closest together first.
fn loosely_matching(packages: &[PackageSummary], word: &str) -> Vec<Match> {
    if word.chars().count() < SHORTEST_LOOSE_WORD {
        return Vec::new();
    }
    let found: Vec<(usize, Match)> = packages
        .iter()
        .enumerate()
        .filter_map(|(index, package)| {
            let marks = letters_in_order(&package.name.as_str().to_ascii_lowercase(), word)?;
            let spread = marks.last()?.end - marks.first()?.start;
            Some((spread, Match { index, marks: merged(marks) }))
        })
        .collect();
    in_order(&found, &|a, b| found[a].0.cmp(&found[b].0))
}

fn in_order<K>(found: &[(K, Match)], compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<Match> {
    sorted(found.len(), compare).into_iter().map(|place| found[place].1.clone()).collect()
}

fn letters_in_order(name: &str, word: &str) -> Option<Vec<Range<usize>>> {
    let mut letters = name.char_indices();
    word.chars()
        .map(|wanted| {
            letters.by_ref().find(|(_, letter)| *letter == wanted).map(|(at, letter)| at..at + letter.len_utf8())
        })
        .collect()
}

/// Ranges in order, those that touch joined.
fn merged(ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in
        sorted(ranges.len(), &|a, b| ranges[a].start.cmp(&ranges[b].start)).into_iter().map(|at| ranges[at].clone())
    {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use larder_shared::api::Timestamp;

    use super::*;

    fn packages(names: &[&str]) -> Vec<PackageSummary> {
        names
            .iter()
            .map(|name| PackageSummary {
                name: name.parse().unwrap(),
                newest: "1.3.1".to_owned(),
                versions: 1,
                specs: 1,
                targets: vec!["x86_64_v3".to_owned()],
                systems: vec!["debian12".to_owned()],
                bytes: 0,
                pushed: Timestamp::from_millis(0),
            })
            .collect()
    }

    #[test]
    fn better_matches_come_first() {
        let names = ["libssh", "openmpi", "openssh", "openssl", "py-openpyxl", "R", "ssh", "zlib"];
        let list = packages(&names);
        let found = |text: &str| -> Vec<&str> {
            matching(&list, text).iter().map(|found| list[found.index].name.as_str()).collect()
        };
        for (text, expected) in [
            ("open", &["openmpi", "openssh", "openssl", "py-openpyxl"][..]),
            ("ssh", &["ssh", "libssh", "openssh"][..]),
            ("py open", &["py-openpyxl"][..]),
            ("OPENSSL", &["openssl"][..]),
            ("r", &["R"][..]),
            ("opmpi", &["openmpi"][..]),
            ("zlib x86_64", &["zlib"][..]),
            ("zlib zen3", &[][..]),
            ("qq", &[][..]),
        ] {
            let found = found(text);
            assert_eq!(&found[..expected.len().min(found.len())], expected, "{text}");
            assert!(text == "r" || found.len() == expected.len(), "{text}: {found:?}");
        }
        assert_eq!(matching(&list, " ").len(), names.len());
        assert_eq!(found("debian12").len(), names.len());
    }

    #[test]
    fn marks_cover_what_matched() {
        let list = packages(&["py-openpyxl"]);
        for (text, marks) in [
            ("open py", &[(0, 2), (3, 7)][..]),
            ("penpy ope", &[(3, 9)]),
            ("pyxl", &[(7, 11)]),
            ("pyl", &[(0, 2), (10, 11)]),
        ] {
            let found: Vec<_> = matching(&list, text)[0].marks.iter().map(|mark| (mark.start, mark.end)).collect();
            assert_eq!(found, marks, "{text}");
        }
    }

    #[test]
    fn any_text_is_taken() {
        let list = packages(&["a", "py-b"]);
        for text in ["", "ä", "a\u{301}", "\u{202e}", "İ", "🦀🦀🦀"] {
            matching(&list, text);
        }
    }
}
