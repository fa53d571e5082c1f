//! A catalogue of 10,000, 100,000 and 1,000,000 specs: its bytes, and the time to make, read and search it.
//!
//! `cargo bench -p larder-shared --bench catalogue -- 100000`; without a number 10,000 and 100,000. For
//! comparison, at 100,000 specs cache.spack.io's own page downloads 15.2 MB, decodes it in 1.65 s, holds
//! 141 MB and looks through it in 23 ms.

mod amplify;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use larder_shared::{
    find::{By, Finder, Machine, Question, Sort},
    index::{
        catalogue::{Catalogue, Cursor, Entry, Signature, Specs, Tables, Writer, merge_specs, pack, unpack},
        document::IndexReader,
    },
};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What is typed: each letter of a name, and what one asks for.
const QUERIES: [&str; 12] = [
    "",
    "h",
    "hdf",
    "hdf5",
    "opnssl",
    "hdf5@1.14: +mpi",
    "target=x86_64_v3: os=debian12",
    "%gcc@12 +shared",
    "^openssl",
    "hdf5 ^openmpi@4",
    "^[virtuals=mpi] openmpi",
    "hdf5 target=zen9",
];

/// Times that each query is asked.
const TIMES: usize = 15;

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    for count in if asked.is_empty() { vec![10_000, 100_000] } else { asked } {
        measure(count);
    }
}

fn took<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    println!("{what:<44} {:>9.1} ms", milliseconds(start.elapsed()));
    done
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn measure(count: usize) {
    println!("\n{count} specs");
    let document = amplify::index(count);
    println!("{:<44} {:>9} bytes", "the index document", document.len());
    let tables = took("read the document and make a catalogue", || make(&document));
    let several: Vec<Vec<u8>> = sealed(&document).iter().map(|table| pack(table)).collect();
    drop(document);
    println!("{:<44} {:>9} bytes", "the specs in several tables, packed", several.iter().map(Vec::len).sum::<usize>());
    let several = took("unpack several tables", || {
        several.iter().map(|table| unpack(table).expect("it was packed")).collect::<Vec<_>>()
    });
    let several = took("read and check several tables", || {
        several.into_iter().map(|table| Specs::read(table).expect("it is one")).collect::<Vec<_>>()
    });
    took("make one of several tables", || merge_specs(&several).expect("they follow each other"));
    drop(several);
    let packed = took("pack the specs", || pack(&tables.specs));
    for (part, table) in [("specs", &tables.specs), ("edges", &tables.edges), ("hashes", &tables.hashes)] {
        println!("{:<44} {:>9} bytes, packed {}", part, table.len(), pack(table).len());
    }
    let edges = tables.edges;
    drop(tables.specs);
    let before = MEMORY.current_usage();
    let specs = took("unpack", || unpack(&packed).expect("it was packed"));
    let catalogue = took("read and check", || Catalogue::new(specs).expect("it is one"));
    let mut finder = took("make ready to search", || Finder::new(catalogue));
    took("add the graphs", || finder.add_edges(edges).expect("they belong to it"));
    let machine = Some(Machine { os: "debian12".to_owned(), target: "zen3".to_owned() });
    for by in [By::Packages, By::Specs] {
        let mut all = Vec::new();
        for query in QUERIES {
            let (query, machine) = (query.to_owned(), machine.clone());
            let question = Question { query, by, machine, limit: 60, sort: Sort::Best, ..Question::default() };
            let mut times: Vec<f64> = (0..TIMES)
                .map(|_| {
                    let start = Instant::now();
                    black_box(finder.find(&question, 1_763_000_000_000));
                    milliseconds(start.elapsed())
                })
                .collect();
            times.sort_by(f64::total_cmp);
            println!("find `{:<28}` by {by:<8?} {:>9.2} ms", question.query, times[TIMES / 2]);
            all.extend(times);
        }
        all.sort_by(f64::total_cmp);
        println!("median {:.2} ms, 95th percentile {:.2} ms", all[all.len() / 2], all[all.len() * 95 / 100]);
    }
    let kept = MEMORY.current_usage().saturating_sub(before) as f64 / 1e6;
    println!("{:<44} {kept:>9.1} MB", "kept in memory, with the graphs");

    // A hundred more specs.
    let more = amplify::index(count + 100);
    let cursor = finder.catalogue().specs.cursor();
    let mut reader = IndexReader::new();
    reader.push(more.as_bytes());
    let mut writer = Writer::new();
    let mut number = 0;
    while let Some(record) = reader.next_record().expect("it is an index") {
        number += 1;
        if number > count {
            add(&mut writer, &record.node, number as u64);
        }
    }
    let later = Cursor { generation: cursor.generation + 1, ..cursor };
    let update = writer.finish(later, cursor).expect("it is small");
    println!(
        "{:<44} {:>9} bytes, {} of them for the list",
        "an update of 100 specs",
        pack(&update.specs).len() + pack(&update.edges).len(),
        pack(&update.specs).len()
    );
    let old = Specs::read(finder.catalogue().specs.table().bytes().to_vec()).expect("it is one");
    let tables = [old, Specs::read(update.specs).expect("it is one")];
    took("bring up to date", || merge_specs(&tables).expect("they follow each other"));
}

/// Rows of a table that gets no more of them, as a mirror keeps them.
const SEALED_ROWS: usize = 8192;

/// What a first visit gets: tables that go on from each other.
fn sealed(document: &str) -> Vec<Vec<u8>> {
    let mut reader = IndexReader::new();
    reader.push(document.as_bytes());
    let (mut tables, mut writer, mut since) = (Vec::new(), Writer::new(), Cursor::default());
    loop {
        let record = reader.next_record().expect("it is an index");
        if writer.rows() == SEALED_ROWS || record.is_none() {
            let last = since.last + writer.rows() as u64;
            let cursor = Cursor { epoch: 1, generation: 1, last, first: 0, change: 0 };
            let whole = std::mem::take(&mut writer);
            tables.push(whole.finish(cursor, since).expect("it is small").specs);
            since = cursor;
        }
        let Some(record) = record else { return tables };
        let number = since.last + writer.rows() as u64;
        add(&mut writer, &record.node, number);
    }
}

fn add(writer: &mut Writer, node: &larder_shared::spec::Node, number: u64) {
    // Sizes and times are made up: an index has none.
    let dice = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let size = (1_000_u64 << (dice >> 60)) + (dice >> 20) % (1_000 << (dice >> 60));
    let pushed = 1_740_000_000_000 + number * 97_000;
    writer.add(&Entry { node, is_package: true, signature: Signature::Signed, size: Some(size), pushed });
}

fn make(document: &str) -> Tables {
    let mut reader = IndexReader::new();
    let mut writer = Writer::new();
    for piece in document.as_bytes().chunks(64 << 10) {
        reader.push(piece);
        while let Some(record) = reader.next_record().expect("it is an index") {
            let number = writer.rows() as u64;
            add(&mut writer, &record.node, number);
        }
    }
    let cursor = Cursor { epoch: 1, generation: 1, last: writer.rows() as u64, first: 0, change: 0 };
    writer.finish(cursor, Cursor::default()).expect("it is small enough")
}
