//! Where builds ran: the run of a CI provider, or a person's `spack install`.
//!
//! ```text
//! submit.php?project=m&provider=github&repository=octo-org/stack&run=1658821493&attempt=1&job=zen3
//! Larder-Run: provider=github&repository=octo-org/stack&run=1658821493&attempt=1&job=zen3
//! ```
//! Spack uses the URL it uploads to as it is, so what it cannot say itself is said in the query. Other
//! clients say the same in a header, and a CI job's own token says it best.

use serde::{Deserialize, Serialize};

use crate::{digest::Digest, oidc::Claims};

/// Where and as what some builds ran. Whatever is not known is left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RunIdentity"))]
pub struct Run {
    /// Whose CI it ran in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// The repository whose workflow ran, such as `octo-org/stack`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The provider's number of the run.
    #[serde(rename = "run", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Which attempt of the run it was, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The job of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The commit that was built from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The git ref that was built from, such as `refs/heads/main`.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub git_ref: Option<String>,
    /// The machine it ran on, by the provider's name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runner: Option<String>,
    /// The page of the run, where it does not follow from the rest; `https` or `http`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// CDash's project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// CDash's site: the machine, unless `--cdash-site` says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// CDash's stamp: `20261120-1606-Nightly`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stamp: Option<String>,
    /// Spack's version, as it signs its reports: `spack-0.23.0 (1a2b3c)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generator: Option<String>,
    /// The commit of Spack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

/// Whose CI builds run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Provider {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
    /// Any other; its runs are linked by [`Run::url`].
    Other,
}

/// Bytes kept of each thing a client says of a run.
const MAX_VALUE_BYTES: usize = 512;

impl Run {
    /// What a query, or the header `Larder-Run`, says of a run; other parameters are passed over.
    pub fn from_query(query: &str) -> Self {
        let mut run = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            let value = value[..value.floor_char_boundary(MAX_VALUE_BYTES)].to_owned();
            if value.is_empty() {
                continue;
            }
            match &*name {
                "provider" => {
                    run.provider = match value.as_str() {
                        "github" => Some(Provider::Github),
                        "gitlab" => Some(Provider::Gitlab),
                        _ => Some(Provider::Other),
                    }
                }
                "repository" => run.repository = Some(value),
                "run" => run.id = Some(value),
                "attempt" => run.attempt = value.parse().ok(),
                "job" => run.job = Some(value),
                "commit" => run.commit = Some(value),
                "ref" => run.git_ref = Some(value),
                "runner" => run.runner = Some(value),
                "url" => run.url = Some(value),
                _ => {}
            }
        }
        run
    }

    /// The same as a query.
    pub fn to_query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let provider = self.provider.map(Provider::as_str);
        let attempt = self.attempt.map(|attempt| attempt.to_string());
        let pairs = [
            ("provider", provider),
            ("repository", self.repository.as_deref()),
            ("run", self.id.as_deref()),
            ("attempt", attempt.as_deref()),
            ("job", self.job.as_deref()),
            ("commit", self.commit.as_deref()),
            ("ref", self.git_ref.as_deref()),
            ("runner", self.runner.as_deref()),
            ("url", self.url.as_deref()),
        ];
        query.extend_pairs(pairs.into_iter().filter_map(|(name, value)| Some((name, value?))));
        query.finish()
    }

    /// What a job's own token proves.
    pub fn of_job(claims: &Claims) -> Self {
        Self {
            provider: Some(Provider::Github),
            repository: Some(claims.repository.clone()),
            id: Some(claims.run_id.clone()),
            attempt: claims.run_attempt.parse().ok(),
            commit: Some(claims.sha.clone()),
            git_ref: Some(claims.git_ref.clone()),
            ..Self::default()
        }
    }

    /// This, and what only `other` knows.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            provider: self.provider.or(other.provider),
            repository: self.repository.or(other.repository),
            id: self.id.or(other.id),
            attempt: self.attempt.or(other.attempt),
            job: self.job.or(other.job),
            commit: self.commit.or(other.commit),
            git_ref: self.git_ref.or(other.git_ref),
            runner: self.runner.or(other.runner),
            url: self.url.or(other.url),
            project: self.project.or(other.project),
            site: self.site.or(other.site),
            stamp: self.stamp.or(other.stamp),
            generator: self.generator.or(other.generator),
            revision: self.revision.or(other.revision),
        }
    }

    /// What is the same for all builds of the run, and for no other: the provider's number of it, else
    /// what CDash tells builds by. `None` when neither is known.
    pub fn key(&self) -> Option<Digest> {
        let parts: [&str; 5] = match (&self.id, &self.url) {
            (Some(id), _) => {
                let attempt = self.attempt.unwrap_or(1).to_string();
                return Some(key(&[
                    "run",
                    self.provider.map_or("", Provider::as_str),
                    self.repository.as_deref().unwrap_or_default(),
                    id,
                    &attempt,
                ]));
            }
            (None, Some(url)) => ["url", url, "", "", ""],
            (None, None) => {
                let (Some(site), Some(stamp)) = (&self.site, &self.stamp) else { return None };
                ["cdash", self.project.as_deref().unwrap_or_default(), site, stamp, ""]
            }
        };
        Some(key(&parts))
    }

    /// The page of the run at its provider. Only `https` and `http` are ever linked.
    pub fn link(&self) -> Option<String> {
        if let Some(url) = &self.url {
            return ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)).then(|| url.clone());
        }
        let (repository, id) = (self.repository.as_deref()?, self.id.as_deref()?);
        let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b));
        if !is_plain(repository) || !is_plain(id) {
            return None;
        }
        match self.provider? {
            Provider::Github => Some(match self.attempt {
                Some(attempt) => format!("https://github.com/{repository}/actions/runs/{id}/attempts/{attempt}"),
                None => format!("https://github.com/{repository}/actions/runs/{id}"),
            }),
            Provider::Gitlab => Some(format!("https://gitlab.com/{repository}/-/pipelines/{id}")),
            Provider::Other => None,
        }
    }
}

