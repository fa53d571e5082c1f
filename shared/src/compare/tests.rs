use super::{
    pasted::{PasteError, Pasted, nearest, read},
    reason::{Graph, Reason, reason},
    *,
};
use crate::spec::SpecFile;

/// A package of the sample mirror, as the JSON of its spec file.
fn sample(stem: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/mirror-v2/build_cache");
    let found = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).find(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.contains(&format!("-{stem}-")) && name.ends_with(".spec.json.sig")
    });
    let text = std::fs::read(found.unwrap_or_else(|| panic!("there is no {stem}"))).unwrap();
    clearsigned(&text)
}

fn clearsigned(text: &[u8]) -> String {
    crate::clearsign::document(text).unwrap().json.to_owned()
}

fn graph(json: &str) -> Graph {
    Graph::of_file(SpecFile::parse(json.as_bytes()).unwrap())
}

/// `json` with a field of one node changed, and with other hashes for that node and all that stands above it.
fn changed(json: &str, package: &str, change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut document: serde_json::Value = serde_json::from_str(json).unwrap();
    let nodes = document["spec"]["nodes"].as_array_mut().unwrap();
    change(nodes.iter_mut().find(|node| node["name"] == package).unwrap());
    let mut changed: Vec<String> = Vec::new();
    let mut ahead = vec![hash_of(nodes, package)];
    while let Some(hash) = ahead.pop() {
        let needs = |node: &&serde_json::Value| {
            node["dependencies"].as_array().is_some_and(|edges| edges.iter().any(|edge| edge["hash"] == *hash))
        };
        ahead.extend(nodes.iter().filter(needs).map(|node| node["hash"].as_str().unwrap().to_owned()));
        if !changed.contains(&hash) {
            changed.push(hash);
        }
    }
    let mut text = serde_json::to_string(&document).unwrap();
    for hash in changed {
        text = text.replace(&hash, &format!("{}{}", &hash[1..], &hash[..1]));
    }
    text
}

fn hash_of(nodes: &[serde_json::Value], package: &str) -> String {
    nodes.iter().find(|node| node["name"] == package).unwrap()["hash"].as_str().unwrap().to_owned()
}

fn side(fields: &[(Property, &str)]) -> Side {
    Side(fields.iter().map(|(property, text)| (property.clone(), Value::of(*text))).collect())
}

#[test]
fn what_is_the_same_is_told_apart_from_what_differs() {
    let mpi = || Property::Variant("mpi".to_owned());
    let sides = [
        side(&[(Property::Version, "1.14.5"), (Property::Os, "debian12"), (mpi(), "+mpi")]),
        side(&[(Property::Version, "1.14.5"), (Property::Os, "ubuntu22.04"), (mpi(), "~mpi")]),
        side(&[(Property::Version, "1.14.5"), (Property::Os, "debian12")]),
    ];
    let comparison = Comparison::of(&sides);
    assert_eq!(comparison.same, [(Property::Version, Value::of("1.14.5"))]);
    let labels: Vec<_> = comparison.rows.iter().map(|row| (row.property.label(), row.apart.clone())).collect();
    assert_eq!(labels, [("os".to_owned(), vec![false, true, false]), ("mpi".to_owned(), vec![false, true, true])]);
    assert_eq!(comparison.rows[1].cells[2], None);
    assert_eq!(Comparison::of(&[]), Comparison::default());
    assert_eq!(Comparison::of(&sides[..1]).rows, []);
}

#[test]
fn the_cell_that_stands_apart_is_marked() {
    for (texts, expected) in [
        (&["a", "b"][..], &[false, true][..]),
        (&["a", "a", "b"], &[false, false, true]),
        (&["b", "a", "a"], &[true, false, false]),
        (&["a", "b", "c"], &[false, true, true]),
        (&["a", "a", "b", "b"], &[false, false, true, true]),
        (&["b", "a", "a", "a", "c", "a"], &[true, false, false, false, true, false]),
    ] {
        let sides: Vec<_> = texts.iter().map(|text| side(&[(Property::Os, text)])).collect();
        assert_eq!(Comparison::of(&sides).rows[0].apart, expected, "{texts:?}");
    }
}

