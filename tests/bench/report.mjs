// Reading build logs in WebAssembly, as the worker and the dashboard do, beside what Spack needs for that.
// The same natively: `cargo bench -p larder-shared --bench report`.

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inRoot } from '../../scripts/paths.mjs';
import { main, run } from '../../scripts/run.mjs';
import { toolEnvironment } from '../../scripts/tools.mjs';

const chunkBytes = 64 << 10;

// What `spack log-parse` of Spack 0.23 reads in a second.
const spacksMegabytes = 3;

const target = 'wasm32-unknown-unknown';
const folder = inRoot('target', 'larder', 'bench');

async function prepare() {
  mkdirSync(folder, { recursive: true });
  const env = toolEnvironment();
  const names = ['--release', '-p', 'larder-shared', '--example', 'report_wasm', '--target', target];
  await run('cargo', ['build', ...names], { env });
  const built = env.CARGO_TARGET_DIR ?? inRoot('target');
  const module = join(built, target, 'release', 'examples', 'report_wasm.wasm');
  await run('wasm-bindgen', [module, '--target', 'web', '--out-dir', folder, '--out-name', 'report_wasm'], { env });
  return new WebAssembly.Module(readFileSync(join(folder, 'report_wasm_bg.wasm')));
}

// Another instance each time, for wasm memory never shrinks: imported under another name.
async function instantiate(module, name) {
  const { initSync, Reading } = await import(`${pathToFileURL(join(folder, 'report_wasm.js'))}?${name}`);
  return { memory: initSync({ module }).memory, Reading };
}

// About a megabyte of what make prints; every `interval`th line is a warning, every second of them an error instead.
function log(interval) {
  let text = "==> demo: Executing phase: 'build'\n";
  for (let n = 0; text.length < 1 << 20; n++) {
    if (n % (2 * interval) === 0) text += `src/f${n}.c:3:1: error: 'x${n}' undeclared\n`;
    else if (n % interval === 0) text += `src/f${n}.c:7:1: warning: unused variable 'n' [-Wunused-variable]\n`;
    else
      text +=
        '/bin/sh ../libtool --tag=CC --mode=compile gcc -DHAVE_CONFIG_H -I. -I../include -Wall -Werror=format ' +
        `-O2 -MT f${n}.lo -MD -MP -MF .deps/f${n}.Tpo -c -o f${n}.lo f${n}.c\n`;
  }
  return Buffer.from(text);
}

// Time is taken inside the module only, as its callers wait for the network meanwhile.
function measure({ memory, Reading }, text, times) {
  const reading = new Reading();
  let milliseconds = 0;
  for (let time = 0; time < times; time++) {
    for (let at = 0; at < text.length; at += chunkBytes) {
      const chunk = text.subarray(at, at + chunkBytes);
      const start = performance.now();
      reading.push(chunk);
      milliseconds += performance.now() - start;
    }
  }
  const said = reading.finish();
  const megabytes = (text.length * times) / 1e6;
  return { megabytes, rate: megabytes / (milliseconds / 1000), bytes: memory.buffer.byteLength, said };
}

await main(async () => {
  const module = await prepare();
  for (const [name, interval] of [
    ['one in 200 lines is a warning or error', 200],
    ['one in 20 lines is a warning or error', 20],
  ]) {
    const text = log(interval);
    console.log(`A log in WebAssembly, ${name}, in pieces of ${chunkBytes >> 10} KiB:`);
    // While the first one runs, the module is still being compiled.
    measure(await instantiate(module, `first ${interval}`), text, 10);
    for (const times of [1, 10, 100, 1000]) {
      const { megabytes, rate, bytes, said } = measure(await instantiate(module, `${interval} ${times}`), text, times);
      const ratio = Math.round(rate / spacksMegabytes);
      const memory = `wasm memory ${(bytes / 1e6).toFixed(2)} MB`;
      console.log(
        `  ${megabytes.toFixed(1)} MB: ${rate.toFixed(0)} MB/s, ${ratio} times Spack's ${spacksMegabytes}; ${memory}; ${said}`,
      );
    }
  }
});
