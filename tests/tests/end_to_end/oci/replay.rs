//! What Spack 0.23 asked of a registry when it pushed 42 packages with their index, pushed them
//! again, listed them and installed one of them. `tests/fixtures/traces` holds the recording.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use larder_shared::{
    digest::Digest,
    layout::manifest::{INDEX_V8, INDEX_V9},
    oci::digest::ContentDigest,
};
use larder_tests::{
    difference::expect_same_bytes,
    fixtures::fixture,
    http::Answer,
    larder::{ADMIN, Larder},
    oci::SPACK_ACCEPTS,
    spack::{Folder, packages_of, read_v2, read_v3, read_v3_index},
};
use serde::Deserialize;
use serde_json::Value;

/// The repository that was pushed to.
const MIRROR: &str = "user-environment";

/// A line of the trace: a request with its answer, or a mark between commands.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Mark { mark: String },
    Exchange(Exchange),
}

#[derive(Debug, Deserialize)]
struct Exchange {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    /// What was sent.
    body: Option<String>,
    /// The file of the fixtures that was sent.
    body_file: Option<String>,
    status: u16,
    /// Where the recorded registry said that an upload goes on.
    location: Option<String>,
}

impl Exchange {
    fn body(&self) -> Option<Vec<u8>> {
        match &self.body_file {
            Some(file) => Some(fs::read(fixture(file)).unwrap_or_else(|error| panic!("{file}: {error}"))),
            None => self.body.as_ref().map(|text| text.clone().into_bytes()),
        }
    }
}

fn trace() -> Vec<Line> {
    let text = fs::read_to_string(fixture("traces/spack-0.23-oci-push-list-install.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

/// A client that asks what was recorded, at the places that it is told now.
struct Replay {
    larder: Larder,
    /// Where an upload goes on here, by where it went on there.
    uploads: BTreeMap<String, String>,
    /// The manifests that were pushed, by their path.
    manifests: BTreeMap<String, Vec<u8>>,
    /// The layer of the index that was last read.
    index_layer: Option<ContentDigest>,
}

impl Replay {
    /// Asks, expects the recorded status, and what must be so in any registry.
    fn ask(&mut self, exchange: &Exchange) {
        let path = self.path(exchange);
        let mut request = self.larder.ask(&exchange.method, &path).token(ADMIN);
        for (name, value) in &exchange.headers {
            request = request.header(name, value);
        }
        let body = exchange.body();
        if let Some(body) = &body {
            request = request.body(body);
        }
        let answer = request.send().expect(exchange.status);
        match (exchange.method.as_str(), exchange.status, body) {
            ("POST", 202, _) => self.note_upload(exchange, &answer),
            ("PUT", 201, Some(body)) if path.contains("/manifests/") => {
                assert!(answer.header("location").is_some(), "{answer:?}");
                self.manifests.insert(path, body);
            }
            ("GET", 200, _) if path.ends_with("/manifests/index.spack") => {
                let manifest: Value = answer.json();
                self.index_layer = Some(manifest["layers"][0]["digest"].as_str().unwrap().parse().unwrap());
            }
            ("GET", 200, _) if path.contains("/manifests/") => {
                // Spack compares the type to the letter.
                assert!(SPACK_ACCEPTS.contains(&answer.expect_header("content-type")), "{answer:?}");
                expect_same_bytes(&answer.what, &answer.body, &self.manifests[&path]);
            }
            ("GET", 200, _) if path.contains("/blobs/") => self.expect_index(&answer),
            _ => {}
        }
    }

    /// Where that lies here: uploads where we say, and the layer of our own index.
    fn path(&self, exchange: &Exchange) -> String {
        let (path, query) = exchange.path.split_once('?').unwrap_or((&exchange.path, ""));
        match (self.uploads.get(path), exchange.method.as_str()) {
            (Some(ours), _) => format!("{ours}?{query}"),
            (None, "GET") if path.contains("/blobs/") => {
                format!("/v2/{MIRROR}/blobs/{}", self.index_layer.expect("the index was read before"))
            }
            _ => path.to_owned(),
        }
    }

    fn note_upload(&mut self, exchange: &Exchange, answer: &Answer) {
        let recorded = exchange.location.as_deref().expect("an upload has a location");
        let (_, path) = recorded.split_once("://").and_then(|(_, rest)| rest.split_once('/')).unwrap();
        self.uploads.insert(format!("/{path}"), answer.expect_header("location").to_owned());
    }

    /// The layer of the index is the plain index of the v2 layout.
    fn expect_index(&self, answer: &Answer) {
        assert!(self.index_layer.is_some_and(|digest| digest.fits(&answer.body)), "{answer:?}");
        let index = self.larder.get(&format!("/mirrors/{MIRROR}/build_cache/index.json")).send().expect(200);
        expect_same_bytes(&answer.what, &answer.body, &index.body);
    }
}

#[test]
fn the_recorded_traffic_of_spack_with_a_registry_gets_the_same_statuses() {
    let mut replay =
        Replay { larder: Larder::start(), uploads: BTreeMap::new(), manifests: BTreeMap::new(), index_layer: None };
    let (mut asked, mut commands) = (0, Vec::new());
    for line in trace() {
        match line {
            Line::Mark { mark } => commands.push(mark),
            Line::Exchange(exchange) => {
                asked += 1;
                replay.ask(&exchange);
            }
        }
    }
    assert_eq!((asked, commands.len()), (432, 4), "the trace holds other requests than it did");
    expect_all_packages(&replay);
}

/// Every package that was pushed is found in every layout and index, with its tarball.
fn expect_all_packages(replay: &Replay) {
    let mirror = replay.larder.mirror(MIRROR);
    let repository = replay.larder.repository(MIRROR);
    let (v2, v3) = (read_v2(&mirror), read_v3(&mirror));
    assert_eq!(v2.len(), 42);
    assert!(v2.keys().eq(v3.keys()), "the packages of v2 and v3 differ");
    for version in [INDEX_V8, INDEX_V9] {
        let named: BTreeSet<_> =
            packages_of(&read_v3_index(&mirror, version)).into_iter().map(|node| node.hash).collect();
        assert!(named.iter().eq(v2.keys()), "{version} names other packages");
    }
    let pushed: BTreeSet<_> = replay
        .manifests
        .keys()
        .filter_map(|path| path.rsplit('/').next().filter(|tag| *tag != "index.spack").map(str::to_owned))
        .collect();
    assert_eq!(repository.tags().into_iter().collect::<BTreeSet<_>>(), pushed);
    let original = read_v2(&Folder(fixture("mirror-v2")));
    for (hash, held) in &v2 {
        let tag = format!("{}-{hash}.spack", held.name);
        let image = repository.pull(&tag);
        let path = format!("/v2/{MIRROR}/manifests/{tag}");
        expect_same_bytes(&path, &image.manifest, &replay.manifests[&path]);
        let tarball = image.layers.last().unwrap();
        expect_same_bytes(&held.tarball_path, &held.tarball, &original[hash].tarball);
        expect_same_bytes(&v3[hash].tarball_path, &v3[hash].tarball, &original[hash].tarball);
        expect_same_bytes(&tag, tarball, &original[hash].tarball);
        assert_eq!(held.nodes.keys().collect::<Vec<_>>(), original[hash].nodes.keys().collect::<Vec<_>>());
        let spec: Value = serde_json::from_slice(&image.config).unwrap();
        assert_eq!(spec["binary_cache_checksum"]["hash"], Digest::of(tarball).to_string(), "{tag}");
    }
}
