//! `larder stackinator init`: a cache directory, a signing key, and the files that name them.

use std::{
    fs,
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;

use super::{
    check,
    place::{expand, has_variable, hidden},
};
use crate::{
    End,
    key::create::{self, CannotCreate, Owner},
    output,
};

mod files;
mod remote;

use files::Files;
use remote::Remote;

/// Shown below the options of `larder stackinator init --help`.
const EXAMPLES: &str = "\
Examples:
  # A cache on scratch, with a key of its own; then build with it.
  larder stackinator init /scratch/team/uenv-cache --new-key /scratch/team/.keys/uenv-cache.key
  stack-config --mirror mirrors.yaml ...           # Stackinator since mid-2026
  stack-config --cache cache.yaml ...              # older ones

  # The same, and every build on every machine reads from a Larder and pushes to it.
  larder stackinator init /scratch/team/uenv-cache --url oci://larder.example.org --key /scratch/team/.keys/uenv-cache.key

  # Only read from a Larder.
  larder stackinator init /scratch/team/uenv-cache --url https://larder.example.org/mirrors

Without a key, the cache is only read: Stackinator pushes nothing. Nothing that exists is written over, so the command
can be run again.

The key has no passphrase, because nobody can type one in a build: whoever has it signs in the cache's name.";

/// Set up a build cache for Stackinator: the directory, a signing key, cache.yaml and mirrors.yaml.
///
/// ROOT becomes a cache that several mount points share, each in a directory of its own.
/// Variables such as '$SCRATCH/cache', in single quotes, are kept as they are written where
/// Stackinator expands them.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The cache directory; it is made if it does not exist
    root: String,

    /// A Larder to use from every machine: https://<host>/mirrors to read, oci://<host> to read and push
    #[arg(long, value_name = "URL")]
    url: Option<Remote>,

    /// Sign and push with this private key, as `spack gpg export --secret` writes it
    #[arg(long, value_name = "FILE", conflicts_with = "new_key")]
    key: Option<String>,

    /// Make a new private key here, and sign and push with it; the public key goes to FILE.pub
    #[arg(long, value_name = "FILE")]
    new_key: Option<String>,

    #[command(flatten)]
    owner: Owner,

    /// The folder for cache.yaml and mirrors.yaml
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

/// Why nothing was set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CannotInit {
    /// A path names a variable that is not set.
    #[error("{text} names the variable {name}, which is not set")]
    Variable { text: String, name: String },
    /// The shell left a `~` in quotes.
    #[error("{0} begins with `~`, which neither Stackinator nor this command expands: write the path out")]
    Tilde(String),
    /// The build would not see it.
    #[error("{} is {why}. Choose a path on scratch, or on another file system that all build nodes see", .path.display())]
    Hidden { path: PathBuf, why: &'static str },
    /// The key cannot sign.
    #[error("the key cannot be used:\n{0}")]
    Key(String),
    /// A file is there and says something else.
    #[error(
        "{} is there already and says something else, so it stays as it is, and nothing was made. \
         Move it away, choose another folder with --out, or write this into it:\n\n{wanted}",
        .path.display()
    )]
    Differs { path: PathBuf, wanted: String },
    /// The file system refuses.
    #[error("{} cannot be made: {source}", .path.display())]
    Make { path: PathBuf, source: io::Error },
    /// There is no new key.
    #[error(transparent)]
    Create(#[from] CannotCreate),
}

/// Sets up a cache and says how to use it. All that can be wrong is looked at before anything is made.
///
/// # Errors
/// [`CannotInit`].
pub(super) fn run(arguments: &Arguments) -> Result<End, CannotInit> {
    let root = Place::of(&arguments.root)?;
    root.refuse_hidden()?;
    let key = match (&arguments.key, &arguments.new_key) {
        (Some(file), _) => Some(KeyPlan::existing(Place::of(file)?)?),
        (None, Some(file)) => Some(KeyPlan::new(Place::of(file)?)?),
        (None, None) => None,
    };
    let files = Files::new(&root, key.as_ref().map(|key| &key.place), arguments.url.as_ref());
    let out = &arguments.out;
    let wanted = [(out.join("cache.yaml"), &files.cache), (out.join("mirrors.yaml"), &files.mirrors)];
    for (path, text) in &wanted {
        refuse_other(path, text)?;
    }

    let mut said = vec![make_folder(&root.path)?];
    if let Some(key) = &key {
        said.push(key.make(&arguments.owner)?);
    }
    make_folder(out)?;
    for (path, text) in &wanted {
        said.push(make_file(path, text)?);
    }
    for line in said {
        output::line(&line);
    }
    let [(cache, _), (mirrors, _)] = &wanted;
    output::line(&files::next_steps(cache, mirrors, &root.path, key.is_some(), arguments.url.as_ref()));
    if has_variable(&arguments.root) {
        let root = &arguments.root;
        let what = format!("cache.yaml names {root} as it is, which Stackinators since mid-2026 do not expand");
        output::error(&format!("Warning: {what}: give those mirrors.yaml, which names the directory itself."));
    }
    if check::is_from_before_v3(&root.path) {
        let root = root.path.display();
        output::error(&format!(
            "Warning: {root} holds packages from before Stackinator 3, which are not found there any more. Move them \
             under their mount point: larder stackinator migrate {root}"
        ));
    }
    Ok(End::Done)
}

