import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseCommandLine } from './serve.mjs';
import { keptAdminToken, settings } from './settings.mjs';

test('npm start: what it does when nothing is asked', () => {
  const { port, sample, https, adminToken } = settings({});
  assert.deepEqual({ port, sample, https, adminToken }, { port: 8787, sample: true, https: false, adminToken: null });
});

test('npm start: the environment is honoured', () => {
  const asked = { PORT: '0', LARDER_SAMPLE: '0', LARDER_HTTPS: '1', LARDER_STATE: '/elsewhere', LARDER_ADMIN_TOKEN: 'secret' };
  assert.deepEqual(settings(asked), { port: 0, state: '/elsewhere', sample: false, https: true, adminToken: 'secret' });
  assert.throws(() => settings({ PORT: 'eighty' }), /"eighty" is not a port/);
});

test('npm start: the admin token stays the same and only its owner can read it', (context) => {
  const state = mkdtempSync(join(tmpdir(), 'larder-token-'));
  context.after(() => rmSync(state, { recursive: true }));
  const { token, file } = keptAdminToken(state);
  assert.match(token, /^[\w-]{43}$/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(keptAdminToken(state).token, token);
});

test('serve: variables are given, or taken from the environment', () => {
  const parsed = parseCommandLine(['--var', 'A=b=c', '--var', 'B=', '--var', 'TOKEN'], { TOKEN: 'secret' });
  assert.deepEqual(parsed.variables, { A: 'b=c', B: '', TOKEN: 'secret' });
  assert.throws(() => parseCommandLine(['--var', 'TOKEN'], {}), /TOKEN is not set/);
  assert.throws(() => parseCommandLine(['--var', '1=2'], {}), /wants NAME=VALUE/);
  assert.throws(() => parseCommandLine(['--port', '70000'], {}), /not a port/);
});
