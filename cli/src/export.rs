//! `larder export`: a mirror as a folder for a host of files, such as GitHub Pages.

use std::{io, num::NonZeroUsize, path::PathBuf};

use clap::{Args, ValueEnum, builder::RangedU64ValueParser};
use indicatif::DecimalBytes;
use larder_shared::api::{Layout, Mirror};

use crate::{
    End,
    http::{CertificateError, Failure, read::Reader},
    mirror_url::MirrorUrl,
    output,
    reading::Reading,
    sending::InvalidToken,
    stop::Stop,
};

mod dashboard;
mod folder;
mod mirror;
mod reports;
mod size;

use dashboard::Place;
use folder::{Folder, FolderError, Written};
use mirror::{Exporter, Lists};

/// Shown below the options of `larder export --help`.
const EXAMPLES: &str = "\
Examples:
  # All of it, for https://example.github.io/cache/
  larder export https://larder.example.org/mirrors/user-environment site --base /cache/

  # Only what Spack 1.x reads, and no dashboard.
  larder export https://larder.example.org/mirrors/user-environment site --layout v3 --without-dashboard

The same command again fetches what is new, removes what is gone, and leaves every other file as it is.

Exit status: 0 when the site is whole, 1 when it is not (the same command goes on), 2 when it could not begin or would be
too large, 130 after Ctrl-C.

Environment: LARDER_TOKEN, HTTPS_PROXY and NO_PROXY, SSL_CERT_FILE (certificates to trust in place of the built-in ones).";

/// How often a mirror may change while it is exported.
const ROUNDS: u32 = 5;

/// Write a mirror as files, for GitHub Pages or any other host of files.
///
/// Spack adds <site>/mirrors/<mirror> as it adds any mirror, and people open the dashboard at <site>. The site is made
/// of the mirror alone, so it does not matter who exports it, or how often.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[arg(value_name = "URL", help = "What to export: https://<host>/mirrors/<mirror>")]
    mirror: MirrorUrl,

    /// The folder to write; what is there and was not written by an export stays
    #[arg(value_name = "OUT")]
    folder: PathBuf,

    /// The path at which the site will lie, such as /cache/ for https://example.github.io/cache/
    #[arg(long, value_name = "PATH", default_value = "/", value_parser = dashboard::parse_base)]
    base: String,

    /// The layouts to write: v2 is read by Spack up to 0.23, v3 by Spack 1.x
    #[arg(long, value_enum, default_value = "both")]
    layout: Layouts,

    /// Leave the tarballs out; the dashboard then says to install from the Larder that was exported
    #[arg(long)]
    without_tarballs: bool,

    /// Take the dashboard from the folder of a built one, in place of the server's
    #[arg(long, value_name = "DIR", conflicts_with = "without_dashboard")]
    dashboard: Option<PathBuf>,

    /// Write only what Spack reads
    #[arg(long)]
    without_dashboard: bool,

    /// The most that the site may hold, in MB; GitHub Pages takes 1 GB
    #[arg(long, value_name = "MB", default_value_t = 1_000)]
    max_size: u64,

    #[command(flatten)]
    reading: Reading,

    /// How many packages to fetch at the same time
    #[arg(long, short, value_name = "N", default_value = "8", value_parser = RangedU64ValueParser::<u64>::new().range(1..=64))]
    jobs: u64,

    /// Say only what is wrong
    #[arg(long, short)]
    quiet: bool,
}

/// Which layouts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Layouts {
    V2,
    V3,
    Both,
}

impl Layouts {
    const fn as_slice(self) -> &'static [Layout] {
        match self {
            Self::V2 => &[Layout::V2],
            Self::V3 => &[Layout::V3],
            Self::Both => &[Layout::V2, Layout::V3],
        }
    }
}

