//! Finds the members of an index document that matter, while its bytes arrive.

use std::{mem, ops::Range};

use super::read::{IndexError, MAX_RECORD_BYTES};
use crate::json::Scanner;

/// The objects of a document that are looked into, from the outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Object {
    Document,
    Database,
    Installs,
}

/// What has to come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// The opening brace of an object.
    Open(Object),
    /// A key of an object, or if nothing came before it its end.
    Key {
        or_end: bool,
    },
    Colon,
    Value,
    /// The comma after a member, or the end of the object.
    CommaOrEnd,
    /// The document is complete: nothing is looked at any more, as in Spack.
    Nothing,
}

/// A member of a document, complete.
#[derive(Debug)]
pub(super) enum Member<'a> {
    /// The database's version, as JSON.
    Version(&'a [u8]),
    /// The document has records, or could have.
    Installs,
    /// One record: its key without quotation marks, and its JSON.
    Record { key: &'a [u8], json: &'a [u8] },
}

/// Cuts a document into [`Member`]s; keeps no more of it than one of them and the last piece.
#[derive(Debug)]
pub(super) struct Splitter {
    buffer: Vec<u8>,
    /// Start of what is still to be looked at.
    at: usize,
    /// Start of `buffer` in the document.
    offset: u64,
    expect: Expect,
    /// The object that the reader is in.
    object: Object,
    key: Vec<u8>,
    /// The string or value at `at`, as far as `scanned` bytes.
    scanner: Scanner,
    scanned: usize,
}

impl Splitter {
    pub(super) fn new() -> Self {
        Self {
            buffer: Vec::new(),
            at: 0,
            offset: 0,
            expect: Expect::Open(Object::Document),
            object: Object::Document,
            key: Vec::new(),
            scanner: Scanner::new(),
            scanned: 0,
        }
    }

    /// Whether the document came to its end.
    pub(super) fn is_complete(&self) -> bool {
        self.expect == Expect::Nothing
    }

    /// Adds the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.is_complete() {
            return;
        }
        self.buffer.drain(..self.at);
        self.offset += self.at as u64;
        self.at = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next member; `None` if more bytes are needed or none will follow.
    pub(super) fn next(&mut self) -> Result<Option<Member<'_>>, IndexError> {
        while !self.is_complete() {
            let Some(byte) = self.peek() else { return Ok(None) };
            match (self.expect, byte) {
                (Expect::Key { .. }, b'"') => {
                    let Some(Range { start, end }) = self.scan(true)? else { return Ok(None) };
                    self.key.clear();
                    self.key.extend_from_slice(&self.buffer[start + 1..end - 1]);
                    self.expect = Expect::Colon;
                }
                (Expect::Value, _) => match (self.object, &*self.key) {
                    (Object::Document, b"database") => self.expect = Expect::Open(Object::Database),
                    (Object::Database, b"installs") => {
                        self.expect = Expect::Open(Object::Installs);
                        return Ok(Some(Member::Installs));
                    }
                    (Object::Database, b"version") => {
                        let Some(range) = self.scan(true)? else { return Ok(None) };
                        self.expect = Expect::CommaOrEnd;
                        return Ok(Some(Member::Version(&self.buffer[range])));
                    }
                    (Object::Installs, _) => {
                        let Some(range) = self.scan(true)? else { return Ok(None) };
                        self.expect = Expect::CommaOrEnd;
                        return Ok(Some(Member::Record { key: &self.key, json: &self.buffer[range] }));
                    }
                    (Object::Document | Object::Database, _) => {
                        let Some(_) = self.scan(false)? else { return Ok(None) };
                        self.expect = Expect::CommaOrEnd;
                    }
                },
                _ => {
                    self.expect = self.after(byte)?;
                    self.at += 1;
                }
            }
        }
        Ok(None)
    }

    /// What follows `byte`, one of the braces, colons and commas between members.
    fn after(&mut self, byte: u8) -> Result<Expect, IndexError> {
        match (self.expect, byte) {
            (Expect::Open(object), b'{') => {
                self.object = object;
                Ok(Expect::Key { or_end: true })
            }
            (Expect::Colon, b':') => Ok(Expect::Value),
            (Expect::CommaOrEnd, b',') => Ok(Expect::Key { or_end: false }),
            (Expect::CommaOrEnd | Expect::Key { or_end: true }, b'}') => {
                (self.object, self.expect) = match self.object {
                    Object::Document => return Ok(Expect::Nothing),
                    Object::Database => (Object::Document, Expect::CommaOrEnd),
                    Object::Installs => (Object::Database, Expect::CommaOrEnd),
                };
                Ok(self.expect)
            }
            (Expect::Open(Object::Document), b'<') => Err(IndexError::Html),
            _ => Err(self.malformed()),
        }
    }

    fn malformed(&self) -> IndexError {
        IndexError::Malformed { offset: self.offset + self.at as u64 }
    }

    /// The next byte that is not white space; stands in front of it afterwards.
    fn peek(&mut self) -> Option<u8> {
        if self.scanned > 0 {
            // Within a string or value, whose beginning was looked at.
            return self.buffer.get(self.at).copied();
        }
        let rest = &self.buffer[self.at..];
        let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
        self.at += blank;
        self.buffer.get(self.at).copied()
    }

    /// Moves behind the string or value that begins here and gives its place in the buffer; `None`
    /// if its end has not arrived. What is not `kept` is forgotten meanwhile.
    fn scan(&mut self, is_kept: bool) -> Result<Option<Range<usize>>, IndexError> {
        let seen = self.at + self.scanned;
        let end = self.scanner.advance(&self.buffer[seen..])?.map(|more| seen + more);
        self.scanned = end.unwrap_or(self.buffer.len()) - self.at;
        match end {
            _ if is_kept && self.scanned > MAX_RECORD_BYTES => {
                Err(IndexError::RecordTooLarge { offset: self.offset + self.at as u64 })
            }
            Some(_) if self.scanned == 0 => Err(self.malformed()),
            Some(end) => {
                let start = mem::replace(&mut self.at, end);
                self.scanner = Scanner::new();
                self.scanned = 0;
                Ok(Some(start..end))
            }
            None => {
                if !is_kept {
                    // One byte stays, to show that a value has begun.
                    self.at = self.buffer.len() - 1;
                    self.scanned = 1;
                }
                Ok(None)
            }
        }
    }
}
