//! Rules by which a mirror trusts CI jobs that hold no token of Larder's.
//!
//! ```json
//! {"repository": "octo-org/octo-repo", "ref": "refs/heads/main", "scopes": ["push"]}
//! ```

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::Scope;
use crate::oidc::Claims;

/// Jobs of GitHub Actions that a mirror trusts, and what it lets them do. All that a rule names must
/// fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrustRule {
    /// The repository the job runs in: `owner/name`, or `owner/*` for all of an owner's.
    pub repository: RepositoryPattern,
    /// The git ref that started it, such as `refs/heads/main`, or `refs/tags/v*` for all that begin
    /// so; any when left out, pull requests included.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub git_ref: Option<RefPattern>,
    /// The deployment environment the job names; any when left out, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What such a job may do; at least one.
    #[serde(deserialize_with = "at_least_one")]
    pub scopes: Vec<JobScope>,
}

/// What a job can be trusted with: everything but `admin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum JobScope {
    /// Read a private mirror.
    Pull,
    /// Upload packages and keys, and read.
    Push,
    /// Hand in build reports.
    Report,
}

impl From<JobScope> for Scope {
    fn from(scope: JobScope) -> Self {
        match scope {
            JobScope::Pull => Self::Pull,
            JobScope::Push => Self::Push,
            JobScope::Report => Self::Report,
        }
    }
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<JobScope>, D::Error> {
    let scopes = Vec::<JobScope>::deserialize(deserializer)?;
    if scopes.is_empty() {
        return Err(D::Error::custom("`scopes` of a trust rule names none of `pull`, `push`, `report`"));
    }
    Ok(scopes)
}

impl TrustRule {
    /// Whether the job that made these claims is meant.
    pub fn fits(&self, claims: &Claims) -> bool {
        self.repository.fits(&claims.repository)
            && self.git_ref.as_ref().is_none_or(|pattern| pattern.fits(&claims.git_ref))
            && self.environment.as_ref().is_none_or(|wanted| claims.environment.as_ref() == Some(wanted))
    }
}

/// What the rules that fit a job let it do, each scope once.
pub fn granted(rules: &[TrustRule], claims: &Claims) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = rules
        .iter()
        .filter(|rule| rule.fits(claims))
        .flat_map(|rule| &rule.scopes)
        .map(|&scope| scope.into())
        .collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {rule}")]
pub struct InvalidPattern {
    text: String,
    rule: &'static str,
}

impl InvalidPattern {
    fn new(text: &str, rule: &'static str) -> Self {
        Self { text: text.chars().take(80).collect(), rule }
    }
}

/// A repository, or all of an owner's: `owner/name`, `owner/*`. GitHub's names have no case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RepositoryPattern(String);

impl TryFrom<String> for RepositoryPattern {
    type Error = InvalidPattern;

    fn try_from(text: String) -> Result<Self, InvalidPattern> {
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        match text.split_once('/') {
            Some((owner, name)) if is_name(owner) && (name == "*" || is_name(name)) => Ok(Self(text)),
            _ => Err(InvalidPattern::new(&text, "a repository such as `owner/name` or `owner/*`")),
        }
    }
}

impl RepositoryPattern {
    fn fits(&self, repository: &str) -> bool {
        match (self.0.strip_suffix("/*"), repository.split_once('/')) {
            (Some(wanted), Some((owner, _))) => owner.eq_ignore_ascii_case(wanted),
            _ => self.0.eq_ignore_ascii_case(repository),
        }
    }
}

/// A git ref, or all that begin with something: `refs/heads/main`, `refs/tags/v*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RefPattern(String);

impl TryFrom<String> for RefPattern {
    type Error = InvalidPattern;