#[test]
fn dependencies_differ_by_version_then_by_use_then_by_hash() {
    let dependency = |version: &str, detail: &str, hash: char| {
        let mut side = Side::default();
        side.add_dependency("zlib", version, detail.to_owned(), &String::from(hash).repeat(32).parse().unwrap());
        side
    };
    let base = dependency("1.3.1", "link", 'a');
    for (other, by) in [
        (dependency("1.3.2", "link", 'b'), By::Text),
        (dependency("1.3.1", "build, link", 'b'), By::Detail),
        (dependency("1.3.1", "link", 'b'), By::Hash),
    ] {
        assert_eq!(Comparison::of(&[base.clone(), other]).rows[0].by, by);
    }
    let mut two = base.clone();
    two.add_dependency("zlib", "1.2", "build".to_owned(), &"c".repeat(32).parse().unwrap());
    assert_eq!(two.get(&Property::Dependency("zlib".to_owned())).unwrap().text, "1.3.1, 1.2");
}

#[test]
fn the_first_package_whose_own_fields_differ_is_named() {
    let json = sample("hdf5");
    let offered = graph(&json);
    let told = |wanted: &str| reason(&graph(wanted), &offered).sentence();
    assert_eq!(reason(&offered, &offered), Reason::Same);

    let version = changed(&json, "zlib", |node| node["version"] = "1.3.2".into());
    assert_eq!(
        told(&version),
        "Not fetched because of `zlib` (`hdf5 ^zlib`): you want version `1.3.2`, the mirror has `1.3.1`."
    );
    let variant = changed(&json, "hdf5", |node| node["parameters"]["mpi"] = false.into());
    assert_eq!(told(&variant), "Not fetched because of `hdf5` itself: you want `~mpi`, the mirror has `+mpi`.");
    let compiler = changed(&json, "openmpi", |node| node["compiler"]["version"] = "13.1.0".into());
    assert_eq!(
        told(&compiler),
        "Not fetched because of `openmpi` (`hdf5 ^openmpi`): you want compiler `gcc@13.1.0`, the mirror has `gcc@12.2.0`."
    );
    let target = changed(&json, "hdf5", |node| node["arch"]["target"] = "zen3".into());
    assert_eq!(
        told(&target),
        "Not fetched because of `hdf5` itself: you want target `zen3`, the mirror has `x86_64_v3`."
    );
    let flags = changed(&json, "hdf5", |node| node["parameters"]["cflags"] = serde_json::json!(["-O3"]));
    assert_eq!(
        told(&flags),
        "Not fetched because of `hdf5` itself: you want `cflags=\"-O3\"`, the mirror's has no such thing."
    );
    let recipe = changed(&json, "hdf5", |node| node["package_hash"] = "a".repeat(52).into());
    assert!(told(&recipe).contains("you want recipe `aaaaaaa`"), "{}", told(&recipe));
    let edge = changed(&json, "hdf5", |node| {
        node["dependencies"].as_array_mut().unwrap().retain(|edge| edge["name"] != "zlib");
    });
    assert_eq!(told(&edge), "Not fetched because of `hdf5` itself: the mirror's needs `zlib`, yours does not.");
    let patched = changed(&json, "hwloc", |_| ());
    assert!(
        told(&patched).contains("`hwloc`") && told(&patched).contains("all that a spec file says"),
        "{}",
        told(&patched)
    );
    assert!(matches!(reason(&graph(&sample("zlib")), &offered), Reason::OtherPackage { .. }));
}

#[test]
fn nearer_differences_come_first_and_others_are_counted() {
    let json = sample("hdf5");
    let deep = changed(&json, "openssl", |node| node["version"] = "3.4.0".into());
    let both = changed(&deep, "openmpi", |node| node["version"] = "5.0.6".into());
    let Reason::Fields { path, others, .. } = reason(&graph(&both), &graph(&json)) else { panic!("fields differ") };
    assert_eq!((path.join(" "), others), ("hdf5 openmpi".to_owned(), 1));
}

