//! An index document of an origin, read piece by piece.

use std::{pin::pin, time::Duration};

use futures_util::{
    StreamExt as _,
    future::{Either, select},
};
use larder_shared::{
    digest::Digest,
    index::document::{IndexError, IndexReader, Record},
    key::ObjectKey,
};
use web_sys::ReadableStream;
use worker::{ByteStream, Data, Delay, ResponseBody, console_error};

use super::Found;
use crate::{
    error::{Error, Result},
    store::{PutError, Store},
};

/// Largest index read whose length the origin does not announce and whose digest must be checked,
/// in bytes: it has to fit into memory.
const MAX_UNANNOUNCED_BYTES: u64 = 16 << 20;

/// How long an index whose digest must be checked may take to come whole. Work after an answer may
/// take 30 s.
const STAGE_DEADLINE: Duration = Duration::from_secs(25);

/// The records of an origin's index, as they come; memory holds a piece of it.
pub(crate) struct Records<'a> {
    origin: &'a str,
    chunks: ByteStream,
    reader: IndexReader,
    announced: Option<u64>,
    length: u64,
    timeout: Duration,
}

impl<'a> Records<'a> {
    /// Those of a document whose digest nobody knows.
    pub(crate) fn of(origin: &'a str, document: &Found) -> Result<Self> {
        let body = document.body().ok_or_else(|| cannot_be_used(origin, "it is empty"))?;
        Ok(Self::of_body(origin, body, document.length, document.timeout))
    }

    fn of_body(origin: &'a str, body: ReadableStream, announced: Option<u64>, timeout: Duration) -> Self {
        Self { origin, chunks: ByteStream::from(body), reader: IndexReader::new(), announced, length: 0, timeout }
    }

    /// Those of a document whose digest is known, by way of the bucket: the first record is read when
    /// R2 has checked the last. What lies at `staged` is the caller's to delete.
    pub(crate) async fn checked(
        store: &Store,
        origin: &'a str,
        document: Found,
        checksum: &Digest,
        staged: &ObjectKey,
    ) -> Result<Self> {
        let problem = |problem: String| Error::Origin { origin: origin.to_owned(), problem };
        let wrong = || problem("sent an index that does not have the sha256 that its manifest names".to_owned());
        let timeout = document.timeout;
        let stored = match (document.body(), document.length) {
            (Some(body), Some(_)) => {
                let put = store.put_checked(staged, Data::ReadableStream(body), Some(checksum));
                match select(pin!(put), pin!(Delay::from(STAGE_DEADLINE))).await {
                    Either::Left((stored, _)) => stored,
                    Either::Right(_) => {
                        document.abort();
                        let seconds = STAGE_DEADLINE.as_secs();
                        return Err(Error::OriginTimeout { origin: origin.to_owned(), seconds });
                    }
                }
            }
            // R2 takes streams of known length only.
            _ => {
                let bytes = document.bytes(MAX_UNANNOUNCED_BYTES).await?;
                store.put_checked(staged, bytes, Some(checksum)).await
            }
        };
        match stored {
            Ok(_) => {}
            Err(PutError::Digest) => return Err(wrong()),
            Err(PutError::Failed(error)) => return Err(problem(format!("broke off its index: {error}"))),
        }
        let stored = store.get(staged).await?.ok_or_else(wrong)?;
        match stored.into_body()? {
            ResponseBody::Stream(body) => Ok(Self::of_body(origin, body, None, timeout)),
            _ => Err(wrong()),
        }
    }

    /// The next record; `None` at the end of a whole document. One that nobody can use is passed over:
    /// it does not hide the others.
    pub(crate) async fn next(&mut self) -> Result<Option<Record>> {
        loop {
            match self.reader.next_record() {
                Ok(Some(record)) => return Ok(Some(record)),
                Ok(None) => {}
                Err(error @ (IndexError::Key(_) | IndexError::Record { .. })) => {
                    console_error!("passed over in the index of {}: {error}", self.origin);
                    continue;
                }
                Err(error) => return Err(cannot_be_used(self.origin, error)),
            }
            let chunk = match select(self.chunks.next(), pin!(Delay::from(self.timeout))).await {
                Either::Left((Some(chunk), _)) => chunk,
                Either::Left((None, _)) => return self.end().map(|()| None),
                Either::Right(_) => {
                    let seconds = self.timeout.as_secs();
                    return Err(Error::OriginTimeout { origin: self.origin.to_owned(), seconds });
                }
            };
            let chunk = chunk.map_err(|error| self.broken(&format!(": {error}")))?;
            self.length += chunk.len() as u64;
            self.reader.push(&chunk);
        }
    }

    fn end(&mut self) -> Result<()> {
        if self.announced.is_some_and(|announced| announced != self.length) {
            return Err(self.broken(""));
        }
        let reader = std::mem::replace(&mut self.reader, IndexReader::new());
        reader.finish().map_err(|error| cannot_be_used(self.origin, error))
    }

    fn broken(&self, why: &str) -> Error {
        Error::Origin { origin: self.origin.to_owned(), problem: format!("broke off its index{why}") }
    }
}

fn cannot_be_used(origin: &str, why: impl ToString) -> Error {
    let problem = format!("sent an index that cannot be used: {}", why.to_string());
    Error::Origin { origin: origin.to_owned(), problem }
}
