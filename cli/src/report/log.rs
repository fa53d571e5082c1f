//! A plain log: what build it is of.

use std::path::Path;

use clap::Args;
use larder_shared::report::{Build, Status, log::LogReport};

/// What is said of the log, where it does not say it itself.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "The log (for a file that is one)")]
pub(super) struct Named {
    /// The package whose log it is
    #[arg(long, value_name = "NAME")]
    pub(super) package: Option<String>,

    /// What was asked for, such as 'hdf5@1.14 +mpi'
    #[arg(long, value_name = "SPEC")]
    pub(super) spec: Option<String>,

    /// The hash of the concrete spec
    #[arg(long, value_name = "HASH")]
    pub(super) hash: Option<String>,
}

/// Length of Spack's hashes.
const HASH_CHARS: usize = 32;

impl Named {
    /// What the folders say that the log lies in.
    ///
    /// Spack writes `…/spack-stage-hdf5-1.14.5-gkch…/spack-build-out.txt`, and keeps
    /// `…/hdf5-1.14.5-gkch…/.spack/spack-build-out.txt.gz`.
    pub(super) fn in_path(path: &Path) -> Self {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let folders = whole.ancestors().skip(1).filter_map(|folder| folder.file_name()?.to_str());
        folders.filter_map(Self::in_id).next().unwrap_or_default()
    }

    /// What `hdf5-1.14.5-gkch…` says, also after `spack-stage-`.
    pub(super) fn in_id(id: &str) -> Option<Self> {
        let (spec, hash) = id.strip_prefix("spack-stage-").unwrap_or(id).rsplit_once('-')?;
        let is_hash = hash.len() == HASH_CHARS && hash.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
        // The version follows the first dash before a digit; some versions are names.
        let version = spec.match_indices('-').find(|(at, _)| spec[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
        let (name, version) =
            version.map(|(at, _)| (&spec[..at], &spec[at + 1..])).or_else(|| spec.rsplit_once('-'))?;
        is_hash.then(|| Self {
            package: Some(name.to_owned()),
            spec: Some(format!("{name}@{version}")),
            hash: Some(hash.to_owned()),
        })
    }

    /// This, and where it says nothing what `other` says of the same package.
    pub(super) fn or(self, other: Self) -> Self {
        if self.package.is_some() && other.package.is_some() && self.package != other.package {
            return self;
        }
        Self { package: self.package.or(other.package), spec: self.spec.or(other.spec), hash: self.hash.or(other.hash) }
    }
}

/// The build that a log tells of; `None` when nothing names the package.
pub(super) fn build(log: LogReport, named: Named) -> Option<Build> {
    let LogReport { package, phase, installed, failure, warnings, .. } = log;
    let failed = failure.as_ref().and_then(|failure| failure.package.clone());
    let installed = installed.as_deref().and_then(Named::in_id).unwrap_or_default();
    // Of a log of several packages it is the one that failed, else the last.
    let package = named.package.clone().or(failed).or(package)?;
    let named = Named { package: Some(package.clone()), ..named };
    let is_installed = failure.is_none() && installed.package.as_ref() == Some(&package);
    let named = if is_installed { named.or(installed) } else { named };
    let status = match &failure {
        Some(failure) => failure.status_of(&package),
        None if is_installed => Status::Built,
        None => Status::Unknown,
    };
    Some(Build {
        spec: named.spec.unwrap_or_else(|| package.clone()),
        hash: named.hash,
        phase: failure.as_ref().and_then(|failure| failure.phase.clone()).or(phase),
        package,
        status,
        failure,
        started: None,
        took_millis: None,
        warnings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(named: &Named) -> [Option<&str>; 3] {
        [named.package.as_deref(), named.spec.as_deref(), named.hash.as_deref()]
    }

    #[test]
    fn folders_name_packages() {
        let hash = "gkchgkpkndnv3lj2srukxatbuy63tjj4";
        for (path, name, spec) in [
            ("/tmp/ci/spack-stage/spack-stage-adol-c-2.7.2-HASH/spack-build-out.txt", "adol-c", "adol-c@2.7.2"),
            ("/opt/zlib-1.3.1-HASH/.spack/spack-build-out.txt.gz", "zlib", "zlib@1.3.1"),
            ("/x/spack-stage-hdf5-develop-HASH/spack-src/config.log", "hdf5", "hdf5@develop"),
        ] {
            let named = Named::in_path(Path::new(&path.replace("HASH", hash)));
            assert_eq!(words(&named), [Some(name), Some(spec), Some(hash)], "{path}");
        }
        assert_eq!(words(&Named::in_path(Path::new("/tmp/build.log"))), [None; 3]);
    }

    #[test]
    fn a_log_tells_how_its_build_ended() {
        let read = |text: &str, named: Named| {
            let mut reader = larder_shared::report::log::LogReader::new();
            reader.push(text.as_bytes());
            build(reader.finish(), named)
        };
        let of = |package: &str| Named { package: Some(package.to_owned()), ..Named::default() };
        assert_eq!(read("nothing", Named::default()), None);
        assert_eq!(read("nothing", of("zlib")).unwrap().status, Status::Unknown);
        let failed = read("==> a: Executing phase: 'build'\na.c:1:1: error: x\n", Named::default()).unwrap();
        assert_eq!(
            (failed.package.as_str(), failed.status, failed.phase.as_deref()),
            ("a", Status::Failed, Some("build"))
        );
        let line = "==> zlib: Successfully installed zlib-1.3.1-gkchgkpkndnv3lj2srukxatbuy63tjj4\n";
        let built = read(&format!("==> zlib: Executing phase: 'install'\n{line}"), Named::default()).unwrap();
        assert_eq!((built.status, built.spec.as_str()), (Status::Built, "zlib@1.3.1"));
        assert_eq!(read(line, of("other")).unwrap().status, Status::Unknown);
    }
}
