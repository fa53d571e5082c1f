//! Sorting by place, so that the code that sorts is there once however many lists there are.

use std::cmp::Ordering;

/// The places `0..length` in the order that `compare` gives; equal ones stay in order.
pub fn sorted(length: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..length).collect();
    places.sort_unstable_by(|a, b| compare(*a, *b).then(a.cmp(b)));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ones_stay_in_order() {
        let list = ["bb", "a", "cc", "d", "aa"];
        assert_eq!(sorted(list.len(), &|a, b| list[a].len().cmp(&list[b].len())), [1, 3, 0, 2, 4]);
        assert!(sorted(0, &|_, _| Ordering::Equal).is_empty());
    }
}
