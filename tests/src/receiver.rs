//! A receiver of webhooks: a server that keeps what it is sent, and answers as it is told.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde::de::DeserializeOwned;

use crate::wait;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// Method and path.
    pub request: String,
    headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Received {
    /// A header's value.
    ///
    /// # Panics
    /// When there is none.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        &found.unwrap_or_else(|| panic!("{name} is not among {:?}", self.headers)).1
    }

    /// The body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// What the receiver does with a request.
#[derive(Debug, Clone, Copy)]
pub enum Reply {
    /// Answers with this status.
    Status(u16),
    /// Sends the client elsewhere.
    Redirect(&'static str),
    /// Says nothing until the client gives up.
    Silence,
}

type Script = dyn Fn(&Received, usize) -> Reply + Send + Sync;

/// A server; it lives until the test ends.
#[derive(Clone)]
pub struct Receiver {
    address: SocketAddr,
    script: Arc<Script>,
    received: Arc<Mutex<Vec<Received>>>,
    silent: Arc<AtomicUsize>,
}

impl Receiver {
    /// Starts a server; `script` says what to do with a request, counted from 0.
    pub fn start(script: impl Fn(&Received, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            script: Arc::new(script),
            received: Arc::default(),
            silent: Arc::default(),
        };
        let server = receiver.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                // A client that went away is no reason to fail.
                thread::spawn(move || server.serve(&stream));
            }
        });
        receiver
    }

    /// Where to send to.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Every request so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// How many clients wait in vain just now.
    pub fn silent(&self) -> usize {
        self.silent.load(Ordering::SeqCst)
    }

    /// Waits for so many requests.
    pub fn wait_for(&self, count: usize) -> Vec<Received> {
        let what = format!("{count} deliveries have come");
        wait::until(&what, || Some(self.received()).filter(|received| received.len() >= count))
    }

    /// Answers one request and closes the connection.
    fn serve(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let request = line.rsplit_once(' ').map_or("", |(request, _)| request).to_owned();
        let mut headers = Vec::new();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let Some((name, value)) = header.trim_end().split_once(':') else { break };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
        reader.read_exact(&mut body)?;
        let received = Received { request, headers, body: String::from_utf8(body).unwrap() };
        let count = {
            let mut all = self.received.lock().unwrap();
            all.push(received.clone());
            all.len() - 1
        };
        let (status, more) = match (self.script)(&received, count) {
            Reply::Status(status) => (status, String::new()),
            Reply::Redirect(to) => (302, format!("Location: {to}\r\n")),
            // Reading ends when the other side closes.
            Reply::Silence => {
                self.silent.fetch_add(1, Ordering::SeqCst);
                let ended = reader.read_line(&mut String::new());
                self.silent.fetch_sub(1, Ordering::SeqCst);
                return ended.map(drop);
            }
        };
        // More of an answer than anybody should read.
        let body = "x".repeat(100_000);
        write!(stream, "HTTP/1.1 {status} X\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
    }
}
