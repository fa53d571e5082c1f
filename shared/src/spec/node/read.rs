//! A node out of JSON, in one pass over its text.

use std::{collections::HashMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, Error as _, IgnoredAny},
};
use serde_json::value::RawValue;

use super::{Kept, Node};
use crate::{
    digest::Digest,
    json,
    name::{DagHash, PackageName},
    spec::{
        Compiler, MAX_TEXT_BYTES, ParameterValue, SpecError, SpecVersion,
        edge::{HashKind, RawEdge, RawEdges},
        external::{External, ExternalFields},
        parameter::{Parameters, Text, plain_text},
    },
    version::Version,
};

/// A node as read, before its hash and its edges are settled.
pub(crate) struct RawNode {
    name: PackageName,
    version: Version,
    arch: Arch,
    namespace: Option<String>,
    compiler: Option<Compiler>,
    parameters: Parameters,
    external: Option<External>,
    package_hash: Option<String>,
    provided_virtuals: Vec<String>,
    is_concrete: bool,
    hashes: Hashes,
    dependencies: Vec<RawEdge>,
    kept: Kept,
}

/// The names other nodes may call a node by.
#[derive(Default)]
struct Hashes {
    dag: Option<DagHash>,
    full: Option<DagHash>,
    build: Option<DagHash>,
}

impl RawNode {
    /// The node by itself: edges keep whatever hash they name.
    pub(crate) fn into_node(self, key: Option<&DagHash>) -> Result<Node, SpecError> {
        if !self.is_concrete {
            return Err(SpecError::NotConcrete(self.name));
        }
        let Some(hash) = key.cloned().or(self.hashes.dag) else { return Err(SpecError::MissingHash(self.name)) };
        Ok(Node {
            name: self.name,
            version: self.version,
            hash,
            platform: self.arch.platform,
            os: self.arch.platform_os,
            target: self.arch.target.0,
            compiler: self.compiler,
            namespace: self.namespace,
            parameters: self.parameters.variants,
            flags: self.parameters.flags,
            external: self.external,
            dependencies: self.dependencies.into_iter().map(|raw| raw.edge).collect(),
            package_hash: self.package_hash,
            provided_virtuals: self.provided_virtuals,
            kept: self.kept,
        })
    }

    /// Makes the edges of all `nodes` name DAG hashes of nodes that exist.
    pub(in crate::spec) fn resolve_edges(nodes: &mut [Self]) -> Result<(), SpecError> {
        let mut by_hash = HashMap::new();
        for node in &*nodes {
            let Some(dag) = &node.hashes.dag else { return Err(SpecError::MissingHash(node.name.clone())) };
            if by_hash.insert((HashKind::Dag, dag.clone()), dag.clone()).is_some() {
                return Err(SpecError::DuplicateHash(dag.clone()));
            }
            for (kind, hash) in [(HashKind::Full, &node.hashes.full), (HashKind::Build, &node.hashes.build)] {
                if let Some(hash) = hash {
                    by_hash.insert((kind, hash.clone()), dag.clone());
                }
            }
        }
        for node in nodes {
            for RawEdge { edge, hash_kind } in &mut node.dependencies {
                let Some(dag) = by_hash.get(&(*hash_kind, edge.hash.clone())) else {
                    return Err(SpecError::UnknownDependency {
                        node: node.name.clone(),
                        dependency: edge.name.clone(),
                    });
                };
                edge.hash = dag.clone();
            }
        }
        Ok(())
    }
}

/// Reads a node of the given version, in version 1 with the name around it.
#[derive(Clone, Copy)]
pub(crate) struct RawNodeSeed(pub(crate) SpecVersion);

impl<'de> DeserializeSeed<'de> for RawNodeSeed {
    type Value = RawNode;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawNode, D::Error> {
        deserializer.deserialize_map(if self.0 == SpecVersion::V1 {
            NodeVisitor::Named
        } else {
            NodeVisitor::Fields { source: self.0, name: None }
        })
    }
}

enum NodeVisitor {
    /// `{"<name>": {fields}}`
    Named,
    /// `{fields}`, with the name read before or among them.
    Fields { source: SpecVersion, name: Option<PackageName> },
}

impl<'de> DeserializeSeed<'de> for NodeVisitor {
    type Value = RawNode;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawNode, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> de::Visitor<'de> for NodeVisitor {
    type Value = RawNode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a node of a spec")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<RawNode, A::Error> {
        match self {
            Self::Named => {
                let name = map.next_key()?.ok_or_else(|| A::Error::missing_field("name"))?;
                let node = map.next_value_seed(Self::Fields { source: SpecVersion::V1, name: Some(name) })?;
                match map.next_key::<IgnoredAny>()? {
                    None => Ok(node),
                    Some(_) => Err(A::Error::custom("a version 1 node has one name")),
                }
            }
            Self::Fields { source, name } => read_fields(map, source, name),
        }
    }
}

