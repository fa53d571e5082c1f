//! A spec's dependency graph as a software bill of materials: CycloneDX 1.5 and SPDX 2.3, both as JSON.
//!
//! Sources: the JSON schemas `bom-1.5.schema.json` of CycloneDX and `spdx-schema.json` of SPDX 2.3. Licences are not
//! in a spec, so both documents say that nothing is known of them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::api::{Node, Spec, Timestamp};

/// What a package URL encodes: all but what a URL reserves for nothing.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// Where a document says that it is from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The page of the spec, by its whole hash; names the document.
    pub page: &'a str,
    /// Where its tarball is.
    pub tarball: Option<&'a str>,
    /// When the document is made.
    pub made: Timestamp,
}

/// The spec and all that it depends on, as CycloneDX 1.5.
pub fn cyclonedx(spec: &Spec, origin: Origin<'_>) -> String {
    let component = |node: &Node| {
        let mut component = json!({
            "type": "library",
            "bom-ref": node.hash.as_str(),
            "name": node.name.as_str(),
            "version": node.version,
            "purl": purl(node),
            "properties": properties(node),
        });
        if is_root(spec, node) {
            if let Some(digest) = digits(spec) {
                component["hashes"] = json!([{ "alg": "SHA-256", "content": digest }]);
            }
            if let Some(tarball) = origin.tarball {
                component["externalReferences"] = json!([{ "type": "distribution", "url": tarball }]);
            }
        }
        component
    };
    let needs = |node: &Node| {
        let mut needs: Vec<&str> = node.dependencies.iter().map(|edge| edge.hash.as_str()).collect();
        needs.sort_unstable();
        needs.dedup();
        json!({ "ref": node.hash.as_str(), "dependsOn": needs })
    };
    let document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": origin.made.to_string(),
            "tools": { "components": [{ "type": "application", "name": "Larder" }] },
            "component": spec.nodes.first().map(component),
        },
        "components": spec.nodes.iter().skip(1).map(component).collect::<Vec<_>>(),
        "dependencies": spec.nodes.iter().map(needs).collect::<Vec<_>>(),
    });
    pretty(&document)
}

/// The spec and all that it depends on, as SPDX 2.3.
pub fn spdx(spec: &Spec, origin: Origin<'_>) -> String {
    let id = |hash: &str| format!("SPDXRef-{hash}");
    let package = |node: &Node| {
        let is_root = is_root(spec, node);
        let place = origin.tarball.filter(|_| is_root).unwrap_or("NOASSERTION");
        let mut package = json!({
            "SPDXID": id(node.hash.as_str()),
            "name": node.name.as_str(),
            "versionInfo": node.version,
            "downloadLocation": place,
            "filesAnalyzed": false,
            "licenseConcluded": "NOASSERTION",
            "licenseDeclared": "NOASSERTION",
            "copyrightText": "NOASSERTION",
            "externalRefs": [{ "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl(node) }],
        });
        if let Some(digest) = digits(spec).filter(|_| is_root) {
            package["checksums"] = json!([{ "algorithm": "SHA256", "checksumValue": digest }]);
        }
        package
    };
    let mut relationships = Vec::new();
    if let Some(root) = spec.nodes.first() {
        relationships.push(relationship("SPDXRef-DOCUMENT", "DESCRIBES", &id(root.hash.as_str())));
    }
    for node in &spec.nodes {
        for edge in &node.dependencies {
            let (node, needed) = (id(node.hash.as_str()), id(edge.hash.as_str()));
            // What is only needed to build points at what it builds.
            relationships.push(if edge.kinds.iter().any(|kind| kind == "link" || kind == "run") {
                relationship(&node, "DEPENDS_ON", &needed)
            } else {
                relationship(&needed, "BUILD_DEPENDENCY_OF", &node)
            });
        }
    }
    let document = json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": format!("{}-{}-{}", spec.summary.name, spec.summary.version, spec.summary.hash),
        "documentNamespace": format!("{}/spdx", origin.page),
        "creationInfo": { "created": seconds(origin.made), "creators": ["Tool: Larder"] },
        "packages": spec.nodes.iter().map(package).collect::<Vec<_>>(),
        "relationships": relationships,
    });
    pretty(&document)
}

