//! `larder suggest`: which packages a mirror should be given next.
//!
//! ```text
//! $ spack list | larder suggest https://larder.example.org/mirrors/user-environment --names -
//! hdf5@1.14.6   asked for 3 times and not there
//! zlib          its source could not be had on 2026-11-20
//! ruby          not in the cache
//! ```

use std::path::PathBuf;

use clap::{Args, builder::PossibleValuesParser, builder::TypedValueParser as _};
use larder_shared::api::{
    List,
    suggest::{Candidates, DEFAULT_COUNT, MAX_COUNT, Reason, Suggestion},
};

use crate::{
    End,
    http::{CertificateError, find::MirrorReader, read::Settings},
    mirror_url::MirrorUrl,
    output,
    reading::Reading,
    sending::InvalidToken,
};

mod names;

use names::UnreadableNames;

/// Shown below the options of `larder suggest --help`.
const EXAMPLES: &str = "\
Examples:
  # What was asked for in vain, what may build when it is tried again, and packages at random.
  spack list | larder suggest https://larder.example.org/mirrors/user-environment --names -

  # Only by demand, as the list of a GitHub matrix.
  larder suggest https://larder.example.org/mirrors/user-environment --by demand --json

A list of names has a package in each line, with its newest version or without: `hdf5@1.14.6`, `hdf5`. Demand and failures need
no list; without one, what the mirror's packages need is drawn from. A package that a failure stopped which nothing but a change
can mend is not suggested, unless --changed names it, with the time of the change or without: `hdf5 2026-11-20T16:06:03Z`.

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
    #[arg(long, value_name = "NUMBER", default_value_t = DEFAULT_COUNT, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_COUNT)))]
    count: u32,

    /// A file with the names of the packages that may be built, or - for standard input
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,

    /// A file with the names of packages whose recipes changed, and when: they are worth another try
    #[arg(long, value_name = "FILE")]
    changed: Option<PathBuf>,

    /// By what, the first before the others
    #[arg(
        long,
        value_name = "REASON",
        value_delimiter = ',',
        default_values = Reason::ALL.map(Reason::as_str),
        value_parser = PossibleValuesParser::new(Reason::ALL.map(Reason::as_str)).try_map(|text| text.parse::<Reason>())
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
    let read = |path: &Option<PathBuf>| path.as_deref().map(names::read).transpose();
    let candidates = Candidates {
        names: read(&arguments.names)?.map(|text| names::names(&text)).transpose()?.unwrap_or_default(),
        changed: read(&arguments.changed)?.map(|text| names::changed(&text)).transpose()?.unwrap_or_default(),
    };
    let Settings { token, insecure, .. } = arguments.reading.settings()?;
    if token.is_some() && arguments.mirror.is_exposed() {
        output::error("Warning: over http, everyone on the way can read the token; use https.");
    }
    let has_names = !candidates.names.is_empty();
    let by: Vec<Reason> = arguments.by.iter().copied().filter(|by| has_names || *by != Reason::Age).collect();
    if by.len() < arguments.by.len() {
        output::error("Without --names, nothing is suggested by age.");
    }
    if by.is_empty() {
        return show(arguments, &[]);
    }
    let mirror = MirrorReader::new(&arguments.mirror, token, insecure)?;
    match mirror.ask::<List<Suggestion>>("suggest", &parameters(arguments, &by), &candidates) {
        Ok(list) => show(arguments, &list.items),
        Err(failure) => {
            output::error(&format!("larder: {failure}"));
            failure.next().into_iter().for_each(output::error);
            Ok(End::Failed)
        }
    }
}

fn parameters(arguments: &Arguments, by: &[Reason]) -> Vec<(&'static str, String)> {
    let by = by.iter().map(|reason| reason.as_str()).collect::<Vec<_>>().join(",");
    let mut parameters = vec![("count", arguments.count.to_string()), ("by", by)];
    parameters.extend(arguments.seed.map(|seed| ("seed", seed.to_string())));
    parameters
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
