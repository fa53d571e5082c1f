//! Where two documents differ, in words.

use std::collections::BTreeSet;

use serde_json::Value;

/// Most differences told.
const MAX_TOLD: usize = 8;

/// Compares JSON documents; members of objects may stand in any order.
///
/// # Panics
/// With the places where they differ.
pub fn expect_same_json(what: &str, actual: &[u8], expected: &[u8]) {
    let read = |which: &str, bytes: &[u8]| -> Value {
        serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{what}: {which} is not JSON: {error}"))
    };
    let mut told = Vec::new();
    compare("", &read("the answer", actual), &read("what is expected", expected), &mut told);
    let count = told.len();
    told.truncate(MAX_TOLD);
    assert!(told.is_empty(), "{what} differs at {count} places:\n  {}", told.join("\n  "));
}

fn compare(place: &str, actual: &Value, expected: &Value, told: &mut Vec<String>) {
    match (actual, expected) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => compare(&format!("{place}/{key}"), a, b, told),
                    (Some(a), None) => told.push(format!("{place}/{key} is {}, but should not be there", short(a))),
                    (None, Some(b)) => told.push(format!("{place}/{key} is missing, but should be {}", short(b))),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (number, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{place}/{number}"), a, b, told);
            }
        }
        (a, b) if a == b => {}
        (a, b) => told.push(format!("{place} is {}, but should be {}", short(a), short(b))),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 120 { text } else { format!("{}…", text.chars().take(120).collect::<String>()) }
}

/// Compares bytes.
///
/// # Panics
/// With the first place where they differ, and what stands there.
pub fn expect_same_bytes(what: &str, actual: &[u8], expected: &[u8]) {
    if actual == expected {
        return;
    }
    let same = actual.iter().zip(expected).take_while(|(a, b)| a == b).count();
    let shown = |bytes: &[u8]| {
        let rest = &bytes[same..];
        format!("`{}`", String::from_utf8_lossy(&rest[..rest.len().min(60)]))
    };
    panic!(
        "{what} differs at byte {same}: {} instead of {} ({} instead of {} bytes)",
        shown(actual),
        shown(expected),
        actual.len(),
        expected.len()
    );
}
