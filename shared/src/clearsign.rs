//! Clearsigned documents, taken apart without touching their bytes.
//!
//! ```text
//! -----BEGIN PGP SIGNED MESSAGE-----
//! Hash: SHA512
//!
//! {"version":3,"data":[]}
//! -----BEGIN PGP SIGNATURE-----
//! …
//! ```
//!
//! Spack finds the JSON textually, after GnuPG has checked the whole; this module finds the same
//! bytes or refuses. It does not verify signatures. Source: `CLEARSIGN_FILE_REGEX` in Spack's
//! `spec.py`; RFC 9580, section 7.

/// The line a clearsigned text begins with.
const HEADER: &str = "-----BEGIN PGP SIGNED MESSAGE-----";

/// The line its signature begins with.
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";

/// A document that may be signed, borrowed from the bytes it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clearsigned<'a> {
    /// The JSON text, without the white space around it; whether it is JSON has not been looked at.
    pub json: &'a str,
    /// Whether it stands inside a clearsigned text.
    pub is_signed: bool,
}

/// Why a text is neither plain nor clearsigned as Spack reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClearsignError {
    /// Some byte is not UTF-8.
    #[error("the document is not UTF-8")]
    NotUtf8,
    /// The header line is not followed by `Hash: <name>`, without which Spack does not read it.
    #[error("the clearsigned document has no `Hash:` line after its header")]
    MissingHash,
    /// No signature follows: the text was cut, or is still to be signed.
    #[error("the clearsigned document has no signature: it is cut short")]
    MissingSignature,
    /// A signed line begins with `-`, which GnuPG escapes and Spack does not restore.
    #[error("line {line} of the signed text begins with `-`: Spack does not read dash-escaped text")]
    DashEscaped {
        /// Counted from 1, beginning at the signed text.
        line: usize,
    },
}

/// Finds the JSON text in `bytes`: all of them, or what is between the header and the signature.
///
/// Text before the header and after the signature is passed over, and lines may end in CRLF.
///
/// # Errors
/// [`ClearsignError`] if Spack would not read it either.
pub fn document(bytes: &[u8]) -> Result<Clearsigned<'_>, ClearsignError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ClearsignError::NotUtf8)?;
    let mut headers = after_headers(text).peekable();
    if headers.peek().is_none() {
        return Ok(Clearsigned { json: text.trim_ascii(), is_signed: false });
    }
    let signed = headers.find_map(after_hash_line).ok_or(ClearsignError::MissingHash)?;
    // The last one counts, as in Spack's greedy expression.
    let end = signed.rfind(SIGNATURE).ok_or(ClearsignError::MissingSignature)?;
    let json = signed[..end].trim_ascii();
    match json.lines().position(|line| line.starts_with('-')) {
        Some(index) => Err(ClearsignError::DashEscaped { line: index + 1 }),
        None => Ok(Clearsigned { json, is_signed: true }),
    }
}

/// What follows each header that stands at the beginning of a line.
fn after_headers(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(HEADER)
        .filter(|&(at, _)| at == 0 || text.as_bytes()[at - 1] == b'\n')
        .map(|(at, header)| &text[at + header.len()..])
}

/// What follows `Hash: <word>` and the white space after it.
fn after_hash_line(text: &str) -> Option<&str> {
    let value = skip_space(skip_space(text)?.strip_prefix("Hash:")?)?;
    skip_space(value.trim_start_matches(|c: char| !c.is_whitespace()))
}

/// `text` after its leading white space, of which there must be some.
fn skip_space(text: &str) -> Option<&str> {
    let rest = text.trim_start();
    (rest.len() < text.len()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signed(body: &str) -> String {
        format!("{HEADER}\nHash: SHA512\n\n{body}\n{SIGNATURE}\n\niQIzBAEB\n-----END PGP SIGNATURE-----\n")
    }

    #[test]
    fn plain_text_passes_through() {
        for text in ["{}", " {\n}\n", "", "no JSON", "{\"a\":\"-----BEGIN PGP SIGNED MESSAGE-----\"}"] {
            assert_eq!(document(text.as_bytes()), Ok(Clearsigned { json: text.trim(), is_signed: false }), "{text}");
        }
    }

    #[test]
    fn signed_text_gives_its_json() {
        let text = signed("{\n\"a\":1\n}");
        let crlf = text.replace('\n', "\r\n");
        let noisy = format!("Received: from a friend\n\n{text}and more\n");
        for (text, json) in [(&text, "{\n\"a\":1\n}"), (&crlf, "{\r\n\"a\":1\r\n}"), (&noisy, "{\n\"a\":1\n}")] {
            assert_eq!(document(text.as_bytes()), Ok(Clearsigned { json, is_signed: true }), "{text}");
        }
    }

    #[test]
    fn a_document_spack_signed() {
        let bytes = include_bytes!("../fixtures/hello-larder.spec.json.sig");
        let document = document(bytes).unwrap();
        assert!(document.is_signed);
        assert!(document.json.starts_with("{\n\"spec\":{") && document.json.ends_with("\n}\n}"));
    }

    #[test]
    fn what_spack_does_not_read_is_refused() {
        let good = signed("{}");
        for (text, error) in [
            (good.replace("Hash: SHA512\n", ""), ClearsignError::MissingHash),
            (good.replace("MESSAGE-----\n", "MESSAGE-----"), ClearsignError::MissingHash),
            (good.replace(SIGNATURE, "-----BEGIN"), ClearsignError::MissingSignature),
            (format!("{HEADER}\nHash: SHA512\n\n{{"), ClearsignError::MissingSignature),
            (signed("[\n- -1\n]"), ClearsignError::DashEscaped { line: 2 }),
            (good.clone() + &good, ClearsignError::DashEscaped { line: 2 }),
        ] {
            assert_eq!(document(text.as_bytes()), Err(error), "{text}");
        }
        assert_eq!(document(b"\xff"), Err(ClearsignError::NotUtf8));
    }

    proptest! {
        #[test]
        fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = document(&bytes);
        }

        #[test]
        fn any_lines_get_an_answer(lines in prop::collection::vec(
            prop_oneof![Just(HEADER), Just(SIGNATURE), Just("Hash: SHA256"), Just("Hash:"), Just(""), Just("{}"), Just("- {}")], 0..8,
        ), crlf in any::<bool>()) {
            let _ = document(lines.join(if crlf { "\r\n" } else { "\n" }).as_bytes());
        }
    }
}
