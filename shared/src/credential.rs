//! What a client shows to say who it is: a secret, in one of three places.
//!
//! ```text
//! Authorization: Bearer lrd_6f1e…          larder, curl, OCI clients
//! Authorization: Basic dXNlcjpscmRf…       docker, oras, skopeo: the password is the secret
//! GET /mirrors/<mirror>/~lrd_6f1e…/…       Spack, which sends no credentials over https
//! ```
//! The secret is the admin token, a token of Larder's, or the OIDC token of a GitHub Actions job.

use std::fmt;

use base64::{Engine as _, alphabet::STANDARD, engine::GeneralPurpose, engine::general_purpose::GeneralPurposeConfig};

use crate::digest::Digest;

/// A secret as it was sent; its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// With what Larder's own tokens begin, so that scanners of public code recognise them.
const PREFIX: &str = "lrd_";

/// How many random bytes are in a token of Larder's.
pub const RANDOM_BYTES: usize = 24;

/// How many characters of a token of Larder's are shown in lists.
const SHOWN_CHARS: usize = 8;

/// The token that is handed to whoever asks for one without a secret: it proves nothing.
pub const ANONYMOUS: &str = "anonymous";

/// Standard base64, its padding optional.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

impl Secret {
    /// A secret as it was sent.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A new token of Larder's, made of random bytes.
    pub fn from_random(bytes: [u8; RANDOM_BYTES]) -> Self {
        Self(format!("{PREFIX}{}", hex::encode(bytes)))
    }

    /// Reads the value of an `Authorization` header: `Bearer <secret>`, or `Basic` with the secret
    /// as password, whatever the user's name.
    ///
    /// Returns `None` when it is neither, or empty.
    pub fn from_authorization(header: &str) -> Option<Self> {
        let (scheme, value) = header.split_once(' ')?;
        let value = value.trim();
        let secret = if scheme.eq_ignore_ascii_case("bearer") {
            value.to_owned()
        } else if scheme.eq_ignore_ascii_case("basic") {
            let pair = String::from_utf8(BASE64.decode(value).ok()?).ok()?;
            pair.split_once(':')?.1.to_owned()
        } else {
            return None;
        };
        (!secret.is_empty()).then_some(Self(secret))
    }

    /// The secret itself, to be sent or taken apart.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it, and what it is looked up and compared by: how long that takes says
    /// nothing about the secret.
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// Its first characters, to tell it from others.
    pub fn beginning(&self) -> String {
        self.0.chars().take(SHOWN_CHARS).collect()
    }

    /// Whether it is the one that everybody gets who has none.
    pub fn is_anonymous(&self) -> bool {
        self.0 == ANONYMOUS
    }

    /// Whether it has the shape of a token of Larder's. What has not need not be looked up.
    pub fn is_larder_token(&self) -> bool {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        self.0.strip_prefix(PREFIX).is_some_and(|rest| rest.len() == 2 * RANDOM_BYTES && rest.bytes().all(is_hex))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_holds_a_secret_as_bearer_or_as_password() {
        for (header, expected) in [
            ("Bearer lrd_0", Some("lrd_0")),
            ("bearer  lrd_0 ", Some("lrd_0")),
            // `user:lrd_0`, with and without padding; `:a:b`, whose password holds a colon.
            ("Basic dXNlcjpscmRfMA==", Some("lrd_0")),
            ("BASIC dXNlcjpscmRfMA", Some("lrd_0")),
            ("Basic OmE6Yg==", Some("a:b")),
            // `user:`, `user`, no base64, no UTF-8.
            ("Basic dXNlcjo=", None),
            ("Basic dXNlcg==", None),
            ("Basic !", None),
            ("Basic /zov", None),
            ("Bearer ", None),
            ("Bearer", None),
            ("lrd_0", None),
            ("Digest username=\"x\"", None),
            ("", None),
        ] {
            assert_eq!(Secret::from_authorization(header), expected.map(Secret::new), "{header}");
        }
    }

    #[test]
    fn a_secret_is_not_printed() {
        let secret = Secret::from_random([0xab; RANDOM_BYTES]);
        assert!(secret.is_larder_token());
        assert_eq!(secret.beginning(), "lrd_abab");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn only_larders_own_tokens_have_their_shape() {
        let good = Secret::from_random([0xab; RANDOM_BYTES]);
        let good = good.expose();
        for bad in ["", "lrd_", ANONYMOUS, &good[1..], &good[..51], &format!("{good}0"), &good.replace('a', "A")] {
            assert!(!Secret::new(bad).is_larder_token(), "{bad}");
        }
    }
}
