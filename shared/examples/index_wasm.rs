//! The benchmark of `benches/index.rs` as a WebAssembly module, for `tests/bench/index.mjs`: the
//! script hands the document over in pieces and takes the time.
#![cfg(target_arch = "wasm32")]

use larder_shared::index::document::{DbVersion, DocumentHash, IndexReader, SEPARATOR, footer, header, record};
use wasm_bindgen::prelude::*;

/// An index being read, rendered again and hashed.
#[wasm_bindgen]
pub struct Rendering {
    reader: IndexReader,
    hash: DocumentHash,
    renders: bool,
    /// Specs read so far.
    #[wasm_bindgen(readonly)]
    pub specs: u32,
}

#[wasm_bindgen]
impl Rendering {
    /// Reads only, or reads and renders.
    #[wasm_bindgen(constructor)]
    pub fn new(renders: bool) -> Self {
        let mut hash = DocumentHash::new();
        hash.update(header(DbVersion::V7).as_bytes());
        Self { reader: IndexReader::new(), hash, renders, specs: 0 }
    }

    /// Takes the next bytes of the document.
    ///
    /// # Errors
    /// Whatever is wrong with the document.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsError> {
        self.reader.push(bytes);
        while let Some(read) = self.reader.next_record()? {
            if self.renders {
                self.hash.update(if self.specs > 0 { SEPARATOR } else { "" }.as_bytes());
                self.hash.update(record(DbVersion::V7, &read.node, read.in_buildcache, None).as_bytes());
            }
            self.specs += 1;
        }
        Ok(())
    }

    /// The digest of what was rendered.
    ///
    /// # Errors
    /// If the document is not complete.
    pub fn finish(mut self) -> Result<String, JsError> {
        self.reader.finish()?;
        self.hash.update(footer().as_bytes());
        Ok(self.hash.finish().to_string())
    }
}
