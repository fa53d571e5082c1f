//! A catalogue finds what the matcher of whole specs finds, whatever the query.

use std::{collections::HashMap, rc::Rc};

use proptest::prelude::*;

use super::*;
use crate::{
    index::{
        catalogue::{Catalogue, Cursor, Entry, Signature, Writer},
        document::{IndexReader, Record},
    },
    name::DagHash,
    query::{Matcher, Query},
    spec::{Node, SpecFile},
};

const NOW: u64 = 1_763_000_000_000;

/// A finder of some records; each second is unsigned, and each is a day older than the one before.
fn finder(records: &[Record]) -> Finder {
    let mut writer = Writer::new();
    for (number, record) in (0..).zip(records) {
        let signature = if number % 2 == 0 { Signature::Signed } else { Signature::None };
        let pushed = NOW - number * 86_400_000;
        let size = Some(1000 + number);
        writer.add(&Entry { node: &record.node, is_package: record.in_buildcache, signature, size, pushed });
    }
    let tables = writer.finish(Cursor::default(), Cursor::default()).unwrap();
    let mut catalogue = Catalogue::new(tables.specs).unwrap();
    catalogue.add_edges(tables.edges).unwrap();
    catalogue.add_hashes(tables.hashes).unwrap();
    Finder::new(catalogue)
}

fn records() -> Vec<Record> {
    let mut reader = IndexReader::new();
    reader.push(include_bytes!("../../../tests/fixtures/mirror-v2/build_cache/index.json"));
    std::iter::from_fn(|| reader.next_record().unwrap()).collect()
}

/// The hashes that a finder finds, in order.
fn found(finder: &Finder, query: &Query) -> Vec<String> {
    let mut hashes: Vec<_> = finder.matching(query).into_iter().map(|row| finder.catalogue().hash(row)).collect();
    hashes.sort();
    hashes
}

/// The hashes that the matcher of whole specs finds, in order.
fn matched(records: &[Record], nodes: &mut HashMap<DagHash, Rc<Node>>, query: &Query) -> Vec<String> {
    let mut matcher = Matcher::new(query);
    let mut hashes = Vec::new();
    for record in records.iter().filter(|record| record.in_buildcache) {
        let Ok(is_met) = matcher.matches(&record.node, nodes);
        if is_met {
            hashes.push(record.node.hash.to_string());
        }
    }
    hashes.sort();
    hashes
}

fn nodes(records: &[Record]) -> HashMap<DagHash, Rc<Node>> {
    records.iter().map(|record| (record.node.hash.clone(), Rc::new(record.node.clone()))).collect()
}

#[test]
fn a_real_spacks_queries_find_what_whole_specs_say() {
    let records = records();
    let (finder, mut nodes) = (finder(&records), nodes(&records));
    let mut tried = 0;
    for line in include_str!("../../fixtures/queries/spack-0.23.tsv").lines() {
        let text = line.split('\t').next().unwrap();
        let Ok(query) = text.parse::<Query>() else { continue };
        assert_eq!(found(&finder, &query), matched(&records, &mut nodes, &query), "{text}");
        tried += 1;
    }
    assert!(tried > 400, "{tried}");
}

#[test]
fn later_formats_are_found_by_what_they_say() {
    let queries = [
        "%llvm",
        "%llvm@18",
        "%clang@18",
        "%c,cxx=llvm",
        "%cxx=clang@18",
        "%fortran=llvm",
        "%cxx@1",
        "%gcc",
        "^llvm",
        "^libc",
        "zlib-api",
        "zlib-api@1.3+compat target=:zen4",
        "zlib",
        "%c@17",
        "%c",
        "^c",
        "^[virtuals=c] gcc",
    ];
    for json in [include_str!("../../fixtures/v5.spec.json"), include_str!("../../fixtures/v6.spec.json")] {
        let file = SpecFile::parse(json.as_bytes()).unwrap();
        let records: Vec<Record> =
            file.nodes.iter().map(|node| Record { node: node.clone(), in_buildcache: true }).collect();
        let (finder, mut nodes) = (finder(&records), nodes(&records));
        for text in queries {
            let query = text.parse().unwrap();
            assert_eq!(found(&finder, &query), matched(&records, &mut nodes, &query), "{text}");
        }
    }
}

fn question(query: &str) -> Question {
    Question { query: query.to_owned(), limit: 50, ..Question::default() }
}

fn names(found: &Found) -> Vec<&str> {
    fn name(row: &Row) -> &str {
        match row {
            Row::Package(row) => &row.name,
            Row::Spec(row) => &row.name,
        }
    }
    found.rows.iter().map(name).collect()
}

