//! Spack's own index read in pieces of any size and rendered again; damaged ones refused.

use std::{collections::HashMap, fs, path::Path, sync::LazyLock};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::spec::Node;

/// The index that Spack 0.23 made of its 53 packages and one external dependency.
static SPACKS: LazyLock<String> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/mirror-v2/build_cache/index.json");
    fs::read_to_string(path).unwrap()
});

/// Feeds `bytes` in pieces of `size`.
fn read(bytes: &[u8], size: usize) -> Result<Vec<Record>, IndexError> {
    let mut reader = IndexReader::new();
    let mut records = Vec::new();
    for chunk in bytes.chunks(size) {
        reader.push(chunk);
        while let Some(record) = reader.next_record()? {
            records.push(record);
        }
    }
    reader.finish().map(|()| records)
}

fn render(version: DbVersion, records: &[Record]) -> String {
    let all: Vec<_> = records.iter().map(|r| record(version, &r.node, r.in_buildcache, None)).collect();
    format!("{}{}{}", header(version), all.join(SEPARATOR), footer())
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// An index around some records.
fn index(version: &str, installs: &str) -> String {
    format!(r#"{{"database":{{"version":{version},"installs":{installs}}}}}"#)
}

/// One record of Spack's index, with its key.
fn one_record() -> String {
    let records = read(SPACKS.as_bytes(), 1 << 20).unwrap();
    record(DbVersion::V7, &records[1].node, true, Some(2))
}

#[test]
fn spacks_index_comes_out_as_spack_wrote_it_but_for_the_counts() {
    let records = read(SPACKS.as_bytes(), 64 << 10).unwrap();
    assert_eq!(records.len(), 54);
    let rendered = render(DbVersion::V7, &records);
    let mut expected = value(&SPACKS);
    for (_, record) in expected["database"]["installs"].as_object_mut().unwrap() {
        record.as_object_mut().unwrap().remove("ref_count");
    }
    assert_eq!(value(&rendered), expected);
    assert_eq!(rendered, expected.to_string(), "in the same order too");
    assert_eq!(rendered, render(DbVersion::V7, &read(rendered.as_bytes(), 100).unwrap()));
}

#[test]
fn with_the_counts_it_is_spacks_index_byte_for_byte() {
    let records = read(SPACKS.as_bytes(), 64 << 10).unwrap();
    let mut counts = HashMap::new();
    for edge in records.iter().flat_map(|record| &record.node.dependencies) {
        *counts.entry(&edge.hash).or_insert(0) += 1;
    }
    let count = |node: &Node| Some(counts.get(&node.hash).copied().unwrap_or_default());
    let all: Vec<_> = records.iter().map(|r| record(DbVersion::V7, &r.node, r.in_buildcache, count(&r.node))).collect();
    assert_eq!(header(DbVersion::V7) + &all.join(SEPARATOR) + footer(), *SPACKS);
}

#[test]
fn the_size_of_the_pieces_does_not_matter() {
    let whole = read(SPACKS.as_bytes(), usize::MAX).unwrap();
    for size in [1, 2, 3, 7, 64, 1000, 4096] {
        assert!(read(SPACKS.as_bytes(), size).unwrap() == whole, "pieces of {size}");
    }
    let spread = serde_json::to_string_pretty(&value(&SPACKS)).unwrap();
    assert!(read(spread.as_bytes(), 13).unwrap() == whole, "with white space");
}

#[test]
fn spacks_index_in_the_v3_layouts_form() {
    let records = read(SPACKS.as_bytes(), 1 << 16).unwrap();
    let document = value(&render(DbVersion::V8, &records));
    assert_eq!(document["database"]["version"], "8");
    let node = &document["database"]["installs"]["rjsbs2wcromwrvwrsr3ctrxojaokif4e"]["spec"];
    assert_eq!(node["annotations"], json!({"original_specfile_version": 4, "compiler": "gcc@12.2.0"}));
    assert!(node.get("compiler").is_none());
    for version in [DbVersion::V8, DbVersion::V9] {
        let rendered = render(version, &records);
        let again = read(rendered.as_bytes(), 1 << 16).unwrap();
        assert_eq!(render(version, &again), rendered);
        assert_eq!(again[1].node.compiler, records[1].node.compiler);
    }
}

#[test]
fn every_version_is_read() {
    let fields = r#""version":"1.0","arch":{"platform":"linux","platform_os":"rhel8","target":"zen2"},
        "compiler":{"name":"gcc","version":"9.3.0"},"parameters":{}"#;
    let hash = "a".repeat(32);
    let other = "b".repeat(32);
    let v5 = format!(
        r#"{{"{hash}":{{"spec":{{"zlib":{{{fields},"dependencies":{{"cmake":{{"hash":"{other}","type":["build"]}}}}}}}},
            "path":"/x","installed":false,"ref_count":3,"explicit":true,"installation_time":1.5}}}}"#
    );
    let v6 = format!(
        r#"{{"{hash}":{{"spec":{{"name":"zlib",{fields},"dependencies":[{{"name":"cmake","build_hash":"{other}","type":["build"]}}]}},
            "in_buildcache":true}}}}"#
    );
    for (version, installs, in_buildcache) in [("\"5\"", v5, false), ("\"6\"", v6.clone(), true), ("6", v6, true)] {
        let records = read(index(version, &installs).as_bytes(), 10).unwrap();
        let [Record { node, in_buildcache: found }] = &records[..] else { panic!("one record") };
        assert_eq!((node.name.as_str(), node.hash.as_str(), *found), ("zlib", &*hash, in_buildcache), "{version}");
        assert_eq!(node.dependencies[0].hash.as_str(), other, "not resolved: the index has no full hashes");
    }
    assert!(read(index("\"7\"", "{}").as_bytes(), 10).unwrap().is_empty());
}

