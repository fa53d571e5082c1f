//! The lines a URL points at: `#L120`, `#L120-L128`.

use std::{fmt, ops::RangeInclusive};

/// Lines of a log, the first and the last, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineRange {
    /// The first.
    pub first: u64,
    /// The last; the same for one line.
    pub last: u64,
}

impl LineRange {
    /// One line.
    pub const fn of(line: u64) -> Self {
        Self { first: line, last: line }
    }

    /// From here to `line`, whichever comes first.
    #[must_use]
    pub fn stretched_to(self, line: u64) -> Self {
        Self { first: self.first.min(line), last: self.first.max(line) }
    }

    /// Reads what follows `#`; `None` for anything else.
    pub fn parse(part: &str) -> Option<Self> {
        let number = |text: &str| text.strip_prefix('L')?.parse().ok().filter(|line| *line > 0);
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u64, u64) = (number(first)?, number(last)?);
        Some(Self { first: first.min(last), last: first.max(last) })
    }

    /// Whether `line` is one of them.
    pub const fn contains(&self, line: u64) -> bool {
        self.first <= line && line <= self.last
    }

    /// The lines' numbers.
    pub const fn numbers(&self) -> RangeInclusive<u64> {
        self.first..=self.last
    }
}

impl fmt::Display for LineRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{}", self.first)?;
        if self.last > self.first {
            write!(f, "-L{}", self.last)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_parse_what_they_print() {
        for text in ["L1", "L120", "L120-L128"] {
            assert_eq!(LineRange::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(LineRange::parse("L9-L2").unwrap(), LineRange { first: 2, last: 9 });
        for text in ["", "L", "L0", "L-1", "120", "L1-", "L1-2", "L1-L2-L3", "main", "L99999999999999999999"] {
            assert_eq!(LineRange::parse(text), None, "{text}");
        }
        assert_eq!(LineRange::of(9).stretched_to(2), LineRange { first: 2, last: 9 });
        assert!(LineRange::of(3).contains(3) && !LineRange::of(3).contains(4));
    }
}