#[test]
fn a_list_without_dependencies_says_how_to_get_them() {
    let json = sample("hdf5");
    let wanted = changed(&json, "zlib", |node| node["version"] = "1.3.2".into());
    let document: serde_json::Value = serde_json::from_str(&wanted).unwrap();
    let list = serde_json::to_string(&document["spec"]["nodes"].as_array().unwrap()[..1]).unwrap();
    let Pasted::Specs(specs) = read(&list).unwrap() else { panic!("a list of specs") };
    assert!(reason(&specs[0], &graph(&json)).sentence().contains("`spack spec --json` prints all of them"));
    // The same with all nodes is as good as a spec file.
    let list = serde_json::to_string(&document["spec"]["nodes"]).unwrap();
    let Pasted::Specs(specs) = read(&list).unwrap() else { panic!("a list of specs") };
    assert_eq!((specs.len(), specs[0].root().name.as_str()), (1, "hdf5"));
    assert!(reason(&specs[0], &graph(&json)).sentence().contains("you want version `1.3.2`"));
}

#[test]
fn spack_before_and_after_1_0_never_meet() {
    let newer = graph(include_str!("../../fixtures/v5.spec.json"));
    let mut older = SpecFile::parse(include_bytes!("../../fixtures/v5.spec.json")).unwrap();
    older.nodes[0].dependencies.clear();
    older.nodes[0].hash = "a".repeat(32).parse().unwrap();
    let older = Graph::of_file(older);
    assert_eq!(reason(&newer, &older), Reason::OtherSpack { wanted_is_newer: true });
    assert_eq!(reason(&older, &newer), Reason::OtherSpack { wanted_is_newer: false });
}

#[test]
fn what_is_pasted_is_read_in_every_form() {
    let json = sample("hdf5");
    let roots = |text: &str| match read(text).unwrap() {
        Pasted::Hash(hash) => vec![hash],
        Pasted::Specs(specs) => specs.iter().map(|spec| spec.root().name.to_string()).collect(),
    };
    assert_eq!(roots("/slmgyj5"), ["slmgyj5"]);
    assert_eq!(roots(" slmgyj5v4fo4y6wdzwfhnokekfbduvnn\n"), ["slmgyj5v4fo4y6wdzwfhnokekfbduvnn"]);
    assert_eq!(roots(&json), ["hdf5"]);
    assert_eq!(roots(&format!("$ spack spec --json hdf5\n{json}\n{}", sample("zlib"))), ["hdf5", "zlib"]);
    let signed = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/hello-larder.spec.json.sig")).unwrap();
    assert_eq!(roots(std::str::from_utf8(&signed).unwrap()), ["hello-larder"]);
    assert_eq!(roots(include_str!("../../fixtures/v6.spec.json")), ["zlib-ng"]);
}

#[test]
fn what_is_no_spec_is_said_to_be_none() {
    for (text, expected) in [
        ("  \n", "nothing was pasted"),
        ("hdf5 +mpi", "neither JSON nor a hash"),
        ("[]", "the list is empty"),
        ("\n{\"spec\": \n", "the JSON goes wrong in line"),
        ("{\"a\": 1}", "not a spec as Spack writes it"),
        ("[{\"name\": \"zlib\"}]", "not a spec as Spack writes it"),
        ("{\"spec\":{\"_meta\":{\"version\":9},\"nodes\":[]}}", "version 9"),
    ] {
        let error: PasteError = read(text).unwrap_err();
        assert!(error.to_string().contains(expected), "{text}: {error}");
    }
}

#[test]
fn the_nearest_spec_differs_in_the_fewest_fields() {
    let wanted = graph(&sample("hdf5"));
    let summary = |hash: char, version: &str, os: &str| SpecSummary {
        hash: String::from(hash).repeat(32).parse().unwrap(),
        name: "hdf5".parse().unwrap(),
        version: version.to_owned(),
        compiler: Some("gcc@12.2.0".to_owned()),
        platform: "linux".to_owned(),
        os: os.to_owned(),
        target: "x86_64_v3".to_owned(),
        variants: BTreeMap::new(),
        size: None,
        pushed: crate::api::Timestamp::from_millis(0),
        signed: None,
        managed: false,
        layout: crate::api::Layout::V2,
    };
    let offered =
        [summary('a', "1.14.6", "rhel9"), summary('b', "1.14.5", "rhel9"), summary('c', "1.14.5", "debian12")];
    assert_eq!(nearest(&wanted, &offered).unwrap().hash, offered[2].hash);
    assert_eq!(nearest(&wanted, &offered[..2]).unwrap().hash, offered[1].hash);
    assert_eq!(nearest(&wanted, &[]), None);
}
