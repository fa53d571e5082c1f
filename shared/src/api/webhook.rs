//! Webhooks: where Larder tells of failures, how that went, and what it says there.

use serde::{Deserialize, Serialize};

use super::{
    Timestamp,
    report::{BuildSummary, FailureSummary},
};
use crate::name::MirrorName;

/// A mirror's webhook, shown to those who may change the mirror.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Webhook {
    /// Where failures are told.
    pub url: String,
    /// When it was set.
    pub set: Timestamp,
    /// What deliveries are signed with; only in the answer to the `PATCH` that set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Deliveries that wait, most of them for another try.
    pub waiting: u64,
    /// Failures that were not told since it was set, because too many deliveries waited.
    pub left_out: u64,
    /// How the last try of a delivery went; `null` when there was none.
    pub last: Option<Delivery>,
}

/// How the try of a delivery went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Delivery {
    /// The delivery, the same for all its tries.
    pub id: String,
    /// When it was tried.
    pub at: Timestamp,
    /// How often it was tried by then.
    pub tries: u64,
    /// The status that came back; `null` when none did.
    pub status: Option<u16>,
    /// What went wrong, as the end of a sentence about the receiver; `null` when it was delivered.
    pub problem: Option<String>,
    /// When it is tried again; `null` when it was delivered or given up.
    pub next: Option<Timestamp>,
}

/// What is delivered: a failure that is new, or was fixed and is back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FailureNotice {
    /// The delivery, the same for all its tries.
    pub id: String,
    /// Which of both it is.
    pub event: Event,
    /// The mirror.
    pub mirror: MirrorName,
    /// When it was noted.
    pub at: Timestamp,
    /// The failure, as it was then.
    pub failure: FailureSummary,
    /// The build it was seen in.
    pub build: BuildSummary,
    /// The page of the build's run at its provider.
    pub run: Option<String>,
    /// The failure's page on the dashboard.
    pub page: String,
}

/// What a delivery tells of, also in its header `Larder-Event`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Event {
    /// It was never seen before.
    #[serde(rename = "failure.new")]
    New,
    /// All of it had been built again.
    #[serde(rename = "failure.returned")]
    Returned,
}

impl Event {
    /// The name in JSON and in the header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "failure.new",
            Self::Returned => "failure.returned",
        }
    }
}
