//! What is written is read again; what was not written is refused.

use std::{collections::BTreeMap, fs, path::Path};

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::{
    specs::{hash_bytes, hash_text, size_code, size_of},
    *,
};
use crate::{
    index::document::{IndexReader, Record},
    name::DagHash,
    spec::{Node, SpecVersion},
};

/// The records of an index that Spack made.
pub(crate) fn records() -> Vec<Record> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/mirror-v2/build_cache/index.json");
    let mut reader = IndexReader::new();
    reader.push(&fs::read(path).unwrap());
    std::iter::from_fn(|| reader.next_record().unwrap()).collect()
}

fn cursor(generation: u64) -> Cursor {
    Cursor { epoch: 1, generation, ..Cursor::default() }
}

fn entry(record: &Record) -> Entry<'_> {
    let (size, pushed) = (Some(198_452), 1_763_000_000_000);
    Entry { node: &record.node, is_package: record.in_buildcache, signature: Signature::Signed, size, pushed }
}

fn tables(records: &[Record], generation: u64, since: u64) -> Tables {
    let mut writer = Writer::new();
    records.iter().for_each(|record| writer.add(&entry(record)));
    let since = if since == 0 { Cursor::default() } else { cursor(since) };
    writer.finish(cursor(generation), since).unwrap()
}

fn whole(tables: Tables) -> Catalogue {
    let mut catalogue = Catalogue::new(tables.specs).unwrap();
    catalogue.add_edges(tables.edges).unwrap();
    catalogue.add_hashes(tables.hashes).unwrap();
    catalogue
}

/// All that a catalogue says, by hash: in words, so that numbers do not count.
fn said(catalogue: &Catalogue) -> BTreeMap<String, Vec<String>> {
    let specs = &catalogue.specs;
    let row = |row: u32| {
        let compiler = specs.compiler(specs.compiler_of(row)).map(|own| format!("{}@{}", own.name, own.version));
        let machine = specs.machine(specs.machine_of(row));
        let traits = specs.set(specs.set_of(row)).map(|number| {
            let one = specs.trait_of(number);
            format!("{:?} {} {:?}", one.kind, one.name, one.values().collect::<Vec<_>>())
        });
        let mut said = vec![
            specs.package_name(specs.package(row)).to_owned(),
            specs.version_text(specs.version(row)).to_owned(),
            compiler.unwrap_or_default(),
            format!("{}-{}-{}", machine.platform, machine.os, machine.target),
            format!("{} {:?} {:?} {}", specs.is_package(row), specs.signature(row), specs.size(row), specs.pushed(row)),
        ];
        said.extend(traits);
        let edges = catalogue.edges.as_ref().unwrap();
        let mut ends: Vec<_> = edges
            .of_row(row)
            .map(|edge| {
                let virtuals: Vec<_> = edges.virtuals(edge.kind).collect();
                let end = match edge.target {
                    Ends::Row(row) => specs.package_name(specs.package(row)).to_owned() + &catalogue.hash(row),
                    Ends::Outside(number) => format!("outside {}", edges.outside_name(number)),
                };
                format!("{end} {} {virtuals:?}", edges.kind(edge.kind))
            })
            .collect();
        ends.sort();
        said.extend(ends);
        said
    };
    (0..specs.rows()).map(|number| (catalogue.hash(number), row(number))).collect()
}

