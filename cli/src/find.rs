//! `larder find`: which specs of a mirror a query means.

use std::{collections::BTreeSet, time::SystemTime};

use clap::Args;
use indicatif::DecimalBytes;
use larder_shared::{
    api::{List, PackageSummary, SpecSummary, Timestamp},
    query::{NodeQuery, Query, QueryError, SpecQuery, Unknown, Vocabulary},
};

use crate::{
    End,
    http::{CertificateError, Failure, find::MirrorReader, read::Settings},
    mirror_url::MirrorUrl,
    output,
    reading::Reading,
    sending::InvalidToken,
};

/// Shown below the options of `larder find --help`.
const EXAMPLES: &str = r#"Examples:
  export LARDER_MIRROR=https://larder.example.org/mirrors/user-environment
  larder find hdf5
  larder find 'hdf5@1.14: +mpi target=x86_64_v3: %gcc@12 ^openmpi@4'
  larder find '^openssl@3 target=:zen3'     # what is built on it and runs on a zen3
  larder find '"hdf"'                       # a part of the name

Exit status: 0 when a spec is found, 1 when none is or the server could not be asked, 2 when the query cannot be read.

Environment: LARDER_MIRROR, LARDER_TOKEN, HTTPS_PROXY and NO_PROXY, SSL_CERT_FILE (certificates to trust in place of the built-in ones)."#;

/// Find specs of a mirror by a query in Spack's spec syntax.
///
/// The newest come first. A private mirror is read with a token that may pull.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What to look for, such as 'hdf5@1.14: +mpi ^openmpi'
    query: String,

    /// The mirror: https://<host>/mirrors/<mirror>
    #[arg(long, value_name = "URL", env = "LARDER_MIRROR")]
    mirror: MirrorUrl,

    /// Show at most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: usize,

    /// Print them as a JSON array
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    reading: Reading,
}

/// Why nothing was looked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// The query cannot be read.
    #[error("{error}\n{marked}")]
    Query {
        /// What is wrong.
        error: QueryError,
        /// Where it is wrong.
        marked: String,
    },
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

/// Does what is asked for.
///
/// # Errors
/// [`Problem`] when nothing was sent.
pub(crate) fn run(arguments: &Arguments) -> Result<End, Problem> {
    let text = &arguments.query;
    let query: Query =
        text.parse().map_err(|error: QueryError| Problem::Query { marked: indented(&error.marked(text)), error })?;
    let Settings { token, insecure, .. } = arguments.reading.settings()?;
    if token.is_some() && arguments.mirror.is_exposed() {
        output::error("Warning: over http, everyone on the way can read the token; use https.");
    }
    let mirror = MirrorReader::new(&arguments.mirror, token, insecure)?;
    match find(&mirror, text, arguments.limit) {
        Ok(found) => show(arguments, &found, || unknown(&mirror, &query)),
        Err(failure) => {
            output::error(&format!("larder: {failure}"));
            failure.next().into_iter().for_each(output::error);
            Ok(End::Failed)
        }
    }
}

/// What was found.
struct Found {
    specs: Vec<SpecSummary>,
    /// Whether there may be more.
    has_more: bool,
}

/// Most items that a page of the API has.
const MAX_PAGE: usize = 500;

/// The specs that a query means, page by page: a page may be short, even empty, and not be the last.
fn find(mirror: &MirrorReader<'_>, query: &str, limit: usize) -> Result<Found, Failure> {
    let mut specs: Vec<SpecSummary> = Vec::new();
    let mut cursor = String::new();
    while specs.len() < limit {
        let page_limit = (limit - specs.len()).min(MAX_PAGE).to_string();
        let parameters = [("q", query), ("limit", page_limit.as_str()), ("cursor", cursor.as_str())];
        let page: List<SpecSummary> = mirror.get("specs", &parameters)?;
        specs.extend(page.items);
        match page.next {
            Some(next) => cursor = next,
            None => return Ok(Found { specs, has_more: false }),
        }
    }
    Ok(Found { specs, has_more: true })
}

fn show(arguments: &Arguments, found: &Found, unknown: impl FnOnce() -> Vec<Unknown>) -> Result<End, Problem> {
    if arguments.json {
        output::line(&serde_json::to_string_pretty(&found.specs)?);
    } else if !found.specs.is_empty() {
        output::line(&table(&found.specs, now()));
    }
    if found.has_more {
        output::error(&format!("There may be more than these {}; --limit shows more.", found.specs.len()));
    }
    if !found.specs.is_empty() {
        return Ok(End::Done);
    }
    output::error(&format!("No spec of {} matches `{}`.", arguments.mirror, arguments.query));
    for unknown in unknown() {
        output::error(&format!("{unknown}\n{}", indented(&unknown.marked(&arguments.query))));
    }
    Ok(End::Failed)
}

/// Most packages whose names are compared with one that is not known.
const MAX_NAMES: usize = 10_000;

