// The scripts of the actions that fill a build cache, where they need no Spack.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inRoot } from './paths.mjs';

const actions = (...parts) => inRoot('.github', 'actions', ...parts);

// What a runner's shell has, and no more.
function run(script, args, environment) {
  const options = { env: { PATH: process.env.PATH, ...environment }, encoding: 'utf8' };
  return spawnSync('bash', [script, ...args], options);
}

const check = (asked) => run(actions('build', 'build.sh'), ['check'], asked);

const larder = { LARDER_MIRROR: 'https://larder.example.org/mirrors/opt/a', LARDER_TOKEN: 'lrd_1' };

test('what can be built is let through', () => {
  for (const asked of [
    { LARDER_SPEC: 'hdf5@1.14: +mpi ^openmpi', LARDER_COMPILER: 'gcc@13', LARDER_TARGET: 'x86_64_v3', ...larder },
    { LARDER_SPEC: 'hdf5 %gcc@13 cflags="-O3"', ...larder },
    { LARDER_SPEC: 'zlib', LARDER_MIRROR: 'https://host/mirrors/m', ACTIONS_ID_TOKEN_REQUEST_URL: 'https://github.example/' },
    { LARDER_SPEC: 'zlib', LARDER_MIRROR: 'oci://ghcr.io/octo-org/cache', LARDER_REGISTRY_PASSWORD: 'secret' },
    { LARDER_SPEC: 'zlib', LARDER_MIRROR: '/srv/cache' },
  ]) {
    const { status, stderr } = check(asked);
    assert.equal(status, 0, `${JSON.stringify(asked)}: ${stderr}`);
  }
});

test('what cannot be built is said in words', () => {
  for (const [asked, words] of [
    [{}, /There is no spec/],
    [{ LARDER_SPEC: '--help', ...larder }, /"--help" is not a spec/],
    [{ LARDER_SPEC: 'zlib; id', ...larder }, /"zlib; id" is not a spec/],
    [{ LARDER_SPEC: 'zlib\n::stop', ...larder }, /"zlib\?::stop" is not a spec/],
    [{ LARDER_SPEC: 'zlib $(id)', ...larder }, /is not a spec/],
    [{ LARDER_SPEC: 'zlib', LARDER_COMPILER: 'gcc 13', ...larder }, /"gcc 13" is not a compiler/],
    [{ LARDER_SPEC: 'zlib%gcc', LARDER_COMPILER: 'clang', ...larder }, /Both the spec "zlib%gcc" and the compiler "clang"/],
    [{ LARDER_SPEC: 'zlib', LARDER_TARGET: 'x86-64', ...larder }, /"x86-64" is not a target/],
    [{ LARDER_SPEC: 'zlib' }, /"" is not a mirror/],
    [{ LARDER_SPEC: 'zlib', LARDER_MIRROR: 'https://host/m' }, /is not a mirror. Expected https:\/\/HOST\/mirrors\/NAME/],
    [{ LARDER_SPEC: 'zlib', LARDER_MIRROR: 'oci://ghcr.io/a/b' }, /no password for the registry/],
    [{ LARDER_SPEC: 'zlib', LARDER_MIRROR: 'https://host/mirrors/m' }, /There is no token. Give the job the permission id-token/],
    [{ LARDER_SPEC: 'zlib', LARDER_MIRROR: '/srv', LARDER_REPORTS: 'ftp://x' }, /cannot be told of builds/],
  ]) {
    const { status, stdout, stderr } = check(asked);
    assert.equal(status, 2, JSON.stringify(asked));
    assert.equal(stdout, '');
    assert.match(stderr, /^::error title=Build cache::[^\n]+\n$/);
    assert.match(stderr, words);
  }
});

function folder(context) {
  const made = mkdtempSync(join(tmpdir(), 'larder-build-cache-'));
  context.after(() => rmSync(made, { recursive: true }));
  return made;
}

test('the summary tells what was built, reused and failed', (context) => {
  const here = folder(context);
  const outcomes = [
    {
      spec: 'hdf5+mpi %gcc@13',
      job: 'ubuntu-24.04',
      installed: true,
      built: ['zlib@1.3.1', 'hdf5@1.14.6'],
      reused: ['openmpi@5.0.6'],
      not_pushed: [],
      links: ['https://larder.example.org/cdash/m/buildSummary.php?buildid=7'],
    },
    { spec: 'evil`|<b>', job: '', installed: false, built: [], reused: [], not_pushed: [], links: [] },
    { spec: 'big', job: '', installed: true, built: ['big@1'], reused: [], not_pushed: ['big@1'], links: [] },
  ];
  const files = outcomes.map((outcome, index) => {
    const file = join(here, `${index}.json`);
    writeFileSync(file, JSON.stringify(outcome));
    return file;
  });
  const summary = join(here, 'summary.md');
  const runner = { GITHUB_STEP_SUMMARY: summary, GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'o/r', GITHUB_RUN_ID: '5' };
  const reports = { LARDER_REPORTS: 'https://larder.example.org/mirrors/m' };
  const { status, stderr } = run(actions('build', 'build.sh'), ['total', ...files], { ...runner, ...reports });
  assert.equal(status, 0, stderr);
  assert.equal(
    readFileSync(summary, 'utf8'),
    `### Build cache: 3 built, 1 reused, 1 of 3 failed

| spec | job | result | built | reused | reports |
|---|---|---|---|---|---|
| \`hdf5+mpi %gcc@13\` | \`ubuntu-24.04\` | installed | \`zlib@1.3.1\` \`hdf5@1.14.6\` | 1 | [1](https://larder.example.org/cdash/m/buildSummary.php?buildid=7) |
| \`evil  <b>\` |  | **failed** |  | 0 |  |
| \`big\` |  | **not pushed:** \`big@1\` | \`big@1\` | 0 |  |

[The cache](https://larder.example.org/m/m) · [this run](https://github.com/o/r/actions/runs/5)
`,
  );
});

const choose = (here, asked) => {
  const [output, summary] = ['output', 'summary.md'].map((name) => join(here, name));
  writeFileSync(output, '');
  writeFileSync(summary, '');
  const ended = run(actions('choose', 'choose.sh'), [], { GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary, ...asked });
  return { ...ended, output: readFileSync(output, 'utf8'), summary: readFileSync(summary, 'utf8') };
};

test('without a Larder, packages are drawn from the list', (context) => {
  const { status, output, summary, stderr } = choose(folder(context), { LARDER_COUNT: '2', LARDER_NAMES: 'zlib\n hdf5  curl' });
  assert.equal(status, 0, stderr);
  const specs = JSON.parse(output.match(/^specs=(.*)\n$/)[1]);
  assert.equal(new Set(specs).size, 2);
  assert.ok(specs.every((spec) => ['zlib', 'hdf5', 'curl'].includes(spec)), output);
  assert.match(summary, /^### Chosen: 2\n/);
});

test('a number of packages is from 1 to 256', (context) => {
  const here = folder(context);
  for (const count of ['', '0', '257', '-1', '1; id']) {
    const { status, stderr, output } = choose(here, { LARDER_COUNT: count, LARDER_NAMES: 'zlib' });
    assert.deepEqual([status, output], [2, ''], count);
    assert.match(stderr, /is no number of packages/);
  }
});
