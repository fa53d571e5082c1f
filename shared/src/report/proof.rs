//! Whether a package that was pushed is what a build was asked to make.

use crate::spec::{Node, ParameterValue};

/// Whether nothing in `spec`, the words of `spack install`, speaks against `node`: neither a version
/// nor a compiler, a variant, a target nor a hash. Words about dependencies are passed over.
pub fn fits(spec: &str, node: &Node) -> bool {
    let own = spec.split('^').next().unwrap_or_default();
    let name_end = own.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(own.len());
    let (name, rest) = own.split_at(name_end);
    let name = name.rsplit('.').next().unwrap_or(name);
    if !name.is_empty() && name != node.name.as_str() {
        return false;
    }
    words(rest).all(|word| fits_word(word, node))
}

/// Takes `@1.2 +mpi~x%gcc@12` apart at its sigils and spaces.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.trim_start();
    std::iter::from_fn(move || {
        let mut in_compiler = rest.starts_with('%');
        let end = rest.char_indices().skip(1).find(|(_, c)| match c {
            // A compiler's own version belongs to it.
            '@' if in_compiler => {
                in_compiler = false;
                false
            }
            c => c.is_whitespace() || "@%+~/".contains(*c),
        });
        let end = end.map_or(rest.len(), |(at, _)| at);
        let (word, after) = rest.split_at(end);
        rest = after.trim_start();
        (!word.is_empty()).then_some(word)
    })
}

fn fits_word(word: &str, node: &Node) -> bool {
    let parameter = |name: &str| node.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    if let Some(version) = word.strip_prefix('@') {
        return fits_version(version, node.version.as_str());
    }
    if let Some(compiler) = word.strip_prefix('%') {
        let (name, version) = compiler.split_once('@').unwrap_or((compiler, ""));
        return node.compiler.as_ref().is_none_or(|compiler| {
            compiler.name == name && (version.is_empty() || fits_version(version, compiler.version.as_str()))
        });
    }
    if let Some(hash) = word.strip_prefix('/').or_else(|| word.strip_prefix("hash=")) {
        return node.hash.as_str().starts_with(hash);
    }
    if let Some(name) = word.strip_prefix('+') {
        return parameter(name) == Some(&ParameterValue::Flag(true));
    }
    if let Some(name) = word.strip_prefix('~') {
        return parameter(name) == Some(&ParameterValue::Flag(false));
    }
    match word.split_once('=') {
        Some(("target", target)) => target.contains([':', ',']) || target == node.target,
        Some(("os", os)) => os == node.os,
        Some(("arch", arch)) => arch == format!("{}-{}-{}", node.platform, node.os, node.target),
        // What else there may be is not told by a node alone.
        _ => true,
    }
}

/// Whether a version is the one asked for, or one of its releases; ranges and lists are taken to fit.
fn fits_version(asked: &str, version: &str) -> bool {
    let asked = asked.strip_prefix('=').unwrap_or(asked);
    let is_list = asked.contains([':', ',']) || asked.starts_with("git.");
    is_list || version.strip_prefix(asked).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::SpecVersion;

    fn node() -> Node {
        let text = r#"{"name":"hdf5","version":"1.14.5","arch":{"platform":"linux","platform_os":"debian12","target":
            {"name":"zen3","vendor":"AuthenticAMD","features":[],"generation":0,"parents":["zen2"]}},
            "compiler":{"name":"gcc","version":"12.2.0"},"namespace":"builtin",
            "parameters":{"mpi":true,"cxx":false,"api":"default","cflags":[],"cppflags":[],"cxxflags":[],"fflags":[],"ldflags":[],"ldlibs":[]},
            "hash":"slmgyj5jbi4buhh3djrg6bjjk5okgz7l"}"#;
        Node::parse(text, SpecVersion::V4, None).unwrap()
    }

    #[test]
    fn a_spec_fits_what_nothing_in_it_speaks_against() {
        for spec in [
            "hdf5",
            "hdf5@1.14+mpi~cxx%gcc@12 ^openmpi@5",
            "builtin.hdf5 @1.14.5 +mpi",
            "hdf5@=1.14.5 target=zen3 api=default",
            "hdf5@1.10: os=debian12",
            "/slmgyj5",
            "hdf5@1.14.5%gcc@12.2.0 hash=slmgyj5jbi4buhh3djrg6bjjk5okgz7l arch=linux-debian12-zen3 (group)",
        ] {
            assert!(fits(spec, &node()), "{spec}");
        }
        for spec in [
            "zlib",
            "hdf5@1.1",
            "hdf5~mpi",
            "hdf5+cxx",
            "hdf5%clang",
            "hdf5%gcc@13",
            "hdf5 target=zen2",
            "hdf5/abc",
            "hdf5 +none",
        ] {
            assert!(!fits(spec, &node()), "{spec}");
        }
    }
}
