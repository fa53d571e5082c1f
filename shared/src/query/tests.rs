//! Every example of Spack's own matching that is on record, and the laws a query language keeps.

use std::{collections::HashMap, fs, path::Path, rc::Rc};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    clearsign,
    name::DagHash,
    spec::{Node, SpecFile},
};

type Graph = HashMap<DagHash, Rc<Node>>;

fn query(text: &str) -> Query {
    text.parse().unwrap_or_else(|error: QueryError| panic!("{error}\n{}", error.marked(text)))
}

fn matches(text: &str, root: &Node, graph: &mut Graph) -> bool {
    let Ok(is_met) = Matcher::new(&query(text)).matches(root, graph);
    is_met
}

fn graph(file: &SpecFile) -> Graph {
    file.nodes.iter().map(|node| (node.hash.clone(), Rc::new(node.clone()))).collect()
}

/// A hash for a package, made of the letters of its name.
fn hash(name: &str) -> String {
    let letters: String = name.chars().filter(char::is_ascii_lowercase).collect();
    format!("{letters:a<32}")
}

/// A node of Spack 0.23; edges are name, types and virtual package.
fn node(name: &str, version: &str, parameters: &Value, edges: &[(&str, &str, &str)]) -> Value {
    let dependencies: Vec<_> = edges
        .iter()
        .map(|(name, kinds, provided)| {
            let virtuals: Vec<_> = [*provided].into_iter().filter(|name| !name.is_empty()).collect();
            let kinds: Vec<_> = kinds.split(',').collect();
            json!({"name": name, "hash": hash(name), "parameters": {"deptypes": kinds, "virtuals": virtuals}})
        })
        .collect();
    json!({
        "name": name, "version": version, "namespace": "builtin", "parameters": parameters,
        "arch": {"platform": "linux", "platform_os": "ubuntu22.04", "target": "zen2"},
        "compiler": {"name": "gcc", "version": "12.3.0"}, "dependencies": dependencies, "hash": hash(name),
    })
}

/// The spec that Spack 0.23 was asked about; its hash is `hdfaa...`.
fn hdf5() -> SpecFile {
    let variants = json!({"api": "default", "build_system": "cmake", "build_type": "Release", "cxx": false, "mpi": true,
        "shared": true, "cflags": ["-O2", "-g"]});
    let needs = [("cmake", "build", ""), ("openmpi", "build,link", "mpi"), ("zlib-ng", "build,link", "zlib-api")];
    let document = json!({"spec": {"_meta": {"version": 4}, "nodes": [
        node("hdf5", "1.14.3", &variants, &needs),
        node("cmake", "3.27.9", &json!({"build_type": "Release"}), &[("curl", "build,link", "")]),
        node("curl", "8.4.0", &json!({}), &[]),
        node("openmpi", "4.1.6", &json!({"cuda": false, "fabrics": ["ucx", "verbs"]}), &[("hwloc", "build,link", "")]),
        node("hwloc", "2.9.1", &json!({}), &[]),
        node("zlib-ng", "2.1.6", &json!({"compat": true, "opt": true}), &[]),
    ]}});
    SpecFile::parse(document.to_string().as_bytes()).unwrap()
}

