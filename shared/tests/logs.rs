//! Logs of every tool Spack meets, and the first error a person would point at.

#![expect(clippy::unwrap_used, reason = "a test that unwraps fails with a clear message")]

use std::{collections::BTreeMap, fs, path::PathBuf};

use larder_shared::report::{
    Failure,
    log::{LogReader, LogReport},
};
use proptest::prelude::*;
use serde_json::to_value;

/// One line of `fixtures/logs/expected.tsv`.
struct Expected {
    log: String,
    kind: String,
    tool: String,
    log_line: u64,
    file: Option<String>,
    line: Option<u64>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/logs")
}

fn expected() -> Vec<Expected> {
    let table = fs::read_to_string(folder().join("expected.tsv")).unwrap();
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let row = |row: &str| match row.split('\t').collect::<Vec<_>>()[..] {
        [log, kind, tool, log_line, file, line, _origin] => Expected {
            log: log.to_owned(),
            kind: kind.to_owned(),
            tool: tool.to_owned(),
            log_line: log_line.parse().unwrap(),
            file: text(file),
            line: line.parse().ok(),
        },
        _ => panic!("{row}"),
    };
    table.lines().skip(1).map(row).collect()
}

fn read(log: &str) -> Vec<u8> {
    fs::read(folder().join(format!("{log}.log"))).unwrap()
}

fn read_in_pieces(log: &[u8], size: usize) -> LogReport {
    let mut reader = LogReader::new();
    log.chunks(size).for_each(|piece| reader.push(piece));
    reader.finish()
}

