//! What the page asks the worker that finds specs, and what it tells.

use larder_shared::find::{Completion, Found, Question};
use serde::{Deserialize, Serialize};

/// A question to the worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Have this mirror's catalogue: from the copy of the last visit at once, then as it is now.
    Open {
        /// The mirror, which names the copy.
        mirror: String,
        /// Where it is: the path of the catalogue, `/api/v1/mirrors/<m>/catalogue`, or the URL of a static
        /// mirror, `https://...`, whose own index is read.
        url: String,
        /// The token that the reader uses, which goes to this site only.
        token: Option<String>,
    },
    /// Look again whether the mirror has changed; [`Tell::Ready`] follows if it has.
    Refresh,
    /// Find. Questions that wait while one is answered are dropped, but for the last.
    Find {
        /// Comes back with the answer, so that older ones can be dropped.
        id: u32,
        /// What for.
        question: Question,
    },
    /// What may stand at the caret; at most 8.
    Complete {
        /// Comes back with the answer.
        id: u32,
        /// What stands in the box.
        query: String,
        /// The byte in front of which the caret stands.
        caret: u32,
    },
}

/// What the worker says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tell {
    /// It listens.
    Listening,
    /// Some of the catalogue has arrived.
    Loading {
        /// Bytes so far, as they come over the wire.
        bytes: u64,
        /// Of so many, when that is known.
        of: Option<u64>,
    },
    /// It can be searched; said again when the catalogue or what is known of it changes.
    Ready(Ready),
    /// A catalogue was made here of several tables, which took memory that is not given back, and is kept: a worker
    /// that begins anew reads it with half of that.
    Kept,
    /// What was found.
    Found {
        /// Of the question.
        id: u32,
        /// The answer.
        found: Box<Found>,
    },
    /// What may stand at the caret.
    Completions {
        /// Of the question.
        id: u32,
        /// The best first, of one group together.
        items: Vec<Completion>,
    },
    /// Something went wrong. What was ready stays so.
    Failed(Failed),
}

/// What can be searched.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ready {
    /// The mirror's generation that it shows; zero for a static mirror.
    pub generation: u64,
    /// Specs of binary packages.
    pub specs: u32,
    /// Packages.
    pub packages: u32,
    /// When the copy was last known to be what the mirror has, in milliseconds since 1970.
    pub as_of: u64,
    /// Whether the mirror cannot be reached, so that the copy may be old.
    pub offline: bool,
    /// Whether the graphs are here too, which `^` needs.
    pub has_edges: bool,
}

/// What went wrong, as the page says it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Failed {
    /// What does not work.
    pub what: String,
    /// Why.
    pub why: String,
    /// What can be done.
    pub next: String,
}
