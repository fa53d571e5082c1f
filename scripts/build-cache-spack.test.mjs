// The scripts of the actions that fill a build cache, run as GitHub's jobs run them: a real Spack, a real Larder over
// https, and a stand-in for the runner only. Each job has an install tree and caches of its own, as a new runner has.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inRoot } from './paths.mjs';
import { inherited, learnRecipes, newRunner, reasonToSkip, recipes, run, writeRepository } from './real-spack.mjs';
import { startServer } from './server.mjs';

const admin = 'the-admin-token-of-the-tests';
const skip = reasonToSkip('curl', 'jq', 'gcc');

test('what a first run built, a second one reuses whole', { skip, timeout: 900_000 }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'larder-runs-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const variables = { LARDER_ADMIN_TOKEN: admin };
  const server = await startServer({ host: '127.0.0.1', port: 0, state: join(folder, 'state'), https: true, variables });
  context.after(() => server.stop());
  const api = async (path, body) => {
    const sent = body ? ['--json', JSON.stringify(body)] : [];
    const options = ['-sS', '--fail-with-body', '--cacert', server.certificate, '-H', `Authorization: Bearer ${admin}`];
    const { status, output, said } = await run('curl', [...options, ...sent, `${server.url}/api/v1/${path}`]);
    assert.equal(status, 0, said);
    return JSON.parse(output);
  };
  await api('mirrors', { name: 'group/cache' });
  const { secret } = await api('tokens', { name: 'ci', mirrors: ['group/cache'], scopes: ['push', 'report'] });
  const mirror = `${server.url}/mirrors/group/cache`;
  const repository = writeRepository(join(folder, 'recipes'));
  let runners = 0;
  await learnRecipes(folder, repository);

  /** One job of the matrix, on a runner of its own. */
  const job = async (spec, number) => {
    const runner = newRunner(folder, repository, (runners += 1));
    const script = inRoot('.github', 'actions', 'build', 'build.sh');
    const ended = await run('bash', [script, 'build'], {
      ...inherited(),
      ...runner.environment,
      SSL_CERT_FILE: server.certificate,
      GITHUB_RUN_ID: String(number),
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: 'octo-org/cache',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: '0123456789abcdef0123456789abcdef01234567',
      GITHUB_JOB: 'build',
      RUNNER_NAME: `runner-${spec}`,
      LARDER_SPEC: spec,
      LARDER_MIRROR: mirror,
      LARDER_TOKEN: secret,
      LARDER_JOB: 'ubuntu-24.04',
      LARDER_PAUSE_SECONDS: '1',
    });
    assert.equal(ended.status, 0, ended.said);
    const outcome = JSON.parse(readFileSync(join(runner.temporary, 'larder-build', 'outcome.json'), 'utf8'));
    return { ...outcome, said: ended.said, summary: readFileSync(runner.environment.GITHUB_STEP_SUMMARY, 'utf8') };
  };
  const matrix = (number) => Promise.all(['larder-one', 'larder-two'].map((spec) => job(spec, number)));
  const names = (packages) => packages.map((name) => name.split('@')[0]).sort();

  // Jobs that run at once may both build what they share.
  for (const { spec, built, reused, not_pushed: notPushed, links, said } of await matrix(1)) {
    assert.deepEqual(notPushed, [], said);
    assert.ok(built.some((name) => name.startsWith(`${spec}@`)), said);
    assert.ok(names([...built, ...reused]).includes('larder-base'), said);
    assert.ok(links.length > 0, said);
  }
  const before = await api('mirrors/group%2Fcache');
  const { items: builds } = await api('mirrors/group%2Fcache/builds');
  // A package that both built is pushed once, and proves one of the two.
  assert.ok(builds.every(({ status }) => ['built', 'reused', 'unknown'].includes(status)), JSON.stringify(builds));
  assert.deepEqual([...new Set(builds.map((build) => build.package))].filter((name) => name.startsWith('larder-')).sort(), Object.keys(recipes));

  for (const { spec, installed, built, reused, not_pushed: notPushed, summary, said } of await matrix(2)) {
    assert.deepEqual({ installed, built, notPushed }, { installed: true, built: [], notPushed: [] }, said);
    assert.deepEqual(names(reused).filter((name) => name.startsWith('larder-')), ['larder-base', spec], said);
    assert.match(summary, /^### Build cache: 0 built, [23] reused, 0 of 1 failed\n/, said);
  }
  const total = join(folder, 'total.md');
  const outcomes = [3, 4].map((number) => join(folder, `runner-${number}`, 'temporary', 'larder-build', 'outcome.json'));
  const summed = { ...inherited(), PATH: process.env.PATH, GITHUB_STEP_SUMMARY: total, LARDER_REPORTS: mirror };
  await run('bash', [inRoot('.github', 'actions', 'build', 'build.sh'), 'total', ...outcomes], summed);
  assert.match(readFileSync(total, 'utf8'), /^### Build cache: 0 built, [4-6] reused, 0 of 2 failed\n/);
  const after = await api('mirrors/group%2Fcache');
  assert.deepEqual([after.specs, after.generation], [before.specs, before.generation]);
  context.diagnostic(readFileSync(total, 'utf8'));
});
