//! A query said back in words, so that one sees how it was read.

use crate::{
    query::{DependencyQuery, Name, NodeQuery, Query, SpecQuery, TargetRange, VariantQuery, Wanted},
    version::VersionList,
};

/// What stands behind a count: `are hdf5 1.14 or later with mpi on, built with gcc 12`; empty for all.
pub(super) fn said(query: &Query) -> String {
    let specs: Vec<String> = query.specs.iter().map(spec).filter(|text| !text.is_empty()).collect();
    match &specs[..] {
        [] => String::new(),
        specs => format!("are {}", specs.join(", or ")),
    }
}

/// What stands behind a count for free text.
pub(super) fn said_of_text(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    format!("have {} in their name", words.join(" and "))
}

fn spec(query: &SpecQuery) -> String {
    let mut parts = node(&query.node);
    parts.extend(query.dependencies.iter().map(dependency));
    let named = query.node.name.is_some() || query.node.versions.is_some();
    match named {
        true => parts.join(", ").replacen(", ", " ", 1),
        false => parts.join(", "),
    }
}

fn dependency(query: &DependencyQuery) -> String {
    let kinds = match query.kinds.is_empty() {
        true => String::new(),
        false => format!(" (to {})", query.kinds.to_string().replace(',', " or ")),
    };
    let virtuals = match query.virtuals.is_empty() {
        true => String::new(),
        false => format!(" as its {}", query.virtuals.join(" and ")),
    };
    let what = node(&query.node).join(" ");
    let what = if query.node.name.is_none() { format!("something {what}") } else { what };
    format!("built on {what}{virtuals}{kinds}")
}

fn node(query: &NodeQuery) -> Vec<String> {
    let mut parts = Vec::new();
    let name = match query.name.as_ref().map(|name| &name.value) {
        Some(Name::Is(name)) => Some(name.clone()),
        Some(Name::Holds(text)) => Some(format!("something with `{text}` in its name")),
        None => None,
    };
    let versions = query.versions.as_ref().map(versions);
    match (name, versions) {
        (Some(name), Some(versions)) => parts.push(format!("{name} {versions}")),
        (Some(name), None) => parts.push(name),
        (None, Some(versions)) => parts.push(format!("version {versions}")),
        (None, None) => {}
    }
    let variants: Vec<String> = query.variants.iter().map(|variant| self::variant(&variant.value)).collect();
    if !variants.is_empty() {
        parts.push(format!("with {}", variants.join(" and ")));
    }
    parts.extend(query.flags.iter().map(|(flag, words)| format!("with {flag} {}", words.join(" "))));
    parts.extend(query.namespace.iter().map(|namespace| format!("from the recipes {namespace}")));
    let system = [&query.platform, &query.os].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    let target =
        query.target.as_ref().map(|target| target.value.ranges().iter().map(range).collect::<Vec<_>>().join(" or "));
    let machine: Vec<String> = (!system.is_empty()).then_some(system).into_iter().chain(target).collect();
    if !machine.is_empty() {
        parts.push(format!("for {}", machine.join(" on ")));
    }
    for direct in &query.direct {
        let versions = direct.versions.as_ref().map(|list| format!(" {}", self::versions(list))).unwrap_or_default();
        parts.push(format!("with {}{versions}", direct.name));
    }
    parts.extend(query.hash.iter().map(|hash| format!("with a hash that begins with {hash}")));
    parts
}

fn variant(query: &VariantQuery) -> String {
    let name = &query.name;
    match &query.value {
        Wanted::Flag(true) => format!("{name} on"),
        Wanted::Flag(false) => format!("{name} off"),
        Wanted::Any => format!("any {name}"),
        Wanted::Values(values) => format!("{name} {}", values.join(" and ")),
        Wanted::Exactly(values) => format!("{name} {} alone", values.join(" and ")),
    }
}

/// `1.14 or later`, `1.10 to 1.14`, `exactly 1.2`
fn versions(list: &VersionList) -> String {
    let one = |text: &str| match text.split_once(':') {
        Some(("", "")) => "of any version".to_owned(),
        Some((low, "")) => format!("{low} or later"),
        Some(("", high)) => format!("{high} or earlier"),
        Some((low, high)) => format!("{low} to {high}"),
        None => text.strip_prefix('=').map_or_else(|| text.to_owned(), |exact| format!("exactly {exact}")),
    };
    list.to_string().split(',').map(one).collect::<Vec<_>>().join(" or ")
}

fn range(range: &TargetRange) -> String {
    match range {
        TargetRange::Is(name) => name.clone(),
        TargetRange::Between(Some(low), None) => format!("{low} or what runs it"),
        TargetRange::Between(None, Some(high)) => format!("what {high} runs"),
        TargetRange::Between(Some(low), Some(high)) => format!("{low} up to {high}"),
        TargetRange::Between(None, None) => "any target".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_said_in_words() {
        for (query, expected) in [
            ("", ""),
            ("hdf5", "are hdf5"),
            ("hdf5@1.14: +mpi", "are hdf5 1.14 or later with mpi on"),
            (
                "hdf5@1.10:1.14 ~cxx os=debian12 target=x86_64_v3: %gcc@12 ^openmpi@4",
                "are hdf5 1.10 to 1.14 with cxx off, for debian12 on x86_64_v3 or what runs it, with gcc 12, built on openmpi 4",
            ),
            ("%gcc@12 ^openssl@3.3", "are with gcc 12, built on openssl 3.3"),
            ("hdf5 zlib", "are hdf5, or zlib"),
        ] {
            assert_eq!(said(&query.parse().unwrap()), expected, "{query}");
        }
    }
}
