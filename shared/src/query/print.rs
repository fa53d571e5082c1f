//! Queries as text.

use std::fmt;

use super::{
    DependencyQuery, DirectQuery, Name, NodeQuery, Query, SpecQuery, VariantQuery, Wanted,
    parse::{begins_name, is_in_word},
};
use crate::version::VersionList;

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, spec) in self.specs.iter().enumerate() {
            let is_nameless = spec.node.name.is_none() && *spec != SpecQuery::default();
            f.write_str(match (index, is_nameless) {
                (0, _) => "",
                (_, false) => " ",
                // What it asks would be read as asked of the spec in front of it.
                (_, true) => " * ",
            })?;
            write!(f, "{spec}")?;
        }
        Ok(())
    }
}

impl fmt::Display for SpecQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dependencies = self.dependencies.iter().map(ToString::to_string);
        let parts: Vec<_> = self.node.parts().into_iter().chain(dependencies).collect();
        f.write_str(if parts.is_empty() { "*" } else { "" })?;
        f.write_str(&parts.join(" "))
    }
}

impl fmt::Display for DependencyQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = (!self.kinds.is_empty()).then(|| format!("deptypes={}", self.kinds));
        let virtuals = (!self.virtuals.is_empty()).then(|| format!("virtuals={}", self.virtuals.join(",")));
        let attributes: Vec<_> = kinds.into_iter().chain(virtuals).collect();
        match attributes.is_empty() {
            true => f.write_str("^")?,
            false => write!(f, "^[{}] ", attributes.join(" "))?,
        }
        let mut parts = self.node.parts();
        if let (Some(first), Some((name, value))) = (parts.first_mut(), self.node.first_value()) {
            // Without quotes, `^mpi=openmpi` is openmpi as the provider of mpi.
            *first = format!("{name}={}", quoted(value));
        }
        f.write_str(if parts.is_empty() { "*" } else { "" })?;
        f.write_str(&parts.join(" "))
    }
}

impl NodeQuery {
    /// The variant and its value, if `variant=value` is what it begins with and the value looks like a
    /// name.
    fn first_value(&self) -> Option<(&str, &str)> {
        let VariantQuery { name, value: Wanted::Values(values), is_propagated: false } = &self.variants.first()?.value
        else {
            return None;
        };
        let [value] = &values[..] else { return None };
        let is_name = value.bytes().next().is_some_and(begins_name) && value.bytes().all(is_in_word);
        let rest = Self { variants: Vec::new(), direct: Vec::new(), ..self.clone() };
        (is_name && rest == Self::default()).then_some((name, value))
    }

    /// What is asked, in an order in which nothing is read as belonging to something else: a version
    /// behind `%gcc` would be gcc's, and so would, in Spack 1.x, a variant.
    fn parts(&self) -> Vec<String> {
        let name = self.name.as_ref().map(|name| &name.value);
        let in_front = self.namespace.as_ref().filter(|space| is_dotted(space) && matches!(name, Some(Name::Is(_))));
        let mut first = in_front.map(|namespace| format!("{namespace}.")).unwrap_or_default();
        match name {
            Some(Name::Is(name)) => first += name,
            Some(Name::Holds(text)) => first += &quoted(text),
            None => {}
        }
        first.extend(self.versions.as_ref().map(at));
        let namespace = self.namespace.as_ref().filter(|_| in_front.is_none());
        let target = self.target.as_ref().map(|target| target.value.to_string());
        let keys = [
            ("namespace", namespace),
            ("platform", self.platform.as_ref()),
            ("os", self.os.as_ref()),
            ("target", target.as_ref()),
        ];
        let mut parts: Vec<String> = (!first.is_empty()).then_some(first).into_iter().collect();
        parts.extend(self.hash.as_ref().map(|hash| format!("/{hash}")));
        parts.extend(keys.iter().filter_map(|(key, text)| text.map(|text| format!("{key}={}", value(text)))));
        for (name, words) in &self.flags {
            // A word without `-` in front would be read as belonging to the word before it.
            let runs = words.chunk_by(|_, next| next.starts_with('-'));
            parts.extend(runs.map(|run| format!("{name}={}", value(&run.join(" ")))));
        }
        parts.extend(self.variants.iter().map(|variant| variant.value.to_string()));
        parts.extend(self.direct.iter().map(ToString::to_string));
        parts
    }
}

/// `@1.2:1.4`; with a space in front of a list that begins as a version of git's does, which stands alone.
fn at(versions: &VersionList) -> String {
    let text = versions.to_string();
    let is_git = |first: &str| {
        first.starts_with("git.")
            || first.get(..40).is_some_and(|hash| hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let space = if text.split_once([',', ':']).is_some_and(|(first, _)| is_git(first)) { " " } else { "" };
    format!("@{space}{text}")
}

/// Whether a namespace can stand in front of a name.
fn is_dotted(namespace: &str) -> bool {
    let is_name = |part: &str| {
        part.bytes()
            .enumerate()
            .all(|(index, byte)| byte.is_ascii_alphanumeric() || byte == b'_' || (index > 0 && byte == b'-'))
            && !part.is_empty()
    };
    namespace.split('.').all(is_name)
}

impl fmt::Display for DirectQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let virtuals = if self.virtuals.is_empty() { String::new() } else { self.virtuals.join(",") + "=" };
        let versions = self.versions.as_ref().map(|versions: &VersionList| format!("@{versions}"));
        write!(f, "%{virtuals}{}{}", self.name, versions.unwrap_or_default())
    }
}

impl fmt::Display for VariantQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, is_propagated, .. } = self;
        let equals = if *is_propagated { "==" } else { "=" };
        match &self.value {
            Wanted::Flag(on) => {
                let sigil = if *on { "+" } else { "~" };
                write!(f, "{}{name}", sigil.repeat(1 + usize::from(*is_propagated)))
            }
            Wanted::Any => write!(f, "{name}{equals}*"),
            Wanted::Values(values) => write!(f, "{name}{equals}{}", value(&values.join(","))),
            Wanted::Exactly(values) => write!(f, "{name}:{equals}{}", value(&values.join(","))),
        }
    }
}

/// Whether a byte may stand in a value without quotes.
pub(super) const fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'-' | b'+' | b'*' | b'.' | b',' | b':' | b'=' | b'~' | b'/' | b'\\')
}

/// A value, in quotes if it needs them.
fn value(text: &str) -> String {
    let is_bare = text.bytes().all(is_bare) && !text.starts_with('=');
    if is_bare { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "\\'"))
}
