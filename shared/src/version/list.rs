//! What a spec asks of a version: `@1.10:1.12,=1.14.3`.
//!
//! `1.2` stands for everything that begins like it: from 1.2 to before the version that follows,
//! 1.3. Source: `ClosedOpenRange` and `_next_version` in Spack's `version/version_types.py`.

use std::{cmp::Ordering, fmt, str::FromStr};

use super::{GitReference, INFINITY_WORDS, Number, Rank, Segment, Version};

/// One or more ranges, of which a version must be in one; displays as it stands after `@`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VersionList(Vec<VersionRange>);

/// A set of versions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum VersionRange {
    /// `=1.2`: nothing but 1.2.
    Exactly(Version),
    /// `git.main` or a commit: that reference, with the version assigned to it if one is given.
    Git(Version),
    /// `1.2:1.4`, `1.2:`, `:1.4` or `:`; `1.2` is `1.2:1.2`. What begins like the upper end belongs
    /// to it.
    Between(Option<Version>, Option<Version>),
}

/// Text that asks nothing of a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVersions {
    /// A part of it is no version.
    #[error("`{0}` is not a version")]
    Version(String),
    /// The lower end is above the upper.
    #[error("no version is in `{0}`: its lower end is above its upper")]
    Empty(String),
}

impl VersionList {
    /// The ranges, as they were given.
    pub fn ranges(&self) -> &[VersionRange] {
        &self.0
    }

    /// Whether `version` is in one of the ranges.
    pub fn contains(&self, version: &Version) -> bool {
        self.0.iter().any(|range| range.contains(version))
    }

    /// Whether some version could be in both.
    pub fn intersects(&self, other: &Self) -> bool {
        self.0.iter().any(|range| other.0.iter().any(|other| range.intersects(other)))
    }
}

impl VersionRange {
    /// Whether `version` is in the range. A git version is where the version assigned to it is, and is
    /// never exactly a plain one.
    pub fn contains(&self, version: &Version) -> bool {
        match self {
            Self::Exactly(wanted) => wanted == version,
            Self::Git(wanted) => match (GitReference::of(wanted.as_str()), GitReference::of(version.as_str())) {
                (Some(wanted_git), Some(git)) if wanted_git.assigned.is_none() => wanted_git.name == git.name,
                _ => wanted == version,
            },
            Self::Between(low, high) => {
                low.as_ref().is_none_or(|low| version >= low)
                    && high.as_ref().is_none_or(|high| version.is_before_next_of(high))
            }
        }
    }

    fn intersects(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Between(low, high), Self::Between(other_low, other_high)) => {
                let reaches = |low: &Option<Version>, high: &Option<Version>| match (low, high) {
                    (Some(low), Some(high)) => low.is_before_next_of(high),
                    _ => true,
                };
                reaches(low, other_high) && reaches(other_low, high)
            }
            (range, Self::Exactly(version) | Self::Git(version))
            | (Self::Exactly(version) | Self::Git(version), range) => range.contains(version),
        }
    }
}

impl Version {
    /// Whether it comes before the version that follows `high`, so that `:high` has it.
    ///
    /// The version that follows has one more in its last segment: 1.2 → 1.3, 1.2a → 1.2b,
    /// main → develop, 1.2rc1 → 1.2rc2.
    fn is_before_next_of(&self, high: &Self) -> bool {
        let (mine, high) = (self.key(), high.key());
        if high.rank != Rank::Final {
            let order = mine.release.cmp(high.release).then(mine.rank.cmp(&high.rank));
            // Without a number, the one that follows has number 0.
            return order
                .then_with(|| if mine.number <= high.number { Ordering::Less } else { Ordering::Greater })
                .is_lt();
        }
        let (mut release, mut high) = (mine.release, high.release.peekable());
        while let Some(limit) = high.next() {
            let Some(segment) = release.next() else { return true };
            match (segment.cmp(&limit), high.peek()) {
                (Ordering::Less, _) | (Ordering::Equal, None) => return true,
                (Ordering::Equal, Some(_)) => {}
                (Ordering::Greater, Some(_)) => return false,
                (Ordering::Greater, None) => {
                    return match segment.cmp_next_of(limit) {
                        Ordering::Less => true,
                        // A pre-release of the version that follows comes before it.
                        Ordering::Equal => release.next().is_none() && mine.rank != Rank::Final,
                        Ordering::Greater => false,
                    };
                }
            }
        }
        // Only separators: the version that follows is `A`.
        release.next().is_none_or(|segment| segment < Segment::Word("A"))
    }
}

