// Remembers what a build was made from, so that it is made again only when something changed. Contents are compared,
// not times: a fresh checkout changes every time.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inRoot, root } from './paths.mjs';

function* files(base, path, ignored) {
  const full = join(base, path);
  if (!existsSync(full) || ignored.includes(path)) return;
  if (statSync(full).isFile()) return yield path;
  for (const name of readdirSync(full).sort()) yield* files(base, join(path, name), ignored);
}

/** A digest of the names and contents of all files in the given files and folders, without the ignored ones. */
export function digestOf(paths, ignored = [], base = root) {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of files(base, path, ignored)) {
      const content = readFileSync(join(base, file));
      hash.update(`${file}\0${content.length}\0`).update(content);
    }
  }
  return hash.digest('hex');
}

/** Calls `build` unless its outputs are there and were made from the same inputs. */
export async function unlessFresh({ name, inputs, ignored, outputs }, build) {
  const stamp = inRoot('target', 'larder', `${name}.sha256`);
  // Taken before the build: what is edited while it runs is then seen the next time.
  const digest = digestOf(inputs, ignored);
  const isFresh = existsSync(stamp) && readFileSync(stamp, 'utf8') === digest && outputs.every((each) => existsSync(each));
  if (isFresh) return;
  await build();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
}
