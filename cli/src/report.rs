//! `larder report`: what Spack wrote of its builds, told to a Larder.

use std::{env, io, num::NonZeroUsize, path::PathBuf};

use clap::Args;
use indicatif::DecimalBytes;
use larder_shared::{
    api::report::ReportedBuild,
    digest::Digest,
    report::{Build, Report, Run, Status},
};

use crate::{
    End,
    http::{CertificateError, Client, Failure},
    mirror_url::MirrorUrl,
    output,
    sending::{InvalidToken, Sending},
    stop::Stop,
};

mod identity;
mod input;
mod log;

use identity::Identity;
use input::{Entry, Found, MAX_LOG_BYTES};
use log::Named;

/// Shown below the options of `larder report --help`.
const EXAMPLES: &str = "\
Examples:
  # After a build in CI: what failed, why, and where it is shown.
  spack install --log-format=junit --log-file=report.xml hdf5
  export LARDER_TOKEN=...
  larder report report.xml https://larder.example.org/mirrors/user-environment

  # The log of a build that failed, as Spack left it.
  larder report /tmp/ci/spack-stage/spack-stage-hdf5-*/spack-build-out.txt https://larder.example.org/mirrors/user-environment

  # See what would be sent.
  larder report --dry-run build.log --package hdf5 https://larder.example.org/mirrors/user-environment

A file may be a JUnit file, a CDash document or a log, packed with gzip or not. What is reported twice is the same build.

Exit status: 0 when everything is reported, whatever became of the builds; 1 when a file could not be used or the server refused
something, 2 when nothing could be sent, 130 after Ctrl-C.

Environment: LARDER_TOKEN, HTTPS_PROXY and NO_PROXY, SSL_CERT_FILE (certificates to trust in place of the built-in ones), and
the variables of GitHub Actions and GitLab CI that tell the run.";

/// Report builds to a mirror: what failed, and why.
///
/// Each FILE is what Spack wrote: a JUnit file (`spack install --log-format=junit`), CDash documents
/// (`--log-format=cdash`), or a log (`spack-build-out.txt`). Logs are read whole here, the first real
/// error is found, and logs go along.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What to report
    #[arg(value_name = "FILE", required = true, num_args = 1..)]
    files: Vec<PathBuf>,

    #[arg(value_name = "URL", required = true, help = "Where to: https://<host>/mirrors/<mirror>")]
    mirror: MirrorUrl,

    #[command(flatten)]
    sending: Sending,

    #[command(flatten)]
    named: Named,

    #[command(flatten)]
    identity: Identity,

    /// Read the files and print the reports that would be sent, without asking the server
    #[arg(long, short = 'n', help_heading = "Options")]
    dry_run: bool,

    /// Say only what was not reported
    #[arg(long, short, help_heading = "Options")]
    quiet: bool,
}

