//! A small HTTP server that keeps every request, and misbehaves on command.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Instant,
};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Below the server's root.
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// Empty until all of it has come.
    pub(crate) body: Vec<u8>,
    /// How many requests of this method came for this path before.
    pub(crate) earlier: usize,
    pub(crate) at: Instant,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Whole lines.
    pub(crate) headers: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: "", body: Vec::new() }
    }

    pub(crate) fn json(status: u16, body: String) -> Self {
        Self { status, headers: "Content-Type: application/json\r\n", body: body.into_bytes() }
    }
}

/// What the server does other than its duty.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Reads the request whole, and answers this.
    Answer(Reply),
    /// Answers this without reading the body, and closes.
    Refuse { status: u16 },
    /// Closes after so many bytes of the body.
    Cut { after: usize },
}

impl Fault {
    /// An error as Larder words it.
    pub(crate) fn larder(status: u16, code: &str, message: &str, next: &str) -> Self {
        let body = format!(r#"{{"error":{{"code":"{code}","message":"{message}","next":"{next}"}}}}"#);
        Self::Answer(Reply::json(status, body))
    }

    /// An error of whatever stands before Larder.
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(Reply::status(status))
    }
}

type Duty = dyn Fn(&Request) -> Reply + Send + Sync;
type Misbehave = dyn Fn(&Request) -> Option<Fault> + Send + Sync;

/// What all connections of a server share.
struct Shared {
    root: &'static str,
    duty: Box<Duty>,
    misbehave: Box<Misbehave>,
    requests: Mutex<Vec<Request>>,
}

/// A server; it lives until the test ends.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// Starts a server of what lies below `root`, that does its duty unless `misbehave` says otherwise.
    pub(crate) fn start(
        root: &'static str,
        duty: impl Fn(&Request) -> Reply + Send + Sync + 'static,
        misbehave: impl Fn(&Request) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (duty, misbehave) = (Box::new(duty), Box::new(misbehave));
        let shared = Arc::new(Shared { root, duty, misbehave, requests: Mutex::default() });
        let server = Self { address, shared: Arc::clone(&shared) };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                // A client that went away is no reason to fail.
                thread::spawn(move || stream.and_then(|stream| shared.serve(&stream)));
            }
        });
        server
    }

    /// The URL of its root.
    pub(crate) fn url(&self) -> String {
        self.url_of(self.shared.root)
    }

    /// The URL of a path.
    pub(crate) fn url_of(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Every request in the order of arrival.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The paths of all requests of one method, in the order of arrival.
    pub(crate) fn paths(&self, method: &str) -> Vec<String> {
        self.requests().into_iter().filter(|request| request.method == method).map(|request| request.path).collect()
    }
}

impl Shared {
    fn serve(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        while let Some(mut request) = self.read_head(&mut reader)? {
            let length = request.headers.get("content-length").map_or(0, |value| value.parse().unwrap());
            // It is there even when its body never comes.
            let place = {
                let mut requests = self.requests.lock().unwrap();
                let is_same = |other: &&Request| other.method == request.method && other.path == request.path;
                request.earlier = requests.iter().filter(is_same).count();
                requests.push(request.clone());
                requests.len() - 1
            };
            let fault = (self.misbehave)(&request);
            match &fault {
                Some(Fault::Refuse { status }) => {
                    return write!(stream, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                }
                Some(Fault::Cut { after }) => {
                    return reader.read_exact(&mut vec![0; length.min(*after)]);
                }
                Some(Fault::Answer(_)) | None => {}
            }
            if request.headers.contains_key("expect") {
                write!(stream, "HTTP/1.1 100 Continue\r\n\r\n")?;
            }
            request.body = vec![0; length];
            reader.read_exact(&mut request.body)?;
            self.requests.lock().unwrap()[place].body.clone_from(&request.body);
            let Reply { status, headers, body } = match fault {
                Some(Fault::Answer(reply)) => reply,
                _ => (self.duty)(&request),
            };
            write!(stream, "HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n", body.len())?;
            if request.method != "HEAD" {
                stream.write_all(&body)?;
            }
        }
        Ok(())
    }

    fn read_head(&self, reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split(' ');
        let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap());
        let path = target.strip_prefix(self.root).and_then(|path| path.strip_prefix('/'));
        let path = path.unwrap_or_else(|| panic!("{target} is not below {}", self.root)).to_owned();
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
        Ok(Some(Request { method, path, headers, body: Vec::new(), earlier: 0, at: Instant::now() }))
    }
}
