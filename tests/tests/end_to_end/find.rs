//! Queries in Spack's syntax: at `/specs?q=` and with `larder find`.

use std::{
    collections::BTreeSet,
    process::{Command, Output},
    time::{Duration, Instant},
};

use larder_shared::api::{ErrorCode, List, SpecSummary};
use larder_tests::{
    fixtures::{self, fixture},
    larder::{ADMIN, Larder},
    nginx::Site,
    package::{MadeUp, blob_path, index_of},
    program,
};
use serde_json::{Value, json};

/// A text as a parameter of a URL has it.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn larder_with_mirror() -> Larder {
    let larder = Larder::start();
    larder.push(&fixture("mirror-v2"), "m");
    larder
}

/// All that a query finds, read in pages of at most `limit`.
fn find(larder: &Larder, query: &str, limit: usize) -> Vec<SpecSummary> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page: List<SpecSummary> =
            larder.api(&format!("mirrors/m/specs?q={}&limit={limit}{cursor}", encoded(query)));
        assert!(page.items.len() <= limit, "{} items", page.items.len());
        found.extend(page.items);
        match page.next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

fn short_hashes<'a>(specs: impl IntoIterator<Item = &'a SpecSummary>) -> BTreeSet<String> {
    specs.into_iter().map(|spec| spec.hash.as_str()[..7].to_owned()).collect()
}

#[test]
fn what_is_found_is_what_spack_finds() {
    let larder = larder_with_mirror();
    let all = find(&larder, "*", 500);
    assert_eq!(all.len(), 53);
    assert!(all.is_sorted_by(|a, b| a.pushed >= b.pushed), "not the newest first");
    // The matcher is compared with Spack on every line; here, what leads to it.
    let verdicts = include_str!("../../../shared/fixtures/queries/spack-0.23.tsv").lines();
    let mut asked = 0;
    for line in verdicts.step_by(7) {
        let (query, met) = line.split_once('\t').unwrap();
        match met {
            _ if met.ends_with("recipes") => continue,
            "!" => {
                let path = format!("/api/v1/mirrors/m/specs?q={}", encoded(query));
                let error = larder.get(&path).send().expect_error(400);
                assert!(error.message.contains("at character"), "{query}: {}", error.message);
            }
            _ => {
                let all = short_hashes(&all);
                let expected = if met == "*" { all } else { met.split_whitespace().map(str::to_owned).collect() };
                assert_eq!(short_hashes(&find(&larder, query, 20)), expected, "{query}");
            }
        }
        asked += 1;
    }
    assert!(asked > 70, "{asked}");
}

#[test]
fn pages_follow_each_other_and_a_package_has_its_order() {
    let larder = larder_with_mirror();
    for version in ["1.2.11", "1.10", "1.9", "develop", "1.3"] {
        let package = MadeUp::new("zlib", version);
        for (path, body) in
            [(blob_path(&package.tarball), package.tarball.clone()), (package.spec_path(), package.spec_file())]
        {
            larder.put(&format!("/mirrors/m/{path}"), &body).token(ADMIN).send().expect(201);
        }
    }
    let found = find(&larder, "^zlib-api +shared", 2);
    assert_eq!(found.iter().map(|spec| &spec.hash).collect::<BTreeSet<_>>().len(), found.len(), "one came twice");
    assert_eq!(found, find(&larder, "^zlib-api +shared", 100));
    let versions = |query: &str| {
        let path = format!("mirrors/m/specs?package=zlib&q={}&limit=2", encoded(query));
        let first: List<SpecSummary> = larder.api(&path);
        let rest: List<SpecSummary> = larder.api(&format!("{path}&cursor={}", first.next.unwrap()));
        first.items.into_iter().chain(rest.items).map(|spec| spec.version).collect::<Vec<_>>()
    };
    assert_eq!(versions("@1.3:"), ["develop", "1.10", "1.9", "1.3.1"]);
    assert_eq!(versions("@:1.9"), ["1.9", "1.3.1", "1.3", "1.2.11"]);
}

#[test]
fn a_query_that_is_none_is_refused_with_the_place() {
    let larder = larder_with_mirror();
    for (query, character, message) in [
        ("hdf5 +", 6, "`+` wants a variant name after it."),
        ("hdf5 api='x", 10, "The quote that begins here is not closed."),
        ("hdf5\u{7}", 5, "The control character U+0007 has no place in a query."),
        ("'größe' @", 9, "`@` wants a version after it, such as `@1.14` or `@1.10:1.14`."),
        (&"a".repeat(5_000), 2_001, "A query has at most 2000 bytes."),
        (&"^".repeat(2_000), 1, "`^` wants a dependency after it: its name, or what else is asked of it."),
    ] {
        let error = larder.get(&format!("/api/v1/mirrors/m/specs?q={}", encoded(query))).send().expect_error(400);
        assert_eq!(error.code, ErrorCode::RequestInvalid);
        assert_eq!(error.message, format!("`q` has a fault at character {character}: {message}"));
    }
    let began = Instant::now();
    let answer = larder.get(&format!("/api/v1/mirrors/m/specs?q={}", "a".repeat(60_000))).send();
    assert!((400..500).contains(&answer.status) && began.elapsed() < Duration::from_secs(5), "{}", answer.status);
    // A thousand alternatives are one query.
    assert_eq!(find(&larder, &"a ".repeat(1_000), 100), []);
}

