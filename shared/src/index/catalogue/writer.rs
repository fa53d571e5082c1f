//! Making a catalogue out of nodes.

use std::{cmp::Ordering, hash::Hash};

use hashbrown::HashMap;

use super::{
    HASH_PREFIX_BYTES, Signature,
    edges::{EdgeKind, Ends, write_edges},
    specs::{HASH_BYTES, IS_PACKAGE, IS_READ, IS_SIGNED, TraitKind, hash_bytes, size_code},
    table::{CatalogueError, Cursor, Header, Part, Table, column},
};
use crate::{
    name::DagHash,
    spec::{Compiler, Node, ParameterValue, SpecVersion},
    version::Version,
};

/// Values that are numbered as they come, each once.
#[derive(Debug)]
pub(super) struct Dictionary<T>(HashMap<T, u32>);

impl<T: Hash + Eq> Dictionary<T> {
    pub(super) fn new() -> Self {
        Self(HashMap::new())
    }

    /// The number of a value.
    pub(super) fn id(&mut self, value: T) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(value).or_insert(next)
    }

    /// The values in order, and at which place of it each number stands.
    pub(super) fn in_order(self, compare: impl Fn(&T, &T) -> Ordering) -> (Vec<T>, Vec<u32>) {
        let mut values: Vec<(T, u32)> = self.0.into_iter().collect();
        values.sort_by(|a, b| compare(&a.0, &b.0));
        let mut places = vec![0; values.len()];
        for (place, (_, id)) in (0..).zip(&values) {
            places[*id as usize] = place;
        }
        (values.into_iter().map(|(value, _)| value).collect(), places)
    }
}

/// A trait as it is collected: name, kind, values.
type RawTrait = (String, TraitKind, Vec<String>);

/// What rows are made of.
#[derive(Debug)]
pub(super) struct Dictionaries {
    pub(super) packages: Dictionary<String>,
    pub(super) versions: Dictionary<String>,
    pub(super) machines: Dictionary<[String; 3]>,
    pub(super) compilers: Dictionary<[String; 3]>,
    pub(super) traits: Dictionary<RawTrait>,
    /// Of numbers of traits.
    pub(super) sets: Dictionary<Vec<u32>>,
    /// By number of package, how many rows need it.
    pub(super) needed: Vec<u32>,
}

/// The columns of rows that are numbers of what stands in [`Dictionaries`], and those that are plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Package,
    Version,
    Machine,
    Compiler,
    Set,
    State,
    Size,
    Pushed,
}

impl Field {
    const ALL: [Self; 8] =
        [Self::Package, Self::Version, Self::Machine, Self::Compiler, Self::Set, Self::State, Self::Size, Self::Pushed];
}

/// Rows that are gone.
#[derive(Debug, Default)]
pub(super) struct Removed {
    pub(super) hashes: Vec<u8>,
    pub(super) names: Vec<String>,
}

impl Dictionaries {
    pub(super) fn new() -> Self {
        Self {
            packages: Dictionary::new(),
            versions: Dictionary::new(),
            machines: Dictionary::new(),
            compilers: Dictionary::new(),
            traits: Dictionary::new(),
            sets: Dictionary::new(),
            needed: Vec::new(),
        }
    }

