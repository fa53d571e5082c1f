//! What a push came to: figures, and the list of what failed and why.

use std::{collections::HashMap, fmt, time::Duration};

use indicatif::DecimalBytes;

use super::{plan::Label, problem::Problem, upload::Outcome};
use crate::End;

/// How many items may fail one after the other, each tried as often as it should be, before the
/// rest is given up: with a server that is down every item takes half a minute to fail.
const MOST_FAILURES_IN_A_ROW: usize = 20;

/// What a push came to.
#[derive(Debug, Default)]
pub(super) struct Report {
    total: usize,
    is_dry_run: bool,
    pushed: usize,
    skipped: usize,
    checked: usize,
    left_out: usize,
    removed: usize,
    sent_bytes: u64,
    failures: Vec<Failure>,
    /// Where in `failures` each message is.
    by_message: HashMap<String, usize>,
    failures_in_a_row: usize,
    is_hopeless: bool,
    is_refused: bool,
}

/// What failed for one reason.
#[derive(Debug)]
struct Failure {
    labels: Vec<Label>,
    message: String,
    next: Option<String>,
}

impl Report {
    /// A report on `total` items, those with a problem from the start included.
    pub(super) fn new(total: usize, is_dry_run: bool) -> Self {
        Self { total, is_dry_run, ..Self::default() }
    }

    /// Adds what became of an item.
    pub(super) fn add(&mut self, label: &str, result: &Result<Outcome, Problem>) {
        if result.is_ok() {
            self.failures_in_a_row = 0;
        }
        match result {
            Ok(Outcome::Pushed { sent_bytes }) => {
                self.pushed += 1;
                self.sent_bytes += *sent_bytes;
            }
            Ok(Outcome::Skipped | Outcome::Kept) => self.skipped += 1,
            Ok(Outcome::Checked) => self.checked += 1,
            Ok(Outcome::LeftOut { .. }) => self.left_out += 1,
            Ok(Outcome::Removed { .. }) => self.removed += 1,
            Err(problem) if problem.is_stop() => {}
            Err(problem) => self.add_failure(label, problem),
        }
    }

    /// Adds what went well in a part of the push.
    pub(super) fn absorb(&mut self, part: &Self) {
        self.total += part.done();
        self.pushed += part.pushed;
        self.skipped += part.skipped;
        self.checked += part.checked;
        self.left_out += part.left_out;
        self.removed += part.removed;
        self.sent_bytes += part.sent_bytes;
    }

    /// Adds items of which nothing is known, or nothing yet.
    pub(super) const fn expect(&mut self, items: usize) {
        self.total += items;
    }

    /// What went well.
    const fn done(&self) -> usize {
        self.pushed + self.skipped + self.checked + self.left_out + self.removed
    }

    fn add_failure(&mut self, label: &str, problem: &Problem) {
        self.failures_in_a_row += usize::from(problem.is_transient());
        self.is_hopeless |= problem.concerns_all() || self.failures_in_a_row >= MOST_FAILURES_IN_A_ROW;
        self.is_refused |= problem.concerns_all() && !problem.is_transient();
        let index = *self.by_message.entry(problem.to_string()).or_insert_with_key(|message| {
            let next = problem.next().map(str::to_owned);
            self.failures.push(Failure { labels: Vec::new(), message: message.clone(), next });
            self.failures.len() - 1
        });
        self.failures[index].labels.push(label.to_owned());
    }

    /// Whether it is of no use to try the rest.
    pub(super) const fn is_hopeless(&self) -> bool {
        self.is_hopeless
    }

    /// Whether it would be of no use another time either, as with a token that may not push.
    pub(super) const fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// How it ended.
    pub(super) fn end(&self, was_stopped: bool) -> End {
        match (self.untried(), self.failed()) {
            (0, 0) => End::Done,
            (1.., _) if was_stopped => End::Stopped,
            _ => End::Failed,
        }
    }

    /// What failed and why, a line or two for each reason; empty when nothing did.
    pub(super) fn failures(&self) -> String {
        let mut lines = String::new();
        for Failure { labels, message, next } in &self.failures {
            lines += &format!("  {}: {message}\n", labels.join(", "));
            if let Some(next) = next {
                lines += &format!("      {next}\n");
            }
        }
        lines
    }

    /// The figures in one line.
    pub(super) fn summary(&self, elapsed: Duration) -> Summary<'_> {
        Summary { report: self, elapsed }
    }

    fn failed(&self) -> usize {
        self.failures.iter().map(|failure| failure.labels.len()).sum()
    }

    /// How many were not begun.
    pub(super) fn untried(&self) -> usize {
        self.total.saturating_sub(self.done() + self.failed())
    }
}

/// `pushed 53, skipped 0, failed 0: 1.90 MB sent in 0.8 s`
#[derive(Debug)]
pub(super) struct Summary<'a> {
    report: &'a Report,
    elapsed: Duration,
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { report, elapsed } = self;
        if report.is_dry_run {
            write!(f, "would push {}, failed {}", report.checked, report.failed())?;
        } else {
            write!(f, "pushed {}, skipped {}, failed {}", report.pushed, report.skipped, report.failed())?;
        }
        for (count, what) in [(report.left_out, "left out"), (report.removed, "removed")] {
            if count > 0 {
                let would = if report.is_dry_run && what == "removed" { "would be " } else { "" };
                write!(f, ", {would}{what} {count}")?;
            }
        }
        if report.untried() > 0 {
            write!(f, ", not tried {}", report.untried())?;
        }
        write!(f, ": {} sent in {:.1} s", DecimalBytes(report.sent_bytes), elapsed.as_secs_f64())
    }
}

#[cfg(test)]
mod tests;
