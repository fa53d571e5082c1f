//! When a token ends, as people write it: `30d`, `2027-01-01`.

use std::{
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use larder_shared::api::Timestamp;

/// An end, from now on or at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expiry {
    /// After so long.
    In(Duration),
    /// At this time.
    At(Timestamp),
}

/// Text that says no end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a time from now on such as 30d or 12h, or a date such as 2027-01-01 (UTC)")]
pub(super) struct InvalidExpiry;

impl FromStr for Expiry {
    type Err = InvalidExpiry;

    fn from_str(text: &str) -> Result<Self, InvalidExpiry> {
        let at = |text: &str| text.parse().ok().map(Self::At);
        let found = at(text).or_else(|| at(&format!("{text}T00:00:00Z")));
        found.or_else(|| humantime::parse_duration(text).ok().map(Self::In)).ok_or(InvalidExpiry)
    }
}

impl Expiry {
    /// The end, when it is `now`.
    pub(super) fn after(&self, now: SystemTime) -> Timestamp {
        match self {
            Self::At(time) => *time,
            Self::In(duration) => {
                let since = now.duration_since(UNIX_EPOCH).unwrap_or_default().saturating_add(*duration);
                Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_duration_or_a_date() {
        let now = UNIX_EPOCH + Duration::from_secs(1_795_132_800);
        for (text, expected) in [
            ("30d", "2026-12-20T00:00:00Z"),
            ("12h", "2026-11-20T12:00:00Z"),
            ("1d 12h", "2026-11-21T12:00:00Z"),
            ("2027-01-01", "2027-01-01T00:00:00Z"),
            ("2027-01-01T12:00:00Z", "2027-01-01T12:00:00Z"),
        ] {
            let expiry: Expiry = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(expiry.after(now).to_string(), expected, "{text}");
        }
        for text in ["", "soon", "30", "2027", "2027-13-01", "01.01.2027", "-3d"] {
            assert_eq!(text.parse::<Expiry>(), Err(InvalidExpiry), "{text}");
        }
    }
}
