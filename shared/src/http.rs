//! Conditional and ranged requests, as headers say them (RFC 9110, sections 13 and 14), and where
//! they come from.

use std::net::IpAddr;

use crate::api::Timestamp;

/// Whether an `If-None-Match` header names the version with `etag`: the client has it already.
///
/// Compared weakly, because a zone may weaken ETags on the way (`W/"x"` for `"x"`).
pub fn is_current(if_none_match: &str, etag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    if_none_match.split(',').any(|one| one.trim() == "*" || opaque(one) == opaque(etag))
}

/// Part of an object: at least one byte, inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// The first byte, counted from 0.
    pub first: u64,
    /// How many there are.
    pub length: u64,
}

/// No byte of the range lies in the object: answer 416.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsatisfiable;

impl ByteRange {
    /// The part of an object of `bytes` bytes that a `Range` header asks for; `None` for the whole.
    ///
    /// Several ranges, other units and malformed headers are answered with the whole, as section
    /// 14.2 lets a server do.
    ///
    /// # Errors
    /// [`Unsatisfiable`] when the range has no byte of the object.
    pub fn parse(header: &str, bytes: u64) -> Result<Option<Self>, Unsatisfiable> {
        let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
            return Ok(None);
        };
        let (first, end) = match (first.trim(), last.trim()) {
            ("", suffix) => match suffix.parse::<u64>() {
                Ok(suffix) => (bytes.saturating_sub(suffix), bytes),
                Err(_) => return Ok(None),
            },
            (first, last) => match (first.parse::<u64>(), last) {
                (Ok(first), "") => (first, bytes),
                (Ok(first), last) => match last.parse::<u64>() {
                    Ok(last) if last >= first => (first, last.saturating_add(1).min(bytes)),
                    _ => return Ok(None),
                },
                (Err(_), _) => return Ok(None),
            },
        };
        if first >= end { Err(Unsatisfiable) } else { Ok(Some(Self { first, length: end - first })) }
    }

    /// `Content-Range` of the part of an object of `bytes` bytes.
    pub fn content_range(&self, bytes: u64) -> String {
        format!("bytes {}-{}/{bytes}", self.first, self.first + self.length - 1)
    }
}

/// Most seconds that a server is left alone because it asked for it: an hour.
const MAX_RETRY_SECONDS: u64 = 3_600;

/// How long a server is left alone that asks for it and does not say how long, in seconds.
const DEFAULT_RETRY_SECONDS: u64 = 60;

/// When a server that asked for fewer requests may be asked again (RFC 9110, section 10.2.3).
///
/// The header holds seconds or a date; what cannot be read counts for a minute, and nothing for less
/// than a second or more than an hour.
pub fn retry_after(header: Option<&str>, now: Timestamp) -> Timestamp {
    let header = header.unwrap_or_default().trim();
    let millis = match header.parse::<u64>() {
        Ok(seconds) => seconds.saturating_mul(1_000),
        Err(_) => match http_date(header) {
            Some(date) => date.as_millis().saturating_sub(now.as_millis()),
            None => DEFAULT_RETRY_SECONDS * 1_000,
        },
    };
    let until = now.as_millis() + millis.clamp(1_000, MAX_RETRY_SECONDS * 1_000);
    // Times are told in whole seconds.
    Timestamp::from_millis(until.div_ceil(1_000) * 1_000)
}

/// A date such as `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<_> = text.split(' ').collect();
    let [_, day, month, year, time, "GMT"] = parts[..] else { return None };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    format!("{year}-{month:02}-{day}T{time}Z").parse().ok()
}

/// What one client is counted by: its IPv4 address, or the first 64 bits of its IPv6 address, which
/// is the smallest network a provider gives to one customer.
pub fn client_network(address: &str) -> String {
    match address.trim().parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(address) => address.to_canonical().to_string(),
        // Not an address: everybody who has none is one client.
        Err(_) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_are_compared_weakly() {
        for header in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*", " \"a\" "] {
            assert!(is_current(header, "\"a\""), "{header}");
        }
        for header in ["\"b\"", "a", "", "\"a"] {
            assert!(!is_current(header, "\"a\""), "{header}");
        }
    }

    #[test]
    fn ranges_of_ten_bytes() {
        let range = |first, length| Ok(Some(ByteRange { first, length }));
        for (header, expected) in [
            ("bytes=0-0", range(0, 1)),
            ("bytes=2-5", range(2, 4)),
            ("bytes=2-", range(2, 8)),
            ("bytes=-3", range(7, 3)),
            ("bytes=-30", range(0, 10)),
            ("bytes=9-99", range(9, 1)),
            ("bytes=0-18446744073709551615", range(0, 10)),
            ("bytes=10-", Err(Unsatisfiable)),
            ("bytes=10-12", Err(Unsatisfiable)),
            ("bytes=-0", Err(Unsatisfiable)),
            ("bytes=5-2", Ok(None)),
            ("bytes=a-b", Ok(None)),
            ("bytes=0-1,3-4", Ok(None)),
            ("lines=0-1", Ok(None)),
            ("", Ok(None)),
        ] {
            assert_eq!(ByteRange::parse(header, 10), expected, "{header}");
        }
        assert_eq!(ByteRange::parse("bytes=0-", 0), Err(Unsatisfiable));
        assert_eq!(ByteRange { first: 2, length: 4 }.content_range(10), "bytes 2-5/10");
    }

    #[test]
    fn a_server_that_asks_for_a_pause_gets_it() {
        let now: Timestamp = "1994-11-06T08:49:00Z".parse().unwrap();
        for (header, seconds) in [
            (None, 60),
            (Some("30"), 30),
            (Some("0"), 1),
            (Some("99999999999999999999"), 60),
            (Some("86400"), 3_600),
            (Some("Sun, 06 Nov 1994 08:49:37 GMT"), 37),
            (Some("Sun, 06 Nov 1994 08:40:00 GMT"), 1),
            (Some("Wed, 06 Nov 2044 08:49:37 GMT"), 3_600),
            (Some("soon"), 60),
            (Some("-1"), 60),
        ] {
            let expected = Timestamp::from_millis(now.as_millis() + seconds * 1_000);
            assert_eq!(retry_after(header, now), expected, "{header:?}");
        }
    }

    #[test]
    fn a_client_is_counted_by_its_network() {
        for (address, network) in [
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
            ("::1", "0:0:0:0::/64"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("", "unknown"),
            ("192.0.2.7, 192.0.2.8", "unknown"),
        ] {
            assert_eq!(client_network(address), network, "{address}");
        }
    }
}