/// The names in a query that the mirror does not know. What cannot be asked for is not told: the answer
/// to the query was given.
fn unknown(mirror: &MirrorReader<'_>, query: &Query) -> Vec<Unknown> {
    let mut vocabulary = Vocabulary::default();
    let mut cursor = String::new();
    let mut names = 0;
    while names < MAX_NAMES {
        let page = mirror.get("packages", &[("limit", "500"), ("cursor", cursor.as_str())]);
        let Ok(List::<PackageSummary> { items, next }) = page else { return Vec::new() };
        names += items.len();
        items.iter().for_each(|package| vocabulary.add(package.name.as_str(), []));
        let Some(next) = next else { break };
        cursor = next;
    }
    for package in packages(query).into_iter().filter(|name| vocabulary.has_package(name)).collect::<Vec<_>>() {
        let specs = mirror.get("specs", &[("package", package), ("limit", "100")]);
        let Ok(List::<SpecSummary> { items, .. }) = specs else { continue };
        items.iter().for_each(|spec| vocabulary.add(package, spec.variants.keys().map(String::as_str)));
    }
    vocabulary.unknown(query)
}

/// The packages that a query names.
fn packages(query: &Query) -> BTreeSet<&str> {
    query.specs.iter().flat_map(SpecQuery::nodes).filter_map(NodeQuery::package).collect()
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// How many characters of a hash are shown: what Spack shows.
const SHOWN_HASH_CHARS: usize = 7;

fn table(specs: &[SpecSummary], now: Timestamp) -> String {
    let heading = ["HASH", "SPEC", "TARGET", "SIZE", "AGE"].map(str::to_owned);
    let row = |spec: &SpecSummary| {
        let hash = spec.hash.as_str()[..SHOWN_HASH_CHARS].to_owned();
        let compiler = spec.compiler.as_ref().map(|compiler| format!(" %{compiler}"));
        let name = format!("{}@{}{}", spec.name, spec.version, compiler.unwrap_or_default());
        let target = format!("{}-{}", spec.os, spec.target);
        let size = spec.size.map_or_else(|| "unknown".to_owned(), |bytes| DecimalBytes(bytes).to_string());
        [hash, name, target, size, age(spec.pushed, now)]
    };
    let rows: Vec<[String; 5]> = std::iter::once(heading).chain(specs.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// How old a thing is: `now`, `46 min`, `5 h`, `3 days`, and after two weeks the date.
fn age(then: Timestamp, now: Timestamp) -> String {
    let minutes = now.as_millis().saturating_sub(then.as_millis()) / 60_000;
    let (hours, days) = (minutes / 60, minutes / (24 * 60));
    match (minutes, hours, days) {
        (0, ..) => "now".to_owned(),
        (minutes, 0, _) => format!("{minutes} min"),
        (_, hours, 0) => format!("{hours} h"),
        (.., 1) => "1 day".to_owned(),
        (.., days @ 2..14) => format!("{days} days"),
        _ => then.to_string().chars().take(10).collect(),
    }
}

/// Lines set apart from the sentence above them.
fn indented(lines: &str) -> String {
    lines.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use larder_shared::api::Layout;

    use super::*;

    fn spec() -> SpecSummary {
        SpecSummary {
            hash: "slmgyj5aaaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap(),
            name: "hdf5".parse().unwrap(),
            version: "1.14.5".to_owned(),
            compiler: Some("gcc@12.2.0".to_owned()),
            platform: "linux".to_owned(),
            os: "debian12".to_owned(),
            target: "x86_64_v3".to_owned(),
            variants: [].into(),
            size: Some(198_500),
            pushed: Timestamp::from_millis(0),
            signed: Some(true),
            managed: false,
            layout: Layout::V2,
        }
    }

    #[test]
    fn a_table_lines_up() {
        let plain = SpecSummary { name: "py-pip".parse().unwrap(), compiler: None, size: None, ..spec() };
        assert_eq!(
            table(&[spec(), plain], Timestamp::from_millis(46 * 60_000)),
            "\
HASH     SPEC                     TARGET              SIZE       AGE
slmgyj5  hdf5@1.14.5 %gcc@12.2.0  debian12-x86_64_v3  198.50 kB  46 min
slmgyj5  py-pip@1.14.5            debian12-x86_64_v3  unknown    46 min"
        );
    }

    #[test]
    fn ages_grow_into_dates() {
        for (minutes, expected) in [
            (0, "now"),
            (1, "1 min"),
            (59, "59 min"),
            (60, "1 h"),
            (24 * 60 - 1, "23 h"),
            (24 * 60, "1 day"),
            (13 * 24 * 60, "13 days"),
            (14 * 24 * 60, "1970-01-01"),
        ] {
            assert_eq!(age(Timestamp::from_millis(0), Timestamp::from_millis(minutes * 60_000)), expected);
        }
        assert_eq!(age(Timestamp::from_millis(1), Timestamp::from_millis(0)), "now");
    }

    #[test]
    fn the_packages_of_a_query_are_those_it_names() {
        let query: Query = "hdf5 ^openmpi+cuda ^[virtuals=blas] openblas 'text' +x".parse().unwrap();
        assert_eq!(packages(&query), BTreeSet::from(["hdf5", "openblas", "openmpi"]));
    }
}
