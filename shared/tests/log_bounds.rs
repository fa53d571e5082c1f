//! What reading a hostile log costs: memory that does not grow with it, and time that grows as it does.

use std::time::{Duration, Instant};

use larder_shared::report::log::{LogReader, LogReport, MAX_ERROR_LINES, MAX_LINE_BYTES};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes that arrive at a time, as from a network.
const PIECE_BYTES: usize = 64 << 10;

/// What a reader may hold: a few excerpts of lines as long as are looked at.
const MAX_MEMORY_BYTES: usize = 1 << 20;

/// Reads `count` times the same piece between two ends, and says what it took in time and memory.
fn cost(begin: &str, piece: &[u8], count: usize, end: &str) -> (LogReport, Duration, usize) {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let start = Instant::now();
    let mut reader = LogReader::new();
    reader.push(begin.as_bytes());
    (0..count).for_each(|_| reader.push(piece));
    reader.push(end.as_bytes());
    let report = reader.finish();
    (report, start.elapsed(), MEMORY.peak_usage().saturating_sub(before))
}

/// As much of `lines`, over and over, as fits into a piece.
fn piece(lines: &str) -> Vec<u8> {
    lines.repeat(PIECE_BYTES / lines.len()).into_bytes()
}

/// One test, for the allocator counts for the whole process.
#[test]
fn memory_does_not_grow_and_time_grows_with_the_log() {
    let long = "x".repeat(3 * MAX_LINE_BYTES);
    let hostile = [
        ("one line", "", "x".repeat(PIECE_BYTES).into_bytes(), 3_200),
        ("one line of the word error", "", piece("error: "), 800),
        ("one line of escapes", "", piece("\x1b[31m"), 800),
        ("NULs", "", vec![0; PIECE_BYTES], 800),
        (
            "an endless traceback",
            "Traceback (most recent call last):\n",
            piece("  File \"a.py\", line 1, in f\n    f()\n"),
            160,
        ),
        ("tracebacks in tracebacks", "", piece("Traceback (most recent call last):\n  x\n"), 80),
        ("a million errors", "", piece("a.c:1:1: error: x\n"), 300),
        ("a million vague errors", "", piece("error: x\n"), 160),
        ("a million complaints", "", piece("sh: x: command not found\n"), 160),
        ("a million consequences", "", piece("make: *** [x] Error 1\n"), 160),
        ("phases without end", "", piece("==> a: Executing phase: 'b'\na.c:1:1: error: x\n"), 160),
        ("CMake errors without a text", "", piece("CMake Error at a:1 (b):\n\n"), 160),
        ("colons", "", piece(&format!("{}error: x\n", "1:".repeat(900))), 160),
        ("long lines with errors", "", piece(&format!("a.c:1:1: error: {long}\n")), 160),
        ("returns", "", piece("\rerror: x"), 160),
        ("broken UTF-8", "", [piece("error: "), vec![0xff; 1_000], b"\n".to_vec()].concat(), 160),
    ];
    for (name, begin, piece, count) in hostile {
        // Without optimisation lines are read a hundred times as slowly; the one of 200 MB stays.
        let count = if cfg!(debug_assertions) && piece.contains(&b'\n') { count / 10 } else { count };
        let (_, short_time, short_memory) = cost(begin, &piece, count / 8, "\n");
        let (report, time, memory) = cost(begin, &piece, count, "\na.c:1:1: error: last\n");
        assert!(memory < MAX_MEMORY_BYTES && short_memory < MAX_MEMORY_BYTES, "{name}: {memory} bytes");
        // Eight times as much takes about eight times as long; a busy machine may take longer.
        let most = short_time.max(Duration::from_millis(5)) * 40;
        assert!(time < most, "{name}: {time:?} after {short_time:?} for an eighth");
        assert!(report.error_lines.len() <= MAX_ERROR_LINES, "{name}");
        let failure = report.failure.expect(name);
        assert!(failure.message.len() <= 4 * MAX_LINE_BYTES, "{name}");
        assert!(failure.excerpt.lines.iter().all(|line| line.len() <= 3 * MAX_LINE_BYTES), "{name}");
        println!("{name:30} {:5.0} MB/s, {memory:7} bytes", (piece.len() * count) as f64 / 1e6 / time.as_secs_f64());
    }
}
