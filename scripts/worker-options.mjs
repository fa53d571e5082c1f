// Reads `wrangler.toml` into the options miniflare takes, as wrangler itself would. Loading wrangler takes a second
// or two, so its answer is kept and used until the file or wrangler changes.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot, toolsFolder } from './paths.mjs';

async function ask(configuration) {
  process.env.WRANGLER_SEND_METRICS = 'false';
  const { unstable_getMiniflareWorkerOptions: getOptions } = await import('wrangler');
  // No env files: what a server knows comes from its command line only.
  const { workerOptions, main } = getOptions(configuration, undefined, { envFiles: [] });
  return { ...workerOptions, scriptPath: main };
}

export async function workerOptions(configuration) {
  const hash = createHash('sha256').update(configuration).update(readFileSync(configuration));
  hash.update(readFileSync(inRoot('package-lock.json')));
  const kept = join(toolsFolder, 'worker-options', `${hash.digest('hex').slice(0, 16)}.json`);
  try {
    return JSON.parse(readFileSync(kept, 'utf8'));
  } catch {
    // Not asked before.
  }
  const options = await ask(configuration);
  mkdirSync(join(kept, '..'), { recursive: true });
  // Several servers may start at once: each reads a whole file or none.
  writeFileSync(`${kept}.${process.pid}`, JSON.stringify(options));
  renameSync(`${kept}.${process.pid}`, kept);
  return options;
}
