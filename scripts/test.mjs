// `npm test`: everything that must hold, from a bare machine. Stops at the first failure and shows its output.

import { existsSync, readdirSync } from 'node:fs';
import { build } from './build.mjs';
import { installTools } from './install-tools.mjs';
import { inRoot, packagePrograms } from './paths.mjs';
import { Explained, finished, lanes, main, run, seconds, step } from './run.mjs';
import { setupBasics } from './setup.mjs';
import { testEnvironment } from './test-programs.mjs';
import { wasiRunner } from './wasi.mjs';
import { toolEnvironment } from './tools.mjs';

const started = performance.now();

// The same set everywhere: another one would resolve other features and compile much of it again.
const native = ['--workspace', '--exclude', 'larder-worker', '--features', 'larder-shared/schema'];
const wasm = ['-p', 'larder-shared', '-p', 'larder-worker', '-p', 'larder-frontend', '--target', 'wasm32-unknown-unknown'];
const wasmTests = ['-p', 'larder-shared', '--lib', '--target', 'wasm32-wasip1'];
const strict = ['--', '-D', 'warnings'];

function command(name, program, args, options) {
  return step(name, () => run(program, args, { env: toolEnvironment(), ...options }));
}

// An empty list would make `node --test` look for tests everywhere, packages included.
function testFiles(...folder) {
  const names = existsSync(inRoot(...folder)) ? readdirSync(inRoot(...folder)) : [];
  const tests = names.filter((name) => name.endsWith('.test.mjs')).sort();
  if (tests.length === 0) throw new Explained(`There are no tests (*.test.mjs) in ${inRoot(...folder)}.`);
  return tests.map((name) => inRoot(...folder, name));
}

// Two at a time: tests start servers, and two servers keep two cores busy.
const nodeTest = (...folder) => ['--test', '--test-reporter=spec', '--test-concurrency=2', ...testFiles(...folder)];

async function buildLane(signal) {
  await installTools(signal);
  await build(signal);
}

async function checkLane(signal) {
  await command('check the formatting', 'cargo', ['fmt', '--all', '--check'], { signal });
  await command('lint for this machine', 'cargo', ['clippy', ...native, '--all-targets', ...strict], { signal });
  await command('lint for WebAssembly', 'cargo', ['clippy', ...wasm, ...strict], { signal });
  await command('compile the tests', 'cargo', ['test', ...native, '--no-run'], { signal });
}

async function checkDeployment() {
  // The outputs are fresh, so wrangler's own build step has nothing to do.
  const args = ['deploy', '--dry-run', '--outdir', inRoot('target', 'larder', 'deployment')];
  await command('check the deployment', `${packagePrograms}/wrangler`, args);
}

function printSummary() {
  console.log('\nSummary');
  for (const { name, outcome, took } of finished) {
    console.log(`  ${outcome === 'done' ? 'ok ' : outcome} ${name}: ${took}`);
  }
  console.log(`  all in all: ${seconds(performance.now() - started)}`);
}

await main(async () => {
  try {
    await setupBasics({ test: true });
    await command('check Cargo.lock and fetch the crates', 'cargo', ['fetch', '--locked']);
    // Compilers for release builds end on one core: linting and compiling the tests use the other meanwhile.
    await lanes(buildLane, checkLane);
    await checkDeployment();
    const options = { env: testEnvironment(toolEnvironment()), show: true };
    await command('test the scripts', 'node', nodeTest('scripts'), options);
    await command('test in Rust', 'cargo', ['test', ...native, '--', '--test-threads=2'], options);
    await command('test the shared crate in WebAssembly', 'cargo', ['test', ...wasmTests], { env: { ...toolEnvironment(), ...wasiRunner } });
    await command('test in the browser', 'node', nodeTest('tests', 'browser'), options);
  } finally {
    printSummary();
  }
});
