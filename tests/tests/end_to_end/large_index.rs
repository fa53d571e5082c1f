//! An index of several segments, joined from its parts while it is sent.

use std::collections::BTreeSet;

use larder_shared::{
    digest::Digest,
    layout::manifest::{INDEX_V8, INDEX_V9},
};
use larder_tests::{
    fixtures,
    http::Answer,
    larder::{ADMIN, Larder},
    nginx::Site,
    package::{MadeUp, index_of},
    spack::{packages_of, read_v3_index},
};
use serde_json::Value;

/// Specs of the index: with [`node`] more than 10 MB.
const SPECS: usize = 5_000;

/// About where one part of the document ends and the next begins: where 4 MB are full.
const BORDER: usize = 4 << 20;

/// A node twice as long as most of a real mirror.
fn node(number: usize) -> Value {
    let mut node = MadeUp::new(&format!("package-{}", number / 4), &format!("1.{}", number % 4)).node();
    node["parameters"]["features"] = (0..92).map(|feature| format!("feature-{number:05}-{feature:02}")).collect();
    node
}

fn put_index(site: &Site, nodes: &[Value]) {
    fixtures::write(&site.root().join("build_cache/index.json"), &index_of(nodes));
}

fn get_index(larder: &Larder) -> Answer {
    larder.get("/mirrors/big/build_cache/index.json").send().expect(200)
}

/// Expects an index document that offers exactly these nodes.
fn expect_packages(index: &[u8], nodes: &[Value]) {
    let offered: BTreeSet<_> = packages_of(index).iter().map(|node| node.hash.as_str().to_owned()).collect();
    let expected: BTreeSet<_> = nodes.iter().map(|node| node["hash"].as_str().unwrap().to_owned()).collect();
    assert!(offered == expected, "{} packages are offered instead of {}", offered.len(), expected.len());
}

/// Expects the index document to be whole, and those of v3 to have the digests their manifest names.
fn expect_whole(larder: &Larder, nodes: &[Value]) -> Answer {
    let index = get_index(larder);
    let digest = Digest::of(&index.body).to_string();
    assert_eq!(index.expect_header("etag"), format!("\"{digest}\""));
    let hash = larder.get("/mirrors/big/build_cache/index.json.hash").send().expect(200);
    assert_eq!(hash.text(), digest);
    expect_packages(&index.body, nodes);
    for version in [INDEX_V8, INDEX_V9] {
        read_v3_index(&larder.mirror("big"), version);
    }
    index
}

#[test]
fn an_index_of_several_parts_is_read_whole_and_in_ranges_and_grows() {
    let (site, larder) = (Site::empty(), Larder::start());
    let mut nodes: Vec<_> = (0..SPECS).map(node).collect();
    put_index(&site, &nodes);
    larder.make_mirror_of("big", &site.url());
    let refresh = || larder.post("/api/v1/mirrors/big/refresh", "").token(ADMIN).send().expect(200);
    refresh();
    let index = expect_whole(&larder, &nodes);
    let whole = &index.body;
    assert!(whole.len() > 10_000_000, "{} bytes are too few for several parts", whole.len());

    for (first, last) in [
        (BORDER - 100_000, BORDER + 100_000),
        (BORDER + 3_000, 2 * BORDER - 100_000),
        (1_000, 2 * BORDER + 100_000),
        (2 * BORDER - 5_000, whole.len() - 1),
    ] {
        let range = format!("bytes={first}-{last}");
        let part = larder.get("/mirrors/big/build_cache/index.json").header("Range", &range).send().expect(206);
        assert!(part.body == whole[first..=last], "{range} has other bytes than the whole: {part:?}");
    }

    nodes.push(MadeUp::new("one-more", "1.0").node());
    put_index(&site, &nodes);
    refresh();
    let grown = expect_whole(&larder, &nodes);
    // Only the end changes: what was sealed stays as it was.
    assert!(grown.body[..2 * BORDER] == whole[..2 * BORDER], "the beginning of the index changed");

    // A package in the first part goes: that part and those after it are made anew.
    nodes.remove(7);
    put_index(&site, &nodes);
    refresh();
    expect_whole(&larder, &nodes);
    expect_packages(&read_v3_index(&larder.mirror("big"), INDEX_V9), &nodes);
}
