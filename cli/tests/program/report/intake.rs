//! A server that takes reports as Larder does.

use std::ops::Deref;

use larder_shared::{
    api::report::{Reported, ReportedBuild},
    report::Report,
};

use crate::server::{Fault, Reply, Request, Server};

/// Where reports for the mirror `m` go, and the server they go to.
pub(crate) struct Intake {
    server: Server,
}

impl Deref for Intake {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Intake {
    /// Starts a server that does its duty.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| None)
    }

    /// Starts a server that does its duty unless `misbehave` says otherwise.
    pub(crate) fn start_with(misbehave: impl Fn(&Request) -> Option<Fault> + Send + Sync + 'static) -> Self {
        Self { server: Server::start("/api/v1/mirrors/m", do_duty, misbehave) }
    }

    /// The URL of the mirror.
    pub(crate) fn mirror_url(&self) -> String {
        self.server.url_of("/mirrors/m")
    }

    /// The reports that arrived.
    pub(crate) fn reports(&self) -> Vec<Report> {
        let posts = self.requests().into_iter().filter(|request| request.method == "POST");
        posts.map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
    }

    /// What arrived for a path below `builds/`.
    pub(crate) fn put(&self, path: &str) -> Option<Request> {
        let path = format!("builds/{path}");
        self.requests().into_iter().rfind(|request| request.method == "PUT" && request.path == path)
    }
}

/// The builds get the numbers 1, 2, 3…
fn do_duty(request: &Request) -> Reply {
    if request.method == "POST" {
        let report: Report = serde_json::from_slice(&request.body).unwrap();
        let builds = report.builds.into_iter().zip(1..).map(|(build, id)| ReportedBuild {
            id,
            url: format!("https://larder.example.org/mirrors/m/builds/{id}"),
            package: build.package,
            status: build.status,
            is_new: true,
            signature: build.failure.map(|failure| failure.signature),
        });
        let reported = Reported { run: 1, builds: builds.collect(), logs_left_out: 0 };
        return Reply::json(201, serde_json::to_string(&reported).unwrap());
    }
    Reply::json(200, SUMMARY.to_owned())
}

/// A build as the lists of the API have it.
const SUMMARY: &str = r#"{"id":1,"package":"p","spec":"p","hash":null,"status":"failed","phase":null,"kind":null,"message":null,
"file":null,"line":null,"signature":null,"blocked_by":null,"run":1,"job":null,"started":null,"took_millis":null,
"received":"2026-11-20T16:08:19Z","warnings":0,"log_bytes":7}"#;