/// The fields of a node, in any order.
fn read_fields<'de, A: de::MapAccess<'de>>(
    mut map: A,
    source: SpecVersion,
    mut name: Option<PackageName>,
) -> Result<RawNode, A::Error> {
    let mut version = None;
    let mut arch: Option<&RawValue> = None;
    let mut namespace = None;
    let mut compiler = None;
    let mut parameters: Option<&RawValue> = None;
    let mut external = None;
    let mut package_hash = None;
    let mut provided_virtuals = Vec::new();
    let mut is_concrete = true;
    let mut hashes = Hashes::default();
    let mut dependencies = Vec::new();
    let (mut patches, mut build_spec, mut annotations) = (None, None, None);
    let mut unknown = Vec::new();
    while let Some(Text(key)) = map.next_key()? {
        match &*key {
            "name" => name = Some(map.next_value()?),
            "version" => version = Some(map.next_value::<ValidVersion>()?.0),
            "arch" => arch = Some(map.next_value()?),
            "namespace" => namespace = map.next_value()?,
            "compiler" => compiler = map.next_value()?,
            "parameters" => parameters = Some(map.next_value()?),
            "external" => external = ExternalFields::read(map.next_value()?).map_err(A::Error::custom)?,
            "package_hash" => package_hash = map.next_value()?,
            "provided_virtuals" => provided_virtuals = map.next_value()?,
            "concrete" => is_concrete &= map.next_value::<bool>()?,
            // Spack looks at this one first.
            "versions" => {
                map.next_value::<IgnoredAny>()?;
                is_concrete = false;
            }
            "hash" => hashes.dag = map.next_value()?,
            "full_hash" => hashes.full = map.next_value()?,
            "build_hash" => hashes.build = map.next_value()?,
            "dependencies" => dependencies = map.next_value::<RawEdges>()?.0,
            "patches" => patches = Some(map.next_value::<&RawValue>()?),
            "build_spec" => build_spec = Some(map.next_value::<&RawValue>()?),
            "annotations" => annotations = Some(map.next_value::<&RawValue>()?),
            _ => unknown.push((key.into(), json::compact(map.next_value::<&RawValue>()?.get()))),
        }
    }
    let arch = arch.ok_or_else(|| A::Error::missing_field("arch"))?;
    let model: Parameters = parameters.map(|raw| reread("parameters", raw)).transpose()?.unwrap_or_default();
    if let Some(patches) = patches {
        reread::<Vec<Digest>, _>("patches", patches)?;
        // Spack puts them into the variant of that name.
        if model.variants.iter().any(|(name, value)| name == "patches" && !matches!(value, ParameterValue::List(_))) {
            return Err(A::Error::custom("the variant `patches` is no list"));
        }
    }
    if let Some(annotations) = annotations {
        let Annotations { compiler: annotated, .. } = reread("annotations", annotations)?;
        compiler = compiler.or_else(|| Compiler::from_annotation(&annotated?.0));
    }
    let (external, extra_attributes) = match external {
        Some(ExternalFields { external, extra_attributes }) => (Some(external), extra_attributes),
        None => (None, None),
    };
    Ok(RawNode {
        name: name.ok_or_else(|| A::Error::missing_field("name"))?,
        version: version.ok_or_else(|| A::Error::missing_field("version"))?,
        arch: reread("arch", arch)?,
        namespace,
        compiler,
        parameters: model,
        external,
        package_hash,
        provided_virtuals,
        is_concrete,
        hashes,
        dependencies,
        kept: Kept {
            source,
            arch: json::compact(arch.get()),
            parameters: parameters.map(|raw| json::compact(raw.get())),
            extra_attributes,
            patches: patches.map(|raw| json::compact(raw.get())),
            build_spec: build_spec.map(|raw| json::compact(raw.get())),
            annotations: annotations.map(|raw| json::compact(raw.get())),
            unknown,
        },
    })
}

/// Reads what is kept as text as a model, too.
fn reread<'de, T: Deserialize<'de>, E: de::Error>(field: &str, raw: &'de RawValue) -> Result<T, E> {
    serde_json::from_str(raw.get()).map_err(|error| E::custom(format_args!("{field}: {error}")))
}

/// `{"platform":"linux","platform_os":"debian12","target":"zen2" or {"name":"zen2",…}}`
#[derive(Deserialize)]
struct Arch {
    #[serde(deserialize_with = "plain_text")]
    platform: String,
    #[serde(deserialize_with = "plain_text")]
    platform_os: String,
    target: Target,
}

struct Target(String);

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Named {
            #[serde(deserialize_with = "plain_text")]
            name: String,
        }
        struct Shapes;
        impl<'de> de::Visitor<'de> for Shapes {
            type Value = Target;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a target's name or description")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Target, E> {
                plain_text(de::value::StrDeserializer::new(text)).map(Target)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Target, A::Error> {
                Named::deserialize(de::value::MapAccessDeserializer::new(map)).map(|named| Target(named.name))
            }
        }
        deserializer.deserialize_any(Shapes)
    }
}

/// `annotations` of versions 5 and 6.
#[derive(Deserialize)]
struct Annotations<'a> {
    #[serde(rename = "original_specfile_version")]
    _original: u64,
    #[serde(borrow)]
    compiler: Option<Text<'a>>,
}

/// A version that Spack can read too.
struct ValidVersion(Version);

impl<'de> Deserialize<'de> for ValidVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        valid_version(deserializer).map(Self)
    }
}

/// Reads a version, refusing what Spack would not read or could not put into a file name.
pub(in crate::spec) fn valid_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
    let Text(text) = Text::deserialize(deserializer)?;
    let version = Version::from(&*text);
    if version.is_valid() && text.len() <= MAX_TEXT_BYTES {
        return Ok(version);
    }
    let cut = text.chars().take(80).collect::<String>();
    Err(de::Error::invalid_value(de::Unexpected::Str(&cut), &"a version of letters, digits, `.`, `_` and `-`"))
}
