// Blobs and manifests over TLS, beside Debian's docker-registry in the same run: the same client, certificate and disk.
// Pushes are also timed against a worker that does nothing but hand the body to the emulated R2 with its sha256: no
// registry on this runtime can be faster than that.

import { spawn } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Explained, main, succeeds } from '../../scripts/run.mjs';
import { startServer } from '../../scripts/server.mjs';

const token = 'a-token-for-benchmarks';
const repository = 'bench/images';
const imageType = 'application/vnd.oci.image.manifest.v1+json';

// Bytes and how often. The first of each is not counted.
const sizes = [
  { name: '5 MB', bytes: 5e6, times: 12 },
  { name: '200 MB', bytes: 200e6, times: 3 },
];
const manifestRequests = 4000;
const atOnce = 16;

const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** One registry. Connections are kept for manifests only: a server may close one that rests while a blob is made. */
class Registry {
  constructor(name, url) {
    this.name = name;
    this.url = url;
    this.agent = new Agent({ keepAlive: true, maxSockets: atOnce, rejectUnauthorized: false });
  }

  /** Sends a request; gives the answer with how many bytes came. */
  ask(method, path, { headers = {}, body, agent = false } = {}) {
    const all = { authorization: `Bearer ${token}`, ...headers, ...(body && { 'content-length': body.length }) };
    return new Promise((resolve, reject) => {
      const asked = request(new URL(path, this.url), { method, headers: all, agent, rejectUnauthorized: false }, (answer) => {
        let bytes = 0;
        answer.on('data', (chunk) => (bytes += chunk.length));
        answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, bytes }));
        answer.on('error', reject);
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }

  async expect(status, method, path, options) {
    const answer = await this.ask(method, path, options);
    if (answer.status !== status) throw new Error(`${this.name}: ${method} ${path} answered ${answer.status}`);
    return answer;
  }

  async push(bytes, digest) {
    const begun = await this.expect(202, 'POST', `/v2/${repository}/blobs/uploads/`, { headers: { 'content-length': 0 } });
    const place = new URL(begun.headers.location, this.url);
    place.searchParams.set('digest', digest);
    await this.expect(201, 'PUT', place.pathname + place.search, {
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes,
    });
  }

  async pull(digest, length) {
    const { bytes } = await this.expect(200, 'GET', `/v2/${repository}/blobs/${digest}`);
    if (bytes !== length) throw new Error(`${this.name}: ${bytes} bytes came instead of ${length}`);
  }

  async putManifest() {
    const config = Buffer.from('{}');
    await this.push(config, digestOf(config));
    const descriptor = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: 2 };
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: imageType, config: descriptor, layers: [] }));
    await this.expect(201, 'PUT', `/v2/${repository}/manifests/v1`, { headers: { 'content-type': imageType }, body: manifest });
    return digestOf(manifest);
  }

  /** Requests a second. */
  async manifests(reference) {
    let left = manifestRequests;
    const options = { headers: { accept: imageType }, agent: this.agent };
    const one = async () => {
      while (left-- > 0) await this.expect(200, 'GET', `/v2/${repository}/manifests/${reference}`, options);
    };
    const start = performance.now();
    await Promise.all(Array.from({ length: atOnce }, one));
    return manifestRequests / ((performance.now() - start) / 1000);
  }
}

async function startDockerRegistry(folder, { certificate, key }) {
  if (!(await succeeds('docker-registry', ['--version']))) {
    throw new Explained('This benchmark compares with docker-registry: apt-get install docker-registry.');
  }
  const port = 5443;
  const configuration = join(folder, 'config.yml');
  writeFileSync(
    configuration,
    `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: ${join(folder, 'registry')} } }
http: { addr: "127.0.0.1:${port}", tls: { certificate: ${certificate}, key: ${key} } }
`,
  );
  const child = spawn('docker-registry', ['serve', configuration], { stdio: ['ignore', 'ignore', 'ignore'] });
  const registry = new Registry('docker-registry', `https://127.0.0.1:${port}`);
  for (let tries = 0; ; tries += 1) {
    const answer = await registry.ask('GET', '/v2/').catch(() => undefined);
    if (answer?.status === 200) return { registry, stop: () => child.kill() };
    if (tries > 100) throw new Error('docker-registry does not answer');
    await sleep(100);
  }
}

