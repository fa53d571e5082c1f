//! Rendering: `header + record + "," + record + … + footer`, always the same bytes for the same
//! nodes.
//!
//! A document only grows at its end, so that what was hashed and stored of it stays as it is. A
//! `ref_count` is therefore written only where the whole document is rendered at once: a new package
//! changes those of its dependencies. No reader of a build cache looks at it. Nor is there any other
//! field beside Spack's own: one that Spack does not know makes it refuse the whole document.

use super::DbVersion;
use crate::{json, spec::Node};

/// What stands between two records.
pub const SEPARATOR: &str = ",";

/// What stands in front of the first record.
pub fn header(version: DbVersion) -> String {
    format!("{{\"database\":{{\"version\":\"{}\",\"installs\":{{", version.number())
}

/// One record: `"<hash>":{"spec":{…},"ref_count":2,"in_buildcache":true}`, where `ref_count`, the
/// number of records that depend on this one, may be left out.
///
/// An external package is never in a build cache, whatever `in_buildcache` says.
pub fn record(version: DbVersion, node: &Node, in_buildcache: bool, ref_count: Option<u64>) -> String {
    let mut out = String::with_capacity(2048);
    json::push_string(&mut out, node.hash.as_str());
    out.push_str(":{\"spec\":");
    node.push_json(&mut out, version.spec_version());
    if let Some(count) = ref_count {
        out.push_str(",\"ref_count\":");
        out.push_str(&count.to_string());
    }
    out.push_str(",\"in_buildcache\":");
    out.push_str(if in_buildcache && node.external.is_none() { "true}" } else { "false}" });
    out
}

/// What stands behind the last record.
pub const fn footer() -> &'static str {
    "}}}"
}
