//! What is new since the last visit.
//!
//! ```text
//! 1795190763000 1795194363000      since when things are new, and when the page was last seen
//! ```
//! Both are milliseconds since 1970. Pages seen within half an hour are one visit, so that what is new
//! stays new while one works on it.

use larder_shared::api::Timestamp;

/// How long after the page was last seen a visit has ended.
const VISIT_MILLIS: u64 = 30 * 60 * 1_000;

/// What is remembered of visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// What came after this is new; `None` on the first visit, which has nothing to compare with.
    pub since: Option<Timestamp>,
    /// When the page was last seen.
    pub seen: Timestamp,
}

impl Visit {
    /// The visit at `now`, after what `remembered` says of the one before.
    pub fn at(now: Timestamp, remembered: Option<&str>) -> Self {
        let since = remembered.and_then(Self::parse).and_then(|before| {
            let is_over = now.as_millis().saturating_sub(before.seen.as_millis()) > VISIT_MILLIS;
            if is_over { Some(before.seen) } else { before.since }
        });
        Self { since, seen: now }
    }

    /// Whether something that was first there at `time` is new.
    pub fn is_new(&self, time: Timestamp) -> bool {
        self.since.is_some_and(|since| time > since)
    }

    /// To be remembered.
    pub fn to_text(&self) -> String {
        let since = self.since.map_or(0, Timestamp::as_millis);
        format!("{since} {}", self.seen.as_millis())
    }

    fn parse(text: &str) -> Option<Self> {
        let (since, seen) = text.split_once(' ')?;
        let since: u64 = since.parse().ok()?;
        let seen = Timestamp::from_millis(seen.parse().ok()?);
        Some(Self { since: (since > 0).then(|| Timestamp::from_millis(since)), seen })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_since_the_last_visit_is_new_as_long_as_the_visit_lasts() {
        let minute = |minute: u64| Timestamp::from_millis(1_795_190_763_000 + minute * 60_000);
        let first = Visit::at(minute(0), None);
        assert!(!first.is_new(minute(0)) && !first.is_new(minute(5)));
        let still_first = Visit::at(minute(20), Some(&first.to_text()));
        assert_eq!(still_first.since, None);
        let second = Visit::at(minute(100), Some(&still_first.to_text()));
        assert!(second.is_new(minute(21)) && !second.is_new(minute(20)));
        let reloaded = Visit::at(minute(110), Some(&second.to_text()));
        assert!(reloaded.is_new(minute(21)));
        assert_eq!(Visit::at(minute(0), Some("rubbish")).since, None);
    }
}