/** Answers a push as a registry does, with as little as there can be: one `put` of the body. */
const bareWorker = `export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (request.method === 'POST') return new Response(null, { status: 202, headers: { location: url.pathname + 'u' } });
    const digest = url.searchParams.get('digest').slice('sha256:'.length);
    await env.BUCKET.put(digest, request.body, { sha256: digest });
    return new Response(null, { status: 201 });
  },
};`;

async function startBareWorker(folder, { certificate, key }) {
  const { Miniflare } = await import('miniflare');
  const miniflare = new Miniflare({
    modules: true,
    script: bareWorker,
    compatibilityDate: '2026-01-01',
    r2Buckets: ['BUCKET'],
    defaultPersistRoot: join(folder, 'bare'),
    host: '127.0.0.1',
    port: 0,
    httpsCert: readFileSync(certificate, 'utf8'),
    httpsKey: readFileSync(key, 'utf8'),
    cf: false,
    telemetry: { enabled: false },
  });
  const { port } = await miniflare.ready;
  return { registry: new Registry('R2 alone', `https://127.0.0.1:${port}`), stop: () => miniflare.dispose() };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

// One after the other for each blob, so that all meet the same disk and the same load.
async function compareBlobs([ours, theirs], bare, { name, bytes, times }) {
  const pushes = { ours: [], theirs: [], bare: [] };
  const pulls = { ours: [], theirs: [] };
  for (let time = 0; time < times; time += 1) {
    const blob = randomFillSync(Buffer.alloc(bytes));
    const digest = digestOf(blob);
    for (const [who, registry] of Object.entries({ ours, theirs, bare })) {
      const push = await timed(() => registry.push(blob, digest));
      const pull = who === 'bare' ? 0 : await timed(() => registry.pull(digest, bytes));
      if (time === 0) continue;
      pushes[who].push(push);
      pulls[who]?.push(pull);
    }
  }
  for (const [what, times] of Object.entries({ push: pushes, pull: pulls })) {
    const [mine, other, least] = [times.ours, times.theirs, times.bare ?? []].map(median);
    const ratio = (time) => (time / other).toFixed(2);
    const floor = least ? `; R2's emulation alone takes ${least.toFixed(0)} ms, ${ratio(least)} times` : '';
    console.log(`  ${what} of ${name}: ${mine.toFixed(0)} ms, docker-registry ${other.toFixed(0)} ms: ${ratio(mine)} times its time${floor}`);
  }
}

async function compareManifests(registries) {
  const digests = [];
  for (const registry of registries) digests.push(await registry.putManifest());
  for (const by of ['tag', 'digest']) {
    const rates = [[], []];
    for (let round = 0; round < 4; round += 1) {
      for (const [index, registry] of registries.entries()) {
        const rate = await registry.manifests(by === 'tag' ? 'v1' : digests[index]);
        if (round > 0) rates[index].push(rate);
      }
    }
    const [ours, theirs] = rates.map(median);
    console.log(`  manifests by ${by}: ${ours.toFixed(0)} requests/s, docker-registry ${theirs.toFixed(0)}: ${(ours / theirs).toFixed(2)} times as many`);
  }
}

await main(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'larder-bench-'));
  const state = join(folder, 'larder');
  mkdirSync(state);
  const larder = await startServer({ host: '127.0.0.1', port: 0, state, https: true, variables: { LARDER_ADMIN_TOKEN: token } });
  const pair = { certificate: larder.certificate, key: larder.certificate.replace('.pem', '-key.pem') };
  let other;
  let bare;
  try {
    bare = await startBareWorker(folder, pair);
    other = await startDockerRegistry(folder, pair);
    const registries = [new Registry('larder', larder.url), other.registry];
    console.log(`Over TLS, one client, the median of each:`);
    await compareManifests(registries);
    for (const size of sizes) await compareBlobs(registries, bare.registry, size);
  } finally {
    other?.stop();
    await bare?.stop();
    await larder.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  process.exit(0);
});
