// Runs a program for WebAssembly (`wasm32-wasip1`): how cargo runs the tests of what also runs in workers and browsers.

import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';
import { inRoot } from './paths.mjs';
import { isProgram } from './run.mjs';

/**
 * What tells cargo to use this script. Memory is large from the start: V8 of Node 20 sometimes ends with a fault of its
 * own when a program's memory grows while it collects garbage.
 */
export const wasiRunner = {
  CARGO_TARGET_WASM32_WASIP1_RUNNER: `node --no-warnings ${import.meta.filename}`,
  CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS: `-C link-arg=--initial-memory=${512 << 20}`,
};

if (isProgram(import.meta.filename)) {
  const [program, ...args] = process.argv.slice(2);
  // Tests read fixtures by their whole paths, and nothing outside the project.
  const folder = inRoot('.');
  const wasi = new WASI({ version: 'preview1', args: [program, ...args], env: process.env, preopens: { [folder]: folder } });
  const { instance } = await WebAssembly.instantiate(readFileSync(program), wasi.getImportObject());
  process.exitCode = wasi.start(instance);
}
