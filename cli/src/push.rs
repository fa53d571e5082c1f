//! `larder push`: a mirror folder that Spack wrote, onto a Larder.

use std::{
    io,
    num::NonZeroUsize,
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::{Args, builder::RangedU64ValueParser};
use indicatif::DecimalBytes;

use crate::{
    End,
    http::{CertificateError, Client},
    mirror_url::MirrorUrl,
    output,
    sending::{InvalidToken, Sending},
    stop::Stop,
};

mod folder;
mod plan;
mod problem;
mod progress;
pub(crate) mod queue;
mod report;
mod upload;

use folder::FolderError;
use plan::{Item, Plan, Unusable};
use problem::Problem;
use progress::{Meter, Progress, Volume, Weight};
use report::Report;
use upload::{Outcome, Uploader};

/// How large the parts of a large file are unless `--part-size` says otherwise, in MB.
const PART_MB: u64 = 64;

/// Shown below the options of `larder push --help`.
const EXAMPLES: &str = "\
Examples:
  # Fill a folder with Spack, then push it; the server makes the index itself.
  spack buildcache push --unsigned ./mirror hdf5
  export LARDER_TOKEN=...
  larder push ./mirror https://larder.example.org/mirrors/user-environment

  # See what would be sent, and whether every file is intact.
  larder push --dry-run ./mirror https://larder.example.org/mirrors/user-environment

What is on the server already is skipped, so an interrupted push goes on when the same command is run again.

Exit status: 0 when everything is on the server, 1 when something failed, 2 when it could not begin, 130 after Ctrl-C.

Environment: LARDER_TOKEN, HTTPS_PROXY and NO_PROXY, SSL_CERT_FILE (certificates to trust in place of the built-in ones).";

/// Push a folder that Spack filled with binary packages to a mirror.
///
/// DIR is what `spack buildcache push` wrote: a folder with `build_cache/` in it (Spack up to 0.23),
/// or with `v3/` and `blobs/` (Spack 1.x), or both. Packages and public keys are sent; the index is
/// not, because the server makes it. Every tarball is checked against its spec file or manifest
/// first, and a package becomes visible only when all of it has arrived.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The mirror folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    #[arg(value_name = "URL", help = "Where to: https://<host>/mirrors/<mirror>")]
    mirror: MirrorUrl,

    #[command(flatten)]
    sending: Sending,

    /// How many packages to send at the same time
    #[arg(long, short, value_name = "N", default_value = "8", value_parser = RangedU64ValueParser::<u64>::new().range(1..=64))]
    jobs: u64,

    /// Send files larger than this in parts of this size, in MB; the host of a Larder takes at most 100 in one request
    #[arg(long, value_name = "MB", default_value_t = PART_MB, value_parser = RangedU64ValueParser::<u64>::new().range(5..=5_000))]
    part_size: u64,

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
    let plan = Plan::read(&arguments.folder)?;
    let bytes = plan.items().map(Item::bytes).sum();
    let total = plan.items().count() + plan.unusable.len();
    let progress = Progress::new(arguments.volume(), total, bytes);
    introduce(arguments, &plan, bytes, &progress);

    let report = Report::new(total, arguments.dry_run);
    let mut push = Push { arguments, progress: &progress, stop: &stop, report };
    for Unusable { label, problem } in plan.unusable {
        push.finish(&label, Err(problem));
    }
    if let Some(settings) = settings {
        let note = |text: String| progress.say_detail(&text);
        let client = Client::new(&arguments.mirror, settings, &stop, &note)?;
        let uploader = Uploader { client: &client, part_bytes: arguments.part_size * 1_000_000 };
        push.run_stage(&plan.keys, |item, meter| uploader.push(item, meter));
        push.run_stage(&plan.packages, |item, meter| uploader.push(item, meter));
    } else {
        push.run_stage(&plan.keys, |item, _| upload::check_item(item));
        push.run_stage(&plan.packages, |item, _| upload::check_item(item));
    }
    progress.clear();
    Ok(conclude(arguments, &push.report, &stop, begin.elapsed()))
}

impl Arguments {
    /// A push of a folder that was filled for it.
    pub(crate) fn of(folder: PathBuf, mirror: MirrorUrl, sending: Sending, jobs: u64, quiet: bool) -> Self {
        Self { folder, mirror, sending, jobs, part_size: PART_MB, dry_run: false, quiet, verbose: false }
    }

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
}

/// Says what was found in the folder.
fn introduce(arguments: &Arguments, plan: &Plan, bytes: u64, progress: &Progress) {
    let Arguments { folder, mirror, .. } = arguments;
    let mut items = counted(plan.packages.len(), "package");
    if !plan.keys.is_empty() {
        items += &format!(" and {}", counted(plan.keys.len(), "key"));
    }
    progress.say(&format!("{}: {items}, {}, to {mirror}", folder.display(), DecimalBytes(bytes)));
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
    if mirror.is_exposed() && !arguments.dry_run {
        progress.say("Warning: over http, everyone on the way can read the token; use https.");
    }
}

/// `1 package`, `2 packages`
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Says what failed, the figures, and how to go on.
fn conclude(arguments: &Arguments, report: &Report, stop: &Stop, elapsed: Duration) -> End {
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
        End::Failed if report.is_hopeless() => output::error("Stopped early: the rest would fail as well."),
        End::Done | End::Failed => {}
    }
    end
}

/// A push under way.
struct Push<'a> {
    arguments: &'a Arguments,
    progress: &'a Progress,
    stop: &'a Stop,
    report: Report,
}

impl Push<'_> {
    /// Does `work` on each of `items`, unless it is clear by now that it is of no use.
    fn run_stage(&mut self, items: &[Item], work: impl Fn(&Item, &Meter<'_>) -> Result<Outcome, Problem> + Sync) {
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
                self.finish(&item.label, result);
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

    /// Takes note of what became of an item.
    fn finish(&mut self, label: &str, result: Result<Outcome, Problem>) {
        let (text, weight) = match &result {
            Ok(Outcome::Pushed { sent_bytes }) => {
                (format!("pushed {label} ({})", DecimalBytes(*sent_bytes)), Weight::Step)
            }
            Ok(Outcome::Checked) => (format!("would push {label}"), Weight::Step),
            Ok(Outcome::Skipped) => (format!("skipped {label}: it is there"), Weight::Detail),
            Err(problem) if problem.is_stop() => (format!("left {label}"), Weight::Detail),
            Err(problem) => (format!("FAILED {label}: {problem}"), Weight::Failure),
        };
        self.progress.finish_item(&text, weight);
        self.report.add(label, result);
    }
}
