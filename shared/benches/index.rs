//! Reading an index of 100,000 specs and rendering it again, beside what Spack needs for that.
//!
//! `cargo bench -p larder-shared`. The same in WebAssembly: `node tests/bench/index.mjs`.

mod amplify;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{Criterion, SamplingMode, Throughput};
use larder_shared::{
    digest::Digest,
    index::document::{DbVersion, DocumentHash, IndexReader, Record, SEPARATOR, footer, header, record},
};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Specs in the index.
const SPECS: usize = 100_000;

/// Bytes that arrive at a time, as from a network.
const CHUNK_BYTES: usize = 64 << 10;

/// What Spack 0.23 takes to put one spec into an index it builds, and the memory it holds for it.
const SPACKS_MICROSECONDS: f64 = 4_100.0;
const SPACKS_BYTES: f64 = 20_000.0;

fn main() {
    let document = amplify::index(SPECS);
    println!("An index of {SPECS} specs, {} MiB, in pieces of {} KiB:", document.len() >> 20, CHUNK_BYTES >> 10);
    report("read", || read(&document, |record| drop(black_box(record))));
    report("read, render and hash", || _ = black_box(render_again(&document)));
    report("read, hold all of it, render and hash", || _ = black_box(hold_and_render(&document)));

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("index");
    group.throughput(Throughput::Elements(SPECS as u64)).sampling_mode(SamplingMode::Flat);
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(15));
    group.bench_function("read", |bencher| bencher.iter(|| read(&document, |record| drop(black_box(record)))));
    group.bench_function("read, render and hash", |bencher| bencher.iter(|| render_again(&document)));
    group.finish();
    criterion.final_summary();
}

/// Reads the document as it arrives.
fn read(document: &str, mut take: impl FnMut(Record)) {
    let mut reader = IndexReader::new();
    for chunk in document.as_bytes().chunks(CHUNK_BYTES) {
        reader.push(chunk);
        while let Some(record) = reader.next_record().expect("the index is whole") {
            take(record);
        }
    }
    reader.finish().expect("the index is whole");
}

/// A document that is hashed record by record, as if it were stored.
struct Rendering {
    hash: DocumentHash,
    separator: &'static str,
}

impl Rendering {
    fn new() -> Self {
        let mut hash = DocumentHash::new();
        hash.update(header(DbVersion::V7).as_bytes());
        Self { hash, separator: "" }
    }

    fn add(&mut self, read: &Record) {
        self.hash.update(self.separator.as_bytes());
        self.hash.update(black_box(record(DbVersion::V7, &read.node, read.in_buildcache, None)).as_bytes());
        self.separator = SEPARATOR;
    }

    fn finish(mut self) -> Digest {
        self.hash.update(footer().as_bytes());
        self.hash.finish()
    }
}

fn render_again(document: &str) -> Digest {
    let mut rendering = Rendering::new();
    read(document, |record| rendering.add(&record));
    rendering.finish()
}

fn hold_and_render(document: &str) -> Digest {
    let mut records = Vec::new();
    read(document, |record| records.push(record));
    let mut rendering = Rendering::new();
    records.iter().for_each(|record| rendering.add(record));
    rendering.finish()
}

/// Runs `work` once and says how fast it was and how much memory it took beside what was held
/// before.
fn report(name: &str, work: impl FnOnce()) {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let start = Instant::now();
    work();
    let microseconds = start.elapsed().as_secs_f64() * 1e6 / SPECS as f64;
    let bytes = MEMORY.peak_usage().saturating_sub(before) as f64;
    println!(
        "  {name}: {:.0} specs/s, {microseconds:.1} µs a spec, {:.0} times as fast as Spack's {:.1} ms; \
         peak memory {:.2} MB, {:.0} bytes a spec to Spack's {SPACKS_BYTES}",
        1e6 / microseconds,
        SPACKS_MICROSECONDS / microseconds,
        SPACKS_MICROSECONDS / 1e3,
        bytes / 1e6,
        bytes / SPECS as f64,
    );
}
