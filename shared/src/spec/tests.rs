//! Every version read, converted and read again; real files of Spack 0.23 come out as they went in.

use std::{fs, path::Path};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{clearsign, digest::Digest, name::DagHash};

const V1: &str = include_str!("../../fixtures/v1.spec.json");
const V2: &str = include_str!("../../fixtures/v2.spec.json");
const V3: &str = include_str!("../../fixtures/v3.spec.json");
const V5: &str = include_str!("../../fixtures/v5.spec.json");
const V6: &str = include_str!("../../fixtures/v6.spec.json");
const SIGNED: &[u8] = include_bytes!("../../fixtures/hello-larder.spec.json.sig");

fn signed_v4() -> &'static str {
    clearsign::document(SIGNED).unwrap().json
}

fn parse(json: &str) -> SpecFile {
    SpecFile::parse(json.as_bytes()).unwrap()
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// The text of the error that a changed version 4 file gives.
fn refusal(change: impl FnOnce(&mut Value)) -> String {
    let mut document = value(signed_v4());
    change(&mut document);
    SpecFile::parse(document.to_string().as_bytes()).unwrap_err().to_string()
}

/// A 32-character hash of the fixtures.
fn hash(start: &str) -> DagHash {
    format!("{start:a<32}").parse().unwrap()
}

#[test]
fn every_file_of_a_real_mirror_comes_out_as_spack_wrote_it() {
    let mirror = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/mirror-v2/build_cache");
    let mut count = 0;
    for entry in fs::read_dir(mirror).unwrap() {
        let path = entry.unwrap().path();
        if !path.to_string_lossy().ends_with(".spec.json.sig") {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let json = clearsign::document(&bytes).unwrap().json;
        let spec = parse(json);
        let stem = path.file_name().unwrap().to_string_lossy();
        let root = spec.root();
        let expected = format!(
            "{}-{}-{}-{}-{}-{}-{}-{}.spec.json.sig",
            root.platform,
            root.os,
            root.target,
            root.compiler.as_ref().unwrap().name,
            root.compiler.as_ref().unwrap().version,
            root.name,
            root.version,
            root.hash
        );
        assert_eq!(stem, expected);
        assert_eq!((spec.version, spec.layout_number), (SpecVersion::V4, Some(2)), "{stem}");
        assert_eq!(spec.to_v2_document(&spec.tarball.unwrap()), json, "{stem}");
        for node in value(json)["spec"]["nodes"].as_array().unwrap() {
            let read = Node::parse(&node.to_string(), SpecVersion::V4, None).unwrap();
            assert_eq!(read.to_json(SpecVersion::V4), node.to_string(), "{stem}");
        }
        count += 1;
    }
    assert_eq!(count, 53);
}

#[test]
fn version_4_says_what_the_model_says() {
    let spec = parse(signed_v4());
    let root = spec.root();
    assert_eq!((root.name.as_str(), root.version.as_str()), ("hello-larder", "1.0"));
    assert_eq!((&*root.platform, &*root.os, &*root.target), ("linux", "debian12", "icelake"));
    assert_eq!(root.compiler.as_ref().unwrap().to_string(), "gcc@12.2.0");
    assert_eq!(root.namespace.as_deref(), Some("larderdemo"));
    assert_eq!(root.parameters, [("build_system".to_owned(), ParameterValue::Text("makefile".to_owned()))]);
    assert!(root.flags.is_empty() && root.external.is_none());
    let edges: Vec<_> =
        root.dependencies.iter().map(|e| (e.name.as_str(), e.kinds.to_string(), e.virtuals.join(","))).collect();
    let expected = [("gcc-runtime", "link", ""), ("glibc", "link", "libc"), ("gmake", "build", "")];
    assert_eq!(edges, expected.map(|(name, kinds, virtuals)| (name, kinds.to_owned(), virtuals.to_owned())));
    let glibc = spec.nodes.iter().find(|node| node.name.as_str() == "glibc").unwrap();
    assert_eq!(glibc.external, Some(External { path: Some("/usr".to_owned()), modules: Vec::new() }));
}

#[test]
fn version_1_is_read() {
    let spec = parse(V1);
    assert_eq!(spec.version, SpecVersion::V1);
    assert_eq!(spec.tarball, Some("0f".repeat(32).parse().unwrap()));
    assert_eq!(spec.layout_number, None);
    assert_eq!(spec.root().hash, hash("libpngone"));
    assert_eq!(spec.root().target, "skylake");
    assert_eq!(spec.root().dependencies[1].hash, hash("zlibone"));
    assert_eq!(spec.nodes[2].flags, [("cflags".to_owned(), vec!["-O2".to_owned(), "-g".to_owned()])]);
}

#[test]
fn version_2_edges_lead_to_the_node_with_that_full_or_build_hash() {
    let by_build_hash = V2.replace("build_hash", "other").replace("full_hash", "build_hash");
    for text in [V2, &by_build_hash] {
        let ends: Vec<_> = parse(text).root().dependencies.iter().map(|edge| edge.hash.clone()).collect();
        assert_eq!(ends, [hash("zlibtwo"), hash("cmaketwo")]);
    }
}

#[test]
fn version_3_is_read() {
    let spec = parse(V3);
    let root = spec.root();
    assert_eq!(root.compiler.as_ref().unwrap().to_string(), "clang@14.0.6");
    let fabrics = ParameterValue::List(vec!["ofi".to_owned(), "ucx".to_owned()]);
    assert_eq!(root.parameters[1], ("fabrics".to_owned(), fabrics));
    assert_eq!(root.dependencies[1].kinds.to_string(), "build,run");
    let modules = vec!["slurm/21.08".to_owned()];
    assert_eq!(spec.nodes[2].external, Some(External { path: Some("/opt/slurm".to_owned()), modules }));
}

#[test]
fn versions_5_and_6_name_the_compiler_they_depend_on() {
    for (text, version) in [(V5, SpecVersion::V5), (V6, SpecVersion::V6)] {
        let spec = parse(text);
        assert_eq!(spec.version, version);
        let compilers: Vec<_> = spec.nodes.iter().map(|node| node.compiler.as_ref().map(Compiler::to_string)).collect();
        // The package is called llvm, the compiler clang; the last node was a version 4 one.
        assert_eq!(compilers, [Some("clang@18.1.3".to_owned()), None, None, None, Some("gcc@13.2.0".to_owned())]);
        assert!(spec.root().dependencies[0].direct && !spec.root().dependencies[3].direct);
        let provided: &[&str] = if version == SpecVersion::V6 { &["zlib-api"] } else { &[] };
        assert_eq!(spec.root().provided_virtuals, provided);
        assert_eq!(spec.nodes[4].version.as_str(), "git.refs/heads/main=24.0");
        // A node by itself cannot know.
        let alone = Node::parse(&spec.root().to_json(version), version, None).unwrap();
        assert_eq!((&alone.compiler, alone.compiler_edge().unwrap().name.as_str()), (&None, "llvm"));
    }
}

#[test]
fn versions_5_and_6_come_out_as_they_went_in() {
    for text in [V5, V6] {
        assert_eq!(value(&parse(text).to_v3_document()), value(text));
        assert_eq!(parse(text).to_v3_document(), value(text).to_string(), "compact, in the same order");
    }
}

#[test]
fn version_4_becomes_5() {
    let document = value(&parse(signed_v4()).to_v3_document());
    let mut expected = value(signed_v4());
    expected["spec"]["_meta"]["version"] = 5.into();
    expected.as_object_mut().unwrap().remove("binary_cache_checksum");
    for node in expected["spec"]["nodes"].as_array_mut().unwrap() {
        node.as_object_mut().unwrap().remove("compiler");
        node["annotations"] = json!({"original_specfile_version": 4, "compiler": "gcc@12.2.0"});
    }
    assert_eq!(document, expected);
}

#[test]
fn version_5_becomes_4() {
    let tarball = Digest::of(b"");
    let text = parse(V6).to_v2_document(&tarball);
    let document = value(&text);
    assert_eq!(document["spec"]["_meta"]["version"], 4);
    assert_eq!(document["buildcache_layout_version"], 2);
    assert_eq!(document["binary_cache_checksum"], json!({"hash_algorithm": "sha256", "hash": tarball}));
    let nodes = &document["spec"]["nodes"];
    assert_eq!(nodes[0]["compiler"], json!({"name": "clang", "version": "18.1.3"}));
    assert_eq!(nodes[1]["compiler"], json!({"name": "none", "version": "0"}));
    assert_eq!(nodes[4]["compiler"], json!({"name": "gcc", "version": "13.2.0"}));
    assert!(!text.contains("annotations") && !text.contains("provided_virtuals") && !text.contains("direct"));
    assert!(text.lines().all(|line| line.len() < 200), "one token per line");
    let back = parse(&text);
    assert_eq!(back.tarball, Some(tarball));
    assert_eq!(back.nodes[0].dependencies.len(), 4);
}

#[test]
fn old_edges_take_the_new_shape() {
    for text in [V1, V2, V3] {
        let spec = parse(text);
        for document in [spec.to_v2_document(&Digest::of(b"")), spec.to_v3_document()] {
            let converted = parse(&document);
            for (old, new) in spec.nodes.iter().zip(&converted.nodes) {
                assert_eq!(old.dependencies, new.dependencies);
                assert_eq!((&old.compiler, &old.parameters, &old.flags), (&new.compiler, &new.parameters, &new.flags));
                assert_eq!((&old.external, &old.hash), (&new.external, &new.hash));
            }
            assert!(!document.contains("full_hash") && !document.contains("build_hash"));
        }
    }
    let annotations = &value(&parse(V3).to_v3_document())["spec"]["nodes"][0]["annotations"];
    assert_eq!(annotations, &json!({"original_specfile_version": 3, "compiler": "clang@14.0.6"}));
}

#[test]
fn unknown_fields_of_a_node_are_kept_and_those_of_the_file_are_not() {
    let mut document = value(signed_v4());
    document["architecture"] = "amd64".into();
    document["spec"]["nodes"][0]["flavour"] = json!({"a": [1.50, "\u{e9}"]});
    let spec = parse(&document.to_string());
    assert_eq!(value(&spec.to_v3_document())["spec"]["nodes"][0]["flavour"], json!({"a": [1.5, "é"]}));
    assert!(!spec.to_v3_document().contains("amd64"));
}

#[test]
fn an_index_key_stands_above_the_hash_of_the_node() {
    let node = parse(signed_v4()).root().to_json(SpecVersion::V4);
    let key = hash("key");
    assert_eq!(Node::parse(&node, SpecVersion::V4, Some(&key)).unwrap().hash, key);
    let without = node.replace(",\"hash\":\"rjsbs2wcromwrvwrsr3ctrxojaokif4e\"", "");
    assert_eq!(Node::parse(&without, SpecVersion::V4, Some(&key)).unwrap().hash, key);
    assert!(matches!(Node::parse(&without, SpecVersion::V4, None), Err(SpecError::MissingHash(_))));
}

#[test]
fn malformed_files_are_refused_with_a_reason() {
    let cut = &signed_v4()[..1000];
    let deep = format!("{{\"spec\":{}", "[".repeat(10_000));
    let long = signed_v4().replace(":0,", &format!(":{},", "9".repeat(5_000)));
    for (bytes, reason) in [
        (&b""[..], "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"spec:\n- zlib:\n    version: 1.2.11\n", "not JSON"),
        (b"<!DOCTYPE html><html></html>", "not JSON"),
        (cut.as_bytes(), "not JSON"),
        (deep.as_bytes(), "deeper than 128"),
        (long.as_bytes(), "longer than 64"),
        (b"[]", "not a spec"),
        (b"{}", "missing field `spec`"),
        (br#"{"spec":[]}"#, "no nodes"),
        (br#"{"spec":{"_meta":{"version":4},"nodes":[]}}"#, "no nodes"),
        (br#"{"spec":{"_meta":{"version":7},"nodes":[]}}"#, "version 7 is not one"),
        (br#"{"spec":{"_meta":{"version":4},"nodes":[]}} x"#, "trailing"),
        (br#"{"spec":{"_meta":{"version":4},"nodes":[{}]}}"#, "missing field `arch`"),
        (br#"{"spec":[{"zlib":{},"bzip2":{}}]}"#, "missing field `arch`"),
    ] {
        let error = SpecFile::parse(bytes).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}: expected {reason}");
    }
}

#[test]
fn malformed_nodes_are_refused_with_a_reason() {
    /// Changes the root; the second argument is what the error has to say.
    type Case = (fn(&mut Value), &'static str);
    let cases: [Case; 25] = [
        (|node| node["name"] = "../zlib".into(), "package name"),
        (|node| node["name"] = Value::Null, "null"),
        (|node| node["version"] = "1.0+x".into(), "a version of letters"),
        (|node| node["version"] = "9".repeat(300).into(), "a version of letters"),
        (|node| node["version"] = 1.into(), "integer"),
        (|node| node["hash"] = "short".into(), "DAG hash"),
        (|node| node["hash"] = Value::Null, "has no hash"),
        (|node| node["hash"] = "bwhvedyrmjmhx2bjrx7tfwmzlypytfoh".into(), "two nodes have the hash"),
        (|node| node["concrete"] = false.into(), "not concrete"),
        (|node| node["arch"] = "linux".into(), "arch"),
        (|node| node["arch"]["target"] = json!({"vendor": "x"}), "missing field `name`"),
        (|node| node["arch"]["platform"] = "".into(), "1 to 255 bytes"),
        (|node| node["arch"]["platform_os"] = "a\nb".into(), "control characters"),
        (|node| node["compiler"] = json!({"name": "gcc"}), "missing field `version`"),
        (|node| node["compiler"]["version"] = "12:13".into(), "a version of letters"),
        (|node| node["parameters"]["shared"] = 1.into(), "a boolean, a text"),
        (|node| node["parameters"]["shared"] = "a,b".into(), "a text without commas"),
        (|node| node["parameters"]["cflags"] = "-O2".into(), "parameters"),
        (|node| node["patches"] = Value::Null, "patches"),
        (|node| node["patches"] = json!(["none"]), "not a sha256 digest"),
        (|node| (node["patches"], node["parameters"]["patches"]) = (json!([]), true.into()), "`patches` is no list"),
        (|node| node["versions"] = "1.0".into(), "not concrete"),
        (|node| node["dependencies"][0]["parameters"]["deptypes"] = json!(["built"]), "`build`, `link`"),
        (|node| node["dependencies"][0]["parameters"] = Value::Null, "missing field `parameters`"),
        (|node| node["dependencies"][0]["hash"] = "a".repeat(32).into(), "not in the spec file"),
    ];
    for (change, reason) in cases {
        let error = refusal(|document| change(&mut document["spec"]["nodes"][0]));
        assert!(error.contains(reason), "{error}: expected {reason}");
    }
    let error = refusal(|document| document["binary_cache_checksum"]["hash_algorithm"] = "md5".into());
    assert!(error.contains("sha256"), "{error}");
    let error = refusal(|document| {
        let nodes = document["spec"]["nodes"].as_array_mut().unwrap();
        let node = nodes[3].clone();
        nodes.resize(MAX_NODES + 1, node);
    });
    assert!(error.contains("more than 20000 nodes"), "{error}");
}

#[test]
fn compilers_of_annotations() {
    for (text, compiler) in [
        ("gcc@12.2.0", Some("gcc@12.2.0")),
        ("gcc@=12.2.0", Some("gcc@12.2.0")),
        ("gcc@=12.2.0 arch=linux-debian12-zen2", Some("gcc@12.2.0")),
        ("gcc", None),
        ("@12", None),
        ("gcc@1:2", None),
        ("", None),
    ] {
        assert_eq!(Compiler::from_annotation(text).map(|c| c.to_string()).as_deref(), compiler, "{text}");
    }
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = SpecFile::parse(&bytes);
    }

    /// Real files with a piece replaced.
    #[test]
    fn any_damage_gets_an_answer(
        which in 0..6usize, at in any::<prop::sample::Index>(), length in 0..40usize, piece in r#"[\[\]{}",:a1 \\]{0,6}"#,
    ) {
        let text = [V1, V2, V3, signed_v4(), V5, V6][which];
        let start = at.index(text.len());
        let end = (start + length).min(text.len());
        let damaged = [&text.as_bytes()[..start], piece.as_bytes(), &text.as_bytes()[end..]].concat();
        if let Ok(spec) = SpecFile::parse(&damaged) {
            parse(&spec.to_v2_document(&Digest::of(b"")));
            parse(&spec.to_v3_document());
        }
        for version in SpecVersion::ALL {
            let _ = Node::parse(&String::from_utf8_lossy(&damaged), version, None);
        }
    }
}
