//! The catalogue: whole, in parts, and brought up to date.

use larder_shared::{
    find::{By, Finder, Question, Row},
    index::catalogue::{Catalogue, Edges, Specs, Table, merge_edges, merge_hashes, merge_specs, unpack_all},
};
use larder_tests::{
    fixtures::{self, fixture},
    http::Answer,
    larder::{ADMIN, Larder},
    nginx::Site,
    package::{MadeUp, blob_path, index_of},
    wait,
};
use serde_json::json;

const URL: &str = "/api/v1/mirrors/m/catalogue";

fn tables(larder: &Larder, parameters: &str) -> Vec<Vec<u8>> {
    let answer = larder.get(&format!("{URL}{parameters}")).send().expect(200);
    assert_eq!(answer.expect_header("content-type"), "application/vnd.larder.catalogue");
    unpack_all(&answer.body).unwrap()
}

/// A catalogue made of `old`, if there is one, and what the server tells.
fn read(larder: &Larder, old: Option<&Catalogue>) -> Catalogue {
    let since = |sign: &str| old.map(|old| format!("{sign}since={}", old.specs.cursor())).unwrap_or_default();
    let copy = |table: Option<&Table>| table.map(|table| table.bytes().to_vec());
    let with = |old: Option<Vec<u8>>, new: Vec<Vec<u8>>| old.into_iter().chain(new);
    let specs = with(copy(old.map(|old| old.specs.table())), tables(larder, &since("?")));
    let edges = old.and_then(|old| old.edges.as_ref()).map(Edges::table);
    let edges = with(copy(edges), tables(larder, &format!("?part=edges{}", since("&"))));
    let hashes =
        with(copy(old.and_then(|old| old.hashes.as_ref())), tables(larder, &format!("?part=hashes{}", since("&"))));
    let specs: Vec<_> = specs.map(|table| Specs::read(table).unwrap()).collect();
    let edges: Vec<_> = edges.map(|table| Edges::parse(table).unwrap()).collect();
    let hashes: Vec<_> = hashes.map(|table| Table::read(table).unwrap()).collect();
    let (merged, maps) = merge_specs(&specs).unwrap();
    let mut catalogue = Catalogue::new(merged.table().bytes().to_vec()).unwrap();
    catalogue.add_edges(merge_edges(&edges, &maps, &catalogue.specs).unwrap()).unwrap();
    catalogue.add_hashes(merge_hashes(&hashes, &maps, &catalogue.specs).unwrap()).unwrap();
    catalogue
}

/// What a catalogue finds: hashes with their signatures, in order.
fn found(catalogue: Catalogue, query: &str) -> Vec<(String, Option<bool>)> {
    let question = Question { query: query.to_owned(), by: By::Specs, limit: 500, ..Question::default() };
    let rows = Finder::new(catalogue).find(&question, 0).rows.into_iter();
    let mut found: Vec<_> = rows
        .map(|row| match row {
            Row::Spec(row) => (row.hash, row.signed),
            Row::Package(row) => panic!("specs were asked for, not {}", row.name),
        })
        .collect();
    found.sort();
    found
}

#[test]
fn a_catalogue_is_read_whole_and_brought_up_to_date() {
    let larder = Larder::start();
    larder.push(&fixture("mirror-v2"), "m");
    let first = read(&larder, None);
    let all = found(read(&larder, None), "");
    assert_eq!(all.len(), 53);
    assert!(all.iter().all(|(hash, signed)| hash.len() == 32 && *signed == Some(true)), "{all:?}");
    let built_on = found(read(&larder, None), "^openssl");
    assert!(!built_on.is_empty() && built_on.len() < 53);

    // One more, of which only that is sent.
    push(&larder, &MadeUp::new("newcomer", "1.0"));
    let more = larder.get(&format!("{URL}?since={}", first.specs.cursor())).send().expect(200);
    assert!(more.body.len() < 2_000, "{} bytes for one package", more.body.len());
    let second = read(&larder, Some(&first));
    assert_eq!(found(read(&larder, Some(&first)), "").len(), 54);
    assert_eq!(found(read(&larder, Some(&first)), "newcomer").len(), 1);
    assert_eq!(found(read(&larder, Some(&first)), "^openssl"), built_on);
    assert_eq!(found(read(&larder, Some(&first)), ""), found(read(&larder, None), ""));

    // One less.
    let (gone, _) = &built_on[0];
    larder.ask("DELETE", &format!("/api/v1/mirrors/m/specs/{gone}")).token(ADMIN).send().expect(200);
    let third = found(read(&larder, Some(&second)), "");
    assert_eq!(third.len(), 53);
    assert!(third.iter().all(|(hash, _)| hash != gone));
    assert_eq!(third, found(read(&larder, None), ""));
}

