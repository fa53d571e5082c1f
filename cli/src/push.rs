//! `larder push`: a mirror folder that Spack wrote, onto a Larder.

use std::{
    io,
    num::NonZeroUsize,
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::{
    End,
    http::CertificateError,
    mirror_url::MirrorUrl,
    mirrors_url::MirrorsUrl,
    output,
    sending::{InvalidToken, Sending},
    stop::Stop,
};
use clap::{Args, builder::RangedU64ValueParser};

mod folder;
mod look;
mod partial;
mod pass;
mod plan;
mod problem;
mod progress;
pub(crate) mod queue;
mod report;
mod seen;
mod target;
mod upload;

use folder::FolderError;
use look::{Look, Push};
use progress::Volume;
use report::Report;

/// How large the parts of a large file are unless `--part-size` says otherwise, in MB.
const PART_MB: u64 = 64;

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
    #[arg(long, value_name = "MB", default_value_t = PART_MB, value_parser = RangedU64ValueParser::<u64>::new().range(5..=5_000))]
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
    let mut push = Push::new(arguments, settings, &stop);
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
    /// A push of a folder that was filled for it.
    pub(crate) fn of(folder: PathBuf, mirror: MirrorUrl, sending: Sending, jobs: u64, quiet: bool) -> Self {
        Self {
            folder,
            url: mirror.into(),
            sending,
            jobs,
            part_size: PART_MB,
            watch: false,
            interval: 10,
            prune_partial: false,
            skip_conflicts: false,
            dry_run: false,
            quiet,
            verbose: false,
        }
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

    fn say(&self, text: &str) {
        if !self.quiet {
            output::error(text);
        }
    }
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
