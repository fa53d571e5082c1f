//! A node as JSON, with the keys in the order in which Spack writes them.

use super::Node;
use crate::{
    json,
    spec::{Compiler, SpecVersion},
};

impl Node {
    /// The node in the form it has in spec files and indexes of `version`, as compact JSON.
    ///
    /// Versions before 4 are written as 4, the oldest that Larder writes. There a node without a
    /// compiler gets [`Compiler::none`]. What a version cannot say is left out; what the model
    /// does not know is kept.
    pub fn to_json(&self, version: SpecVersion) -> String {
        let mut out = String::with_capacity(1024);
        self.push_json(&mut out, version);
        out
    }

    /// Appends what [`Node::to_json`] gives.
    pub fn push_json(&self, out: &mut String, version: SpecVersion) {
        let is_before_5 = version < SpecVersion::V5;
        let kept = &self.kept;
        out.push_str("{\"name\":");
        json::push_string(out, self.name.as_str());
        push_text(out, "version", self.version.as_str());
        push_raw(out, "arch", Some(&kept.arch));
        if is_before_5 {
            push_key(out, "compiler");
            self.compiler_or_none().push_json(out);
        }
        if let Some(namespace) = &self.namespace {
            push_text(out, "namespace", namespace);
        }
        push_raw(out, "parameters", kept.parameters.as_deref());
        if let Some(external) = &self.external {
            push_key(out, "external");
            external.push_json(out, kept.extra_attributes.as_deref());
        }
        push_raw(out, "patches", kept.patches.as_deref());
        if let Some(package_hash) = &self.package_hash {
            push_text(out, "package_hash", package_hash);
        }
        if version >= SpecVersion::V6 && !self.provided_virtuals.is_empty() {
            push_key(out, "provided_virtuals");
            json::push_strings(out, self.provided_virtuals.iter().map(String::as_str));
        }
        if !self.dependencies.is_empty() {
            push_key(out, "dependencies");
            for (index, edge) in self.dependencies.iter().enumerate() {
                out.push(if index == 0 { '[' } else { ',' });
                edge.push_json(out, !is_before_5);
            }
            out.push(']');
        }
        push_raw(out, "build_spec", kept.build_spec.as_deref());
        if !is_before_5 {
            push_key(out, "annotations");
            self.push_annotations(out);
        }
        for (key, value) in &kept.unknown {
            push_raw(out, key, Some(value));
        }
        push_text(out, "hash", self.hash.as_str());
        out.push('}');
    }

    /// Appends `{"original_specfile_version":4,"compiler":"gcc@12.2.0"}`: Spack 1.x looks for the
    /// compiler there if the spec is older than compilers as dependencies.
    fn push_annotations(&self, out: &mut String) {
        if let Some(annotations) = &self.kept.annotations {
            out.push_str(annotations);
            return;
        }
        let source = self.kept.source;
        out.push_str("{\"original_specfile_version\":");
        out.push_str(&source.number().to_string());
        if let Some(compiler) = self.compiler.as_ref().filter(|_| source < SpecVersion::V5) {
            out.push_str(",\"compiler\":");
            json::push_string(out, &Compiler::to_string(compiler));
        }
        out.push('}');
    }
}

/// Appends `,"key":`.
fn push_key(out: &mut String, key: &str) {
    out.push(',');
    json::push_string(out, key);
    out.push(':');
}

fn push_text(out: &mut String, key: &str, text: &str) {
    push_key(out, key);
    json::push_string(out, text);
}

fn push_raw(out: &mut String, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        push_key(out, key);
        out.push_str(value);
    }
}
