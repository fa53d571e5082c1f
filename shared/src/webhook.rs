//! Webhooks: which URLs Larder sends to, how it signs, and when it tries again.
//!
//! ```text
//! POST https://ci.example.org/larder
//! Larder-Event: failure.new
//! Larder-Delivery: 5c0d…
//! Larder-Timestamp: 1795190763
//! Larder-Signature: sha256=<HMAC-SHA-256 of "1795190763.<body>" in hexadecimal digits>
//! ```
//! Whoever may change a mirror makes Larder send requests. So the host has to be a name in public
//! use, never an address in whatever notation, and nothing but the status of the answer is looked at.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// The header with [`crate::api::webhook::Event`].
pub const EVENT_HEADER: &str = "Larder-Event";
/// The header with the delivery's id.
pub const DELIVERY_HEADER: &str = "Larder-Delivery";
/// The header with the time of the try, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "Larder-Timestamp";
/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "Larder-Signature";

/// With what the secret of a webhook begins, so that scanners of public code recognise it.
pub const SECRET_PREFIX: &str = "lrdw_";

/// Deliveries of a mirror that may wait at once; what fails beyond that is not told.
pub const MAX_WAITING: u64 = 100;

/// Where to send to: a URL that passed all checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WebhookUrl(String);

/// Longest URL, in bytes.
const MAX_URL_BYTES: usize = 1_000;

/// Below these names no host is public: each is kept for private networks, single machines or nobody
/// (RFC 6761, 6762, 7686 and 8375; ICANN's `internal`; the others by custom).
const PRIVATE_SUFFIXES: [&str; 13] = [
    "localhost",
    "local",
    "internal",
    "arpa",
    "onion",
    "invalid",
    "test",
    "localdomain",
    "lan",
    "home",
    "corp",
    "private",
    "intranet",
];

