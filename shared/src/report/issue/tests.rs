use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::{
    api::{Timestamp, report::Counts},
    report::{Excerpt, Kind, Run, Signature, Status, Tool},
};

const PAGE: &str = "https://larder.example.org/m/stack/-/failures/0123456789abcdef";

fn failure(lines: Vec<String>, error: usize) -> Failure {
    let message = "fatal error: hdf5_not_here.h: No such file or directory".to_owned();
    Failure {
        package: Some("h5bench".into()),
        phase: Some("build".into()),
        kind: Kind::MissingHeader,
        tool: Tool::Gcc,
        file: Some("io.c".into()),
        line: Some(1),
        signature: Signature::new(Kind::MissingHeader, None, Some("io.c"), &message),
        message,
        log_line: Some(40),
        excerpt: Excerpt { first_line: Some(39), error, lines },
    }
}

fn build(spec: &str) -> BuildSummary {
    BuildSummary {
        id: 7,
        package: "h5bench".into(),
        spec: spec.into(),
        hash: Some("rjsbs2wqv3abqwvc6kmumz3ksqwzlcbl".into()),
        status: Status::Failed,
        phase: Some("build".into()),
        kind: Some(Kind::MissingHeader),
        message: None,
        file: None,
        line: None,
        signature: None,
        blocked_by: None,
        run: 3,
        job: Some("zen3".into()),
        started: None,
        took_millis: None,
        received: Timestamp::from_millis(0),
        warnings: 0,
        log_bytes: None,
    }
}

fn run() -> RunSummary {
    let query = "provider=github&repository=octo-org%2Fstack&run=1658821493&runner=r-1&commit=ab12";
    let run = Run { generator: Some("spack-0.23.0 (1a2b3c)".into()), ..Run::from_query(query) };
    RunSummary {
        id: 3,
        link: run.link(),
        run,
        started: Timestamp::from_millis(0),
        last: Timestamp::from_millis(0),
        counts: Counts::default(),
        pushed: 0,
        cells: vec![],
    }
}

fn lines() -> Vec<String> {
    ["gcc -c io.c", "io.c:1:10: fatal error: hdf5_not_here.h: No such file or directory", "compilation terminated."]
        .map(str::to_owned)
        .to_vec()
}

