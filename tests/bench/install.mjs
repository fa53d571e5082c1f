// What a `spack install` of 40 packages costs: requests, operations of the bucket, questions to the index. The
// sequences are Spack's own (0.23 for v2 and OCI, 1.x for v3); each answer says what it cost.

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { commandLine, inRoot } from '../../scripts/paths.mjs';
import { main } from '../../scripts/run.mjs';
import { startServer } from '../../scripts/server.mjs';

const token = 'a-token-for-benchmarks';
const mirror = 'bench';
const fixture = inRoot('tests', 'fixtures', 'mirror-v2');

const image = { accept: 'application/vnd.oci.image.manifest.v1+json' };

/** Sums up what requests cost. */
class Bill {
  requests = 0;
  reads = 0;
  writes = 0;
  index = 0;

  constructor(url) {
    this.url = url;
  }

  async ask(path, { method = 'GET', headers, status = 200 } = {}) {
    const answer = await fetch(this.url + path, { method, headers });
    const body = Buffer.from(await answer.arrayBuffer());
    if (answer.status !== status) throw new Error(`${method} ${path} answered ${answer.status}: ${body}`);
    this.requests += 1;
    for (const [, name, count] of answer.headers.get('larder-cost').matchAll(/(\w+)=(\d+)/g)) this[name] += Number(count);
    return { headers: answer.headers, json: () => JSON.parse(body) };
  }
}

// Name, version, hash and path of 40 packages.
function packages() {
  return readdirSync(join(fixture, 'build_cache'))
    .filter((name) => name.endsWith('.spec.json.sig'))
    .slice(0, 40)
    .map((name) => {
      const stem = name.slice(0, -'.spec.json.sig'.length);
      const [, platform, compiler, rest] = stem.match(/^(linux-debian12-[a-z0-9_]+)-(gcc-[0-9.]+)-(.*)$/);
      return { stem, tarball: `${platform}/${compiler}/${rest.slice(0, -33)}/${stem}.spack`, tag: rest };
    });
}

async function v2(bill, etag) {
  const base = `/mirrors/${mirror}/build_cache`;
  await bill.ask(`${base}/index.json`, { method: 'HEAD' });
  const options = etag ? { headers: { 'if-none-match': etag }, status: 304 } : {};
  const index = await bill.ask(`${base}/index.json`, options);
  for (const { stem, tarball } of packages()) {
    await bill.ask(`${base}/${stem}.spec.json.sig`);
    await bill.ask(`${base}/${tarball}`);
  }
  return index.headers.get('etag');
}

const blobPath = (digest) => `/mirrors/${mirror}/blobs/sha256/${digest.slice(0, 2)}/${digest}`;

async function v3(bill, etag) {
  const base = `/mirrors/${mirror}/v3/manifests`;
  await bill.ask(`${base}/index/index.manifest.json`, { method: 'HEAD' });
  const options = etag ? { headers: { 'if-none-match': etag }, status: 304 } : {};
  const index = await bill.ask(`${base}/index/index.manifest.json`, options);
  if (!etag) await bill.ask(blobPath(index.json().data[0].checksum));
  for (const { tag } of packages()) {
    const [, name] = tag.match(/^(.*?)-(?=[0-9]|master|main|develop)/);
    const manifest = await bill.ask(`${base}/spec/${name}/${tag}.spec.manifest.json`);
    await bill.ask(blobPath(manifest.json().data[0].checksum));
  }
  return index.headers.get('etag');
}

async function oci(bill, known) {
  const base = `/v2/${mirror}`;
  const index = (await bill.ask(`${base}/manifests/index.spack`, { headers: image })).json().layers[0].digest;
  if (index !== known) await bill.ask(`${base}/blobs/${index}`);
  for (const { tag } of packages()) {
    const manifest = (await bill.ask(`${base}/manifests/${tag}.spack`, { headers: image })).json();
    await bill.ask(`${base}/blobs/${manifest.config.digest}`);
    await bill.ask(`${base}/blobs/${manifest.layers.at(-1).digest}`);
  }
  return index;
}

await main(async () => {
  const state = mkdtempSync(join(tmpdir(), 'larder-bench-'));
  const start = () =>
    startServer({ host: '127.0.0.1', port: 0, state, variables: { LARDER_ADMIN_TOKEN: token, LARDER_TELL_COST: 'on' } });
  try {
    let larder = await start();
    const target = `${larder.url}/mirrors/${mirror}`;
    await promisify(execFile)(commandLine, ['push', fixture, target, '--token', token, '--quiet']);
    console.log('Of 40 packages, pushed in v2; cold is a new isolate and a client that knows nothing:\n');
    console.log('                 requests   R2 reads   R2 writes   index');
    for (const [name, install] of Object.entries({ 'v2': v2, 'v3': v3, 'OCI': oci })) {
      await larder.stop();
      larder = await start();
      let known;
      for (const state of ['cold', 'warm']) {
        const bill = new Bill(larder.url);
        known = await install(bill, known);
        const numbers = [bill.requests, bill.reads, bill.writes, bill.index];
        console.log(`  ${`${name}, ${state}`.padEnd(12)}${numbers.map((number) => String(number).padStart(11)).join('')}`);
      }
    }
    console.log('\nThe first image of a package that was pushed in another layout is made when it is asked for.');
    await larder.stop();
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
  process.exit(0);
});
