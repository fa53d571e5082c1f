//! `larder suggest`: which packages a mirror should be given next.
//!
//! ```text
//! $ spack list | larder suggest https://larder.example.org/mirrors/user-environment --names -
//! hdf5@1.14.6   asked for 3 times and not there
//! zlib          its source could not be had on 2026-11-20
//! ruby          not in the cache
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use larder_shared::api::{
    List, PackageSummary,
    report::{BuildSummary, FailureSummary},
    usage::Usage,
};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    End,
    http::{CertificateError, Failure, find::MirrorReader, read::Settings},
    mirror_url::MirrorUrl,
    output,
    reading::Reading,
    sending::InvalidToken,
};

mod choice;
mod names;

use choice::{Known, Suggestion};
use names::{Names, UnreadableNames};

/// Shown below the options of `larder suggest --help`.
const EXAMPLES: &str = "\
Examples:
  # What was asked for in vain, what may build when it is tried again, and packages at random.
  spack list | larder suggest https://larder.example.org/mirrors/user-environment --names -

  # Only by demand, as the list of a GitHub matrix.
  larder suggest https://larder.example.org/mirrors/user-environment --by demand --json

A list of names has a package in each line, with its newest version or without: `hdf5@1.14.6`, `hdf5`. Demand and failures need
no list. A package that a failure stopped which nothing but a change can mend is not suggested, unless --changed names it.

Exit status: 0, also when there is nothing to suggest; 1 when the server could not be asked, 2 when a list cannot be read.

Environment: LARDER_MIRROR, LARDER_TOKEN, HTTPS_PROXY and NO_PROXY, SSL_CERT_FILE (certificates to trust in place of the built-in ones).";

/// Suggest packages to build for a mirror.
///
/// By what clients asked for and did not find, by failures that may pass when they are tried again, by versions that
/// are newer than those in the cache, and at random of what is not there; in this order, unless --by says another.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The mirror: https://<host>/mirrors/<mirror>
    #[arg(value_name = "URL", env = "LARDER_MIRROR")]
    mirror: MirrorUrl,

    /// How many
    #[arg(long, value_name = "NUMBER", default_value_t = 25)]
    count: usize,

    /// A file with the names of the packages that may be built, or - for standard input
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,

    /// A file with the names of packages whose recipes changed: they are worth another try
    #[arg(long, value_name = "FILE")]
    changed: Option<PathBuf>,

    /// By what, the first before the others
    #[arg(
        long,
        value_name = "REASON",
        value_delimiter = ',',
        default_values = ["demand", "failures", "age", "random"]
    )]
    by: Vec<Reason>,

    /// Draw the same names each time
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// Print them as a JSON array, with reasons
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    reading: Reading,
}

/// By what a package is suggested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Reason {
    /// Clients asked for it and did not find it
    Demand,
    /// It failed in a way that may pass
    Failures,
    /// The list names a version that is not there; what waits longest first
    Age,
    /// It is not there; drawn from the list
    Random,
}