#[test]
fn a_private_mirror_tells_nothing_without_a_token() {
    let larder = larder_with_mirror();
    larder.ask("PATCH", "/api/v1/mirrors/m").token(ADMIN).body(br#"{"private": true}"#).send().expect(200);
    let path = "/api/v1/mirrors/m/specs?q=hdf5";
    larder.get(path).send().expect_error(401);
    larder.get("/api/v1/mirrors/m/specs?q=%2B").send().expect_error(401);
    larder.get(path).token(ADMIN).send().expect(200);
}

/// Specs of a large mirror: more than a page of a query may read.
const SPECS: usize = 5_000;

#[test]
fn a_large_mirror_is_looked_through_in_bounded_pages() {
    let (site, larder) = (Site::empty(), Larder::start());
    let node = |number: usize| -> Value {
        let mut node = MadeUp::new(&format!("package-{}", number / 4), &format!("1.{}", number % 4)).node();
        node["parameters"]["rare"] = json!(number == 7);
        node
    };
    fixtures::write(&site.root().join("build_cache/index.json"), &index_of(&(0..SPECS).map(node).collect::<Vec<_>>()));
    larder.make_mirror_of("m", &site.url());
    larder.post("/api/v1/mirrors/m/refresh", "").token(ADMIN).send().expect(200);
    let first: List<SpecSummary> = larder.api("mirrors/m/specs?q=%2Brare");
    assert!(first.items.is_empty() && first.next.is_some(), "5,000 nodes were read for one page");
    assert_eq!(find(&larder, "+rare", 100).len(), 1);
    // Columns narrow what has to be read.
    for (query, count) in [("package-7", 4), ("package-7@1.2", 1), ("package-7 package-8", 8), ("os=never", 0)] {
        let page: List<SpecSummary> = larder.api(&format!("mirrors/m/specs?q={}", encoded(query)));
        assert_eq!((page.items.len(), page.next), (count, None), "{query}");
    }
    let began = Instant::now();
    assert_eq!(find(&larder, "^nothing", 100), []);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

/// Runs `larder find`.
fn larder_find(larder: &Larder, arguments: &[&str]) -> Command {
    let mut command = program::command();
    command.env_remove("LARDER_TOKEN").env("LARDER_MIRROR", format!("http://{}/mirrors/m", larder.address()));
    command.arg("find").args(arguments);
    command
}

fn said(output: &Output, status: i32) -> (String, String) {
    assert_eq!(output.status.code(), Some(status), "{output:?}");
    (String::from_utf8(output.stdout.clone()).unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

#[test]
fn the_program_finds_specs() {
    let larder = larder_with_mirror();
    let run = |arguments: &[&str], status| said(&program::run(&mut larder_find(&larder, arguments)), status);

    let (table, _) = run(&["hdf5@1.14: +mpi target=x86_64_v3: %gcc@12 ^openmpi@5"], 0);
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["HASH", "SPEC", "TARGET", "SIZE", "AGE"]);
    assert_eq!(lines[1][..4], ["slmgyj5", "hdf5@1.14.5", "%gcc@12.2.0", "debian12-x86_64_v3"]);
    assert_eq!((lines.len(), lines[1].last()), (2, Some(&"now")));

    let (document, _) = run(&["--json", "^zlib"], 0);
    let specs: Vec<SpecSummary> = serde_json::from_str(&document).unwrap();
    assert_eq!(specs, find(&larder, "^zlib", 100));
    let (document, note) = run(&["--json", "^zlib", "--limit", "3"], 0);
    assert_eq!(serde_json::from_str::<Vec<SpecSummary>>(&document).unwrap(), specs[..3]);
    assert!(note.contains("--limit shows more"), "{note}");

    let (nothing, note) = run(&["hdf5+mpii"], 1);
    let hint = "hdf5 has no variant `mpii`. Did you mean `mpi`?\n  hdf5+mpii\n      ^^^^^";
    assert!(nothing.is_empty() && note.contains("No spec of") && note.contains(hint), "{note}");
    let (nothing, note) = run(&["--json", "hfd5"], 1);
    assert!(nothing.trim() == "[]" && note.contains("No package is called `hfd5`. Did you mean `hdf5`?"), "{note}");

    let (_, fault) = run(&["hdf5 +"], 2);
    assert_eq!(fault, "larder: `+` wants a variant name after it.\n  hdf5 +\n       ^\n");
    let (_, fault) = run(&[&"a".repeat(100_000)], 2);
    assert!(fault.starts_with("larder: A query has at most 2000 bytes."), "{fault}");
    assert!(fault.len() < 5_000, "{} bytes are said", fault.len());

    larder.ask("PATCH", "/api/v1/mirrors/m").token(ADMIN).body(br#"{"private": true}"#).send().expect(200);
    let (_, refused) = run(&["hdf5"], 1);
    assert!(refused.contains("no token was sent"), "{refused}");
    let (table, _) = run(&["hdf5", "--token", ADMIN], 0);
    assert!(table.contains("slmgyj5"), "{table}");
    let mut elsewhere = larder_find(&larder, &["hdf5", "--mirror", "http://127.0.0.1:9/mirrors/m"]);
    let (_, failed) = said(&program::run(&mut elsewhere), 1);
    assert!(failed.contains("cannot be reached"), "{failed}");
}
