//! Makes an index of any size out of a real one, the same every time.
//!
//! The packages of `tests/fixtures/mirror-v2` are repeated with new hashes that fit together, so
//! that every repetition is a whole graph again; each has its own target, operating system,
//! compiler version and some versions and variants, as a mirror for many machines has.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// The index that Spack made of the fixtures.
const SEED: &str = include_str!("../../../tests/fixtures/mirror-v2/build_cache/index.json");

const TARGETS: [&str; 8] = ["x86_64", "x86_64_v2", "x86_64_v3", "x86_64_v4", "zen2", "zen4", "icelake", "neoverse_v2"];
const SYSTEMS: [&str; 6] = ["debian12", "ubuntu22.04", "ubuntu24.04", "rhel8", "rhel9", "sles15"];
const COMPILERS: [&str; 5] = ["11.4.0", "12.3.0", "13.2.0", "13.3.0", "14.2.0"];

/// An index document, db version 7, with exactly `count` records.
///
/// # Panics
/// If the fixture is not an index.
pub(crate) fn index(count: usize) -> String {
    let seed: Value = serde_json::from_str(SEED).expect("the fixture is JSON");
    let installs = seed["database"]["installs"].as_object().expect("the fixture is an index");
    let mut out = String::with_capacity(count * 1200 + 100);
    out.push_str(r#"{"database":{"version":"7","installs":{"#);
    for number in 0..count {
        let (repetition, index) = (number / installs.len(), number % installs.len());
        let (hash, record) = installs.iter().nth(index).expect("the index is below the length");
        let mut record = record.clone();
        vary(&mut record["spec"], repetition);
        let separator = if number > 0 { "," } else { "" };
        out.push_str(&format!("{separator}\"{}\":{record}", rehash(hash, repetition)));
    }
    out.push_str("}}}");
    out
}

/// Makes a node the one of the given repetition.
fn vary(node: &mut Value, repetition: usize) {
    let fields = node.as_object_mut().expect("a node is an object");
    rehash_field(fields, repetition);
    for edge in fields.get_mut("dependencies").and_then(Value::as_array_mut).into_iter().flatten() {
        rehash_field(edge.as_object_mut().expect("an edge is an object"), repetition);
    }
    if repetition == 0 {
        return;
    }
    // What a whole graph shares depends on the repetition, what differs inside it on the name too.
    let mut graph = Dice(repetition as u64);
    fields["arch"]["platform_os"] = graph.choose(&SYSTEMS).into();
    let target = graph.choose(&TARGETS).into();
    match &mut fields["arch"]["target"] {
        Value::Object(description) => description["name"] = target,
        name => *name = target,
    }
    fields["compiler"]["version"] = graph.choose(&COMPILERS).into();
    let name = fields["name"].as_str().unwrap_or_default();
    let mut node = Dice(graph.roll() ^ name.bytes().fold(0, |sum, byte| sum * 31 + u64::from(byte)));
    let bumped = fields["version"].as_str().and_then(|version| bump(version, node.roll() % 3));
    if let Some(version) = bumped {
        fields["version"] = version.into();
    }
    for value in fields["parameters"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        if let Value::Bool(on) = value {
            *on ^= node.roll().is_multiple_of(10);
        }
    }
}

fn rehash_field(fields: &mut Map<String, Value>, repetition: usize) {
    let hash = rehash(fields["hash"].as_str().unwrap_or_default(), repetition);
    fields["hash"] = hash.into();
}

/// Another hash for each repetition; the first keeps its own.
fn rehash(hash: &str, repetition: usize) -> String {
    if repetition == 0 {
        return hash.to_owned();
    }
    let digest = Sha256::digest(format!("{hash}:{repetition}"));
    digest.iter().map(|byte| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::from(byte % 32)])).collect()
}

/// `1.2.3` with its last number made larger.
fn bump(version: &str, by: u64) -> Option<String> {
    let (front, last) = version.rsplit_once('.')?;
    Some(format!("{front}.{}", last.parse::<u64>().ok()? + by))
}

/// Numbers that look random (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn choose(&mut self, from: &[&'static str]) -> &'static str {
        from[self.roll() as usize % from.len()]
    }
}
