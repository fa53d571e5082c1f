//! A small HTTP server that keeps what is put, and misbehaves on command.
//!
//! It knows nothing of Spack: what a real Larder says to a push is tested with the real one.

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
    /// Below the mirror's root.
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// How many requests of this method came for this path before.
    pub(crate) earlier: usize,
    pub(crate) at: Instant,
}

/// What the server does other than its duty.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Reads the request whole, and answers this.
    Answer { status: u16, headers: &'static str, body: String },
    /// Answers this without reading the body, and closes.
    Refuse { status: u16 },
    /// Closes after so many bytes of the body.
    Cut { after: usize },
}

impl Fault {
    /// An error as Larder words it.
    pub(crate) fn larder(status: u16, code: &str, message: &str, next: &str) -> Self {
        let body = format!(r#"{{"error":{{"code":"{code}","message":"{message}","next":"{next}"}}}}"#);
        Self::Answer { status, headers: "Content-Type: application/json\r\n", body }
    }

    /// An error of whatever stands before Larder.
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer { status, headers: "", body: String::new() }
    }
}

type Misbehave = dyn Fn(&Request) -> Option<Fault> + Send + Sync;

/// What the server holds and saw.
#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    requests: Vec<Request>,
}

pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

const ROOT: &str = "/mirrors/user-environment/";

impl Server {
    /// Starts a server that does its duty.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| None)
    }

    /// Starts a server that does its duty unless `misbehave` says otherwise.
    pub(crate) fn start_with(misbehave: impl Fn(&Request) -> Option<Fault> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<Mutex<State>>::default();
        let misbehave: Arc<Misbehave> = Arc::new(misbehave);
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (state, misbehave) = (Arc::clone(&shared), Arc::clone(&misbehave));
                // A client that went away is no reason to fail.
                thread::spawn(move || stream.and_then(|stream| serve(&stream, &state, &*misbehave)));
            }
        });
        Self { address, state }
    }

    /// The URL of its mirror.
    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.address, ROOT.trim_end_matches('/'))
    }

    /// Stores an object without a request.
    pub(crate) fn store(&self, path: &str, bytes: &[u8]) {
        self.state.lock().unwrap().objects.insert(path.to_owned(), bytes.to_vec());
    }

    /// Everything it holds by path.
    pub(crate) fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        self.state.lock().unwrap().objects.clone()
    }

    /// Every request in the order of arrival.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    /// The paths of all requests of one method, in the order of arrival.
    pub(crate) fn paths(&self, method: &str) -> Vec<String> {
        self.requests().into_iter().filter(|request| request.method == method).map(|request| request.path).collect()
    }
}

fn serve(mut stream: &TcpStream, state: &Mutex<State>, misbehave: &Misbehave) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let Some(mut request) = read_head(&mut reader)? else { return Ok(()) };
        let length = request.headers.get("content-length").map_or(0, |value| value.parse().unwrap());
        {
            let mut state = state.lock().unwrap();
            let is_same = |other: &&Request| other.method == request.method && other.path == request.path;
            request.earlier = state.requests.iter().filter(is_same).count();
            state.requests.push(request.clone());
        }
        let fault = misbehave(&request);
        match &fault {
            Some(Fault::Refuse { status }) => {
                return write!(stream, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
            Some(Fault::Cut { after }) => {
                reader.read_exact(&mut vec![0; length.min(*after)])?;
                return Ok(());
            }
            Some(Fault::Answer { .. }) | None => {}
        }
        let mut body = vec![0; length];
        if request.headers.contains_key("expect") {
            write!(stream, "HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        reader.read_exact(&mut body)?;
        let (status, headers, answer) = match fault {
            Some(Fault::Answer { status, headers, body }) => (status, headers, body.into_bytes()),
            _ => do_duty(&request, body, state),
        };
        write!(stream, "HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n", answer.len())?;
        if request.method != "HEAD" {
            stream.write_all(&answer)?;
        }
    }
}

fn read_head(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap());
    let path = target.strip_prefix(ROOT).unwrap_or_else(|| panic!("{target} is not in the mirror")).to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    Ok(Some(Request { method, path, headers, earlier: 0, at: Instant::now() }))
}

fn do_duty(request: &Request, body: Vec<u8>, state: &Mutex<State>) -> (u16, &'static str, Vec<u8>) {
    let objects = &mut state.lock().unwrap().objects;
    match (request.method.as_str(), objects.get(&request.path)) {
        ("HEAD", Some(stored)) => (200, "", stored.clone()),
        ("HEAD", None) => (404, "", Vec::new()),
        ("PUT", Some(stored)) if *stored == body => (200, "", Vec::new()),
        ("PUT", Some(_)) => (409, "", Vec::new()),
        ("PUT", None) => {
            objects.insert(request.path.clone(), body);
            (201, "", Vec::new())
        }
        _ => (405, "", Vec::new()),
    }
}
