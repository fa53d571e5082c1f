//! Names like one that was not found.

use larder_shared::nearest::changes;

use crate::order::sorted;

/// The names nearest to `wanted`, at most `limit`: those that begin with it or hold it, then those
/// a few typing errors away.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>, limit: usize) -> Vec<&'a str> {
    let wanted = wanted.to_ascii_lowercase();
    if wanted.is_empty() {
        return Vec::new();
    }
    let farthest = wanted.chars().count().div_ceil(3);
    let found: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| {
            let lower = name.to_ascii_lowercase();
            let distance = changes(&wanted, &lower);
            let is_part =
                wanted.len() >= 3 && (lower.contains(&wanted) || (lower.len() >= 3 && wanted.contains(&lower)));
            (distance <= farthest || is_part).then_some((distance, name))
        })
        .collect();
    let places = sorted(found.len(), &|a, b| found[a].cmp(&found[b]));
    places.into_iter().take(limit).map(|place| found[place].1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_come_first() {
        let names = ["hdf5", "hdf", "zlib", "zlib-ng", "openmpi", "py-h5py"];
        for (wanted, expected) in [
            ("hdf", &["hdf", "hdf5"][..]),
            ("hfd5", &["hdf5", "hdf"][..]),
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
}
