//! Lists of packages, as `spack list` prints them: a name in each line, or a name with a version.

use std::{collections::BTreeMap, io, path::PathBuf, str::FromStr};

use larder_shared::name::PackageName;

/// Packages with the version that is their newest, where the list says it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Names(BTreeMap<String, Option<String>>);

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
    #[error("line {line} of the list is no package: `{text}`; expected a name such as hdf5, or hdf5@1.14.6")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
}

impl Names {
    /// The packages, in alphabetical order, with their versions.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(name, version)| (name.as_str(), version.as_deref()))
    }

    /// The packages alone.
    pub(super) fn into_keys(self) -> impl Iterator<Item = String> {
        self.0.into_keys()
    }
}

impl FromStr for Names {
    type Err = UnreadableNames;

    fn from_str(text: &str) -> Result<Self, UnreadableNames> {
        let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        let packages = lines.filter(|(_, text)| !text.is_empty() && !text.starts_with('#'));
        packages
            .map(|(line, text)| {
                let (name, version) =
                    text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
                let is_version = |version: &str| {
                    let is_of_one = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+=".contains(&byte);
                    !version.is_empty() && version.bytes().all(is_of_one)
                };
                let problem = || UnreadableNames::Line { line, text: text.to_owned() };
                let name: PackageName = name.parse().map_err(|_| problem())?;
                if version.is_some_and(|version| !is_version(version)) {
                    return Err(problem());
                }
                Ok((name.as_str().to_owned(), version.map(str::to_owned)))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_names_with_versions_or_without() {
        let names: Names = "# of today\nhdf5@1.14.6\n\n  zlib\n".parse().unwrap();
        assert_eq!(names.iter().collect::<Vec<_>>(), [("hdf5", Some("1.14.6")), ("zlib", None)]);
    }

    #[test]
    fn what_is_no_package_is_named_by_its_line() {
        for text in ["zlib\n==> 2 packages", "zlib\nhdf5@", "zlib\nhdf5@1; rm", "zlib\n$(id)"] {
            let error = text.parse::<Names>().unwrap_err().to_string();
            assert!(error.starts_with("line 2 of the list is no package: `"), "{error}");
        }
    }
}