#[test]
fn external_packages_are_never_in_a_build_cache() {
    let node = &read(SPACKS.as_bytes(), 1 << 16).unwrap()[0].node;
    assert!(node.external.is_some());
    assert!(record(DbVersion::V7, node, true, None).ends_with(r#","in_buildcache":false}"#));
}

#[test]
fn a_node_without_a_compiler_gets_one_for_spack_before_1_0_only() {
    let json = r#"{"name":"compiler-wrapper","version":"1.0","arch":{"platform":"linux","platform_os":"rhel8","target":"zen2"},
        "annotations":{"original_specfile_version":5},"hash":"cccccccccccccccccccccccccccccccc"}"#;
    let node = Node::parse(json, SpecVersion::V5, None).unwrap();
    assert!(record(DbVersion::V7, &node, true, None).contains(r#""compiler":{"name":"none","version":"0"}"#));
    assert!(!record(DbVersion::V8, &node, true, None).contains("compiler\":"));
}

#[test]
fn what_is_around_the_records_does_not_matter() {
    let record = one_record();
    let text = format!(
        r#" {{"a":[{{"installs":{{}}}},"]}}"],"database":{{"x":"{}","version":"7","y":12,"installs":{{{record}}},"z":{{}}}},"b":true}} trailing {{"#,
        "long ".repeat(1000),
    );
    for size in [1, 5, 1 << 20] {
        assert_eq!(read(text.as_bytes(), size).unwrap().len(), 1, "pieces of {size}");
    }
}

#[test]
fn what_is_no_index_is_refused_with_a_reason() {
    let record = one_record();
    let deep = index("\"7\"", &format!("{{\"k\":{}", "[".repeat(1000)));
    let long = index("\"7\"", &format!("{{\"k\":{}", "9".repeat(1000)));
    let large = index("\"7\"", &format!("{{\"k\":\"{}\"}}", " ".repeat(MAX_RECORD_BYTES)));
    let good = index("\"7\"", &format!("{{{record}}}"));
    for (text, reason) in [
        ("", "cut short"),
        ("  ", "cut short"),
        (&good[..good.len() - 1], "cut short"),
        (&good[..good.len() / 2], "cut short"),
        ("<!DOCTYPE html>\n<html>", "web page"),
        ("Not found", "unexpected byte at 0"),
        ("[]", "unexpected byte at 0"),
        ("null", "unexpected byte at 0"),
        ("{}", "no `database`"),
        (r#"{"database":[]}"#, "unexpected byte at 12"),
        (r#"{"database":{"version":"7"}}"#, "no `database` with `installs`"),
        (r#"{"database":{"version":"7","installs":[]}}"#, "unexpected byte at 38"),
        (r#"{"database":{"version":,"installs":{}}}"#, "unexpected byte at 23"),
        (r#"{"database" {}}"#, "unexpected byte at 12"),
        (r#"{"a":1,}"#, "unexpected byte at 7"),
        (r#"{"a":1 "b":2}"#, "unexpected byte at 7"),
        (r#"{"database":{"installs":{}}}"#, "its version before"),
        (&format!(r#"{{"database":{{"installs":{{{record}}},"version":"7"}}}}"#), "its version before"),
        (&index("\"4\"", "{}"), "version \"4\" is not one"),
        (&index("10", "{}"), "version 10 is not one"),
        (&index("null", "{}"), "version null is not one"),
        (&deep, "deeper than 128"),
        (&long, "longer than 64"),
        (&large, "is longer than 4194304 bytes"),
    ] {
        for size in [1, 1 << 14, usize::MAX] {
            if size > 1 || text.len() < 1 << 16 {
                let error = read(text.as_bytes(), size).unwrap_err().to_string();
                assert!(error.contains(reason), "{error}: expected {reason}");
            }
        }
    }
}

#[test]
fn one_bad_record_does_not_hide_the_others() {
    let good = one_record();
    let bad = good.replace("\"version\":\"12.2.0\"", "\"version\":\"12:2\"");
    let text = index("\"7\"", &format!("{{{bad},\"no hash\":{{}},{good}}}"));
    let mut reader = IndexReader::new();
    reader.push(text.as_bytes());
    assert!(matches!(reader.next_record(), Err(IndexError::Record { .. })));
    assert!(matches!(reader.next_record(), Err(IndexError::Key(_))));
    assert_eq!(reader.version(), Some(7));
    assert!(reader.next_record().unwrap().is_some());
    assert!(reader.next_record().unwrap().is_none());
    reader.finish().unwrap();
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200), size in 1..50usize) {
        let _ = read(&bytes, size);
    }

    /// What a document consists of, in any order and cut anywhere.
    #[test]
    fn any_pieces_of_json_get_the_same_answer_however_they_arrive(
        pieces in prop::collection::vec(prop::sample::select(&[
            "{", "}", "[", "]", ",", ":", "\"", "\\", " ", "7", "null", "\"database\"", "\"version\"", "\"7\"", "\"installs\"",
            "{\"database\":{\"version\":\"7\",\"installs\":{", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":{", "\"spec\":{}",
        ][..]), 0..30),
        size in 1..20usize,
    ) {
        let text = pieces.concat();
        let answer = |size| format!("{:?}", read(text.as_bytes(), size));
        prop_assert_eq!(answer(size), answer(usize::MAX));
    }

    #[test]
    fn any_damage_gets_the_same_answer_however_it_arrives(
        at in any::<prop::sample::Index>(), length in 0..40usize, piece in r#"[\[\]{}",:a1 \\]{0,6}"#, size in 1..5000usize,
    ) {
        let start = at.index(4900);
        let text = [&SPACKS[..start], &piece, &SPACKS[start + length..5000]].concat();
        let answer = |size| format!("{:?}", read(text.as_bytes(), size));
        prop_assert_eq!(answer(size), answer(usize::MAX));
    }
}
