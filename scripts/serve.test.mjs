// On the built worker: what tests, benchmarks and `npm start` rely on.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const program = join(import.meta.dirname, 'serve.mjs');

function serve(context, ...args) {
  const state = mkdtempSync(join(tmpdir(), 'larder-serve-'));
  const child = spawn(process.execPath, [program, '--state', state, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const exit = new Promise((resolve) => child.on('exit', (code, signal) => resolve(signal ?? code)));
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += chunk));
  context.after(async () => {
    child.kill('SIGKILL');
    await exit;
    await sleep(100);
    rmSync(state, { recursive: true, force: true });
  });
  const output = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => (await output.next()).value;
  const ready = async () => {
    for (let text = await line(); text !== undefined; text = await line()) {
      const [, url] = text.match(/^Larder is ready at (\S+)$/) ?? [];
      if (url) return url;
    }
    throw new Error(`the server did not start: ${errors}`);
  };
  return { child, state, exit, line, ready, errors: () => errors };
}

// Processes whose parent is the given one. Linux only, as is the tie between node and workerd.
function childrenOf(parent) {
  return readdirSync('/proc').filter((name) => {
    try {
      const [, rest] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ');
      return Number(rest.split(' ')[1]) === parent;
    } catch {
      return false;
    }
  });
}

const onLinux = { skip: process.platform === 'linux' ? false : 'only Linux ties the two processes together' };

test('the dashboard and the worker answer, each on its own paths', async (context) => {
  const server = serve(context);
  const url = await server.ready();
  for (const path of ['/', '/m/user-environment/-/packages', '/no/such/page', '/mirrorsx']) {
    const answer = await fetch(url + path);
    assert.equal(answer.status, 200, path);
    assert.match(answer.headers.get('content-type'), /^text\/html/, path);
  }
  // A browser that opens such a link, too, is answered by the worker.
  for (const path of ['/api/v1/mirrors', '/mirrors/nothing/build_cache/index.json', '/v2/']) {
    const answer = await fetch(url + path, { headers: { 'sec-fetch-mode': 'navigate' } });
    assert.doesNotMatch(answer.headers.get('content-type') ?? '', /^text\/html/, path);
  }
});

test('commands on standard input are answered in order, by one line of JSON each', async (context) => {
  const server = serve(context);
  await server.ready();
  server.child.stdin.write('scheduled\nnonsense\n');
  assert.equal(JSON.parse(await server.line()).outcome, 'ok');
  assert.match(JSON.parse(await server.line()).error, /unknown command "nonsense"/);
  const file = join(server.state, 'file');
  writeFileSync(file, 'bytes');
  server.child.stdin.write(`put a/key ${file}\nobjects\ndelete a/key\nobjects\n`);
  const etag = JSON.parse(await server.line());
  assert.deepEqual(JSON.parse(await server.line()), [['a/key', etag]]);
  assert.equal(JSON.parse(await server.line()), null);
  assert.deepEqual(JSON.parse(await server.line()), []);
  server.child.stdin.write('stop\n');
  assert.equal(await server.exit, 0);
});

test('the end of standard input stops the server when asked to', async (context) => {
  const server = serve(context, '--exit-with-stdin');
  await server.ready();
  server.child.stdin.end();
  assert.equal(await server.exit, 0);
});

for (const [signal, exit] of [
  ['SIGTERM', 0],
  ['SIGKILL', 'SIGKILL'],
]) {
  test(`${signal} leaves no workerd behind`, onLinux, async (context) => {
    const server = serve(context);
    await server.ready();
    const runtime = childrenOf(server.child.pid);
    assert.equal(runtime.length, 1);
    server.child.kill(signal);
    assert.equal(await server.exit, exit);
    await sleep(300);
    const command = `/proc/${runtime[0]}/cmdline`;
    assert.equal(existsSync(command) ? readFileSync(command, 'utf8') : '', '');
  });
}

test('https works with the certificate it keeps', async (context) => {
  const server = serve(context, '--https');
  const url = await server.ready();
  const ca = readFileSync(join(server.state, 'certificate.pem'));
  const status = await new Promise((resolve, reject) => {
    request(`${url}/api/v1/mirrors`, { ca }, (answer) => resolve(answer.resume().statusCode)).on('error', reject).end();
  });
  assert.ok(status < 500);
});

test('a taken port is named, with what to do', async (context) => {
  const first = serve(context);
  const port = new URL(await first.ready()).port;
  const second = serve(context, '--port', port);
  assert.equal(await second.exit, 1);
  assert.match(second.errors(), new RegExp(`Port ${port} on 127.0.0.1 is taken`));
});
