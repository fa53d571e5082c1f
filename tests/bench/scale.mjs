// Whether a push costs the same at 1,000 and at 100,000 packages, and what the first read of the index costs after it.

import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inRoot } from '../../scripts/paths.mjs';
import { main, run } from '../../scripts/run.mjs';
import { startServer } from '../../scripts/server.mjs';
import { toolEnvironment } from '../../scripts/tools.mjs';

const token = 'a-token-for-benchmarks';
const sizes = [1_000, 100_000];
const pushes = 120;
const reads = 7;
const folder = inRoot('target', 'larder', 'bench');

const indexFile = (size) => join(folder, `index-${size}.json`);
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

// A static mirror for each size, from which Larder takes its index over.
async function serveIndexes() {
  const server = createServer((request, response) => {
    const [, size, path] = request.url.match(/^\/(\d+)\/(.*)$/) ?? [];
    if (path !== 'build_cache/index.json') return response.writeHead(404).end();
    response.writeHead(200, { 'content-length': statSync(indexFile(size)).size });
    if (request.method === 'HEAD') return response.end();
    createReadStream(indexFile(size)).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

class Client {
  constructor(url) {
    this.url = url;
  }

  async ask(method, path, body) {
    const answer = await fetch(this.url + path, { method, body, headers: { authorization: `Bearer ${token}` } });
    const bytes = await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${Buffer.from(bytes).subarray(0, 500)}`);
    return bytes;
  }

  /** Pushes a new package; milliseconds of what makes it visible. */
  async push(mirror, number) {
    const tarball = Buffer.from(`the files of package ${number} of ${mirror}`);
    const digest = sha256(tarball);
    const hash = [...createHash('sha256').update(`${mirror} ${number}`).digest()].map((byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte % 32]).join('');
    const node = {
      name: 'zlib',
      version: `9.${number}`,
      arch: { platform: 'linux', platform_os: 'debian12', target: 'x86_64_v3' },
      compiler: { name: 'gcc', version: '12.2.0' },
      namespace: 'builtin',
      parameters: { build_system: 'makefile', shared: true, cflags: [] },
      hash,
    };
    const spec = JSON.stringify({
      spec: { _meta: { version: 4 }, nodes: [node] },
      buildcache_layout_version: 2,
      binary_cache_checksum: { hash_algorithm: 'sha256', hash: digest },
    });
    await this.ask('PUT', `/mirrors/${mirror}/blobs/sha256/${digest.slice(0, 2)}/${digest}`, tarball);
    const start = performance.now();
    await this.ask('PUT', `/mirrors/${mirror}/build_cache/linux-debian12-x86_64_v3-gcc-12.2.0-zlib-9.${number}-${hash}.spec.json`, spec);
    return performance.now() - start;
  }
}

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
  mkdirSync(folder, { recursive: true });
  for (const size of sizes) {
    if (existsSync(indexFile(size))) continue;
    const amplify = ['run', '--release', '-p', 'larder-shared', '--example', 'amplify', '--', String(size), indexFile(size)];
    await run('cargo', amplify, { env: toolEnvironment() });
  }
  const state = mkdtempSync(join(tmpdir(), 'larder-bench-'));
  const origin = await serveIndexes();
  const start = () => startServer({ host: '127.0.0.1', port: 0, state, variables: { LARDER_ADMIN_TOKEN: token } });
  try {
    let larder = await start();
    for (const size of sizes) {
      const mirror = { name: `m${size}`, origin: { kind: 'http', url: `http://127.0.0.1:${origin.address().port}/${size}` } };
      const client = new Client(larder.url);
      await client.ask('POST', '/api/v1/mirrors', JSON.stringify(mirror));
      await client.ask('POST', `/api/v1/mirrors/m${size}/refresh`);
      // From now on it is pushed to. No request can say so; the settings in the bucket can.
      const settings = join(state, 'settings.json');
      writeFileSync(settings, JSON.stringify({ name: mirror.name, origin: { kind: 'bucket' }, created: new Date().toISOString() }));
      await larder.put(`larder/mirrors/${mirror.name}`, settings);
    }
    // Settings are believed for a while; a new isolate has none to believe.
    await larder.stop();
    larder = await start();
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
    origin.close();
    rmSync(state, { recursive: true, force: true });
  }
  process.exit(0);
});
