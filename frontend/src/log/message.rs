//! What the page asks the worker that holds a log, and what it tells.

use std::collections::BTreeMap;

use larder_shared::report::Failure;
use memchr::memchr_iter;
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
        /// The token that the reader uses.
        token: Option<String>,
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
    /// Whether times and paths of the stage step back from now on.
    Dim(bool),
    /// Whether it still hears: a regular expression may keep it for ever.
    Alive,
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
    /// It still hears.
    Alive,
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
///
/// Nearly all lines are plain: these are sent as one text, which costs the page less than a value for each.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Sent")]
pub struct Block {
    /// The number of the first.
    pub from: u64,
    /// The lines, each with its end; of those that are not plain only the end.
    text: String,
    /// Those that are not plain, by their number.
    styled: BTreeMap<u64, Line>,
    /// Where each line ends in `text`.
    #[serde(skip)]
    ends: Vec<usize>,
}

/// A block as it is sent.
#[derive(Deserialize)]
struct Sent {
    from: u64,
    text: String,
    styled: BTreeMap<u64, Line>,
}

impl From<Sent> for Block {
    fn from(Sent { from, text, styled }: Sent) -> Self {
        let ends = memchr_iter(b'\n', text.as_bytes()).collect();
        Self { from, text, styled, ends }
    }
}

/// A line of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown<'a> {
    /// Nothing but text.
    Plain(&'a str),
    /// Something in it stands out.
    Styled(&'a Line),
}

impl Block {
    /// The block of these lines, the first of which has the number `from`.
    pub fn of(from: u64, lines: impl IntoIterator<Item = Line>) -> Self {
        let mut sent = Sent { from, text: String::new(), styled: BTreeMap::new() };
        for (number, line) in (from..).zip(lines) {
            match line.plain().filter(|text| !text.contains('\n')) {
                Some(text) => sent.text.push_str(text),
                None => {
                    sent.styled.insert(number, line);
                }
            }
            sent.text.push('\n');
        }
        sent.into()
    }

    /// The number after that of the last line.
    pub fn end(&self) -> u64 {
        self.from + self.ends.len() as u64
    }

    /// Line `number`, if it is one of them.
    pub fn get(&self, number: u64) -> Option<Shown<'_>> {
        let place = usize::try_from(number.checked_sub(self.from)?).ok()?;
        let end = *self.ends.get(place)?;
        if let Some(line) = self.styled.get(&number) {
            return Some(Shown::Styled(line));
        }
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before] + 1);
        Some(Shown::Plain(&self.text[start..end]))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::text::Styled;

    #[test]
    fn a_block_is_read_as_it_was_sent() {
        let raw: [&[u8]; 5] = [b"plain", b"", b"\x1b[31mred\x1b[0m end", b"tab\tand \"quotes\"", b"\x1b[1mb"];
        let lines: Vec<Line> = raw.iter().map(|raw| Styled::of(raw).line(&[], &[])).collect();
        let sent = Block::of(7, lines.clone());
        let block: Block = serde_json::from_str(&serde_json::to_string(&sent).unwrap()).unwrap();
        assert_eq!(block, sent);
        assert_eq!((block.from, block.end()), (7, 12));
        assert_eq!(block.get(7), Some(Shown::Plain("plain")));
        assert_eq!(block.get(8), Some(Shown::Plain("")));
        assert_eq!(block.get(9), Some(Shown::Styled(&lines[2])));
        assert_eq!(block.get(10), Some(Shown::Plain("tab\tand \"quotes\"")));
        assert_eq!(block.get(11), Some(Shown::Styled(&lines[4])));
        assert_eq!((block.get(6), block.get(12)), (None, None));
        assert_eq!(Block::default().get(0), None);
    }
}
