// The programs that builds need, their versions, and the environment in which they find each other.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { inRoot, packagePrograms, root, toolPrograms } from './paths.mjs';
import { Explained } from './run.mjs';

// The wasm-bindgen program reads what the library of the same name wrote: the two must be of exactly one version.
export function versionInLock(lock, name) {
  const found = lock.match(new RegExp(`^name = "${name}"\\nversion = "([^"]+)"`, 'm'));
  if (!found) throw new Explained(`Cargo.lock does not name ${name}. Run \`cargo generate-lockfile\` and try again.`);
  return found[1];
}

const release = (repository, tag, file) => `https://github.com/${repository}/releases/download/${tag}/${file}.tar.gz`;

// How the projects name their own builds for this machine; null where they make none.
function platform(names) {
  return names[`${process.platform}-${process.arch}`] ?? null;
}

function trunk(version) {
  const target = platform({
    'linux-x64': 'x86_64-unknown-linux-musl',
    'linux-arm64': 'aarch64-unknown-linux-musl',
    'darwin-x64': 'x86_64-apple-darwin',
    'darwin-arm64': 'aarch64-apple-darwin',
  });
  return {
    name: 'trunk',
    crate: 'trunk',
    version,
    prebuilt: target && release('trunk-rs/trunk', `v${version}`, `trunk-${target}`),
    expect: 'downloaded in seconds, or built in about 6 minutes',
  };
}

function wasmBindgen(version) {
  const target = platform({
    'linux-x64': 'x86_64-unknown-linux-musl',
    'linux-arm64': 'aarch64-unknown-linux-musl',
    'darwin-x64': 'x86_64-apple-darwin',
    'darwin-arm64': 'aarch64-apple-darwin',
  });
  return {
    name: 'wasm-bindgen',
    crate: 'wasm-bindgen-cli',
    version,
    prebuilt: target && release('wasm-bindgen/wasm-bindgen', version, `wasm-bindgen-${version}-${target}`),
    expect: 'downloaded in seconds, or built in about 2 minutes',
  };
}

// Its project publishes no builds of it (cloudflare/workers-rs#1021).
function workerBuild(version) {
  return { name: 'worker-build', crate: 'worker-build', version, prebuilt: null, expect: 'built in about 3 minutes' };
}

/** The tools written in Rust, those that take longest first. */
export function tools() {
  const lock = readFileSync(inRoot('Cargo.lock'), 'utf8');
  return [trunk('0.21.14'), workerBuild('0.8.7'), wasmBindgen(versionInLock(lock, 'wasm-bindgen'))];
}

/** An environment in which cargo, trunk and worker-build find the right tools and download none themselves. */
export function toolEnvironment() {
  const environment = {
    ...process.env,
    PATH: [toolPrograms, packagePrograms, process.env.PATH].join(delimiter),
    WASM_BINDGEN_BIN: 'wasm-bindgen',
    WASM_OPT_BIN: 'wasm-opt',
    ESBUILD_BIN: 'esbuild',
    TRUNK_SKIP_VERSION_CHECK: 'true',
    WRANGLER_SEND_METRICS: 'false',
  };
  // Tests and scripts expect what is built in `target/`.
  delete environment.CARGO_TARGET_DIR;
  // trunk takes both for its own options: it refuses NO_COLOR=1, and RUST_LOG hides its errors.
  delete environment.NO_COLOR;
  delete environment.RUST_LOG;
  return environment;
}

/** Whether the given program is the wanted tool in exactly its version. */
export async function isInstalled(tool, folder = toolPrograms) {
  try {
    const { stdout } = await promisify(execFile)(join(folder, tool.name), ['--version'], { cwd: root });
    return stdout.trim().split(/\s+/).includes(tool.version);
  } catch {
    return false;
  }
}
