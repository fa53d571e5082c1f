// The first code of the worker that reads logs: the files that the build named after `src/bin/log-reader.rs`.
"use strict";
importScripts("log-reader.js");
wasm_bindgen({ module_or_path: "log-reader_bg.wasm" });
