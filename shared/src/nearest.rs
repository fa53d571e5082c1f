//! The word that was probably meant.

/// Longer words are not compared: the cost grows with the product of two lengths.
const MAX_COMPARED_BYTES: usize = 64;

/// The candidate with the fewest changes to `word`, if they are at most a third of its letters.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = 1.max(word.len() / 3);
    candidates
        .into_iter()
        .filter(|candidate| {
            word.len().abs_diff(candidate.len()) <= most && word.len().max(candidate.len()) <= MAX_COMPARED_BYTES
        })
        .map(|candidate| (changes(&word.to_ascii_lowercase(), &candidate.to_ascii_lowercase()), candidate))
        .filter(|(changes, _)| *changes <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters have to be put in, taken out, replaced or swapped with their neighbour to make one
/// word the other ("optimal string alignment").
pub fn changes(from: &str, to: &str) -> usize {
    let (from, to) = (from.as_bytes(), to.as_bytes());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let replaced = last[j] + usize::from(a != b);
            let mut least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                least = least.min(before_last[j - 1] + 1);
            }
            row.push(least);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted() {
        for (from, to, expected) in [
            ("", "", 0),
            ("mpi", "mpi", 0),
            ("mpii", "mpi", 1),
            ("hfd5", "hdf5", 1),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!((changes(from, to), changes(to, from)), (expected, expected), "{from} {to}");
        }
    }
}
