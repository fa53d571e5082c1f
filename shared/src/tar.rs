//! The files of a tarball, read from its bytes as they arrive: names and sizes, none of the contents.
//!
//! Read are the headers of POSIX `ustar` and `pax` archives and GNU's long names, which is all that Spack's tarballs
//! are made of. Source: POSIX.1-2017, `pax`, and GNU tar's manual, "Basic Tar Format".

/// Bytes of a header, and what contents are padded to.
const BLOCK: usize = 512;

/// Longest extended header that is read; a longer one is passed over.
const MAX_EXTENDED_BYTES: u64 = 1024 * 1024;

/// Most entries that are kept; what follows is counted.
pub const MAX_ENTRIES: usize = 200_000;

/// Something in a tarball.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Bytes of its contents; 0 for what has none.
    pub size: u64,
    /// Whether its owner may execute it.
    pub is_executable: bool,
}

/// What an entry of a tarball is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic or hard link, and where it leads.
    Link(String),
    /// A device or something else that Spack does not write.
    Other,
}

/// Why bytes are not a tarball.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TarError {
    /// A header's checksum does not fit it.
    #[error("this is not a tarball, or it is damaged at byte {at}")]
    BadHeader {
        /// Where the header begins.
        at: u64,
    },
}

/// Reads a tarball piece by piece; memory grows with the names, not with the contents.
#[derive(Debug, Default)]
pub struct Reader {
    /// What was found so far, in order.
    pub entries: Vec<Entry>,
    /// Entries beyond [`MAX_ENTRIES`].
    pub uncounted: u64,
    /// Bytes of all contents.
    pub bytes: u64,
    read: u64,
    header: Vec<u8>,
    /// Bytes that are passed over.
    skip: u64,
    /// An extended header that is being read, and what it will be padded with.
    extended: Option<Extended>,
    long_path: Option<String>,
    long_link: Option<String>,
    long_size: Option<u64>,
    is_over: bool,
}

#[derive(Debug)]
struct Extended {
    kind: u8,
    left: u64,
    padding: u64,
    text: Vec<u8>,
}

impl Reader {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`TarError`] if they are no tarball's.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), TarError> {
        while !bytes.is_empty() && !self.is_over {
            let taken = if self.skip > 0 {
                let taken = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
                self.skip -= taken as u64;
                taken
            } else if let Some(extended) = &mut self.extended {
                let taken = usize::try_from(extended.left).unwrap_or(usize::MAX).min(bytes.len());
                extended.text.extend_from_slice(&bytes[..taken]);
                extended.left -= taken as u64;
                if extended.left == 0 {
                    self.end_extended();
                }
                taken
            } else {
                let taken = (BLOCK - self.header.len()).min(bytes.len());
                self.header.extend_from_slice(&bytes[..taken]);
                taken
            };
            self.read += taken as u64;
            bytes = &bytes[taken..];
            if self.header.len() == BLOCK {
                let header = std::mem::take(&mut self.header);
                self.take_header(&header)?;
            }
        }
        Ok(())
    }

    fn take_header(&mut self, header: &[u8]) -> Result<(), TarError> {
        if header.iter().all(|byte| *byte == 0) {
            self.is_over = true;
            return Ok(());
        }
        let sum: u64 = header.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) }).sum();
        if number(&header[148..156]) != Some(sum) {
            return Err(TarError::BadHeader { at: self.read - BLOCK as u64 });
        }
        let own_size = number(&header[124..136]).unwrap_or_default();
        let flag = header[156];
        let size = if matches!(flag, b'x' | b'g' | b'L' | b'K') { own_size } else { self.long_size.take().unwrap_or(own_size) };
        let padding = size.next_multiple_of(BLOCK as u64) - size;
        if matches!(flag, b'x' | b'L' | b'K') && size <= MAX_EXTENDED_BYTES {
            self.extended = Some(Extended { kind: flag, left: size, padding, text: Vec::new() });
            if size == 0 {
                self.end_extended();
            }
            return Ok(());
        }
        self.skip = size + padding;
        if matches!(flag, b'x' | b'g' | b'L' | b'K') {
            return Ok(());
        }
        let is_ustar = &header[257..262] == b"ustar";
        let (name, prefix) = (text(&header[..100]), if is_ustar { text(&header[345..500]) } else { String::new() });
        let short = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        let path = self.long_path.take().unwrap_or(short);
        let link = self.long_link.take().unwrap_or_else(|| text(&header[157..257]));
        let kind = match flag {
            b'1' | b'2' => Kind::Link(link),
            b'5' => Kind::Folder,
            0 | b'0' | b'7' if path.ends_with('/') => Kind::Folder,
            0 | b'0' | b'7' => Kind::File,
            _ => Kind::Other,
        };
        let is_file = kind == Kind::File;
        self.bytes += if is_file { size } else { 0 };
        if self.entries.len() == MAX_ENTRIES {
            self.uncounted += 1;
            return Ok(());
        }
        let is_executable = number(&header[100..108]).is_some_and(|mode| mode & 0o100 != 0) && is_file;
        self.entries.push(Entry { path, kind, size: if is_file { size } else { 0 }, is_executable });
        Ok(())
    }

    fn end_extended(&mut self) {
        let Some(Extended { kind, padding, text: bytes, .. }) = self.extended.take() else { return };
        self.skip = padding;
        match kind {
            b'L' => self.long_path = Some(text(&bytes)),
            b'K' => self.long_link = Some(text(&bytes)),
            _ => self.take_records(&bytes),
        }
    }

    /// `30 path=some/long/path\n` and so on; the number counts its own line.
    fn take_records(&mut self, mut rest: &[u8]) {
        while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
            let length = std::str::from_utf8(&rest[..space]).ok().and_then(|text| text.parse::<usize>().ok());
            let Some(record) = length.filter(|length| *length > space + 1).and_then(|length| rest.get(space + 1..length)) else { return };
            rest = &rest[space + 1 + record.len()..];
            let record = String::from_utf8_lossy(record);
            match record.trim_end_matches('\n').split_once('=') {
                Some(("path", value)) => self.long_path = Some(value.to_owned()),
                Some(("linkpath", value)) => self.long_link = Some(value.to_owned()),
                Some(("size", value)) => self.long_size = value.parse().ok(),
                _ => {}
            }
        }
    }
}

/// The text before the first zero byte.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// A number in octal digits, or in GNU's form for large ones: a first byte of 0x80, then big-endian.
fn number(bytes: &[u8]) -> Option<u64> {
    if bytes[0] & 0x80 != 0 {
        let start = bytes.len() - 8;
        return Some(u64::from_be_bytes(bytes[start..].try_into().ok()?));
    }
    let digits = text(bytes);
    u64::from_str_radix(digits.trim(), 8).ok()
}
