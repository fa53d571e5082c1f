//! A real Larder: the built worker on workerd, started as `npm run serve` does.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    ops::Deref,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, channel},
    },
    thread,
};

use larder_shared::api::{CreatedToken, Mirror, Reindex};
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use crate::{
    fixtures,
    http::Client,
    wait::{self, PATIENCE},
};

/// The admin token of every Larder started here.
pub const ADMIN: &str = "the-admin-token-of-the-tests";

/// What a server says once it answers, before its URL.
const READY: &str = "Larder is ready at ";

/// A server with storage of its own. It can be asked as the [`Client`] it derefs to; dropping it
/// stops it and removes what it stored.
pub struct Larder {
    client: Client,
    process: Process,
    variables: Vec<(String, String)>,
    // Dropped last: the server is gone when its files are removed.
    state: TempDir,
}

impl Deref for Larder {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Larder {
    /// Starts a server with nothing stored.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with nothing stored and these variables.
    pub fn start_with(variables: &[(&str, &str)]) -> Self {
        let state = tempfile::Builder::new().prefix("larder-test-").tempdir().unwrap();
        let variables: Vec<_> = [("LARDER_ADMIN_TOKEN", ADMIN)]
            .iter()
            .chain(variables)
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        let (process, url) = Process::start(state.path(), &variables);
        Self { client: Client::new(&url), process, variables, state }
    }

    /// Kills the server outright, as a power cut would, and starts another on what it stored.
    pub fn kill_and_restart(&mut self) {
        self.process.kill(self.client.address());
        let (process, url) = Process::start(self.state.path(), &self.variables);
        (self.process, self.client) = (process, Client::new(&url));
    }

