//! Where a mirror's recipes are kept, so that a failure can be told to those who write them.
//!
//! ```text
//! spack/spack-packages                         a repository at GitHub
//! https://codeberg.org/octo-org/recipes        one elsewhere
//! ```

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A repository of recipes with a list of issues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Recipes {
    /// Scheme and host: `https://github.com`.
    site: String,
    /// The path below it, two segments or more.
    path: String,
}

/// Where GitHub is.
const GITHUB: &str = "https://github.com";

/// Longest text of one, in bytes.
const MAX_BYTES: usize = 200;

impl Recipes {
    /// Whether it is at GitHub.
    pub fn is_at_github(&self) -> bool {
        self.site == GITHUB
    }

    /// The repository's own name, without its owner's.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Its page.
    pub fn url(&self) -> String {
        format!("{}/{}", self.site, self.path)
    }

    /// Its host, with the port if it has one.
    pub fn host(&self) -> &str {
        self.site.trim_start_matches("https://")
    }
}

/// Spack's own.
impl Default for Recipes {
    fn default() -> Self {
        Self { site: GITHUB.to_owned(), path: "spack/spack-packages".to_owned() }
    }
}

/// Text that names no repository of recipes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "`recipes` is a repository such as `spack/spack-packages` at GitHub, or one elsewhere such as `https://codeberg.org/octo-org/recipes`"
)]
pub struct InvalidRecipes;

impl FromStr for Recipes {
    type Err = InvalidRecipes;

    fn from_str(text: &str) -> Result<Self, InvalidRecipes> {
        if text.len() > MAX_BYTES {
            return Err(InvalidRecipes);
        }
        let (host, path) = match text.strip_prefix("https://") {
            Some(rest) => rest.trim_end_matches('/').split_once('/').ok_or(InvalidRecipes)?,
            None => ("github.com", text),
        };
        let host = host.to_ascii_lowercase();
        let site = format!("https://{host}");
        let path = path.strip_suffix(".git").unwrap_or(path);
        let segments = path.split('/').count();
        let fits_site = if site == GITHUB { segments == 2 } else { segments >= 2 };
        let is_usable = is_host(&host) && fits_site && path.split('/').all(is_segment);
        if is_usable { Ok(Self { site, path: path.to_owned() }) } else { Err(InvalidRecipes) }
    }
}

/// Whether `text` is a host's name, with or without a port.
fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').unwrap_or((text, "443"));
    let is_label = |label: &str| {
        let is_edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
        is_edge(label.bytes().next())
            && is_edge(label.bytes().last())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    name.contains('.') && name.split('.').all(is_label) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_segment(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    !text.is_empty() && text != "." && text != ".." && text != "-" && text.bytes().all(is_plain)
}

impl fmt::Display for Recipes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_at_github() { f.write_str(&self.path) } else { write!(f, "{}/{}", self.site, self.path) }
    }
}

impl TryFrom<String> for Recipes {
    type Error = InvalidRecipes;

    fn try_from(text: String) -> Result<Self, InvalidRecipes> {
        text.parse()
    }
}

impl From<Recipes> for String {
    fn from(recipes: Recipes) -> Self {
        recipes.to_string()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Recipes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Recipes".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A repository at GitHub such as spack/spack-packages, or the https URL of one elsewhere"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_printed_as_they_are_known() {
        for (text, printed, url) in [
            ("spack/spack-packages", "spack/spack-packages", "https://github.com/spack/spack-packages"),
            ("https://github.com/octo-org/recipes.git", "octo-org/recipes", "https://github.com/octo-org/recipes"),
            ("https://Codeberg.org/a/b/", "https://codeberg.org/a/b", "https://codeberg.org/a/b"),
            ("https://gitlab.example.org:8443/a/b/c", "https://gitlab.example.org:8443/a/b/c", ""),
        ] {
            let recipes: Recipes = text.parse().unwrap();
            assert_eq!(recipes.to_string(), printed);
            assert_eq!(recipes.to_string().parse(), Ok(recipes.clone()));
            assert!(url.is_empty() || recipes.url() == url, "{}", recipes.url());
        }
        assert_eq!(Recipes::default(), "spack/spack-packages".parse().unwrap());
    }

    #[test]
    fn what_is_no_repository_is_refused() {
        for text in [
            "",
            "spack",
            "a/b/c",
            "a/..",
            "a/b?c",
            "a/b c",
            "http://codeberg.org/a/b",
            "https://codeberg.org/a",
            "https://me@codeberg.org/a/b",
            "https://localhost/a/b",
            "https://codeberg.org:x/a/b",
            "https://codeberg.org/a/b?x=1",
            "https://codeberg.org/a/../b",
            "javascript:alert/1",
            &format!("a/{}", "b".repeat(200)),
        ] {
            assert_eq!(text.parse::<Recipes>(), Err(InvalidRecipes), "{text}");
        }
    }
}
