//! Slices: a part of a mirror, chosen by what its packages are for.
//!
//! ```text
//! /mirrors/<mirror>/slice/os=debian12,target=x86_64_v3+zen2/build_cache/index.json
//! ```
//! Its index holds the packages that match and what those need at run time, so that a client of a
//! large mirror fetches a small index. Packages and blobs are the mirror's own. The same expression
//! names a view of Spack 1.2.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::spec::Compiler;

/// Longest expression, in bytes: it is part of a path.
pub const MAX_SLICE_BYTES: usize = 300;

/// What a package can be chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    /// `gcc`, or with a version or its beginning, `gcc@12`.
    Compiler,
    /// The package's name.
    Name,
    /// The operating system, such as `debian12`.
    Os,
    /// The micro-architecture it was built for, such as `zen2`.
    Target,
}

impl Facet {
    const ALL: [Self; 4] = [Self::Compiler, Self::Name, Self::Os, Self::Target];

    /// Its name in an expression.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Compiler => "compiler",
            Self::Name => "name",
            Self::Os => "os",
            Self::Target => "target",
        }
    }
}

/// A choice of packages: each facet that is named has one of its values.
///
/// Facets and values are kept in order, so that two expressions of one meaning are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slice(BTreeMap<Facet, BTreeSet<String>>);

/// Why a text is not an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSlice {
    /// Not of the form at all.
    #[error("a slice is written `<facet>=<value>[+<value>][,…]` in at most {MAX_SLICE_BYTES} characters")]
    Form,
    /// A facet that is none.
    #[error("`{0}` is not a facet; there are compiler, name, os and target")]
    Facet(String),
    /// A facet that is named twice.
    #[error("`{0}` is named twice; join its values with `+`")]
    Twice(&'static str),
    /// A value that nothing can have.
    #[error("`{0}` is not a value: letters, digits, `.`, `_`, `-` and, for compilers, `@` are expected")]
    Value(String),
}

/// What decides whether a package belongs to a slice.
#[derive(Debug, Clone, Copy)]
pub struct Facets<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its operating system.
    pub os: &'a str,
    /// Its target.
    pub target: &'a str,
    /// Its compiler, when it has one.
    pub compiler: Option<&'a Compiler>,
}

impl Slice {
    /// Whether a package belongs to the slice by itself.
    pub fn matches(&self, package: &Facets<'_>) -> bool {
        self.0.iter().all(|(facet, values)| match facet {
            Facet::Name => values.contains(package.name),
            Facet::Os => values.contains(package.os),
            Facet::Target => values.contains(package.target),
            Facet::Compiler => {
                package.compiler.is_some_and(|compiler| values.iter().any(|value| is_compiler(compiler, value)))
            }
        })
    }
}

/// Whether a compiler is `gcc`, `gcc@12` or `gcc@12.2.0`.
fn is_compiler(compiler: &Compiler, value: &str) -> bool {
    let text = compiler.to_string();
    match text.strip_prefix(value) {
        Some("") => true,
        Some(rest) => rest.starts_with(if value.contains('@') { '.' } else { '@' }),
        None => false,
    }
}

impl FromStr for Slice {
    type Err = InvalidSlice;

    fn from_str(text: &str) -> Result<Self, InvalidSlice> {
        if text.len() > MAX_SLICE_BYTES {
            return Err(InvalidSlice::Form);
        }
        let mut facets = BTreeMap::new();
        for part in text.split(',') {
            let (name, values) = part.split_once('=').ok_or(InvalidSlice::Form)?;
            let facet = Facet::ALL.into_iter().find(|facet| facet.as_str() == name);
            let facet = facet.ok_or_else(|| InvalidSlice::Facet(name.to_owned()))?;
            let values: BTreeSet<String> = values.split('+').map(str::to_owned).collect();
            if let Some(bad) = values.iter().find(|value| !is_value(facet, value)) {
                return Err(InvalidSlice::Value(bad.clone()));
            }
            if facets.insert(facet, values).is_some() {
                return Err(InvalidSlice::Twice(facet.as_str()));
            }
        }
        Ok(Self(facets))
    }
}

fn is_value(facet: Facet, value: &str) -> bool {
    let is_allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte) || (facet == Facet::Compiler && byte == b'@');
    !value.is_empty() && !value.starts_with('.') && value.bytes().all(is_allowed)
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (facet, values)) in self.0.iter().enumerate() {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            write!(f, "{}{}={}", if index > 0 { "," } else { "" }, facet.as_str(), values.join("+"))?;
        }
        Ok(())
    }
}

impl Serialize for Slice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Slice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_of_one_meaning_are_equal() {
        let slice: Slice = "target=zen2+x86_64_v3,os=debian12".parse().unwrap();
        assert_eq!(slice.to_string(), "os=debian12,target=x86_64_v3+zen2");
        assert_eq!(slice.to_string().parse(), Ok(slice));
    }

    #[test]
    fn what_is_no_expression_is_named() {
        let long = format!("name={}", "a".repeat(MAX_SLICE_BYTES));
        for (text, expected) in [
            ("", InvalidSlice::Form),
            ("os", InvalidSlice::Form),
            (&long, InvalidSlice::Form),
            ("arch=x", InvalidSlice::Facet("arch".to_owned())),
            ("os=a,os=b", InvalidSlice::Twice("os")),
            ("os=", InvalidSlice::Value(String::new())),
            ("os=a+", InvalidSlice::Value(String::new())),
            ("os=..", InvalidSlice::Value("..".to_owned())),
            ("os=a/b", InvalidSlice::Value("a/b".to_owned())),
            ("os=gcc@1", InvalidSlice::Value("gcc@1".to_owned())),
        ] {
            assert_eq!(text.parse::<Slice>(), Err(expected), "{text}");
        }
    }

    #[test]
    fn every_facet_has_one_of_its_values() {
        let compiler = Compiler { name: "gcc".to_owned(), version: "12.2.0".into() };
        let package = Facets { name: "hdf5", os: "debian12", target: "zen2", compiler: Some(&compiler) };
        for (text, expected) in [
            ("os=debian12", true),
            ("os=debian12+ubuntu22.04,target=zen2", true),
            ("os=debian12,target=zen3", false),
            ("name=hdf5", true),
            ("name=hdf", false),
            ("compiler=gcc", true),
            ("compiler=gcc@12", true),
            ("compiler=gcc@12.2.0", true),
            ("compiler=gcc@1", false),
            ("compiler=gc", false),
            ("compiler=clang+gcc@12.2", true),
        ] {
            assert_eq!(text.parse::<Slice>().unwrap().matches(&package), expected, "{text}");
        }
        let none = Facets { compiler: None, ..package };
        assert!(!"compiler=gcc".parse::<Slice>().unwrap().matches(&none));
    }
}