impl Provider {
    /// The name in JSON and in queries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Other => "other",
        }
    }
}

/// A digest of texts that keeps them apart.
pub(super) fn key(parts: &[&str]) -> Digest {
    let mut text = String::new();
    for part in parts {
        text.push_str(part);
        text.push('\0');
    }
    Digest::of(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &str = "provider=github&repository=octo-org%2Fstack&run=1658821493&attempt=2&job=zen3+gcc&commit=ab12&\
        ref=refs%2Fheads%2Fmain&runner=r-1";

    #[test]
    fn a_query_says_what_a_run_is_and_is_printed_again() {
        let run = Run::from_query(&format!("project=m&MD5=00&{QUERY}&job="));
        assert_eq!(
            (run.provider, run.attempt, run.job.as_deref()),
            (Some(Provider::Github), Some(2), Some("zen3 gcc"))
        );
        assert_eq!(run.to_query(), QUERY);
        assert_eq!(run.link().as_deref(), Some("https://github.com/octo-org/stack/actions/runs/1658821493/attempts/2"));
        assert!(Run::from_query(&format!("job={}", "ä".repeat(1_000))).job.unwrap().len() <= MAX_VALUE_BYTES);
    }

    #[test]
    fn builds_of_one_run_share_its_key() {
        let run = Run::from_query(QUERY);
        assert_eq!(run.key(), Run { job: Some("other".into()), runner: None, ..run.clone() }.key());
        assert_ne!(run.key(), Run { attempt: Some(3), ..run.clone() }.key());
        assert_eq!(Run { attempt: None, ..run.clone() }.key(), Run { attempt: Some(1), ..run }.key());
        let stamped =
            |stamp: Option<&str>| Run { site: Some("s".into()), stamp: stamp.map(Into::into), ..Run::default() };
        assert_ne!(stamped(Some("1")).key(), stamped(Some("2")).key());
        assert_eq!(stamped(None).key(), None);
    }

    #[test]
    fn only_pages_are_linked() {
        let run = |url: &str| Run { url: Some(url.into()), ..Run::default() };
        assert_eq!(run("javascript:alert(1)").link(), None);
        assert!(run("https://ci.example.org/7").link().is_some());
        let odd = Run::from_query("provider=github&repository=a/b%3Fc&run=1");
        assert_eq!(odd.link(), None);
        assert_eq!(Run::from_query("provider=other&run=7").link(), None);
    }
}
