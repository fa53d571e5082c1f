// Loads the sample mirror, once, the way anybody's mirror is loaded: with `larder push`.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine, inRoot } from './paths.mjs';
import { run, step } from './run.mjs';

const sample = inRoot('tests', 'fixtures', 'mirror-v2');
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

export async function loadSample({ url, state, adminToken }) {
  await step('load the sample mirror', async () => {
    await run(commandLine, ['push', sample, `${url}/mirrors/${mirror}`, '--token', adminToken]);
    mkdirSync(state, { recursive: true });
    writeFileSync(markIn(state), `${mirror}\n`);
  });
}
