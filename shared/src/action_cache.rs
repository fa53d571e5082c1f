//! The build cache of the GitHub action `spack-package-action` (2021): a site with two lists beside the spec files, and
//! a registry with the tarballs. A Larder answers as such a site, and `larder import` reads one.
//!
//! ```text
//! manifest/                                      the keys, and every package with its spec
//! manifest/dates/                                the keys, and the months in which packages were built
//! _cache/<fingerprint>.pub
//! _cache/<yy.mm>/build_cache/<stem>.spec.json    never signed
//! _cache/<yy.mm>/build_cache/<stem>.spack
//! ```
//! A client that looks for a spec asks each month of `dates` for `<url_prefix><date>/<stem>.spec.json`. Sites of the
//! action itself name the spec of another package beside most packages: only the name of a package tells its spec.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    api::{SpecSummary, Timestamp},
    layout::v2::Stem,
    name::Fingerprint,
};

/// `manifest/`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Manifest {
    /// Where the public keys are.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Every package.
    #[serde(default)]
    pub packages: Vec<Entry>,
}

/// A package of a [`Manifest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// `<stem>.spack:latest`
    pub name: String,
    /// Where a spec file is; of sites of the action itself, mostly that of another package.
    #[serde(default)]
    pub spec: String,
    /// Where the tarball is in a registry, without a scheme: `ghcr.io/<org>/<repo>/21.11/build_cache/<stem>.spack:latest`.
    #[serde(default)]
    pub url: String,
    /// A page about it.
    #[serde(default)]
    pub html_url: String,
}

impl Entry {
    /// The stem of the package's files, as the name has it.
    pub fn stem(&self) -> Option<Stem> {
        let name = self.name.split(':').next().unwrap_or_default();
        name.strip_suffix(".spack")?.parse().ok()
    }
}

/// `manifest/dates/`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dates {
    /// Where the public keys are.
    #[serde(default)]
    pub keys: Vec<String>,
    /// The branch the site is made of.
    #[serde(default)]
    pub branch: String,
    /// The folder in it.
    #[serde(default)]
    pub subfolder: String,
    /// What stands before a date in the URL of a spec file; ends with a slash.
    pub url_prefix: String,
    /// `21.11/build_cache`, in order of first appearance.
    pub dates: Vec<String>,
}

/// A month as this layout writes it: `21.11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Month {
    year: u8,
    month: u8,
}

impl Month {
    /// The month of a time, in UTC.
    pub fn of(time: Timestamp) -> Self {
        // `2021-11-27T…`
        let text = time.to_string();
        let number = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse().ok()).unwrap_or(1);
        Self { year: number(2..4), month: number(5..7) }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}.{:02}", self.year, self.month)
    }
}

/// Text that is no month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a month such as 21.11")]
pub struct InvalidMonth;

impl FromStr for Month {
    type Err = InvalidMonth;

    fn from_str(text: &str) -> Result<Self, InvalidMonth> {
        let (year, month) = text.split_once('.').ok_or(InvalidMonth)?;
        let number = |part: &str| part.parse().ok().filter(|_| part.len() == 2).ok_or(InvalidMonth);
        let month = Self { year: number(year)?, month: number(month)? };
        if (1..=12).contains(&month.month) && month.to_string() == text { Ok(month) } else { Err(InvalidMonth) }
    }
}

/// A path of such a site.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Path {
    /// `manifest/`
    Manifest,
    /// `manifest/dates/`
    Dates,
    /// `_cache/<fingerprint>.pub`
    Key(Fingerprint),
    /// The spec file of a package.
    Spec(Month, Stem),
    /// The tarball of a package.
    Tarball(Month, Stem),
}

impl Path {
    /// Parses a path below the site's root, without a slash at its end.
    pub fn parse(path: &str) -> Option<Self> {
        let parts: Vec<_> = path.split('/').collect();
        match parts[..] {
            ["manifest"] => Some(Self::Manifest),
            ["manifest", "dates"] => Some(Self::Dates),
            ["_cache", file] => file.strip_suffix(".pub")?.parse().ok().map(Self::Key),
            ["_cache", month, "build_cache", file] => {
                let month = month.parse().ok()?;
                match file.strip_suffix(".spec.json") {
                    Some(stem) => Some(Self::Spec(month, stem.parse().ok()?)),
                    None => Some(Self::Tarball(month, file.strip_suffix(".spack")?.parse().ok()?)),
                }
            }
            _ => None,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest => f.write_str("manifest/"),
            Self::Dates => f.write_str("manifest/dates/"),
            Self::Key(fingerprint) => write!(f, "_cache/{fingerprint}.pub"),
            Self::Spec(month, stem) => write!(f, "_cache/{month}/build_cache/{}.spec.json", stem.as_str()),
            Self::Tarball(month, stem) => write!(f, "_cache/{month}/build_cache/{}.spack", stem.as_str()),
        }
    }
}

/// What `manifest/` says of a package of the mirror at `site`, such as `https://larder.example.org/mirrors/m`.
///
/// `url` names it in a registry, `page` is about it.
pub fn entry(site: &str, spec: &SpecSummary, url: String, page: String) -> Entry {
    let stem = Stem::of_summary(spec);
    let path = Path::Spec(Month::of(spec.pushed), stem.clone());
    Entry { name: format!("{}.spack:latest", stem.as_str()), spec: format!("{site}/{path}"), url, html_url: page }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEM: &str = "linux-ubuntu20.04-broadwell-gcc-10.3.0-zlib-1.2.11-5vlodp7yawk5elx4dfhnpzmpg743fwv3";

    #[test]
    fn paths_parse_what_they_print() {
        for path in [
            "manifest/".to_owned(),
            "manifest/dates/".to_owned(),
            "_cache/4CA135D4D5BC739C1DF2D3B7AA52CBC889F8EE5D.pub".to_owned(),
            format!("_cache/21.11/build_cache/{STEM}.spec.json"),
            format!("_cache/21.11/build_cache/{STEM}.spack"),
        ] {
            let parsed = Path::parse(path.trim_end_matches('/'));
            assert_eq!(parsed.map(|parsed| parsed.to_string()), Some(path));
        }
        for path in [
            "manifest/x".to_owned(),
            "_cache/x".to_owned(),
            format!("_cache/21.13/build_cache/{STEM}.spec.json"),
            format!("_cache/2021.11/build_cache/{STEM}.spec.json"),
            format!("_cache/+1.11/build_cache/{STEM}.spec.json"),
            "_cache/21.11/build_cache/x.spec.json".to_owned(),
        ] {
            assert_eq!(Path::parse(&path), None, "{path}");
        }
    }

    #[test]
    fn a_package_is_told_by_its_name_alone() {
        let entry = |name: &str| Entry {
            name: name.to_owned(),
            spec: "https://example.org/_cache/21.11/build_cache/another.spec.json".to_owned(),
            url: String::new(),
            html_url: String::new(),
        };
        assert_eq!(entry(&format!("{STEM}.spack:latest")).stem().unwrap().as_str(), STEM);
        assert_eq!(entry("../x.spack:latest").stem(), None);
        assert_eq!(entry("index.html").stem(), None);
    }

    #[test]
    fn a_month_is_that_of_the_time_in_utc() {
        for (time, month) in [("2021-11-30T23:59:59Z", "21.11"), ("2026-01-01T00:00:00Z", "26.01")] {
            assert_eq!(Month::of(time.parse().unwrap()).to_string(), month);
        }
    }
}
