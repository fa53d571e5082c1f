//! `larder import`: what another site has, onto a Larder.

use std::{
    io,
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use clap::{Args, builder::RangedU64ValueParser};
use larder_shared::{action_cache::Dates, digest::Digest, layout::LayoutPath};

use crate::{
    End,
    http::{CertificateError, Client, Failure, read::Reader},
    mirror_url::MirrorUrl,
    output,
    part::Part,
    push::{self, queue},
    sending::{InvalidToken, Sending},
    stop::Stop,
};

mod action_cache;
mod folder;
mod mirror;
mod registry;

use folder::Folder;

/// Shown below the options of `larder import --help`.
const EXAMPLES: &str = "\
Examples:
  export LARDER_TOKEN=...
  # Any static Spack mirror.
  larder import https://example.github.io/cache https://larder.example.org/mirrors/user-environment

  # A cache that spack-package-action made: specs on its pages, tarballs in its registry.
  larder import https://autamus.github.io/spack-build-cache https://larder.example.org/mirrors/autamus

Packages that the Larder has are not fetched. Everything is checked against the digests in the spec files and manifests.

Exit status: 0 when everything is on the server, 1 when something failed, 2 when it could not begin, 130 after Ctrl-C.

Environment: LARDER_TOKEN, HTTPS_PROXY and NO_PROXY, SSL_CERT_FILE (certificates to trust in place of the built-in ones).";

/// Import the packages of another site to a mirror.
///
/// FROM is a static Spack mirror in layout v2 or v3 with an index, or the pages of a build cache that the GitHub action
/// spack-package-action made in 2021, whose tarballs are in a registry. Packages are fetched into a folder and pushed.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What to import: the URL of a mirror, or of such pages
    #[arg(value_name = "FROM")]
    from: String,

    #[arg(value_name = "URL", help = "Where to: https://<host>/mirrors/<mirror>")]
    mirror: MirrorUrl,

    #[command(flatten)]
    sending: Sending,

    /// Fetch into this folder and leave it there, in place of one that is removed at the end
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,

    /// Pull from this registry, such as https://registry.example.org, in place of the one that the pages name
    #[arg(long, value_name = "URL", conflicts_with = "tarballs")]
    registry: Option<String>,

    /// Take the tarballs of such pages from a folder or a site, in place of a registry
    #[arg(long, value_name = "DIR|URL")]
    tarballs: Option<String>,

    /// How many packages to fetch or send at the same time
    #[arg(long, short, value_name = "N", default_value = "8", value_parser = RangedU64ValueParser::<u64>::new().range(1..=64))]
    jobs: u64,

    /// Say what there is to import, and fetch no package
    #[arg(long, short = 'n')]
    dry_run: bool,

    /// Say only what failed
    #[arg(long, short)]
    quiet: bool,
}

/// Why an import could not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CannotBegin {
    /// The URL cannot be one.
    #[error("{0} begins with neither https:// nor http://")]
    From(String),
    /// The token cannot be sent.
    #[error(transparent)]
    Token(#[from] InvalidToken),
    /// The certificates to trust cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The system refuses a signal handler or a folder.
    #[error("the import cannot be prepared: {0}")]
    System(#[from] io::Error),
    /// There is nothing to import.
    #[error(
        "{0} is no site to import: it has no build_cache/index.json, no v3/manifests/index/index.manifest.json and no manifest/dates/"
    )]
    Nothing(String),
    /// The site cannot be listed.
    #[error("{from} cannot be listed: {problem}")]
    List {
        /// The site.
        from: String,
        /// The reason.
        problem: Problem,
    },
    /// What was fetched cannot be pushed.
    #[error(transparent)]
    Push(#[from] push::CannotBegin),
}

/// Why a package cannot be imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// The site, the registry or the Larder could not be asked.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The folder cannot be written.
    #[error("the folder cannot be written: {source}")]
    Folder {
        /// The reason.
        source: io::Error,
    },
    /// What is there is not what it should be.
    #[error("{0}")]
    Wrong(String),
}

/// A package to import.
#[derive(Debug)]
struct Found {
    label: String,
    source: Source,
}

/// Where it is.
#[derive(Debug)]
enum Source {
    Mirror(mirror::Place),
    ActionCache(action_cache::Place),
}