#[test]
fn rows_say_what_their_nodes_say() {
    let records = records();
    let catalogue = whole(tables(&records, 7, 0));
    let specs = &catalogue.specs;
    assert_eq!(specs.rows() as usize, records.len());
    assert_eq!(specs.cursor().to_string().parse(), Ok(cursor(7)));
    for (row, Record { node, in_buildcache }) in (0..).zip(&records) {
        assert_eq!(catalogue.hash(row), node.hash.as_str());
        assert_eq!(specs.package_name(specs.package(row)), node.name.as_str());
        assert_eq!(specs.version_text(specs.version(row)), node.version.as_str());
        let machine = Machine { platform: &node.platform, os: &node.os, target: &node.target };
        assert_eq!(specs.machine(specs.machine_of(row)), machine);
        let compiler = node.compiler.as_ref().map(|own| (own.name.as_str(), own.version.as_str()));
        assert_eq!(specs.compiler(specs.compiler_of(row)).map(|own| (own.name, own.version)), compiler);
        assert_eq!(specs.set(specs.set_of(row)).count(), node.parameters.len() + node.flags.len() + 1);
        assert_eq!((specs.is_package(row), specs.signature(row)), (*in_buildcache, Signature::Signed));
        assert_eq!(specs.size(row).unwrap().abs_diff(198_452) / 100, 0);
        assert_eq!(specs.pushed(row), 1_763_000_000_000 / 60_000 * 60_000);
        let edges = catalogue.edges.as_ref().unwrap();
        for (edge, own) in edges.of_row(row).zip(&node.dependencies) {
            let Ends::Row(target) = edge.target else { panic!("{} is in the index", own.name) };
            assert_eq!(catalogue.hash(target), own.hash.as_str());
            assert_eq!(edges.kind(edge.kind), own.kinds);
            assert!(edges.virtuals(edge.kind).eq(own.virtuals.iter().map(String::as_str)));
        }
        assert_eq!(edges.of_row(row).count(), node.dependencies.len());
    }
    assert!((1..specs.packages()).all(|package| specs.package_name(package - 1) < specs.package_name(package)));
    for package in 0..specs.packages() {
        let edges = records.iter().flat_map(|record| &record.node.dependencies);
        let needing = edges.filter(|edge| edge.name.as_str() == specs.package_name(package)).count();
        assert_eq!(specs.package_needed(package) as usize, needing, "{}", specs.package_name(package));
    }
}

#[test]
fn the_same_rows_are_the_same_bytes_and_pack_small() {
    let records = records();
    let tables = tables(&records, 7, 0);
    assert_eq!(tables, self::tables(&records, 7, 0));
    for table in [&tables.specs, &tables.edges, &tables.hashes] {
        let packed = pack(table);
        assert_eq!(unpack(&packed).as_ref(), Ok(table));
        // Hashes are as good as random.
        assert!(packed.len() < table.len() || *table == tables.hashes);
    }
}

#[test]
fn an_old_catalogue_is_brought_up_to_date() {
    let records = records();
    // The first goes, the second changes, the third is what the others need and comes late.
    let mut changed = records[1].clone();
    changed.in_buildcache = !changed.in_buildcache;
    let old: Vec<Record> = [&records[..2], &records[3..20]].concat();
    let middle = &records[20..30];
    let mut parts = vec![tables(&old, 5, 0), tables(middle, 6, 5)];
    let mut writer = Writer::new();
    writer.remove(&records[0].node.hash, records[0].node.name.as_str());
    // Removed and pushed again: it is there.
    writer.remove(&records[4].node.hash, records[4].node.name.as_str());
    let newest: Vec<Record> = [&[changed.clone(), records[2].clone(), records[4].clone()], &records[30..]].concat();
    newest.iter().for_each(|record| writer.add(&entry(record)));
    parts.push(writer.finish(cursor(9), cursor(6)).unwrap());

    let specs: Vec<Specs> = parts.iter().map(|part| Specs::read(part.specs.clone()).unwrap()).collect();
    let edges: Vec<Edges> =
        parts.iter().zip(&specs).map(|(part, specs)| Edges::read(part.edges.clone(), specs).unwrap()).collect();
    let hashes: Vec<Table> = parts.iter().map(|part| Table::read(part.hashes.clone()).unwrap()).collect();
    let (merged, maps) = merge_specs(&specs).unwrap();
    let mut merged = Catalogue::new(merged.table().bytes().to_vec()).unwrap();
    merged.add_edges(merge_edges(&edges, &maps, &merged.specs).unwrap()).unwrap();
    merged.add_hashes(merge_hashes(&hashes, &maps, &merged.specs).unwrap()).unwrap();

    let all: Vec<Record> = std::iter::once(changed).chain(records[2..].iter().cloned()).collect();
    let expected = whole(tables(&all, 9, 0));
    assert_eq!(said(&merged), said(&expected));
    assert_eq!(merged.specs.cursor(), cursor(9));

    assert_eq!(merge_specs(&[]).unwrap_err(), CatalogueError::NotOne);
    let [first, _, last] = <[Specs; 3]>::try_from(specs).unwrap();
    assert_eq!(merge_specs(&[first, last]).unwrap_err(), CatalogueError::Part);
}

