//! Words for what became of builds: outcomes, kinds of failures, tools, runs.
//!
//! ```text
//! 1 built, 5 failed, 1 blocked      octo-org/stack 1658821493, attempt 2      missing header
//! ```

use larder_shared::{
    api::report::{BuildSummary, Counts, FailureSummary},
    report::{Kind, Provider, Run, Status, Tool},
};

use crate::format;

/// Every kind of failure, by what the URL and people call it.
pub const KINDS: [(Kind, &str, &str); 15] = [
    (Kind::Compile, "compile", "compile"),
    (Kind::MissingHeader, "missing_header", "missing header"),
    (Kind::UndefinedReference, "undefined_reference", "undefined reference"),
    (Kind::Link, "link", "link"),
    (Kind::Configure, "configure", "configure"),
    (Kind::Fetch, "fetch", "fetch"),
    (Kind::Checksum, "checksum", "checksum"),
    (Kind::Patch, "patch", "patch"),
    (Kind::Test, "test", "test"),
    (Kind::DependencyFailed, "dependency_failed", "dependency failed"),
    (Kind::Resource, "resource", "resources ran out"),
    (Kind::Timeout, "timeout", "timeout"),
    (Kind::MissingTool, "missing_tool", "missing tool"),
    (Kind::Recipe, "recipe", "recipe"),
    (Kind::Other, "other", "other"),
];

/// What people call a kind of failure.
pub fn kind_word(kind: Kind) -> &'static str {
    KINDS.iter().find(|(known, ..)| *known == kind).map_or("other", |(_, _, word)| word)
}

/// What a failure of this kind does to `package`, after its name: `hdf5 does not compile`.
pub const fn kind_sentence(kind: Kind) -> &'static str {
    match kind {
        Kind::Compile => "does not compile",
        Kind::MissingHeader => "misses a header or module",
        Kind::UndefinedReference | Kind::Link => "does not link",
        Kind::Configure => "cannot be configured",
        Kind::Fetch => "cannot be fetched",
        Kind::Checksum => "has another checksum",
        Kind::Patch => "cannot be patched",
        Kind::Test => "fails its tests",
        Kind::DependencyFailed => "waits for what failed",
        Kind::Resource => "ran out of resources",
        Kind::Timeout => "took too long",
        Kind::MissingTool => "misses a tool",
        Kind::Recipe => "has a recipe that raises",
        Kind::Other => "fails",
    }
}

/// What people call a program.
pub const fn tool_word(tool: Tool) -> &'static str {
    match tool {
        Tool::Gcc => "gcc",
        Tool::Clang => "clang",
        Tool::Gfortran => "gfortran",
        Tool::Nvcc => "nvcc",
        Tool::Nvhpc => "nvhpc",
        Tool::OneApi => "oneAPI",
        Tool::Ld => "ld",
        Tool::Lld => "lld",
        Tool::Make => "make",
        Tool::Cmake => "cmake",
        Tool::Ctest => "ctest",
        Tool::Autoconf => "configure",
        Tool::Meson => "meson",
        Tool::Ninja => "ninja",
        Tool::Pip => "pip",
        Tool::Python => "Python",
        Tool::Cargo => "cargo",
        Tool::Go => "go",
        Tool::Git => "git",
        Tool::Curl => "curl",
        Tool::Patch => "patch",
        Tool::Shell => "the shell",
        Tool::Spack => "Spack",
        Tool::System => "the system",
        Tool::Unknown => "unknown",
    }
}

/// The order in which sentences count outcomes.
const COUNTED: [Status; 5] = [Status::Built, Status::Failed, Status::Blocked, Status::Unknown, Status::Reused];

/// `1 built, 5 failed, 1 blocked`; outcomes that did not happen are left out.
pub fn counts_sentence(counts: &Counts) -> String {
    let happened = COUNTED.into_iter().filter(|status| counts.of(*status) > 0);
    let parts: Vec<String> =
        happened.map(|status| format!("{} {}", format::count(counts.of(status)), status.as_str())).collect();
    if parts.is_empty() { "no builds".to_owned() } else { parts.join(", ") }
}

/// What a row of cells says to who hears it: `In order: 1 built, 4 failed, 1 blocked`.
pub fn cells_sentence(statuses: impl IntoIterator<Item = Status>) -> String {
    let mut groups: Vec<(Status, usize)> = Vec::new();
    for status in statuses {
        match groups.last_mut() {
            Some((last, count)) if *last == status => *count += 1,
            _ => groups.push((status, 1)),
        }
    }
    let words: Vec<String> = groups.iter().map(|(status, count)| format!("{count} {}", status.as_str())).collect();
    format!("In order: {}", words.join(", "))
}