/// Why the server was not asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// A list cannot be used.
    #[error(transparent)]
    Names(#[from] UnreadableNames),
    /// The token cannot be sent.
    #[error(transparent)]
    Token(#[from] InvalidToken),
    /// The certificates to trust cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The answer cannot be written down.
    #[error("the answer cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Suggests, and says why.
///
/// # Errors
/// [`Problem`] when nothing was asked.
pub(crate) fn run(arguments: &Arguments) -> Result<End, Problem> {
    let read = |path: &Option<PathBuf>| path.as_deref().map(read_names).transpose();
    let (names, changed) = (read(&arguments.names)?, read(&arguments.changed)?);
    let Settings { token, insecure, .. } = arguments.reading.settings()?;
    if token.is_some() && arguments.mirror.is_exposed() {
        output::error("Warning: over http, everyone on the way can read the token; use https.");
    }
    let mirror = MirrorReader::new(&arguments.mirror, token, insecure)?;
    let known = match ask(&mirror, changed.unwrap_or_default()) {
        Ok(known) => known,
        Err(failure) => {
            output::error(&format!("larder: {failure}"));
            failure.next().into_iter().for_each(output::error);
            return Ok(End::Failed);
        }
    };
    let wants_names = arguments.by.iter().any(|by| matches!(by, Reason::Age | Reason::Random));
    if names.is_none() && wants_names {
        output::error("Without --names, nothing is suggested by age or at random.");
    }
    show(arguments, &choose(arguments, &known, &names.unwrap_or_default()))
}

fn read_names(path: &Path) -> Result<Names, UnreadableNames> {
    let text = if path == Path::new("-") { io::read_to_string(io::stdin()) } else { fs::read_to_string(path) };
    text.map_err(|error| UnreadableNames::File { path: path.to_owned(), error })?.parse()
}

/// What the mirror tells.
fn ask(mirror: &MirrorReader<'_>, changed: Names) -> Result<Known, Failure> {
    let usage: Usage = mirror.get("usage", &[])?;
    let packages: Vec<PackageSummary> = pages(mirror, "packages", &[])?;
    let failures: Vec<FailureSummary> = pages(mirror, "failures", &[("state", "failing")])?;
    let mut broken = BTreeMap::new();
    for failure in failures.iter().filter(|failure| !choice::may_pass(failure.kind)) {
        for package in stopped(mirror, failure)? {
            broken.insert(package, failure.message.clone());
        }
    }
    Ok(Known { wanted: usage.wanted, packages, failures, broken, changed: changed.into_keys().collect() })
}

/// The packages that a failure broke or stopped. Its list tells some; its builds tell all.
fn stopped(mirror: &MirrorReader<'_>, failure: &FailureSummary) -> Result<BTreeSet<String>, Failure> {
    let mut packages: BTreeSet<String> = failure.packages.iter().cloned().collect();
    if failure.blocks > 0 || failure.package_count > failure.packages.len() as u64 {
        let signature = failure.signature.to_string();
        let builds: Vec<BuildSummary> = pages(mirror, "builds", &[("signature", &signature)])?;
        packages.extend(builds.into_iter().map(|build| build.package));
    }
    Ok(packages)
}

/// All items of a list.
fn pages<T: serde::de::DeserializeOwned>(
    mirror: &MirrorReader<'_>,
    path: &str,
    parameters: &[(&str, &str)],
) -> Result<Vec<T>, Failure> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let asked = [parameters, &[("limit", "500"), ("cursor", cursor.as_str())]].concat();
        let page: List<T> = mirror.get(path, &asked)?;
        items.extend(page.items);
        match page.next {
            Some(next) => cursor = next,
            None => return Ok(items),
        }
    }
}

/// What is suggested: by each reason in turn, until there are enough, each package once.
fn choose(arguments: &Arguments, known: &Known, names: &Names) -> Vec<Suggestion> {
    let mut random = arguments.seed.map_or_else(StdRng::from_entropy, StdRng::seed_from_u64);
    let mut seen = BTreeSet::new();
    let found = arguments.by.iter().flat_map(|reason| match reason {
        Reason::Demand => known.by_demand(),
        Reason::Failures => known.by_failures(),
        Reason::Age => known.by_age(names),
        Reason::Random => known.at_random(names, || random.r#gen()),
    });
    found.filter(|suggestion| seen.insert(suggestion.package.clone())).take(arguments.count).collect()
}

fn show(arguments: &Arguments, suggestions: &[Suggestion]) -> Result<End, Problem> {
    if arguments.json {
        output::line(&serde_json::to_string(suggestions)?);
        return Ok(End::Done);
    }
    let width = suggestions.iter().map(|suggestion| suggestion.spec.chars().count()).max().unwrap_or(0);
    for Suggestion { spec, why, .. } in suggestions {
        output::line(&format!("{spec:width$}  {why}"));
    }
    if suggestions.is_empty() {
        output::error(&format!("There is nothing to suggest for {}.", arguments.mirror));
    }
    Ok(End::Done)
}