#[test]
fn parts_of_other_rows_are_refused() {
    let records = records();
    let (some, others) = (tables(&records, 1, 0), tables(&records[1..], 1, 0));
    let mut catalogue = Catalogue::new(some.specs.clone()).unwrap();
    assert_eq!(catalogue.add_edges(others.edges).unwrap_err(), CatalogueError::Part);
    assert_eq!(catalogue.add_hashes(others.hashes).unwrap_err(), CatalogueError::Part);
    assert_eq!(catalogue.add_edges(some.hashes).unwrap_err(), CatalogueError::Part);
    assert_eq!(Catalogue::new(some.edges).unwrap_err(), CatalogueError::Part);
}

fn node(json: &serde_json::Value) -> Node {
    Node::parse(&json.to_string(), SpecVersion::V4, None).unwrap()
}

#[test]
fn graphs_that_no_spack_makes_are_read() {
    let long = "x".repeat(10_000);
    let hash = |letter: &str| letter.repeat(32);
    let one = |name: &str, own: &str, to: &str| {
        node(&serde_json::json!({
            "name": name, "version": "1", "hash": hash(own),
            "arch": {"platform": "linux", "platform_os": "<script>", "target": "\u{5d0}\u{5d1}"},
            "parameters": {"note": long.clone() + "\u{202e}<img src=x onerror=alert(1)>"},
            "dependencies": [{"name": "x", "hash": hash(to), "parameters": {"deptypes": ["link"], "virtuals": []}}],
        }))
    };
    // A cycle, an edge to itself, a missing dependency and a hash twice.
    let nodes = [
        one("a", "a", "b"),
        one("b", "b", "a"),
        one("c", "c", "c"),
        one("d", "d", "z"),
        one(&"d".repeat(60), "d", "a"),
    ];
    let mut writer = Writer::new();
    for node in &nodes {
        let entry = Entry { node, is_package: true, signature: Signature::Unknown, size: None, pushed: 0 };
        writer.add(&entry);
    }
    let catalogue = whole(writer.finish(cursor(1), Cursor::default()).unwrap());
    assert_eq!(catalogue.specs.rows(), 4, "the later of two with a hash counts");
    let said = said(&catalogue);
    assert_eq!(said[&hash("d")][0], "d".repeat(60));
    assert!(said[&hash("a")].iter().any(|text| text.contains("onerror")));
    assert_eq!(said[&hash("c")].last().unwrap(), &format!("c{} link []", hash("c")));
}

#[test]
fn sizes_keep_three_digits() {
    assert_eq!(size_of(size_code(None)), None);
    for shift in 0..52 {
        for size in [1_u64 << shift, (1 << shift) + 1, (1 << shift) * 3 / 2, (2 << shift) - 1] {
            let kept = size_of(size_code(Some(size))).unwrap();
            assert!(kept.abs_diff(size) * 2000 <= size, "{size} became {kept}");
        }
    }
    assert_eq!(size_of(size_code(Some(1234))), Some(1234));
    assert!(size_code(Some(u64::MAX)) <= u32::from(u16::MAX));
}

#[test]
fn hashes_are_read_as_written() {
    let hash: DagHash = "rjsbs2wcromwrvwrsr3ctrxojaokif4e".parse().unwrap();
    assert_eq!(hash_text(&hash_bytes(hash.as_str())), hash.as_str());
    assert_eq!(hash_text(&hash_bytes(hash.as_str())[..HASH_PREFIX_BYTES]), "rjsbs2wc");
}

