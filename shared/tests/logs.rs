//! Logs of every tool Spack meets, and the first error a person would point at.

#![expect(clippy::unwrap_used, reason = "a test that unwraps fails with a clear message")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use larder_shared::report::{
    Failure, Kind,
    log::{LogReader, LogReport},
};
use proptest::{prelude::*, sample::select};
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
fn logs_of_builds_that_went_well_have_no_failure() {
    let table = fs::read_to_string(folder().join("healthy.tsv")).unwrap();
    let logs: Vec<_> = table.lines().skip(1).map(|row| row.split('\t').next().unwrap()).collect();
    assert!(logs.len() >= 20);
    for name in logs {
        let log = fs::read(folder().join(format!("healthy/{name}.log"))).unwrap();
        assert_eq!(read_in_pieces(&log, 100).failure, None, "{name}");
    }
}

#[test]
fn different_failures_have_different_signatures() {
    let mut signatures = BTreeMap::new();
    for row in expected() {
        let failure = Failure::in_log(&read(&row.log)).unwrap();
        // A full disk is one failure, whatever was being written.
        let is_of_machine = failure.message.starts_with("No space left");
        let other = signatures.insert(failure.signature, row.log.clone()).filter(|_| !is_of_machine);
        assert_eq!(other, None, "{}: {}", row.log, failure.message);
    }
    assert!(signatures.len() >= 250);
}

/// What differs between two runs of the same breakage.
#[derive(Debug)]
struct Noise {
    /// Where builds are staged.
    stage: String,
    /// Where Spack is.
    root: String,
    user: String,
    host: String,
    hash: String,
    version: (u8, u8, u8),
    line: u16,
    column: u8,
    address: u64,
    pid: u16,
    temporary: String,
    jobs: u8,
    /// Lines that a healthy part of the build printed before.
    lines_before: u8,
    has_colours: bool,
    has_times: bool,
    quotes: [&'static str; 2],
    make: &'static str,
}

fn noise() -> impl Strategy<Value = Noise> {
    let folders = ("/[a-z]{1,8}/[a-z0-9_]{1,12}", "/(home|opt|scratch|gpfs)/[a-z]{2,8}/spack");
    let names =
        ("[a-z]{2,8}", "[a-z]{2,6}[0-9]{1,4}(\\.[a-z]{2,8}\\.org)?", "[a-z2-7]{32}", "cc[A-Z][a-z0-9A-Z]{4}[0-9]");
    let numbers = (any::<(u8, u8, u8)>(), 1..9999_u16, 1..99_u8, any::<u64>(), any::<u16>());
    let styles = (
        (any::<u8>(), 0..40_u8, any::<(bool, bool)>()),
        select(vec![["‘", "’"], ["'", "'"], ["`", "'"], ["\"", "\""]]),
        select(vec!["make", "gmake", "make[1]", "make[3]", "gmake[2]"]),
    );
    (folders, names, numbers, styles).prop_map(|(folders, names, numbers, styles)| {
        let ((stage, root), (user, host, hash, temporary)) = (folders, names);
        let (version, line, column, address, pid) = numbers;
        let ((jobs, lines_before, (has_colours, has_times)), quotes, make) = styles;
        Noise {
            stage,
            root,
            user,
            host,
            hash,
            version,
            line,
            column,
            address,
            pid,
            temporary,
            jobs,
            lines_before,
            has_colours,
            has_times,
            quotes,
            make,
        }
    })
}

impl Noise {
    /// The logs of some failures with this noise: what is different between them, and nothing else, is the cause.
    fn logs(&self) -> Vec<String> {
        let Self { stage, root, user, host, hash, line, column, address, pid, temporary, make, .. } = self;
        let (a, b, c) = self.version;
        let [open, close] = self.quotes;
        let source = format!("{stage}/{user}/spack-stage/spack-stage-hdf5-{a}.{b}.{c}-{hash}/spack-src");
        let prefix = format!("{root}/opt/spack/linux-x86_64/gcc-{b}.{c}.0/hdf5-{a}.{b}.{c}-{hash}");
        let [red, plain] = if self.has_colours { ["\x1b[01;31m\x1b[K", "\x1b[m\x1b[K"] } else { [""; 2] };
        let failed = format!("{make}: *** [Makefile:{line}: H5.lo] Error 1\n");
        let frame =
            |file: &str, number: u16| format!("  File \"{source}/{file}\", line {number}, in <module>\n    x()\n");
        [
            // A compiler.
            format!("{source}/src/H5.c:{line}:{column}: {red}error: {plain}conflicting types for {open}H5_init{close} at {address:#x} in hdf5-{a}.{b}.{c} ({source}/src/H5private.h:{line})\n{failed}"),
            format!("{source}/src/H5.c:{line}:{column}: {red}fatal error: {plain}mpi.h: No such file or directory\n{failed}"),
            format!("{source}/f/io.f90:{line}:{column}:\n\n {line} |   use netcdf\n      |  1\n{red}Error:{plain} Symbol {open}nf{close} at (1) has no IMPLICIT type\n{failed}"),
            // A linker.
            format!("{root}/lib/spack/env/ld: /tmp/{temporary}.o: in function `main{pid}':\n{temporary}.c:(.text+{address:#x}): undefined reference to {open}H5_open{close}\ncollect2: error: ld returned 1 exit status\n{failed}"),
            format!("/usr/bin/ld: cannot find -lsz: No such file or directory\ncollect2: error: ld returned 1 exit status\n{failed}"),
            // Build systems.
            format!("{red}CMake Error at CMakeLists.txt:{line} (find_package):{plain}\n  Could not find a package configuration file provided by {open}ZLIB{close} (requested\n  version {a}.{b}) with any of the following names:\n\n    ZLIBConfig.cmake\n\n-- Configuring incomplete, errors occurred!\n"),
            format!("checking for dgemm in -lblas... no\nconfigure: error: no BLAS in {prefix}/lib, see {open}config.log{close}\n"),
            // Spack, and what it calls.
            format!("curl: (22) The requested URL returned error: 404\n==> Error: FetchError: All fetchers failed for spack-stage-hdf5-{a}.{b}.{c}-{hash}\n"),
            format!("==> Error: ChecksumError: sha256 checksum failed for {stage}/{user}/hdf5-{a}.{b}.{c}.tar.gz\n    Expected {address:032x} but got {hash}\n"),
            format!("patching file src/H5.c\nHunk #{b} FAILED at {line}.\n1 out of {c} hunks FAILED -- saving rejects to file src/H5.c.rej\n==> Error: ProcessError: Command exited with status 1:\n    '/usr/bin/patch' '-i' '{stage}/fix.patch'\n"),
            format!("Traceback (most recent call last):\n{}{}ImportError: cannot import name {open}Mapping{close} from {open}collections{close} ({root}/lib/python{a}.{b}/collections/__init__.py)\n", frame("setup.py", *line), frame("x/y.py", 3)),
            format!("==> Error: InstallError: no header in {prefix}/include\n\n{root}/repos/packages/hdf5/package.py:{line}, in install:\n  >> {line}   raise\n"),
            // The machine.
            format!("g++: fatal error: Killed signal terminated program cc1plus\ncompilation terminated.\n{failed}"),
            format!("/bin/sh: line {line}: {pid} Segmentation fault      (core dumped) ./H5detect > H5Tinit.c\n{failed}"),
        ]
        .into_iter()
        .map(|failure| {
            let healthy: String = (0..self.lines_before)
                .map(|n| format!("[{n}%] cc -I{source}/include -c {source}/src/f{n}.c\nf{n}.c:3:1: warning: unused\n"))
                .collect();
            let log = format!(
                "==> hdf5: Executing phase: 'build'\n==> [2026-11-20-16:08:{a:02}.{b:06}] 'make' '-j{}'\n\
                 Building on {host} as {user}\n{healthy}{failure}",
                self.jobs
            );
            if self.has_times { with_times(&log) } else { log }
        })
        .collect()
    }
}

/// With the time before each line, as in GitHub's logs.
fn with_times(log: &str) -> String {
    let line = |(n, line): (usize, &str)| format!("2026-11-20T16:{:02}:{:02}.0140771Z {line}\n", n / 60 % 60, n % 60);
    log.lines().enumerate().map(line).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn the_same_failure_has_one_signature(one in noise(), other in noise()) {
        let [one, other] = [one, other].map(|noise| {
            noise.logs().iter().map(|log| Failure::in_log(log.as_bytes()).unwrap()).collect::<Vec<_>>()
        });
        for (one, other) in one.iter().zip(&other) {
            let words = |failure: &Failure| format!("{:?} {:?}: {}", failure.kind, failure.file, failure.message);
            prop_assert_eq!(&one.signature, &other.signature, "{} / {}", words(one), words(other));
        }
        let different: BTreeSet<_> = one.iter().map(|failure| failure.signature.as_str()).collect();
        prop_assert_eq!(different.len(), one.len());
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400), size in 1..50_usize) {
        prop_assert_eq!(read_in_pieces(&bytes, size), read_in_pieces(&bytes, 400));
    }
}