/// Queries about [`hdf5`], and Spack 0.23's answers.
const ABOUT_HDF5: &[(&str, bool)] = &[
    ("hdf5@1.14", true),
    ("hdf5@=1.14", false),
    ("hdf5@:1.14", true),
    ("hdf5@:1.14.2", false),
    ("hdf5@1.10,1.14", true),
    ("@1.14", true),
    ("hdf5%gcc@12", true),
    ("hdf5%gcc@=12", false),
    ("hdf5%gcc@11:12", true),
    ("hdf5%clang", false),
    ("hdf5+mpi", true),
    ("hdf5 -mpi", false),
    ("hdf5-mpi", false),
    ("hdf5++mpi", true),
    ("hdf5+nope", false),
    ("hdf5~nope", false),
    ("hdf5 mpi=True", true),
    ("hdf5 api=v18", false),
    ("hdf5 api==default", true),
    ("hdf5 api=*", true),
    ("hdf5 build_type=release", false),
    ("hdf5 cflags=-O2", true),
    ("hdf5 cflags='-g -O2'", true),
    ("hdf5 cflags='-O2 -g -w'", false),
    ("hdf5 cxxflags=-O2", false),
    ("builtin.hdf5", true),
    ("other.hdf5", false),
    ("HDF5", false),
    ("hdf5 platform=darwin", false),
    ("hdf5 target=zen2", true),
    ("hdf5 target=x86_64", false),
    ("hdf5 target=x86_64:", true),
    ("hdf5 target=x86_64_v3:", true),
    ("hdf5 target=:zen3", true),
    ("hdf5 target=zen3:", false),
    ("hdf5 target=haswell:", false),
    ("hdf5 target=zen,zen2", true),
    ("hdf5 os=centos8", false),
    ("hdf5 arch=linux-None-zen2", true),
    ("hdf5 arch=linux-ubuntu22.04-x86_64:", true),
    ("hdf5 ^zlib-api", true),
    ("hdf5 ^mpi", true),
    ("hdf5 ^mpi@4:", false),
    ("hdf5 ^openmpi@4", true),
    ("hdf5 ^mpich", false),
    ("hdf5 ^cmake", true),
    ("hdf5 ^curl", true),
    ("hdf5 ^[virtuals=mpi] openmpi", true),
    ("hdf5 ^[virtuals=lapack] openmpi", false),
    ("hdf5 ^openmpi fabrics=verbs,ucx", true),
    ("hdf5 ^openmpi fabrics=ucx,ofi", false),
    ("hdf5 ^openmpi %clang", false),
    ("hdf5 ^openmpi~cuda ^zlib-ng+opt", true),
    ("hdf5 ^lapack", false),
    ("/hdfaaaa", true),
    ("/zzz", false),
    ("mpi", false),
];

/// Queries about [`hdf5`] that Spack 0.23 refuses or answers another way, and why that is so here.
const BEYOND_SPACK: &[(&str, bool, &str)] = &[
    ("hdf5 ^mpi@3:", false, "which mpi openmpi provides is in its recipe alone"),
    ("hdf5 %cmake", true, "a direct dependency, as in Spack 1.x"),
    ("hdf5 %cmake@3.27 %gcc@12", true, "several"),
    ("hdf5 %cmake@3.26", false, "a direct dependency of another version"),
    ("hdf5 %curl", false, "curl is cmake's, not hdf5's"),
    ("hdf5 %mpi", true, "a direct dependency provides it"),
    ("hdf5 %%gcc", true, "passed on, as in Spack 1.1"),
    ("hdf5 %c,cxx=gcc@12", true, "the compiler of all languages"),
    ("hdf5 %[virtuals=c] gcc", true, "the same, written out"),
    ("hdf5 %mpi=openmpi", true, "a direct provider"),
    ("hdf5 %mpi=cmake", false, "cmake provides no mpi"),
    ("hdf5 ^mpi=openmpi@4", true, "short for [virtuals=mpi]"),
    ("hdf5 ^mpi=mpich", false, "another provider"),
    ("hdf5 ^build_type=Release", false, "that is a package Release which provides build_type"),
    ("hdf5 ^build_type='Release'", true, "in quotes it is a variant of some dependency"),
    ("hdf5 ^[deptypes=build] cmake", true, "needed to build"),
    ("hdf5 ^[deptypes=run] cmake", false, "not needed to run"),
    ("hdf5 ^[deptypes=link,run virtuals=mpi] openmpi", true, "one of the types will do"),
    ("hdf5 ^openmpi fabrics:=verbs,ucx", true, "all values and no others"),
    ("hdf5 ^openmpi fabrics:=ucx", false, "there is one more"),
    ("hdf5 zlib-ng", true, "two specs, of which it is one"),
    ("zlib-ng hdf5", true, "in any order"),
    ("zlib-ng openmpi", false, "it is none of them"),
    ("\"DF\"", true, "text is a part of the name, in any case"),
    ("'df5' +mpi", true, "and goes with the rest"),
    ("\"df6\"", false, "another text"),
    ("*", true, "any spec"),
    ("* +mpi", true, "any with mpi"),
    ("", true, "nothing is asked"),
    (" \t\n", true, "nothing is asked"),
];

#[test]
fn spacks_table_of_matches_holds() {
    let file = hdf5();
    let mut graph = graph(&file);
    for &(text, expected) in ABOUT_HDF5 {
        assert_eq!(matches(text, file.root(), &mut graph), expected, "{text}");
    }
    for &(text, expected, why) in BEYOND_SPACK {
        assert_eq!(matches(text, file.root(), &mut graph), expected, "{text}: {why}");
    }
}

