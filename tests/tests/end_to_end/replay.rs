//! What Spack 0.23 asked for when it listed a mirror, took its keys and installed from it, asked
//! again. `tests/fixtures/traces` holds the recording, made with `mirror-v2` on nginx.

use std::{collections::BTreeMap, fs};

use larder_shared::digest::Digest;
use larder_tests::{
    difference::{expect_same_bytes, expect_same_json},
    fixtures::fixture,
    larder::Larder,
};
use serde::Deserialize;

/// A line of a trace: a request with its answer, or a mark between commands.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Line {
    Mark {
        mark: String,
    },
    Exchange {
        method: String,
        path: String,
        headers: BTreeMap<String, String>,
        status: u16,
        /// Binary bodies are replaced by `<N bytes>`.
        response_body: String,
    },
}

fn trace() -> Vec<Line> {
    let file = fixture("traces/spack-0.23-http-v2-list-keys-install.jsonl");
    let text = fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

#[test]
fn the_recorded_traffic_of_spack_gets_the_same_answers() {
    let larder = Larder::start();
    larder.push(&fixture("mirror-v2"), "m");
    let mut etags: BTreeMap<String, String> = BTreeMap::new();
    let mut command = String::new();
    let (mut asked, mut not_modified) = (0, 0);
    for line in trace() {
        let (method, path, headers, status, recorded) = match line {
            Line::Mark { mark } => {
                command = mark;
                continue;
            }
            Line::Exchange { method, path, headers, status, response_body } => {
                (method, path, headers, status, response_body)
            }
        };
        let mut request = larder.ask(&method, &format!("/mirrors/m{path}"));
        for (name, value) in &headers {
            request = match name.as_str() {
                "Host" => request,
                // Spack sends what it was given last, and was given another one here.
                "If-None-Match" => request.header(name, etags.get(&path).expect("an ETag of an earlier answer")),
                _ => request.header(name, value),
            };
        }
        let answer = request.header("Connection", "close").send().expect(status);
        asked += 1;
        not_modified += u32::from(status == 304);
        if let Some(etag) = answer.header("etag") {
            etags.insert(path.clone(), etag.to_owned());
        }
        let what = format!("{command}: {}", answer.what);
        let file = fs::read(fixture(&format!("mirror-v2{path}"))).unwrap();
        match (method.as_str(), status) {
            ("GET", 200) if path == "/build_cache/index.json" => expect_same_json(&what, &answer.body, &file),
            ("GET", 200) => {
                expect_same_bytes(&what, &answer.body, &file);
                if !recorded.starts_with('<') {
                    expect_same_bytes(&what, &answer.body, recorded.as_bytes());
                }
            }
            _ => expect_same_bytes(&what, &answer.body, b""),
        }
    }
    assert_eq!((asked, not_modified), (16, 2), "the trace holds other requests than it did");
}

#[test]
fn the_index_hash_is_the_sha256_of_the_index_without_a_newline() {
    let larder = Larder::start();
    larder.push(&fixture("mirror-v2"), "m");
    let index = larder.get("/mirrors/m/build_cache/index.json").send().expect(200);
    let hash = larder.get("/mirrors/m/build_cache/index.json.hash").send().expect(200);
    assert_eq!(hash.body.len(), 64, "{hash:?}");
    assert_eq!(hash.text(), Digest::of(&index.body).to_string(), "{hash:?}");
}
