//! One folder on its way to one mirror: each item tried, told of and noted.

use std::io;

use indicatif::DecimalBytes;

use super::{
    Arguments,
    folder::File,
    partial::{self, Pruned},
    plan::{Item, Unusable},
    problem::Problem,
    progress::{Meter, Progress, Weight},
    queue,
    report::Report,
    seen::Seen,
    upload::Outcome,
};
use crate::stop::Stop;

/// A folder on its way.
pub(super) struct Pass<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) stop: &'a Stop,
    pub(super) seen: &'a mut Seen,
    pub(super) progress: &'a Progress,
    pub(super) report: Report,
    /// Before each label, where folders are several: the mirror.
    pub(super) prefix: String,
}

impl Pass<'_> {
    /// Takes note of what cannot be pushed.
    pub(super) fn set_aside(&mut self, unusable: Vec<Unusable>, orphans: Vec<File>) {
        for Unusable { label, problem, document } in unusable {
            self.finish(&label, &document, None, Err(problem));
        }
        for tarball in orphans {
            let why = "it belongs to no spec file".to_owned();
            let pruned = partial::prune_orphan(&tarball, self.arguments.dry_run);
            // A tarball comes before its spec file: to those who watch, that is nothing to speak of.
            if !(self.arguments.watch && matches!(pruned, Ok(Pruned::LeftOut))) {
                let result = outcome(pruned, why, &tarball);
                self.finish(&tarball.path, &tarball, None, result);
            }
        }
    }

    /// Does `work` on each of `items`, unless it is clear by now that it is of no use.
    pub(super) fn run_stage(
        &mut self,
        items: &[Item],
        work: impl Fn(&Item, &Meter<'_>) -> Result<Outcome, Problem> + Sync,
    ) {
        let (progress, stop) = (self.progress, self.stop);
        let halt = Stop::default();
        let mut was_told = false;
        if self.report.is_hopeless() {
            return;
        }
        queue::run(
            items,
            self.arguments.jobs(),
            || stop.is_asked() || halt.is_asked(),
            |item| work(item, &Meter::new(progress, item.bytes())),
            |item, result| {
                self.finish(&item.label, &item.document, Some(item), result);
                if self.report.is_hopeless() {
                    halt.ask();
                }
            },
            || {
                if stop.is_asked() && !was_told {
                    was_told = true;
                    progress.say("Stopping once the files under way are sent; Ctrl-C again stops at once.");
                }
            },
        );
    }

    /// Takes note of what became of an item, or of what can be none.
    fn finish(&mut self, label: &str, document: &File, item: Option<&Item>, result: Result<Outcome, Problem>) {
        let label = format!("{}{label}", self.prefix);
        let result = result.or_else(|problem| self.excuse(document, problem));
        let is_said =
            self.arguments.watch && result.as_ref().is_err_and(|problem| self.seen.is_said(document, problem));
        let would = if self.arguments.dry_run { "would be " } else { "" };
        let (text, weight) = match &result {
            Ok(Outcome::Pushed { sent_bytes }) => {
                (format!("pushed {label} ({})", DecimalBytes(*sent_bytes)), Weight::Step)
            }
            Ok(Outcome::Checked) => (format!("would push {label}"), Weight::Step),
            Ok(Outcome::Skipped) => (format!("skipped {label}: it is there"), Weight::Detail),
            Ok(Outcome::Kept) => (format!("skipped {label}: it is there with other bytes"), Weight::Detail),
            Ok(Outcome::LeftOut { why }) => {
                (format!("left out {label}, which may still be written: {why}"), Weight::Failure)
            }
            Ok(Outcome::Removed { why }) => (format!("{would}removed {label}: {why}"), Weight::Failure),
            Err(problem) if problem.is_stop() => (format!("left {label}"), Weight::Detail),
            Err(problem) if self.arguments.watch && problem.is_partial() => {
                (format!("waiting for {label}: {problem}"), Weight::Step)
            }
            Err(problem) => (format!("FAILED {label}: {problem}"), Weight::Failure),
        };
        if !is_said {
            self.progress.finish_item(&text, weight);
        }
        self.report.add(&label, &result);
        match result {
            Ok(Outcome::LeftOut { .. } | Outcome::Removed { .. }) => {}
            Ok(_) => self.seen.note_done(document, item.is_some_and(Item::is_key)),
            Err(problem) => self.seen.note_open(document, item, &label, problem),
        }
    }

    /// Whether what went wrong is none to those who asked for it.
    fn excuse(&self, document: &File, problem: Problem) -> Result<Outcome, Problem> {
        if self.arguments.skip_conflicts && problem.is_conflict() {
            return Ok(Outcome::Kept);
        }
        if !self.arguments.prune_partial || !problem.is_partial() {
            return Err(problem);
        }
        match partial::prune(document, &problem, self.arguments.dry_run) {
            // It is looked at again.
            Ok(Pruned::LeftOut) if self.arguments.watch => Err(problem),
            pruned => outcome(pruned, problem.to_string(), document),
        }
    }
}

fn outcome(pruned: io::Result<Pruned>, why: String, document: &File) -> Result<Outcome, Problem> {
    match pruned {
        Ok(Pruned::Removed) => Ok(Outcome::Removed { why }),
        Ok(Pruned::LeftOut) => Ok(Outcome::LeftOut { why }),
        Err(source) => Err(Problem::Unremovable { path: document.path.clone(), source }),
    }
}
