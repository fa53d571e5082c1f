// Reading an index of 100,000 specs and rendering it again in WebAssembly, beside what Spack needs for that.
// The same natively: `cargo bench -p larder-shared`.

import { closeSync, mkdirSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inRoot } from '../../scripts/paths.mjs';
import { main, run } from '../../scripts/run.mjs';
import { toolEnvironment } from '../../scripts/tools.mjs';

const specs = 100_000;
const chunkBytes = 64 << 10;

// What Spack 0.23 takes to put one spec into an index it builds.
const spacksMilliseconds = 4.1;

const target = 'wasm32-unknown-unknown';
const folder = inRoot('target', 'larder', 'bench');
const document = join(folder, `index-${specs}.json`);

async function prepare() {
  mkdirSync(folder, { recursive: true });
  const env = toolEnvironment();
  const release = ['--release', '-p', 'larder-shared', '--example'];
  await run('cargo', ['run', ...release, 'amplify', '--', String(specs), document], { env });
  await run('cargo', ['build', ...release, 'index_wasm', '--target', target], { env });
  const module = inRoot('target', target, 'release', 'examples', 'index_wasm.wasm');
  await run('wasm-bindgen', [module, '--target', 'web', '--out-dir', folder, '--out-name', 'index_wasm'], { env });
  return new WebAssembly.Module(readFileSync(join(folder, 'index_wasm_bg.wasm')));
}

// Another instance each time, for wasm memory never shrinks: imported under another name.
async function instantiate(module, name) {
  const { initSync, Rendering } = await import(`${pathToFileURL(join(folder, 'index_wasm.js'))}?${name}`);
  return { memory: initSync({ module }).memory, Rendering };
}

// Time is taken inside the module only, as its callers wait for the network meanwhile.
function measure({ memory, Rendering }, renders) {
  const rendering = new Rendering(renders);
  const chunk = Buffer.alloc(chunkBytes);
  const file = openSync(document);
  let milliseconds = 0;
  try {
    for (let length; (length = readSync(file, chunk)) > 0; ) {
      const start = performance.now();
      rendering.push(chunk.subarray(0, length));
      milliseconds += performance.now() - start;
    }
  } finally {
    closeSync(file);
  }
  if (rendering.specs !== specs) throw new Error(`${rendering.specs} specs were read instead of ${specs}`);
  rendering.finish();
  return { each: milliseconds / specs, bytes: memory.buffer.byteLength };
}

async function report(module, name, renders) {
  // While the first one runs, the module is still being compiled.
  measure(await instantiate(module, `first ${name}`), renders);
  const { each, bytes } = measure(await instantiate(module, name), renders);
  const rate = Math.round(1000 / each).toLocaleString('en');
  const ratio = Math.round(spacksMilliseconds / each);
  console.log(
    `  ${name}: ${rate} specs/s, ${(each * 1000).toFixed(1)} µs a spec, ${ratio} times as fast as Spack's ` +
      `${spacksMilliseconds} ms; wasm memory ${(bytes / 1e6).toFixed(2)} MB`,
  );
}

await main(async () => {
  const module = await prepare();
  console.log(`An index of ${specs} specs in WebAssembly, in pieces of ${chunkBytes >> 10} KiB:`);
  await report(module, 'read', false);
  await report(module, 'read, render and hash', true);
});
