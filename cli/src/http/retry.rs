//! Which failures are worth another try, and how long to wait before it.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use ureq::http::header::{DATE, HeaderMap, RETRY_AFTER};

/// How often a request is tried before its failure counts.
pub(crate) const ATTEMPTS: u32 = 5;

/// The longest wait between two tries, whatever the server asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// Whether an answer of this status may be another one in a moment.
pub(crate) const fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// How long to wait after the `attempt`th try (from 1): `first`, doubled each time, of which a
/// random half is left out so that clients which failed together do not come back together. Never
/// shorter than the server asked for, nor longer than two minutes.
pub(crate) fn pause(first: Duration, attempt: u32, retry_after: Option<Duration>, chance: f64) -> Duration {
    let full = first.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
    let backoff = full.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
    retry_after.map_or(backoff, |asked| asked.max(backoff)).min(LONGEST_PAUSE)
}

/// A random number from 0 to 1, good enough to spread clients.
#[expect(clippy::cast_precision_loss, reason = "spreading clients needs no precision")]
pub(crate) fn chance() -> f64 {
    RandomState::new().hash_one(()) as f64 / u64::MAX as f64
}

/// `Retry-After` in either of its forms; a date is taken relative to the answer's own `Date`, so
/// the clock of this machine does not matter (RFC 9110, section 10.2.3).
pub(crate) fn read_retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = httpdate::parse_http_date(value).ok()?;
    let now = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    then.duration_since(now).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_passing_states_are_worth_another_try() {
        for status in [408, 429, 500, 502, 503, 504, 524, 530] {
            assert!(is_transient(status), "{status}");
        }
        for status in [200, 301, 400, 401, 403, 404, 405, 409, 411, 413, 422] {
            assert!(!is_transient(status), "{status}");
        }
    }

    #[test]
    fn pauses_double_and_are_spread() {
        let first = Duration::from_secs(1);
        let seconds: Vec<f64> = (1..=5).map(|attempt| pause(first, attempt, None, 1.0).as_secs_f64()).collect();
        assert_eq!(seconds, [1.0, 2.0, 4.0, 8.0, 16.0]);
        assert_eq!(pause(first, 3, None, 0.0), Duration::from_secs(2));
        assert_eq!(pause(first, 1000, None, 1.0), LONGEST_PAUSE);
        for _ in 0..100 {
            assert!((0.0..=1.0).contains(&chance()));
        }
    }

    #[test]
    fn the_server_may_ask_for_longer_within_reason() {
        let first = Duration::from_secs(1);
        let asked = |seconds| pause(first, 1, Some(Duration::from_secs(seconds)), 1.0).as_secs();
        assert_eq!((asked(0), asked(7), asked(86_400)), (1, 7, LONGEST_PAUSE.as_secs()));
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let read = |value: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            read_retry_after(&headers).map(|duration| duration.as_secs())
        };
        let (now, then) = ("Fri, 20 Nov 2026 16:00:00 GMT", "Fri, 20 Nov 2026 16:00:09 GMT");
        for (value, date, expected) in [
            ("3", None, Some(3)),
            (" 0 ", None, Some(0)),
            (then, Some(now), Some(9)),
            (now, Some(then), None),
            (then, None, None),
            ("soon", None, None),
            ("-1", None, None),
        ] {
            assert_eq!(read(value, date), expected, "{value}");
        }
        assert_eq!(read_retry_after(&HeaderMap::new()), None);
    }
}