/// What a site has.
struct Listed {
    /// The months of one of the action's sites.
    dates: Option<Dates>,
    found: Vec<Found>,
}

/// An import under way; shared by all threads.
struct Import<'a> {
    /// Without a slash at its end.
    from: &'a str,
    reader: Reader<'a>,
    client: Option<Client<'a>>,
    folder: Folder,
    registry: Option<&'a str>,
    tarballs: Option<&'a str>,
}

/// Imports a site, and tells of it.
///
/// # Errors
/// [`CannotBegin`] before anything is sent.
pub(crate) fn run(arguments: &Arguments) -> Result<End, CannotBegin> {
    let from = arguments.from.trim_end_matches('/');
    if !from.starts_with("https://") && !from.starts_with("http://") {
        return Err(CannotBegin::From(from.to_owned()));
    }
    match &arguments.folder {
        Some(folder) => import(arguments, from, folder),
        None => {
            // A name that nobody knows before, and a folder that nobody else may look into.
            let folder = tempfile::Builder::new().prefix("larder-import-").tempdir()?;
            let end = import(arguments, from, folder.path());
            folder.close()?;
            end
        }
    }
}

fn import(arguments: &Arguments, from: &str, folder: &Path) -> Result<End, CannotBegin> {
    let stop = Stop::on_signals()?;
    let say = |text: String| {
        if !arguments.quiet {
            output::error(&text);
        }
    };
    let jobs = usize::try_from(arguments.jobs).ok().and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN);
    let client = match arguments.dry_run {
        true => None,
        false => Some(Client::new(&arguments.mirror, arguments.sending.settings(jobs)?, &stop, &say)?),
    };
    let import = Import {
        from,
        reader: Reader::new(arguments.sending.elsewhere(), jobs, &stop, &say)?,
        client,
        folder: Folder::open(folder)?,
        registry: arguments.registry.as_deref(),
        tarballs: arguments.tarballs.as_deref(),
    };
    let listed = |problem| CannotBegin::List { from: from.to_owned(), problem };
    let Listed { dates, found } =
        import.list().map_err(listed)?.ok_or_else(|| CannotBegin::Nothing(from.to_owned()))?;
    say(format!("{from}: {} packages, to {}", found.len(), arguments.mirror));
    if arguments.dry_run {
        found.iter().for_each(|found| output::line(&found.label));
        return Ok(End::Done);
    }
    if dates.is_none() {
        mirror::keys(&import).map_err(listed)?;
    }
    let (mut fetched, mut there, mut failed) = (0, 0, 0);
    queue::run(
        &found,
        jobs,
        || stop.is_asked(),
        |found| import.fetch(dates.as_ref(), found),
        |found, result| match result {
            Ok(true) => fetched += 1,
            Ok(false) => there += 1,
            Err(problem) => {
                failed += 1;
                output::error(&format!("FAILED {}: {problem}", found.label));
            }
        },
        || {},
    );
    say(format!("{fetched} fetched, {there} there already, {failed} failed"));
    if stop.is_asked() {
        return Ok(End::Stopped);
    }
    let end = match folder.join("build_cache").is_dir() || folder.join("v3").is_dir() {
        true => push::run(&push::Arguments::of(
            folder.to_owned(),
            arguments.mirror.clone(),
            arguments.sending.clone(),
            arguments.jobs,
            arguments.quiet,
        ))?,
        false => End::Done,
    };
    Ok(if end == End::Done && failed > 0 { End::Failed } else { end })
}

