// What the environment asks of `npm start`.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { defaultState } from './paths.mjs';
import { parsePort } from './serve.mjs';

const isOn = (value) => value !== undefined && !['', '0', 'false', 'no'].includes(value.toLowerCase());

export function settings(environment = process.env) {
  return {
    port: parsePort(environment.PORT || '8787'),
    state: resolve(environment.LARDER_STATE || defaultState),
    sample: environment.LARDER_SAMPLE === undefined || isOn(environment.LARDER_SAMPLE),
    https: isOn(environment.LARDER_HTTPS),
    adminToken: environment.LARDER_ADMIN_TOKEN || null,
  };
}

/** The admin token kept in the state folder, made the first time: a second start has the same one. */
export function keptAdminToken(state) {
  const file = join(state, 'admin-token');
  try {
    const token = readFileSync(file, 'utf8').trim();
    if (token !== '') return { token, file };
  } catch {
    // The first start.
  }
  const token = randomBytes(32).toString('base64url');
  mkdirSync(state, { recursive: true });
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return { token, file };
}
