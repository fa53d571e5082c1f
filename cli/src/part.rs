//! A file that is being written: it has a name of its own until it is whole, and its digest is known when it is.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use larder_shared::digest::Digest;
use sha2::Digest as _;

/// How much is read at once, in bytes.
const PIECE_BYTES: usize = 64 << 10;

/// A file that is being written.
#[derive(Debug)]
pub(crate) struct Part {
    path: PathBuf,
    file: File,
    hasher: sha2::Sha256,
}

impl Part {
    /// Begins a file.
    pub(crate) fn create(path: PathBuf) -> io::Result<Self> {
        let file = File::create(&path)?;
        Ok(Self { path, file, hasher: sha2::Sha256::new() })
    }

    /// The digest of what is written so far.
    pub(crate) fn digest(&self) -> Digest {
        Digest::from_bytes(self.hasher.clone().finalize().into())
    }

    /// Reads what is written so far.
    pub(crate) fn read(&self) -> io::Result<BufReader<File>> {
        Ok(BufReader::with_capacity(PIECE_BYTES, File::open(&self.path)?))
    }

    /// Gives it its name, in a folder that is made if it is not there.
    pub(crate) fn name(self, location: &Path) -> io::Result<()> {
        fs::create_dir_all(location.parent().unwrap_or(location))?;
        fs::rename(self.path, location)
    }

    /// Removes it.
    pub(crate) fn discard(self) -> io::Result<()> {
        fs::remove_file(self.path)
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The digest of a file, if there is one.
pub(crate) fn digest_of(path: &Path) -> io::Result<Option<Digest>> {
    let mut file = match File::open(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        opened => opened?,
    };
    let mut hasher = sha2::Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(Some(Digest::from_bytes(hasher.finalize().into()))),
            count => hasher.update(&piece[..count]),
        }
    }
}
