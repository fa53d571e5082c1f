//! Where the builds ran: as the options say, as the CI's own variables say, as the reports say.
//!
//! ```text
//! GITHUB_REPOSITORY=octo-org/stack GITHUB_RUN_ID=1658821493 GITHUB_JOB=zen3   (GitHub Actions)
//! CI_PROJECT_PATH=octo-org/stack   CI_PIPELINE_ID=48       CI_JOB_NAME=zen3   (GitLab CI)
//! ```
//! Sources: GitHub's "Default environment variables", GitLab's "Predefined CI/CD variables".

use clap::Args;
use larder_shared::report::{Provider, Run};

/// What tells the run, where the CI's own variables do not.
#[derive(Debug, Args)]
#[command(next_help_heading = "The run (told by itself in GitHub Actions and GitLab CI)")]
pub(super) struct Identity {
    /// Whose CI it is: github, gitlab or other
    #[arg(long, value_name = "NAME", value_parser = provider)]
    provider: Option<Provider>,

    /// The repository whose pipeline ran, such as octo-org/stack
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Option<String>,

    /// The provider's number of the run
    #[arg(long, value_name = "ID")]
    run: Option<String>,

    /// Which attempt of the run it was, from 1
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,

    /// The job; jobs of a matrix have one name, so give each its own
    #[arg(long, value_name = "NAME")]
    job: Option<String>,

    /// The commit that was built from
    #[arg(long, value_name = "SHA")]
    commit: Option<String>,

    /// The git ref that was built from, such as refs/heads/main
    #[arg(long = "ref", value_name = "REF")]
    git_ref: Option<String>,

    /// The machine it ran on
    #[arg(long, value_name = "NAME")]
    runner: Option<String>,

    /// The page of the run, where it does not follow from the rest
    #[arg(long, value_name = "URL")]
    run_url: Option<String>,
}

fn provider(name: &str) -> Result<Provider, &'static str> {
    match name {
        "github" => Ok(Provider::Github),
        "gitlab" => Ok(Provider::Gitlab),
        "other" => Ok(Provider::Other),
        _ => Err("expected github, gitlab or other"),
    }
}

impl Identity {
    /// What the options say, and for the rest the CI's variables, which `variable` looks up.
    pub(super) fn read(&self, variable: impl Fn(&str) -> Option<String>) -> Run {
        let said = Run {
            provider: self.provider,
            repository: self.repository.clone(),
            id: self.run.clone(),
            attempt: self.attempt,
            job: self.job.clone(),
            commit: self.commit.clone(),
            git_ref: self.git_ref.clone(),
            runner: self.runner.clone(),
            url: self.run_url.clone(),
            ..Run::default()
        };
        said.or(of_ci(|name| variable(name).filter(|value| !value.trim().is_empty())))
    }
}

fn of_ci(variable: impl Fn(&str) -> Option<String>) -> Run {
    let is_set = |name| variable(name).is_some_and(|value| value == "true");
    if is_set("GITHUB_ACTIONS") {
        of_github(variable)
    } else if is_set("GITLAB_CI") {
        of_gitlab(variable)
    } else {
        Run::default()
    }
}

fn of_github(variable: impl Fn(&str) -> Option<String>) -> Run {
    let mut run = Run {
        provider: Some(Provider::Github),
        repository: variable("GITHUB_REPOSITORY"),
        id: variable("GITHUB_RUN_ID"),
        attempt: variable("GITHUB_RUN_ATTEMPT").and_then(|attempt| attempt.parse().ok()),
        job: variable("GITHUB_JOB"),
        commit: variable("GITHUB_SHA"),
        git_ref: variable("GITHUB_REF"),
        runner: variable("RUNNER_NAME"),
        ..Run::default()
    };
    // On a GitHub of one's own the page does not follow from the rest.
    if let (Some(server), Some(repository), Some(id)) = (variable("GITHUB_SERVER_URL"), &run.repository, &run.id)
        && server != "https://github.com"
    {
        run.url = Some(format!("{server}/{repository}/actions/runs/{id}/attempts/{}", run.attempt.unwrap_or(1)));
    }
    run
}

fn of_gitlab(variable: impl Fn(&str) -> Option<String>) -> Run {
    let git_ref = match (variable("CI_COMMIT_TAG"), variable("CI_COMMIT_REF_NAME")) {
        (Some(tag), _) => Some(format!("refs/tags/{tag}")),
        (None, Some(branch)) if !branch.starts_with("refs/") => Some(format!("refs/heads/{branch}")),
        (None, name) => name,
    };
    Run {
        provider: Some(Provider::Gitlab),
        repository: variable("CI_PROJECT_PATH"),
        id: variable("CI_PIPELINE_ID"),
        job: variable("CI_JOB_NAME"),
        commit: variable("CI_COMMIT_SHA"),
        git_ref,
        runner: variable("CI_RUNNER_DESCRIPTION"),
        url: variable("CI_PIPELINE_URL"),
        ..Run::default()
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, FromArgMatches as _};

    use super::*;

    fn read(options: &[&str], variables: &[(&str, &str)]) -> Run {
        let matches = Identity::augment_args(Command::new("x")).get_matches_from([&["x"], options].concat());
        let find =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Identity::from_arg_matches(&matches).unwrap().read(find)
    }

    const GITHUB: [(&str, &str); 9] = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "octo-org/stack"),
        ("GITHUB_RUN_ID", "1658821493"),
        ("GITHUB_RUN_ATTEMPT", "2"),
        ("GITHUB_JOB", "zen3"),
        ("GITHUB_SHA", "ab12"),
        ("GITHUB_REF", "refs/heads/main"),
        ("RUNNER_NAME", "r-1"),
    ];

    #[test]
    fn github_tells_its_run() {
        assert_eq!(
            read(&[], &GITHUB).to_query(),
            "provider=github&repository=octo-org%2Fstack&run=1658821493&attempt=2&job=zen3&commit=ab12&\
             ref=refs%2Fheads%2Fmain&runner=r-1"
        );
        let own = GITHUB
            .map(|(name, value)| (name, if name == "GITHUB_SERVER_URL" { "https://git.example.org" } else { value }));
        let link = "https://git.example.org/octo-org/stack/actions/runs/1658821493/attempts/2";
        assert_eq!(read(&[], &own).link().as_deref(), Some(link));
    }

    #[test]
    fn gitlab_tells_its_run() {
        let run = read(
            &[],
            &[
                ("GITLAB_CI", "true"),
                ("CI_PROJECT_PATH", "octo-org/stack"),
                ("CI_PIPELINE_ID", "48"),
                ("CI_PIPELINE_URL", "https://gitlab.example.org/octo-org/stack/-/pipelines/48"),
                ("CI_JOB_NAME", "zen3"),
                ("CI_COMMIT_REF_NAME", "main"),
                ("CI_COMMIT_TAG", ""),
            ],
        );
        assert_eq!((run.provider, run.git_ref.as_deref()), (Some(Provider::Gitlab), Some("refs/heads/main")));
        assert_eq!(run.link().as_deref(), Some("https://gitlab.example.org/octo-org/stack/-/pipelines/48"));
    }

    #[test]
    fn options_say_more_than_variables() {
        assert_eq!(read(&[], &[]), Run::default());
        let run = read(&["--job", "zen4", "--run-url", "https://ci.example.org/7"], &GITHUB);
        assert_eq!((run.job.as_deref(), run.id.as_deref()), (Some("zen4"), Some("1658821493")));
        assert_eq!(run.link().as_deref(), Some("https://ci.example.org/7"));
    }
}
