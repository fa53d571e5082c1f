//! What a line must hold to be looked at.
//!
//! The list is kept short enough for a vectorised search, and each entry rare enough in a healthy
//! log: `rror:` is not in `-Werror` and not in `error.c`.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Input, MatchKind};

/// Every rule of this module's siblings matches only lines with one of these.
const LITERALS: [&str; 59] = [
    "rror:",
    "RROR:",
    "rror #",
    "error[",
    "CMake Error",
    " error  ",
    " fatal ",
    "fatal:",
    "arning:",
    "ARNING:",
    "Warning at",
    "Executing phase",
    "Successfully installed",
    "output for ",
    "Skipping build of",
    "fetchers failed",
    "hecksum ",
    "Traceback (",
    "panicked at",
    "undefined",
    "Undefined symbols",
    "annot find ",
    "multiple definition",
    "relocation",
    "not recognized",
    "DSO missing",
    "symbol(s) not found",
    "library not found",
    "NVC++-",
    "NVFORTRAN-",
    "***",
    "FAILED",
    "FAIL:",
    "build stopped",
    "imported and not used",
    "no required module",
    "dial tcp",
    "curl: (",
    "resolve host",
    "find file to patch",
    "Killed",
    "Terminated",
    "No space left",
    "quota exceeded",
    "out of memory",
    "memory exhausted",
    "bad_alloc",
    "Cannot allocate",
    "Resource temporarily",
    "Too many open files",
    "timed out",
    "TIME LIMIT",
    "exceeded the maximum",
    "command not found",
    ": not found",
    "No such file or directory",
    "ermission denied",
    "Segmentation fault",
    "syntax error",
];

static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(LITERALS);
    search.expect("the list is short and fixed")
});

/// Where the first literal at or after `from` begins.
pub(super) fn find(lines: &[u8], from: usize) -> Option<usize> {
    SEARCH.find(Input::new(lines).range(from..)).map(|found| found.start())
}
