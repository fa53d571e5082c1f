//! Tokens: who may do what to which mirror, until when.

use serde::{Deserialize, Serialize};

use super::Timestamp;
use crate::{name::MirrorName, report::Run};

/// What a token allows; `admin` allows everything, and who may push may pull.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Scope {
    /// Read a private mirror.
    Pull,
    /// Upload packages and keys, and read.
    Push,
    /// Hand in build reports.
    Report,
    /// Make mirrors and tokens, and all of the above.
    Admin,
}

impl Scope {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Pull, Self::Push, Self::Report, Self::Admin];

    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Report => "report",
            Self::Admin => "admin",
        }
    }

    /// Whether who has this scope may do what needs `needed`.
    pub fn includes(self, needed: Self) -> bool {
        self == needed || self == Self::Admin || (self == Self::Push && needed == Self::Pull)
    }
}

/// `POST /api/v1/tokens`: the token to make. Needs an admin token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewToken {
    /// What it is for, in a few words.
    pub name: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// The mirrors it is for; empty for all.
    #[serde(default)]
    pub mirrors: Vec<MirrorName>,
    /// When it ends; `null` for never.
    #[serde(default)]
    pub expires: Option<Timestamp>,
}

/// An item of `GET /api/v1/tokens`, and what is kept of a token: never the token itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Token {
    /// Names it for revoking; its SHA-256.
    pub id: crate::digest::Digest,
    /// What it is for.
    pub name: String,
    /// Its first characters, to tell it from others.
    pub begins: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// The mirrors it is for; empty for all.
    pub mirrors: Vec<MirrorName>,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends; `null` for never.
    pub expires: Option<Timestamp>,
    /// The run of the CI job it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Box<Run>>,
}

impl Token {
    /// Whether the token allows `scope` on `mirror` (`None`: on the whole of Larder) at `now`.
    pub fn allows(&self, scope: Scope, mirror: Option<&MirrorName>, now: Timestamp) -> bool {
        let has_scope = self.scopes.iter().any(|has| has.includes(scope));
        let has_mirror = self.mirrors.is_empty() || mirror.is_some_and(|mirror| self.mirrors.contains(mirror));
        has_scope && has_mirror && !self.is_expired(now)
    }

    /// Whether the token ended more than a day ago: nobody asks any more why it does not work.
    pub fn is_forgotten(&self, now: Timestamp) -> bool {
        const DAY_MILLIS: u64 = 86_400_000;
        self.expires.is_some_and(|expires| expires.as_millis() + DAY_MILLIS < now.as_millis())
    }

    /// Whether the token has ended.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// The answer to `POST /api/v1/tokens`: the only time the token itself is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreatedToken {
    /// The token, to be sent as `Authorization: Bearer <secret>`.
    pub secret: String,
    /// What is kept of it.
    #[serde(flatten)]
    pub token: Token,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    #[test]
    fn a_token_allows_its_scopes_on_its_mirrors_until_it_ends() {
        let now = Timestamp::from_millis(1000);
        let (ours, other) = ("ours".parse::<MirrorName>().unwrap(), "other".parse::<MirrorName>().unwrap());
        let token = |scopes: &[Scope], mirrors: &[&MirrorName], expires| Token {
            id: Digest::of(b""),
            name: String::new(),
            begins: String::new(),
            scopes: scopes.to_vec(),
            mirrors: mirrors.iter().copied().cloned().collect(),
            created: now,
            expires,
            run: None,
        };
        let push = token(&[Scope::Push], &[&ours], None);
        assert!(push.allows(Scope::Push, Some(&ours), now));
        assert!(!push.allows(Scope::Push, Some(&other), now));
        assert!(!push.allows(Scope::Push, None, now));
        assert!(!push.allows(Scope::Admin, Some(&ours), now));
        assert!(push.allows(Scope::Pull, Some(&ours), now));
        assert!(!push.allows(Scope::Report, Some(&ours), now));
        assert!(!token(&[Scope::Pull, Scope::Report], &[], None).allows(Scope::Push, Some(&ours), now));
        assert!(token(&[Scope::Admin], &[], None).allows(Scope::Push, Some(&other), now));
        assert!(!token(&[Scope::Admin], &[], Some(now)).allows(Scope::Push, Some(&ours), now));
        let day_later = Timestamp::from_millis(86_401_000);
        assert!(!token(&[], &[], Some(now)).is_forgotten(day_later) && !token(&[], &[], None).is_forgotten(day_later));
        assert!(token(&[], &[], Some(now)).is_forgotten(Timestamp::from_millis(86_401_001)));
    }
}
