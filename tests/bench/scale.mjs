// Whether a push costs the same at 1,000 and at 100,000 packages, and what the first read of the index costs after it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../scripts/run.mjs';
import { Client, startWithMirrors } from './parts/large-mirrors.mjs';

const sizes = [1_000, 100_000];
const pushes = 120;
const reads = 7;

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

// Memory of the runtime, the one child of this process that is called workerd; Linux only.
function runtimeMemory() {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  const of = (pid, key) => {
    const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm'));
    return line ? Number(line[1]) * 1024 : 0;
  };
  const pid = children.toSorted((a, b) => of(b, 'VmRSS') - of(a, 'VmRSS'))[0];
  return {
    now: () => of(pid, 'VmRSS'),
    peak: () => of(pid, 'VmHWM'),
    forgetPeak: () => writeFileSync(`/proc/${pid}/clear_refs`, '5'),
  };
}

await main(async () => {
  const state = mkdtempSync(join(tmpdir(), 'larder-bench-'));
  try {
    const larder = await startWithMirrors(sizes, state);
    const client = new Client(larder.url);
    const memory = runtimeMemory();

    const times = sizes.map(() => []);
    for (let number = 0; number < pushes; number += 1) {
      for (const [index, size] of sizes.entries()) times[index].push(await client.push(`m${size}`, number));
    }
    const [few, many] = times.map((all) => median(all.slice(20)));
    console.log(`Accepting a package, the median of ${pushes - 20}:`);
    console.log(`  at ${sizes[0]} packages ${few.toFixed(1)} ms, at ${sizes[1]} ${many.toFixed(1)} ms: ${(many / few).toFixed(2)} times as long\n`);

    console.log('The first read of build_cache/index.json after a push, and the second:');
    for (const size of sizes) {
      const path = `/mirrors/m${size}/build_cache/index.json`;
      const bytes = (await client.ask('GET', path)).byteLength;
      memory.forgetPeak();
      const before = memory.now();
      const [first, second] = [[], []];
      for (let number = 0; number < reads; number += 1) {
        await client.push(`m${size}`, 10_000 + number);
        for (const which of [first, second]) {
          const begin = performance.now();
          await client.ask('GET', path);
          which.push(performance.now() - begin);
        }
      }
      console.log(
        `  at ${size} packages (${(bytes / 1e6).toFixed(1)} MB): ${median(first).toFixed(0)} ms, then ${median(second).toFixed(0)} ms; ` +
          `the runtime's memory rose by ${((memory.peak() - before) / 1e6).toFixed(0)} MB at most`,
      );
    }
    await larder.stop();
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
  process.exit(0);
});