    /// Stops the server and starts another on what it stored, with these variables.
    pub fn restart_with(&mut self, variables: &[(&str, &str)]) {
        self.process.kill(self.client.address());
        self.variables.retain(|(name, _)| variables.iter().all(|(other, _)| other != name));
        self.variables.extend(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let (process, url) = Process::start(self.state.path(), &self.variables);
        (self.process, self.client) = (process, Client::new(&url));
    }

    /// Kills the server outright, loses all that its Durable Objects know, and starts another on what
    /// is in the bucket.
    pub fn forget_indexes(&mut self) {
        self.process.kill(self.client.address());
        fs::remove_dir_all(self.state.path().join("do")).unwrap();
        let (process, url) = Process::start(self.state.path(), &self.variables);
        (self.process, self.client) = (process, Client::new(&url));
    }

    /// Stores an object in the bucket past Larder.
    pub fn put_object(&self, key: &str, bytes: &[u8]) {
        let file = self.state.path().join("put");
        fs::write(&file, bytes).unwrap();
        let answer = self.process.command(&format!("put {key} {}", file.display()));
        assert!(answer.starts_with('"'), "storing {key}: {answer}");
    }

    /// Stores every file of a mirror folder in the bucket past Larder, as `s3://` would.
    pub fn put_folder(&self, folder: &Path, mirror: &str) {
        for file in fixtures::files(folder) {
            self.put_object(&format!("{mirror}/{file}"), &fs::read(folder.join(&file)).unwrap());
        }
    }

    /// Deletes an object of the bucket past Larder.
    pub fn delete_object(&self, key: &str) {
        assert_eq!(self.process.command(&format!("delete {key}")), "null", "deleting {key}");
    }

    /// Makes the index of a mirror follow from the bucket, and waits for the end.
    pub fn reindex(&self, mirror: &str) -> Reindex {
        self.post(&format!("/api/v1/mirrors/{mirror}/reindex"), "").token(ADMIN).send().expect(202);
        self.wait_for_reindex(mirror)
    }

    /// Waits for the end of the run that is under way.
    pub fn wait_for_reindex(&self, mirror: &str) -> Reindex {
        wait::until("the index follows from the bucket", || {
            let mirror: Mirror = self.api(&format!("mirrors/{mirror}"));
            mirror.reindex.filter(|run| run.ended.is_some())
        })
    }

    /// Triggers the scheduled event and waits for its end.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn run_schedule(&self) {
        let outcome = self.process.command("scheduled");
        assert!(outcome.contains(r#""outcome":"ok""#), "the scheduled event ended with {outcome}");
    }

    /// Key and ETag of every object in the bucket, by key: equal before and after what must store
    /// nothing.
    pub fn stored(&self) -> Vec<(String, String)> {
        let objects = self.process.command("objects");
        serde_json::from_str(&objects)
            .unwrap_or_else(|error| panic!("the server lists its objects as {objects}: {error}"))
    }

    /// What the server wrote to standard error so far.
    pub fn log(&self) -> String {
        self.process.log.lock().unwrap().clone()
    }

    /// Makes a mirror with these settings.
    pub fn make_mirror(&self, settings: &serde_json::Value) -> Mirror {
        self.post("/api/v1/mirrors", &settings.to_string()).token(ADMIN).send().expect(201).json()
    }

    /// Makes a token with these rights.
    pub fn make_token(&self, token: &serde_json::Value) -> CreatedToken {
        self.post("/api/v1/tokens", &token.to_string()).token(ADMIN).send().expect(201).json()
    }

    /// A document of the API.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn api<T: DeserializeOwned>(&self, path: &str) -> T {
        self.get(&format!("/api/v1/{path}")).send().expect(200).json()
    }

    /// Makes a mirror that is read through from `url`: a site, or a registry's repository.
    pub fn make_mirror_of(&self, name: &str, url: &str) {
        let kind = if url.starts_with("oci") { "oci" } else { "http" };
        let body = serde_json::json!({ "name": name, "origin": { "kind": kind, "url": url } });
        self.post("/api/v1/mirrors", &body.to_string()).token(ADMIN).send().expect(201);
    }
}

/// The node process that runs workerd.
struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Mutex<Receiver<String>>,
    /// What it wrote to standard error.
    log: Arc<Mutex<String>>,
}

impl Process {
    /// Starts a server and waits for its URL.
    fn start(state: &Path, variables: &[(String, String)]) -> (Self, String) {
        let mut command = Command::new("node");
        command.arg(fixtures::root().join("scripts/serve.mjs"));
        command.args(["--port", "0", "--exit-with-stdin", "--state"]).arg(state);
        for (name, value) in variables {
            command.arg("--var").arg(format!("{name}={value}"));
        }
        // A group of its own, so that it can be killed together with workerd.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("node cannot be started: {error}"));
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let log = Arc::<Mutex<String>>::default();
        let (mut stderr, written) = (child.stderr.take().unwrap(), Arc::clone(&log));
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stderr.read(&mut buffer) {
                written.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
        });
        let process = Self { stdin: child.stdin.take(), child, lines: Mutex::new(lines), log };
        let url = process.next_line("it is ready");
        let url = url.strip_prefix(READY).unwrap_or_else(|| panic!("the server said `{url}`")).to_owned();
        (process, url)
    }

    fn next_line(&self, what: &str) -> String {
        let line = self.lines.lock().unwrap().recv_timeout(PATIENCE);
        line.unwrap_or_else(|error| panic!("the server did not say that {what} ({error})"))
    }

    /// Gives a command, and its answer.
    fn command(&self, line: &str) -> String {
        let mut stdin = self.stdin.as_ref().unwrap();
        writeln!(stdin, "{line}").unwrap();
        self.next_line(&format!("`{line}` is done"))
    }

    fn kill(&mut self, address: &str) {
        let group = format!("-{}", self.child.id());
        let killed = Command::new("sh").args(["-c", "kill -KILL \"$1\"", "sh", &group]).status().unwrap();
        assert!(killed.success(), "the server could not be killed");
        self.child.wait().unwrap();
        wait::until("a killed server is gone", || TcpStream::connect(address).err());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let ended = self.child.wait();
        if thread::panicking() || ended.is_err() {
            eprintln!("--- the server's log ---\n{}---", self.log.lock().unwrap());
        }
    }
}
