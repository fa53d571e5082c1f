//! What may stand at the caret.

use super::{Class, Completion, Group, search::Finder, span::spans};
use crate::{index::catalogue::TraitKind, query::microarchitecture};

/// Suggestions at once.
const MAX_COMPLETIONS: usize = 8;

/// Keys of the language.
const KEYS: [&str; 5] = ["target=", "os=", "arch=", "platform=", "namespace="];

impl Finder {
    /// What may stand in front of a caret, the best first: at most eight. `caret` is a byte of the query.
    pub fn complete(&self, query: &str, caret: u32) -> Vec<Completion> {
        let specs = &self.catalogue.specs;
        let spans = spans(query);
        let before = |at: u32| spans.iter().rfind(|span| span.end <= at);
        let text = |start: u32, end: u32| query.get(start as usize..end as usize).unwrap_or_default();
        let at = spans.iter().find(|span| span.start < caret && caret <= span.end);
        let (class, start, end) = match at {
            // Behind a sigil nothing stands yet.
            Some(span) if span.class == Class::Sigil => (after(text(span.start, span.end)), span.end, span.end),
            Some(span) => (Some(span.class), span.start, span.end),
            None => (Some(Class::Name), caret, caret),
        };
        let Some(class) = class else { return Vec::new() };
        let typed = text(start, caret.max(start)).to_ascii_lowercase();
        let root =
            spans.iter().rfind(|span| span.start < start && matches!(span.class, Class::Name | Class::Dependency));
        let root = root.and_then(|span| super::node::package(specs, text(span.start, span.end)));
        let sigil = before(start).map_or("", |span| text(span.start, span.end));
        let found: Vec<(Group, String, u32)> = match class {
            Class::Name if root.is_none() || !typed.is_empty() => {
                let mut found = self.packages_like(&typed);
                if root.is_some() && found.len() < 4 {
                    let keys = KEYS.iter().filter(|key| key.starts_with(&typed));
                    found.extend(keys.map(|key| (Group::Key, (*key).to_owned(), 0)));
                }
                if let Some(root) = root {
                    found.extend(self.values_like(root, &typed, TraitKind::Text));
                }
                found
            }
            Class::Dependency | Class::Text => self.packages_like(&typed),
            Class::On => self.variants_like(root, &typed, TraitKind::On),
            Class::Off => self.variants_like(root, &typed, TraitKind::Off),
            Class::Version => self.versions_like(root, &typed),
            Class::Compiler => self.compilers_like(&typed),
            Class::Value => match sigil.trim_end_matches(['=', ':']) {
                "target" => self.machines_like(&typed, true),
                "os" | "operating_system" => self.machines_like(&typed, false),
                key => {
                    let values = root.map(|root| self.values_like(root, &format!("{key}={typed}"), TraitKind::Text));
                    let value = |(group, text, specs): (Group, String, u32)| {
                        (group, text.split_once('=').map_or_else(String::new, |(_, value)| value.to_owned()), specs)
                    };
                    values.unwrap_or_default().into_iter().map(value).collect()
                }
            },
            _ => Vec::new(),
        };
        let items = found.into_iter().filter(|(_, text, _)| text.to_ascii_lowercase() != typed);
        let items =
            items.take(MAX_COMPLETIONS).map(|(group, text, specs)| Completion { group, text, start, end, specs });
        items.collect()
    }

    /// By package, how many specs there are.
    fn specs_of_packages(&self) -> Vec<u32> {
        let specs = &self.catalogue.specs;
        let mut counts = vec![0; specs.packages() as usize];
        let rows = (0..specs.rows()).filter(|row| specs.is_package(*row));
        rows.for_each(|row| counts[specs.package(row) as usize] += 1);
        counts
    }

    fn packages_like(&self, typed: &str) -> Vec<(Group, String, u32)> {
        let specs = &self.catalogue.specs;
        let ranks = super::text::ranks(specs, &[typed.to_owned()]);
        let counts = self.specs_of_packages();
        let mut found: Vec<(_, _, u32)> = (0..)
            .zip(ranks)
            .filter_map(|(number, rank)| Some((rank?, std::cmp::Reverse(specs.package_needed(number)), number)))
            .collect();
        found.sort_unstable();
        let named = |number: u32| (Group::Package, specs.package_name(number).to_owned(), counts[number as usize]);
        found.into_iter().take(MAX_COMPLETIONS).map(|(_, _, number)| named(number)).collect()
    }

    /// How many rows of a package, or of all, have each value of something.
    fn counted(&self, package: Option<u32>, len: u32, of: impl Fn(u32) -> u32) -> Vec<(u32, u32)> {
        let specs = &self.catalogue.specs;
        let mut counts = vec![0_u32; len as usize];
        let is_asked =
            |row: &u32| specs.is_package(*row) && package.is_none_or(|package| specs.package(*row) == package);
        (0..specs.rows()).filter(is_asked).for_each(|row| counts[of(row) as usize] += 1);
        (0..).zip(counts).filter(|(_, count)| *count > 0).collect()
    }

