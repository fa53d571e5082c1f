//! One item onto the server: looked for, checked, its blobs sent, then the document.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
};

use larder_shared::{api::ErrorCode, digest::Digest};
use sha2::Digest as _;

use super::{
    plan::{Blob, Item},
    problem::Problem,
    progress::Meter,
};
use crate::http::{Client, Failure, Open, Parts, Stored, Upload};

/// What became of an item that did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is there now.
    Pushed {
        /// What had to be sent for it.
        sent_bytes: u64,
    },
    /// It was there before, with the same bytes.
    Skipped,
    /// It was there before, with other bytes, which stay.
    Kept,
    /// It would be sent: its files are what they should be.
    Checked,
    /// It is half written, perhaps still being written.
    LeftOut {
        /// What is not there yet.
        why: String,
    },
    /// It was half written long ago, and its files are gone.
    Removed {
        /// What was not there.
        why: String,
    },
}

/// Sends items to one mirror.
pub(super) struct Uploader<'a> {
    pub(super) client: &'a Client<'a>,
    /// What is larger is sent in parts of this many bytes.
    pub(super) part_bytes: u64,
}

impl Uploader<'_> {
    /// Pushes `item`, so that it is visible only when it is there as a whole.
    pub(super) fn push(&self, item: &Item, meter: &Meter<'_>) -> Result<Outcome, Problem> {
        let document = read_document(item)?;
        // Something at its path may be the same, or in conflict, or derived from the other layout,
        // or not in the index yet because the server crashed. Sending the small document again
        // tells which, and completes it, before any blob is sent for nothing.
        if self.exists(&item.document.path, item.role)? {
            match self.put_document(item, &document, meter) {
                Err(Problem::Http { failure, .. }) if failure.code() == Some(ErrorCode::BlobUnknown) => {}
                stored => return stored,
            }
        }
        let missing = self.missing_blobs(item, meter)?;
        missing.iter().try_for_each(|blob| check(item, blob))?;
        for blob in missing {
            self.put_blob(blob, meter)?;
        }
        self.put_document(item, &document, meter)
    }

    fn exists(&self, path: &str, role: &'static str) -> Result<bool, Problem> {
        self.client.exists(path).map_err(|failure| Problem::Http { role, failure })
    }

    fn missing_blobs<'i>(&self, item: &'i Item, meter: &Meter<'_>) -> Result<Vec<&'i Blob>, Problem> {
        let mut missing = Vec::new();
        for blob in &item.blobs {
            if self.exists(&blob.path(), blob.role)? {
                meter.skip(blob.bytes);
            } else {
                missing.push(blob);
            }
        }
        Ok(missing)
    }

    fn put_blob(&self, blob: &Blob, meter: &Meter<'_>) -> Result<(), Problem> {
        let sent = if blob.bytes > self.part_bytes {
            self.put_in_parts(blob, meter)
        } else {
            let open = || Ok(Box::new(File::open(&blob.location)?) as Box<dyn Read>);
            self.put(&blob.path(), blob.bytes, &open, meter).map(drop)
        };
        sent.map_err(|failure| Problem::Http { role: blob.role, failure })
    }

    fn put_in_parts(&self, blob: &Blob, meter: &Meter<'_>) -> Result<(), Failure> {
        let mark = meter.sent_bytes();
        let open_at = |first| {
            meter.back_to(mark + first);
            let mut file = File::open(&blob.location)?;
            file.seek(SeekFrom::Start(first))?;
            Ok(Box::new(Metered { source: Box::new(file), meter }) as Box<dyn Read>)
        };
        let part_bytes = self.part_bytes;
        let parts = Parts { digest: blob.digest, bytes: blob.bytes, part_bytes, open_at: &open_at };
        self.client.put_in_parts(&parts).inspect_err(|_| meter.back_to(mark))
    }

    fn put_document(&self, item: &Item, document: &[u8], meter: &Meter<'_>) -> Result<Outcome, Problem> {
        let open = || Ok(Box::new(document) as Box<dyn Read>);
        let stored = self.put(&item.document.path, document.len() as u64, &open, meter);
        match stored.map_err(|failure| Problem::Http { role: item.role, failure })? {
            Stored::New => Ok(Outcome::Pushed { sent_bytes: meter.sent_bytes() }),
            Stored::Already => Ok(Outcome::Skipped),
        }
    }

    /// Sends bytes, counting those on their way and taking them back when they have to be sent again.
    fn put(&self, path: &str, bytes: u64, open: &Open<'_>, meter: &Meter<'_>) -> Result<Stored, Failure> {
        let mark = meter.sent_bytes();
        let open = || {
            meter.back_to(mark);
            Ok(Box::new(Metered { source: open()?, meter }) as Box<dyn Read>)
        };
        let stored = self.client.put(path, &Upload { bytes, open: &open });
        if stored.is_err() {
            meter.back_to(mark);
        }
        stored
    }
}

/// Reads the document, which may have been written to since it was planned.
fn read_document(item: &Item) -> Result<Vec<u8>, Problem> {
    let document = &item.document;
    let unreadable = |source| Problem::Unreadable { path: document.path.clone(), source };
    let bytes = fs::read(&document.location).map_err(unreadable)?;
    if bytes.len() as u64 == document.bytes { Ok(bytes) } else { Err(Problem::Changing { role: item.role }) }
}

/// Checks the files of an item without a server.
pub(super) fn check_item(item: &Item) -> Result<Outcome, Problem> {
    item.blobs.iter().try_for_each(|blob| check(item, blob))?;
    Ok(Outcome::Checked)
}

/// Reads a blob and compares its digest with the one its document names.
fn check(item: &Item, blob: &Blob) -> Result<(), Problem> {
    let found =
        digest_of(blob).map_err(|source| Problem::Unreadable { path: blob.location.display().to_string(), source })?;
    let Blob { role, digest: named, is_nested, ref location, .. } = *blob;
    if found == named {
        Ok(())
    } else {
        let location = location.clone();
        Err(Problem::WrongDigest { role, document: item.role, found, named, is_nested, location })
    }
}

fn digest_of(blob: &Blob) -> io::Result<Digest> {
    let mut hasher = Hasher(sha2::Sha256::new());
    io::copy(&mut File::open(&blob.location)?, &mut hasher)?;
    Ok(Digest::from_bytes(hasher.0.finalize().into()))
}

/// SHA-256 as something to write into.
struct Hasher(sha2::Sha256);

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts what is read.
struct Metered<'a> {
    source: Box<dyn Read + 'a>,
    meter: &'a Meter<'a>,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.read(buffer).inspect(|&count| self.meter.send(count as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::push::folder;

    #[test]
    fn a_document_that_changed_since_it_was_planned_is_not_sent() {
        let folder = tempfile::TempDir::new().unwrap();
        let location = folder.path().join("manifest");
        let document = folder::File { path: "manifest".to_owned(), location, bytes: 5, modified: None };
        let item = Item { label: "zlib /aaaaaaa".to_owned(), role: "manifest", document, blobs: Vec::new() };
        assert!(matches!(read_document(&item), Err(Problem::Unreadable { .. })));
        for (bytes, is_whole) in [("half", false), ("whole", true), ("longer", false)] {
            fs::write(&item.document.location, bytes).unwrap();
            match read_document(&item) {
                Ok(read) => assert!(is_whole && read == bytes.as_bytes(), "{bytes}"),
                Err(problem) => assert!(!is_whole && problem.is_partial(), "{bytes}: {problem}"),
            }
        }
    }
}