/// Why an export could not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CannotBegin {
    /// The token cannot be sent.
    #[error(transparent)]
    Token(#[from] InvalidToken),
    /// The certificates to trust cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The system refuses a signal handler.
    #[error("Ctrl-C cannot be watched for: {0}")]
    Signals(#[from] io::Error),
    /// The site would be too large.
    #[error("{0}")]
    TooLarge(size::TooLarge),
}

/// Why a site is not whole.
#[derive(Debug, thiserror::Error)]
enum Problem {
    /// The server could not be asked.
    #[error(transparent)]
    Failure(Failure),
    /// The folder could not be written.
    #[error(transparent)]
    Folder(FolderError),
    /// A file of the mirror is not what it should be.
    #[error("{path}: {why}")]
    Mirror {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The dashboard cannot be had.
    #[error("the dashboard of {place} cannot be had: {why}")]
    Dashboard {
        /// The folder or the server.
        place: String,
        /// The reason.
        why: String,
    },
}

/// Exports a mirror, and tells of it.
///
/// # Errors
/// [`CannotBegin`] before anything is written.
pub(crate) fn run(arguments: &Arguments) -> Result<End, CannotBegin> {
    let stop = Stop::on_signals()?;
    let note = |text: String| arguments.say(&text);
    let reader = Reader::new(arguments.reading.settings()?, arguments.jobs(), &stop, &note)?;
    let lists = match mirror::lists(&reader, &arguments.mirror) {
        Ok(lists) => lists,
        Err(failure) => return Ok(conclude(&failure.into())),
    };
    arguments.check_size(&lists)?;
    introduce(arguments, &lists.mirror);
    match write(arguments, &reader, &stop, lists) {
        Ok(written) => {
            arguments.say(&summary(written));
            Ok(End::Done)
        }
        Err(problem) => Ok(conclude(&problem)),
    }
}

impl Arguments {
    fn jobs(&self) -> NonZeroUsize {
        usize::try_from(self.jobs).ok().and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN)
    }

    fn say(&self, text: &str) {
        if !self.quiet {
            output::error(text);
        }
    }

    fn check_size(&self, lists: &Lists) -> Result<(), CannotBegin> {
        let tarballs = lists.specs.iter().filter_map(|spec| spec.size).sum();
        let times = if self.without_tarballs { 0 } else { self.layout.as_slice().len() as u64 };
        size::check(tarballs, times, self.max_size * 1_000_000).map_err(CannotBegin::TooLarge)
    }
}

/// Says what will be public.
fn introduce(arguments: &Arguments, mirror: &Mirror) {
    let Arguments { folder, mirror: url, .. } = arguments;
    arguments.say(&format!("{url}: {} specs, to {}", mirror.specs, folder.display()));
    if mirror.private {
        output::error("Warning: the mirror is private, and whoever reads the site reads all of it.");
    }
}

/// Writes the site, again and again while the mirror changes meanwhile.
fn write(arguments: &Arguments, reader: &Reader<'_>, stop: &Stop, first: Lists) -> Result<Written, Problem> {
    let folder = Folder::open(&arguments.folder)?;
    let exporter = Exporter {
        reader,
        url: &arguments.mirror,
        folder: &folder,
        layouts: arguments.layout.as_slice(),
        with_tarballs: !arguments.without_tarballs,
        with_dashboard: !arguments.without_dashboard,
        jobs: arguments.jobs(),
        stop,
    };
    let mut lists = first;
    for round in 1..=ROUNDS {
        folder.begin_round();
        write_dashboard(arguments, reader, &folder)?;
        let result = exporter.write(&lists);
        let now = mirror::lists(reader, &arguments.mirror)?;
        if now.mirror.generation == lists.mirror.generation {
            result?;
            // Jekyll would leave out what begins with `_`, such as the keys.
            folder.put(".nojekyll", b"", None)?;
            let written = folder.conclude()?;
            tell_large(arguments, &folder, written);
            return Ok(written);
        }
        if round < ROUNDS {
            arguments.say("The mirror has changed meanwhile: once more, for what is new.");
        }
        lists = now;
    }
    Err(Problem::Mirror {
        path: arguments.mirror.to_string(),
        why: format!("it changed {ROUNDS} times while it was exported: export it when less is pushed"),
    })
}

fn write_dashboard(arguments: &Arguments, reader: &Reader<'_>, folder: &Folder) -> Result<(), Problem> {
    if arguments.without_dashboard {
        return Ok(());
    }
    let origin = arguments.without_tarballs.then(|| arguments.mirror.server().to_string());
    let place = Place { base: &arguments.base, origin };
    match &arguments.dashboard {
        Some(source) => dashboard::from_folder(source, folder, &place),
        None => dashboard::from_server(reader, &arguments.mirror, folder, &place),
    }
}

/// Says what a host may refuse.
fn tell_large(arguments: &Arguments, folder: &Folder, written: Written) {
    for (path, bytes) in folder.larger_than(size::GIT_FILE_BYTES) {
        let bytes = DecimalBytes(bytes);
        output::error(&format!(
            "Note: {path} has {bytes}; git on GitHub takes no file over 100 MB, Pages from a workflow does."
        ));
    }
    if written.bytes > arguments.max_size * 1_000_000 {
        let bytes = DecimalBytes(written.bytes);
        output::error(&format!(
            "Warning: the site has {bytes}, more than the {} MB of --max-size.",
            arguments.max_size
        ));
    }
}

fn summary(written: Written) -> String {
    let Written { files, bytes, changed, removed } = written;
    format!("{files} files, {}: {changed} written, {removed} removed.", DecimalBytes(bytes))
}

/// Says why the site is not whole, and what to do about it.
fn conclude(problem: &Problem) -> End {
    if let Problem::Failure(Failure::Stopped) = problem {
        output::error("Stopped. Run the same command again to go on; what is there is kept.");
        return End::Stopped;
    }
    output::error(&format!("larder: {problem}"));
    if let Problem::Failure(failure) = problem {
        failure.next().into_iter().for_each(output::error);
    }
    End::Failed
}
