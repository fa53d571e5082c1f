//! What a person sees while it runs: a bar on a terminal, a line for each package elsewhere.

use std::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Volume {
    /// What failed, at the end.
    Quiet,
    /// Progress and figures.
    Normal,
    /// Every file and every retry.
    Verbose,
}

/// How much it matters what became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// For those who asked for details.
    Detail,
    /// What the bar shows; a line where there is none.
    Step,
    /// Always said.
    Failure,
}

const TEMPLATE: &str = "{bar:32} {decimal_bytes}/{decimal_total_bytes}  {msg}  {elapsed}, {eta} to go";

/// Tells of the progress on standard error; shared by all threads.
#[derive(Debug)]
pub(super) struct Progress {
    volume: Volume,
    bar: ProgressBar,
    items: usize,
    finished: AtomicUsize,
}

impl Progress {
    /// A bar for `bytes` in so many items, drawn only on a terminal.
    pub(super) fn new(volume: Volume, items: usize, bytes: u64) -> Self {
        let target = if volume == Volume::Quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(bytes), target);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        let progress = Self { volume, bar, items, finished: AtomicUsize::new(0) };
        progress.bar.set_message(progress.count(0));
        progress
    }

    /// Says something unless it is to be quiet.
    pub(super) fn say(&self, text: &str) {
        if self.volume > Volume::Quiet {
            self.bar.suspend(|| output::error(text));
        }
    }

    /// Says something that only matters to those who asked for details.
    pub(super) fn say_detail(&self, text: &str) {
        if self.volume == Volume::Verbose {
            self.say(text);
        }
    }

    /// Counts an item as finished and says what became of it, if it matters enough.
    pub(super) fn finish_item(&self, text: &str, weight: Weight) {
        let finished = self.finished.fetch_add(1, Ordering::Relaxed) + 1;
        self.bar.set_message(self.count(finished));
        let is_said = match weight {
            Weight::Detail => false,
            Weight::Step => self.bar.is_hidden(),
            Weight::Failure => true,
        };
        if is_said || self.volume == Volume::Verbose {
            self.say(&format!("[{}] {text}", self.count(finished)));
        }
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn count(&self, finished: usize) -> String {
        format!("{finished}/{}", self.items)
    }
}

/// Counts the bytes of one item; when it is dropped they all count, whatever became of them.
#[derive(Debug)]
pub(super) struct Meter<'a> {
    progress: &'a Progress,
    left: Cell<u64>,
    sent: Cell<u64>,
}

impl<'a> Meter<'a> {
    /// A meter for an item of so many bytes.
    pub(super) const fn new(progress: &'a Progress, bytes: u64) -> Self {
        Self { progress, left: Cell::new(bytes), sent: Cell::new(0) }
    }

    /// Counts bytes that need not be sent.
    pub(super) fn skip(&self, bytes: u64) {
        self.left.set(self.left.get().saturating_sub(bytes));
        self.progress.bar.inc(bytes);
    }

    /// Counts bytes on their way.
    pub(super) fn send(&self, bytes: u64) {
        self.sent.set(self.sent.get() + bytes);
        self.skip(bytes);
    }

    /// Takes back what was counted as sent since [`Self::sent_bytes`] was `mark`.
    pub(super) fn back_to(&self, mark: u64) {
        let lost = self.sent.replace(mark).saturating_sub(mark);
        self.left.set(self.left.get() + lost);
        self.progress.bar.dec(lost);
    }

    /// Bytes sent and not taken back.
    pub(super) const fn sent_bytes(&self) -> u64 {
        self.sent.get()
    }
}

impl Drop for Meter<'_> {
    fn drop(&mut self) {
        self.progress.bar.inc(self.left.get());
    }
}
