//! Specs side by side: what is the same in all, what differs, and which cell stands apart.
//!
//! ```text
//!            /slmgyj5      /3mzdr6x        /2npo7rl
//! version    1.14.5        1.14.5        ≠ 1.14.7
//! os         debian12    ≠ ubuntu22.04     debian12
//! ^zlib    ≠ 1.3.1         1.3.3           1.3.3
//! ```
//! [`reason`] asks the same of two whole graphs: why one is not the other, and with it why Spack built what it could
//! not fetch. [`pasted`] reads what people have at hand of their own.

pub mod pasted;
pub mod reason;

use std::collections::BTreeMap;

use crate::{
    api::{Spec, SpecSummary, VariantValue},
    name::DagHash,
    spec::{Node, ParameterValue},
};

/// Most specs that stand side by side: more columns do not fit a page.
pub const MAX_SPECS: usize = 6;

/// Something that a spec says of itself, in the order of a comparison's rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    /// `@1.14.5`
    Version,
    /// `%gcc@12.2.0`
    Compiler,
    /// `platform=linux`
    Platform,
    /// `os=debian12`
    Os,
    /// `target=zen2`
    Target,
    /// A variant, by name.
    Variant(String),
    /// Compiler flags, by name, such as `cflags`.
    Flags(String),
    /// Where the system has it.
    External,
    /// The recipe repository, such as `builtin`.
    Namespace,
    /// The hash of the recipe.
    Recipe,
    /// A direct dependency, by name.
    Dependency(String),
}

impl Property {
    /// What its row is called.
    pub fn label(&self) -> String {
        match self {
            Self::Version => "version".to_owned(),
            Self::Compiler => "compiler".to_owned(),
            Self::Platform => "platform".to_owned(),
            Self::Os => "os".to_owned(),
            Self::Target => "target".to_owned(),
            Self::Variant(name) | Self::Flags(name) => name.clone(),
            Self::External => "external".to_owned(),
            Self::Namespace => "repository".to_owned(),
            Self::Recipe => "recipe".to_owned(),
            Self::Dependency(name) => format!("^{name}"),
        }
    }
}

/// What a spec says of a [`Property`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Value {
    /// As Spack writes it: `1.14.5`, `+mpi`, `api=v18`; of a dependency its version.
    pub text: String,
    /// What a dependency is needed for, and the virtual packages it provides: `build, link; mpi`.
    pub detail: String,
    /// The hash of a dependency; several where two of one name are needed.
    pub hashes: Vec<DagHash>,
}

impl Value {
    fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// What one spec says of all its properties.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Side(BTreeMap<Property, Value>);

impl Side {
    /// What lists say of a spec; neither flags nor dependencies are among it.
    pub fn of_summary(spec: &SpecSummary) -> Self {
        let mut side = Self::default();
        side.put(Property::Version, &spec.version);
        if let Some(compiler) = &spec.compiler {
            side.put(Property::Compiler, compiler);
        }
        side.put(Property::Platform, &spec.platform);
        side.put(Property::Os, &spec.os);
        side.put(Property::Target, &spec.target);
        for (name, value) in &spec.variants {
            side.put(Property::Variant(name.clone()), &variant(name, value));
        }
        side
    }

    /// What the API says of a spec.
    pub fn of_spec(spec: &Spec) -> Self {
        let mut side = Self::of_summary(&spec.summary);
        side.put_rest(spec.flags.iter(), spec.namespace.as_deref(), spec.package_hash.as_deref());
        let Some(root) = spec.nodes.first() else { return side };
        for edge in &root.dependencies {
            let node = spec.nodes.iter().find(|node| node.hash == edge.hash);
            let version = node.map_or("unknown", |node| node.version.as_str());
            side.add_dependency(edge.name.as_str(), version, detail(&edge.kinds, &edge.virtuals), &edge.hash);
        }
        side
    }

    /// What a node says; `version_of` knows those it depends on.
    pub fn of_node(node: &Node, version_of: impl Fn(&DagHash) -> Option<String>) -> Self {
        let mut side = Self::default();
        side.put(Property::Version, node.version.as_str());
        if let Some(compiler) = &node.compiler {
            side.put(Property::Compiler, &compiler.to_string());
        }
        side.put(Property::Platform, &node.platform);
        side.put(Property::Os, &node.os);
        side.put(Property::Target, &node.target);
        for (name, value) in &node.parameters {
            side.put(Property::Variant(name.clone()), &parameter(name, value));
        }
        let flags = node.flags.iter().map(|(name, words)| (name, words));
        side.put_rest(flags, node.namespace.as_deref(), node.package_hash.as_deref());
        if let Some(external) = &node.external {
            side.put(Property::External, external.path.as_deref().unwrap_or("a module"));
        }
        for edge in &node.dependencies {
            let kinds: Vec<String> = edge.kinds.iter().map(|kind| kind.name().to_owned()).collect();
            let version = version_of(&edge.hash).unwrap_or_else(|| "unknown".to_owned());
            side.add_dependency(edge.name.as_str(), &version, detail(&kinds, &edge.virtuals), &edge.hash);
        }
        side
    }

