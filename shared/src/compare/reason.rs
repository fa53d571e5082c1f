//! Why one concrete spec is not another: the first package, walking down, whose own fields differ.
//!
//! A hash covers all that lies below a package, so two graphs that differ in one variant of one library differ in the
//! hash of everything above it. What people want to know is that variant.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    rc::Rc,
};

use super::{By, Comparison, Property, Side, Value};
use crate::{
    name::DagHash,
    spec::{Node, SpecFile},
};

/// How many differences of a package a [sentence](Reason::sentence) tells.
const TOLD: usize = 3;

/// A spec and what is known of all that it depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    nodes: Rc<Nodes>,
    root: usize,
}

/// Nodes that are found by their hashes.
#[derive(Debug, PartialEq)]
struct Nodes {
    list: Vec<Node>,
    places: HashMap<DagHash, usize>,
}

impl Graph {
    /// The graph of a spec file.
    pub fn of_file(file: SpecFile) -> Self {
        Self { nodes: Rc::new(Nodes::new(file.nodes)), root: 0 }
    }

    /// The graphs of those of `nodes` that no other of them depends on; of what they depend on, some may be missing.
    pub fn of_list(nodes: Vec<Node>) -> Vec<Self> {
        let needed: HashSet<&DagHash> =
            nodes.iter().flat_map(|node| node.dependencies.iter().map(|edge| &edge.hash)).collect();
        let roots: Vec<usize> = (0..nodes.len()).filter(|place| !needed.contains(&nodes[*place].hash)).collect();
        let nodes = Rc::new(Nodes::new(nodes));
        roots.into_iter().map(|root| Self { nodes: Rc::clone(&nodes), root }).collect()
    }

    /// What it is the graph of.
    pub fn root(&self) -> &Node {
        &self.nodes.list[self.root]
    }

    /// What the root says of itself.
    pub fn side(&self) -> Side {
        Side::of_node(self.root(), |hash| self.node(hash).map(|node| node.version.to_string()))
    }

    fn node(&self, hash: &DagHash) -> Option<&Node> {
        self.nodes.places.get(hash).map(|place| &self.nodes.list[*place])
    }
}

impl Nodes {
    fn new(list: Vec<Node>) -> Self {
        let places = list.iter().enumerate().map(|(place, node)| (node.hash.clone(), place)).collect();
        Self { list, places }
    }
}

/// Why a spec is not another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// They are the same.
    Same,
    /// They are of different packages.
    OtherPackage {
        /// The package that is wanted.
        wanted: String,
        /// The one that is there.
        offered: String,
    },
    /// One was concretised by Spack 1.0 or newer, where compilers are dependencies, and the other by an older one.
    OtherSpack {
        /// Whether what is wanted is the newer one.
        wanted_is_newer: bool,
    },
    /// The fields of one package differ.
    Fields {
        /// The packages from the root to it.
        path: Vec<String>,
        /// What differs: wanted, then there.
        fields: Vec<(Property, Option<Value>, Option<Value>)>,
        /// How many packages further down differ in fields of their own.
        others: usize,
    },
    /// All that is known is equal; what lies below the last package of the path was not given.
    Unknown {
        /// The packages from the root to the one whose hash differs.
        path: Vec<String>,
    },
    /// The hashes differ, and nothing that a spec file says does.
    Hidden {
        /// The packages from the root to the one whose hash differs.
        path: Vec<String>,
    },
}

/// Why `wanted` is not `offered`.
pub fn reason(wanted: &Graph, offered: &Graph) -> Reason {
    let (mine, theirs) = (wanted.root(), offered.root());
    if mine.hash == theirs.hash {
        return Reason::Same;
    }
    if mine.name != theirs.name {
        return Reason::OtherPackage { wanted: mine.name.to_string(), offered: theirs.name.to_string() };
    }
    let is_newer = |node: &Node| node.compiler_edge().is_some();
    if is_newer(mine) != is_newer(theirs) {
        return Reason::OtherSpack { wanted_is_newer: is_newer(mine) };
    }
    walk(wanted, offered)
}

/// Goes down both graphs at once, level by level, where the hashes differ.
fn walk(wanted: &Graph, offered: &Graph) -> Reason {
    let mut first: Option<(Vec<String>, Vec<_>)> = None;
    let (mut others, mut unknown, mut hidden) = (0, None, None);
    let mut met = HashSet::new();
    let mut ahead = VecDeque::from([(wanted.root(), offered.root(), vec![wanted.root().name.to_string()])]);
    while let Some((mine, theirs, path)) = ahead.pop_front() {
        if mine.hash == theirs.hash || !met.insert((&mine.hash, &theirs.hash)) {
            continue;
        }
        let fields = own_differences(mine, theirs);
        match (&first, fields.is_empty()) {
            (_, true) => {}
            (None, false) => first = Some((path.clone(), fields)),
            (Some(_), false) => others += 1,
        }
        let mut is_lowest = true;
        for edge in &mine.dependencies {
            let Some(other) = theirs.dependencies.iter().find(|other| other.name == edge.name) else { continue };
            if edge.hash == other.hash {
                continue;
            }
            is_lowest = false;
            let mut below = path.clone();
            below.push(edge.name.to_string());
            match (wanted.node(&edge.hash), offered.node(&other.hash)) {
                (Some(mine), Some(theirs)) => ahead.push_back((mine, theirs, below)),
                _ => unknown = unknown.or(Some(below)),
            }
        }
        if is_lowest {
            hidden = hidden.or(Some(path));
        }
    }
    match (first, unknown) {
        (Some((path, fields)), _) => Reason::Fields { path, fields, others },
        (None, Some(path)) => Reason::Unknown { path },
        (None, None) => Reason::Hidden { path: hidden.unwrap_or_default() },
    }
}

