//! A spec that somebody pasted: what `spack spec --json` or `spack find --json` prints, a spec file, or a hash.

use serde_json::value::RawValue;

use super::{Comparison, Side, reason::Graph};
use crate::{
    api::SpecSummary,
    clearsign,
    name::is_dag_hash_prefix,
    spec::{Node, SpecError, SpecFile, SpecVersion},
};

/// Longest text that is read, in bytes: some hundred times the largest spec of Spack's own stacks.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What was pasted.
#[derive(Debug, Clone, PartialEq)]
pub enum Pasted {
    /// The beginning of a hash.
    Hash(String),
    /// One or more specs.
    Specs(Vec<Graph>),
}

/// Why what was pasted is not read.
#[derive(Debug, thiserror::Error)]
pub enum PasteError {
    /// Nothing but white space.
    #[error("nothing was pasted")]
    Empty,
    /// More than [`MAX_BYTES`].
    #[error("the text is longer than {} MB", MAX_BYTES / 1_048_576)]
    TooLong,
    /// Neither a hash nor anything that begins like JSON.
    #[error("this is neither JSON nor a hash")]
    NotJson,
    /// JSON that breaks off or goes wrong.
    #[error("the JSON goes wrong in line {line}")]
    BrokenJson {
        /// Counted from 1, of the pasted text.
        line: usize,
    },
    /// A list without a spec.
    #[error("the list is empty: Spack found no such spec")]
    NoSpecs,
    /// JSON, but no spec.
    #[error(transparent)]
    Spec(#[from] SpecError),
}

/// Reads what was pasted. Lines before the first `{` or `[`, such as a prompt, are passed over.
///
/// # Errors
/// [`PasteError`]
pub fn read(text: &str) -> Result<Pasted, PasteError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(PasteError::Empty);
    }
    if text.len() > MAX_BYTES {
        return Err(PasteError::TooLong);
    }
    let hash = trimmed.strip_prefix('/').unwrap_or(trimmed);
    if is_dag_hash_prefix(hash) {
        return Ok(Pasted::Hash(hash.to_owned()));
    }
    let text =
        clearsign::document(text.as_bytes()).ok().filter(|found| found.is_signed).map_or(text, |found| found.json);
    let skipped = first_json_line(text).ok_or(PasteError::NotJson)?;
    let mut specs = Vec::new();
    // `spack spec a b --json` prints one document after the other.
    let mut documents = serde_json::Deserializer::from_str(&text[skipped..]).into_iter::<&RawValue>();
    for document in &mut documents {
        let document = document
            .map_err(|error| PasteError::BrokenJson { line: text[..skipped].lines().count() + error.line().max(1) })?;
        if document.get().starts_with('[') {
            specs.extend(read_list(document)?);
        } else {
            specs.push(Graph::of_file(SpecFile::parse(document.get().as_bytes())?));
        }
    }
    if specs.is_empty() { Err(PasteError::NoSpecs) } else { Ok(Pasted::Specs(specs)) }
}

/// Where the first line begins that JSON of Spack's begins with.
fn first_json_line(text: &str) -> Option<usize> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with(['{', '[']) {
            return Some(start);
        }
        start += line.len();
    }
    None
}

/// The nodes that `spack find --json` lists; what none of them depends on is a spec of its own.
fn read_list(list: &RawValue) -> Result<Vec<Graph>, PasteError> {
    let raw: Vec<&RawValue> = serde_json::from_str(list.get()).map_err(SpecError::Malformed)?;
    if raw.len() > crate::spec::MAX_NODES {
        return Err(SpecError::TooManyNodes.into());
    }
    // The version is not said. It decides how edges without one are read, and no Spack that prints JSON needs an older.
    let nodes: Vec<Node> =
        raw.into_iter().map(|node| Node::parse(node.get(), SpecVersion::V5, None)).collect::<Result<_, _>>()?;
    Ok(Graph::of_list(nodes))
}

/// The one of `offered` that is most like `wanted`; of several, the first.
pub fn nearest<'a>(wanted: &Graph, offered: &'a [SpecSummary]) -> Option<&'a SpecSummary> {
    let wanted_side = wanted.side();
    let same_package = offered.iter().filter(|spec| spec.name == wanted.root().name);
    same_package.min_by_key(|spec| {
        let theirs = Side::of_summary(spec);
        // Only what lists say counts: the rest is missing on one side.
        let told = Side(
            wanted_side
                .0
                .iter()
                .filter(|(property, _)| theirs.0.contains_key(property))
                .map(|(property, value)| (property.clone(), value.clone()))
                .collect(),
        );
        (spec.hash != wanted.root().hash, Comparison::of(&[told, theirs]).rows.len())
    })
}
