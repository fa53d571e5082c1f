//! Failure signatures: the same for the same breakage, on any machine and day.
//!
//! ```text
//! /tmp/ci-81/spack-stage-hdf5-1.14.5-gkch…/src/H5.c:81:3: error: 'x' undeclared (0x7f3a)
//!   -> compile | H5.c | 'x' undeclared (<n>)
//! ```
//! A message's normal form has no paths, hashes, numbers, versions, addresses and times; file names
//! and identifiers stay.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Kind;

/// 16 hexadecimal digits that stand for a cause.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature(String);

/// Hexadecimal digits of a signature.
const DIGITS: usize = 16;

impl Signature {
    /// Of an error of `kind` with `message`, in `file`, of `package` where the message alone says
    /// too little.
    pub fn new(kind: Kind, package: Option<&str>, file: Option<&str>, message: &str) -> Self {
        let file = file.map(normalise).unwrap_or_default();
        let text = format!("{kind:?}\n{}\n{file}\n{}", package.unwrap_or_default(), normalise(message));
        let mut digits = hex::encode(Sha256::digest(text.as_bytes()));
        digits.truncate(DIGITS);
        Self(digits)
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Signature {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Signature".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9a-f]{16}$" })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that is not a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a failure's signature is 16 hexadecimal digits")]
pub struct InvalidSignature;

impl FromStr for Signature {
    type Err = InvalidSignature;

    fn from_str(text: &str) -> Result<Self, InvalidSignature> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_signature = text.len() == DIGITS && text.bytes().all(is_digit);
        is_signature.then(|| Self(text.to_owned())).ok_or(InvalidSignature)
    }
}

impl TryFrom<String> for Signature {
    type Error = InvalidSignature;

    fn try_from(text: String) -> Result<Self, InvalidSignature> {
        text.parse()
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> Self {
        signature.0
    }
}

/// A message without what changes from run to run.
pub fn normalise(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    for word in message.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        let mut rest = word;
        while let Some(first) = rest.chars().next() {
            let is_word = is_word_char(first);
            let end = rest.find(|c| is_word_char(c) != is_word).unwrap_or(rest.len());
            let (token, after) = rest.split_at(end);
            if is_word {
                push_token(&mut out, token);
            } else {
                out.extend(token.chars().map(plain_quote));
            }
            rest = after;
        }
    }
    out
}

/// Compilers quote by locale: `x', 'x' and ‘x’ are the same.
const fn plain_quote(c: char) -> char {
    match c {
        '`' | '‘' | '’' | '"' | '“' | '”' => '\'',
        c => c,
    }
}

/// Whether `c` may be part of a path, a version, a number or a name.
fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | '-' | '+' | '@' | '%' | '\\' | ':')
}

/// Adds a token without its folder, and without the numbers that change.
fn push_token(out: &mut String, token: &str) {
    // What follows the last separator: of a path its file, of a URL its last part.
    let name = token.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(token);
    if is_uuid(name) {
        out.push_str("<hash>");
        return;
    }
    for (index, part) in name.split(':').enumerate() {
        if index > 0 {
            out.push(':');
        }
        push_part(out, part);
    }
}

fn push_part(out: &mut String, part: &str) {
    // GCC's and Python's temporary files: /tmp/ccX1y2Z3.o
    if let Some((stem, extension)) = part.split_once('.')
        && is_temporary(stem)
    {
        out.push_str("<tmp>.");
        out.push_str(extension);
        return;
    }
    for (index, piece) in part.split(['-', '@']).enumerate() {
        if index > 0 {
            out.push('-');
        }
        let (piece, extension) = split_extension(piece);
        out.push_str(match piece {
            _ if is_hash(piece) => "<hash>",
            _ if is_number(piece) => "<n>",
            _ => piece,
        });
        out.push_str(extension);
    }
}

/// Takes the extension of an archive or a library off, without the version after it.
fn split_extension(piece: &str) -> (&str, &str) {
    for extension in [".tar", ".zip", ".tgz", ".so"] {
        if let Some(at) = piece.find(extension) {
            return (&piece[..at], extension);
        }
    }
    (piece, "")
}

/// `ccAbCd12`, `tmpab12cd_3`.
fn is_temporary(stem: &str) -> bool {
    let random = stem.strip_prefix("cc").filter(|rest| rest.len() == 6);
    let random = random.or_else(|| stem.strip_prefix("tmp").filter(|rest| rest.len() >= 6));
    random.is_some_and(|rest| rest.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase()))
}

/// Spack's 32 letters, or a digest or address in hexadecimal; `0x…`.
fn is_hash(piece: &str) -> bool {
    let is_hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(address) = piece.strip_prefix("0x") {
        return !address.is_empty() && is_hex(address);
    }
    let has_digit = piece.bytes().any(|b| b.is_ascii_digit());
    let is_base32 = |b: u8| matches!(b, b'a'..=b'z' | b'2'..=b'7');
    has_digit && (piece.len() >= 7 && is_hex(piece) && piece.bytes().any(|b| b.is_ascii_alphabetic()))
        || piece.len() == 32 && piece.bytes().all(is_base32)
        || piece.len() >= 32 && is_hex(piece)
}

/// `123e4567-e89b-12d3-a456-426614174000`
fn is_uuid(name: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
    let lengths = name.split('-').map(|part| if is_hex(part) { part.len() } else { 0 });
    lengths.eq([8, 4, 4, 4, 12])
}

/// Digits with dots, after `v` or before a short unit: `12`, `v1.2.3`, `1.14.5rc1`, `3.2s`, `64KiB`, `50%`.
fn is_number(piece: &str) -> bool {
    let digits = piece.strip_prefix('v').unwrap_or(piece).trim_start_matches('+');
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let rest = digits.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '_'));
    let unit = rest.trim_end_matches(|c: char| c.is_ascii_digit());
    unit.len() <= 4 && unit.bytes().all(|b| b.is_ascii_alphabetic() || b == b'%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_taken_out() {
        for (message, normal) in [
            ("'x' undeclared (first use)", "'x' undeclared (first use)"),
            ("undefined reference to `dgemm_'", "undefined reference to 'dgemm_'"),
            ("cannot open /opt/a/b/lib.so.1.2: 12", "cannot open lib.so: <n>"),
            ("hdf5-1.14.5-gkchgkpkndnv3lj2srukxatbuy63tjj4 failed", "hdf5-<n>-<hash> failed"),
            ("at 0x7f00a1 in /tmp/ccX1y2Z3.o", "at <hash> in <tmp>.o"),
            ("took 3.2s at 12:33:01 on 2026-11-20", "took <n> at <n>:<n>:<n> on <n>-<n>-<n>"),
            ("‘int’   and \"x2\"", "'int' and 'x2'"),
            ("needs v1.2.3-rc1, deadbeef12", "needs <n>-rc1, <hash>"),
            ("job 123e4567-e89b-12d3-a456-426614174000", "job <hash>"),
        ] {
            assert_eq!(normalise(message), normal);
        }
    }

    #[test]
    fn signatures_are_read_back() {
        let signature = Signature::new(Kind::Compile, None, Some("a/b.c"), "x");
        assert_eq!(signature.to_string().parse(), Ok(signature.clone()));
        assert_eq!(signature, Signature::new(Kind::Compile, None, Some("/tmp/z/b.c"), "x"));
        assert_ne!(signature, Signature::new(Kind::Compile, Some("p"), Some("b.c"), "x"));
        assert!("0123".parse::<Signature>().is_err());
    }
}
