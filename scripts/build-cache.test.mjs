// The scripts of the actions that fill a build cache, where they need no Spack.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

// Programs in a folder of their own, before those of the machine.
function programs(here, texts) {
  const folder = join(here, 'programs');
  mkdirSync(folder);
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return { PATH: `${folder}:${process.env.PATH}` };
}

function git(folder, when, ...args) {
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.org', '-c', 'commit.gpgsign=false'];
  const env = { ...process.env, GIT_COMMITTER_DATE: when, GIT_AUTHOR_DATE: when };
  const { status, stderr } = spawnSync('git', ['-C', folder, ...who, ...args], { env, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

test('a Larder is told which recipes changed, and when', (context) => {
  const here = folder(context);
  const recipes = join(here, 'recipes');
  const daysAgo = (days) => new Date(Date.now() - days * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const change = (when, ...names) => {
    for (const name of names) {
      mkdirSync(join(recipes, 'builtin', 'packages', name), { recursive: true });
      writeFileSync(join(recipes, 'builtin', 'packages', name, 'package.py'), `# ${when}`);
    }
    git(recipes, when, 'add', '--all');
    git(recipes, when, 'commit', '--quiet', '--message', 'Change');
  };
  mkdirSync(recipes);
  git(recipes, daysAgo(0), 'init', '--quiet');
  const [first, long, older, newer] = [daysAgo(300), daysAgo(200), daysAgo(20), daysAgo(10)];
  change(first, 'curl');
  change(long, 'hdf5', 'zlib', 'perl');
  change(older, 'hdf5', 'py_numpy', '_7zip');
  change(newer, 'hdf5');
  const told = join(here, 'told');
  const stand = {
    spack: `[ "$*" = 'location --packages' ] && echo '${recipes}/builtin'`,
    // What it is called with, and what the file says that names the changes.
    larder: `echo "$*" >'${told}'; while [ "$1" != --changed ]; do shift; done; cat "$2" >>'${told}'; echo '[{"spec": "hdf5", "why": "x"}]'`,
  };
  const larder = { LARDER_REPORTS: 'https://larder.example.org/mirrors/m', LARDER_TOKEN: 'lrd_1' };
  const asked = { LARDER_COUNT: '3', LARDER_NAMES: 'hdf5 zlib', ...larder };
  const { status, output, stderr } = choose(here, { ...asked, ...programs(here, stand) });
  assert.equal(status, 0, stderr);
  assert.equal(output, 'specs=["hdf5"]\n');
  const [call, ...changes] = readFileSync(told, 'utf8').trim().split('\n');
  assert.match(call, /^suggest https:\/\/larder\.example\.org\/mirrors\/m --count 3 --by demand,failures,age,random --names /);
  assert.deepEqual(changes.sort(), [`_7zip ${older}`, `7zip ${older}`, `hdf5 ${newer}`, `py_numpy ${older}`, `py-numpy ${older}`].sort());
});

test('where the history of the recipes is not known, packages are chosen all the same', (context) => {
  const here = folder(context);
  const stand = { spack: 'exit 1', larder: `while [ "$1" != --changed ]; do shift; done; wc -c <"$2" >&2; echo '[]'` };
  const larder = { LARDER_REPORTS: 'https://larder.example.org/mirrors/m', LARDER_TOKEN: 'lrd_1' };
  const { status, output, stderr } = choose(here, { LARDER_COUNT: '3', LARDER_NAMES: 'hdf5', ...larder, ...programs(here, stand) });
  assert.deepEqual([status, output, stderr], [0, 'specs=[]\n', '0\n']);
});

test('a number of packages is from 1 to 256', (context) => {
  const here = folder(context);
  for (const count of ['', '0', '257', '-1', '1; id']) {
    const { status, stderr, output } = choose(here, { LARDER_COUNT: count, LARDER_NAMES: 'zlib' });
    assert.deepEqual([status, output], [2, ''], count);
    assert.match(stderr, /is no number of packages/);
  }
});
