//! The files to report: JUnit files, CDash documents and logs, told apart by what they begin with, each
//! also packed with gzip.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, bufread::MultiGzDecoder, write::GzEncoder};
use larder_shared::report::{
    Build, ReportError, Run, Status,
    cdash::{self, Submission},
    junit,
    log::LogReader,
};

use super::log::{self, Named};
use crate::http::report::LogBody;

/// Largest JUnit file or CDash document read, in bytes, unpacked: it is held whole.
const MAX_XML_BYTES: u64 = 1_000_000_000;

/// Largest log that Larder keeps, in bytes, unpacked.
pub(super) const MAX_LOG_BYTES: u64 = 100_000_000;

/// Largest log that is sent packed, in bytes: as much as the server reads of a log in any case. It would
/// have to unpack a longer one, for which it has no time; that is stored as it comes, and what was found
/// here is handed in.
const MAX_PACKED_BYTES: u64 = 2 << 20;

/// Smallest log that is sent packed, in bytes.
const MIN_PACKED_BYTES: u64 = 1_000;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// A build to report, and its log.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it ran, as its file says.
    pub(super) run: Run,
    /// What became of it.
    pub(super) build: Build,
    /// Its log.
    pub(super) log: Option<Log>,
}

/// A log, as it is sent.
#[derive(Debug)]
pub(super) struct Log {
    /// Its length, unpacked.
    pub(super) bytes: u64,
    /// What is sent; `None` when Larder does not keep so long a log.
    pub(super) body: Option<LogBody>,
}

/// Why a file is not reported.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It is an XML document that Spack does not write.
    #[error("{0}; JUnit files, CDash documents and logs can be reported")]
    Xml(#[from] ReportError),
    /// It is an XML document larger than any of Spack's.
    #[error("it has more than {MAX_XML_BYTES} bytes; send its logs one by one")]
    TooLarge,
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It is a JUnit file without a test case.
    #[error("it names no package")]
    NoBuild,
    /// It is a log of nobody knows what.
    #[error("neither the log nor its path names a package; say it with --package")]
    NoPackage,
}

/// What files hold, in their order; the CDash documents of one build are one.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What is to be reported.
    pub(super) entries: Vec<Entry>,
    /// What is not, and why.
    pub(super) unusable: Vec<(PathBuf, Unusable)>,
}

/// Reads all `files`; `named` is what is said of the log among them.
pub(super) fn read(files: &[PathBuf], named: &Named) -> Found {
    let mut found = Found::default();
    let mut submissions = Vec::new();
    for path in files {
        match read_file(path, named) {
            Ok(Content::Junit(cases)) => found.entries.extend(cases.into_iter().map(Entry::of_case)),
            Ok(Content::Cdash(submission)) => submissions.push(submission),
            Ok(Content::Log(entry)) => found.entries.push(entry),
            Err(unusable) => found.unusable.push((path.clone(), unusable)),
        }
    }
    let joined = cdash::group(submissions).into_iter().map(|(run, build)| Entry { run, build, log: None });
    found.entries.extend(joined);
    found
}

/// What one file is.
enum Content {
    Junit(Vec<junit::Case>),
    Cdash(Submission),
    Log(Entry),
}

fn read_file(path: &Path, named: &Named) -> Result<Content, Unusable> {
    let mut file = BufReader::with_capacity(CHUNK_BYTES, File::open(path)?);
    let is_gzip = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let mut text: Box<dyn BufRead> = if is_gzip {
        Box::new(BufReader::with_capacity(CHUNK_BYTES, MultiGzDecoder::new(file)))
    } else {
        Box::new(file)
    };
    let begin = text.fill_buf()?;
    if begin.is_empty() {
        return Err(Unusable::Empty);
    }
    let begin = begin.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begin).trim_ascii_start();
    if begin.first() == Some(&b'<') {
        let mut document = Vec::new();
        text.take(MAX_XML_BYTES + 1).read_to_end(&mut document)?;
        if document.len() as u64 > MAX_XML_BYTES { Err(Unusable::TooLarge) } else { read_xml(&document) }
    } else {
        read_log(&mut text, path, named).map(Content::Log)
    }
}

/// A JUnit file, or else a CDash document.
fn read_xml(document: &[u8]) -> Result<Content, Unusable> {
    match junit::parse(document) {
        Ok(cases) if cases.is_empty() => Err(Unusable::NoBuild),
        Ok(cases) => Ok(Content::Junit(cases)),
        // CDash's project is part of the URL that Spack uploads to, which a file does not tell.
        Err(ReportError::Unknown(_)) => Ok(Content::Cdash(Submission::parse("", document)?)),
        Err(error) => Err(error.into()),
    }
}

fn read_log(text: &mut dyn BufRead, path: &Path, named: &Named) -> Result<Entry, Unusable> {
    let named = named.clone().or(Named::in_path(path));
    let mut reader = named.package.as_deref().map_or_else(LogReader::new, LogReader::of_package);
    let mut packed = Packer::default();
    loop {
        let chunk = text.fill_buf()?;
        if chunk.is_empty() {
            break;
        }
        reader.push(chunk);
        packed.push(chunk);
        let length = chunk.len();
        text.consume(length);
    }
    let build = log::build(reader.finish(), named).ok_or(Unusable::NoPackage)?;
    Ok(Entry { run: Run::default(), build, log: Some(packed.finish()) })
}

impl Entry {
    fn of_case(case: junit::Case) -> Self {
        // What was there before has the log of its first build, if any.
        let log = case.log.filter(|_| case.build.status != Status::Reused).map(|text| {
            let mut packer = Packer::default();
            packer.push(text.as_bytes());
            packer.finish()
        });
        Self { run: Run::default(), build: case.build, log }
    }
}

/// Takes a log in pieces, and keeps it as it is to be sent.
#[derive(Debug, Default)]
struct Packer {
    bytes: u64,
    plain: Vec<u8>,
}

impl Packer {
    fn push(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        if self.bytes <= MAX_LOG_BYTES {
            self.plain.extend_from_slice(piece);
        } else {
            self.plain = Vec::new();
        }
    }

    fn finish(self) -> Log {
        let Self { bytes, plain } = self;
        if bytes > MAX_LOG_BYTES {
            return Log { bytes, body: None };
        }
        let is_worth_it = (MIN_PACKED_BYTES..=MAX_PACKED_BYTES).contains(&bytes);
        let packed = if is_worth_it { pack(&plain).ok().filter(|packed| packed.len() < plain.len()) } else { None };
        let body = match packed {
            Some(packed) => LogBody { bytes: packed, is_gzip: true },
            None => LogBody { bytes: plain, is_gzip: false },
        };
        Log { bytes, body: Some(body) }
    }
}

fn pack(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain)?;
    encoder.finish()
}

impl Log {
    /// Whether the server reads only its ends.
    pub(super) const fn is_read_in_part(&self) -> bool {
        self.bytes > MAX_PACKED_BYTES
    }
}
