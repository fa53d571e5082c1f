use super::*;
use crate::report::Tool;

fn wanted(name: &str, version: &str, times: u64) -> Wanted {
    let (first, last) = (Timestamp::from_millis(0), Timestamp::from_millis(0));
    let hash = "slmgyj5aaaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap();
    let name = name.parse().unwrap();
    Wanted { hash, name, version: version.to_owned(), os: None, target: None, times, first, last }
}

fn cached(name: &str, newest: &str, pushed: u64) -> PackageSummary {
    PackageSummary {
        name: name.parse().unwrap(),
        newest: newest.to_owned(),
        versions: 1,
        specs: 1,
        targets: Vec::new(),
        systems: Vec::new(),
        bytes: 1,
        pushed: Timestamp::from_millis(pushed),
    }
}

fn failing(packages: &[&str], kind: Kind) -> FailureSummary {
    FailureSummary {
        signature: "0123456789abcdef".parse().unwrap(),
        message: "no".to_owned(),
        kind,
        tool: Tool::Unknown,
        phase: None,
        file: None,
        line: None,
        packages: packages.iter().map(|&package| package.to_owned()).collect(),
        package_count: packages.len() as u64,
        seen: 1,
        blocks: 0,
        first: Timestamp::from_millis(0),
        last: Timestamp::from_millis(0),
        last_build: 1,
        still_failing: true,
    }
}

fn names(names: &[&str]) -> Candidates {
    Candidates { names: names.iter().map(|name| name.parse().unwrap()).collect(), ..Candidates::default() }
}

/// `bad` changed then; `None` for since whenever it failed.
fn changed(when: Option<u64>) -> Candidates {
    let changed = BTreeMap::from([("bad".parse().unwrap(), when.map(Timestamp::from_millis))]);
    Candidates { changed, ..Candidates::default() }
}

/// `bad` broke at 1,000 ms.
fn known() -> Known {
    let broken = Broken { error: "error: no".to_owned(), last: Timestamp::from_millis(1000) };
    Known {
        wanted: vec![wanted("hdf5", "1.14.6", 3), wanted("bad", "1", 2), wanted("zlib", "", 1)],
        packages: vec![cached("zlib", "1.3", 2), cached("curl", "8.0", 1)],
        passing: vec![failing(&["slow"], Kind::Timeout)],
        broken: BTreeMap::from([("bad".to_owned(), broken)]),
        absent: ["bad", "perl", "ruby"].map(|name| name.parse().unwrap()).into(),
    }
}

fn by(reasons: &[Reason], candidates: Candidates) -> Vec<Suggestion> {
    suggest(&Question { count: 9, by: reasons.to_vec(), seed: 7, candidates }, &known())
}

fn specs(suggestions: &[Suggestion]) -> Vec<&str> {
    suggestions.iter().map(|suggestion| suggestion.spec.as_str()).collect()
}

#[test]
fn demand_comes_with_the_version_that_was_asked_for() {
    let suggestions = by(&[Reason::Demand], Candidates::default());
    assert_eq!(specs(&suggestions), ["hdf5@1.14.6", "zlib"]);
    assert_eq!(suggestions[0].why, "asked for 3 times and not there");
    assert_eq!(suggestions[1].why, "asked for once and not there");
}

#[test]
fn only_what_may_pass_is_tried_again() {
    let suggestions = by(&[Reason::Failures], Candidates::default());
    assert_eq!(specs(&suggestions), ["slow"]);
    assert_eq!(suggestions[0].why, "it took too long on 1970-01-01");
}

#[test]
fn what_changed_since_it_broke_is_no_longer_known_as_broken() {
    for when in [None, Some(1001)] {
        let suggestions = by(&[Reason::Failures], changed(when));
        assert_eq!(specs(&suggestions), ["bad", "slow"], "{when:?}");
        assert_eq!(suggestions[0].why, "its recipe changed since it failed: error: no");
        assert_eq!(specs(&by(&[Reason::Demand], changed(when))), ["hdf5@1.14.6", "bad@1", "zlib"]);
    }
    // A change that the failed build had already is none.
    for when in [Some(1000), Some(0)] {
        assert_eq!(specs(&by(&[Reason::Failures], changed(when))), ["slow"], "{when:?}");
    }
}

#[test]
fn a_version_that_is_named_is_missing_and_the_oldest_comes_first() {
    let suggestions = by(&[Reason::Age], names(&["bad@2", "curl@8.1", "ruby@3.4", "zlib@1.3.1"]));
    assert_eq!(specs(&suggestions), ["curl@8.1", "zlib@1.3.1"]);
    assert_eq!(suggestions[0].why, "the cache has only 8.0");
    assert_eq!(by(&[Reason::Age], names(&["zlib@1.3", "curl"])), []);
}

#[test]
fn what_is_drawn_is_not_there_and_not_broken() {
    let draw = |seed| {
        let question = Question { count: 9, by: vec![Reason::Random], seed, candidates: Candidates::default() };
        specs(&suggest(&question, &known())).join(" ")
    };
    let drawn: BTreeSet<_> = (0..64).map(draw).collect();
    assert_eq!(drawn, BTreeSet::from(["perl ruby".to_owned(), "ruby perl".to_owned()]));
    assert_eq!(draw(3), draw(3));
}

#[test]
fn reasons_are_taken_in_order_and_each_package_once() {
    let all = by(&[Reason::Failures, Reason::Age, Reason::Demand], names(&["zlib@1.3.1"]));
    assert_eq!(specs(&all), ["slow", "zlib@1.3.1", "hdf5@1.14.6"]);
    let question = Question { count: 2, by: Reason::ALL.to_vec(), seed: 0, candidates: Candidates::default() };
    assert_eq!(specs(&suggest(&question, &known())), ["hdf5@1.14.6", "zlib"]);
}

/// The first numbers of the generator's own authors for the seed 1234567.
#[test]
fn lots_are_those_of_splitmix() {
    let mut lot = lots(1_234_567);
    assert_eq!([lot(), lot()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
}
