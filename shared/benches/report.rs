//! Reading build logs: bytes a second, and memory from 1 MB to 1 GB.
//!
//! `cargo bench -p larder-shared --bench report`. Spack's own `spack log-parse` reads 3 MB/s.

use std::{hint::black_box, time::Instant};

use larder_shared::report::log::LogReader;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes that arrive at a time, as from a network.
const CHUNK_BYTES: usize = 64 << 10;

fn main() {
    let healthy = log(1 << 20, 0);
    let noisy = log(1 << 20, 20);
    for (name, log) in [("one warning in 200 lines", &healthy), ("one in 20 lines is a warning or error", &noisy)] {
        println!("A log, {name}, in pieces of {} KiB:", CHUNK_BYTES >> 10);
        for megabytes in [1, 10, 100, 1_000] {
            measure(log, megabytes);
        }
    }
}

/// About `bytes` of what make prints; every `interval`th line stands out, or nearly none.
fn log(bytes: usize, interval: usize) -> Vec<u8> {
    let mut log = String::from("==> demo: Executing phase: 'build'\n");
    for number in 0.. {
        if log.len() >= bytes {
            break;
        }
        log += &match number {
            _ if interval > 0 && number % (2 * interval) == 0 => {
                format!("src/f{number}.c:3:1: error: 'x{number}' undeclared\n")
            }
            _ if number % if interval > 0 { interval } else { 200 } == 0 => {
                format!("src/f{number}.c:7:1: warning: unused variable 'n' [-Wunused-variable]\n")
            }
            _ => format!(
                "/bin/sh ../libtool --tag=CC --mode=compile gcc -DHAVE_CONFIG_H -I. -I../include -Wall -Werror=format \
                 -O2 -MT f{number}.lo -MD -MP -MF .deps/f{number}.Tpo -c -o f{number}.lo f{number}.c\n"
            ),
        };
    }
    log.into_bytes()
}

/// Reads `log` `times` over as one log, and says how fast and in how much memory.
fn measure(log: &[u8], times: usize) {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let start = Instant::now();
    let mut reader = LogReader::new();
    for _ in 0..times {
        log.chunks(CHUNK_BYTES).for_each(|chunk| reader.push(black_box(chunk)));
    }
    let report = black_box(reader.finish());
    let seconds = start.elapsed().as_secs_f64();
    let megabytes = (log.len() * times) as f64 / 1e6;
    let kilobytes = MEMORY.peak_usage().saturating_sub(before) as f64 / 1e3;
    println!(
        "  {megabytes:7.1} MB: {:5.0} MB/s, peak memory {kilobytes:.0} kB; {} errors, {} warnings in {} lines",
        megabytes / seconds,
        report.errors,
        report.warnings,
        report.lines
    );
}