    /// Writes the first part. `rows` gives a column with numbers as they were handed out here.
    pub(super) fn write(
        self,
        header: &Header,
        rows: impl Fn(Field) -> Vec<u32>,
        hashes: Vec<u8>,
        removed: Removed,
    ) -> Result<Vec<u8>, CatalogueError> {
        let (packages, package_places) = self.packages.in_order(Ord::cmp);
        let (versions, version_places) = self
            .versions
            .in_order(|a, b| Version::from(a.as_str()).cmp(&Version::from(b.as_str())).then_with(|| a.cmp(b)));
        let (machines, machine_places) = self.machines.in_order(Ord::cmp);
        let (compilers, compiler_places) = self.compilers.in_order(Ord::cmp);
        let (traits, trait_places) = self.traits.in_order(Ord::cmp);
        // Sets that differ still do when each trait has another number.
        let sets = self.sets.0.into_iter().map(|(mut set, id)| {
            for number in &mut set {
                *number = trait_places[*number as usize];
            }
            set.sort_unstable();
            (set, id)
        });
        let (sets, set_places) = Dictionary(sets.collect()).in_order(Ord::cmp);
        let mut needed = vec![0; packages.len()];
        for (id, count) in self.needed.iter().enumerate() {
            needed[package_places[id] as usize] = *count;
        }

        let mut texts = Texts::default();
        for text in packages.iter().chain(&versions).chain(&removed.names) {
            texts.add(text);
        }
        machines.iter().chain(&compilers).flatten().for_each(|text| texts.add(text));
        for (name, _, values) in &traits {
            texts.add(name);
            values.iter().for_each(|value| texts.add(value));
        }
        let texts = texts.sorted();
        let id = |text: &String| texts.id(text);
        let (text_ends, text) = texts.sections();
        let third = |list: &[[String; 3]], at: usize| column(list.iter().map(|item| id(&item[at])));
        let mut sections = vec![
            text_ends,
            text,
            column(packages.iter().map(id)),
            column(needed.iter().copied()),
            column(versions.iter().map(id)),
            third(&machines, 0),
            third(&machines, 1),
            third(&machines, 2),
            third(&compilers, 0),
            third(&compilers, 1),
            third(&compilers, 2),
            column(traits.iter().map(|(_, kind, _)| *kind as u32)),
            column(traits.iter().map(|(name, ..)| id(name))),
            column(ends(traits.iter().map(|(_, _, values)| values.len()))),
            column(traits.iter().flat_map(|(_, _, values)| values).map(id)),
            column(ends(sets.iter().map(Vec::len))),
            column(sets.iter().flatten().copied()),
        ];
        for field in Field::ALL {
            let values = rows(field);
            let places: &[u32] = match field {
                Field::Package => &package_places,
                Field::Version => &version_places,
                Field::Machine => &machine_places,
                Field::Compiler => &compiler_places,
                Field::Set => &set_places,
                Field::State | Field::Size | Field::Pushed => {
                    sections.push(column(values.into_iter()));
                    continue;
                }
            };
            sections.push(column(values.into_iter().map(|id| places.get(id as usize).copied().unwrap_or(0))));
        }
        sections.extend([hashes, removed.hashes, column(removed.names.iter().map(id))]);
        Table::write(header, &sections)
    }
}

/// Where lists of some lengths end when they follow each other.
pub(super) fn ends(lengths: impl Iterator<Item = usize> + Clone) -> impl Iterator<Item = u32> + Clone {
    lengths.scan(0_u32, |end, length| {
        *end = end.saturating_add(u32::try_from(length).unwrap_or(u32::MAX));
        Some(*end)
    })
}

/// The texts of a table, each once.
#[derive(Debug, Default)]
pub(super) struct Texts(std::collections::BTreeSet<String>);

impl Texts {
    pub(super) fn add(&mut self, text: &str) {
        if !self.0.contains(text) {
            self.0.insert(text.to_owned());
        }
    }

    pub(super) fn sorted(self) -> SortedTexts {
        SortedTexts(self.0.into_iter().collect())
    }
}

/// The texts of a table in order.
pub(super) struct SortedTexts(Vec<String>);

impl SortedTexts {
    pub(super) fn id(&self, text: &String) -> u32 {
        self.0.binary_search(text).ok().and_then(|id| u32::try_from(id).ok()).unwrap_or(0)
    }

    /// Ends and bytes.
    pub(super) fn sections(&self) -> (Vec<u8>, Vec<u8>) {
        (column(ends(self.0.iter().map(String::len))), self.0.concat().into_bytes())
    }
}

/// A row to write.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The spec.
    pub node: &'a Node,
    /// Whether the mirror has a binary package of it.
    pub is_package: bool,
    /// What is known of its signature.
    pub signature: Signature,
    /// Bytes of its tarball, when known.
    pub size: Option<u64>,
    /// When it was pushed, in milliseconds since 1970.
    pub pushed: u64,
}

/// The tables of a catalogue, not packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    /// What lists and most queries need.
    pub specs: Vec<u8>,
    /// Who needs whom.
    pub edges: Vec<u8>,
    /// The ends of the hashes.
    pub hashes: Vec<u8>,
}

/// A row while it waits.
#[derive(Debug, Clone, Copy)]
struct Row {
    fields: [u32; 8],
    hash: [u8; HASH_BYTES],
    /// Its edges: first and number.
    edges: (u32, u32),
}

/// A row whose compiler is the end of one of its edges.
#[derive(Debug)]
struct CompilerEdge {
    row: u32,
    target: u32,
    languages: String,
}

/// Makes a catalogue, or what has changed since another, out of nodes that are added one by one.
///
/// It holds some hundred bytes a row and none of the nodes.
#[derive(Debug)]
pub struct Writer {
    dictionaries: Dictionaries,
    rows: Vec<Row>,
    /// All hashes that rows have or lead to; by number, the row.
    nodes: Dictionary<[u8; HASH_BYTES]>,
    row_of: Vec<Option<u32>>,
    /// By number of hash, the package's name for hashes without a row yet.
    names: HashMap<u32, String>,
    edges: Vec<(u32, u32)>,
    kinds: Dictionary<EdgeKind>,
    compiler_edges: Vec<CompilerEdge>,
    removed: Removed,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    /// A writer of no rows.
    pub fn new() -> Self {
        Self {
            dictionaries: Dictionaries::new(),
            rows: Vec::new(),
            nodes: Dictionary::new(),
            row_of: Vec::new(),
            names: HashMap::new(),
            edges: Vec::new(),
            kinds: Dictionary::new(),
            compiler_edges: Vec::new(),
            removed: Removed::default(),
        }
    }

