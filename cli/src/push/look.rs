//! A look at the folder, and what it takes to push what is new there; with `--watch`, one look after
//! the other.
//!
//! The folder is listed again and again. File systems that many machines share, such as Lustre and
//! NFS, report nothing of what other machines write.

use std::{path::Path, time::Duration};

use indicatif::DecimalBytes;

use super::{
    Arguments, CannotBegin,
    folder::FolderError,
    pass::Pass,
    plan::{self, Plan},
    problem::Problem,
    progress::{Progress, Volume},
    report::Report,
    seen::Seen,
    target::{Target, Targets},
    upload::{self, Uploader},
};
use crate::{
    http::{Client, Settings},
    mirrors_url::NoMirrorName,
    stop::Stop,
};

/// A push under way.
pub(super) struct Push<'a> {
    arguments: &'a Arguments,
    /// `None` for a dry run.
    settings: Option<Settings>,
    stop: &'a Stop,
    pub(super) seen: Seen,
    /// What went well so far.
    pub(super) sum: Report,
    /// How often the folder was looked at.
    round: usize,
}

/// What a look at the folder came to.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// How many items were not begun.
    pub(super) untried: usize,
    /// Whether the rest was given up.
    pub(super) is_hopeless: bool,
    /// Whether the server will never take anything from us.
    is_refused: bool,
}

impl<'a> Push<'a> {
    /// A push that has not begun.
    pub(super) fn new(arguments: &'a Arguments, settings: Option<Settings>, stop: &'a Stop) -> Self {
        Self { arguments, settings, stop, seen: Seen::default(), sum: Report::new(0, arguments.dry_run), round: 0 }
    }

    /// Looks at the folder again and again, until it is to stop or is of no use. Returns what the last
    /// look came to.
    pub(super) fn watch(&mut self) -> Result<Look, CannotBegin> {
        let Arguments { folder, url, interval, .. } = self.arguments;
        let mut has_said_empty = false;
        loop {
            let look = match self.look() {
                Err(CannotBegin::Folder(FolderError::NoMirror { .. })) => {
                    if !has_said_empty {
                        self.arguments.say(&format!("{}: no packages yet", folder.display()));
                    }
                    has_said_empty = true;
                    Look::default()
                }
                // What was listed a moment ago may be moved or removed.
                Err(CannotBegin::Folder(error @ FolderError::Unreadable { .. })) if self.round > 1 => {
                    self.arguments.say(&format!("Looking again in {interval} s: {error}"));
                    Look::default()
                }
                look => look?,
            };
            if self.round == 1 && !self.stop.is_asked() {
                self.arguments.say(&format!(
                    "Watching {}, every {interval} s, for packages to push to {url}; Ctrl-C ends it.",
                    folder.display()
                ));
            }
            if look.is_refused || self.stop.is_asked() {
                return Ok(look);
            }
            self.stop.sleep(Duration::from_secs(*interval));
            if self.stop.is_asked() {
                return Ok(Look::default());
            }
        }
    }

    /// Pushes what the folder holds now and was not pushed before.
    pub(super) fn look(&mut self) -> Result<Look, CannotBegin> {
        self.round += 1;
        let Targets { targets, unnamed } = Targets::find(&self.arguments.folder, &self.arguments.url)?;
        let mut look = Look::default();
        for (folder, error) in unnamed {
            self.refuse(&folder, error);
        }
        let are_several = targets.len() > 1;
        for target in targets {
            if self.stop.is_asked() {
                look.untried += plan::count(&target.folder, |document| self.seen.is_done(document)).unwrap_or(1);
                continue;
            }
            let report = self.push(&target, are_several)?;
            look.untried += report.untried();
            look.is_hopeless |= report.is_hopeless();
            look.is_refused |= report.is_refused();
            self.sum.absorb(&report);
        }
        self.seen.forget_gone();
        Ok(look)
    }

    /// Says that a mount point cannot be pushed.
    fn refuse(&mut self, folder: &Path, error: NoMirrorName) {
        let problem = Problem::NoMirrorName(error);
        let label = folder.display().to_string();
        if self.seen.note_refused(folder, &label, problem) {
            self.arguments.say(&format!("FAILED {label}: it is no mirror's name"));
        }
    }

    /// Pushes what one folder holds and was not pushed before.
    fn push(&mut self, target: &Target, are_several: bool) -> Result<Report, CannotBegin> {
        let Self { arguments, stop, seen, .. } = self;
        let mut plan = Plan::read(&target.folder, |document| seen.is_done(document))?;
        plan.packages.retain(|item| !seen.is_hopeless(item));
        plan.keys.retain(|item| !seen.is_hopeless(item));
        if !arguments.prune_partial {
            plan.ignored.extend(plan.orphans.drain(..).map(|orphan| orphan.path));
        }
        if self.round > 1 && plan.len() == 0 {
            return Ok(Report::new(0, arguments.dry_run));
        }
        let progress = Progress::new(arguments.volume(), plan.len(), plan.bytes());
        if self.round == 1 || plan.items().next().is_some() {
            introduce(arguments, target, &plan, self.round == 1, &progress);
        }
        let prefix = if are_several { format!("{}: ", target.mirror.name()) } else { String::new() };
        let mut pass = Pass {
            arguments,
            stop,
            seen,
            progress: &progress,
            report: Report::new(plan.len(), arguments.dry_run),
            prefix,
        };
        pass.set_aside(plan.unusable, plan.orphans);
        if let Some(settings) = &self.settings {
            let note = |text: String| progress.say_detail(&text);
            let client = Client::new(&target.mirror, settings.clone(), stop, &note)?;
            let uploader = Uploader { client: &client, part_bytes: arguments.part_size * 1_000_000 };
            pass.run_stage(&plan.keys, |item, meter| uploader.push(item, meter));
            pass.run_stage(&plan.packages, |item, meter| uploader.push(item, meter));
        } else {
            pass.run_stage(&plan.keys, |item, _| upload::check_item(item));
            pass.run_stage(&plan.packages, |item, _| upload::check_item(item));
        }
        let report = pass.report;
        progress.clear();
        Ok(report)
    }
}

/// Says what was found in a folder.
fn introduce(arguments: &Arguments, target: &Target, plan: &Plan, is_first: bool, progress: &Progress) {
    let Target { folder, mirror } = target;
    let mut items = counted(plan.packages.len(), "package");
    if !plan.keys.is_empty() {
        items += &format!(" and {}", counted(plan.keys.len(), "key"));
    }
    progress.say(&format!("{}: {items}, {}, to {mirror}", folder.display(), DecimalBytes(plan.bytes())));
    if !is_first {
        return;
    }
    for path in &plan.derived {
        progress.say_detail(&format!("not sent, the server makes its own: {path}"));
    }
    for path in &plan.ignored {
        progress.say_detail(&format!("ignored, no part of a package: {path}"));
    }
    if arguments.volume() == Volume::Normal && !plan.ignored.is_empty() {
        let ignored = counted(plan.ignored.len(), "other file");
        progress.say(&format!("{ignored} ignored; --verbose says which"));
    }
}

/// `1 package`, `2 packages`
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