impl Segment<'_> {
    /// How it compares with the segment that follows `limit`, which comes before it.
    fn cmp_next_of(self, limit: Segment<'_>) -> Ordering {
        match (self, limit) {
            (Self::Number(number), Segment::Number(limit)) => number.cmp_next_of(limit),
            (Self::Infinity(word), Segment::Infinity(limit)) => word.cmp(&(limit + 1)),
            (Self::Word(word), Segment::Word(limit)) => word.cmp(&next_word(limit)),
            _ => Ordering::Greater,
        }
    }
}

impl Number<'_> {
    /// How it compares with `limit` + 1, when it is above `limit`.
    fn cmp_next_of(self, limit: Number<'_>) -> Ordering {
        let mut next: Vec<u8> = limit.digits.bytes().collect();
        let nines = next.iter().rev().take_while(|&&digit| digit == b'9').count();
        let kept = next.len() - nines;
        next[kept..].fill(b'0');
        match next[..kept].last_mut() {
            Some(digit) => *digit += 1,
            None => next.insert(0, b'1'),
        }
        (self.length, self.digits.as_bytes()).cmp(&(next.len(), &next))
    }
}

/// The word that follows: `a` → `b`, `Z` → `a`, `z` → `zA`.
fn next_word(word: &str) -> String {
    let mut next = word.to_owned();
    loop {
        match next.pop() {
            None => next.push('A'),
            Some('z') => next.push_str("zA"),
            Some('Z') => next.push('a'),
            // Segments are ASCII letters.
            Some(letter) => next.push(char::from(letter as u8 + 1)),
        }
        if !INFINITY_WORDS.contains(&next.as_str()) {
            return next;
        }
    }
}

impl FromStr for VersionList {
    type Err = InvalidVersions;

