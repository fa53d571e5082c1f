//! What was found as rows: one a package or a spec, in the order asked for, a page of them.

use super::{
    MAX_ROWS, PackageRow, Question, Row, Sort, SpecRow,
    graph::way,
    node::NodePlan,
    plan::{Plan, Wanted},
    search::Finder,
    text::marks,
};
use crate::{
    index::catalogue::{Signature, TraitKind},
    query::{DependencyQuery, Name, Query},
};

impl Finder {
    /// Packages in the order of how well they are what is looked for: by package, its place.
    fn places(&self, plan: &Plan<'_>) -> Vec<u32> {
        let specs = &self.catalogue.specs;
        let mut order: Vec<u32> = (0..specs.packages()).collect();
        if let Some(ranks) = &plan.ranks {
            order.sort_by_cached_key(|package| {
                let rank = ranks[*package as usize].map_or(u8::MAX, |rank| rank as u8);
                (rank, std::cmp::Reverse(specs.package_needed(*package)), *package)
            });
        }
        let mut places = vec![0; order.len()];
        for (place, package) in (0..).zip(order) {
            places[package as usize] = place;
        }
        places
    }

    pub(super) fn by_specs(
        &self,
        question: &Question,
        plan: &Plan<'_>,
        wanted: &Wanted,
        rows: &[u32],
    ) -> (u32, u32, Vec<Row>) {
        let specs = &self.catalogue.specs;
        let places = self.places(plan);
        let lists = &self.lists;
        let mut per_package = vec![0_u32; specs.packages() as usize];
        rows.iter().for_each(|row| per_package[specs.package(*row) as usize] += 1);
        let first = |row: u32| -> u64 {
            let machine = lists.machines[specs.machine_of(row) as usize];
            match question.sort {
                Sort::Best => u64::from(places[specs.package(row) as usize]),
                Sort::Name => u64::from(specs.package(row)),
                Sort::Version => u64::from(specs.version(row)),
                Sort::Os => u64::from(machine.0),
                Sort::Target => u64::from(machine.1),
                Sort::Compiler => u64::from(specs.compiler_of(row)),
                Sort::Size => specs.size(row).unwrap_or(0),
                Sort::Pushed => specs.pushed(row),
                Sort::Specs => u64::from(per_package[specs.package(row) as usize]),
            }
        };
        let turned = if question.descending { u64::MAX } else { 0 };
        let keys = rows.iter().map(|row| {
            let then =
                u64::from(places[specs.package(*row) as usize]) << 32 | u64::from(u32::MAX - specs.version(*row));
            (first(*row) ^ turned, then, *row)
        });
        let page = page(keys, question);
        let named = matched_words(wanted);
        let asked = match wanted {
            Wanted::Specs(Query { specs }) if specs.len() == 1 => specs[0].dependencies.first(),
            _ => None,
        };
        let asked = asked.map(|dependency| (dependency, NodePlan::new(&dependency.node, &self.catalogue)));
        let shown = page.into_iter().map(|(_, _, row)| {
            let through = self.through(row, asked.as_ref());
            Row::Spec(Box::new(self.spec_row(row, plan, &named, through)))
        });
        let packages = per_package.iter().filter(|count| **count > 0).count();
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        (count(rows.len()), count(packages), shown.collect())
    }

    fn spec_row(&self, row: u32, plan: &Plan<'_>, named: &[String], through: Vec<String>) -> SpecRow {
        let specs = &self.catalogue.specs;
        let machine = specs.machine(specs.machine_of(row));
        let (mut on, mut valued, mut off) = (Vec::new(), Vec::new(), Vec::new());
        for one in specs.set(specs.set_of(row)).map(|number| specs.trait_of(number)) {
            match one.kind {
                TraitKind::On => on.push(format!("+{}", one.name)),
                TraitKind::Off => off.push(format!("~{}", one.name)),
                TraitKind::Text | TraitKind::List => {
                    valued.push(format!("{}={}", one.name, one.values().collect::<Vec<_>>().join(",")));
                }
                TraitKind::Flags => {
                    valued.push(format!("{}='{}'", one.name, one.values().collect::<Vec<_>>().join(" ")));
                }
                TraitKind::Provides | TraitKind::Namespace => {}
            }
        }
        on.append(&mut valued);
        let name = specs.package_name(specs.package(row));
        SpecRow {
            hash: self.catalogue.hash(row),
            name: name.to_owned(),
            marks: marks(name, named),
            version: specs.version_text(specs.version(row)).to_owned(),
            compiler: specs.compiler(specs.compiler_of(row)).map(|own| format!("{}@{}", own.name, own.version)),
            os: machine.os.to_owned(),
            target: machine.target.to_owned(),
            fits: plan.fits.as_ref().map(|fits| fits[specs.machine_of(row) as usize]),
            variants: on,
            off,
            size: specs.size(row),
            pushed: specs.pushed(row),
            signed: match specs.signature(row) {
                Signature::Unknown => None,
                signature => Some(signature == Signature::Signed),
            },
            through,
        }
    }