#[test]
fn later_formats_match_by_what_they_say() {
    let v5 = include_str!("../../fixtures/v5.spec.json");
    let v6 = include_str!("../../fixtures/v6.spec.json");
    for (json, text, expected) in [
        (v5, "%llvm", true),
        (v5, "%llvm@18", true),
        (v5, "%clang@18", true),
        (v5, "%c,cxx=llvm", true),
        (v5, "%cxx=clang@18", true),
        (v5, "%fortran=llvm", false),
        (v5, "%cxx@1", false),
        (v5, "%gcc", false),
        (v5, "^llvm", true),
        (v5, "^libc", true),
        (v5, "zlib-api", false),
        (v6, "zlib-api", true),
        (v6, "zlib-api@1.3+compat target=:zen4", true),
        (v6, "zlib", false),
        (v6, "%c@17", true),
    ] {
        let file = SpecFile::parse(json.as_bytes()).unwrap();
        assert_eq!(matches(text, file.root(), &mut graph(&file)), expected, "{text}");
    }
}

/// Every package of the fixture mirror with its graph.
fn mirror() -> Vec<SpecFile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/mirror-v2/build_cache");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let specs = paths.filter(|path| path.to_string_lossy().ends_with(".spec.json.sig"));
    let parse = |path| SpecFile::parse(clearsign::document(&fs::read(path).unwrap()).unwrap().json.as_bytes()).unwrap();
    specs.map(parse).collect()
}

#[test]
fn a_real_spack_gives_the_same_verdicts() {
    let files = mirror();
    let mut nodes: Graph = files.iter().flat_map(graph).collect();
    let mut verdicts = 0;
    for line in include_str!("../../fixtures/queries/spack-0.23.tsv").lines() {
        let mut fields = line.split('\t');
        let (text, met, needs_recipes) = (fields.next().unwrap(), fields.next().unwrap(), fields.next().is_some());
        let parsed = text.parse::<Query>();
        if met == "!" {
            assert!(parsed.is_err(), "Spack refuses `{text}`");
            continue;
        }
        let query = parsed.unwrap_or_else(|error| panic!("{error}\n{}", error.marked(text)));
        // One matcher for all, so that what it remembers is put to the test.
        let mut matcher = Matcher::new(&query);
        for root in files.iter().map(SpecFile::root) {
            let Ok(ours) = matcher.matches(root, &mut nodes);
            let spacks =
                met == "*" || met.split(' ').any(|hash| root.hash.as_str().starts_with(hash) && !hash.is_empty());
            // Without recipes some is not found, but nothing is that Spack does not find.
            assert!(ours == spacks || needs_recipes && spacks, "`{text}`: {} is {spacks} in Spack", root.name);
            let head = Head { name: root.name.as_str(), version: &root.version, os: &root.os, target: &root.target };
            assert!(!ours || query.may_match(&head), "`{text}`: {}", root.name);
            verdicts += 1;
        }
    }
    assert!(verdicts > 15_000, "{verdicts}");
}