/// What two nodes say differently, but for what their dependencies are.
fn own_differences(mine: &Node, theirs: &Node) -> Vec<(Property, Option<Value>, Option<Value>)> {
    let own = |node: &Node| Side::of_node(node, |_| None);
    let rows = Comparison::of(&[own(mine), own(theirs)]).rows;
    let rows = rows.into_iter().filter(|row| row.by != By::Hash);
    rows.filter_map(|row| {
        let [mine, theirs] = <[_; 2]>::try_from(row.cells).ok()?;
        Some((row.property, mine, theirs))
    })
    .collect()
}

impl Reason {
    /// The reason as a sentence; code stands between backticks.
    pub fn sentence(&self) -> String {
        match self {
            Self::Same => "Nothing differs: the mirror has this spec, and Spack fetches it.".to_owned(),
            Self::OtherPackage { wanted, offered } => {
                format!("Not fetched because you want `{wanted}`, and this is `{offered}`.")
            }
            Self::OtherSpack { wanted_is_newer: true } => "Not fetched because yours was concretised by Spack 1.0 or newer, where compilers are dependencies, and this one by an older Spack. Their hashes never meet.".to_owned(),
            Self::OtherSpack { wanted_is_newer: false } => "Not fetched because this one was concretised by Spack 1.0 or newer, where compilers are dependencies, and yours by an older Spack. Their hashes never meet.".to_owned(),
            Self::Fields { path, fields, others } => {
                let mut told: Vec<String> = fields.iter().take(TOLD).map(difference).collect();
                if fields.len() > TOLD {
                    let rest = fields.len() - TOLD;
                    told.push(format!("{rest} more {} of it {}", noun(rest, "field"), if rest == 1 { "differs" } else { "differ" }));
                }
                let also = match others {
                    0 => String::new(),
                    1 => " One more package below differs by itself.".to_owned(),
                    others => format!(" {others} more packages below differ by themselves."),
                };
                format!("Not fetched because of {}: {}.{also}", place(path), told.join("; "))
            }
            Self::Unknown { path } => format!(
                "Not fetched because of {}, whose hash differs. What was pasted does not hold that package; `spack spec --json` prints all of them.",
                place(path)
            ),
            Self::Hidden { path } => format!(
                "Not fetched because of {}, whose hash differs though all that a spec file says of it is the same. Its recipe or its patches have changed.",
                place(path)
            ),
        }
    }
}

/// `hdf5 itself`, or ``zlib below hdf5 and openmpi``.
fn place(path: &[String]) -> String {
    match path {
        [] => "the package itself".to_owned(),
        [root] => format!("`{root}` itself"),
        [above @ .., last] => format!("`{last}` (`{} ^{last}`)", above.join(" ^")),
    }
}

/// `you want version 1.3.2, the mirror has 1.3.1`
fn difference((property, mine, theirs): &(Property, Option<Value>, Option<Value>)) -> String {
    let label = property.label();
    if let Property::Dependency(name) = property {
        return match (mine, theirs) {
            (Some(mine), Some(theirs)) => {
                format!("yours needs `{name}` for {}, the mirror's for {}", mine.detail, theirs.detail)
            }
            (Some(_), None) => format!("yours needs `{name}`, the mirror's does not"),
            (None, _) => format!("the mirror's needs `{name}`, yours does not"),
        };
    }
    let short = |value: &Value| match property {
        Property::Recipe => value.text.chars().take(7).collect(),
        _ => value.text.clone(),
    };
    let named = match property {
        // These say themselves what they are.
        Property::Variant(_) | Property::Flags(_) => String::new(),
        _ => format!("{label} "),
    };
    match (mine, theirs) {
        (Some(mine), Some(theirs)) => format!("you want {named}`{}`, the mirror has `{}`", short(mine), short(theirs)),
        (Some(mine), None) => format!("you want {named}`{}`, the mirror's has no such thing", short(mine)),
        (None, Some(theirs)) => format!("the mirror has {named}`{}`, yours has no such thing", short(theirs)),
        (None, None) => label,
    }
}

fn noun(number: usize, noun: &str) -> String {
    format!("{noun}{}", if number == 1 { "" } else { "s" })
}
