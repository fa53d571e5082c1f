//! What the page asks the worker that holds a log, and what it tells.

use larder_shared::report::Failure;
use serde::{Deserialize, Serialize};

use super::text::Line;

/// Lines that are asked for at once, at most.
pub const MAX_LINES: u64 = 4_000;

/// Lines that are copied at once, at most.
pub const MAX_COPIED_LINES: u64 = 50_000;

/// A question to the worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Fetch the log of `package` from here.
    Open {
        /// Where it is.
        url: String,
        /// Whose it is.
        package: String,
    },
    /// The lines from `from` on, before `to`, at most [`MAX_LINES`].
    Lines {
        /// The first, counted from 1.
        from: u64,
        /// The one after the last.
        to: u64,
    },
    /// Search; an empty text ends the search.
    Find {
        /// What for.
        text: String,
        /// Whether that is a regular expression.
        is_regex: bool,
    },
    /// The line with a hit next to `line`.
    Step {
        /// Where one is.
        line: u64,
        /// Whether upwards.
        back: bool,
    },
    /// The plain text of some lines, at most [`MAX_COPIED_LINES`].
    Text {
        /// The first, counted from 1.
        from: u64,
        /// The one after the last.
        to: u64,
    },
}

/// What the worker says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tell {
    /// It listens.
    Ready,
    /// Some of the log has arrived.
    Progress(Size),
    /// All of it has, and was read.
    Read(Box<Summary>),
    /// It cannot be had.
    Failed(String),
    /// Some lines.
    Lines(Block),
    /// What a search has found so far.
    Found(Found),
    /// The line with a hit that was asked for.
    Hit(Hit),
    /// The text that was asked for.
    Text(String),
}

/// How large a log is, as far as it has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Size {
    /// Bytes.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Bytes of the longest line.
    pub longest: u64,
}

/// What a whole log says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// How large it is.
    pub size: Size,
    /// Its first real error.
    pub failure: Option<Failure>,
    /// Lines that look like errors, the first of them.
    pub error_lines: Vec<u64>,
    /// How many lines look like errors.
    pub errors: u64,
    /// How many are warnings.
    pub warnings: u64,
    /// Slots of the map with warnings.
    pub warning_slots: Vec<u16>,
    /// Where phases begin.
    pub phases: Vec<(u64, String)>,
}

/// Some lines that follow each other.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Block {
    /// The number of the first.
    pub from: u64,
    /// The lines.
    pub lines: Vec<Line>,
}

impl Block {
    /// Line `number`, if it is one of them.
    pub fn get(&self, number: u64) -> Option<&Line> {
        self.lines.get(usize::try_from(number.checked_sub(self.from)?).ok()?)
    }
}

/// What a search has found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Found {
    /// Hits, several in a line counted each.
    pub hits: u64,
    /// Lines with hits.
    pub lines: u64,
    /// Slots of the map with hits.
    pub slots: Vec<u16>,
    /// How much of the log was searched, in percent.
    pub percent: u8,
    /// Why nothing is searched: the expression is faulty.
    pub fault: Option<String>,
}

/// A line with a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The line.
    pub line: u64,
    /// Which of the lines with hits it is, counted from 1.
    pub place: u64,
}
