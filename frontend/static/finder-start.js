// The first code of the worker that finds specs: the files that the build named after `src/bin/finder.rs`.
"use strict";
importScripts("finder.js");
// Kept, so that one can look at how much memory it holds.
globalThis.program = wasm_bindgen({ module_or_path: "finder_bg.wasm" });