    fn from_str(text: &str) -> Result<Self, InvalidVersions> {
        text.split(',').map(|range| range.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for VersionRange {
    type Err = InvalidVersions;

    fn from_str(text: &str) -> Result<Self, InvalidVersions> {
        let version = |text: &str| {
            let version = Version::from(text);
            let is_plain = GitReference::of(text).is_none() && !text.contains('=');
            (version.is_valid() && is_plain).then_some(version).ok_or_else(|| InvalidVersions::Version(text.to_owned()))
        };
        let end = |text: &str| (!text.is_empty()).then(|| version(text)).transpose();
        if let Some(exact) = text.strip_prefix('=') {
            return version(exact).map(Self::Exactly);
        }
        if GitReference::of(text).is_some() {
            let version = Version::from(text);
            let is_valid = version.is_valid();
            return is_valid.then_some(Self::Git(version)).ok_or_else(|| InvalidVersions::Version(text.to_owned()));
        }
        let (low, high) = match text.split_once(':') {
            Some((low, high)) => (end(low)?, end(high)?),
            None => (Some(version(text)?), Some(version(text)?)),
        };
        match (&low, &high) {
            (Some(low), Some(high)) if !low.is_before_next_of(high) => Err(InvalidVersions::Empty(text.to_owned())),
            _ => Ok(Self::Between(low, high)),
        }
    }
}

impl fmt::Display for VersionList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.0.iter().enumerate() {
            write!(f, "{}{range}", if index > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(version) => write!(f, "={version}"),
            Self::Git(version) => write!(f, "{version}"),
            Self::Between(Some(low), Some(high)) if low.as_str() == high.as_str() => write!(f, "{low}"),
            Self::Between(low, high) => {
                let text = |end: &Option<Version>| end.as_ref().map(ToString::to_string).unwrap_or_default();
                write!(f, "{}:{}", text(low), text(high))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A version, what is asked, and Spack 0.23's answer.
    const CONTAINS: &[(&str, &str, bool)] = &[
        ("1.2.3", "1.2", true),
        ("1.2.3", "=1.2", false),
        ("1.2", "=1.2", true),
        ("1.20", "1.2", false),
        ("1.4.9", "1.2:1.4", true),
        ("1.5", "1.2:1.4", false),
        ("1.2", "1.2.0", false),
        ("1.2.0", "1.2", true),
        ("develop", "1.2:", true),
        ("develop", ":1.2", false),
        ("main", "main", true),
        ("develop", "main", false),
        ("develop", "main:", true),
        ("11.2.0-alpha", "11", true),
        ("2024.01.05", "2024.1.5", true),
        ("1.2rc1", "1.2", false),
        ("1.2rc1", ":1.2", true),
        ("1.2rc1", "1.2:", false),
        ("1.2.0rc1", "1.2", true),
        ("1.2.0rc1", "1.2.0", false),
        ("1.2.0rc1", "1.2.0rc", false),
        ("1.2alpha", ":1.1", true),
        ("2alpha", ":1", true),
        ("1.2a", "1.2", true),
        ("1.0.2k", "1.0.2:1.0.2j", false),
        ("3.4.1", "1.2,3.4", true),
        ("2.0", "1,3:", false),
        ("git.abc=1.2.5", "1.2:1.3", true),
        ("git.abc=1.2.5", "=1.2.5", false),
        ("1.2.1", "1.2rc1:", true),
        // Beyond Spack's table.
        ("develop.9", "develop", true),
        ("1.2aa", "1.2a", true),
        ("1.2b", "1.2a", false),
        ("1.10", ":1.9", false),
        ("1.99.1", ":1.99", true),
        ("1.100", ":1.99", false),
        ("1.100rc1", ":1.99", true),
        ("git.abc=1.2.5", "git.abc", true),
        ("git.abd=1.2.5", "git.abc", false),
        ("git.abc=1.2.5", "git.abc=1.2.5", true),
        ("git.abc=1.2.5", "git.abc=1.2.6", false),
        ("1.2.5", "git.abc=1.2.5", false),
        ("anything", ":", true),
    ];

    #[test]
    fn a_version_is_in_a_range_as_in_spack() {
        for &(version, wanted, expected) in CONTAINS {
            let list: VersionList = wanted.parse().unwrap();
            assert_eq!(list.contains(&version.into()), expected, "{version} in {wanted}");
            assert_eq!(list.to_string(), wanted);
        }
    }

    #[test]
    fn words_follow_each_other_as_in_spack() {
        for (word, next) in
            [("a", "b"), ("z", "zA"), ("Z", "a"), ("ab", "ac"), ("mastdq", "mastdr"), ("headA", "headB")]
        {
            assert_eq!(next_word(word), next);
        }
        assert_eq!(next_word("maim"), "maio", "`main` is later than every word");
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for bad in ["", "1,,2", "1.2 3", "=", "==1", "1:2:3", "=1:2", "1:git.main", "é"] {
            assert!(matches!(bad.parse::<VersionList>(), Err(InvalidVersions::Version(_))), "{bad}");
        }
        for bad in ["1.4:1.2", "2:1", "develop:main"] {
            assert!(matches!(bad.parse::<VersionList>(), Err(InvalidVersions::Empty(_))), "{bad}");
        }
    }

    #[test]
    fn ranges_meet_or_do_not() {
        for (a, b, expected) in [
            ("1.2", "1.2.3", true),
            ("1:2", "3:", false),
            (":3.1", "3:", true),
            ("=3.1.1", ":3.1", true),
            ("4", ":3", false),
        ] {
            let (left, right): (VersionList, VersionList) = (a.parse().unwrap(), b.parse().unwrap());
            assert_eq!(left.intersects(&right), expected, "{a} {b}");
            assert_eq!(right.intersects(&left), expected, "{b} {a}");
        }
    }

    proptest! {
        #[test]
        fn a_version_is_in_what_begins_like_it(text in "[0-9]{1,3}([.-]([0-9]{1,3}|[a-z]{1,2}|rc1|main)){0,3}") {
            let version = Version::from(text.as_str());
            for range in [text.clone(), format!("={text}"), format!("{text}:"), format!(":{text}"), format!("0,{text}")] {
                prop_assert!(range.parse::<VersionList>().unwrap().contains(&version), "{}", range);
            }
        }

        #[test]
        fn a_range_has_what_lies_between(a in "[0-9]{1,2}(\\.[0-9]{1,2}){0,2}", b in "[0-9]{1,2}(\\.[0-9]{1,2}){0,2}", c in "[0-9]{1,2}(\\.[0-9]{1,2}){0,2}") {
            let (low, high, version) = (Version::from(a.as_str()), Version::from(b.as_str()), Version::from(c.as_str()));
            if low <= version && version <= high {
                let list: VersionList = format!("{a}:{b}").parse().unwrap();
                prop_assert!(list.contains(&version));
            }
        }
    }
}