impl Import<'_> {
    /// What the site has; `None` when it is no site to import.
    fn list(&self) -> Result<Option<Listed>, Problem> {
        if let Some(found) = mirror::list(self)? {
            return Ok(Some(Listed { dates: None, found }));
        }
        let Some((dates, manifest)) = action_cache::lists(self)? else { return Ok(None) };
        let found = action_cache::list(&manifest)?;
        Ok(Some(Listed { dates: Some(dates), found }))
    }

    /// Fetches a package; whether the Larder lacked it.
    fn fetch(&self, dates: Option<&Dates>, found: &Found) -> Result<bool, Problem> {
        match (&found.source, dates) {
            (Source::ActionCache(place), Some(dates)) => action_cache::fetch(self, dates, place),
            (Source::Mirror(place), _) => mirror::fetch(self, place),
            (Source::ActionCache(_), None) => Err(wrong("the site lists no months")),
        }
    }

    /// Whether the Larder has a document.
    fn is_there(&self, path: &LayoutPath) -> Result<bool, Problem> {
        match &self.client {
            None => Ok(false),
            // The mirror may be made by the push.
            Some(client) => Ok(client.exists(&path.to_string())?),
        }
    }

    fn url_of(&self, path: &LayoutPath) -> String {
        format!("{}/{path}", self.from)
    }

    /// A document of the site, if it is there.
    fn find(&self, path: &LayoutPath) -> Result<Option<Vec<u8>>, Problem> {
        Ok(self.reader.find(&self.url_of(path))?)
    }

    /// The same, read into what `begin` makes.
    fn find_into<W: io::Write>(
        &self,
        path: &LayoutPath,
        begin: impl Fn() -> io::Result<W>,
    ) -> Result<Option<W>, Problem> {
        match self.reader.read(&self.url_of(path), None, begin) {
            Err(failure) if failure.is_missing() => Ok(None),
            read => Ok(read?.map(|answer| answer.bytes)),
        }
    }

    /// Fetches a tarball or another blob by its digest; whether it was taken out of an archive around it.
    fn tarball(&self, url: &str, digest: &Digest, to: &LayoutPath) -> Result<bool, Problem> {
        if self.folder.has(to, digest).map_err(|source| Problem::Folder { source })? {
            return Ok(false);
        }
        let answer = self.reader.read(url, None, || self.folder.begin())?;
        self.take(answer.ok_or_else(|| wrong("it is not sent"))?.bytes, digest, to)
    }

    /// Gives a file of the folder a second name, if it is there with this digest.
    fn link(&self, from: &LayoutPath, digest: &Digest, to: &LayoutPath) -> Result<bool, Problem> {
        self.folder.link(from, digest, to).map_err(|source| Problem::Folder { source })
    }

    /// Pulls a tarball from a registry.
    fn image(&self, image: &registry::Image, digest: &Digest, to: &LayoutPath) -> Result<bool, Problem> {
        let (part, named) = image.last_layer(&self.reader, || self.folder.begin())?;
        if part.digest() != named {
            return Err(wrong("the registry sent other bytes than its manifest names"));
        }
        self.take(part, digest, to)
    }

    fn begin(&self) -> Result<Part, Problem> {
        self.folder.begin().map_err(|source| Problem::Folder { source })
    }

    /// Takes a tarball that has this digest, or has one inside that does.
    fn take(&self, part: Part, digest: &Digest, to: &LayoutPath) -> Result<bool, Problem> {
        let failed = |source| Problem::Folder { source };
        if part.digest() == *digest {
            self.folder.finish(part, to).map_err(failed)?;
            return Ok(false);
        }
        let inner = self.folder.inner(part, digest).map_err(failed)?;
        let inner = inner.ok_or_else(|| wrong("its tarball is not the one that its spec file names"))?;
        self.folder.finish(inner, to).map_err(failed)?;
        Ok(true)
    }

    fn put(&self, path: &LayoutPath, bytes: &[u8]) -> Result<(), Problem> {
        self.folder.put(path, bytes).map_err(|source| Problem::Folder { source })
    }
}

/// What is wrong with something of the site.
fn wrong(why: &str) -> Problem {
    Problem::Wrong(why.to_owned())
}

/// A spec file that says what its tarball is, now that it lies in no other archive: layout 1, as Spack 0.18 wrote it. The
/// file is not signed; what was signed before Spack 0.18 was the archive around it.
fn with_layout_1(document: &[u8]) -> Vec<u8> {
    let mut document = document.trim_ascii_end().to_vec();
    if !document.windows(LAYOUT_NUMBER.len()).any(|part| part == LAYOUT_NUMBER) && document.pop() == Some(b'}') {
        document.extend_from_slice(b", ");
        document.extend_from_slice(LAYOUT_NUMBER);
        document.extend_from_slice(b": 1}");
    }
    document
}

/// The key of a spec file that says what the tarball holds.
const LAYOUT_NUMBER: &[u8] = b"\"buildcache_layout_version\"";
