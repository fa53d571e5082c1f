//! Variants in the order people read them, and which of them differ among a package's specs.

use std::collections::{BTreeMap, BTreeSet};

use larder_shared::api::{SpecSummary, VariantValue};

/// A spec's variants: on ones, off ones, then valued ones, each alphabetical.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ordered {
    /// `+name`
    pub on: Vec<String>,
    /// `~name`
    pub off: Vec<String>,
    /// `name=value`
    pub valued: Vec<(String, String)>,
}

impl Ordered {
    /// Sorts out `variants`.
    pub fn of<'a>(variants: impl IntoIterator<Item = (&'a String, &'a VariantValue)>) -> Self {
        let mut ordered = Self::default();
        for (name, value) in variants {
            match value {
                VariantValue::Flag(true) => ordered.on.push(name.clone()),
                VariantValue::Flag(false) => ordered.off.push(name.clone()),
                VariantValue::Text(text) => ordered.valued.push((name.clone(), text.clone())),
                VariantValue::List(values) => ordered.valued.push((name.clone(), values.join(","))),
            }
        }
        ordered
    }

    /// How many variants these are.
    pub fn len(&self) -> usize {
        self.on.len() + self.off.len() + self.valued.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What the specs of a package have in common, and what not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
    /// Names of the variants that are not equal in all specs, or that some do not have.
    pub differing: BTreeSet<String>,
    /// The variants that are the same in all of them.
    pub same: BTreeMap<String, VariantValue>,
}

impl Compared {
    /// Compares all variants of `specs`.
    pub fn of(specs: &[SpecSummary]) -> Self {
        let mut compared = Self::default();
        for name in specs.iter().flat_map(|spec| spec.variants.keys()).collect::<BTreeSet<_>>() {
            let first = specs.first().and_then(|spec| spec.variants.get(name));
            match first {
                Some(value) if specs.iter().all(|spec| spec.variants.get(name) == Some(value)) => {
                    compared.same.insert(name.clone(), value.clone());
                }
                _ => {
                    compared.differing.insert(name.clone());
                }
            }
        }
        compared
    }

    /// The variants of one of the specs that are not the same in all.
    pub fn differing_of(&self, spec: &SpecSummary) -> Ordered {
        Ordered::of(spec.variants.iter().filter(|(name, _)| self.differing.contains(*name)))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use larder_shared::api::{Layout, Timestamp};

    use super::*;

    /// A spec with these variants, such as `+mpi ~java api=v18 parts=a,b`.
    pub(crate) fn spec(version: &str, os: &str, target: &str, variants: &str) -> SpecSummary {
        let variants = variants.split_whitespace().map(|text| match (text.split_once('='), text.split_at(1)) {
            (Some((name, list)), _) if list.contains(',') => {
                (name.to_owned(), VariantValue::List(list.split(',').map(str::to_owned).collect()))
            }
            (Some((name, value)), _) => (name.to_owned(), VariantValue::Text(value.to_owned())),
            (None, (sign, name)) => (name.to_owned(), VariantValue::Flag(sign == "+")),
        });
        SpecSummary {
            hash: "slmgyj5v4fo4y6wdzwfhnokekfbduvnn".parse().unwrap(),
            name: "hdf5".parse().unwrap(),
            version: version.to_owned(),
            compiler: None,
            platform: "linux".to_owned(),
            os: os.to_owned(),
            target: target.to_owned(),
            variants: variants.collect(),
            size: None,
            pushed: Timestamp::from_millis(0),
            signed: Some(true),
            managed: false,
            layout: Layout::V2,
        }
    }

    #[test]
    fn on_ones_come_first() {
        let ordered = Ordered::of(&spec("1", "o", "t", "~java +mpi api=v18 +hl parts=a,b").variants);
        assert_eq!(ordered.on, ["hl", "mpi"]);
        assert_eq!(ordered.off, ["java"]);
        assert_eq!(ordered.valued, [("api".into(), "v18".into()), ("parts".into(), "a,b".into())]);
        assert_eq!(ordered.len(), 5);
    }

    #[test]
    fn only_what_differs() {
        let specs = [spec("1", "o", "t", "+mpi ~java api=v18"), spec("1", "o", "t", "~mpi ~java +new api=v18")];
        let compared = Compared::of(&specs);
        assert_eq!(compared.differing.iter().collect::<Vec<_>>(), ["mpi", "new"]);
        assert_eq!(compared.same.keys().collect::<Vec<_>>(), ["api", "java"]);
        assert_eq!(compared.differing_of(&specs[0]).on, ["mpi"]);
        assert_eq!(compared.differing_of(&specs[1]).off, ["mpi"]);
        assert_eq!(Compared::of(&specs[..1]).differing.len(), 0);
        assert_eq!(Compared::of(&[]), Compared::default());
    }
}