    /// How many rows of a package, or of all, have each trait.
    fn traits(&self, package: Option<u32>) -> Vec<(u32, u32)> {
        let specs = &self.catalogue.specs;
        let mut counts = vec![0_u32; specs.traits() as usize];
        for (set, count) in self.counted(package, specs.sets(), |row| specs.set_of(row)) {
            specs.set(set).for_each(|number| counts[number as usize] += count);
        }
        (0..).zip(counts).filter(|(_, count)| *count > 0).collect()
    }

    fn variants_like(&self, package: Option<u32>, typed: &str, kind: TraitKind) -> Vec<(Group, String, u32)> {
        let specs = &self.catalogue.specs;
        // A variant may be asked for in either way, whichever way the specs have it.
        let mut names: Vec<(String, u32)> = Vec::new();
        for (number, count) in self.traits(package) {
            let one = specs.trait_of(number);
            if matches!(one.kind, TraitKind::On | TraitKind::Off) && one.name.to_ascii_lowercase().starts_with(typed) {
                let count = if one.kind == kind { count } else { 0 };
                match names.last_mut() {
                    Some((name, known)) if name == one.name => *known += count,
                    _ => names.push((one.name.to_owned(), count)),
                }
            }
        }
        by_count(names.into_iter().map(|(name, count)| (Group::Variant, name, count)).collect())
    }

    fn values_like(&self, package: u32, typed: &str, kind: TraitKind) -> Vec<(Group, String, u32)> {
        let specs = &self.catalogue.specs;
        let valued = self.traits(Some(package)).into_iter().filter_map(|(number, count)| {
            let one = specs.trait_of(number);
            let text = format!("{}={}", one.name, one.values().collect::<Vec<_>>().join(","));
            (one.kind == kind && text.to_ascii_lowercase().starts_with(typed)).then_some((Group::Variant, text, count))
        });
        by_count(valued.collect())
    }

    fn versions_like(&self, package: Option<u32>, typed: &str) -> Vec<(Group, String, u32)> {
        let specs = &self.catalogue.specs;
        let Some(package) = package else { return Vec::new() };
        let counts = self.counted(Some(package), specs.versions(), |row| specs.version(row));
        let typed = typed.trim_start_matches('=');
        let newest_first =
            counts.into_iter().rev().map(|(number, count)| (specs.version_text(number).to_owned(), count));
        newest_first
            .filter(|(text, _)| text.to_ascii_lowercase().starts_with(typed))
            .map(|(text, count)| (Group::Version, text, count))
            .collect()
    }

    fn compilers_like(&self, typed: &str) -> Vec<(Group, String, u32)> {
        let specs = &self.catalogue.specs;
        let counts = self.counted(None, specs.compilers(), |row| specs.compiler_of(row));
        let mut all: Vec<(String, u32)> = Vec::new();
        for (number, count) in counts {
            let Some(group) = self.lists.compiler_of[number as usize] else { continue };
            let text = &self.lists.compilers[group as usize];
            match all.iter_mut().find(|(known, _)| known == text) {
                Some((_, known)) => *known += count,
                None => all.push((text.clone(), count)),
            }
        }
        let like = all.into_iter().filter(|(text, _)| text.starts_with(typed));
        by_count(like.map(|(text, count)| (Group::Compiler, text, count)).collect())
    }

    fn machines_like(&self, typed: &str, is_target: bool) -> Vec<(Group, String, u32)> {
        let specs = &self.catalogue.specs;
        let (list, group) = match is_target {
            true => (&self.lists.targets, Group::Target),
            false => (&self.lists.systems, Group::Os),
        };
        let mut counts = vec![0; list.len()];
        for (machine, count) in self.counted(None, specs.machines(), |row| specs.machine_of(row)) {
            let (os, target) = self.lists.machines[machine as usize];
            counts[if is_target { target } else { os } as usize] += count;
        }
        let like = list.iter().zip(counts).filter(|(name, _)| name.starts_with(typed));
        let mut found = by_count(like.map(|(name, count)| (group, name.clone(), count)).collect());
        if is_target && !typed.is_empty() && found.is_empty() {
            let known = microarchitecture::names().filter(|name| name.starts_with(typed));
            found.extend(known.map(|name| (group, name.to_owned(), 0)));
        }
        found
    }
}

fn by_count(mut found: Vec<(Group, String, u32)>) -> Vec<(Group, String, u32)> {
    found.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.1.cmp(&b.1)));
    found
}

/// What stands behind a sigil.
fn after(sigil: &str) -> Option<Class> {
    Some(match sigil {
        "@" => Class::Version,
        "%" => Class::Compiler,
        "+" | "++" => Class::On,
        "~" | "~~" | "-" => Class::Off,
        "^" => Class::Dependency,
        _ if sigil.ends_with('=') => Class::Value,
        _ => return None,
    })
}
