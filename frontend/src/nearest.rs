//! Names like one that was not found.

use crate::order::sorted;

/// The names nearest to `wanted`, at most `limit`: those that begin with it or hold it, then those
/// a few typing errors away.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>, limit: usize) -> Vec<&'a str> {
    let wanted = wanted.to_ascii_lowercase();
    if wanted.is_empty() {
        return Vec::new();
    }
    // Two letters the wrong way round are two edits, and the commonest slip.
    let farthest = wanted.chars().count().div_ceil(3);
    let found: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| {
            let lower = name.to_ascii_lowercase();
            let distance = edits(&wanted, &lower);
            let is_part =
                wanted.len() >= 3 && (lower.contains(&wanted) || (lower.len() >= 3 && wanted.contains(&lower)));
            (distance <= farthest || is_part).then_some((distance, name))
        })
        .collect();
    let places = sorted(found.len(), &|a, b| found[a].cmp(&found[b]));
    places.into_iter().take(limit).map(|place| found[place].1).collect()
}

/// How many letters must be added, taken away or changed to make `to` of `from`.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in from.chars().enumerate() {
        let mut diagonal = row;
        above[0] = row + 1;
        for (column, other) in to.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = above[column + 1];
            above[column + 1] = changed.min(diagonal + 1).min(above[column] + 1);
        }
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_come_first() {
        let names = ["hdf5", "hdf", "zlib", "zlib-ng", "openmpi", "py-h5py"];
        for (wanted, expected) in [
            ("hdf", &["hdf", "hdf5"][..]),
            ("hfd5", &["hdf", "hdf5"][..]),
            ("hdf6", &["hdf", "hdf5"][..]),
            ("zlb", &["zlib"][..]),
            ("opnempi", &["openmpi"][..]),
            ("ZLIB", &["zlib", "zlib-ng"][..]),
            ("", &[][..]),
            ("qqqqqq", &[][..]),
        ] {
            assert_eq!(nearest(wanted, names, 3), expected, "{wanted}");
        }
    }

    #[test]
    fn edits_are_counted() {
        for (from, to, number) in [("", "", 0), ("a", "", 1), ("", "ab", 2), ("kitten", "sitting", 3), ("ä", "a", 1)] {
            assert_eq!(edits(from, to), number, "{from} {to}");
        }
    }
}