fn query(url: &str) -> HashMap<String, String> {
    let (_, query) = url.split_once('?').unwrap();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Whether all is made of what a URL may hold, every `%` followed by two digits.
fn is_well_formed(url: &str) -> bool {
    let bytes = url.as_bytes();
    let is_allowed = |b: &u8| b.is_ascii_alphanumeric() || b"-._~:/?&=%+*".contains(b);
    bytes.iter().all(is_allowed)
        && bytes
            .iter()
            .enumerate()
            .filter(|(_, b)| **b == b'%')
            .all(|(at, _)| bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

#[test]
fn spacks_form_is_filled_in() {
    let issue =
        issue(&Recipes::default(), &failure(lines(), 1), &build("h5bench +mpi %gcc@12"), Some(&run()), Some(PAGE));
    assert!(
        issue.url.starts_with("https://github.com/spack/spack-packages/issues/new?template=build_error.yml&title=")
    );
    assert!(is_well_formed(&issue.url), "{}", issue.url);
    let query = query(&issue.url);
    assert_eq!(query["title"], "Installation issue: h5bench");
    assert_eq!(
        query["reproduce"],
        "```console\n$ spack spec -I h5bench +mpi %gcc@12\n$ spack install h5bench +mpi %gcc@12\n```"
    );
    assert_eq!(
        query["error"],
        "`fatal error: hdf5_not_here.h: No such file or directory` in `io.c:1`\n\n\
         <details><summary>Error message</summary>\n\n```text\n   39     gcc -c io.c\n\
         >> 40     io.c:1:10: fatal error: hdf5_not_here.h: No such file or directory\n   41     compilation terminated.\n```\n\n</details>"
    );
    assert_eq!(
        query["information"],
        "* **Spack:** `spack-0.23.0 (1a2b3c)`\n* **Compiler:** `gcc@12`\n* **Machine:** `r-1`\n* **Built from:** `octo-org/stack`\n\
         * **Commit:** `ab12`\n* **Job:** `zen3`\n* **Run:** <https://github.com/octo-org/stack/actions/runs/1658821493>"
    );
    assert!(query["additional_information"].contains(&format!("<{PAGE}>")), "{query:?}");
    for value in ["reproduce", "error", "information", "additional_information"] {
        assert!(issue.markdown.contains(&query[value]), "{value} is not in the Markdown");
    }
}

#[test]
fn other_repositories_get_a_plain_issue_in_their_own_way() {
    for (recipes, start, body) in [
        ("octo-org/recipes", "https://github.com/octo-org/recipes/issues/new?title=", "body"),
        ("https://codeberg.org/a/b", "https://codeberg.org/a/b/issues/new?title=", "body"),
        ("https://gitlab.com/a/b/c", "https://gitlab.com/a/b/c/-/issues/new?issue%5Btitle%5D=", "issue[description]"),
    ] {
        let issue = issue(&recipes.parse().unwrap(), &failure(lines(), 1), &build("h5bench"), Some(&run()), None);
        assert!(issue.url.starts_with(start), "{}", issue.url);
        assert_eq!(query(&issue.url)[body], issue.markdown);
    }
    let fork = issue(&"me/spack-packages".parse().unwrap(), &failure(lines(), 1), &build("x"), Some(&run()), None);
    assert!(fork.url.contains("/me/spack-packages/issues/new?template="), "{}", fork.url);
}

#[test]
fn a_long_excerpt_is_cut_on_line_ends_around_the_error() {
    let lines: Vec<_> = (0..400).map(|line| format!("line {line} of a long log, with some text in it")).collect();
    let issue = issue(&Recipes::default(), &failure(lines.clone(), 200), &build("h5bench"), Some(&run()), Some(PAGE));
    assert!(issue.url.len() <= MAX_URL_BYTES && issue.url.len() > MAX_URL_BYTES - 200, "{}", issue.url.len());
    let error = &query(&issue.url)["error"];
    assert!(error.contains(">> 239    line 200 of"), "{error}");
    assert!(error.contains(&format!(
        "Lines of this excerpt were left out, because a link carries only so much. All of it: <{PAGE}>"
    )));
    let block = error.split("```").nth(1).unwrap();
    let shown: Vec<_> = block.lines().skip(1).collect();
    assert!(shown.len() > 40 && shown.iter().all(|line| line.ends_with("in it")), "{block}");
    let before = shown.iter().position(|line| line.starts_with(">>")).unwrap();
    assert!(before.abs_diff(shown.len() - 1 - before) <= 1, "{before} of {}", shown.len());
    assert!(!issue.markdown.contains("left out") && lines.iter().all(|line| issue.markdown.contains(line)));
}

#[test]
fn nothing_that_a_report_says_is_markup_or_pings() {
    let hostile = "````\n</details> @octocat octo-org/repo#1 \u{202e}<script>";
    let mut failure = failure(vec![hostile.into(), "`".repeat(9)], 0);
    failure.message = format!("{hostile}`");
    failure.file = Some("@octocat".into());
    failure.package = Some("@octocat #1".into());
    let mut run = run();
    run.run.commit = Some(hostile.into());
    run.link = Some("https://github.com/octo-org/repo/issues/1".into());
    let spec = "h5bench; rm -rf ~ `id` $(id) 'x'";
    let issue = issue(&Recipes::default(), &failure, &build(spec), Some(&run), Some("https://x.example/`/@octocat"));
    assert_eq!(issue.title, "Installation issue: octocat1");
    assert!(issue.markdown.contains(r"$ spack install 'h5bench; rm -rf ~ `id` $(id) '\''x'\'''"), "{}", issue.markdown);
    assert!(issue.markdown.contains("``````````text\n"), "{}", issue.markdown);
    assert!(!issue.markdown.contains('\u{202e}'));
    // What is left when code is taken out, as CommonMark reads it.
    let mut prose = String::new();
    let mut rest = issue.markdown.as_str();
    while let Some(at) = rest.find('`') {
        prose.push_str(&rest[..at]);
        let ticks = rest[at..].chars().take_while(|c| *c == '`').count();
        let code = &rest[at + ticks..];
        let fence = "`".repeat(ticks);
        let mut end = None;
        let mut from = 0;
        while let Some(found) = code[from..].find(&fence) {
            let run = code[from + found..].chars().take_while(|c| *c == '`').count();
            if run == ticks {
                end = Some(from + found + run);
                break;
            }
            from += found + run;
        }
        rest = &code[end.unwrap_or_else(|| panic!("code does not end: {}", issue.markdown))..];
    }
    prose.push_str(rest);
    for sign in ["@", "#1", "script", "octo-org", "issues/1"] {
        assert!(!prose.contains(sign), "{sign} is in {prose}");
    }
}

#[test]
fn only_quiet_links_are_links() {
    for url in ["https://ci.example.org/7?a=b", "https://github.com/a/b/actions/runs/7/attempts/2"] {
        assert_eq!(link(url), Some(format!("<{url}>")));
    }
    for url in [
        "https://github.com/a/b/pull/1",
        "https://github.com/a/b/actions/runs/../../issues/1",
        "https://www.github.com/a/b/issues/1",
        "https://me@github.com/a/b/actions/runs/7",
    ] {
        assert_eq!(link(url), Some(format!("`{url}`")));
    }
    assert_eq!(link("https://x.example/<b>"), None);
    assert_eq!(link(&format!("https://x.example/{}", "a".repeat(800))), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_link_is_never_too_long_and_always_has_the_error(
        lines in prop::collection::vec("(?s).{0,300}|`{0,400}|'{0,400}", 0..60),
        error in 0..60_usize,
        message in "(?s).{0,3000}|`{0,3000}",
        spec in "(?s).{0,2000}|'{0,2000}",
        value in "(?s).{0,600}|`{0,600}",
        package in "(?s).{0,300}",
        recipes in prop::sample::select(vec!["spack/spack-packages", "a/b", "https://gitlab.com/a/b", "https://git.example.org/a/b"]),
    ) {
        let mut failure = failure(lines, error);
        failure.message = message;
        failure.file = Some(value.clone());
        failure.phase = Some(value.clone());
        failure.package = Some(package);
        let mut run = run();
        run.run = Run { runner: Some(value.clone()), commit: Some(value.clone()), repository: Some(value.clone()), revision: Some(value.clone()), ..run.run };
        run.link = Some(format!("https://ci.example.org/{value}"));
        let mut build = build(&spec);
        build.job = Some(value);
        let issue = issue(&recipes.parse().unwrap(), &failure, &build, Some(&run), Some(PAGE));
        prop_assert!(issue.url.len() <= MAX_URL_BYTES, "{}", issue.url.len());
        prop_assert!(is_well_formed(&issue.url), "{}", issue.url);
        let marked = excerpt(&failure);
        let line = cut(&marked.marked[marked.error], MAX_TEXT_BYTES);
        let query = query(&issue.url);
        let shown = query.values().any(|value| value.lines().any(|shown| shown == line));
        prop_assert!(shown, "{line} is not in {query:?}");
        for line in &marked.marked {
            prop_assert!(issue.markdown.contains(line.as_str()));
        }
    }
}