#[test]
fn free_text_is_ranked_and_marked() {
    let finder = finder(&records());
    let all = finder.find(&question(""), NOW);
    assert_eq!((all.specs, all.total, &*all.words), (finder.specs(), finder.packages(), ""));
    for (text, first) in
        [("hdf", "hdf5"), ("hdf5", "hdf5"), ("hfd5", "hdf5"), ("opnmpi", "openmpi"), ("zlib", "zlib-ng")]
    {
        let found = finder.find(&question(text), NOW);
        assert!(
            names(&found).first().is_some_and(|name| name.starts_with(first) || first.starts_with(name)),
            "{text}: {:?}",
            names(&found)
        );
    }
    let found = finder.find(&question("ssl"), NOW);
    let Row::Package(row) = &found.rows[0] else { panic!("{found:?}") };
    assert_eq!((row.name.as_str(), &row.marks[..]), ("openssl", &[(4, 7)][..]));
    assert_eq!(found.words, "have `ssl` in their name");
}

#[test]
fn facets_count_what_a_choice_would_leave_and_say_it() {
    let finder = finder(&records());
    let mut chosen = 0;
    for text in ["", "hdf5", "os=debian12", "%gcc@12 ^openssl", "+shared", "target=x86_64_v3", "ssl"] {
        let found = finder.find(&question(text), NOW);
        for (key, value) in found.facets.iter().flat_map(|facet| facet.values.iter().map(|value| (&facet.key, value))) {
            let then = Question { query: value.query.clone(), facets: value.facets.clone(), ..question("") };
            let then = finder.find(&then, NOW);
            assert_eq!(then.problem, None, "{text}: {key} {}: {}", value.text, value.query);
            // Beside another value of the facet, both are found.
            let is_other = |facet: &&Facet| facet.key == *key && facet.values.iter().any(|one| one.ticked);
            let is_alone = key == "variants" || found.facets.iter().find(is_other).is_none();
            if !value.ticked && is_alone {
                assert_eq!(
                    then.specs, value.specs,
                    "{text}: {key} {}: `{}` `{}`",
                    value.text, value.query, value.facets
                );
                chosen += 1;
            }
            // What was chosen is ticked, and unticking it leads back.
            let facet = then.facets.iter().find(|facet| facet.key == *key);
            let again = facet.and_then(|facet| facet.values.iter().find(|other| other.text == value.text));
            if let Some(again) = again {
                assert_ne!(again.ticked, value.ticked, "{text}: {key} {}", value.text);
            }
        }
    }
    assert!(chosen > 60, "{chosen}");
}

#[test]
fn limits_narrow_beside_the_query() {
    let finder = finder(&records());
    let specs = |facets: &str| finder.find(&Question { facets: facets.to_owned(), ..question("") }, NOW).specs;
    assert!(specs("signed:yes") + specs("signed:no") == finder.specs());
    let recent = records().iter().take(7).filter(|record| record.in_buildcache).count();
    assert_eq!(specs("age:7d") as usize, recent);
    assert_eq!(specs("os:debian12,other"), finder.specs());
    assert_eq!(specs("os:other"), 0);
    let machine = Some(Machine { os: "debian12".to_owned(), target: "zen3".to_owned() });
    let fitting = finder.find(&Question { facets: "fits:yes".to_owned(), machine, ..question("") }, NOW);
    assert!(fitting.specs > 0 && fitting.fits == Some(fitting.specs) && fitting.specs < finder.specs());
}

#[test]
fn pages_follow_each_other_in_order() {
    let finder = finder(&records());
    for by in [By::Packages, By::Specs] {
        for sort in [Sort::Best, Sort::Name, Sort::Version, Sort::Size, Sort::Pushed, Sort::Specs, Sort::Compiler] {
            for descending in [false, true] {
                let all = finder.find(&Question { by, sort, descending, limit: 500, ..question("") }, NOW).rows;
                let mut joined = Vec::new();
                for offset in (0..60).step_by(7) {
                    let page = Question { by, sort, descending, offset, limit: 7, ..question("") };
                    joined.extend(finder.find(&page, NOW).rows);
                }
                assert_eq!(joined, all, "{by:?} {sort:?} {descending}");
            }
        }
    }
    let pushed = Question { by: By::Specs, sort: Sort::Pushed, descending: true, ..question("") };
    let Row::Spec(newest) = &finder.find(&pushed, NOW).rows[0] else { panic!("specs were asked for") };
    let first = records().iter().position(|record| record.in_buildcache).unwrap() as u64;
    assert_eq!(newest.pushed, (NOW - first * 86_400_000) / 60_000 * 60_000);
}

