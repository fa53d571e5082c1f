//! XML as build reports use it: read without entities of their own, with bounded depth and text.

use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
};

/// Deepest nesting accepted. Spack's documents have six levels.
const MAX_DEPTH: usize = 32;

/// Bytes of text kept of one element, such as a whole log; the rest is passed over.
const MAX_TEXT_BYTES: usize = 64 << 20;

/// Elements read of one document.
const MAX_ELEMENTS: usize = 200_000;

/// Why a document is not a report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It is not well-formed.
    #[error("the report is not well-formed XML")]
    Malformed(#[from] quick_xml::Error),
    /// It declares a document type, which could define entities.
    #[error("the report declares a document type")]
    DocumentType,
    /// It is nested too deeply or has too many elements.
    #[error("the report is too large or too deeply nested")]
    TooLarge,
    /// It ends too early.
    #[error("the report is cut short")]
    CutShort,
    /// Its root is none of those Spack sends.
    #[error("`{0}` is not a report that Spack sends")]
    Unknown(String),
}

/// What comes next in a document.
#[derive(Debug)]
pub(super) enum Item {
    /// An element begins.
    Begin(Element),
    /// The element that began last and has not ended ends; with the text that stood in it.
    End(String, String),
}

/// An element's name and attributes.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a document item by item.
pub(super) struct Document<'a> {
    reader: Reader<&'a [u8]>,
    /// The names of the open elements and their text so far.
    open: Vec<(String, Vec<u8>)>,
    elements: usize,
}

impl<'a> Document<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let mut reader = Reader::from_reader(bytes);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        // Spack does not escape build names, so that `&` may stand alone.
        config.allow_dangling_amp = true;
        Self { reader, open: Vec::new(), elements: 0 }
    }

    /// The next item; `None` after the root has ended.
    pub(super) fn next_item(&mut self) -> Result<Option<Item>, ReportError> {
        loop {
            match self.reader.read_event()? {
                Event::Start(start) => return self.begin(&start).map(|element| Some(Item::Begin(element))),
                Event::End(_) => {
                    let Some((name, text)) = self.open.pop() else { continue };
                    return Ok(Some(Item::End(name, into_text(text))));
                }
                Event::Text(text) => self.add(&text),
                Event::CData(text) => self.add(&text),
                Event::GeneralRef(reference) => self.add_reference(&reference),
                Event::DocType(_) => return Err(ReportError::DocumentType),
                Event::Eof if self.open.is_empty() => return Ok(None),
                Event::Eof => return Err(ReportError::CutShort),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }

    fn begin(&mut self, start: &BytesStart<'_>) -> Result<Element, ReportError> {
        self.elements += 1;
        if self.open.len() >= MAX_DEPTH || self.elements > MAX_ELEMENTS {
            return Err(ReportError::TooLarge);
        }
        let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
        self.open.push((name.clone(), Vec::new()));
        let mut attributes = Vec::new();
        for attribute in start.attributes().with_checks(false).flatten() {
            let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
            attributes.push((key, unescape(&String::from_utf8_lossy(&attribute.value))));
        }
        Ok(Element { name, attributes })
    }

    fn add(&mut self, text: &[u8]) {
        if let Some((_, kept)) = self.open.last_mut() {
            let room = MAX_TEXT_BYTES.saturating_sub(kept.len());
            kept.extend_from_slice(&text[..text.len().min(room)]);
        }
    }

    /// The five entities XML knows and characters by number; others are kept as they are written.
    fn add_reference(&mut self, reference: &BytesRef<'_>) {
        let mut buffer = [0; 4];
        if let Ok(Some(c)) = reference.resolve_char_ref() {
            self.add(c.encode_utf8(&mut buffer).as_bytes());
            return;
        }
        let name = String::from_utf8_lossy(reference);
        match resolve_predefined_entity(&name) {
            Some(text) => self.add(text.as_bytes()),
            None => self.add(format!("&{name};").as_bytes()),
        }
    }
}

/// Text without a copy, unless its UTF-8 is broken.
fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Undoes one level of XML's escaping, once and in one pass.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = [
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&amp;", "&"),
            ("&quot;", "\""),
            ("&apos;", "'"),
            ("&#39;", "'"),
            ("&#34;", "\""),
        ];
        match known.iter().find(|(entity, _)| rest.starts_with(entity)) {
            Some((entity, plain)) => {
                out.push_str(plain);
                rest = &rest[entity.len()..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out + rest
}
