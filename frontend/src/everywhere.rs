//! A search of all mirrors: what each of them is asked, and what it answered.
//!
//! ```text
//! open ssl            packages: the first word in the name, the others too or in what fits the package
//! hdf5+mpi ^openmpi   specs, by the server's own search
//! /slmgyj5            the same; a whole hash needs no slash
//! ```

use larder_shared::{
    api::{PackageSummary, SpecSummary},
    find::Trouble,
    query::Query,
};

use crate::{filter::matching, find::paint::asks_for_specs, search_text::Sought};

/// How many rows are shown of a mirror.
pub const SHOWN: usize = 10;

/// What a text asks of every mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing yet.
    Nothing,
    /// Packages by words.
    Packages(String),
    /// The specs that a query means.
    Specs(String),
    /// Nothing that can be asked: what is wrong, and where.
    Faulty(Trouble),
}

impl Wanted {
    /// Reads the text in the box.
    pub fn parse(text: &str) -> Self {
        let query = match Sought::parse(text) {
            Sought::Everything => return Self::Nothing,
            Sought::Hash(hash) => format!("/{hash}"),
            Sought::Words(words) => words,
        };
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        match query.parse::<Query>() {
            Err(error) => {
                // The box holds what was trimmed away here, too.
                let before = text.find(&query).unwrap_or(0);
                let (start, end) = (place(before + error.span.start), place(before + error.span.end));
                Self::Faulty(Trouble { start, end, message: error.to_string() })
            }
            Ok(_) if asks_for_specs(&query) => Self::Specs(query),
            Ok(_) => Self::Packages(query),
        }
    }
}

/// What a mirror answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answered {
    /// Packages, by name.
    pub packages: Vec<PackageSummary>,
    /// Specs, the newest pushes first.
    pub specs: Vec<SpecSummary>,
    /// Whether the mirror has more than was asked for.
    pub has_more: bool,
    /// How many requests it took.
    pub requests: u32,
}

/// What of an answer is shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Kept {
    /// Packages, the best first, at most [`SHOWN`].
    pub packages: Vec<PackageSummary>,
    /// Specs, at most [`SHOWN`].
    pub specs: Vec<SpecSummary>,
    /// How many there are, as far as the answer tells.
    pub total: usize,
    /// Whether there are more than `total`.
    pub has_more: bool,
}

impl Kept {
    /// Takes what is shown for `wanted` out of an answer.
    pub fn of(answered: &Answered, wanted: &Wanted) -> Self {
        let matches = match wanted {
            Wanted::Packages(words) => matching(&answered.packages, words),
            _ => Vec::new(),
        };
        let packages = matches.iter().take(SHOWN).map(|found| answered.packages[found.index].clone()).collect();
        let specs: Vec<SpecSummary> = answered.specs.iter().take(SHOWN).cloned().collect();
        Self { packages, specs, total: matches.len() + answered.specs.len(), has_more: answered.has_more }
    }
}

#[cfg(test)]
mod tests {
    use larder_shared::api::Timestamp;

    use super::*;

    #[test]
    fn words_ask_for_packages_and_the_language_for_specs() {
        let specs = |query: &str| Wanted::Specs(query.to_owned());
        let packages = |words: &str| Wanted::Packages(words.to_owned());
        for (text, wanted) in [
            ("", Wanted::Nothing),
            ("  ", Wanted::Nothing),
            (" open ssl ", packages("open ssl")),
            ("hdf5@1.14 +mpi", specs("hdf5@1.14 +mpi")),
            ("/slmgyj5", specs("/slmgyj5")),
            ("slmgyj5v4fo4y6wdzwfhnokekfbduvnn", specs("/slmgyj5v4fo4y6wdzwfhnokekfbduvnn")),
        ] {
            assert_eq!(Wanted::parse(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_fault_stands_where_it_stands_in_the_box() {
        let Wanted::Faulty(trouble) = Wanted::parse("  hdf5 +") else { panic!("no fault") };
        assert_eq!((trouble.start, trouble.end), (7, 8));
        assert_eq!(trouble.message, "`+` wants a variant name after it.");
    }

    #[test]
    fn the_best_of_what_matches_is_kept() {
        let package = |name: &str| PackageSummary {
            name: name.parse().unwrap(),
            newest: "1".to_owned(),
            versions: 1,
            specs: 1,
            targets: vec!["zen3".to_owned()],
            systems: Vec::new(),
            bytes: 1,
            pushed: Timestamp::from_millis(0),
        };
        let names: Vec<String> = (10..30).map(|number| format!("a-hdf5-{number}")).collect();
        let packages = names.iter().map(String::as_str).chain(["hdf5"]).map(package).collect();
        let answered = Answered { packages, has_more: true, ..Answered::default() };
        let kept = Kept::of(&answered, &Wanted::parse("hdf5"));
        assert_eq!((kept.packages.len(), kept.packages[0].name.as_str()), (SHOWN, "hdf5"));
        assert_eq!((kept.total, kept.has_more), (21, true));
        assert_eq!(Kept::of(&answered, &Wanted::parse("hdf5 zen3")).total, 21);
        assert_eq!(Kept::of(&answered, &Wanted::parse("hdf5 zen4")).total, 0);
    }
}
