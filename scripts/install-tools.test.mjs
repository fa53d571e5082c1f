import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { download } from './install-tools.mjs';
import { versionInLock } from './tools.mjs';

let folder;
let server;
let archive;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'larder-install-'));
  mkdirSync(join(folder, 'packed', 'tool-1.2.3'), { recursive: true });
  const program = join(folder, 'packed', 'tool-1.2.3', 'tool');
  writeFileSync(program, '#!/bin/sh\necho tool 1.2.3\n');
  chmodSync(program, 0o644);
  execFileSync('tar', ['-czf', join(folder, 'tool.tar.gz'), '-C', join(folder, 'packed'), '.']);
  archive = readFileSync(join(folder, 'tool.tar.gz'));
  server = createServer((request, response) => {
    if (request.url === '/whole') return response.end(archive);
    if (request.url === '/cut') return response.end(archive.subarray(0, archive.length / 2));
    response.writeHead(404).end('not here');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
});

after(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const tool = (path, version = '1.2.3') => ({
  name: 'tool',
  version,
  prebuilt: `http://127.0.0.1:${server.address().port}${path}`,
});

test('a whole download of the right version is installed', async () => {
  const target = join(folder, 'whole');
  assert.equal(await download(tool('/whole'), target), true);
  assert.match(execFileSync(join(target, 'bin', 'tool'), { encoding: 'utf8' }), /1\.2\.3/);
  assert.deepEqual(readdirSync(target), ['bin']);
});

for (const [name, path, version] of [
  ['is not there', '/nowhere'],
  ['is cut short', '/cut'],
  ['is of another version', '/whole', '9.9.9'],
]) {
  test(`a download that ${name} leaves nothing behind`, async () => {
    const target = join(folder, name);
    assert.equal(await download(tool(path, version), target), false);
    assert.equal(existsSync(target) ? readdirSync(target).length : 0, 0);
  });
}

test('versions are read from Cargo.lock by the exact name', () => {
  const lock = '[[package]]\nname = "wasm-bindgen-macro"\nversion = "1.0.0"\n\n[[package]]\nname = "wasm-bindgen"\nversion = "0.2.130"\n';
  assert.equal(versionInLock(lock, 'wasm-bindgen'), '0.2.130');
  assert.throws(() => versionInLock(lock, 'wasm'), /Cargo\.lock does not name wasm/);
});