#[test]
fn a_fault_is_told_with_its_place() {
    for (text, marks, expected) in [
        ("hdf5 +", "     ^", "`+` wants a variant name after it."),
        ("hdf5 ++ ^zlib", "     ^^", "`++` wants a variant name after it."),
        ("hdf5+mpi~", "        ^", "`~` wants a variant name after it."),
        ("hdf5@", "    ^", "`@` wants a version after it, such as `@1.14` or `@1.10:1.14`."),
        ("hdf5@1.2,", "        ^", "`,` wants one more after it."),
        ("hdf5@1.4:1.2", "    ^^^^^^^^", "No version is in `1.4:1.2`: its lower end is above its upper."),
        ("hdf5@1 @2", "       ^^", "A version can be asked for once."),
        ("hdf5+mpi~mpi", "        ^^^^", "The variant `mpi` can be asked for once."),
        ("hdf5 api=", "     ^^^^", "`api=` wants a value after it."),
        ("hdf5 api='x", "         ^", "The quote that begins here is not closed."),
        ("hdf5 api=a,", "         ^^", "`,` wants one more after it."),
        ("hdf5 %", "     ^", "`%` wants a compiler or another direct dependency after it, such as `%gcc@12`."),
        ("hdf5 ^", "     ^", "`^` wants a dependency after it: its name, or what else is asked of it."),
        ("hdf5 ^^zlib", "     ^", "`^` wants a dependency after it: its name, or what else is asked of it."),
        ("hdf5 /", "     ^", "`/` wants the beginning of a hash after it."),
        ("/ABC1", "^^^^^", "`ABC1` begins no hash: a hash has 32 characters of `a-z` and `2-7`."),
        ("^[x=1] zlib", "  ^", "`[` wants `virtuals=` or `deptypes=` after it, then `]`."),
        ("^[virtuals=mpi zlib", " ^", "`[` wants `virtuals=` or `deptypes=` after it, then `]`."),
        (
            "^[deptypes=art] zlib",
            "           ^^^",
            "`art` is no type of dependency; there are build, link, run and test.",
        ),
        ("hdf5!", "    ^", "`!` begins nothing that a spec can have; text to look for stands in quotes."),
        ("größe +", "  ^", "`ö` begins nothing that a spec can have; text to look for stands in quotes."),
        ("'größe' +", "        ^", "`+` wants a variant name after it."),
        ("py-*", "   ^", "`*` begins nothing that a spec can have; text to look for stands in quotes."),
        ("k=a\\ x=y", "  ^^", "No value ends with a `\\`."),
        ("^[virtuals='a b'] c", "           ^^^^^", "`[` wants `virtuals=` or `deptypes=` after it, then `]`."),
        ("os==debian12", "^^^^", "`os==` is for variants; write `os=`."),
        ("os=default_os", "^^^^^^^^^^^^^", "`default_os` stands for the machine that Spack runs on; write its name."),
        ("target=a:b:c", "       ^^^^^", "`a:b:c` is neither a target nor a range of two."),
        ("./a.spec.json", "^^^^^^^^^^^^^", "A spec file is not read here; write what you look for."),
        ("hdf5\u{7}", "    ^", "The control character U+0007 has no place in a query."),
        ("''", "^^", "Between the quotes stands nothing to look for."),
    ] {
        let error = text.parse::<Query>().unwrap_err();
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        assert_eq!(format!("{error}\n{}", error.marked(text)), format!("{expected}\n{line}\n{marks}"));
        assert_eq!(error.column(text), marks.find('^').unwrap() + 1, "{text}");
    }
}

#[test]
fn what_is_far_too_long_is_refused_at_once() {
    for text in [
        "a".repeat(100_000),
        "^".repeat(100_000),
        "'".repeat(100_000),
        "é".repeat(MAX_QUERY_BYTES),
        "+a ".repeat(1_000),
    ] {
        assert_eq!(text.parse::<Query>().unwrap_err().problem, Problem::TooLong);
    }
}

#[test]
fn unknown_names_become_text_when_that_is_asked_for() {
    let query = query("hdf +mpi zlib ^hw").with_unknown_names_as_text(|name| name == "zlib");
    assert_eq!(query.to_string(), "'hdf' +mpi zlib ^hw");
}

#[test]
fn a_table_is_narrowed_by_names_and_hashes() {
    let keys = |text: &str| query(text).keys().map(|keys| format!("{keys:?}"));
    assert_eq!(keys("hdf5+mpi").unwrap(), r#"[Name("hdf5")]"#);
    assert_eq!(keys("hdf5/abc zlib").unwrap(), r#"[Hash("abc"), Name("zlib")]"#);
    for open in ["", "+mpi", "hdf5 * +x", "'hdf5'", "^zlib"] {
        assert_eq!(keys(open), None, "{open}");
    }
}

#[test]
fn a_graph_with_a_circle_or_a_gap_ends() {
    let mut file = hdf5();
    let root = file.root().clone();
    let back = root.dependencies[0].clone();
    for node in &mut file.nodes {
        node.dependencies.push(crate::spec::Edge { hash: root.hash.clone(), name: root.name.clone(), ..back.clone() });
    }
    let mut nodes = graph(&file);
    nodes.retain(|_, node| node.name.as_str() != "hwloc");
    for (text, expected) in [("^hwloc", false), ("^nothing", false), ("^hdf5", true), ("^curl", true)] {
        assert_eq!(matches(text, file.root(), &mut nodes), expected, "{text}");
    }
}

/// Parts of queries, some of them faulty.
fn any_query() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "hdf5",
        "zlib-ng",
        "builtin.",
        "@",
        "1.14",
        ":",
        "1.2rc1",
        ",",
        "=",
        "==",
        ":=",
        "+",
        "~",
        "-",
        "++",
        "mpi",
        "api=",
        "*",
        "default",
        "'a b'",
        "\"x\\\"y\"",
        "'",
        "\\",
        "%",
        "gcc",
        "%%",
        "^",
        "[",
        "]",
        "virtuals=",
        "deptypes=",
        "build,link",
        "/",
        "abc",
        "target=",
        "x86_64_v3:",
        "os=debian12",
        "arch=linux-None-zen2",
        "namespace=",
        "cflags=",
        "'-O2 -g'",
        " ",
        "  ",
        "\t",
        "git.main",
        "!",
        "é",
        ".json",
        "./",
        "True",
        "0123456789abcdef0123456789abcdef01234567",
        "c,cxx=",
    ]);
    prop_oneof![
        8 => prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat()),
        1 => ".{0,40}",
        1 => "[ -~]{0,40}",
    ]
}