/// A path as it was given, and what it names.
struct Place {
    /// As it goes where Stackinator expands variables: absolute, once they are.
    written: String,
    /// Absolute.
    path: PathBuf,
}

impl Place {
    fn of(text: &str) -> Result<Self, CannotInit> {
        if text == "~" || text.starts_with("~/") {
            return Err(CannotInit::Tilde(text.to_owned()));
        }
        let expanded = expand(text).map_err(|name| CannotInit::Variable { text: text.to_owned(), name })?;
        let given = PathBuf::from(&expanded);
        let path = std::path::absolute(&given).map_err(|source| CannotInit::Make { path: given.clone(), source })?;
        // A slash at the end says nothing.
        let path: PathBuf = path.components().collect();
        let written = if has_variable(text) && given.is_absolute() {
            text.trim_end_matches('/').to_owned()
        } else {
            path.display().to_string()
        };
        Ok(Self { written, path })
    }

    fn refuse_hidden(&self) -> Result<(), CannotInit> {
        match hidden(&self.path) {
            Some(hidden) => Err(CannotInit::Hidden { path: self.path.clone(), why: hidden.why() }),
            None => Ok(()),
        }
    }
}

/// A key that is there, or is to be made.
struct KeyPlan {
    place: Place,
    is_new: bool,
}

impl KeyPlan {
    fn existing(place: Place) -> Result<Self, CannotInit> {
        match check::problems_of_key(&place.path) {
            problems if problems.is_empty() => Ok(Self { place, is_new: false }),
            problems => Err(CannotInit::Key(problems)),
        }
    }

    /// A key that is to be made, unless an earlier run has made it.
    fn new(place: Place) -> Result<Self, CannotInit> {
        place.refuse_hidden()?;
        if place.path.exists() { Self::existing(place) } else { Ok(Self { place, is_new: true }) }
    }

    fn make(&self, owner: &Owner) -> Result<String, CannotInit> {
        let path = &self.place.path;
        let shown = path.display();
        if !self.is_new {
            return Ok(format!("kept     {shown}, the private key that is there"));
        }
        if let Some(folder) = path.parent() {
            make_private_folder(folder)?;
        }
        let fingerprint = create::create_pair(owner, path)?;
        let public = create::public_path(path);
        Ok(format!("made     {shown}, the private key {fingerprint}\nmade     {}, its public key", public.display()))
    }
}

/// Refuses when a file is there that holds anything else.
fn refuse_other(path: &Path, text: &str) -> Result<(), CannotInit> {
    match fs::read(path) {
        Ok(found) if found == text.as_bytes() => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) => Err(CannotInit::Differs { path: path.to_owned(), wanted: text.to_owned() }),
        Err(source) => Err(CannotInit::Make { path: path.to_owned(), source }),
    }
}

fn make_file(path: &Path, text: &str) -> Result<String, CannotInit> {
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    match made.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => Ok(format!("made     {}", path.display())),
        // It was there before, and says the same.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(format!("kept     {}", path.display())),
        Err(source) => Err(CannotInit::Make { path: path.to_owned(), source }),
    }
}

fn make_folder(path: &Path) -> Result<String, CannotInit> {
    let verb = if path.is_dir() { "kept" } else { "made" };
    fs::create_dir_all(path).map_err(|source| CannotInit::Make { path: path.to_owned(), source })?;
    Ok(format!("{verb}     {}", path.display()))
}

/// Makes a folder into which only its owner can look, unless it is there.
fn make_private_folder(path: &Path) -> Result<(), CannotInit> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path).map_err(|source| CannotInit::Make { path: path.to_owned(), source })
}