    /// How many rows were added.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Adds a row. A hash that was added before is replaced, as Spack takes the later of two records.
    pub fn add(&mut self, entry: &Entry<'_>) {
        let node = entry.node;
        let first = u32::try_from(self.edges.len()).unwrap_or(u32::MAX);
        for edge in &node.dependencies {
            let target = self.node(hash_bytes(edge.hash.as_str()));
            if self.row_of[target as usize].is_none() {
                self.names.entry(target).or_insert_with(|| edge.name.as_str().to_owned());
            }
            let kinds = edge.kinds.iter().fold(0, |bits, kind| bits | 1 << kind as u8);
            let kind = self.kinds.id(EdgeKind { kinds, virtuals: edge.virtuals.clone() });
            self.edges.push((target, kind));
        }
        let count = u32::try_from(self.edges.len()).unwrap_or(u32::MAX) - first;
        let hash = hash_bytes(node.hash.as_str());
        let fields = self.fields(entry);
        let row = Row { fields, hash, edges: (first, count) };
        let number = self.node(hash);
        self.names.remove(&number);
        let place = match self.row_of[number as usize] {
            Some(place) => {
                self.rows[place as usize] = row;
                place
            }
            None => {
                let place = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
                self.row_of[number as usize] = Some(place);
                self.rows.push(row);
                place
            }
        };
        if let Some(edge) = node.compiler_edge().filter(|_| node.compiler.is_none()) {
            let target = self.node(hash_bytes(edge.hash.as_str()));
            self.compiler_edges.push(CompilerEdge { row: place, target, languages: edge.virtuals.join(",") });
        }
    }

    /// Notes that a row of the catalogue which this goes on from is gone.
    pub fn remove(&mut self, hash: &DagHash, package: &str) {
        self.removed.hashes.extend_from_slice(&hash_bytes(hash.as_str())[..HASH_PREFIX_BYTES]);
        self.removed.names.push(package.to_owned());
    }

    fn node(&mut self, hash: [u8; HASH_BYTES]) -> u32 {
        let number = self.nodes.id(hash);
        if number as usize == self.row_of.len() {
            self.row_of.push(None);
        }
        number
    }

    fn fields(&mut self, entry: &Entry<'_>) -> [u32; 8] {
        let node = entry.node;
        let to = &mut self.dictionaries;
        let mut set: Vec<u32> = traits(node).map(|one| to.traits.id(one)).collect();
        set.sort_unstable();
        set.dedup();
        let state = if entry.is_package { IS_PACKAGE } else { 0 }
            | match entry.signature {
                Signature::Unknown => 0,
                Signature::None => IS_READ,
                Signature::Signed => IS_READ | IS_SIGNED,
            };
        [
            to.packages.id(node.name.as_str().to_owned()),
            to.versions.id(node.version.as_str().to_owned()),
            to.machines.id([node.platform.clone(), node.os.clone(), node.target.clone()]),
            to.compilers
                .id(node.compiler.as_ref().map_or_else(Default::default, |own| compiler(own, &languages(node)))),
            to.sets.id(set),
            state,
            size_code(entry.size),
            u32::try_from(entry.pushed / 60_000).unwrap_or(u32::MAX),
        ]
    }

