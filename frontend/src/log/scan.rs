//! Marks of a log beside its errors: where phases begin, and where warnings stand.

use memchr::memmem::Finder;

/// How many slots the map of a log has: a screen is seldom higher in pixels.
pub const SLOTS: u64 = 1_000;

/// Warnings whose lines are kept: enough to mark every slot of the map.
const MAX_WARNINGS: usize = 100_000;

/// Phases whose lines are kept; a package has seldom more than ten.
const MAX_PHASES: usize = 200;

/// What was found so far.
#[derive(Debug)]
pub struct Scan {
    /// Lines with a warning.
    pub warnings: Vec<u64>,
    /// Lines at which Spack begins a phase, with the phase's name.
    pub phases: Vec<(u64, String)>,
    warning: Finder<'static>,
    phase: Finder<'static>,
    /// Lines before what comes next.
    passed: u64,
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            warnings: Vec::new(),
            phases: Vec::new(),
            warning: Finder::new(b"arning:"),
            phase: Finder::new(b"Executing phase: '"),
            passed: 0,
        }
    }
}

impl Scan {
    /// Looks through the next whole lines.
    pub fn push(&mut self, lines: &[u8]) {
        if self.warnings.len() < MAX_WARNINGS {
            let mut counted = Counted { at: 0, number: self.passed + 1 };
            for at in self.warning.find_iter(lines) {
                let is_word = at > 0 && lines[at - 1].eq_ignore_ascii_case(&b'w');
                let number = counted.number_at(lines, at);
                if is_word && self.warnings.last() != Some(&number) {
                    self.warnings.push(number);
                }
            }
        }
        let mut counted = Counted { at: 0, number: self.passed + 1 };
        for at in self.phase.find_iter(lines) {
            let name = &lines[at + self.phase.needle().len()..];
            let name = &name[..name.len().min(64)];
            let end = name.iter().position(|&byte| byte == b'\'');
            if let (Some(end), true) = (end, self.phases.len() < MAX_PHASES) {
                let name = String::from_utf8_lossy(&name[..end]).into_owned();
                self.phases.push((counted.number_at(lines, at), name));
            }
        }
        self.passed += memchr::memchr_iter(b'\n', lines).count() as u64;
    }
}

/// Counts lines up to rising places.
struct Counted {
    at: usize,
    number: u64,
}

impl Counted {
    fn number_at(&mut self, lines: &[u8], place: usize) -> u64 {
        self.number += memchr::memchr_iter(b'\n', &lines[self.at..place]).count() as u64;
        self.at = place;
        self.number
    }
}

/// The slots of the map that `lines` of `total` fall into, in order, each once.
pub fn slots(lines: impl IntoIterator<Item = u64>, total: u64) -> Vec<u16> {
    let mut slots: Vec<u16> = Vec::new();
    for line in lines {
        let slot = line.saturating_sub(1).min(total.saturating_sub(1)) * SLOTS / total.max(1);
        #[expect(clippy::cast_possible_truncation, reason = "below SLOTS")]
        let slot = slot as u16;
        if slots.last() != Some(&slot) {
            slots.push(slot);
        }
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_and_phases_are_found_by_line() {
        let mut scan = Scan::default();
        scan.push(b"==> hdf5: Executing phase: 'configure'\na.c:1: warning: warning: x\n");
        scan.push(b"fine\nCMake Warning: y\nlearning: z\n==> hdf5: Executing phase: 'build'\n");
        assert_eq!(scan.warnings, [2, 4]);
        assert_eq!(scan.phases, [(1, "configure".to_owned()), (6, "build".to_owned())]);
        scan.push(b"Executing phase: 'a name without an end\n");
        assert_eq!(scan.phases.len(), 2);
    }

    #[test]
    fn slots_cover_the_whole_log() {
        assert_eq!(slots([1, 2, 3], 3), [0, 333, 666]);
        assert_eq!(slots([1, 2_000_000, 2_000_000, 3_000_000], 2_000_000), [0, 999]);
        assert_eq!(slots([1], 0), [0]);
    }
}
