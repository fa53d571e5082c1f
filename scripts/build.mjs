// Builds everything for use: the worker, the dashboard and the command-line program.

import { existsSync } from 'node:fs';
import { commandLine, dashboardEntry, inRoot, workerEntry } from './paths.mjs';
import { Explained, isProgram, lanes, main, run, step } from './run.mjs';
import { setup } from './setup.mjs';
import { unlessFresh } from './stamp.mjs';
import { toolEnvironment } from './tools.mjs';

// What every build depends on, beside its own folder.
const common = [
  'Cargo.toml',
  'Cargo.lock',
  'rust-toolchain.toml',
  '.cargo',
  'package-lock.json',
  'shared',
  'scripts/build.mjs',
  'scripts/tools.mjs',
];
const notBuilt = ['shared/tests', 'shared/benches', 'shared/fixtures', 'worker/build', 'frontend/dist'];

function expectOutput(path) {
  if (!existsSync(path)) throw new Explained(`The build ended without an error but did not make ${path}.`);
}

function buildWorker(signal) {
  const what = { name: 'worker', inputs: [...common, 'worker'], ignored: notBuilt, outputs: [workerEntry] };
  return unlessFresh(what, () =>
    step(
      'build the worker',
      async () => {
        await run('worker-build', ['--release', 'worker'], { env: toolEnvironment(), signal });
        expectOutput(workerEntry);
      },
      { expect: 'about 3 minutes the first time' },
    ),
  );
}

function buildDashboard(signal) {
  const what = { name: 'dashboard', inputs: [...common, 'frontend'], ignored: notBuilt, outputs: [dashboardEntry] };
  return unlessFresh(what, () =>
    step(
      'build the dashboard',
      async () => {
        const args = ['build', '--release', '--dist', inRoot('frontend', 'dist'), '--color', 'never'];
        await run('trunk', args, { cwd: inRoot('frontend'), env: toolEnvironment(), signal });
        expectOutput(dashboardEntry);
      },
      { expect: 'about 3 minutes the first time' },
    ),
  );
}

function buildCommandLine(signal) {
  const what = { name: 'command-line', inputs: [...common, 'cli'], ignored: notBuilt, outputs: [commandLine] };
  return unlessFresh(what, () =>
    step(
      'build the larder program',
      async () => {
        const args = ['build', '--release', '-p', 'larder-cli', '--bin', 'larder'];
        await run('cargo', args, { env: toolEnvironment(), signal });
        expectOutput(commandLine);
      },
      { expect: 'about a minute the first time' },
    ),
  );
}

/**
 * All three at once. cargo compiles one after the other, each on all cores; what follows compiling (wasm-bindgen and
 * wasm-opt use one core) then runs beside the next one.
 */
export async function build(outerSignal) {
  const lane = (work) => (signal) => work(outerSignal ? AbortSignal.any([signal, outerSignal]) : signal);
  await lanes(lane(buildWorker), lane(buildDashboard), lane(buildCommandLine));
}

if (isProgram(import.meta.filename)) {
  await main(async () => {
    await setup();
    await build();
    console.log('Everything is built.');
  });
}
