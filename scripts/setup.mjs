// Installs all that Larder needs to be built, run and, with `--test`, tested. Running it again is quick and changes
// nothing. Apart from the Rust target and, for tests, the system's packages, all of it stays inside the repository.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { installTools } from './install-tools.mjs';
import { inRoot } from './paths.mjs';
import { Explained, isProgram, main, run, step, succeeds } from './run.mjs';
import { ensureTestPrograms } from './test-programs.mjs';

const wasmTarget = 'wasm32-unknown-unknown';
// A test is a program with arguments and files, which only this target has.
const wasmTestTarget = 'wasm32-wasip1';

async function hasTarget(target) {
  try {
    return existsSync((await run('rustc', ['--print', 'target-libdir', '--target', target])).trim());
  } catch {
    return false;
  }
}

async function ensureRust(wasmTarget) {
  if (await hasTarget(wasmTarget)) return;
  await step(
    'install the Rust compiler for WebAssembly',
    async () => {
      if (!(await succeeds('rustup', ['--version']))) {
        throw new Explained(
          `Rust cannot compile for ${wasmTarget} yet. Install Rust with rustup (https://rustup.rs), then run this again.`,
        );
      }
      // Where the pinned version is there already, adding to it needs the least network.
      if (await succeeds('rustup', ['target', 'add', wasmTarget])) return;
      await run('rustup', ['toolchain', 'install']);
      await run('rustup', ['target', 'add', wasmTarget]);
    },
    { expect: 'seconds, or a minute when all of Rust is missing' },
  );
}

// Formatter and linter: needed for tests only, and left out of rustup's minimal profile.
async function ensureRustComponents() {
  for (const [program, component] of [
    ['cargo-fmt', 'rustfmt'],
    ['cargo-clippy', 'clippy'],
  ]) {
    if (await succeeds(program, ['--version'])) continue;
    await step(`install ${component}`, () => run('rustup', ['component', 'add', component]));
  }
}

// The digest of the lockfile that the installed packages were installed from.
const packagesStamp = inRoot('node_modules', '.larder-lock');

async function ensurePackages() {
  const digest = createHash('sha256').update(readFileSync(inRoot('package-lock.json'))).digest('hex');
  if (existsSync(packagesStamp) && readFileSync(packagesStamp, 'utf8') === digest) return;
  await step(
    'install npm packages',
    async () => {
      await run('npm', ['ci', '--no-audit', '--no-fund']);
      writeFileSync(packagesStamp, digest);
    },
    { expect: 'about 20 s' },
  );
}

/** What is quick to install. The tools written in Rust are apart: they can take minutes. */
export async function setupBasics({ test = false } = {}) {
  await ensureRust(wasmTarget);
  await ensurePackages();
  if (test) {
    await ensureRust(wasmTestTarget);
    await ensureRustComponents();
    await ensureTestPrograms();
  }
}

export async function setup(options) {
  await setupBasics(options);
  await installTools();
}

if (isProgram(import.meta.filename)) {
  await main(async () => {
    await setup({ test: process.argv.includes('--test') });
    console.log('Everything is installed.');
  });
}
