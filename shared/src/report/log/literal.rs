//! What a line must hold to be looked at, and which rules are then asked.
//!
//! Whole pieces are searched for the literals at once, so lines without any cost next to nothing.
//! The list is as long as a vectorised search takes, and each entry rare enough in a healthy log:
//! `rror:` is not in `-Werror` and not in `error.c`.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Input, MatchKind};

/// Which rules a line's literals ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks(u16);

impl Marks {
    /// A word for an error.
    pub(super) const ERROR: Self = Self(1);
    /// A word for a warning.
    pub(super) const WARNING: Self = Self(1 << 1);
    /// Spack speaks.
    pub(super) const SPACK: Self = Self(1 << 2);
    /// Words of linkers.
    pub(super) const LINKER: Self = Self(1 << 3);
    /// Words of build systems and test programs.
    pub(super) const BUILD: Self = Self(1 << 4);
    /// Words of languages that build themselves.
    pub(super) const LANGUAGE: Self = Self(1 << 5);
    /// Words of compilers that do not say `error:`.
    pub(super) const COMPILER: Self = Self(1 << 6);
    /// Words of programs that fetch and patch.
    pub(super) const SOURCE: Self = Self(1 << 7);
    /// Words of the machine, its kernel and its shell.
    pub(super) const SYSTEM: Self = Self(1 << 8);
    /// A probe of a build system, which may fail.
    pub(super) const PROBE: Self = Self(1 << 9);

    const NONE: Self = Self(0);

    /// These and `other`.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether these are `others` and no more.
    pub(super) const fn is_only(self, others: Self) -> bool {
        self.0 == others.0
    }

    /// Whether any of `others` is among these.
    pub(super) const fn has(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }
}

/// Every rule of this module's siblings matches only lines with one of these.
const LITERALS: [(&str, Marks); 64] = [
    ("rror:", Marks::ERROR),
    ("RROR:", Marks::ERROR),
    ("rror #", Marks::ERROR),
    ("error[", Marks::ERROR),
    ("rror in ", Marks::ERROR),
    ("ERR!", Marks::ERROR),
    ("[ERROR]", Marks::ERROR),
    ("fatal:", Marks::ERROR.and(Marks::SOURCE)),
    (" fatal ", Marks::COMPILER.and(Marks::SYSTEM)),
    (" error  ", Marks::COMPILER),
    ("-Error-", Marks::COMPILER),
    ("-S-0", Marks::COMPILER),
    ("-F-0", Marks::COMPILER),
    (", File = ", Marks::COMPILER),
    ("arning:", Marks::WARNING),
    ("ARNING:", Marks::WARNING),
    ("Warning at", Marks::WARNING),
    ("==> ", Marks::SPACK),
    ("output for ", Marks::SPACK),
    ("Traceback (", Marks::LANGUAGE),
    ("panicked at", Marks::LANGUAGE),
    (".go:", Marks::LANGUAGE),
    ("go: ", Marks::LANGUAGE),
    (".pyx:", Marks::LANGUAGE),
    ("t locate ", Marks::LANGUAGE),
    ("hecksum m", Marks::LANGUAGE),
    ("ndefined", Marks::LINKER),
    ("annot find ", Marks::LINKER.and(Marks::LANGUAGE)),
    ("multiple definition", Marks::LINKER),
    ("relocation", Marks::LINKER),
    ("not recognized", Marks::LINKER),
    ("DSO missing", Marks::LINKER),
    ("uplicate symbol", Marks::LINKER),
    (" not found", Marks::LINKER.and(Marks::SYSTEM).and(Marks::LANGUAGE)),
    ("CMake Error", Marks::BUILD),
    ("***", Marks::BUILD.and(Marks::SYSTEM).and(Marks::SOURCE)),
    ("FAIL", Marks::BUILD.and(Marks::SOURCE)),
    ("build stopped", Marks::BUILD),
    ("onfiguration failed", Marks::BUILD),
    ("syntax error", Marks::BUILD),
    ("##[error]", Marks::SYSTEM),
    ("curl: (", Marks::SOURCE),
    ("resolve host", Marks::SOURCE),
    ("ould not ", Marks::SOURCE),
    ("not known", Marks::SOURCE),
    ("find file to patch", Marks::SOURCE),
    ("Killed", Marks::SYSTEM),
    ("Terminated", Marks::SYSTEM),
    ("No space left", Marks::SYSTEM),
    ("uota exceeded", Marks::SYSTEM),
    (" memory", Marks::SYSTEM),
    ("bad_alloc", Marks::SYSTEM),
    ("Resource temporarily", Marks::SYSTEM),
    ("Too many open", Marks::SYSTEM),
    ("imed out", Marks::SYSTEM),
    ("sending signal", Marks::SYSTEM),
    ("No such file", Marks::SYSTEM),
    ("ermission denied", Marks::SYSTEM.and(Marks::SOURCE)),
    ("Read-only file", Marks::SYSTEM),
    ("core dumped", Marks::SYSTEM),
    ("llegal instr", Marks::SYSTEM),
    ("egmentation fault", Marks::SYSTEM),
    ("Exec format", Marks::SYSTEM),
    ("shared libraries", Marks::SYSTEM),
];

/// What says more about a line that is looked at, and alone is no reason to look at one.
const MORE: [(&str, Marks); 16] = [
    ("conftest.", Marks::PROBE),
    ("CMakeScratch", Marks::PROBE),
    ("CMakeTmp", Marks::PROBE),
    ("TryCompile", Marks::PROBE),
    ("cmTC_", Marks::PROBE),
    ("meson-private", Marks::PROBE),
    ("(ignored)", Marks::PROBE),
    ("maximum execution", Marks::SYSTEM),
    ("took longer than", Marks::SYSTEM),
    ("TIME LIMIT", Marks::SYSTEM),
    ("oom_kill", Marks::SYSTEM),
    ("patch failed: ", Marks::SOURCE),
    ("nknown host", Marks::SOURCE),
    ("name resolution", Marks::SOURCE),
    ("network ", Marks::SOURCE),
    ("during the fetch of", Marks::SOURCE),
];

static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let search =
        AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(LITERALS.map(|(literal, _)| literal));
    search.expect("the list is short and fixed")
});

/// Finds all the literals of a line, also those that begin in one another.
static MARKS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let search = AhoCorasick::new(LITERALS.iter().chain(&MORE).map(|(literal, _)| literal));
    search.expect("the list is short and fixed")
});

/// Where the first literal at or after `from` begins.
pub(super) fn find(lines: &[u8], from: usize) -> Option<usize> {
    SEARCH.find(Input::new(lines).range(from..)).map(|found| found.start())
}

/// What the literals of `line` ask for.
pub(super) fn marks(line: &str) -> Marks {
    let mark = |pattern: usize| LITERALS.iter().chain(&MORE).nth(pattern).map_or(Marks::NONE, |(_, mark)| *mark);
    MARKS.find_overlapping_iter(line).fold(Marks::NONE, |marks, found| marks.and(mark(found.pattern().as_usize())))
}