fn push(larder: &Larder, package: &MadeUp) {
    for (path, body) in
        [(blob_path(&package.tarball), package.tarball.clone()), (package.spec_path(), package.spec_file())]
    {
        let answer = larder.put(&format!("/mirrors/m/{path}"), &body).token(ADMIN).send();
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    }
}

fn etag(answer: &Answer) -> String {
    answer.expect_header("etag").to_owned()
}

#[test]
fn a_catalogue_is_sent_once_and_refused_with_a_reason() {
    let larder = Larder::start();
    larder.push(&fixture("mirror-v2"), "m");
    let answer = larder.get(URL).send().expect(200);
    let etag = etag(&answer);
    assert!(etag.starts_with('"'), "{etag} is not strong");
    assert_eq!(larder.get(URL).send().expect(200).body, answer.body);
    larder.get(URL).header("If-None-Match", &etag).send().expect(304);
    let head = larder.head(URL).send().expect(200);
    assert_eq!(head.expect_header("content-length"), answer.body.len().to_string());
    for (parameters, reason) in [
        ("?part=all", "`part` is `all`; there are specs, edges and hashes"),
        ("?since=7", "`since` cannot be used: this is no place in a catalogue: five numbers with dots between"),
    ] {
        assert_eq!(larder.get(&format!("{URL}{parameters}")).send().expect_error(400).message, reason);
    }
    // A place of another index: all of it.
    assert_eq!(larder.get(&format!("{URL}?since=1.2.3.4.5")).send().expect(200).body, answer.body);
    larder.get("/api/v1/mirrors/nowhere/catalogue").send().expect_error(404);
}

#[test]
fn a_large_catalogue_is_made_while_others_wait() {
    const PACKAGES: usize = 5 * 8_192;
    let (site, larder) = (Site::empty(), Larder::start());
    let nodes: Vec<_> = (0..PACKAGES).map(|number| MadeUp::new("many", &number.to_string()).node()).collect();
    fixtures::write(&site.root().join("build_cache/index.json"), &index_of(&nodes));
    larder.make_mirror_of("m", &site.url());
    larder.post("/api/v1/mirrors/m/refresh", "").token(ADMIN).send().expect(200);
    let answer = larder.get(URL).send();
    assert_eq!(answer.expect_header("retry-after"), "2");
    let error = answer.expect_error(503);
    assert_eq!(error.message, format!("the catalogue is being made: 0 of {PACKAGES} packages are in it"));
    let made = wait::until("the catalogue is made", || {
        let answer = larder.get(URL).send();
        (answer.status == 200).then_some(answer)
    });
    let tables = unpack_all(&made.body).unwrap();
    let specs: Vec<_> = tables.into_iter().map(|table| Specs::read(table).unwrap()).collect();
    assert_eq!(specs.len(), 5);
    let (merged, _) = merge_specs(&specs).unwrap();
    assert_eq!(merged.rows() as usize, PACKAGES);
}

#[test]
fn a_private_mirrors_catalogue_is_for_those_who_may_read_it() {
    let larder = Larder::start();
    larder.make_mirror(&json!({ "name": "m", "private": true }));
    larder.get(URL).send().expect_error(401);
    let answer = larder.get(URL).token(ADMIN).send().expect(200);
    assert!(answer.expect_header("cache-control").contains("no-store"));
    assert_eq!(unpack_all(&answer.body).unwrap().len(), 1);
}