/// Why nothing could be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CannotBegin {
    /// No file could be used; why has been said.
    #[error("there is nothing to report")]
    Nothing,
    /// One name for several logs.
    #[error("--package, --spec and --hash are about one log; report several one by one")]
    OneName,
    /// The token cannot be sent.
    #[error(transparent)]
    Token(#[from] InvalidToken),
    /// The certificates to trust cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The system refuses a signal handler.
    #[error("Ctrl-C cannot be watched for: {0}")]
    Signals(#[from] io::Error),
    /// A report cannot be written down.
    #[error("the report cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Most builds of one report; the server takes 2,000.
const MAX_BUILDS_AT_ONCE: usize = 200;

/// Most bytes of the builds of one report; the server takes 8 MB.
const MAX_BYTES_AT_ONCE: usize = 4_000_000;

/// Reports files, and tells of it.
///
/// # Errors
/// [`CannotBegin`] before anything is sent.
pub(crate) fn run(arguments: &Arguments) -> Result<End, CannotBegin> {
    let stop = Stop::on_signals()?;
    let settings = if arguments.dry_run { None } else { Some(arguments.sending.settings(NonZeroUsize::MIN)?) };
    let is_named =
        [&arguments.named.package, &arguments.named.spec, &arguments.named.hash].iter().any(|name| name.is_some());
    if is_named && arguments.files.len() > 1 {
        return Err(CannotBegin::OneName);
    }
    let Found { entries, unusable } = input::read(&arguments.files, &arguments.named);
    for (path, why) in &unusable {
        output::error(&format!("Not reported: {}: {why}", path.display()));
    }
    if entries.is_empty() {
        return Err(CannotBegin::Nothing);
    }
    let batches = batches(entries, &arguments.identity.read(|name| env::var(name).ok()))?;
    let mut told = Told { is_quiet: arguments.quiet, failed: unusable.len(), ..Told::default() };
    if let Some(settings) = settings {
        if arguments.mirror.is_exposed() {
            output::error("Warning: over http, everyone on the way can read the token; use https.");
        }
        let note = |text: String| output::error(&text);
        let client = Client::new(&arguments.mirror, settings, &stop, &note)?;
        for batch in batches {
            if !told.send(&client, batch) {
                break;
            }
        }
    } else {
        for batch in batches {
            told.show(batch)?;
        }
    }
    told.conclude(arguments);
    Ok(match () {
        () if stop.is_asked() => End::Stopped,
        () if told.failed > 0 => End::Failed,
        () => End::Done,
    })
}

/// Builds that are reported at once: of one run, and not too many.
struct Batch {
    run: Run,
    entries: Vec<Entry>,
    /// Length of the builds as JSON.
    bytes: usize,
}

/// Puts builds of the same run together. `known` is what the options and the CI say of it.
fn batches(entries: Vec<Entry>, known: &Run) -> Result<Vec<Batch>, serde_json::Error> {
    let mut batches: Vec<Batch> = Vec::new();
    let words: Vec<_> =
        entries.iter().map(|entry| format!("{} {:?}", entry.build.subject(), entry.build.hash)).collect();
    for entry in entries {
        let mut run = known.clone().or(entry.run.clone());
        if run.key().is_none() {
            // Nothing tells the run: reported again, the same builds are the same run.
            run.site = run.site.or_else(|| Some("larder report".to_owned()));
            run.stamp = run.stamp.or_else(|| Some(Digest::of(words.join("\n").as_bytes()).to_string()));
        }
        let bytes = serde_json::to_vec(&entry.build)?.len();
        let has_room = |batch: &&mut Batch| {
            batch.entries.len() < MAX_BUILDS_AT_ONCE && batch.bytes + bytes <= MAX_BYTES_AT_ONCE && batch.run == run
        };
        match batches.last_mut().filter(has_room) {
            Some(batch) => {
                batch.bytes += bytes;
                batch.entries.push(entry);
            }
            None => batches.push(Batch { run, entries: vec![entry], bytes }),
        }
    }
    Ok(batches)
}

impl Batch {
    fn report(&self) -> Report {
        Report { run: self.run.clone(), builds: self.entries.iter().map(|entry| entry.build.clone()).collect() }
    }
}

/// What was told so far.
#[derive(Debug, Default)]
struct Told {
    is_quiet: bool,
    counts: larder_shared::api::report::Counts,
    logs: u64,
    log_bytes: u64,
    /// Files, reports and logs that did not arrive.
    failed: usize,
}

impl Told {
    /// Reports a batch and its logs; whether it is of use to go on.
    fn send(&mut self, client: &Client<'_>, batch: Batch) -> bool {
        let reported = match client.report(&batch.report()) {
            Ok(reported) => reported,
            Err(Failure::Stopped) => return false,
            Err(failure) => {
                let goes_on = !failure.concerns_all();
                self.fail(&format!("Not reported: {} builds: {failure}", batch.entries.len()), &failure);
                return goes_on;
            }
        };
        for (entry, build) in batch.entries.into_iter().zip(&reported.builds) {
            self.say(&entry.build, Some(build));
            if !self.send_log(client, &entry, build) {
                return false;
            }
        }
        true
    }

    /// Sends the log of a build; whether it is of use to go on.
    fn send_log(&mut self, client: &Client<'_>, entry: &Entry, build: &ReportedBuild) -> bool {
        let Some(log) = &entry.log else { return true };
        let Some(body) = &log.body else {
            let limit = DecimalBytes(MAX_LOG_BYTES);
            output::error(&format!(
                "Not kept: the log of {} has {}, more than the {limit} that Larder keeps; all of it was read.",
                entry.build.package,
                DecimalBytes(log.bytes)
            ));
            self.failed += 1;
            return true;
        };
        let sent = client.put_log(build.id, body).and_then(|_| match &entry.build.failure {
            // The server read its ends only; here it was read whole.
            Some(cause) if log.is_read_in_part() => client.put_cause(build.id, cause).map(drop),
            _ => Ok(()),
        });
        match sent {
            Ok(()) => {
                self.logs += 1;
                self.log_bytes += body.bytes.len() as u64;
                true
            }
            Err(Failure::Stopped) => false,
            Err(failure) => {
                let goes_on = !failure.concerns_all();
                self.fail(&format!("Not kept: the log of {}: {failure}", entry.build.package), &failure);
                goes_on
            }
        }
    }

    /// Prints the report that would be sent, and says what it is about.
    fn show(&mut self, batch: Batch) -> Result<(), CannotBegin> {
        output::line(&serde_json::to_string_pretty(&batch.report())?);
        for entry in &batch.entries {
            self.say(&entry.build, None);
            if let Some(body) = entry.log.as_ref().and_then(|log| log.body.as_ref()) {
                self.logs += 1;
                self.log_bytes += body.bytes.len() as u64;
            }
        }
        Ok(())
    }

    fn fail(&mut self, text: &str, failure: &Failure) {
        self.failed += 1;
        output::error(text);
        if let Some(next) = failure.next() {
            output::error(next);
        }
    }

    /// Says what became of a build, why, and where that is shown. A report that is only printed leaves
    /// standard output to itself.
    fn say(&mut self, build: &Build, reported: Option<&ReportedBuild>) {
        // The server may know better: the package was pushed, or its dependency broke.
        let status = reported.map_or(build.status, |reported| reported.status);
        self.counts.add(status, 1);
        if self.is_quiet {
            return;
        }
        let mut text = words(build, status);
        match reported {
            Some(reported) => {
                text += &format!("\n    {}", reported.url);
                output::line(&text);
            }
            None => output::error(&text),
        }
    }

    fn conclude(&self, arguments: &Arguments) {
        if self.is_quiet {
            return;
        }
        let ended = Status::ALL.map(|status| (self.counts.of(status), status.as_str()));
        let ended: Vec<_> =
            ended.into_iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
        if ended.is_empty() {
            return;
        }
        let builds = if self.counts.total() == 1 { "1 build" } else { &format!("{} builds", self.counts.total()) };
        let mut text = format!("{builds}: {}", ended.join(", "));
        if self.logs > 0 {
            let logs = if self.logs == 1 { "1 log".to_owned() } else { format!("{} logs", self.logs) };
            text += &format!("; {logs}, {} to send", DecimalBytes(self.log_bytes));
        }
        if arguments.dry_run {
            output::error(&format!("would report {text}"));
        } else {
            output::line(&format!("reported {}", text.replace(" to send", " sent")));
        }
    }
}

/// `FAILED hdf5 in build: H5.c:81: 'x' undeclared (compile)`
fn words(build: &Build, status: Status) -> String {
    let Build { package, failure, .. } = build;
    let name = if status == Status::Failed { "FAILED" } else { status.as_str() };
    let mut text = format!("{name} {package}");
    match (status, failure) {
        (Status::Failed | Status::Blocked, Some(failure)) => {
            if let Some(other) = build.broken_dependency() {
                text += &format!(" by {other}");
            }
            if let Some(phase) = &failure.phase {
                text += &format!(" in {phase}");
            }
            text += ": ";
            if let Some(file) = &failure.file {
                text += file;
                text += &failure.line.map_or_else(|| ": ".to_owned(), |line| format!(":{line}: "));
            }
            text += &failure.message;
        }
        (Status::Unknown, _) => text += ": nothing says how it ended; a package that is pushed will",
        _ => {}
    }
    text
}
