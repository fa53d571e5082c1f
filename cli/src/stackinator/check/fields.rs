//! Which fields a mapping may have, and what each may be.
//!
//! Source: Stackinator's `schema/cache.json` and `schema/mirror.json`, which allow nothing else.

use super::{
    finding::Findings,
    yaml::{Entry, Node, Value},
};

/// What a field may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    TextOrNull,
    /// The name of an environment variable.
    Variable,
    Flag,
    /// `{secret_variable, id | id_variable}`
    AccessPair,
    /// A URL, or a mapping with one and how to get in.
    Connection,
}

/// A field and what it may be.
pub(super) type Field = (&'static str, Kind);

/// How a mirror is reached: at the top of an entry, or below `fetch` and `push`.
pub(super) const CONNECTION: [Field; 6] = [
    ("url", Kind::Text),
    ("view", Kind::Text),
    ("profile", Kind::TextOrNull),
    ("endpoint_url", Kind::TextOrNull),
    ("access_token_variable", Kind::Variable),
    ("access_pair", Kind::AccessPair),
];

const ACCESS_PAIR: [Field; 3] =
    [("id", Kind::Text), ("id_variable", Kind::Variable), ("secret_variable", Kind::Variable)];

/// Says which entries of `mapping`, called `place`, are not of `fields`, or are not what they may be.
///
/// Returns whether it is a mapping at all.
pub(super) fn check(place: &str, mapping: &Node, fields: &[Field], findings: &mut Findings) -> bool {
    let Some(entries) = mapping.entries() else {
        let names = names(fields);
        let what = format!("{place} is {}, where a mapping is expected", mapping.kind());
        findings.wrong(mapping.line, &what, &format!("Write its fields below it, each on a line: {names}."));
        return false;
    };
    check_twice(place, entries, findings);
    for entry in entries {
        let key = entry.key.as_str();
        match fields.iter().find(|(name, _)| *name == key) {
            Some((_, kind)) => check_kind(key, &entry.node, *kind, findings),
            None => {
                let next = match nearest(key, fields) {
                    Some(name) => format!("Did you mean `{name}`?"),
                    None => format!("It may have: {}.", names(fields)),
                };
                findings.wrong(entry.line, &format!("`{key}` is not a field of {place}"), &next);
            }
        }
    }
    true
}

/// Says which entries stand in a mapping more than once, of which PyYAML takes the last.
pub(super) fn check_twice(place: &str, entries: &[Entry], findings: &mut Findings) {
    for (index, Entry { key, line, .. }) in entries.iter().enumerate() {
        if entries[..index].iter().any(|earlier| earlier.key == *key) {
            findings.wrong(
                *line,
                &format!("`{key}` stands in {place} twice"),
                "The last one counts: remove the other.",
            );
        }
    }
}

fn check_kind(key: &str, node: &Node, kind: Kind, findings: &mut Findings) {
    let mut wrong = |expected: &str, next: &str| {
        findings.wrong(node.line, &format!("`{key}` is {}, where {expected} is expected", node.kind()), next);
    };
    match (kind, &node.value) {
        (Kind::Variable, Value::Text(name)) => {
            if !is_variable(name) {
                let next = "Write the name alone, without `$`, and never the secret itself: `LARDER_TOKEN`.";
                findings.wrong(node.line, &format!("`{key}` is not the name of an environment variable"), next);
            }
        }
        (Kind::Text | Kind::TextOrNull | Kind::Connection, Value::Text(_))
        | (Kind::TextOrNull | Kind::Variable, Value::Null(_))
        | (Kind::Flag, Value::Flag(_)) => {}
        (Kind::Text, Value::Null(written)) if written == "~" => {
            wrong("text", "To YAML, `~` is nothing, and Stackinator expands no `~` either: write the path out.");
        }
        (Kind::Text | Kind::TextOrNull, Value::Number(_) | Value::Flag(_)) => {
            wrong("text", "Put it in quotes.");
        }
        (Kind::Text | Kind::TextOrNull | Kind::Variable, _) => wrong("text", "Write it out, or remove the field."),
        (Kind::Flag, _) => wrong("true or false", "Write `true` or `false`, without quotes."),
        (Kind::Connection, Value::Map(_)) => {
            if check(&format!("`{key}`"), node, &CONNECTION, findings) && node.get("url").is_none() {
                findings.wrong(node.line, &format!("`{key}` has no `url`"), "Say where: `url: <URL>`.");
            }
        }
        (Kind::Connection, _) => {
            wrong("a URL, or a mapping with one", &format!("Write `{key}: <URL>`, or `url: <URL>` below it."));
        }
        (Kind::AccessPair, Value::List) => {
            wrong(
                "a mapping",
                "Spack before 1.0 took a list, Stackinator does not: write `id` or `id_variable`, and `secret_variable`.",
            );
        }
        (Kind::AccessPair, _) => {
            if check(&format!("`{key}`"), node, &ACCESS_PAIR, findings) {
                check_access_pair(node, findings);
            }
        }
    }
}

fn check_access_pair(pair: &Node, findings: &mut Findings) {
    let has = |key| pair.get(key).is_some();
    if !has("secret_variable") {
        let next = "Name the environment variable that holds the token: `secret_variable: LARDER_TOKEN`.";
        findings.wrong(pair.line, "`access_pair` has no `secret_variable`", next);
    }
    if has("id") == has("id_variable") {
        let what = if has("id") { "both `id` and `id_variable`" } else { "neither `id` nor `id_variable`" };
        let next = "Give one of them; to Larder the user name is any word: `id: larder`.";
        findings.wrong(pair.line, &format!("`access_pair` has {what}"), next);
    }
}

fn is_variable(name: &str) -> bool {
    name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn names(fields: &[Field]) -> String {
    fields.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// The field that was probably meant.
fn nearest(key: &str, fields: &[Field]) -> Option<&'static str> {
    let key = key.to_lowercase().replace('-', "_");
    larder_shared::nearest::nearest(&key, fields.iter().map(|(name, _)| *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_field_is_recognized() {
        let fields = [("private_key", Kind::Text), ("url", Kind::Text), ("push", Kind::Text)];
        for (key, name) in [
            ("private-key", Some("private_key")),
            ("privat_key", Some("private_key")),
            ("URL", Some("url")),
            ("uri", Some("url")),
            ("pull", None),
            ("mirror", None),
            ("", None),
        ] {
            assert_eq!(nearest(key, &fields), name, "{key}");
        }
    }
}