#[test]
fn faults_names_and_ways_are_told() {
    let finder = finder(&records());
    let fault = finder.find(&question("hdf5 +"), NOW);
    assert_eq!(fault.problem.unwrap().message, "`+` wants a variant name after it.");
    assert_eq!(fault.spans.len(), 2);
    let unknown = finder.find(&question("hdf5+mpii"), NOW);
    assert_eq!(unknown.unknown[0].message, "hdf5 has no variant `mpii`. Did you mean `mpi`?");
    let nearest = unknown.nearest.unwrap();
    assert_eq!((nearest.query.as_str(), nearest.without.as_str()), ("hdf5", "+mpii"));
    let nearest = finder.find(&question("hdf5 +mpi target=zen5"), NOW).nearest.unwrap();
    assert_eq!((nearest.query.as_str(), nearest.without.as_str(), nearest.specs), ("hdf5 +mpi", "target=zen5", 1));
    let built = finder.find(&Question { by: By::Specs, ..question("^openssl") }, NOW);
    for row in &built.rows {
        let Row::Spec(row) = row else { panic!("specs were asked for") };
        assert_eq!(row.through.last().map(String::as_str), Some("openssl"), "{row:?}");
    }
    assert!(built.specs > 1);
}

#[test]
fn what_may_stand_at_the_caret_is_told() {
    let finder = finder(&records());
    for (query, group, text) in [
        ("hdf", Group::Package, "hdf5"),
        ("hdf5 +m", Group::Variant, "mpi"),
        ("hdf5@", Group::Version, "1.14.5"),
        ("hdf5 %", Group::Compiler, "gcc@12"),
        ("hdf5 target=", Group::Target, "x86_64_v3"),
        ("hdf5 os=d", Group::Os, "debian12"),
        ("hdf5 ^openm", Group::Package, "openmpi"),
        ("hdf5 tar", Group::Key, "target="),
        ("hdf5 build_ty", Group::Variant, "build_type=Release"),
        ("hdf5 build_type=R", Group::Variant, "Release"),
    ] {
        let items = finder.complete(query, u32::try_from(query.len()).unwrap());
        let item = items.iter().find(|item| item.group == group && item.text == text);
        assert!(item.is_some() && items.len() <= 8, "{query}: {items:?}");
    }
}

#[test]
fn graphs_that_have_not_arrived_are_asked_for() {
    let mut writer = Writer::new();
    for record in &records() {
        let (node, is_package) = (&record.node, record.in_buildcache);
        writer.add(&Entry { node, is_package, signature: Signature::Unknown, size: None, pushed: 0 });
    }
    let tables = writer.finish(Cursor::default(), Cursor::default()).unwrap();
    let mut finder = Finder::new(Catalogue::new(tables.specs).unwrap());
    let found = finder.find(&question("hdf5 ^openmpi"), NOW);
    assert!(found.needs_edges && found.specs == 0);
    assert!(!finder.find(&question("hdf5 %gcc@12"), NOW).needs_edges, "a compiler is known without");
    finder.add_edges(tables.edges).unwrap();
    assert_eq!(finder.find(&question("hdf5 ^openmpi"), NOW).specs, 1);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(
        std::env::var("LARDER_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300)) })]

    #[test]
    fn any_text_is_answered(query in "\\PC{0,40}", facets in "[a-z:;,=7]{0,20}", caret in 0_u32..50) {
        thread_local! {
            static FINDER: Finder = finder(&records());
        }
        FINDER.with(|finder| {
            let found = finder.find(&Question { facets, by: By::Specs, ..question(&query) }, NOW);
            for span in &found.spans {
                prop_assert!(query.get(span.start as usize..span.end as usize).is_some());
            }
            finder.complete(&query, caret);
            Ok(())
        })?;
    }

    #[test]
    fn what_is_asked_of_graphs_is_found_as_in_whole_specs(
        root in "(hdf5|curl|\"[a-z]\"|\\*)?", version in "(@1:|@:3)?", variant in "( [+~](shared|mpi|ipo))?",
        direct in "( %(gcc@12|cmake|zlib-ng|mpi|c))?",
        dependency in "( \\^(\\[(deptypes=(build|link|run|build,link) ?)?(virtuals=(mpi|zlib-api|gmake))?\\] )?(openssl|zlib-api|mpi|zlib-ng@2|gmake|\"o\"|\\* +shared|cmake %gcc))?",
    ) {
        thread_local! {
            static ALL: (Vec<Record>, Finder) = { let records = records(); let finder = finder(&records); (records, finder) };
        }
        ALL.with(|(records, finder)| {
            if let Ok(query) = format!("{root}{version}{variant}{direct}{dependency}").parse::<Query>() {
                prop_assert_eq!(found(finder, &query), matched(records, &mut nodes(records), &query), "{}", query);
            }
            Ok(())
        })?;
    }
}
