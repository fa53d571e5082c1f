//! Edges between nodes, and the three shapes they have had.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    json,
    name::{DagHash, PackageName},
};

/// What a package needs another for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DependencyKind {
    /// While it is built.
    Build,
    /// Linked into it.
    Link,
    /// When it runs.
    Run,
    /// By its tests.
    Test,
}

impl DependencyKind {
    /// All of them, in the order Spack writes them.
    pub const ALL: [Self; 4] = [Self::Build, Self::Link, Self::Run, Self::Test];

    /// Spack's word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Link => "link",
            Self::Run => "run",
            Self::Test => "test",
        }
    }
}

/// A set of [`DependencyKind`]s. Displays as `build,link`; in JSON an array of names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DependencyKinds(u8);

impl DependencyKinds {
    /// Whether `kind` is one of them.
    pub const fn contains(self, kind: DependencyKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them, in the order Spack writes them.
    pub fn iter(self) -> impl Iterator<Item = DependencyKind> {
        DependencyKind::ALL.into_iter().filter(move |&kind| self.contains(kind))
    }
}

impl FromIterator<DependencyKind> for DependencyKinds {
    fn from_iter<I: IntoIterator<Item = DependencyKind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |set, kind| set | 1 << kind as u8))
    }
}

impl fmt::Display for DependencyKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, kind) in self.iter().enumerate() {
            f.write_str(if index > 0 { "," } else { "" })?;
            f.write_str(kind.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for DependencyKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DependencyKinds({self})")
    }
}

impl Serialize for DependencyKinds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(DependencyKind::name))
    }
}

impl<'de> Deserialize<'de> for DependencyKinds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> de::Visitor<'de> for Names {
            type Value = DependencyKinds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of `build`, `link`, `run` and `test`")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut names: A) -> Result<DependencyKinds, A::Error> {
                let mut kinds = DependencyKinds::default();
                while let Some(KindName(kind)) = names.next_element()? {
                    kinds.0 |= 1 << kind as u8;
                }
                Ok(kinds)
            }
        }
        deserializer.deserialize_seq(Names)
    }
}

/// One name in a list of kinds.
struct KindName(DependencyKind);

impl<'de> Deserialize<'de> for KindName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl de::Visitor<'_> for Name {
            type Value = KindName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`build`, `link`, `run` or `test`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<KindName, E> {
                let kind = DependencyKind::ALL.into_iter().find(|kind| kind.name() == text);
                kind.map(KindName).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

/// A dependency of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// The package depended on.
    pub name: PackageName,
    /// Its DAG hash.
    pub hash: DagHash,
    /// What for.
    pub kinds: DependencyKinds,
    /// Virtual packages it provides here, such as `mpi`; empty before version 4, which did not
    /// say.
    pub virtuals: Vec<String>,
    /// Whether the recipe asks for it itself; `false` before version 5, which did not say.
    pub direct: bool,
}

impl Edge {
    /// Appends the edge in the shape of versions 4 to 6; only the last two say `direct`.
    pub(super) fn push_json(&self, out: &mut String, with_direct: bool) {
        out.push_str("{\"name\":");
        json::push_string(out, self.name.as_str());
        out.push_str(",\"hash\":");
        json::push_string(out, self.hash.as_str());
        out.push_str(",\"parameters\":{\"deptypes\":");
        json::push_strings(out, self.kinds.iter().map(DependencyKind::name));
        out.push_str(",\"virtuals\":");
        json::push_strings(out, self.virtuals.iter().map(String::as_str));
        if self.direct && with_direct {
            out.push_str(",\"direct\":true");
        }
        out.push_str("}}");
    }
}

/// Which of a node's hashes an edge calls it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum HashKind {
    Dag,
    Full,
    Build,
}

/// An edge as read, which may still name its end by another hash than the DAG hash.
pub(super) struct RawEdge {
    pub(super) edge: Edge,
    pub(super) hash_kind: HashKind,
}

/// An edge in any version's shape.
#[derive(Deserialize)]
struct EdgeFields<'a> {
    name: Option<PackageName>,
    hash: Option<DagHash>,
    full_hash: Option<DagHash>,
    build_hash: Option<DagHash>,
    #[serde(rename = "type")]
    kinds: Option<DependencyKinds>,
    #[serde(borrow)]
    parameters: Option<EdgeParameters<'a>>,
}

#[derive(Deserialize)]
struct EdgeParameters<'a> {
    deptypes: DependencyKinds,
    #[serde(borrow)]
    virtuals: Vec<Cow<'a, str>>,
    #[serde(default)]
    direct: bool,
}

impl EdgeFields<'_> {
    /// `name` is the key of a version 1 edge.
    fn into_edge<E: de::Error>(self, name: Option<PackageName>) -> Result<RawEdge, E> {
        let name = name.or(self.name).ok_or_else(|| E::missing_field("name"))?;
        let (hash, hash_kind) =
            [(self.hash, HashKind::Dag), (self.full_hash, HashKind::Full), (self.build_hash, HashKind::Build)]
                .into_iter()
                .find_map(|(hash, kind)| Some((hash?, kind)))
                .ok_or_else(|| E::missing_field("hash"))?;
        let (kinds, virtuals, direct) = match (self.parameters, self.kinds) {
            (Some(parameters), _) => {
                (parameters.deptypes, parameters.virtuals.into_iter().map(Cow::into_owned).collect(), parameters.direct)
            }
            (None, Some(kinds)) => (kinds, Vec::new(), false),
            (None, None) => return Err(E::missing_field("parameters")),
        };
        Ok(RawEdge { edge: Edge { name, hash, kinds, virtuals, direct }, hash_kind })
    }
}

/// All edges of a node: a list, or in version 1 an object keyed by name.
pub(super) struct RawEdges(pub(super) Vec<RawEdge>);

impl<'de> Deserialize<'de> for RawEdges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shapes;
        impl<'de> de::Visitor<'de> for Shapes {
            type Value = RawEdges;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of dependencies")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut edges: A) -> Result<RawEdges, A::Error> {
                let mut all = Vec::new();
                while let Some(edge) = edges.next_element::<EdgeFields<'de>>()? {
                    all.push(edge.into_edge(None)?);
                }
                Ok(RawEdges(all))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut edges: A) -> Result<RawEdges, A::Error> {
                let mut all = Vec::new();
                while let Some((name, edge)) = edges.next_entry::<PackageName, EdgeFields<'de>>()? {
                    all.push(edge.into_edge(Some(name))?);
                }
                Ok(RawEdges(all))
            }
        }
        deserializer.deserialize_any(Shapes)
    }
}