/// Why a URL is not one that Larder sends to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the webhook's url {0}")]
pub struct InvalidWebhookUrl(&'static str);

impl WebhookUrl {
    /// Checks a URL. With `may_be_local`, for tests and development, `http://127.0.0.1:<port>/…` is
    /// taken too.
    ///
    /// # Errors
    /// [`InvalidWebhookUrl`] says what is wrong with it.
    pub fn parse(text: &str, may_be_local: bool) -> Result<Self, InvalidWebhookUrl> {
        let refuse = |problem| Err(InvalidWebhookUrl(problem));
        if text.len() > MAX_URL_BYTES {
            return refuse("has more than 1,000 bytes");
        }
        // What parsers read differently never gets that far.
        if !text.bytes().all(|b| b.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&b)) {
            return refuse("has a character that stands in no URL; percent-encode it, and write the host in ASCII");
        }
        let local = text.strip_prefix("http://127.0.0.1:").filter(|_| may_be_local);
        if let Some((port, _)) = local.map(|rest| rest.split_once('/').unwrap_or((rest, ""))) {
            let is_port = port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
            return if is_port { Ok(Self(text.to_owned())) } else { refuse("has no port") };
        }
        let Some(rest) = text.strip_prefix("https://") else { return refuse("does not begin with `https://`") };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if rest.contains('#') {
            return refuse("has a fragment, which is not sent");
        }
        if authority.contains('@') {
            return refuse("has a user or a password; deliveries are signed instead");
        }
        if authority.starts_with('[') {
            return refuse("has an address for its host; a name is expected");
        }
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        if let Some(port) = port {
            match port.parse::<u16>() {
                Ok(443 | 1024..) if port.bytes().all(|b| b.is_ascii_digit()) && !port.starts_with('0') => {}
                _ => return refuse("has a port that is neither 443 nor 1024 or more"),
            }
        }
        check_host(&host.to_ascii_lowercase()).map(|()| Self(text.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a host's name, in small letters, is one in public use.
fn check_host(host: &str) -> Result<(), InvalidWebhookUrl> {
    let refuse = |problem| Err(InvalidWebhookUrl(problem));
    if host.ends_with('.') {
        return refuse("has a host that ends with a dot");
    }
    let labels: Vec<_> = host.split('.').collect();
    let last = labels.last().copied().unwrap_or_default();
    // A last label that is a number makes an address of any host (the URL standard, "ends in a number").
    if !last.is_empty() && (last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x")) {
        return refuse("has an address for its host; a name is expected");
    }
    let is_label = |label: &&str| {
        let is_inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(is_inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if PRIVATE_SUFFIXES.contains(&last) {
        return refuse("has a host of this machine or of a private network");
    }
    if labels.len() < 2 || host.len() > 253 || !labels.iter().all(is_label) {
        return refuse("has no host that is a name such as `ci.example.org`");
    }
    Ok(())
}

/// The value of [`SIGNATURE_HEADER`] for a body sent at a time, in seconds since 1970.
pub fn sign(secret: &str, seconds: u64, body: &str) -> String {
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body.as_bytes());
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// The waits before the second try, the third and so on, as multiples of the first; with a minute for
/// that: 1, 5 and 15 minutes, 1, 3, 6 hours, then every 12, all within two days.
const WAITS: [u64; 9] = [1, 5, 15, 60, 180, 360, 720, 720, 720];

/// How long to wait after a delivery failed `tries` times, in milliseconds; `None` when it is given up.
pub fn wait_millis(tries: u64, first_wait_seconds: u64) -> Option<u64> {
    let index = usize::try_from(tries.checked_sub(1)?).ok()?;
    WAITS.get(index).map(|times| times.saturating_mul(first_wait_seconds).saturating_mul(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_public_use_are_taken() {
        for url in [
            "https://ci.example.org/hooks/larder?channel=builds",
            "https://example.org",
            "https://CI.Example.org:443/",
            "https://ci.example.org:8443/x%20y",
            "https://xn--bcher-kva.example/hook",
            "https://10.example.org/",
            "https://ci.example.org/?next=http://127.0.0.1/@x",
        ] {
            assert_eq!(WebhookUrl::parse(url, false).map(|url| url.to_string()), Ok(url.to_owned()));
        }
    }

    #[test]
    fn what_leads_elsewhere_is_refused_with_the_reason() {
        let address = "has an address for its host; a name is expected";
        let private = "has a host of this machine or of a private network";
        let name = "has no host that is a name such as `ci.example.org`";
        let character = "has a character that stands in no URL; percent-encode it, and write the host in ASCII";
        let port = "has a port that is neither 443 nor 1024 or more";
        let user = "has a user or a password; deliveries are signed instead";
        for (url, problem) in [
            ("http://ci.example.org/", "does not begin with `https://`"),
            ("ftp://ci.example.org/", "does not begin with `https://`"),
            ("ci.example.org", "does not begin with `https://`"),
            ("https:ci.example.org/", "does not begin with `https://`"),
            ("HTTPS://127.0.0.1/", "does not begin with `https://`"),
            ("https://127.0.0.1/", address),
            ("https://127.1/", address),
            ("https://2130706433/", address),
            ("https://0x7f000001/", address),
            ("https://0x7f.0.0.0x1/", address),
            ("https://0X7F.1/", address),
            ("https://0177.0.0.01/", address),
            ("https://example.0x7f/", address),
            ("https://169.254.169.254/latest/meta-data", address),
            ("https://[::1]/", address),
            ("https://[::ffff:127.0.0.1]:443/", address),
            ("https://127.0.0.1./", "has a host that ends with a dot"),
            ("https://ci.example.org./", "has a host that ends with a dot"),
            ("https://localhost/", private),
            ("https://LOCALHOST:8443/", private),
            ("https://a.localhost/", private),
            ("https://printer.local/", private),
            ("https://metadata.google.internal/", private),
            ("https://1.0.0.127.in-addr.arpa/", private),
            ("https://ci.corp/", private),
            ("https://intranet/", private),
            ("https://ci/", name),
            ("https:///x", name),
            ("https://", name),
            ("https://?x.org", name),
            ("https://ci..org/", name),
            ("https://-ci.org/", name),
            ("https://c_i.org/", name),
            ("https://ci%2eexample.org/", name),
            ("https://%31%32%37.0.0.%31/", name),
            ("https://１２７.0.0.1/", character),
            ("https://ci。example。org/", character),
            ("https://bücher.example/", character),
            ("https://ci.example.org\\@127.0.0.1/", character),
            ("https://ci.example.org/a b", character),
            (" https://ci.example.org/", character),
            ("https://ci.example.org/\r\nX: y", character),
            ("https://\tci.example.org/", character),
            ("https://me@ci.example.org/", user),
            ("https://me:secret@ci.example.org/", user),
            ("https://ci.example.org@127.0.0.1/", user),
            ("https://ci.example.org:22/", port),
            ("https://ci.example.org:80/", port),
            ("https://ci.example.org:0443/", port),
            ("https://ci.example.org:+443/", port),
            ("https://ci.example.org:65536/", port),
            ("https://ci.example.org:/", port),
            ("https://ci.example.org/#x", "has a fragment, which is not sent"),
        ] {
            assert_eq!(WebhookUrl::parse(url, false), Err(InvalidWebhookUrl(problem)), "{url}");
        }
        let long = format!("https://ci.example.org/{}", "a".repeat(1_000));
        assert_eq!(WebhookUrl::parse(&long, false), Err(InvalidWebhookUrl("has more than 1,000 bytes")));
    }

    #[test]
    fn this_machine_is_only_for_development() {
        for url in ["http://127.0.0.1:8080/hook", "http://127.0.0.1:8080"] {
            assert!(WebhookUrl::parse(url, true).is_ok(), "{url}");
            assert!(WebhookUrl::parse(url, false).is_err(), "{url}");
        }
        for url in [
            "http://127.0.0.1:/",
            "http://127.0.0.1:80@x/",
            "http://127.0.0.1.example.org:80/",
            "http://localhost:1/",
            "https://127.0.0.1/",
        ] {
            assert!(WebhookUrl::parse(url, true).is_err(), "{url}");
        }
    }

    /// As `printf '1795190763.{}' | openssl dgst -sha256 -hmac secret` says.
    #[test]
    fn a_signature_is_over_time_and_body() {
        assert_eq!(
            sign("secret", 1_795_190_763, "{}"),
            "sha256=a3e5ada2e9ff3502047e9254aa13038b9a3def6bcfa6bc5027e10cda0c62abda"
        );
    }

    #[test]
    fn waits_grow_and_end_after_two_days() {
        let waits: Vec<_> = (1..).map_while(|tries| wait_millis(tries, 60)).collect();
        assert_eq!(waits[..4], [60_000, 300_000, 900_000, 3_600_000]);
        assert!(waits.is_sorted() && *waits.last().unwrap() == 12 * 3_600_000);
        let hours = waits.iter().sum::<u64>() / 3_600_000;
        assert!((44..=48).contains(&hours), "{hours}");
        assert_eq!(wait_millis(0, 60), None);
    }
}