    /// Through which packages a row was found.
    fn through(&self, row: u32, asked: Option<&(&DependencyQuery, NodePlan<'_>)>) -> Vec<String> {
        match (asked, &self.catalogue.edges) {
            (Some((dependency, plan)), Some(edges)) => way(dependency, plan, &self.catalogue, edges, row),
            _ => Vec::new(),
        }
    }

    pub(super) fn by_packages(
        &self,
        question: &Question,
        plan: &Plan<'_>,
        wanted: &Wanted,
        rows: &[u32],
    ) -> (u32, u32, Vec<Row>) {
        #[derive(Clone, Default)]
        struct Sum {
            specs: u32,
            newest: u32,
            bytes: u64,
            pushed: u64,
            fits: u32,
            machine: u32,
            compiler: u32,
        }
        let specs = &self.catalogue.specs;
        let places = self.places(plan);
        let mut sums = vec![Sum::default(); specs.packages() as usize];
        for &row in rows {
            let sum = &mut sums[specs.package(row) as usize];
            sum.specs += 1;
            sum.newest = sum.newest.max(specs.version(row));
            sum.bytes = sum.bytes.saturating_add(specs.size(row).unwrap_or(0));
            sum.pushed = sum.pushed.max(specs.pushed(row));
            sum.fits += u32::from(plan.fits.as_ref().is_some_and(|fits| fits[specs.machine_of(row) as usize]));
            (sum.machine, sum.compiler) = (specs.machine_of(row), specs.compiler_of(row));
        }
        let first = |package: u32, sum: &Sum| -> u64 {
            match question.sort {
                Sort::Best => u64::from(places[package as usize]),
                Sort::Name => u64::from(package),
                Sort::Version => u64::from(sum.newest),
                Sort::Os => u64::from(self.lists.machines[sum.machine as usize].0),
                Sort::Target => u64::from(self.lists.machines[sum.machine as usize].1),
                Sort::Compiler => u64::from(sum.compiler),
                Sort::Size => sum.bytes,
                Sort::Pushed => sum.pushed,
                Sort::Specs => u64::from(sum.specs),
            }
        };
        let turned = if question.descending { u64::MAX } else { 0 };
        let found = (0..).zip(&sums).filter(|(_, sum)| sum.specs > 0);
        let total = u32::try_from(found.clone().count()).unwrap_or(u32::MAX);
        let keys =
            found.map(|(package, sum)| (first(package, sum) ^ turned, u64::from(places[package as usize]), package));
        let page = page(keys, question);
        let named = matched_words(wanted);
        // The lists of versions and machines are made for what is shown alone.
        let mut on_page = vec![usize::MAX; specs.packages() as usize];
        for (place, (_, _, package)) in page.iter().enumerate() {
            on_page[*package as usize] = place;
        }
        let mut details: Vec<(Vec<u32>, Vec<u32>)> = vec![Default::default(); page.len()];
        for &row in rows {
            if let Some((versions, machines)) = details.get_mut(on_page[specs.package(row) as usize]) {
                versions.push(specs.version(row));
                machines.push(specs.machine_of(row));
            }
        }
        let shown = page.iter().zip(details).map(|((_, _, package), (mut versions, machines))| {
            let sum = &sums[*package as usize];
            let name = specs.package_name(*package);
            versions.sort_unstable();
            versions.dedup();
            let texts = |list: &[String], of: &dyn Fn((u32, u32)) -> u32| -> Vec<String> {
                let mut all: Vec<u32> =
                    machines.iter().map(|machine| of(self.lists.machines[*machine as usize])).collect();
                all.sort_unstable();
                all.dedup();
                all.into_iter().map(|number| list[number as usize].clone()).collect()
            };
            Row::Package(PackageRow {
                name: name.to_owned(),
                marks: marks(name, &named),
                newest: specs.version_text(sum.newest).to_owned(),
                versions: u32::try_from(versions.len()).unwrap_or(u32::MAX),
                specs: sum.specs,
                fits: sum.fits,
                targets: texts(&self.lists.targets, &|(_, target)| target),
                systems: texts(&self.lists.systems, &|(os, _)| os),
                bytes: sum.bytes,
                pushed: sum.pushed,
            })
        });
        (total, total, shown.collect())
    }
}

/// The text that names were looked for by, for marks.
fn matched_words(wanted: &Wanted) -> Vec<String> {
    match wanted {
        Wanted::Text(words) => words.clone(),
        Wanted::Specs(query) => {
            let texts = query.specs.iter().filter_map(|spec| match spec.node.name.as_ref().map(|name| &name.value) {
                Some(Name::Holds(text)) => Some(text.clone()),
                _ => None,
            });
            texts.collect()
        }
    }
}

/// What rows are put in order by: what was asked for, what decides then, the row.
type Key = (u64, u64, u32);

/// The part of some keys that is asked for, in order. It holds about twice as many as come before its end, not all.
fn page(keys: impl Iterator<Item = Key>, question: &Question) -> Vec<Key> {
    let limit = question.limit.min(MAX_ROWS) as usize;
    if limit == 0 {
        return Vec::new();
    }
    let end = (question.offset as usize).saturating_add(limit);
    let most = end.saturating_mul(2);
    let mut first: Vec<Key> = Vec::new();
    let mut last = None;
    for key in keys {
        if last.is_some_and(|last| key >= last) {
            continue;
        }
        first.push(key);
        if first.len() >= most {
            last = Some(*first.select_nth_unstable(end - 1).1);
            first.truncate(end);
        }
    }
    first.sort_unstable();
    first.truncate(end);
    first.split_off((question.offset as usize).min(first.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_page_is_a_part_of_all_in_order(
            keys in prop::collection::vec((0..9_u64, 0..5_u64), 0..400),
            offset in 0..300_u32,
            limit in 0..30_u32,
        ) {
            let keys: Vec<Key> = (0..).zip(keys).map(|(row, (one, then))| (one, then, row)).collect();
            let mut all = keys.clone();
            all.sort_unstable();
            let expected: Vec<Key> = all.into_iter().skip(offset as usize).take(limit as usize).collect();
            let question = Question { offset, limit, ..Question::default() };
            prop_assert_eq!(page(keys.into_iter(), &question), expected);
        }
    }
}
