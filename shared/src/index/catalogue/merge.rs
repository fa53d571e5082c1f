//! Bringing a catalogue up to date: tables that go on from each other become one.

use hashbrown::{HashMap, HashSet, hash_map::Entry};

use super::{
    HASH_PREFIX_BYTES,
    edges::{Edges, Ends, write_edges},
    specs::{Specs, hash_end},
    table::{CatalogueError, Cursor, Header, Part, Table},
    writer::{Dictionaries, Dictionary, Field, Removed},
};

/// A row is gone.
const GONE: u32 = u32::MAX;
/// A row is not there any more, but another is in its place.
const REPLACED: u32 = 1 << 31;

/// Where the rows of a table are after a merge: what [`merge_edges`] needs.
#[derive(Debug, Clone)]
pub struct RowMap {
    /// The [`Table::id`] of the table.
    table: [u8; 8],
    rows: Vec<u32>,
    /// Rows that are gone: beginnings of their hashes, and their packages.
    gone: HashMap<u32, (Vec<u8>, String)>,
}

impl RowMap {
    /// The row that stands for an old one now.
    fn now(&self, row: u32) -> Option<u32> {
        self.rows.get(row as usize).filter(|row| **row != GONE).map(|row| row & !REPLACED)
    }

    fn is_kept(&self, row: u32) -> bool {
        self.rows.get(row as usize).is_some_and(|row| row & REPLACED == 0)
    }

    fn kept(&self) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(&self.rows).filter(|(_, to)| *to & REPLACED == 0).map(|(row, _)| row)
    }
}

/// A row's name across tables: the beginning of its hash, and its package by its number in what is merged.
type Identity = (u64, u32);

/// A table's number and a row of it.
type Place = (usize, u32);