/// Queries of which every part is whole.
fn good_query() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        " hdf5",
        " zlib",
        "@1.14:",
        "@=1.2,1.4:1.6,3:",
        " +mpi",
        "~cxx",
        "++shared",
        " api=default",
        " k='a b'",
        " k=\"it's\"",
        " j:=a,b",
        " m==c",
        "%gcc",
        "%gcc@12",
        "%c,cxx=llvm@17:",
        " ^",
        "^mpi=openmpi",
        "^[virtuals=mpi deptypes=link] openmpi",
        "^k='v'",
        " ^+x",
        " /abc",
        " os=debian12",
        " target=x86_64:,zen2",
        " arch=linux-debian12-zen",
        " cflags='-O2 -g'",
        " cflags=x",
        " namespace=my.own",
        " *",
        " 'text'",
        "@git.main=1.2",
        " platform=linux",
        " x=True",
    ]);
    prop::collection::vec(part, 1..7).prop_map(|parts| parts.concat())
}

#[test]
fn what_was_found_by_chance_stays_mended() {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    for text in ["@ git.main,1.2".to_owned(), "@ git.main:2".to_owned(), format!("zlib@ {commit},1.2")] {
        let query: Query = text.parse().unwrap();
        assert_eq!(query.to_string(), text);
    }
    assert!("^c,-x=gcc".parse::<Query>().is_err(), "a virtual has a name");
    assert_eq!("@git.main=1.2".parse::<Query>().unwrap().to_string(), "@git.main=1.2");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(
        std::env::var("LARDER_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000)) })]

    #[test]
    fn any_text_is_a_query_or_has_a_fault_in_it(text in any_query()) {
        match text.parse::<Query>() {
            Ok(query) => {
                let printed = query.to_string();
                let again = printed.parse::<Query>();
                prop_assert_eq!(again.as_ref(), Ok(&query), "{} was printed as {}", text, printed);
            }
            Err(error) => {
                prop_assert!(!text.is_empty() && !error.span.is_empty(), "{:?}", error);
                prop_assert!(text.get(error.span.clone()).is_some(), "{:?}", error);
                prop_assert!(error.marked(&text).lines().nth(1).unwrap().ends_with('^'));
            }
        }
    }

    #[test]
    fn a_printed_query_means_the_same(text in good_query()) {
        if let Ok(query) = text.parse::<Query>() {
            let printed = query.to_string();
            let again = printed.parse::<Query>();
            prop_assert_eq!(again.as_ref(), Ok(&query), "{} was printed as {}", text, printed);
        }
    }

    #[test]
    fn asking_for_more_never_finds_more(first in good_query(), second in good_query()) {
        let file = hdf5();
        let mut graph = graph(&file);
        if let (Ok(one), Ok(both)) = (first.parse::<Query>(), format!("{first} {second}").parse::<Query>())
            && both.specs.len() == 1 && one.specs.len() == 1
        {
            let Ok(by_both) = Matcher::new(&both).matches(file.root(), &mut graph);
            let Ok(by_one) = Matcher::new(&one).matches(file.root(), &mut graph);
            prop_assert!(by_one || !by_both, "{} and {}", first, second);
        }
    }
}

#[test]
fn a_spec_matches_what_it_says_of_itself() {
    let files = mirror();
    let mut nodes: Graph = files.iter().flat_map(graph).collect();
    for root in files.iter().map(SpecFile::root) {
        let parts = root.parameters.iter().map(|(name, value)| format!(" {name}='{value}'")).collect::<String>();
        let compiler = root.compiler.as_ref().map(|compiler| format!(" %{}@={}", compiler.name, compiler.version));
        let below = root.dependencies.iter().map(|edge| format!(" ^{}/{}", edge.name, edge.hash)).collect::<String>();
        let text = format!(
            "{}@={}/{}{parts} arch={}-{}-{}{}{below}",
            root.name,
            root.version,
            root.hash,
            root.platform,
            root.os,
            root.target,
            compiler.unwrap_or_default()
        );
        assert!(matches(&text, root, &mut nodes), "{text}");
    }
}
