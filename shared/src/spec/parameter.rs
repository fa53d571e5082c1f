//! Variants and compiler flags, which a node keeps together under `parameters`.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, de};

/// The parameters that are compiler flags and not variants, as Spack sorts them.
pub const FLAGS: [&str; 6] = ["cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs"];

/// The value of a variant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum ParameterValue {
    /// On or off: `+shared`, `~shared`.
    Flag(bool),
    /// One value: `build_type=Release`.
    Text(String),
    /// Any number of values: `fabrics=ucx,verbs`.
    List(Vec<String>),
}

impl fmt::Display for ParameterValue {
    /// As it is written after `name=`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(value) => f.write_str(if *value { "True" } else { "False" }),
            Self::Text(value) => f.write_str(value),
            Self::List(values) => f.write_str(&values.join(",")),
        }
    }
}

impl<'de> Deserialize<'de> for ParameterValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Value;
        impl<'de> de::Visitor<'de> for Value {
            type Value = ParameterValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a boolean, a text without commas or a list of texts")
            }

            fn visit_bool<E>(self, value: bool) -> Result<ParameterValue, E> {
                Ok(ParameterValue::Flag(value))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<ParameterValue, E> {
                // Spack splits it there and then refuses more than one value.
                if value.contains(',') {
                    return Err(E::invalid_value(de::Unexpected::Str(value), &self));
                }
                Ok(ParameterValue::Text(value.to_owned()))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut values: A) -> Result<ParameterValue, A::Error> {
                let mut all = Vec::new();
                while let Some(value) = values.next_element()? {
                    all.push(value);
                }
                Ok(ParameterValue::List(all))
            }
        }
        deserializer.deserialize_any(Value)
    }
}

/// `parameters` taken apart.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) variants: Vec<(String, ParameterValue)>,
    /// Without the empty ones.
    pub(super) flags: Vec<(String, Vec<String>)>,
}

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> de::Visitor<'de> for Entries {
            type Value = Parameters;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of variants and flags")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Parameters, A::Error> {
                let mut parameters = Parameters::default();
                while let Some(Text(name)) = entries.next_key()? {
                    if FLAGS.contains(&&*name) {
                        let words: Vec<String> = entries.next_value()?;
                        if !words.is_empty() {
                            parameters.flags.push((name.into_owned(), words));
                        }
                    } else {
                        parameters.variants.push((name.into_owned(), entries.next_value()?));
                    }
                }
                Ok(parameters)
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// A text that is borrowed when the JSON has it without escapes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// A text that may stand in a file name, as far as its length and control characters go.
pub(super) fn plain_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let Text(text) = Text::deserialize(deserializer)?;
    if text.is_empty() || text.len() > super::MAX_TEXT_BYTES || text.chars().any(char::is_control) {
        let cut = text.chars().take(80).collect::<String>();
        return Err(de::Error::invalid_value(de::Unexpected::Str(&cut), &"1 to 255 bytes without control characters"));
    }
    Ok(text.into_owned())
}
