//! Whether a concrete spec is one that a query means. Source: `Spec.satisfies` in Spack's `spec.py`.

use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    rc::Rc,
};

use super::{DependencyQuery, DirectQuery, Name, NodeQuery, Query, SpecQuery, VariantQuery, Wanted};
use crate::{
    name::DagHash,
    spec::{Compiler, DependencyKind, Edge, Node, ParameterValue, SpecVersion},
    version::{Version, VersionList},
};

/// Where the nodes of a graph are found.
pub trait Nodes {
    /// Why it could not be told.
    type Error;

    /// The node of a hash; `None` when it is not known, which matches nothing.
    ///
    /// # Errors
    /// When where they are kept fails.
    fn node(&mut self, hash: &DagHash) -> Result<Option<Rc<Node>>, Self::Error>;
}

/// A graph that is whole in memory.
impl Nodes for HashMap<DagHash, Rc<Node>> {
    type Error = Infallible;

    fn node(&mut self, hash: &DagHash) -> Result<Option<Rc<Node>>, Infallible> {
        Ok(self.get(hash).cloned())
    }
}

/// What is known of a spec without reading it whole.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// Its package.
    pub name: &'a str,
    /// Its version.
    pub version: &'a Version,
    /// Its operating system.
    pub os: &'a str,
    /// Its target.
    pub target: &'a str,
}

impl Query {
    /// `false` when no spec with this head is meant, whatever else it says.
    pub fn may_match(&self, head: &Head<'_>) -> bool {
        self.specs.is_empty() || self.specs.iter().any(|spec| spec.node.may_match(head))
    }
}

/// As what a node is looked at.
#[derive(Clone, Copy)]
enum As<'a> {
    /// As the package that it is.
    Package,
    /// As a provider of a virtual package, which then is what the name and the versions ask about.
    Provider(&'a str),
}

impl NodeQuery {
    fn may_match(&self, head: &Head<'_>) -> bool {
        let as_package = match self.name.as_ref().map(|name| &name.value) {
            Some(Name::Is(name)) => name == head.name,
            Some(Name::Holds(text)) => holds(head.name, text),
            None => true,
        };
        // A name that is not its own may be that of a virtual package it provides.
        let is_virtual = matches!(&self.name, Some(name) if matches!(name.value, Name::Is(_)) && !as_package);
        (is_virtual || as_package && self.versions.as_ref().is_none_or(|versions| versions.contains(head.version)))
            && self.os.as_ref().is_none_or(|os| os == head.os)
            && self.target.as_ref().is_none_or(|target| target.value.contains(head.target))
    }

    /// Whether a package is meant, its graph apart.
    fn matches<N: Nodes>(&self, node: &Node, view: As<'_>, nodes: &mut N) -> Result<bool, N::Error> {
        let name_and_version = match view {
            As::Package => {
                let version = self.versions.as_ref().is_none_or(|versions| versions.contains(&node.version));
                match self.name.as_ref().map(|name| &name.value) {
                    None => version,
                    Some(Name::Holds(text)) => version && holds(node.name.as_str(), text),
                    Some(Name::Is(name)) if name == node.name.as_str() => version,
                    Some(Name::Is(name)) => provides(node, name, self.versions.as_ref()),
                }
            }
            As::Provider(name) => self.versions.is_none() || provides(node, name, self.versions.as_ref()),
        };
        Ok(name_and_version
            && self.hash.as_ref().is_none_or(|hash| node.hash.as_str().starts_with(hash))
            && self.namespace.as_ref().is_none_or(|wanted| node.namespace.as_ref().is_none_or(|own| own == wanted))
            && self.platform.as_ref().is_none_or(|platform| *platform == node.platform)
            && self.os.as_ref().is_none_or(|os| *os == node.os)
            && self.target.as_ref().is_none_or(|target| target.value.contains(&node.target))
            && self.variants.iter().all(|variant| variant.value.matches(node))
            && self.flags.iter().all(|(flag, words)| has_flags(node, flag, words))
            && self.has_direct(node, nodes)?)
    }

