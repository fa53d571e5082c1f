//! The bytes of a log, and where its lines begin.

use std::ops::Range;

use memchr::{memchr, memchr_iter};

/// Every so many lines the place of one is kept; those between are found by looking.
const STEP: usize = 64;

/// A log as far as it has arrived.
///
/// The index costs an eighth of a byte a line; any line is found by passing over 63 others at most.
#[derive(Debug, Default)]
pub struct Lines {
    bytes: Vec<u8>,
    /// Where lines 1, 65, 129, … begin.
    index: Vec<usize>,
    /// Complete lines.
    ended: u64,
    /// Where the last, incomplete line begins.
    open: usize,
    longest: usize,
}

impl Lines {
    /// An empty log that will be about `bytes` long.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), index: vec![0], ..Self::default() }
    }

    /// Adds the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(piece);
        for end in memchr_iter(b'\n', piece) {
            let next = start + end + 1;
            self.longest = self.longest.max(next - 1 - self.open);
            self.ended += 1;
            self.open = next;
            if self.ended.is_multiple_of(STEP as u64) {
                self.index.push(next);
            }
        }
        self.longest = self.longest.max(self.bytes.len() - self.open);
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many lines there are; a last one without its end counts.
    pub fn count(&self) -> u64 {
        self.ended + u64::from(self.open < self.bytes.len())
    }

    /// Bytes of the longest line.
    pub const fn longest(&self) -> usize {
        self.longest
    }

    /// Where the last line begins that may still grow.
    pub const fn open(&self) -> usize {
        self.open
    }

    /// Where line `number`, counted from 1, begins; the end of the log after its last line.
    pub fn start(&self, number: u64) -> usize {
        let before = usize::try_from(number.saturating_sub(1).min(self.ended)).unwrap_or(usize::MAX);
        let mut at = self.index.get(before / STEP).copied().unwrap_or_default();
        for _ in 0..before % STEP {
            at += memchr(b'\n', &self.bytes[at..]).map_or(self.bytes.len() - at, |end| end + 1);
        }
        at
    }

    /// Each of the lines `numbers`, without its end, as far as there are such.
    pub fn get(&self, numbers: Range<u64>) -> impl Iterator<Item = &[u8]> {
        let last = numbers.end.min(self.count() + 1);
        let mut at = self.start(numbers.start);
        (numbers.start.max(1)..last).map(move |_| {
            let rest = &self.bytes[at..];
            let end = memchr(b'\n', rest).unwrap_or(rest.len());
            at = (at + end + 1).min(self.bytes.len());
            &rest[..end]
        })
    }

    /// The number of the line that the byte at `place` belongs to.
    pub fn number_at(&self, place: usize) -> u64 {
        let known = self.index.partition_point(|start| *start <= place).saturating_sub(1);
        let start = self.index.get(known).copied().unwrap_or_default();
        let passed = memchr_iter(b'\n', &self.bytes[start..place.max(start)]).count();
        (known * STEP + passed) as u64 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(pieces: &[&str]) -> Lines {
        let mut lines = Lines::with_capacity(0);
        pieces.iter().for_each(|piece| lines.push(piece.as_bytes()));
        lines
    }

    fn texts(lines: &Lines, numbers: Range<u64>) -> Vec<String> {
        lines.get(numbers).map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    #[test]
    fn lines_are_the_same_in_whatever_pieces_they_arrive() {
        for pieces in [&["one\ntwo\n\nfour"][..], &["o", "ne", "\n", "two\n\nfo", "ur"], &["", "one\ntwo\n", "\nfour"]]
        {
            let lines = log(pieces);
            assert_eq!((lines.count(), lines.longest()), (4, 4), "{pieces:?}");
            assert_eq!(texts(&lines, 1..5), ["one", "two", "", "four"], "{pieces:?}");
            assert_eq!(texts(&lines, 4..99), ["four"]);
            assert_eq!(texts(&lines, 7..9), [""; 0]);
        }
        assert_eq!(log(&["a\n"]).count(), 1);
        assert_eq!(log(&[]).count(), 0);
        assert_eq!(texts(&log(&[]), 0..9), [""; 0]);
    }

    #[test]
    fn any_line_of_a_long_log_is_found_by_number_and_by_byte() {
        let all: Vec<String> = (1..=1_000).map(|number| format!("line {number}\n")).collect();
        let lines = log(&[&all.concat()]);
        for number in [1_u64, 2, 63, 64, 65, 66, 128, 129, 640, 999, 1_000] {
            assert_eq!(texts(&lines, number..number + 1), [format!("line {number}")]);
            let start = lines.start(number);
            assert_eq!((lines.number_at(start), lines.number_at(start + 3)), (number, number));
        }
        assert_eq!(lines.start(2_000), lines.bytes().len());
    }
}
