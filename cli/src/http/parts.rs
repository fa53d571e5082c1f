//! Large blobs, in parts.
//!
//! The host's edge refuses a body over 100 MB before the server sees it. An OCI upload takes a blob
//! in chunks, and its end puts it under the same address as one that came whole (OCI distribution
//! specification, "Pushing a blob in chunks").

use std::{
    cell::Cell,
    io::{self, Read},
};

use larder_shared::digest::Digest;
use ureq::{
    Body, SendBody,
    http::{Response, StatusCode, header},
};

use super::{Client, Failure, refused};

/// Begins reading what is to be sent, from the given byte on.
pub(crate) type OpenAt<'a> = dyn Fn(u64) -> io::Result<Box<dyn Read + 'a>> + 'a;

/// A blob that is sent in parts.
pub(crate) struct Parts<'a> {
    /// Its digest, which the server checks over the whole.
    pub(crate) digest: Digest,
    /// How many bytes there are.
    pub(crate) bytes: u64,
    /// How many of them a request carries.
    pub(crate) part_bytes: u64,
    /// Begins reading them; called again for each try of each part.
    pub(crate) open_at: &'a OpenAt<'a>,
}

impl Client<'_> {
    /// Stores a blob that is sent in parts. A part that fails is sent again alone.
    pub(crate) fn put_in_parts(&self, parts: &Parts<'_>) -> Result<(), Failure> {
        let what = format!("the blob {}", parts.digest);
        let upload = self.with_retries(&what, || self.begin_upload())?;
        let mut arrived = 0;
        while arrived < parts.bytes {
            let is_first_try = Cell::new(true);
            arrived = self.with_retries(&what, || {
                // A part whose answer was lost may have arrived.
                let now = if is_first_try.replace(false) { arrived } else { self.arrived(&upload, arrived)? };
                if now == arrived { self.send_part(&upload, parts, arrived) } else { Ok(now) }
            })?;
        }
        self.with_retries(&what, || self.end_upload(&upload, &parts.digest))
    }

    /// Begins an upload; gives its address.
    fn begin_upload(&self) -> Result<String, Failure> {
        let url = self.mirror.registry("blobs/uploads/");
        let request = self.agent.post(url).header(header::AUTHORIZATION, &self.token.0);
        let response = expect(request.send_empty()?, StatusCode::ACCEPTED, 0)?;
        let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        Ok(self.mirror.resolve(location.unwrap_or_default()))
    }

    /// How much of an upload has arrived; `before` when the server does not say.
    fn arrived(&self, upload: &str, before: u64) -> Result<u64, Failure> {
        let request = self.agent.get(upload).header(header::AUTHORIZATION, &self.token.0);
        let response = expect(request.call()?, StatusCode::NO_CONTENT, 0)?;
        let range = response.headers().get(header::RANGE).and_then(|value| value.to_str().ok());
        let last = range.and_then(|range| range.strip_prefix("0-")?.parse::<u64>().ok());
        // Of nothing it says `0-0`, too.
        Ok(last.map_or(before, |last| if last == 0 { 0 } else { last + 1 }))
    }

    /// Sends the part after `first` bytes; gives how much has arrived then.
    fn send_part(&self, upload: &str, parts: &Parts<'_>, first: u64) -> Result<u64, Failure> {
        let length = parts.part_bytes.min(parts.bytes - first);
        let mut body = (parts.open_at)(first).map_err(Failure::Unreadable)?.take(length);
        let request = self
            .agent
            .patch(upload)
            .header(header::AUTHORIZATION, &self.token.0)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_LENGTH, length)
            .header(header::CONTENT_RANGE, format!("{first}-{}", first + length - 1));
        expect(request.send(SendBody::from_reader(&mut body))?, StatusCode::ACCEPTED, length)?;
        Ok(first + length)
    }

    /// Ends an upload; the server checks the digest of the whole.
    fn end_upload(&self, upload: &str, digest: &Digest) -> Result<(), Failure> {
        let request =
            self.agent.put(format!("{upload}?digest={}", digest.to_oci())).header(header::AUTHORIZATION, &self.token.0);
        expect(request.send_empty()?, StatusCode::CREATED, 0).map(drop)
    }
}

fn expect(response: Response<Body>, status: StatusCode, sent_bytes: u64) -> Result<Response<Body>, Failure> {
    if response.status() == status { Ok(response) } else { Err(refused(response, sent_bytes)) }
}
