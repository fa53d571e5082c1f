//! Names that a query may use, and the nearest of them to one that is not known.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::Range,
};

use super::{NodeQuery, Query, SpecQuery, TargetRange, error::marked, microarchitecture};
use crate::{nearest::nearest, spec::Node};

/// The packages of a mirror with their variants.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    packages: BTreeMap<String, BTreeSet<String>>,
}

/// A name in a query that is not known. Displays as `hdf5 has no variant `mpii`. Did you mean `mpi`?`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// Its bytes in the query.
    pub span: Range<usize>,
    /// What is wrong, in a sentence.
    pub message: String,
    /// The name that comes nearest.
    pub nearest: Option<String>,
}

impl Vocabulary {
    /// Adds a package with the names of its variants; twice is no harm.
    pub fn add<'a>(&mut self, package: &str, variants: impl IntoIterator<Item = &'a str>) {
        let known = self.packages.entry(package.to_owned()).or_default();
        known.extend(variants.into_iter().map(str::to_owned));
    }

    /// Adds what a node tells.
    pub fn add_node(&mut self, node: &Node) {
        self.add(node.name.as_str(), node.parameters.iter().map(|(name, _)| name.as_str()));
    }

    /// Whether it has a package.
    pub fn has_package(&self, name: &str) -> bool {
        self.packages.contains_key(name)
    }

    /// The names in a query that are not known, in their order. A package of which no variant is known is
    /// not asked for variants, and names behind `^` may be those of virtual packages.
    pub fn unknown(&self, query: &Query) -> Vec<Unknown> {
        let packages = query.specs.iter().filter_map(|spec| self.unknown_package(&spec.node));
        let nodes = query.specs.iter().flat_map(SpecQuery::nodes);
        let parts = nodes.flat_map(|node| self.unknown_variants(node).chain(unknown_targets(node)));
        let mut unknown: Vec<_> = packages.chain(parts).collect();
        unknown.sort_by_key(|unknown| unknown.span.start);
        unknown
    }

    fn unknown_package(&self, node: &NodeQuery) -> Option<Unknown> {
        let package = node.package().filter(|package| !self.has_package(package))?;
        let nearest = nearest(package, self.packages.keys().map(String::as_str));
        Some(Unknown::new(&node.name.as_ref()?.span, format!("No package is called `{package}`."), nearest))
    }

    fn unknown_variants<'a>(&'a self, node: &'a NodeQuery) -> impl Iterator<Item = Unknown> + 'a {
        let package = node.package().unwrap_or_default();
        let known = self.packages.get(package).filter(|variants| !variants.is_empty());
        node.variants.iter().filter_map(move |variant| {
            let name = &variant.value.name;
            let known = known.filter(|known| !known.contains(name))?;
            let nearest = nearest(name, known.iter().map(String::as_str));
            Some(Unknown::new(&variant.span, format!("{package} has no variant `{name}`."), nearest))
        })
    }
}

fn unknown_targets(node: &NodeQuery) -> impl Iterator<Item = Unknown> + '_ {
    node.target.iter().flat_map(|target| {
        let names = target.value.ranges().iter().flat_map(TargetRange::names);
        let unknown = names.filter(|name| microarchitecture::family(name).is_none());
        unknown.map(|name| {
            let nearest = nearest(name, microarchitecture::names());
            Unknown::new(&target.span, format!("No target is called `{name}`."), nearest)
        })
    })
}

impl Unknown {
    fn new(span: &Range<usize>, message: String, nearest: Option<&str>) -> Self {
        Self { span: span.clone(), message, nearest: nearest.map(str::to_owned) }
    }

    /// The query with the name marked below it, in two lines.
    pub fn marked(&self, query: &str) -> String {
        marked(query, &self.span)
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.nearest {
            Some(nearest) => write!(f, " Did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        let mut vocabulary = Vocabulary::default();
        vocabulary.add("hdf5", ["mpi", "cxx", "fortran", "api"]);
        vocabulary.add("openmpi", ["cuda", "fabrics"]);
        vocabulary.add("plain", []);
        vocabulary
    }

    #[test]
    fn what_is_not_known_is_told_with_what_comes_nearest() {
        for (query, expected) in [
            ("hdf5+mpii", "hdf5 has no variant `mpii`. Did you mean `mpi`?\nhdf5+mpii\n    ^^^^^"),
            (
                "hdf5 fortan=True",
                "hdf5 has no variant `fortan`. Did you mean `fortran`?\nhdf5 fortan=True\n     ^^^^^^^^^^^",
            ),
            ("hdf5+nothing", "hdf5 has no variant `nothing`.\nhdf5+nothing\n    ^^^^^^^^"),
            ("HDF5", "No package is called `HDF5`. Did you mean `hdf5`?\nHDF5\n^^^^"),
            ("builtin.hfd5", "No package is called `hfd5`. Did you mean `hdf5`?\nbuiltin.hfd5\n        ^^^^"),
            (
                "hdf5 target=zen22:",
                "No target is called `zen22`. Did you mean `zen2`?\nhdf5 target=zen22:\n            ^^^^^^",
            ),
            (
                "hdf5 ^openmpi~cudda",
                "openmpi has no variant `cudda`. Did you mean `cuda`?\nhdf5 ^openmpi~cudda\n             ^^^^^^",
            ),
        ] {
            let unknown = vocabulary().unknown(&query.parse().unwrap());
            let [unknown] = &unknown[..] else { panic!("{query}: {unknown:?}") };
            assert_eq!(format!("{unknown}\n{}", unknown.marked(query)), expected);
        }
        for known in ["hdf5+mpi ^mpi@3", "plain+x", "+x", "\"hd\"", "hdf5 target=x86_64_v3: ^openmpi fabrics=ucx"] {
            assert_eq!(vocabulary().unknown(&known.parse().unwrap()), [], "{known}");
        }
    }
}
