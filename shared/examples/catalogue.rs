//! Makes a catalogue of an index document: `cargo run --release --example catalogue -- index.json out`
//! writes `out.specs`, `out.edges` and `out.hashes`, packed. Sizes and times are made up, as an index
//! has none.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a tool for benchmarks")]

use larder_shared::index::{
    catalogue::{Cursor, Entry, Signature, Writer, pack},
    document::IndexReader,
};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let document = std::fs::read(&arguments[1]).expect("the index can be read");
    let mut reader = IndexReader::new();
    let mut writer = Writer::new();
    let mut dice = 1_u64;
    for piece in document.chunks(1 << 16) {
        reader.push(piece);
        while let Some(record) = reader.next_record().expect("it is an index") {
            dice = dice.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            // From 1 kB to 60 MB, as often in each power of two.
            let size = 1_000_u64 << (dice >> 60) | (dice >> 20) % (1_000 << (dice >> 60));
            let pushed = 1_740_000_000_000 + writer.rows() as u64 * 97_000 + (dice >> 40) % 60_000;
            let (node, is_package) = (&record.node, record.in_buildcache);
            writer.add(&Entry { node, is_package, signature: Signature::Signed, size: Some(size), pushed });
        }
    }
    let cursor = Cursor { epoch: 1, generation: 1, last: writer.rows() as u64, first: 0, change: 0 };
    let tables = writer.finish(cursor, Cursor::default()).expect("it is small enough");
    for (name, table) in [("specs", tables.specs), ("edges", tables.edges), ("hashes", tables.hashes)] {
        let packed = pack(&table);
        println!("{name}: {} bytes, packed {}", table.len(), packed.len());
        std::fs::write(format!("{}.{name}", arguments[2]), packed).expect("it can be written");
    }
}
