// Large mirrors to measure on: made-up indexes in the shape of a real one, taken over by Larder, then pushed to.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { inRoot } from '../../../scripts/paths.mjs';
import { run } from '../../../scripts/run.mjs';
import { startServer } from '../../../scripts/server.mjs';
import { toolEnvironment } from '../../../scripts/tools.mjs';

const token = 'a-token-for-benchmarks';
const folder = inRoot('target', 'larder', 'bench');
const indexFile = (size) => join(folder, `index-${size}.json`);
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

async function makeIndexes(sizes) {
  mkdirSync(folder, { recursive: true });
  for (const size of sizes) {
    if (existsSync(indexFile(size))) continue;
    const amplify = ['run', '--release', '-p', 'larder-shared', '--example', 'amplify', '--', String(size), indexFile(size)];
    await run('cargo', amplify, { env: toolEnvironment() });
  }
}

// A static mirror for each size, from which Larder takes its index over.
async function serveIndexes() {
  const server = createServer((asked, response) => {
    const [, size, path] = asked.url.match(/^\/(\d+)\/(.*)$/) ?? [];
    if (path !== 'build_cache/index.json') return response.writeHead(404).end();
    response.writeHead(200, { 'content-length': statSync(indexFile(size)).size });
    if (asked.method === 'HEAD') return response.end();
    createReadStream(indexFile(size)).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

export class Client {
  constructor(url) {
    this.url = url;
  }

  /** Asks, and waits as long as it takes: `fetch` gives up after five minutes, which a million packages need. */
  async ask(method, path, body) {
    const sent = request(this.url + path, { method, headers: { authorization: `Bearer ${token}` } });
    sent.end(body);
    const [answer] = await once(sent, 'response');
    const parts = [];
    for await (const part of answer) parts.push(part);
    const bytes = Buffer.concat(parts);
    if (answer.statusCode >= 300) throw new Error(`${method} ${path} answered ${answer.statusCode}: ${bytes.subarray(0, 500)}`);
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

/** Starts a Larder with a mirror `m<size>` of each size, which can be pushed to; what it keeps is in the folder `state`. */
export async function startWithMirrors(sizes, state) {
  await makeIndexes(sizes);
  const origin = await serveIndexes();
  const start = () => startServer({ host: '127.0.0.1', port: 0, state, variables: { LARDER_ADMIN_TOKEN: token } });
  const larder = await start();
  try {
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
  } finally {
    origin.close();
    await larder.stop();
  }
  // Settings are believed for a while; a new isolate has none to believe.
  return start();
}
