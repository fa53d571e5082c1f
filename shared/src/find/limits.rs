//! What stands in `f=` of the URL: `os:debian12,ubuntu22.04;signed:yes;age:7d`.

use std::fmt;

/// What an answer is limited to beside the query. Displays as it stands in the URL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Limits {
    /// Each a facet's key with the values of which one has to fit; in the order of [`KEYS`].
    values: Vec<(&'static str, Vec<String>)>,
}

/// The facets that may stand there.
const KEYS: [&str; 7] = ["os", "target", "compiler", "version", "signed", "age", "fits"];

impl Limits {
    /// Reads them; what is not known is left out.
    pub(super) fn parse(text: &str) -> Self {
        let mut limits = Self::default();
        for (key, values) in text.split(';').filter_map(|part| part.split_once(':')) {
            for value in values.split(',').map(str::trim).filter(|value| !value.is_empty()) {
                limits.set(key, value, true);
            }
        }
        limits
    }

    /// The values of a facet; none when it is not limited.
    pub(super) fn of(&self, key: &str) -> &[String] {
        self.values.iter().find(|(known, _)| *known == key).map_or(&[], |(_, values)| values)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.values.iter().map(|(key, _)| *key)
    }

    /// Puts a value in or takes it out.
    pub(super) fn set(&mut self, key: &str, value: &str, is_in: bool) {
        let Some(place) = KEYS.iter().position(|known| *known == key) else { return };
        let at = self.values.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            let before = |known: &&str| KEYS.iter().position(|key| key == known).is_some_and(|at| at < place);
            let at = self.values.iter().take_while(|(known, _)| before(known)).count();
            self.values.insert(at, (KEYS[place], Vec::new()));
            at
        });
        self.values[at].1.retain(|known| known != value);
        if is_in {
            self.values[at].1.push(value.to_owned());
        }
        self.values.retain(|(_, values)| !values.is_empty());
    }

    pub(super) fn clear(&mut self, key: &str) {
        self.values.retain(|(known, _)| *known != key);
    }

    /// The oldest age in days, of which the largest counts.
    pub(super) fn days(&self) -> Option<u64> {
        self.of("age").iter().filter_map(|age| age.strip_suffix('d')?.parse().ok()).max()
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, values)) in self.values.iter().enumerate() {
            let separator = if index > 0 { ";" } else { "" };
            write!(f, "{separator}{key}:{}", values.join(","))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_they_are_written() {
        for text in ["", "os:debian12,ubuntu22.04;signed:yes;age:7d", "target:zen3;compiler:gcc@12"] {
            assert_eq!(Limits::parse(text).to_string(), text);
        }
        assert_eq!(Limits::parse("signed:yes;colour:red;os:;os:a,,a;x").to_string(), "os:a;signed:yes");
        let mut limits = Limits::parse("os:a,b");
        limits.set("os", "a", false);
        limits.set("fits", "yes", true);
        assert_eq!(limits.to_string(), "os:b;fits:yes");
        assert_eq!(Limits::parse("age:7d,30d,x").days(), Some(30));
    }
}
