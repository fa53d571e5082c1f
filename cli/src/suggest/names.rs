//! Lists of packages, as `spack list` prints them: a name in each line, or a name with a version or the time of a change.

use std::{collections::BTreeMap, fs, io, path::Path, path::PathBuf};

use larder_shared::{
    api::{Timestamp, suggest::Candidate},
    name::PackageName,
};

/// A list that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnreadableNames {
    /// The file cannot be read.
    #[error("{}: {error}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A line is no package.
    #[error("line {line} of the list is no package: `{text}`; expected a name such as {expected}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What stands there.
        text: String,
        /// What could stand there.
        expected: &'static str,
    },
}

/// The text of a file, or of standard input for `-`.
///
/// # Errors
/// [`UnreadableNames::File`]
pub(super) fn read(path: &Path) -> Result<String, UnreadableNames> {
    let text = if path == Path::new("-") { io::read_to_string(io::stdin()) } else { fs::read_to_string(path) };
    text.map_err(|error| UnreadableNames::File { path: path.to_owned(), error })
}

/// The packages of a list, with their newest versions.
///
/// # Errors
/// [`UnreadableNames::Line`]
pub(super) fn names(text: &str) -> Result<Vec<Candidate>, UnreadableNames> {
    items(text, "hdf5, or hdf5@1.14.6", |line| line.parse().ok())
}

/// The packages of a list, with the times at which they changed.
///
/// # Errors
/// [`UnreadableNames::Line`]
pub(super) fn changed(text: &str) -> Result<BTreeMap<PackageName, Option<Timestamp>>, UnreadableNames> {
    let items = items(text, "hdf5, or hdf5 2026-11-20T16:06:03Z", |line| match line.split_once(char::is_whitespace) {
        None => Some((line.parse().ok()?, None)),
        Some((name, when)) => Some((name.parse().ok()?, Some(when.trim().parse().ok()?))),
    });
    items.map(|items| items.into_iter().collect())
}

fn items<T>(text: &str, expected: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, UnreadableNames> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let packages = lines.filter(|(_, text)| !text.is_empty() && !text.starts_with('#'));
    let item = |(line, text): (usize, &str)| {
        parse(text).ok_or_else(|| UnreadableNames::Line { line, text: text.to_owned(), expected })
    };
    packages.map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_names_with_versions_or_without() {
        let names = names("# of today\nhdf5@1.14.6\n\n  zlib\n").unwrap();
        assert_eq!(names.iter().map(ToString::to_string).collect::<Vec<_>>(), ["hdf5@1.14.6", "zlib"]);
    }

    #[test]
    fn a_list_of_changes_has_times_or_none() {
        let changed = changed("zlib\nhdf5\t2026-11-20T16:06:03Z\n").unwrap();
        let changed: Vec<_> =
            changed.iter().map(|(name, when)| (name.as_str(), when.map(Timestamp::as_millis))).collect();
        assert_eq!(changed, [("hdf5", Some(1_795_190_763_000)), ("zlib", None)]);
    }

    #[test]
    fn what_is_no_package_is_named_by_its_line() {
        for text in ["zlib\n==> 2 packages", "zlib\nhdf5@", "zlib\nhdf5@1; rm", "zlib\n$(id)"] {
            for error in [names(text).map(drop), changed(text).map(drop)] {
                let error = error.unwrap_err().to_string();
                assert!(error.starts_with("line 2 of the list is no package: `"), "{error}");
            }
        }
        assert!(changed("zlib yesterday").is_err());
    }
}
