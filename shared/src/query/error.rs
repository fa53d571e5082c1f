//! What is wrong with a query, and where.

use std::ops::Range;

use super::{MAX_QUERY_BYTES, target::InvalidTargets};
use crate::version::InvalidVersions;

/// Why a text is not a query. Displays as a sentence; [`QueryError::column`] and
/// [`QueryError::marked`] tell the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct QueryError {
    /// The bytes of the query that are at fault; never empty.
    pub span: Range<usize>,
    /// What is wrong with them.
    pub problem: Problem,
}

/// What is wrong with a part of a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The whole of it is too long.
    #[error("A query has at most {MAX_QUERY_BYTES} bytes.")]
    TooLong,
    /// A control character.
    #[error("The control character U+{:04X} has no place in a query.", u32::from(*.0))]
    Control(char),
    /// A character that begins nothing.
    #[error("`{0}` begins nothing that a spec can have; text to look for stands in quotes.")]
    Unexpected(char),
    /// A quote without its end.
    #[error("The quote that begins here is not closed.")]
    OpenQuote,
    /// A value that ends with a backslash.
    #[error("No value ends with a `\\`.")]
    Backslash,
    /// Quotes around nothing.
    #[error("Between the quotes stands nothing to look for.")]
    EmptyText,
    /// `@` alone.
    #[error("`@` wants a version after it, such as `@1.14` or `@1.10:1.14`.")]
    MissingVersion,
    /// A comma at the end of a list.
    #[error("`,` wants one more after it.")]
    MissingItem,
    /// Versions that are none.
    #[error("{}.", sentence(.0))]
    Versions(InvalidVersions),
    /// Targets that are none.
    #[error("{}.", sentence(.0))]
    Targets(InvalidTargets),
    /// `+`, `~` or `-` alone.
    #[error("`{0}` wants a variant name after it.")]
    MissingVariant(String),
    /// `key=` alone.
    #[error("`{0}` wants a value after it.")]
    MissingValue(String),
    /// `%` alone.
    #[error("`%` wants a compiler or another direct dependency after it, such as `%gcc@12`.")]
    MissingDirect,
    /// `^` alone.
    #[error("`^` wants a dependency after it: its name, or what else is asked of it.")]
    MissingDependency,
    /// `/` alone.
    #[error("`/` wants the beginning of a hash after it.")]
    MissingHash,
    /// Text that begins no hash.
    #[error("`{0}` begins no hash: a hash has 32 characters of `a-z` and `2-7`.")]
    Hash(String),
    /// `[` without its end.
    #[error("`[` wants `virtuals=` or `deptypes=` after it, then `]`.")]
    Attributes,
    /// A dependency type that is none.
    #[error("`{0}` is no type of dependency; there are build, link, run and test.")]
    Kind(String),
    /// The same thing said twice.
    #[error("{0} can be asked for once.")]
    Twice(String),
    /// A value that depends on the machine it is written on.
    #[error("`{0}` stands for the machine that Spack runs on; write its name.")]
    Relative(String),
    /// `==` or `:=` behind what is no variant.
    #[error("`{written}` is for variants; write `{key}=`.")]
    Sign {
        /// Key and sign.
        written: String,
        /// The key.
        key: String,
    },
    /// The path of a file.
    #[error("A spec file is not read here; write what you look for.")]
    File,
}

/// Upper case in front.
fn sentence(error: &impl ToString) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

impl QueryError {
    /// Where the fault begins in `query`, in characters, from 1.
    pub fn column(&self, query: &str) -> usize {
        query.get(..self.span.start).map_or(0, |before| before.chars().count()) + 1
    }

    /// The query with the fault marked below it, in two lines.
    pub fn marked(&self, query: &str) -> String {
        marked(query, &self.span)
    }
}

/// Most characters shown in front of a mark, and from where it begins.
const SHOWN_BEFORE: usize = 60;
const SHOWN_AFTER: usize = 60;

/// A text with a part of it marked below, in two lines; of a long one what is around the mark. Control
/// characters become spaces.
pub(super) fn marked(text: &str, span: &Range<usize>) -> String {
    let (before, after) = text.split_at_checked(span.start).unwrap_or((text, ""));
    let width = text.get(span.clone()).map_or(1, |part| part.chars().take(SHOWN_AFTER).count()).max(1);
    let skipped = before.chars().count().saturating_sub(SHOWN_BEFORE);
    let dots = if skipped > 0 { "..." } else { "" };
    let before: String = dots.chars().chain(before.chars().skip(skipped)).collect();
    let after: String = after.chars().take(SHOWN_AFTER.max(width)).collect();
    let line = format!("{before}{after}").replace(char::is_control, " ");
    format!("{line}\n{}{}", " ".repeat(before.chars().count()), "^".repeat(width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_shown_around_its_mark() {
        let text = format!("{}+{}", "a".repeat(100), "b".repeat(100));
        let expected = format!("...{}+{}\n{}^", "a".repeat(60), "b".repeat(59), " ".repeat(63));
        assert_eq!(marked(&text, &(100..101)), expected);
        assert_eq!(marked("é\t+", &(3..4)), "é +\n  ^");
        assert_eq!(marked("+", &(7..9)), "+\n ^");
        assert!(marked(&"x".repeat(100_000), &(2_000..100_000)).len() < 400);
    }
}
