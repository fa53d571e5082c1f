//! The benchmark of `benches/report.rs` as a WebAssembly module, for `tests/bench/report.mjs`: the
//! script hands the log over in pieces and takes the time.
#![cfg(target_arch = "wasm32")]

use larder_shared::report::log::LogReader;
use wasm_bindgen::prelude::*;

/// A log being read.
#[wasm_bindgen]
#[derive(Default)]
pub struct Reading(LogReader);

#[wasm_bindgen]
impl Reading {
    /// Before the first byte.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the log.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.push(bytes);
    }

    /// How many errors and warnings there were, and the first error.
    pub fn finish(self) -> String {
        let report = self.0.finish();
        let first = report.failure.map(|failure| failure.message).unwrap_or_default();
        format!("{} errors, {} warnings in {} lines, first {first:?}", report.errors, report.warnings, report.lines)
    }
}
