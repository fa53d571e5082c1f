//! An origin that misbehaves on command.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// What the origin does with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Answers.
    Answer {
        /// The status.
        status: u16,
        /// Header lines, each ending in `\r\n`.
        headers: String,
        /// The body, with its right length announced.
        body: Vec<u8>,
    },
    /// Announces more bytes than it sends, and closes.
    Cut {
        /// What it announces.
        announced: usize,
        /// What it sends.
        body: Vec<u8>,
    },
    /// Takes the request and says nothing, until the other side gives up.
    Silence,
    /// Announces more bytes than it sends, and then says nothing.
    Stall {
        /// What it announces.
        announced: usize,
        /// What it sends.
        body: Vec<u8>,
    },
    /// Answers 200 and these bytes without announcing a length, and closes.
    Unannounced(Vec<u8>),
}

impl Reply {
    /// 200 with these bytes.
    pub fn found(body: impl Into<Vec<u8>>) -> Self {
        Self::Answer { status: 200, headers: String::new(), body: body.into() }
    }

    /// An error without a body.
    pub fn status(status: u16) -> Self {
        Self::Answer { status, headers: String::new(), body: Vec::new() }
    }

    /// A web page with status 200, as some sites answer for what they do not have.
    pub fn page() -> Self {
        let body = b"<!DOCTYPE html>\n<html><title>Welcome</title></html>\n".to_vec();
        Self::Answer { status: 200, headers: "Content-Type: text/html\r\n".to_owned(), body }
    }

    /// A redirect.
    pub fn redirect(location: &str) -> Self {
        Self::Answer { status: 302, headers: format!("Location: {location}\r\n"), body: Vec::new() }
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Such as `GET`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Asked {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

/// An HTTP server that does as it is told; it lives until the test ends.
#[derive(Clone)]
pub struct Origin {
    address: SocketAddr,
    script: Arc<Mutex<Arc<Script>>>,
    requests: Arc<Mutex<Vec<Asked>>>,
}

impl Origin {
    /// Starts an origin; `script` says what to do with a path such as `/build_cache/index.json`.
    pub fn start(script: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(move |asked| script(&asked.path))
    }

    /// The same with a script that sees the whole request.
    pub fn start_with(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let script: Arc<Script> = Arc::new(script);
        let origin = Self {
            address: listener.local_addr().unwrap(),
            script: Arc::new(Mutex::new(script)),
            requests: Arc::default(),
        };
        let server = origin.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                // A client that went away is no reason to fail.
                thread::spawn(move || server.serve(&stream));
            }
        });
        origin
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it does something else.
    pub fn change(&self, script: impl Fn(&str) -> Reply + Send + Sync + 'static) {
        self.change_with(move |asked| script(&asked.path));
    }

    /// The same with a script that sees the whole request.
    pub fn change_with(&self, script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Arc::new(script);
    }

    /// Every request so far, such as `GET /build_cache/index.json`.
    pub fn requests(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect()
    }

    /// The same with their headers.
    pub fn asked(&self) -> Vec<Asked> {
        self.requests.lock().unwrap().clone()
    }

    /// Answers one request and closes the connection.
    fn serve(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut asked = Asked { method: method.to_owned(), path: path.to_owned(), headers: Vec::new() };
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header)? == 0 || header.trim_end().is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(':') {
                asked.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        self.requests.lock().unwrap().push(asked.clone());
        let script = Arc::clone(&self.script.lock().unwrap());
        let reply = script(&asked);
        let is_stalled = matches!(reply, Reply::Stall { .. });
        let (status, headers, announced, body) = match reply {
            Reply::Answer { status, headers, body } => (status, headers, Some(body.len()), body),
            Reply::Cut { announced, body } | Reply::Stall { announced, body } => {
                (200, String::new(), Some(announced), body)
            }
            Reply::Unannounced(body) => (200, String::new(), None, body),
            // Reading ends when the other side closes.
            Reply::Silence => return reader.read_line(&mut String::new()).map(drop),
        };
        let length = announced.map(|length| format!("Content-Length: {length}\r\n")).unwrap_or_default();
        write!(stream, "HTTP/1.1 {status} X\r\n{headers}{length}Connection: close\r\n\r\n")?;
        if method != "HEAD" {
            stream.write_all(&body)?;
        }
        if is_stalled {
            reader.read_line(&mut String::new())?;
        }
        Ok(())
    }
}