#[test]
fn the_same_patch_failure_of_two_packages_is_two_failures() {
    let log = |package: &str| {
        format!(
            "==> Installing {package}-1.2-{} [1/2]\npatching file configure\nHunk #1 FAILED at 7.\n",
            "a".repeat(32)
        )
    };
    let [one, other] = ["zfp", "r-dots"].map(|package| Failure::in_log(log(package).as_bytes()).unwrap());
    assert_eq!((one.package.as_deref(), other.package.as_deref()), (Some("zfp"), Some("r-dots")));
    assert_ne!(one.signature, other.signature);
}

#[test]
fn what_fails_first_is_named_with_its_package() {
    let log = "==> a: Executing phase: 'build'\na.c:1:1: error: x\nmake: *** [a.o] Error 1\n\
        ==> b: Executing phase: 'build'\n==> b: Successfully installed b-1\n";
    let failure = Failure::in_log(log.as_bytes()).unwrap();
    assert_eq!((failure.package.as_deref(), failure.log_line), (Some("a"), Some(2)));
}

#[test]
fn a_complaint_counts_when_something_fails_after_it() {
    let complaint = "==> a: Executing phase: 'build'\n./configure: line 3: git: command not found\n";
    let lines = |count: usize| "cc -c x.c\n".repeat(count);
    assert_eq!(Failure::in_log(format!("{complaint}{}", lines(20)).as_bytes()), None);
    let kind = |log: String| Failure::in_log(log.as_bytes()).map(|failure| failure.kind);
    let failed = "make: *** [x] Error 127\n";
    assert_eq!(kind(format!("{complaint}{failed}")), Some(Kind::MissingTool));
    assert_eq!(kind(format!("{complaint}{}make: *** [x] Error 1\n", lines(40))), Some(Kind::Other));
    assert_eq!(kind(complaint.to_owned()), Some(Kind::MissingTool));
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