fn prefix(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Numbers of one table as numbers of the merged one.
struct Numbers {
    packages: Vec<u32>,
    versions: Vec<u32>,
    machines: Vec<u32>,
    compilers: Vec<u32>,
    sets: Vec<u32>,
}

impl Numbers {
    fn of(specs: &Specs, to: &mut Dictionaries) -> Self {
        let packages = (0..specs.packages()).map(|package| {
            let id = to.packages.id(specs.package_name(package).to_owned());
            to.needed.resize(to.needed.len().max(id as usize + 1), 0);
            to.needed[id as usize] += specs.package_needed(package);
            id
        });
        let packages = packages.collect();
        let versions = (0..specs.versions()).map(|version| to.versions.id(specs.version_text(version).to_owned()));
        let versions = versions.collect();
        let machines = (0..specs.machines()).map(|machine| {
            let machine = specs.machine(machine);
            to.machines.id([machine.platform, machine.os, machine.target].map(str::to_owned))
        });
        let machines = machines.collect();
        let compilers = (0..specs.compilers()).map(|compiler| {
            let compiler = specs.compiler(compiler);
            let texts = compiler.map_or([""; 3], |compiler| [compiler.name, compiler.version, compiler.languages]);
            to.compilers.id(texts.map(str::to_owned))
        });
        let compilers = compilers.collect();
        let traits: Vec<u32> = (0..specs.traits())
            .map(|number| {
                let one = specs.trait_of(number);
                to.traits.id((one.name.to_owned(), one.kind, one.values().map(str::to_owned).collect()))
            })
            .collect();
        let sets = (0..specs.sets()).map(|set| {
            let mut set: Vec<u32> = specs.set(set).map(|number| traits[number as usize]).collect();
            set.sort_unstable();
            to.sets.id(set)
        });
        Self { packages, versions, machines, compilers, sets: sets.collect() }
    }

    fn field(&self, specs: &Specs, field: Field, row: u32) -> u32 {
        match field {
            Field::Package => self.packages[specs.package(row) as usize],
            Field::Version => self.versions[specs.version(row) as usize],
            Field::Machine => self.machines[specs.machine_of(row) as usize],
            Field::Compiler => self.compilers[specs.compiler_of(row) as usize],
            Field::Set => self.sets[specs.set_of(row) as usize],
            Field::State => specs.state(row),
            Field::Size => specs.size_code(row),
            Field::Pushed => specs.minutes(row),
        }
    }
}

/// Checks that tables go on from each other.
fn check_order(tables: &[&Table]) -> Result<(Cursor, Cursor), CatalogueError> {
    let (Some(first), Some(last)) = (tables.first(), tables.last()) else { return Err(CatalogueError::NotOne) };
    match tables.windows(2).all(|pair| pair[1].since() == pair[0].cursor()) {
        true => Ok((last.cursor(), first.since())),
        false => Err(CatalogueError::Part),
    }
}

/// Makes one table of several, the oldest first: a row of a later one takes the place of an older row
/// with the same hash, and what a later one has removed is gone. Cost grows with all rows.
///
/// # Errors
/// [`CatalogueError::Part`] when they do not go on from each other.
pub fn merge_specs(tables: &[Specs]) -> Result<(Specs, Vec<RowMap>), CatalogueError> {
    let (cursor, since) = check_order(&tables.iter().map(Specs::table).collect::<Vec<_>>())?;
    if let [one] = tables {
        let map = RowMap { table: one.table().id(), rows: (0..one.rows()).collect(), gone: HashMap::new() };
        return Ok((one.clone(), vec![map]));
    }
    let mut to = Dictionaries::new();
    let numbers: Vec<Numbers> = tables.iter().map(|specs| Numbers::of(specs, &mut to)).collect();
    let mut removed = Removed::default();

    // From the newest to the oldest: where a row is that takes the place of older ones.
    let rows_of_newer = tables.iter().skip(1).map(|specs| specs.rows() as usize).sum();
    let mut newer: HashMap<Identity, Option<Place>> = HashMap::with_capacity(rows_of_newer);
    let mut replaced: Vec<HashMap<u32, Option<Place>>> = tables.iter().map(|_| HashMap::new()).collect();
    for (number, specs) in tables.iter().enumerate().rev() {
        for row in 0..specs.rows() {
            let identity = (prefix(specs.hash_prefix(row)), numbers[number].packages[specs.package(row) as usize]);
            if number == 0 {
                // Nothing is older.
                if let Some(place) = newer.get(&identity) {
                    replaced[number].insert(row, *place);
                }
                continue;
            }
            match newer.entry(identity) {
                Entry::Vacant(vacant) => {
                    vacant.insert(Some((number, row)));
                }
                Entry::Occupied(by) if by.get().is_none_or(|(table, _)| table != number) => {
                    replaced[number].insert(row, *by.get());
                }
                Entry::Occupied(_) => {}
            }
        }
        if number > 0 {
            for (hash, name) in specs.removed() {
                newer.entry((prefix(hash), to.packages.id(name.to_owned()))).or_insert(None);
            }
        }
        if since != Cursor::default() {
            for (hash, name) in specs.removed() {
                removed.hashes.extend_from_slice(hash);
                removed.names.push(name.to_owned());
            }
        }
    }
    drop(newer);

    let mut rows = 0;
    let mut maps: Vec<RowMap> = Vec::with_capacity(tables.len());
    for (specs, replaced) in tables.iter().zip(&replaced) {
        let place = |row: u32| match replaced.contains_key(&row) {
            true => GONE,
            false => {
                rows += 1;
                rows - 1
            }
        };
        maps.push(RowMap {
            table: specs.table().id(),
            rows: (0..specs.rows()).map(place).collect(),
            gone: HashMap::new(),
        });
    }
    for (number, replaced) in replaced.into_iter().enumerate() {
        for (row, by) in replaced {
            // What replaces a row may itself be replaced: then it says by what.
            match by.and_then(|(table, row)| maps[table].now(row)) {
                Some(now) => maps[number].rows[row as usize] = now | REPLACED,
                None => {
                    let specs = &tables[number];
                    let name = specs.package_name(specs.package(row)).to_owned();
                    maps[number].gone.insert(row, (specs.hash_prefix(row).to_vec(), name));
                }
            }
        }
    }

    let field = |field: Field| {
        let mut column = Vec::with_capacity(rows as usize);
        for ((specs, numbers), map) in tables.iter().zip(&numbers).zip(&maps) {
            map.kept().for_each(|row| column.push(numbers.field(specs, field, row)));
        }
        column
    };
    let mut hashes = Vec::with_capacity(rows as usize * HASH_PREFIX_BYTES);
    for (specs, map) in tables.iter().zip(&maps) {
        map.kept().for_each(|row| hashes.extend_from_slice(specs.hash_prefix(row)));
    }
    let header = Header { part: Part::Specs, rows, cursor, since, specs: [0; 8] };
    let table = Table::written(to.write(&header, field, hashes, removed)?)?;
    Ok((Specs::of(table)?, maps))
}

/// The header of another part of merged specs.
fn header(part: Part, specs: &Specs, tables: &[&Table], maps: &[RowMap]) -> Result<Header, CatalogueError> {
    let (cursor, since) = check_order(tables)?;
    let is_same = tables.len() == maps.len()
        && tables
            .iter()
            .zip(maps)
            .all(|(table, map)| table.specs_id() == map.table && table.rows() as usize == map.rows.len())
        && maps.iter().map(|map| map.kept().count()).sum::<usize>() == specs.rows() as usize;
    match is_same && cursor == specs.cursor() {
        true => Ok(Header { part, rows: specs.rows(), cursor, since, specs: specs.table().id() }),
        false => Err(CatalogueError::Part),
    }
}

/// Makes one table of the edges of several, which [`merge_specs`] has made `specs` of.
///
/// # Errors
/// [`CatalogueError::Part`] when they belong to other specs.
pub fn merge_edges(tables: &[Edges], maps: &[RowMap], specs: &Specs) -> Result<Vec<u8>, CatalogueError> {
    let header = header(Part::Edges, specs, &tables.iter().map(Edges::table).collect::<Vec<_>>(), maps)?;
    let mut outside = Outside::default();
    for (edges, map) in tables.iter().zip(maps) {
        for number in 0..edges.outside() {
            outside.add(edges.outside_hash(number), edges.outside_name(number));
        }
        for (hash, name) in map.gone.values() {
            outside.add(hash, name);
        }
    }
    outside.find_in(specs);

    let mut kinds = Dictionary::new();
    let (mut counts, mut targets, mut kinds_of) = (Vec::new(), Vec::new(), Vec::new());
    for (edges, map) in tables.iter().zip(maps) {
        let kind_ids: Vec<u32> = (0..edges.kinds()).map(|kind| kinds.id(edges.raw_kind(kind))).collect();
        for row in (0..edges.table().rows()).filter(|row| map.is_kept(*row)) {
            let before = targets.len();
            for edge in edges.of_row(row) {
                targets.push(match edge.target {
                    Ends::Outside(number) => outside.end(edges.outside_hash(number), edges.outside_name(number)),
                    Ends::Row(target) => match (map.now(target), map.gone.get(&target)) {
                        (Some(now), _) => Ends::Row(now),
                        (None, Some((hash, name))) => outside.end(hash, name),
                        (None, None) => return Err(CatalogueError::Part),
                    },
                });
                kinds_of.push(kind_ids[edge.kind as usize]);
            }
            counts.push(u32::try_from(targets.len() - before).unwrap_or(u32::MAX));
        }
    }
    let (kinds, places) = kinds.in_order(Ord::cmp);
    for kind in &mut kinds_of {
        *kind = places[*kind as usize];
    }
    write_edges(&header, &kinds, &counts, &targets, &kinds_of, &outside.list)
}

/// Packages that no row of some table is, which may be rows of another.
#[derive(Default)]
struct Outside {
    /// By beginning of the hash and name, where it is found.
    known: HashMap<(u64, String), Option<Ends>>,
    list: Vec<(Vec<u8>, String)>,
}

impl Outside {
    fn add(&mut self, hash: &[u8], name: &str) {
        self.known.insert((prefix(hash), name.to_owned()), None);
    }

    fn find_in(&mut self, specs: &Specs) {
        let prefixes: HashSet<u64> = self.known.keys().map(|(prefix, _)| *prefix).collect();
        for row in 0..specs.rows() {
            let prefix = prefix(specs.hash_prefix(row));
            if prefixes.contains(&prefix)
                && let Some(end) = self.known.get_mut(&(prefix, specs.package_name(specs.package(row)).to_owned()))
            {
                *end = Some(Ends::Row(row));
            }
        }
    }

    fn end(&mut self, hash: &[u8], name: &str) -> Ends {
        let end = self.known.entry((prefix(hash), name.to_owned())).or_default();
        *end.get_or_insert_with(|| {
            self.list.push((hash.to_vec(), name.to_owned()));
            Ends::Outside(u32::try_from(self.list.len() - 1).unwrap_or(u32::MAX))
        })
    }
}

/// Makes one table of the ends of hashes of several, which [`merge_specs`] has made `specs` of.
///
/// # Errors
/// [`CatalogueError::Part`] when they belong to other specs.
pub fn merge_hashes(tables: &[Table], maps: &[RowMap], specs: &Specs) -> Result<Vec<u8>, CatalogueError> {
    let header = header(Part::Hashes, specs, &tables.iter().collect::<Vec<_>>(), maps)?;
    let mut ends = Vec::new();
    for (table, map) in tables.iter().zip(maps) {
        map.kept().for_each(|row| ends.extend_from_slice(hash_end(table, row)));
    }
    Table::write(&header, &[ends])
}
