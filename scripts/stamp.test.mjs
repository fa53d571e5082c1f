import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from './stamp.mjs';

test('a digest follows names and contents, not times or ignored files', (context) => {
  const base = mkdtempSync(join(tmpdir(), 'larder-stamp-'));
  context.after(() => rmSync(base, { recursive: true }));
  const digest = () => digestOf(['source', 'missing'], ['source/output'], base);
  mkdirSync(join(base, 'source', 'output'), { recursive: true });
  writeFileSync(join(base, 'source', 'one'), 'a');
  const first = digest();

  utimesSync(join(base, 'source', 'one'), 0, 0);
  writeFileSync(join(base, 'source', 'output', 'made'), 'b');
  assert.equal(digest(), first);

  writeFileSync(join(base, 'source', 'one'), 'c');
  assert.notEqual(digest(), first);
  writeFileSync(join(base, 'source', 'one'), 'a');
  assert.equal(digest(), first);

  renameSync(join(base, 'source', 'one'), join(base, 'source', 'two'));
  assert.notEqual(digest(), first);
});