/// What a run is called: by its provider's number, by CDash's site, or by its number here.
pub fn run_name(run: &Run, id: u64) -> String {
    match (&run.repository, &run.id, &run.site) {
        (Some(repository), Some(number), _) => format!("{repository} {number}"),
        (None, Some(number), _) => format!("run {number}"),
        (_, None, Some(site)) => site.clone(),
        (Some(repository), None, None) => repository.clone(),
        (None, None, None) => format!("run {id}"),
    }
}

/// What more is known of a run than its name: attempt, branch or tag, stamp.
pub fn run_details(run: &Run) -> Vec<String> {
    let mut details = Vec::new();
    if let Some(attempt) = run.attempt.filter(|attempt| *attempt > 1) {
        details.push(format!("attempt {attempt}"));
    }
    if let Some(git_ref) = &run.git_ref {
        details.push(branch(git_ref).to_owned());
    }
    if run.id.is_none()
        && let Some(stamp) = &run.stamp
    {
        details.push(stamp.clone());
    }
    details
}

/// `refs/heads/main` as people say it: `main`.
pub fn branch(git_ref: &str) -> &str {
    git_ref.strip_prefix("refs/heads/").or_else(|| git_ref.strip_prefix("refs/tags/")).unwrap_or(git_ref)
}

/// Where a link to a run leads, in a word.
pub const fn provider_word(provider: Option<Provider>) -> &'static str {
    match provider {
        Some(Provider::Github) => "GitHub",
        Some(Provider::Gitlab) => "GitLab",
        Some(Provider::Other) | None => "its provider",
    }
}

/// Spack's version as a report signs it, without its name: `0.23.0.dev0 (249598f)`.
pub fn spack_version(generator: &str) -> String {
    let version = generator.strip_prefix("spack-").unwrap_or(generator);
    match version.split_once(" (") {
        Some((version, commit)) => format!("{version} ({})", format::short_hash(commit.trim_end_matches(')'))),
        None => version.to_owned(),
    }
}

/// How long a build took; CDash documents that do not know it begin and end in the same second.
pub fn took(build: &BuildSummary) -> Option<String> {
    build.took_millis.filter(|millis| *millis > 0).map(format::duration)
}

/// `solver.c:4`; `None` when the error is in no file.
pub fn place(file: Option<&str>, line: Option<u64>) -> Option<String> {
    let file = file?;
    Some(line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}")))
}

/// The last part of a file's path with its line, for a narrow cell.
pub fn short_place(failure: &FailureSummary) -> Option<String> {
    let file = failure.file.as_deref()?;
    place(Some(file.rsplit('/').next().unwrap_or(file)), failure.line)
}

/// What stopped a build, with its place: `solver.c:4 expected ',' or ';' before 'for'`.
pub fn what_stopped(build: &BuildSummary) -> Option<String> {
    let message = build.message.as_deref()?;
    Some(match place(build.file.as_deref(), build.line) {
        Some(place) => format!("{place} {message}"),
        None => message.to_owned(),
    })
}

/// The builds of a run as its table lists them: the failed ones with what each blocks below it, then
/// unknown, built and reused.
///
/// Gives indices of `builds`, and whether the build stands below its cause. What blocks is sought by
/// its package, or by the shared failure.
pub fn by_outcome(builds: &[BuildSummary]) -> Vec<(usize, bool)> {
    let of = |status: Status| (0..builds.len()).filter(move |index| builds[*index].status == status);
    let is_cause = |cause: &BuildSummary, blocked: &BuildSummary| {
        blocked.blocked_by.as_deref() == Some(cause.package.as_str())
            || (blocked.signature.is_some() && blocked.signature == cause.signature)
    };
    let mut order: Vec<(usize, bool)> = Vec::with_capacity(builds.len());
    let mut placed = vec![false; builds.len()];
    for cause in of(Status::Failed) {
        order.push((cause, false));
        for blocked in of(Status::Blocked) {
            if !placed[blocked] && is_cause(&builds[cause], &builds[blocked]) {
                placed[blocked] = true;
                order.push((blocked, true));
            }
        }
    }
    order.extend(of(Status::Blocked).filter(|index| !placed[*index]).map(|index| (index, false)));
    for status in [Status::Unknown, Status::Built, Status::Reused] {
        order.extend(of(status).map(|index| (index, false)));
    }
    order
}

/// Failures as a list in Markdown, for a message or an issue.
pub fn markdown_of(failures: &[&FailureSummary], url_of: &dyn Fn(&FailureSummary) -> String) -> String {
    let line = |failure: &&FailureSummary| {
        let place = short_place(failure).map_or_else(String::new, |place| format!(", {}", in_markdown(&place)));
        format!(
            "- [{}]({}): {} {}{place}, seen {}, blocks {}\n",
            in_markdown(&failure.message),
            url_of(failure),
            in_markdown(failure.packages.first().map_or("", String::as_str)),
            kind_word(failure.kind),
            failure.seen,
            failure.blocks,
        )
    };
    failures.iter().map(line).collect()
}

