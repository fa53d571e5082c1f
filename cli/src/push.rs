//! `larder push`: a mirror folder that Spack wrote, onto a Larder.

use std::{
    io,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::{Args, builder::RangedU64ValueParser};
use indicatif::DecimalBytes;

use crate::{
    End,
    http::{CertificateError, Client, Settings},
    mirrors_url::{MirrorsUrl, NoMirrorName},
    output,
    sending::{InvalidToken, Sending},
    stop::Stop,
};

mod folder;
mod partial;
mod pass;
mod plan;
mod problem;
mod progress;
mod queue;
mod report;
mod target;
mod upload;
mod watch;

use folder::FolderError;
use pass::Pass;
use plan::Plan;
use problem::Problem;
use progress::{Progress, Volume};
use report::Report;
use target::{Target, Targets};
use upload::Uploader;
use watch::Seen;

/// Shown below the options of `larder push --help`.
const EXAMPLES: &str = "\
Examples:
  # Fill a folder with Spack, then push it; the server makes the index itself.
  spack buildcache push --unsigned ./mirror hdf5
  export LARDER_TOKEN=...
  larder push ./mirror https://larder.example.org/mirrors/user-environment

  # A cache of Stackinator's: every mount point in it goes to a mirror of its own, as builds fill it.
  larder push --watch /scratch/team/uenv-cache https://larder.example.org/mirrors

  # See what would be sent, and whether every file is intact.
  larder push --dry-run ./mirror https://larder.example.org/mirrors/user-environment

What is on the server already is skipped, so an interrupted push goes on when the same command is run again.

A package is half written when its spec file or manifest is cut short, or when its tarball is missing, too short, or has
another digest. Such a package is never sent. It counts as failed; with --watch it is waited for; with --prune-partial it
is left out, and removed once nothing of it was written for 24 hours, with tarballs to which no spec file belongs.

Exit status: 0 when everything is on the server, 1 when something failed, 2 when it could not begin, 130 after Ctrl-C.

Environment: LARDER_TOKEN, HTTPS_PROXY and NO_PROXY, SSL_CERT_FILE (certificates to trust in place of the built-in ones).";

/// Push a folder that Spack filled with binary packages to a mirror.
///
/// DIR is what `spack buildcache push` wrote: a folder with `build_cache/` in it (Spack up to 0.23),
/// or with `v3/` and `blobs/` (Spack 1.x), or both. Packages and public keys are sent; the index is
/// not, because the server makes it. Every tarball is checked against its spec file or manifest
/// first, and a package becomes visible only when all of it has arrived.
///
/// A DIR with several mirrors below it, such as a cache of Stackinator's, is pushed whole: what is in
/// DIR/user-environment goes to URL/user-environment, what is in DIR/opt/a to URL/opt/a.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The mirror folder, or one with several mirrors below it
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    #[arg(
        value_name = "URL",
        help = "Where to: https://<host>/mirrors/<mirror>; for several mirrors https://<host>/mirrors"
    )]
    url: MirrorsUrl,

    #[command(flatten)]
    sending: Sending,

    /// How many packages to send at the same time
    #[arg(long, short, value_name = "N", default_value = "8", value_parser = RangedU64ValueParser::<u64>::new().range(1..=64))]
    jobs: u64,

    /// Send files larger than this in parts of this size, in MB; the host of a Larder takes at most 100 in one request
    #[arg(long, value_name = "MB", default_value = "64", value_parser = RangedU64ValueParser::<u64>::new().range(5..=5_000))]
    part_size: u64,

    /// Go on until Ctrl-C, and push packages as they are written
    #[arg(long, short, conflicts_with = "dry_run")]
    watch: bool,

    /// With --watch: how long to wait between two looks at the folder, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", requires = "watch", value_parser = RangedU64ValueParser::<u64>::new().range(1..=86_400))]
    interval: u64,

    /// Leave out packages that are half written, and remove those older than 24 hours
    #[arg(long)]
    prune_partial: bool,

    /// Skip packages that the server has with other bytes, such as from a build elsewhere, instead of failing
    #[arg(long)]
    skip_conflicts: bool,

    /// Check the folder and say what would be sent, without asking the server
    #[arg(long, short = 'n')]
    dry_run: bool,

    /// Say only what failed
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,

    /// Say also what is skipped, ignored and tried again
    #[arg(long, short)]
    verbose: bool,
}

