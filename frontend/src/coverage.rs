//! Where a package runs: how many specs there are for each system and target.

use std::collections::BTreeSet;

use larder_shared::api::SpecSummary;

/// A grid of counts; a row for each system, a column for each target, both alphabetical.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// The operating systems.
    pub systems: Vec<String>,
    /// The targets.
    pub targets: Vec<String>,
    /// Numbers of specs by row and column.
    pub counts: Vec<Vec<u64>>,
}

impl Coverage {
    /// Counts `specs`.
    pub fn of(specs: &[SpecSummary]) -> Self {
        let collect = |part: fn(&SpecSummary) -> &String| -> Vec<String> {
            specs.iter().map(part).collect::<BTreeSet<_>>().into_iter().cloned().collect()
        };
        let systems = collect(|spec| &spec.os);
        let targets = collect(|spec| &spec.target);
        let mut counts = vec![vec![0; targets.len()]; systems.len()];
        for spec in specs {
            if let (Ok(row), Ok(column)) = (systems.binary_search(&spec.os), targets.binary_search(&spec.target)) {
                counts[row][column] += 1;
            }
        }
        Self { systems, targets, counts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variants::tests::spec;

    #[test]
    fn specs_are_counted_by_system_and_target() {
        let specs =
            [spec("1", "debian12", "zen2", ""), spec("2", "debian12", "zen2", ""), spec("1", "rhel9", "icelake", "")];
        let coverage = Coverage::of(&specs);
        assert_eq!(coverage.systems, ["debian12", "rhel9"]);
        assert_eq!(coverage.targets, ["icelake", "zen2"]);
        assert_eq!(coverage.counts, [[0, 2], [1, 0]]);
        assert_eq!(Coverage::of(&[]), Coverage::default());
    }
}