/// Links to failures, one a line.
pub fn links_of(failures: &[&FailureSummary], url_of: &dyn Fn(&FailureSummary) -> String) -> String {
    failures.iter().map(|failure| url_of(failure) + "\n").collect()
}

/// Text in which Markdown finds nothing to do.
fn in_markdown(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for letter in crate::format::visible(text).chars() {
        if "\\`*_[]<>#|~".contains(letter) {
            written.push('\\');
        }
        written.push(letter);
    }
    written
}

#[cfg(test)]
mod tests {
    use larder_shared::api::Timestamp;

    use super::*;

    fn build(package: &str, status: Status, blocked_by: Option<&str>) -> BuildSummary {
        BuildSummary {
            id: 1,
            package: package.into(),
            spec: package.into(),
            hash: None,
            status,
            phase: None,
            kind: None,
            message: None,
            file: None,
            line: None,
            signature: None,
            blocked_by: blocked_by.map(Into::into),
            run: 1,
            job: None,
            started: None,
            took_millis: None,
            received: Timestamp::from_millis(0),
            warnings: 0,
            log_bytes: None,
        }
    }

    #[test]
    fn kinds_have_the_names_of_the_api() {
        for (kind, name, word) in KINDS {
            assert_eq!(serde_json::to_value(kind).unwrap(), name);
            assert_eq!(kind_word(kind), word);
        }
    }

    #[test]
    fn outcomes_are_counted_in_words() {
        let counts = Counts { built: 1, failed: 1_200, blocked: 0, unknown: 2, reused: 0 };
        assert_eq!(counts_sentence(&counts), "1 built, 1,200 failed, 2 unknown");
        assert_eq!(counts_sentence(&Counts::default()), "no builds");
        let cells = [Status::Built, Status::Failed, Status::Failed, Status::Built];
        assert_eq!(cells_sentence(cells), "In order: 1 built, 2 failed, 1 built");
    }

    #[test]
    fn runs_are_called_by_what_is_known() {
        let github = Run::from_query("provider=github&repository=octo-org/stack&run=165&attempt=2&ref=refs/heads/main");
        assert_eq!(run_name(&github, 3), "octo-org/stack 165");
        assert_eq!(run_details(&github), ["attempt 2", "main"]);
        let cdash = Run { site: Some("gha".into()), stamp: Some("20261120-1606-Nightly".into()), ..Run::default() };
        assert_eq!(run_name(&cdash, 3), "gha");
        assert_eq!(run_details(&cdash), ["20261120-1606-Nightly"]);
        assert_eq!(run_name(&Run::default(), 3), "run 3");
        assert_eq!(spack_version("spack-0.23.0.dev0 (249598ff68ad)"), "0.23.0.dev0 (249598f)");
        assert_eq!(spack_version("1.0"), "1.0");
    }

    #[test]
    fn what_is_blocked_stands_below_its_cause() {
        let builds = [
            build("ok", Status::Built, None),
            build("first", Status::Failed, None),
            build("second", Status::Failed, None),
            build("app", Status::Blocked, Some("first")),
            build("lost", Status::Blocked, Some("elsewhere")),
            build("maybe", Status::Unknown, None),
        ];
        let order = by_outcome(&builds);
        let names: Vec<&str> = order.iter().map(|(index, _)| builds[*index].package.as_str()).collect();
        assert_eq!(names, ["first", "app", "second", "lost", "maybe", "ok"]);
        assert_eq!(order.iter().filter(|(_, is_below)| *is_below).count(), 1);
    }

    #[test]
    fn failures_are_copied_as_markdown_and_as_links() {
        let failure: FailureSummary = serde_json::from_value(serde_json::json!({
            "signature": "0123456789abcdef", "message": "expected ';' before `x` [-W]\nnext", "kind": "compile",
            "tool": "gcc", "phase": "build", "file": "/src/a_b.c", "line": 4, "packages": ["hdf5", "netcdf-c"],
            "package_count": 2, "seen": 3, "blocks": 1, "first": "2026-11-20T16:06:00Z",
            "last": "2026-11-21T16:06:00Z", "last_build": 9, "still_failing": true
        }))
        .unwrap();
        let url_of = |failure: &FailureSummary| format!("https://l.example/{}", failure.signature);
        assert_eq!(
            markdown_of(&[&failure], &url_of),
            "- [expected ';' before \\`x\\` \\[-W\\]\\\\u{a}next](https://l.example/0123456789abcdef): hdf5 compile, \
             a\\_b.c:4, seen 3, blocks 1\n"
        );
        assert_eq!(links_of(&[&failure, &failure], &url_of), "https://l.example/0123456789abcdef\n".repeat(2));
        assert_eq!(markdown_of(&[], &url_of), "");
    }
}