fn relationship(from: &str, kind: &str, to: &str) -> Value {
    json!({ "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to })
}

fn is_root(spec: &Spec, node: &Node) -> bool {
    node.hash == spec.summary.hash
}

/// The tarball's sha256, without its name.
fn digits(spec: &Spec) -> Option<String> {
    let digest = spec.tarball.as_ref()?.to_string();
    Some(digest.strip_prefix("sha256:").unwrap_or(&digest).to_owned())
}

/// A package URL. There is no registered type for Spack's packages, so they are of the generic one.
fn purl(node: &Node) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    format!("pkg:generic/{}@{}?spack_hash={}", encoded(node.name.as_str()), encoded(&node.version), node.hash)
}

fn properties(node: &Node) -> Vec<Value> {
    let mut properties = vec![("spack:hash", node.hash.to_string()), ("spack:target", node.target.clone())];
    if let Some(place) = &node.external {
        properties.push(("spack:external", place.clone()));
    }
    properties.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// SPDX wants whole seconds.
fn seconds(time: Timestamp) -> String {
    Timestamp::from_millis(time.as_millis() / 1_000 * 1_000).to_string()
}

fn pretty(document: &Value) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Spec {
        let (hdf5, zlib, cmake) = ("a".repeat(32), "b".repeat(32), "c".repeat(32));
        let node = |hash: &str, name: &str, version: &str, needs: Value| {
            json!({ "hash": hash, "name": name, "version": version, "target": "zen2", "in_mirror": true, "external": null,
                "size": 1, "dependencies": needs })
        };
        serde_json::from_value(json!({
            "hash": hdf5, "name": "hdf5", "version": "1.14.5", "compiler": "gcc@12.2.0", "platform": "linux", "os": "debian12",
            "target": "zen2", "variants": {}, "size": 1, "pushed": "2026-11-20T16:06:03.123Z", "signed": true, "managed": false,
            "layout": "v2", "prefix": "aaaaaaa", "namespace": "builtin", "package_hash": null, "flags": {},
            "tarball": "0".repeat(64), "files": [],
            "nodes": [
                node(&hdf5, "hdf5", "1.14.5", json!([
                    { "hash": cmake, "name": "cmake", "kinds": ["build"], "virtuals": [] },
                    { "hash": zlib, "name": "zlib", "kinds": ["build", "link"], "virtuals": ["zlib-api"] },
                ])),
                node(&cmake, "cmake", "git.abc/def=3.30", json!([])),
                node(&zlib, "zlib", "1.3.1", json!([])),
            ],
        }))
        .unwrap()
    }

    fn origin() -> Origin<'static> {
        Origin {
            page: "https://larder.example.org/m/a/-/specs/aaaa",
            tarball: Some("https://larder.example.org/mirrors/a/x.spack"),
            made: Timestamp::from_millis(1_700_000_000_123),
        }
    }

    #[test]
    fn cyclonedx_lists_every_package_once_and_what_it_needs() {
        let document: Value = serde_json::from_str(&cyclonedx(&spec(), origin())).unwrap();
        assert_eq!(document["metadata"]["component"]["name"], "hdf5");
        assert_eq!(document["metadata"]["component"]["hashes"][0]["content"], "0".repeat(64));
        assert_eq!(document["components"].as_array().unwrap().len(), 2);
        assert_eq!(
            document["components"][0]["purl"],
            format!("pkg:generic/cmake@git.abc%2Fdef%3D3.30?spack_hash={}", "c".repeat(32))
        );
        assert_eq!(document["components"][0].get("hashes"), None);
        assert_eq!(document["dependencies"][0]["dependsOn"], json!(["b".repeat(32), "c".repeat(32)]));
        let known: Vec<&Value> = document["dependencies"].as_array().unwrap().iter().map(|each| &each["ref"]).collect();
        assert_eq!(known.len(), 3);
    }

    #[test]
    fn spdx_tells_building_from_needing() {
        let document: Value = serde_json::from_str(&spdx(&spec(), origin())).unwrap();
        assert_eq!(document["creationInfo"]["created"].as_str().unwrap().len(), "2023-11-14T22:13:20Z".len());
        assert_eq!(document["packages"][0]["checksums"][0]["algorithm"], "SHA256");
        assert_eq!(document["packages"][1]["downloadLocation"], "NOASSERTION");
        let told: Vec<_> = document["relationships"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| {
                (each["relationshipType"].as_str().unwrap(), each["relatedSpdxElement"].as_str().unwrap().len())
            })
            .collect();
        assert_eq!(told, [("DESCRIBES", 40), ("BUILD_DEPENDENCY_OF", 40), ("DEPENDS_ON", 40)]);
    }
}
