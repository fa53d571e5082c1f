//! Free text: which packages somebody means who types some letters of their names.

use std::ops::Range;

use super::node::holds;
use crate::{index::catalogue::Specs, nearest::changes};

/// How well a name fits; smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Exact,
    Beginning,
    WordBeginning,
    Inside,
    /// Its letters come in the text's order.
    Letters,
    /// It is the text but for some letters.
    Misspelt,
}

/// A word shorter than this is not looked for letter by letter: it would be found nearly everywhere.
const SHORTEST_LOOSE_WORD: usize = 3;

/// Longer words are not compared letter by letter.
const LONGEST_LOOSE_WORD: usize = 40;

/// By package, how well all words fit its name; `None` where one does not. Loose matches are taken only
/// when nothing has the words in it.
pub(super) fn ranks(specs: &Specs, words: &[String]) -> Vec<Option<Rank>> {
    let words: Vec<String> = words.iter().map(|word| word.trim().to_ascii_lowercase()).collect();
    let rank_all = |rank: &dyn Fn(&str, &str) -> Option<Rank>| -> Vec<Option<Rank>> {
        let of_name = |number| {
            let name = specs.package_name(number).to_ascii_lowercase();
            words.iter().map(|word| rank(&name, word)).try_fold(Rank::Exact, |worst, one| Some(worst.max(one?)))
        };
        (0..specs.packages()).map(of_name).collect()
    };
    for rank in [&plain as &dyn Fn(&str, &str) -> Option<Rank>, &loose, &misspelt] {
        let ranks = rank_all(rank);
        if ranks.iter().any(Option::is_some) {
            return ranks;
        }
    }
    vec![None; specs.packages() as usize]
}

fn plain(name: &str, word: &str) -> Option<Rank> {
    if name == word {
        return Some(Rank::Exact);
    }
    let places = name.match_indices(word).map(|(at, _)| at);
    places
        .map(|at| {
            if at == 0 {
                Rank::Beginning
            } else if is_word_start(name, at) {
                Rank::WordBeginning
            } else {
                Rank::Inside
            }
        })
        .min()
}

fn is_word_start(name: &str, at: usize) -> bool {
    at == 0 || !name.as_bytes()[at - 1].is_ascii_alphanumeric()
}

fn loose(name: &str, word: &str) -> Option<Rank> {
    plain(name, word).or_else(|| letters_in_order(name, word).map(|_| Rank::Letters))
}

fn misspelt(name: &str, word: &str) -> Option<Rank> {
    let most = if word.len() > 5 { 2 } else { 1 };
    let is_short = (SHORTEST_LOOSE_WORD..=LONGEST_LOOSE_WORD).contains(&word.len());
    let is_near = |part: &str| part.len().abs_diff(word.len()) <= most && changes(part, word) <= most;
    loose(name, word).or_else(|| {
        // While somebody types, the word is the beginning of one.
        let beginning = name.get(..word.len());
        (is_short && (is_near(name) || beginning.is_some_and(is_near) || name.split('-').any(is_near)))
            .then_some(Rank::Misspelt)
    })
}

fn letters_in_order(name: &str, word: &str) -> Option<Vec<Range<usize>>> {
    if !(SHORTEST_LOOSE_WORD..=LONGEST_LOOSE_WORD).contains(&word.len()) {
        return None;
    }
    let mut letters = name.char_indices();
    word.chars()
        .map(|wanted| {
            letters.by_ref().find(|(_, letter)| *letter == wanted).map(|(at, letter)| at..at + letter.len_utf8())
        })
        .collect()
}

/// The bytes of a name that fit some words, in order and apart.
pub(super) fn marks(name: &str, words: &[String]) -> Vec<(u32, u32)> {
    let lower = name.to_ascii_lowercase();
    let mut ranges = Vec::new();
    for word in words.iter().map(|word| word.trim().to_ascii_lowercase()) {
        if holds(name, &word) {
            let places: Vec<usize> = lower.match_indices(&word).map(|(at, _)| at).collect();
            let best = places.iter().find(|at| is_word_start(&lower, **at)).or(places.first());
            ranges.extend(best.map(|at| *at..at + word.len()));
        } else {
            ranges.extend(letters_in_order(&lower, &word).unwrap_or_default());
        }
    }
    ranges.sort_by_key(|range| range.start);
    let mut marks: Vec<(u32, u32)> = Vec::new();
    for range in ranges {
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        match marks.last_mut() {
            Some((_, end)) if place(range.start) <= *end => *end = (*end).max(place(range.end)),
            _ => marks.push((place(range.start), place(range.end))),
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ranked() {
        for (name, word, expected) in [
            ("hdf5", "hdf5", Some(Rank::Exact)),
            ("hdf5-vol", "hdf5", Some(Rank::Beginning)),
            ("py-open", "open", Some(Rank::WordBeginning)),
            ("reopen", "open", Some(Rank::Inside)),
            ("openmpi", "opmpi", Some(Rank::Letters)),
            ("openmpi", "opnempi", Some(Rank::Misspelt)),
            ("openmpi", "oepnm", Some(Rank::Misspelt)),
            ("openmpi", "zlib", None),
            ("a", "b", None),
        ] {
            assert_eq!(misspelt(name, word), expected, "{name} {word}");
        }
    }

    #[test]
    fn marks_cover_what_fits() {
        for (name, words, expected) in [
            ("py-openpyxl", &["open", "py"][..], &[(0, 2), (3, 7)][..]),
            ("openmpi", &["opmpi"], &[(0, 2), (4, 7)]),
            ("openmpi", &["opnempi"], &[]),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(marks(name, &words), expected, "{name}");
        }
    }
}
