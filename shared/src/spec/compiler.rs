//! The compiler of a node, wherever its version keeps it.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use super::{edge::Edge, node::Node, parameter::plain_text};
use crate::{json, name::PackageName, version::Version};

/// A compiler by Spack's older names, such as `gcc@12.2.0` or `clang@18.1.3`; displays like that.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Compiler {
    /// `clang`, not `llvm`: the name paths and queries use.
    #[serde(deserialize_with = "plain_text")]
    pub name: String,
    /// The compiler's own version.
    #[serde(deserialize_with = "super::node::valid_version")]
    pub version: Version,
}

/// Packages whose compiler has another name; the others share one.
///
/// Sources: `package_name_to_compiler_name` in `compilers/__init__.py` of Spack 0.23 and
/// `aliases.py` of 1.x, where one of them is spelt differently.
const COMPILER_PACKAGES: [(&str, &str); 6] = [
    ("llvm", "clang"),
    ("intel-oneapi-compilers", "oneapi"),
    ("llvm-amdgpu", "rocmcc"),
    ("intel-oneapi-compilers-classic", "intel"),
    ("intel-oneapi-compiler-classic", "intel"),
    ("acfl", "arm"),
];

/// The languages whose provider is a node's compiler, the first that has one deciding. Source:
/// `DeprecatedCompilerSpec` in `spec.py` of Spack 1.x.
const LANGUAGES: [&str; 3] = ["c", "cxx", "fortran"];

impl Compiler {
    /// What stands in for the compiler where Spack before 1.0 needs one and a node has none, such
    /// as `compiler-wrapper`: `none@0`.
    ///
    /// A node without a compiler in an index ends every concretisation of Spack 0.23 with an
    /// exception; see `docs/decisions/nodes-without-a-compiler.md`.
    pub fn none() -> Self {
        Self { name: "none".to_owned(), version: Version::from("0") }
    }

    /// The compiler that a package is, when it provides one: `llvm` 18.1.3 is `clang@18.1.3`.
    pub fn of_package(name: &PackageName, version: &Version) -> Self {
        let known = COMPILER_PACKAGES.iter().find(|(package, _)| *package == name.as_str());
        let name = known.map_or(name.as_str(), |(_, compiler)| compiler);
        Self { name: name.to_owned(), version: version.clone() }
    }

    /// Reads an annotation: `gcc@12.2.0` or `gcc@=12.2.0`, perhaps with more of a spec behind it.
    pub(super) fn from_annotation(text: &str) -> Option<Self> {
        let (name, version) = text.split_ascii_whitespace().next()?.split_once('@')?;
        let version = Version::from(version.strip_prefix('=').unwrap_or(version));
        (!name.is_empty() && version.is_valid()).then(|| Self { name: name.to_owned(), version })
    }

    /// Appends `{"name":…,"version":…}`.
    pub(super) fn push_json(&self, out: &mut String) {
        out.push_str("{\"name\":");
        json::push_string(out, &self.name);
        out.push_str(",\"version\":");
        json::push_string(out, self.version.as_str());
        out.push('}');
    }
}

impl fmt::Display for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

impl Node {
    /// The edge to the package that is this node's compiler in versions 5 and 6; for nodes of an
    /// index, which come one by one, [`Compiler::of_package`] then makes it a compiler.
    pub fn compiler_edge(&self) -> Option<&Edge> {
        LANGUAGES.iter().find_map(|language| {
            self.dependencies.iter().find(|edge| edge.virtuals.iter().any(|provided| provided == language))
        })
    }

    /// The compiler as Spack before 1.0 has to see it, in nodes and in paths: never absent.
    pub fn compiler_or_none(&self) -> Cow<'_, Compiler> {
        self.compiler.as_ref().map_or_else(|| Cow::Owned(Compiler::none()), Cow::Borrowed)
    }
}
