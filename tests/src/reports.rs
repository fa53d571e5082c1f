//! What Spack 0.23 reported of seven packages, six of which do not build.

use std::fs;

use larder_shared::api::report::{FailureSummary, Reported};
use serde_json::Value;

use crate::{
    fixtures::{self, fixture},
    http::Answer,
    larder::{ADMIN, Larder},
};

/// A document as Spack's CDash reporter sent it.
pub struct Submission {
    /// The query of its URL.
    pub query: String,
    /// The document.
    pub body: Vec<u8>,
}

/// The 19 recorded documents, in the order in which Spack sent them.
pub fn submissions() -> Vec<Submission> {
    let folder = fixture("reports/cdash");
    let recorded = fixtures::files(&folder).into_iter().filter(|file| file.ends_with(".json"));
    recorded
        .map(|file| {
            let request: Value = serde_json::from_slice(&fs::read(folder.join(file)).unwrap()).unwrap();
            let query = request["path"].as_str().unwrap().split_once('?').unwrap().1.to_owned();
            Submission { query, body: fs::read(folder.join(request["body"].as_str().unwrap())).unwrap() }
        })
        .collect()
}

impl Larder {
    /// Sends a document as Spack does.
    pub fn submit(&self, mirror: &str, submission: &Submission, token: &str) -> Answer {
        let path = format!("/cdash/{mirror}/submit.php?{}", submission.query);
        self.put(&path, &submission.body).header("Content-Type", "text/xml").token(token).send()
    }

    /// Reports builds as JSON.
    pub fn report(&self, mirror: &str, report: &Value) -> Reported {
        let ask = self.post(&format!("/api/v1/mirrors/{mirror}/builds"), &report.to_string());
        ask.token(ADMIN).send().expect(201).json()
    }

    /// The failures of a mirror, whether they still fail or not.
    pub fn failures(&self, mirror: &str) -> Vec<FailureSummary> {
        self.api::<larder_shared::api::List<FailureSummary>>(&format!("mirrors/{mirror}/failures?state=all")).items
    }
}

/// The number of the build that an answer to Spack's CDash reporter names, found as Spack does.
pub fn build_id(answer: &str) -> u64 {
    let (_, rest) = answer.split_once("<buildId>").unwrap();
    rest.split_once("</buildId>").unwrap().0.parse().unwrap()
}
