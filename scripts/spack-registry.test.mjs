// A real Spack installs what lies in a registry, through a Larder, by the layout that it reads from a site since 1.0: v3.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inherited, isOfPackages, newRunner, reasonToSkip, recipes, run, writeRepository } from './real-spack.mjs';
import { startServer } from './server.mjs';

const admin = 'the-admin-token-of-the-tests';
const registryProgram = ['/usr/bin/docker-registry', '/usr/sbin/docker-registry'].find(existsSync);
const skip = reasonToSkip() || (!isOfPackages && 'it takes a Spack from 1.0 on') || (!registryProgram && 'there is no docker-registry');

const repositoryName = 'octo-org/cache';

async function until(what, look) {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(100)) {
    const found = await look().catch(() => undefined);
    if (found) return found;
  }
  throw new Error(`${what}: not in a minute`);
}

/** Debian's registry, empty. */
async function startRegistry(context, folder) {
  mkdirSync(folder);
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.on('listening', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  const configuration = `version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: '${folder}/data'}}
http: {addr: '127.0.0.1:${port}', relativeurls: true, secret: none}
`;
  writeFileSync(join(folder, 'config.yml'), configuration);
  const child = spawn(registryProgram, ['serve', join(folder, 'config.yml')], { env: { OTEL_TRACES_EXPORTER: 'none' }, stdio: 'ignore' });
  context.after(() => child.kill());
  await until('the registry answers', async () => (await fetch(`http://127.0.0.1:${port}/v2/`)).ok);
  return `127.0.0.1:${port}`;
}

/** Passes all requests on, and notes their paths. */
async function startWitness(context, target) {
  const paths = [];
  const witness = createServer((asked, answer) => {
    paths.push(asked.url);
    const onward = request(target + asked.url, { method: asked.method, headers: asked.headers }, (answered) => {
      answer.writeHead(answered.statusCode, answered.headers);
      answered.pipe(answer);
    });
    asked.pipe(onward);
  });
  await new Promise((resolve) => witness.listen(0, '127.0.0.1', resolve));
  context.after(() => witness.closeAllConnections() ?? witness.close());
  return { url: `http://127.0.0.1:${witness.address().port}`, paths };
}

test('Spack installs from a registry by layout v3', { skip, timeout: 900_000 }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'larder-registry-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const registry = await startRegistry(context, join(folder, 'registry'));
  const server = await startServer({ host: '127.0.0.1', port: 0, state: join(folder, 'state'), variables: { LARDER_ADMIN_TOKEN: admin } });
  context.after(() => server.stop());
  const repository = writeRepository(join(folder, 'recipes'));
  /** A machine with one mirror, as `spack mirror add --unsigned` writes it. */
  const machine = (number, mirror) => {
    const { environment, scope } = newRunner(folder, repository, number);
    writeFileSync(join(scope, 'mirrors.yaml'), `mirrors:\n  cache: {url: "${mirror}", signed: false}\n`);
    return async (...args) => {
      const { status, said, output } = await run('spack', args, { ...inherited(), ...environment });
      assert.equal(status, 0, `spack ${args.join(' ')}: ${said}`);
      return output;
    };
  };

  const origin = `oci+http://${registry}/${repositoryName}`;
  const builder = machine(0, origin);
  await builder('install', 'larder-one');
  await builder('buildcache', 'push', '--unsigned', 'cache', 'larder-one');

  const sent = { method: 'POST', headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' } };
  const made = await fetch(`${server.url}/api/v1/mirrors`, { ...sent, body: JSON.stringify({ name: 'm', origin: { kind: 'oci', url: origin } }) });
  assert.equal(made.status, 201, await made.text());
  const { url, paths } = await startWitness(context, server.url);
  await until('the registry is read', async () => {
    const index = await fetch(`${server.url}/mirrors/m/v3/manifests/index/index.manifest.json`);
    const { specs } = await (await fetch(`${server.url}/api/v1/mirrors/m`)).json();
    return index.ok && specs === 2;
  });

  const reader = machine(1, `${url}/mirrors/m`);
  const listed = await reader('buildcache', 'list', '--allarch');
  for (const name of ['larder-base', 'larder-one']) assert.match(listed, new RegExp(name));
  await reader('install', '--cache-only', 'larder-one');
  const place = (await reader('location', '--install-dir', 'larder-one')).trim();
  assert.equal(readFileSync(join(place, 'include', recipes['larder-one'].file), 'utf8'), recipes['larder-one'].source);

  const read = (part) => paths.filter((path) => path.includes(part));
  assert.ok(read('/v3/manifests/spec/').length >= 2, paths.join('\n'));
  assert.ok(read('/blobs/sha256/').length >= 3, paths.join('\n'));
  assert.deepEqual(read('/build_cache/').filter((path) => path.endsWith('.spack')), []);
  context.diagnostic(`${paths.length} requests: ${[...new Set(paths.map((path) => path.split('/').slice(3, 6).join('/')))].join(', ')}`);
});