    /// The tables. `since` is what they go on from, [`Cursor::default`] for a whole catalogue.
    ///
    /// # Errors
    /// [`CatalogueError::TooLarge`]
    pub fn finish(mut self, cursor: Cursor, since: Cursor) -> Result<Tables, CatalogueError> {
        let rows = u32::try_from(self.rows.len()).map_err(|_| CatalogueError::TooLarge)?;
        self.resolve_compilers();
        self.count_needed();
        let header = |part, specs| Header { part, rows, cursor, since, specs };
        let Self { dictionaries, rows, row_of, names, edges, kinds, removed, nodes, .. } = self;
        let hashes = rows.iter().flat_map(|row| &row.hash[..HASH_PREFIX_BYTES]).copied().collect();
        let field = |field: Field| rows.iter().map(|row| row.fields[field as usize]).collect();
        let specs = dictionaries.write(&header(Part::Specs, [0; 8]), field, hashes, removed)?;
        let mut id = [0; 8];
        id.copy_from_slice(&specs[8..16]);
        let ends: Vec<u8> = rows.iter().flat_map(|row| &row.hash[HASH_PREFIX_BYTES..]).copied().collect();
        let hashes = Table::write(&header(Part::Hashes, id), &[ends])?;

        let (kinds, kind_places) = kinds.in_order(Ord::cmp);
        // Nodes without a row, in order of their hashes.
        let hash_order = nodes.in_order_with_ids();
        let mut outside = Vec::new();
        let mut outside_place = HashMap::new();
        for (hash, number) in hash_order {
            if row_of[number as usize].is_none() {
                outside_place.insert(number, u32::try_from(outside.len()).unwrap_or(u32::MAX));
                outside.push((hash[..HASH_PREFIX_BYTES].to_vec(), names.get(&number).cloned().unwrap_or_default()));
            }
        }
        let list = |row: &Row| &edges[row.edges.0 as usize..(row.edges.0 + row.edges.1) as usize];
        let counts: Vec<u32> = rows.iter().map(|row| row.edges.1).collect();
        let targets: Vec<Ends> = rows
            .iter()
            .flat_map(list)
            .map(|(target, _)| match row_of[*target as usize] {
                Some(row) => Ends::Row(row),
                None => Ends::Outside(outside_place.get(target).copied().unwrap_or(0)),
            })
            .collect();
        let kinds_of: Vec<u32> =
            rows.iter().flat_map(list).map(|(_, kind)| kind_places.get(*kind as usize).copied().unwrap_or(0)).collect();
        let edges = write_edges(&header(Part::Edges, id), &kinds, &counts, &targets, &kinds_of, &outside)?;
        Ok(Tables { specs, edges, hashes })
    }

    /// Gives rows whose compiler is another row that row's name and version.
    fn resolve_compilers(&mut self) {
        for edge in std::mem::take(&mut self.compiler_edges) {
            let Some(target) = self.row_of[edge.target as usize] else { continue };
            let [package, version, ..] = self.rows[target as usize].fields;
            let name_of = |list: &HashMap<String, u32>, id| {
                list.iter().find(|(_, known)| **known == id).map(|(text, _)| text.clone()).unwrap_or_default()
            };
            let name = name_of(&self.dictionaries.packages.0, package);
            let version = name_of(&self.dictionaries.versions.0, version);
            let Ok(name) = name.parse() else { continue };
            let own = Compiler::of_package(&name, &Version::from(version.as_str()));
            let id = self.dictionaries.compilers.id(compiler(&own, &edge.languages));
            self.rows[edge.row as usize].fields[Field::Compiler as usize] = id;
        }
    }

    fn count_needed(&mut self) {
        let mut needed = vec![0_u32; self.dictionaries.packages.0.len()];
        for row in &self.rows {
            for (target, _) in &self.edges[row.edges.0 as usize..(row.edges.0 + row.edges.1) as usize] {
                if let Some(target) = self.row_of[*target as usize] {
                    needed[self.rows[target as usize].fields[Field::Package as usize] as usize] += 1;
                }
            }
        }
        self.dictionaries.needed = needed;
    }
}

impl<T: Hash + Eq + Ord> Dictionary<T> {
    /// The values in order with their numbers.
    fn in_order_with_ids(self) -> Vec<(T, u32)> {
        let mut values: Vec<(T, u32)> = self.0.into_iter().collect();
        values.sort();
        values
    }
}

fn compiler(own: &Compiler, languages: &str) -> [String; 3] {
    [own.name.clone(), own.version.as_str().to_owned(), languages.to_owned()]
}

/// The languages that a node's compiler is used for; versions before 5 have one for all and do not say.
fn languages(node: &Node) -> String {
    match node.source() {
        SpecVersion::V1 | SpecVersion::V2 | SpecVersion::V3 | SpecVersion::V4 => "c,cxx,fortran".to_owned(),
        SpecVersion::V5 | SpecVersion::V6 => {
            node.compiler_edge().map_or_else(String::new, |edge| edge.virtuals.join(","))
        }
    }
}

fn traits(node: &Node) -> impl Iterator<Item = RawTrait> + '_ {
    let variants = node.parameters.iter().map(|(name, value)| {
        let (kind, values) = match value {
            ParameterValue::Flag(false) => (TraitKind::Off, Vec::new()),
            ParameterValue::Flag(true) => (TraitKind::On, Vec::new()),
            ParameterValue::Text(text) => (TraitKind::Text, vec![text.clone()]),
            ParameterValue::List(list) => (TraitKind::List, list.clone()),
        };
        (name.clone(), kind, values)
    });
    let flags = node.flags.iter().map(|(name, words)| (name.clone(), TraitKind::Flags, words.clone()));
    let provides = node.provided_virtuals.iter().map(|name| (name.clone(), TraitKind::Provides, Vec::new()));
    let namespace = node.namespace.iter().map(|name| (name.clone(), TraitKind::Namespace, Vec::new()));
    variants.chain(flags).chain(provides).chain(namespace)
}
