//! Whole spec files, as the two layouts keep them.

use std::{collections::HashMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed},
};
use serde_json::value::RawValue;

use super::{
    Compiler, Node, SpecError, SpecVersion,
    node::{RawNode, RawNodeSeed},
};
use crate::{digest::Digest, json, name::DagHash};

/// Most nodes of one spec file; the largest specs of Spack's own stacks have a few hundred.
pub const MAX_NODES: usize = 20_000;

/// `buildcache_layout_version` of a tarball that holds all parent directories of the prefix: what
/// every file says that does not say another.
const LAYOUT_NUMBER: u32 = 2;

/// A spec with all that it depends on, and what a build cache adds to it.
#[derive(Debug, Clone, PartialEq)]
pub struct SpecFile {
    /// The format it was read in.
    pub version: SpecVersion,
    /// The root first, the others in the order of the file; never empty, and every edge leads to
    /// one of them.
    pub nodes: Vec<Node>,
    /// `binary_cache_checksum`: the digest of the tarball. Absent in the v3 layout.
    pub tarball: Option<Digest>,
    /// `buildcache_layout_version`: what the tarball holds. Absent before Spack 0.18.
    pub layout_number: Option<u32>,
}

impl SpecFile {
    /// Reads the JSON of a spec file, or of an OCI image's configuration, which is one as well.
    ///
    /// A clearsigned file has to be [taken apart](crate::clearsign::document) first; a v3 blob, to
    /// be inflated. Other fields at the top are passed over. Cost is linear in `json`.
    ///
    /// # Errors
    /// [`SpecError`] if it is not JSON, too large or too deep, or lacks what Spack needs.
    pub fn parse(json: &[u8]) -> Result<Self, SpecError> {
        let text = std::str::from_utf8(json).map_err(|_| SpecError::NotUtf8)?;
        json::check(text)?;
        let document: Document<'_> = serde_json::from_str(text).map_err(SpecError::from_json)?;
        let (version, nodes) = document.nodes()?;
        let mut nodes = read_nodes(nodes, version)?;
        RawNode::resolve_edges(&mut nodes)?;
        let mut nodes: Vec<Node> = nodes.into_iter().map(|node| node.into_node(None)).collect::<Result<_, _>>()?;
        resolve_compilers(&mut nodes);
        Ok(Self {
            version,
            nodes,
            tarball: document.binary_cache_checksum.map(|checksum| checksum.hash),
            layout_number: document.buildcache_layout_version,
        })
    }

    /// The package that the file is about.
    pub fn root(&self) -> &Node {
        &self.nodes[0]
    }

    /// This spec as a spec file of the v2 layout (version 4), one token per line, ready to sign.
    ///
    /// `tarball` is the digest of the package's tarball.
    pub fn to_v2_document(&self, tarball: &Digest) -> String {
        let layout_number = self.layout_number.unwrap_or(LAYOUT_NUMBER);
        let end = format!(
            ",\"buildcache_layout_version\":{layout_number},\
             \"binary_cache_checksum\":{{\"hash_algorithm\":\"sha256\",\"hash\":\"{tarball}\"}}}}"
        );
        json::one_token_per_line(&self.to_document(SpecVersion::V4, &end))
    }

    /// This spec as a spec file of the v3 layout, compact, not compressed: version 6 if it was
    /// read from that, else 5.
    pub fn to_v3_document(&self) -> String {
        self.to_document(
            self.version.max(SpecVersion::V5),
            &format!(",\"buildcache_layout_version\":{}}}", self.layout_number.unwrap_or(LAYOUT_NUMBER)),
        )
    }

    fn to_document(&self, version: SpecVersion, end: &str) -> String {
        let mut out = format!("{{\"spec\":{{\"_meta\":{{\"version\":{}}},\"nodes\":[", version.number());
        for (index, node) in self.nodes.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            node.push_json(&mut out, version);
        }
        out.push_str("]}");
        out.push_str(end);
        out
    }
}

/// Gives each node that names no compiler the one that another node is.
fn resolve_compilers(nodes: &mut [Node]) {
    let index: HashMap<DagHash, usize> = nodes.iter().enumerate().map(|(at, node)| (node.hash.clone(), at)).collect();
    for at in 0..nodes.len() {
        if nodes[at].compiler.is_none() {
            let provider = nodes[at].compiler_edge().and_then(|edge| index.get(&edge.hash)).map(|&at| &nodes[at]);
            nodes[at].compiler = provider.map(|package| Compiler::of_package(&package.name, &package.version));
        }
    }
}

/// A spec file from the outside.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    spec: &'a RawValue,
    binary_cache_checksum: Option<Checksum>,
    buildcache_layout_version: Option<u32>,
}

/// What `spec` holds since version 2.
#[derive(Deserialize)]
struct Graph<'a> {
    #[serde(rename = "_meta")]
    meta: Meta,
    #[serde(borrow)]
    nodes: &'a RawValue,
}

#[derive(Deserialize)]
struct Meta {
    version: u64,
}

#[derive(Deserialize)]
struct Checksum {
    #[serde(rename = "hash_algorithm")]
    _algorithm: Sha256,
    hash: Digest,
}

/// The only algorithm that Spack ever used here.
#[derive(Deserialize)]
enum Sha256 {
    #[serde(rename = "sha256")]
    Sha256,
}

impl<'a> Document<'a> {
    /// The version and the list of nodes; a bare list is version 1.
    fn nodes(&self) -> Result<(SpecVersion, &'a RawValue), SpecError> {
        if self.spec.get().starts_with('[') {
            return Ok((SpecVersion::V1, self.spec));
        }
        let graph: Graph<'_> = serde_json::from_str(self.spec.get()).map_err(SpecError::from_json)?;
        Ok((SpecVersion::try_from(graph.meta.version)?, graph.nodes))
    }
}

fn read_nodes(list: &RawValue, version: SpecVersion) -> Result<Vec<RawNode>, SpecError> {
    let mut deserializer = serde_json::Deserializer::from_str(list.get());
    let nodes = NodesSeed(version).deserialize(&mut deserializer).map_err(SpecError::from_json)?;
    match nodes.len() {
        0 => Err(SpecError::NoNodes),
        count if count > MAX_NODES => Err(SpecError::TooManyNodes),
        _ => Ok(nodes),
    }
}

/// Reads nodes of one version, at most one more than [`MAX_NODES`].
struct NodesSeed(SpecVersion);

impl<'de> DeserializeSeed<'de> for NodesSeed {
    type Value = Vec<RawNode>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<RawNode>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> de::Visitor<'de> for NodesSeed {
    type Value = Vec<RawNode>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of nodes")
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Vec<RawNode>, A::Error> {
        let mut nodes = Vec::new();
        while nodes.len() <= MAX_NODES
            && let Some(node) = list.next_element_seed(RawNodeSeed(self.0))?
        {
            nodes.push(node);
        }
        while list.next_element::<de::IgnoredAny>()?.is_some() {}
        Ok(nodes)
    }
}