/// The name of an enum's variant, as in JSON.
fn word(value: impl serde::Serialize) -> String {
    to_value(value).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn the_first_error_is_found() {
    let expected = expected();
    let mut wrong = Vec::new();
    let mut tools: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let [mut lines, mut kinds, mut named, mut places] = [0; 4];
    for row in &expected {
        let found = Failure::in_log(&read(&row.log));
        let is_line = found.as_ref().is_some_and(|found| found.log_line == Some(row.log_line));
        let is_kind = found.as_ref().is_some_and(|found| word(found.kind) == row.kind);
        let is_tool = found.as_ref().is_some_and(|found| word(found.tool) == row.tool);
        let is_place = found.as_ref().is_some_and(|found| {
            found.line == row.line
                && match (&found.file, &row.file) {
                    (Some(found), Some(file)) => found.ends_with(file.as_str()),
                    (found, file) => found.is_none() && file.is_none(),
                }
        });
        lines += u32::from(is_line);
        kinds += u32::from(is_kind);
        named += u32::from(is_tool);
        places += u32::from(is_place);
        let tool = tools.entry(&row.tool).or_default();
        tool.1 += 1;
        if is_line && is_kind && is_tool && is_place {
            tool.0 += 1;
        } else {
            let found =
                found.map(|found| (found.log_line, found.kind, found.tool, found.file, found.line, found.message));
            wrong.push(format!("{}: {found:?}", row.log));
        }
    }
    println!("of {} logs: line {lines}, kind {kinds}, tool {named}, file and line {places}", expected.len());
    for (tool, (right, all)) in tools {
        println!("  {tool:12} {right:2} of {all:2}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_pieces_a_log_arrives_in_do_not_matter() {
    for row in expected() {
        let log = read(&row.log);
        let whole = read_in_pieces(&log, log.len());
        for size in [1, 7, 64] {
            assert_eq!(read_in_pieces(&log, size), whole, "{}", row.log);
        }
        let windows = String::from_utf8(log).unwrap().replace('\n', "\r\n");
        assert_eq!(read_in_pieces(windows.as_bytes(), 64).failure, whole.failure);
    }
}

#[test]
fn different_failures_have_different_signatures() {
    let mut signatures = BTreeMap::new();
    for row in expected() {
        let failure = Failure::in_log(&read(&row.log)).unwrap();
        let (text, log) = (failure.message.clone(), row.log);
        // Whatever was killed was killed: two of the logs say only that.
        let same = signatures.insert(failure.signature, text.clone()).is_some();
        assert!(!same || text == "Killed", "{log}: {text}");
    }
    assert!(signatures.len() >= 60);
}

/// What differs between two runs of the same breakage.
#[derive(Debug)]
struct Noise {
    stage: String,
    hash: String,
    version: (u8, u8, u8),
    line: u16,
    column: u8,
    address: u64,
    jobs: u8,
    lines_before: u8,
    has_colours: bool,
    is_utf8: bool,
}

fn noise() -> impl Strategy<Value = Noise> {
    let names = ("/[a-z]{1,8}/[a-z0-9_]{1,12}", "[a-z2-7]{32}", any::<(u8, u8, u8)>());
    let places = (1..9999_u16, 1..99_u8, any::<u64>());
    (names, places, any::<u8>(), 0..40_u8, any::<(bool, bool)>()).prop_map(
        |((stage, hash, version), (line, column, address), jobs, lines_before, (has_colours, is_utf8))| Noise {
            stage,
            hash,
            version,
            line,
            column,
            address,
            jobs,
            lines_before,
            has_colours,
            is_utf8,
        },
    )
}

impl Noise {
    fn log(&self) -> String {
        let Self { stage, hash, version: (a, b, c), line, column, address, jobs, .. } = self;
        let folder = format!("{stage}/spack-stage-hdf5-{a}.{b}.{c}-{hash}/spack-src");
        let [red, plain] = if self.has_colours { ["\x1b[01;31m\x1b[K", "\x1b[m\x1b[K"] } else { [""; 2] };
        let [open, close] = if self.is_utf8 { ["‘", "’"] } else { ["'"; 2] };
        let noise: String = (0..self.lines_before)
            .map(|n| format!("[{n}%] cc -I{folder}/include -c {folder}/src/f{n}.c\nf{n}.c:3:1: warning: unused\n"))
            .collect();
        format!(
            "==> hdf5: Executing phase: 'build'\n==> [2026-11-20-16:08:{a:02}.{b:06}] 'make' '-j{jobs}'\n{noise}\
             {folder}/src/H5.c:{line}:{column}: {red}error: {plain}conflicting types for {open}H5_init{close} at {address:#x} \
             in hdf5-{a}.{b}.{c} ({folder}/src/H5private.h:{line})\nmake[{jobs}]: *** [Makefile:{line}: H5.lo] Error 1\n"
        )
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn the_same_failure_has_one_signature(one in noise(), other in noise()) {
        let [one, other] = [one, other].map(|noise| Failure::in_log(noise.log().as_bytes()).unwrap());
        prop_assert_eq!(one.signature, other.signature, "{} / {}", one.message, other.message);
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400), size in 1..50_usize) {
        prop_assert_eq!(read_in_pieces(&bytes, size), read_in_pieces(&bytes, 400));
    }
}

#[test]
fn a_line_of_200_mb_is_survived() {
    let piece = vec![b'x'; 1 << 20];
    let mut reader = LogReader::new();
    reader.push(b"==> a: Executing phase: 'build'\n");
    (0..200).for_each(|_| reader.push(&piece));
    reader.push(b" error: far behind\na.c:1:1: error: near\n");
    let report = reader.finish();
    let failure = report.failure.unwrap();
    assert_eq!((failure.message.as_str(), failure.log_line, report.lines), ("near", Some(3), 3));
    assert!(failure.excerpt.lines.iter().all(|line| line.len() <= 2_048));
    assert_eq!(report.error_lines[0].byte, 32 + (200 << 20) + 19);
}

#[test]
fn nuls_and_broken_utf8_are_survived() {
    let failure = Failure::in_log(b"\0\0\xff\xfe\na.c:1:1: \0error: \0no\nb.c:2:1: error: bad \xff byte\0\n").unwrap();
    assert_eq!((failure.file.as_deref(), failure.message.as_str()), (Some("a.c"), "no"));
}

#[test]
fn a_healthy_log_has_no_error() {
    let log = b"==> a: Executing phase: 'build'\ncc -Werror -c error.c\nchecking for strerror... yes\n\
        -- Performing Test HAVE_ERROR - Failed\na.c:1:1: warning: unused variable 'error'\n   12 | error: x\n\
        /usr/bin/ld: warning: libx.so, needed by liby.so, not found\nmake: [clean] Error 1 (ignored)\n";
    let report = read_in_pieces(log, 50);
    assert_eq!((report.failure, report.errors, report.warnings, report.lines), (None, 0, 2, 8));
}

#[test]
fn a_flood_of_errors_is_counted_not_kept() {
    let mut reader = LogReader::new();
    (0..50_000).for_each(|n| reader.push(format!("a.c:{n}:1: error: e{n}\n").as_bytes()));
    let report = reader.finish();
    assert_eq!((report.errors, report.error_lines.len()), (50_000, 200));
    assert_eq!(report.failure.unwrap().message, "e0");
}
