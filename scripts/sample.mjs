// Loads the sample mirror, once, the way anybody's mirror is loaded: with `larder push`, and with the reports that
// Spack sent of seven packages, six of which do not build.

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine, inRoot } from './paths.mjs';
import { run, step } from './run.mjs';

const sample = inRoot('tests', 'fixtures', 'mirror-v2');
const reports = inRoot('tests', 'fixtures', 'reports');
const mirror = 'user-environment';

// Written when the push has ended well. An interrupted push is started again and skips what is there; a sample that
// was loaded and then deleted stays deleted.
const markIn = (state) => join(state, 'sample-is-loaded');

export function sampleIsWanted(state) {
  if (existsSync(markIn(state))) return false;
  if (existsSync(sample)) return true;
  console.log(`   The sample mirror is not in ${sample}: starting without it.`);
  return false;
}

async function send(url, { adminToken, ...request }) {
  const headers = { authorization: `Bearer ${adminToken}`, ...request.headers };
  const answer = await fetch(url, { ...request, headers });
  if (!answer.ok) throw new Error(`${request.method} ${url} answered ${answer.status}: ${(await answer.text()).slice(0, 500)}`);
}

/** Sends the recorded reports to a mirror as Spack sent them, as builds of one run. */
export async function loadReports({ url, name = mirror, adminToken }) {
  const run = new URLSearchParams({ provider: 'other', repository: 'sample', run: '1', job: 'gha-ubuntu-22.04' });
  const cdash = join(reports, 'cdash');
  for (const file of readdirSync(cdash).filter((each) => each.endsWith('.json')).sort()) {
    const { method, path, body } = JSON.parse(readFileSync(join(cdash, file), 'utf8'));
    const place = `${url}/cdash/${name}${path}&${run}`;
    await send(place, { method, adminToken, headers: { 'content-type': 'text/xml' }, body: readFileSync(join(cdash, body)) });
  }
  const junit = join(reports, 'junit');
  for (const file of readdirSync(junit).sort()) {
    const headers = { 'content-type': 'application/xml', 'larder-run': run.toString() };
    const place = `${url}/api/v1/mirrors/${encodeURIComponent(name)}/builds`;
    await send(place, { method: 'POST', adminToken, headers, body: readFileSync(join(junit, file)) });
  }
}

export async function loadSample({ url, state, adminToken }) {
  await step('load the sample mirror', async () => {
    await run(commandLine, ['push', sample, `${url}/mirrors/${mirror}`, '--token', adminToken]);
    await loadReports({ url, adminToken });
    mkdirSync(state, { recursive: true });
    writeFileSync(markIn(state), `${mirror}\n`);
  });
}