/// Why a push could not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CannotBegin {
    /// The folder is no mirror or cannot be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The token cannot be sent.
    #[error(transparent)]
    Token(#[from] InvalidToken),
    /// The certificates to trust cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The system refuses a signal handler.
    #[error("Ctrl-C cannot be watched for: {0}")]
    Signals(#[from] io::Error),
}

/// Pushes a folder, and tells of it.
///
/// # Errors
/// [`CannotBegin`] before anything is sent.
pub(crate) fn run(arguments: &Arguments) -> Result<End, CannotBegin> {
    let begin = Instant::now();
    let stop = Stop::on_signals()?;
    let settings = if arguments.dry_run { None } else { Some(arguments.sending.settings(arguments.jobs())?) };
    if arguments.url.is_exposed() && !arguments.dry_run && !arguments.quiet {
        output::error("Warning: over http, everyone on the way can read the token; use https.");
    }
    let mut push = Push {
        arguments,
        settings,
        stop: &stop,
        seen: Seen::default(),
        sum: Report::new(0, arguments.dry_run),
        round: 0,
    };
    let last = if arguments.watch { push.watch()? } else { push.look()? };
    let Push { seen, mut sum, .. } = push;
    sum.expect(last.untried);
    for open in seen.into_open() {
        if !open.problem.is_stop() {
            sum.expect(1);
        }
        sum.add(&open.label, &Err(open.problem));
    }
    Ok(conclude(arguments, &sum, &last, &stop, begin.elapsed()))
}

impl Arguments {
    const fn volume(&self) -> Volume {
        match (self.quiet, self.verbose) {
            (true, _) => Volume::Quiet,
            (false, false) => Volume::Normal,
            (false, true) => Volume::Verbose,
        }
    }

    fn jobs(&self) -> NonZeroUsize {
        usize::try_from(self.jobs).ok().and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN)
    }

    fn say(&self, text: &str) {
        if !self.quiet {
            output::error(text);
        }
    }
}

/// A push under way.
struct Push<'a> {
    arguments: &'a Arguments,
    /// `None` for a dry run.
    settings: Option<Settings>,
    stop: &'a Stop,
    seen: Seen,
    /// What went well so far.
    sum: Report,
    /// How often the folder was looked at.
    round: usize,
}

/// What a look at the folder came to.
#[derive(Debug, Default)]
struct Look {
    /// How many items were not begun.
    untried: usize,
    /// Whether the rest was given up.
    is_hopeless: bool,
    /// Whether the server will never take anything from us.
    is_refused: bool,
}

impl Push<'_> {
    /// Looks at the folder again and again, until it is to stop or is of no use. Returns what the last
    /// look came to.
    fn watch(&mut self) -> Result<Look, CannotBegin> {
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
    fn look(&mut self) -> Result<Look, CannotBegin> {
        self.round += 1;
        let Targets { targets, unnamed } = Targets::find(&self.arguments.folder, &self.arguments.url)?;
        let mut look = Look::default();
        for (folder, error) in unnamed {
            self.refuse(&folder, error);
        }
        let are_several = targets.len() > 1;
        for target in targets {
            if self.stop.is_asked() {
                break;
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

/// Says what failed, the figures, and how to go on.
fn conclude(arguments: &Arguments, report: &Report, last: &Look, stop: &Stop, elapsed: Duration) -> End {
    let end = report.end(stop.is_asked());
    let failures = report.failures();
    if !failures.is_empty() {
        output::error(&format!("Not pushed:\n{}", failures.trim_end()));
    }
    if !arguments.quiet {
        output::line(&report.summary(elapsed).to_string());
    }
    match end {
        End::Stopped => output::error("Stopped. Run the same command again to go on; what is there is skipped."),
        End::Failed if last.is_hopeless => output::error("Stopped early: the rest would fail as well."),
        End::Done | End::Failed => {}
    }
    end
}