    /// What it says of `property`.
    pub fn get(&self, property: &Property) -> Option<&Value> {
        self.0.get(property)
    }

    fn put(&mut self, property: Property, text: &str) {
        self.0.insert(property, Value::of(text));
    }

    fn put_rest<'a>(
        &mut self,
        flags: impl Iterator<Item = (&'a String, &'a Vec<String>)>,
        namespace: Option<&str>,
        recipe: Option<&str>,
    ) {
        for (name, words) in flags {
            self.put(Property::Flags(name.clone()), &format!("{name}=\"{}\"", words.join(" ")));
        }
        if let Some(namespace) = namespace {
            self.put(Property::Namespace, namespace);
        }
        if let Some(recipe) = recipe {
            self.put(Property::Recipe, recipe);
        }
    }

    /// A second dependency of one name, such as two versions of a build tool, stands in the same row.
    fn add_dependency(&mut self, name: &str, version: &str, detail: String, hash: &DagHash) {
        let value = self.0.entry(Property::Dependency(name.to_owned())).or_default();
        if value.hashes.is_empty() {
            *value = Value { text: version.to_owned(), detail, hashes: vec![hash.clone()] };
        } else {
            value.text = format!("{}, {version}", value.text);
            value.detail = format!("{}, {detail}", value.detail);
            value.hashes.push(hash.clone());
        }
    }
}

/// `+mpi`, `~mpi`, `api=v18`, `fabrics=ucx,verbs`
fn variant(name: &str, value: &VariantValue) -> String {
    match value {
        VariantValue::Flag(is_on) => flag(name, *is_on),
        VariantValue::Text(text) => format!("{name}={text}"),
        VariantValue::List(values) => format!("{name}={}", values.join(",")),
    }
}

fn parameter(name: &str, value: &ParameterValue) -> String {
    match value {
        ParameterValue::Flag(is_on) => flag(name, *is_on),
        ParameterValue::Text(_) | ParameterValue::List(_) => format!("{name}={value}"),
    }
}

fn flag(name: &str, is_on: bool) -> String {
    format!("{}{name}", if is_on { '+' } else { '~' })
}

fn detail(kinds: &[String], virtuals: &[String]) -> String {
    let kinds = kinds.join(", ");
    if virtuals.is_empty() { kinds } else { format!("{kinds}; {}", virtuals.join(", ")) }
}

/// Specs side by side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// What is not the same in all, in order.
    pub rows: Vec<Row>,
    /// What is.
    pub same: Vec<(Property, Value)>,
}

/// A property that is not the same in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The property.
    pub property: Property,
    /// What each side says; `None` where it has no such thing.
    pub cells: Vec<Option<Value>>,
    /// The cells that stand apart: not what most say, or, where most say nothing, not what the first says.
    pub apart: Vec<bool>,
    /// What differs.
    pub by: By,
}

/// What differs in a row, the first that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// What is written there.
    Text,
    /// What a dependency of the same version is for.
    Detail,
    /// What a dependency of the same version was itself built from.
    Hash,
}

impl Comparison {
    /// Compares `sides`, the first of which is the base.
    pub fn of(sides: &[Side]) -> Self {
        let mut comparison = Self::default();
        let mut properties: Vec<&Property> = sides.iter().flat_map(|side| side.0.keys()).collect();
        properties.sort_unstable();
        properties.dedup();
        for property in properties {
            let cells: Vec<Option<&Value>> = sides.iter().map(|side| side.get(property)).collect();
            match differs_by(&cells) {
                None => comparison.same.extend(cells[0].map(|value| (property.clone(), value.clone()))),
                Some(by) => comparison.rows.push(Row {
                    property: property.clone(),
                    apart: apart(&cells, by),
                    cells: cells.into_iter().map(Option::<&Value>::cloned).collect(),
                    by,
                }),
            }
        }
        comparison
    }
}

fn differs_by(cells: &[Option<&Value>]) -> Option<By> {
    [By::Text, By::Detail, By::Hash]
        .into_iter()
        .find(|by| cells.iter().any(|cell| !is_equal(*cell, cells.first().copied().flatten(), *by)))
}

fn is_equal(a: Option<&Value>, b: Option<&Value>, by: By) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => match by {
            By::Text => a.text == b.text,
            By::Detail => a.detail == b.detail,
            By::Hash => a.hashes == b.hashes,
        },
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn apart(cells: &[Option<&Value>], by: By) -> Vec<bool> {
    let like = |one: Option<&Value>| cells.iter().filter(|cell| is_equal(**cell, one, by)).count();
    let usual = cells.iter().find(|cell| like(**cell) * 2 > cells.len()).or(cells.first()).copied().flatten();
    cells.iter().map(|cell| !is_equal(*cell, usual, by)).collect()
}

#[cfg(test)]
mod tests;
