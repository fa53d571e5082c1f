//! A small HTTP server that takes reports as Larder does, keeps every request, and misbehaves on command.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use larder_shared::{
    api::report::{Reported, ReportedBuild},
    report::Report,
};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// How many requests of this method came for this path before.
    pub(crate) earlier: usize,
}

/// A status and a body to answer in place of doing its duty.
pub(crate) type Fault = (u16, String);

type Misbehave = dyn Fn(&Request) -> Option<Fault> + Send + Sync;

pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts a server that does its duty.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| None)
    }

    /// Starts a server that does its duty unless `misbehave` says otherwise.
    pub(crate) fn start_with(misbehave: impl Fn(&Request) -> Option<Fault> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let (kept, misbehave): (_, Arc<Misbehave>) = (Arc::clone(&requests), Arc::new(misbehave));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (kept, misbehave) = (Arc::clone(&kept), Arc::clone(&misbehave));
                // A client that went away is no reason to fail.
                thread::spawn(move || stream.and_then(|stream| serve(&stream, &kept, &*misbehave)));
            }
        });
        Self { address, requests }
    }

    /// The URL of its mirror.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/mirrors/m", self.address)
    }

    /// Every request in the order of arrival.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The reports that arrived.
    pub(crate) fn reports(&self) -> Vec<Report> {
        let posts = self.requests().into_iter().filter(|request| request.method == "POST");
        posts.map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
    }

    /// What arrived for a path below `/api/v1/mirrors/m/builds/`.
    pub(crate) fn put(&self, path: &str) -> Option<Request> {
        let path = format!("/api/v1/mirrors/m/builds/{path}");
        self.requests().into_iter().rfind(|request| request.method == "PUT" && request.path == path)
    }
}

fn serve(mut stream: &TcpStream, requests: &Mutex<Vec<Request>>, misbehave: &Misbehave) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(mut request) = read_request(&mut reader)? {
        {
            let mut requests = requests.lock().unwrap();
            let is_same = |other: &&Request| other.method == request.method && other.path == request.path;
            request.earlier = requests.iter().filter(is_same).count();
            requests.push(request.clone());
        }
        let (status, answer) = misbehave(&request).unwrap_or_else(|| do_duty(&request));
        write!(
            stream,
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        )?;
        stream.write_all(answer.as_bytes())?;
    }
    Ok(())
}

fn read_request(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ');
    let (method, path) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers.get("content-length").map_or(0, |value| value.parse().unwrap())];
    reader.read_exact(&mut body)?;
    Ok(Some(Request { method, path, headers, body, earlier: 0 }))
}

/// The builds get the numbers 1, 2, 3…
fn do_duty(request: &Request) -> Fault {
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
        return (201, serde_json::to_string(&reported).unwrap());
    }
    (200, SUMMARY.to_owned())
}

/// A build as the lists of the API have it.
const SUMMARY: &str = r#"{"id":1,"package":"p","spec":"p","hash":null,"status":"failed","phase":null,"kind":null,"message":null,
"file":null,"line":null,"signature":null,"blocked_by":null,"run":1,"job":null,"started":null,"took_millis":null,
"received":"2026-11-20T16:08:19Z","warnings":0,"log_bytes":7}"#;