#[test]
fn what_is_none_is_refused_with_its_reason() {
    let tables = tables(&records(), 1, 0);
    for (what, table) in [("specs", &tables.specs), ("edges", &tables.edges), ("hashes", &tables.hashes)] {
        for length in (1..table.len()).step_by(7) {
            assert_eq!(Table::read(table[..length].to_vec()).unwrap_err(), CatalogueError::Length, "{what} {length}");
        }
        let mut newer = table.clone();
        newer[7] += 1;
        assert_eq!(
            Table::read(newer).unwrap_err().to_string(),
            "this catalogue has format 2; this program reads format 1"
        );
        let mut damaged = table.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert_eq!(Table::read(damaged).unwrap_err(), CatalogueError::Checksum);
        let mut longer = pack(table);
        assert!(PackedTable::all(&longer[..longer.len() - 1]).is_err());
        longer[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(unpack(&longer).unwrap_err(), CatalogueError::Length, "a length that deflate cannot reach");
    }
    for text in ["", "<!doctype html>", "{\"database\":{}}", "LARDE"] {
        assert!(Table::read(text.into()).is_err(), "{text}");
        assert!(unpack(text.as_bytes()).is_err(), "{text}");
    }
}

/// What a reader hands out of a document that comes in pieces.
fn in_pieces(document: &[u8], length: usize) -> Result<Vec<Vec<u8>>, CatalogueError> {
    let (mut reader, mut tables) = (PackedReader::default(), Vec::new());
    for piece in document.chunks(length) {
        reader.push(piece, |table| tables.push(table.packed.to_vec()))?;
    }
    reader.finish().map(|()| tables)
}

#[test]
fn tables_are_handed_out_as_soon_as_they_are_whole() {
    let tables = tables(&records(), 1, 0);
    let document = [pack(&tables.specs), pack(&tables.edges)].concat();
    let whole: Vec<Vec<u8>> = PackedTable::all(&document).unwrap().iter().map(|table| table.packed.to_vec()).collect();
    assert_eq!(whole.len(), 2);
    for length in [1, 7, 16, 1000, document.len()] {
        assert_eq!(in_pieces(&document, length).unwrap(), whole, "pieces of {length}");
    }
    assert_eq!(in_pieces(&document[..document.len() - 1], 50).unwrap_err(), CatalogueError::Length);
    assert_eq!(in_pieces(b"", 1).unwrap_err(), CatalogueError::NotOne);
    assert_eq!(in_pieces(b"<!doctype html>", 4).unwrap_err(), CatalogueError::NotOne);
    assert_eq!(in_pieces(b"LARDERP\x02", 3).unwrap_err(), CatalogueError::Version(2));
}

/// How many inputs are tried: `LARDER_CASES`, or a few thousand.
fn cases() -> ProptestConfig {
    let cases = std::env::var("LARDER_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000);
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

/// Changes bytes behind the checksum and makes that right again, as one who means harm would.
fn forged(table: &[u8], changes: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    let mut forged = table.to_vec();
    for (at, value) in changes {
        let at = 40 + at.index(forged.len() - 40);
        forged[at] = *value;
    }
    let checksum = Sha256::digest(&forged[40..]);
    forged[8..40].copy_from_slice(&checksum);
    forged
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn forged_tables_are_refused_or_read(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        of_edges in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        thread_local! {
            static TABLES: Tables = tables(&records()[..12], 1, 0);
        }
        TABLES.with(|tables| {
            if let Ok(catalogue) = Catalogue::new(forged(&tables.specs, &changes)) {
                prop_assert!(read_all(&catalogue) < 100_000);
            }
            let mut catalogue = Catalogue::new(tables.specs.clone()).unwrap();
            if catalogue.add_edges(forged(&tables.edges, &of_edges)).is_ok() {
                prop_assert!(said_without_hashes(&catalogue) < 10_000_000);
            }
            Ok(())
        })?;
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), packed in any::<bool>()) {
        let magic: &[u8] = if packed { b"LARDERP\x01" } else { b"LARDERC\x01" };
        let bytes = [magic, &bytes].concat();
        prop_assert!(Table::read(bytes.clone()).is_err());
        prop_assert!(unpack_all(&bytes).is_err());
        // A table whose bytes are none may be handed out whole; it is refused when it is unpacked.
        let all = PackedTable::all(&bytes).map(|tables| tables.iter().map(|table| table.packed.to_vec()).collect());
        prop_assert_eq!(in_pieces(&bytes, 13), all);
    }
}

/// Looks at every row, and counts what it sees.
fn read_all(catalogue: &Catalogue) -> usize {
    let specs = &catalogue.specs;
    let mut seen = 0;
    for row in 0..specs.rows().min(50) {
        seen += specs.package_name(specs.package(row)).len() + specs.version_text(specs.version(row)).len();
        seen += specs.set(specs.set_of(row)).map(|one| specs.trait_of(one).values().count()).sum::<usize>();
        seen += specs.machine(specs.machine_of(row)).os.len() + catalogue.hash(row).len();
        _ = (specs.size(row), specs.pushed(row), specs.signature(row), specs.compiler(specs.compiler_of(row)));
    }
    seen
}

fn said_without_hashes(catalogue: &Catalogue) -> usize {
    let edges = catalogue.edges.as_ref().unwrap();
    let rows = (0..catalogue.specs.rows()).flat_map(|row| edges.of_row(row));
    rows.map(|edge| edges.virtuals(edge.kind).count() + edges.kind(edge.kind).iter().count()).sum()
}
