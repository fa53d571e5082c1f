//! A static site on nginx, as GitHub Pages would serve a mirror folder.

use std::{
    env, fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use tempfile::TempDir;

use crate::{fixtures, http::Client, wait};

/// How often another port is tried when somebody else took the free one first.
const TRIES: usize = 5;

/// A request as the access log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Such as `GET`.
    pub method: String,
    /// The path as it was sent.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
}

/// A site with a folder of its own, which tests may change at any time.
pub struct Site {
    folder: TempDir,
    port: u16,
    nginx: Option<Child>,
}

impl Site {
    /// Serves a copy of a mirror folder.
    pub fn of(mirror: &Path) -> Self {
        let site = Self::empty();
        fixtures::copy(mirror, &site.root());
        site
    }

    /// Serves an empty folder.
    pub fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("larder-site-").tempdir().unwrap();
        fs::create_dir(folder.path().join("root")).unwrap();
        let mut site = Self { folder, port: 0, nginx: None };
        for _ in 0..TRIES {
            site.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            if site.try_start() {
                return site;
            }
        }
        panic!("nginx does not start: {}", site.log("error.log"));
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The folder it serves.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// Stops answering. The folder stays.
    pub fn stop(&mut self) {
        if let Some(mut nginx) = self.nginx.take() {
            nginx.kill().unwrap();
            nginx.wait().unwrap();
        }
    }

    /// Answers again, on the same port.
    pub fn start(&mut self) {
        assert!(self.try_start(), "nginx does not start: {}", self.log("error.log"));
    }

    fn try_start(&mut self) -> bool {
        let folder = self.folder.path();
        fixtures::write(&folder.join("nginx.conf"), self.configuration().as_bytes());
        // Debian keeps servers outside the PATH of ordinary users.
        let path = format!("{}:/usr/sbin:/usr/local/sbin", env::var("PATH").unwrap_or_default());
        let mut command = Command::new("nginx");
        command.env("PATH", path).arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
        command.arg("-e").arg(folder.join("error.log")).stdin(Stdio::null()).stderr(Stdio::null());
        let mut nginx = command.spawn().unwrap_or_else(|error| panic!("nginx cannot be started: {error}"));
        let is_up = wait::until("nginx listens", || {
            if nginx.try_wait().unwrap().is_some() {
                return Some(false);
            }
            TcpStream::connect(("127.0.0.1", self.port)).is_ok().then_some(true)
        });
        self.nginx = is_up.then_some(nginx);
        is_up
    }

    /// One process in the foreground, which writes below its own folder only.
    fn configuration(&self) -> String {
        let folder = self.folder.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("    {kind}_temp_path {folder}/temporary-{kind};\n"))
            .concat();
        format!(
            "daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
{temporary}    log_format requests '$request_method $request_uri $status';
    access_log {folder}/access.log requests;
    default_type text/plain;
    server {{
        listen 127.0.0.1:{};
        root {folder}/root;
    }}
}}
",
            self.port
        )
    }

    fn log(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    /// All requests whose answers were sent, in order.
    pub fn requests(&self) -> Vec<Logged> {
        // A request is logged after its answer; this one after all that were answered before it.
        let last = format!("/is-logged-{}", self.log("access.log").len());
        if self.nginx.is_some() {
            Client::new(&self.url()).get(&last).send();
        }
        let lines = wait::until("the access log is written", || {
            let log = self.log("access.log");
            (self.nginx.is_none() || log.contains(&last)).then_some(log)
        });
        let read = |line: &str| {
            let mut words = line.split(' ').map(str::to_owned);
            let (method, path) = (words.next().unwrap(), words.next().unwrap());
            Logged { method, path, status: words.next().unwrap().parse().unwrap() }
        };
        lines.lines().map(read).filter(|request| !request.path.starts_with("/is-logged-")).collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if thread::panicking() {
            let log = self.log("access.log");
            let lines: Vec<_> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(20)..];
            eprintln!("--- the last requests that nginx answered ---\n{}\n---", last.join("\n"));
        }
        self.stop();
    }
}
