//! The folder that packages are fetched into, laid out as Spack lays out a mirror, to be pushed from there.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use larder_shared::{digest::Digest, layout::LayoutPath};

use crate::part::{Part, digest_of};

/// What a block of a tar archive has, in bytes.
const BLOCK: usize = 512;

/// The folder; shared by all threads.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    parts: AtomicUsize,
}

impl Folder {
    /// The folder at `root`, which is made if it is not there.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        Ok(Self { root: root.to_owned(), parts: AtomicUsize::new(0) })
    }

    /// Whether a file is there with this digest.
    pub(super) fn has(&self, path: &LayoutPath, digest: &Digest) -> io::Result<bool> {
        Ok(digest_of(&self.root.join(path.to_string()))? == Some(*digest))
    }

    /// Gives a file a second name, if it is there with this digest.
    pub(super) fn link(&self, from: &LayoutPath, digest: &Digest, to: &LayoutPath) -> io::Result<bool> {
        if !self.has(from, digest)? {
            return Ok(false);
        }
        if !self.has(to, digest)? {
            let (from, to) = (self.root.join(from.to_string()), self.root.join(to.to_string()));
            fs::create_dir_all(to.parent().unwrap_or(&to))?;
            // Not every file system knows second names.
            if fs::hard_link(&from, &to).is_err() {
                fs::copy(&from, &to)?;
            }
        }
        Ok(true)
    }

    /// Writes a document.
    pub(super) fn put(&self, path: &LayoutPath, bytes: &[u8]) -> io::Result<()> {
        let mut part = self.begin()?;
        part.write_all(bytes)?;
        self.finish(part, path)
    }

    /// Begins a file.
    pub(super) fn begin(&self) -> io::Result<Part> {
        Part::create(self.root.join(format!(".part-{}", self.parts.fetch_add(1, Ordering::Relaxed))))
    }

    /// Gives a file its name.
    pub(super) fn finish(&self, part: Part, path: &LayoutPath) -> io::Result<()> {
        part.name(&self.root.join(path.to_string()))
    }

    /// Finds, in a tar archive that is not compressed, the file with this digest. Spack up to 0.17 put a package's
    /// tarball into such an archive, beside its spec file and a signature; the spec file names the inner one.
    pub(super) fn inner(&self, outer: Part, wanted: &Digest) -> io::Result<Option<Part>> {
        let mut archive = outer.read()?;
        let mut found = None;
        while let Some(size) = next_size(&mut archive)? {
            let mut part = self.begin()?;
            let copied = io::copy(&mut archive.by_ref().take(size), &mut part)?;
            if copied < size {
                part.discard()?;
                break;
            }
            let padding = size.next_multiple_of(BLOCK as u64) - size;
            io::copy(&mut archive.by_ref().take(padding), &mut io::sink())?;
            if part.digest() == *wanted {
                found = Some(part);
                break;
            }
            part.discard()?;
        }
        outer.discard()?;
        Ok(found)
    }
}

/// The bytes of the next entry of an archive; `None` at its end, and where it is no archive.
///
/// Source: POSIX.1-2017, `pax`, "ustar Interchange Format".
fn next_size(archive: &mut impl Read) -> io::Result<Option<u64>> {
    let mut header = [0; BLOCK];
    match archive.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let is_archive = header[257..262] == *b"ustar";
    let size = std::str::from_utf8(&header[124..136]).ok().map(|text| text.trim_matches(['\0', ' ']));
    Ok(size.filter(|_| is_archive).and_then(|text| u64::from_str_radix(text, 8).ok()))
}