    fn has_direct<N: Nodes>(&self, node: &Node, nodes: &mut N) -> Result<bool, N::Error> {
        for direct in &self.direct {
            if !direct.matches(node, nodes)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether a name has a text in it, in upper or lower case.
fn holds(name: &str, text: &str) -> bool {
    name.to_ascii_lowercase().contains(&text.trim().to_ascii_lowercase())
}

/// Whether a node says that it provides a virtual package, which nodes do since version 6. One that
/// names no version of it provides all.
fn provides(node: &Node, name: &str, versions: Option<&VersionList>) -> bool {
    node.provided_virtuals.iter().any(|provided| {
        let (provided, own) = match provided.split_once('@') {
            Some((provided, own)) => (provided, own.parse::<VersionList>().ok()),
            None => (provided.as_str(), None),
        };
        provided == name && own.is_none_or(|own| versions.is_none_or(|versions| own.intersects(versions)))
    })
}

fn has_flags(node: &Node, flag: &str, words: &[String]) -> bool {
    let own = node.flags.iter().find(|(name, _)| name == flag);
    own.is_some_and(|(_, own)| words.iter().all(|word| own.contains(word)))
}

impl VariantQuery {
    /// Whether a node has the variant, with such a value. One that it lacks is not even off.
    fn matches(&self, node: &Node) -> bool {
        let Some((_, own)) = node.parameters.iter().find(|(name, _)| *name == self.name) else { return false };
        match (&self.value, own) {
            (Wanted::Any, _) => true,
            (Wanted::Flag(wanted), ParameterValue::Flag(own)) => wanted == own,
            (Wanted::Flag(_), _) | (_, ParameterValue::Flag(_)) => false,
            (Wanted::Values(wanted) | Wanted::Exactly(wanted), ParameterValue::Text(own)) => {
                wanted.iter().all(|value| value == own)
            }
            (Wanted::Values(wanted), ParameterValue::List(own)) => self.are_among(wanted, own),
            (Wanted::Exactly(wanted), ParameterValue::List(own)) => {
                self.are_among(wanted, own)
                    && own.iter().all(|value| wanted.iter().any(|wanted| self.is(wanted, value)))
            }
        }
    }

    fn are_among(&self, wanted: &[String], own: &[String]) -> bool {
        wanted.iter().all(|wanted| own.iter().any(|value| self.is(wanted, value)))
    }

    /// A patch is named by the beginning of its sha256.
    fn is(&self, wanted: &str, value: &str) -> bool {
        if self.name == "patches" { value.starts_with(wanted) } else { value == wanted }
    }
}

impl DirectQuery {
    /// Whether it is the node's compiler or one of its direct dependencies.
    fn matches<N: Nodes>(&self, node: &Node, nodes: &mut N) -> Result<bool, N::Error> {
        if node.compiler.as_ref().is_some_and(|compiler| self.is_compiler(node, compiler)) {
            return Ok(true);
        }
        for edge in
            node.dependencies.iter().filter(|edge| self.virtuals.iter().all(|name| edge.virtuals.contains(name)))
        {
            if edge.name.as_str() != self.name && !edge.virtuals.contains(&self.name) {
                continue;
            }
            let Some(versions) = &self.versions else { return Ok(true) };
            let is_met = |child: Rc<Node>| match child.name.as_str() == self.name {
                true => versions.contains(&child.version),
                false => provides(&child, &self.name, Some(versions)),
            };
            if nodes.node(&edge.hash)?.is_some_and(is_met) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Nodes before version 5 have one compiler for all languages and do not say for which; later ones
    /// have it as a dependency too, under its package's name.
    fn is_compiler(&self, node: &Node, compiler: &Compiler) -> bool {
        let provided = node.compiler_edge().map(|edge| edge.virtuals.iter().map(String::as_str).collect::<Vec<_>>());
        let languages = match node.source() {
            SpecVersion::V1 | SpecVersion::V2 | SpecVersion::V3 | SpecVersion::V4 => vec!["c", "cxx", "fortran"],
            SpecVersion::V5 | SpecVersion::V6 => provided.unwrap_or_default(),
        };
        self.virtuals.iter().all(|name| languages.contains(&name.as_str()))
            && compiler.name == self.name
            && self.versions.as_ref().is_none_or(|versions| versions.contains(&compiler.version))
    }
}

/// Which part of a graph is looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Scope {
    /// All of it.
    All,
    /// What is linked or run, and what the root itself needs to be built: where Spack looks for the
    /// providers of virtual packages.
    Providers,
}

impl Scope {
    /// Whether an edge belongs to it.
    fn has(self, edge: &Edge, is_of_root: bool) -> bool {
        let is_linked = edge.kinds.contains(DependencyKind::Link) || edge.kinds.contains(DependencyKind::Run);
        self == Self::All || is_linked || is_of_root && edge.kinds.contains(DependencyKind::Build)
    }

    /// Whether what lies below an edge belongs to it too.
    fn goes_on(self, edge: &Edge) -> bool {
        self.has(edge, false)
    }
}

/// A dependency of a query, by the places of spec and dependency, and where it is looked for.
type Search = (usize, usize, Scope);

/// Tells of one spec after another whether a query means it, and remembers of their graphs where
/// nothing was found: shared dependencies are looked through once.
#[derive(Debug)]
pub struct Matcher<'q> {
    query: &'q Query,
    /// Nodes below which there is nothing that is looked for.
    without: HashMap<Search, HashSet<DagHash>>,
}

impl<'q> Matcher<'q> {
    /// A matcher of a query.
    pub fn new(query: &'q Query) -> Self {
        Self { query, without: HashMap::new() }
    }

    /// Whether the query means this spec, whose graph is in `nodes`.
    ///
    /// Cost grows with the graph when the query has `^`, else with the query.
    ///
    /// # Errors
    /// When a node cannot be looked up.
    pub fn matches<N: Nodes>(&mut self, root: &Node, nodes: &mut N) -> Result<bool, N::Error> {
        let query = self.query;
        for (index, spec) in query.specs.iter().enumerate() {
            if self.is_met(index, spec, root, nodes)? {
                return Ok(true);
            }
        }
        Ok(query.specs.is_empty())
    }

    fn is_met<N: Nodes>(
        &mut self,
        index: usize,
        spec: &SpecQuery,
        root: &Node,
        nodes: &mut N,
    ) -> Result<bool, N::Error> {
        if !spec.node.matches(root, As::Package, nodes)? {
            return Ok(false);
        }
        for (place, dependency) in spec.dependencies.iter().enumerate() {
            let as_package = dependency.virtuals.is_empty();
            let found = as_package && self.finds((index, place, Scope::All), dependency, root, nodes)?
                || self.finds((index, place, Scope::Providers), dependency, root, nodes)?;
            if !found {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a dependency is found below a spec.
    fn finds<N: Nodes>(
        &mut self,
        search: Search,
        dependency: &DependencyQuery,
        root: &Node,
        nodes: &mut N,
    ) -> Result<bool, N::Error> {
        let scope = search.2;
        let mut todo = Vec::new();
        let mut seen = HashSet::new();
        let mut next: Option<Rc<Node>> = None;
        loop {
            let (node, is_root) = next.as_deref().map_or((root, true), |node| (node, false));
            for edge in node.dependencies.iter().filter(|edge| scope.has(edge, is_root)) {
                if dependency.is_met_by(edge, scope, nodes)? {
                    return Ok(true);
                }
                let is_known = self.without.get(&search).is_some_and(|without| without.contains(&edge.hash));
                if scope.goes_on(edge) && !is_known && seen.insert(edge.hash.clone()) {
                    todo.push(edge.hash.clone());
                }
            }
            next = loop {
                let Some(hash) = todo.pop() else {
                    self.without.entry(search).or_default().extend(seen);
                    return Ok(false);
                };
                if let Some(node) = nodes.node(&hash)? {
                    break Some(node);
                }
            };
        }
    }
}

impl DependencyQuery {
    /// Whether the end of an edge is what is looked for.
    fn is_met_by<N: Nodes>(&self, edge: &Edge, scope: Scope, nodes: &mut N) -> Result<bool, N::Error> {
        if !self.kinds.is_empty() && !self.kinds.iter().any(|kind| edge.kinds.contains(kind)) {
            return Ok(false);
        }
        let name = self.node.name.as_ref().map(|name| &name.value);
        let view = match (scope, name) {
            (Scope::Providers, Some(Name::Is(name))) if self.virtuals.is_empty() => {
                if !edge.virtuals.contains(name) {
                    return Ok(false);
                }
                As::Provider(name)
            }
            (Scope::Providers, _) if self.virtuals.is_empty() => return Ok(false),
            _ if self.virtuals.iter().any(|wanted| !edge.virtuals.contains(wanted)) => return Ok(false),
            // Nodes are looked up only where their name fits.
            (_, Some(Name::Is(name))) if name != edge.name.as_str() => return Ok(false),
            _ => As::Package,
        };
        let Some(node) = nodes.node(&edge.hash)? else { return Ok(false) };
        self.node.matches(&node, view, nodes)
    }
}