    fn try_from(text: String) -> Result<Self, InvalidPattern> {
        let beginning = text.strip_suffix('*').unwrap_or(&text);
        if beginning.starts_with("refs/") && !beginning.contains('*') {
            Ok(Self(text))
        } else {
            Err(InvalidPattern::new(&text, "a git ref such as `refs/heads/main` or `refs/tags/v*`"))
        }
    }
}

impl RefPattern {
    fn fits(&self, git_ref: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => git_ref.starts_with(beginning),
            None => self.0 == git_ref,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn rule(rule: &Value) -> Result<TrustRule, serde_json::Error> {
        serde_json::from_value(rule.clone())
    }

    #[test]
    fn a_rule_fits_the_jobs_it_names() {
        let mut claims = crate::oidc::tests::claims();
        claims["environment"] = json!("production");
        let claims: Claims = serde_json::from_value(claims).unwrap();
        for (pattern, fits) in [
            (json!({ "repository": "octo-org/octo-repo" }), true),
            (json!({ "repository": "Octo-Org/Octo-Repo" }), true),
            (json!({ "repository": "octo-org/*" }), true),
            (json!({ "repository": "octo-org/octo" }), false),
            (json!({ "repository": "octo-org/octo-repo2" }), false),
            (json!({ "repository": "octo/*" }), false),
            (json!({ "repository": "octo-org2/*" }), false),
            (json!({ "repository": "octo-org/*", "ref": "refs/heads/main" }), true),
            (json!({ "repository": "octo-org/*", "ref": "refs/heads/*" }), true),
            (json!({ "repository": "octo-org/*", "ref": "refs/heads/m*" }), true),
            (json!({ "repository": "octo-org/*", "ref": "refs/heads/mai" }), false),
            (json!({ "repository": "octo-org/*", "ref": "refs/heads/Main" }), false),
            (json!({ "repository": "octo-org/*", "ref": "refs/tags/*" }), false),
            (json!({ "repository": "octo-org/*", "environment": "production" }), true),
            (json!({ "repository": "octo-org/*", "environment": "staging" }), false),
            (json!({ "repository": "other/x", "environment": "production" }), false),
        ] {
            let mut pattern = pattern;
            pattern["scopes"] = json!(["push"]);
            assert_eq!(rule(&pattern).unwrap().fits(&claims), fits, "{pattern}");
        }
        let bare: Claims = serde_json::from_value(crate::oidc::tests::claims()).unwrap();
        let named = json!({ "repository": "octo-org/*", "environment": "production", "scopes": ["push"] });
        assert!(!rule(&named).unwrap().fits(&bare));
    }

    #[test]
    fn scopes_of_all_rules_that_fit_are_granted() {
        let claims: Claims = serde_json::from_value(crate::oidc::tests::claims()).unwrap();
        let rules = [("octo-org/*", "report"), ("octo-org/octo-repo", "pull"), ("octo-org/*", "pull"), ("a/b", "push")];
        let rules =
            rules.map(|(repository, scope)| rule(&json!({ "repository": repository, "scopes": [scope] })).unwrap());
        assert_eq!(granted(&rules, &claims), [Scope::Pull, Scope::Report]);
        assert_eq!(granted(&rules[3..], &claims), []);
    }

    #[test]
    fn a_rule_that_says_too_much_or_nothing_is_refused() {
        for bad in [
            json!({ "scopes": ["push"] }),
            json!({ "repository": "octo-org/octo-repo" }),
            json!({ "repository": "octo-org/octo-repo", "scopes": [] }),
            json!({ "repository": "octo-org/octo-repo", "scopes": ["admin"] }),
            json!({ "repository": "octo-org/octo-repo", "scopes": ["push"], "branch": "main" }),
            json!({ "repository": "*", "scopes": ["push"] }),
            json!({ "repository": "*/*", "scopes": ["push"] }),
            json!({ "repository": "octo*/x", "scopes": ["push"] }),
            json!({ "repository": "octo-org/octo-*", "scopes": ["push"] }),
            json!({ "repository": "octo-org/a/b", "scopes": ["push"] }),
            json!({ "repository": "octo-org/", "scopes": ["push"] }),
            json!({ "repository": "", "scopes": ["push"] }),
            json!({ "repository": "octo-org/*", "ref": "main", "scopes": ["push"] }),
            json!({ "repository": "octo-org/*", "ref": "*", "scopes": ["push"] }),
            json!({ "repository": "octo-org/*", "ref": "refs/*/main", "scopes": ["push"] }),
        ] {
            assert!(rule(&bad).is_err(), "{bad}");
        }
        let good = json!({ "repository": "o/r", "ref": "refs/heads/main", "environment": "e", "scopes": ["pull"] });
        assert_eq!(serde_json::to_value(rule(&good).unwrap()).unwrap(), good);
    }
}
