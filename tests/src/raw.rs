//! Requests sent byte for byte as written, for what no well-behaved client sends.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{Shutdown, TcpStream},
};

use crate::{
    http::{Answer, Client},
    wait::PATIENCE,
};

/// Sends a request to `address` and reads its answer.
///
/// The request is a head without `Host` and `Connection`, which are added, and a body. When
/// `ends_early` is set the sending side is closed after it, as by a client that went away.
///
/// Returns `None` when the server closes without an answer.
pub fn exchange(address: &str, head: &str, body: &[u8], ends_early: bool) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (line, headers) = head.split_once("\r\n").unwrap_or((head, ""));
    let separator = if headers.is_empty() { "" } else { "\r\n" };
    let head = format!("{line}\r\nHost: {address}\r\nConnection: close\r\n{headers}{separator}\r\n");
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(&[head.as_bytes(), body].concat());
    if ends_early {
        let _ = stream.shutdown(Shutdown::Write);
    }
    read_answer(line, &mut BufReader::new(stream))
}

/// Reads one answer; the server keeps the connection open for a while, so its length counts.
fn read_answer(line: &str, stream: &mut impl BufRead) -> Option<Answer> {
    let status = read_line(stream)?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = Vec::new();
    while let Some((name, value)) = read_line(stream)?.split_once(':') {
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer { what: line.to_owned(), status, headers, body: Vec::new(), broken: None };
    let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
    let read = if answer.header("transfer-encoding") == Some("chunked") {
        read_chunks(stream, &mut answer.body)
    } else if line.starts_with("HEAD ") {
        Ok(())
    } else {
        read_bytes(stream, length, &mut answer.body)
    };
    answer.broken = read.err().map(|error| error.to_string());
    Some(answer)
}

fn read_line(stream: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    // A server that breaks off has not answered.
    stream.read_line(&mut line).ok().filter(|count| *count > 0)?;
    Some(line.trim_end().to_owned())
}

fn read_bytes(stream: &mut impl BufRead, length: usize, body: &mut Vec<u8>) -> io::Result<()> {
    let start = body.len();
    body.resize(start + length, 0);
    stream.read_exact(&mut body[start..])
}

fn read_chunks(stream: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let length = read_line(stream).ok_or(io::ErrorKind::UnexpectedEof)?;
        let length = usize::from_str_radix(&length, 16).map_err(io::Error::other)?;
        read_bytes(stream, length, body)?;
        read_line(stream).ok_or(io::ErrorKind::UnexpectedEof)?;
        if length == 0 {
            return Ok(());
        }
    }
}

impl Client {
    /// Sends a request byte for byte; see [`exchange`].
    pub fn raw(&self, head: &str, body: &[u8]) -> Option<Answer> {
        exchange(self.address(), head, body, false)
    }
}
