// The scripts of the actions that fill a build cache, run as GitHub's jobs run them: a real Spack, a real Larder over
// https, and a stand-in for the runner only. Each job has an install tree and caches of its own, as a new runner has.
//
// Spack is the program that LARDER_SPACK names, or the one on the PATH; from 1.0 on, LARDER_SPACK_PACKAGES names the folder
// with its recipes (…/repos/spack_repo/builtin). It has to have clingo. No network is needed.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inRoot, workerEntry } from './paths.mjs';
import { startServer } from './server.mjs';

const admin = 'the-admin-token-of-the-tests';
const spack = process.env.LARDER_SPACK || onPath('spack');

function onPath(name) {
  const { status, stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
}

function reasonToSkip() {
  if (!existsSync(workerEntry)) return 'the worker is not built';
  if (!spack) return 'there is no Spack; name its program in LARDER_SPACK';
  const missing = ['curl', 'gcc', 'jq', 'make', 'openssl'].filter((program) => !onPath(program));
  return missing.length > 0 && `there is no ${missing.join(', no ')}`;
}

const skip = reasonToSkip();

// Since 1.0, compilers are packages, and the recipes are in another repository.
const hasCompilersAsPackages = !skip && Number(execFileSync(spack, ['--version'], { encoding: 'utf8' }).split('.')[0]) >= 1;
const builtin = process.env.LARDER_SPACK_PACKAGES;

/** Two packages that share what they need. */
const recipes = {
  'larder-base': { needs: [], file: 'base.h', source: '#define BASE 40\n' },
  'larder-one': { needs: ['larder-base'], file: 'one.c', source: '#include <base.h>\nint main(void) { return BASE + 1; }\n' },
  'larder-two': { needs: ['larder-base'], file: 'two.c', source: '#include <base.h>\nint main(void) { return BASE + 2; }\n' },
};

function recipe(name, { needs, file }, url, sha256) {
  const className = name.replace(/(^|-)(.)/g, (_, dash, letter) => letter.toUpperCase());
  return `${hasCompilersAsPackages ? 'from spack_repo.builtin.build_systems.generic import Package\n\n' : ''}import os

from spack.package import *


class ${className}(Package):
    """Made for a test."""

    homepage = "https://larder.example.org"
    version("1.0", url="${url}", sha256="${sha256}")
    depends_on("c", type="build")
${needs.map((need) => `    depends_on("${need}")\n`).join('')}
    def install(self, spec, prefix):
        mkdirp(prefix.bin, prefix.include)
        if "${file}".endswith(".c"):
            Executable(os.environ["CC"])("-o", os.path.join(str(prefix.bin), "program"), "${file}")
        else:
            install("${file}", prefix.include)
`;
}

/** A repository of recipes, with sources that lie beside it; gives what `repos.yaml` says of it. */
function writeRepository(folder) {
  const packages = hasCompilersAsPackages ? join(folder, 'spack_repo', 'larder') : folder;
  mkdirSync(join(packages, 'packages'), { recursive: true });
  writeFileSync(join(packages, 'repo.yaml'), `repo:\n  namespace: larder\n${hasCompilersAsPackages ? '  api: v2.0\n' : ''}`);
  for (const [name, one] of Object.entries(recipes)) {
    const source = join(folder, 'sources', `${name}-1.0`);
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, one.file), one.source);
    const archive = `${source}.tar.gz`;
    execFileSync('tar', ['-C', join(folder, 'sources'), '-czf', archive, `${name}-1.0`]);
    const sha256 = createHash('sha256').update(readFileSync(archive)).digest('hex');
    const place = join(packages, 'packages', hasCompilersAsPackages ? name.replaceAll('-', '_') : name);
    mkdirSync(place);
    writeFileSync(join(place, 'package.py'), recipe(name, one, `file://${archive}`, sha256));
  }
  return hasCompilersAsPackages ? `repos:\n  larder: ${packages}\n  builtin: ${builtin}\n` : `repos: [${packages}]\n`;
}

/** A new runner: a Spack on the PATH that has installed nothing and remembers nothing. */
function newRunner(folder, repository, number) {
  const runner = join(folder, `runner-${number}`);
  const own = (name) => join(runner, name);
  for (const name of ['scope', 'bin', 'temporary']) mkdirSync(own(name), { recursive: true });
  // What Spack knows of all its recipes takes it minutes to find out, and nothing in it is of this cache.
  const known = join(folder, 'runner-0', 'misc');
  if (existsSync(known)) cpSync(known, own('misc'), { recursive: true });
  const folders = [`install_tree: {root: ${own('tree')}}`, `build_stage: [${own('stage')}]`];
  folders.push(`source_cache: ${own('sources')}`, `misc_cache: ${own('misc')}`);
  writeFileSync(join(own('scope'), 'config.yaml'), `config:\n${folders.map((line) => `  ${line}\n`).join('')}`);
  writeFileSync(join(own('scope'), 'repos.yaml'), repository);
  writeFileSync(join(own('scope'), 'packages.yaml'), `packages:\n${systemPackages().map((line) => `  ${line}\n`).join('')}`);
  writeFileSync(own('bin/spack'), `#!/bin/sh\nexec "${spack}" -C "${own('scope')}" "$@"\n`, { mode: 0o755 });
  return {
    temporary: own('temporary'),
    environment: {
      PATH: `${own('bin')}:${process.env.PATH}`,
      SPACK_USER_CACHE_PATH: own('caches'),
      SPACK_DISABLE_LOCAL_CONFIG: '1',
      RUNNER_TEMP: own('temporary'),
      GITHUB_STEP_SUMMARY: own('summary.md'),
    },
  };
}

/** What the machine has, so that nothing large is built. */
function systemPackages() {
  const said = (program, argument) => execFileSync(program, [argument], { encoding: 'utf8' });
  const gmake = said('make', '--version').match(/GNU Make (\S+)/)[1];
  const packages = [`gmake: {externals: [{spec: gmake@${gmake}, prefix: /usr}], buildable: false}`];
  if (hasCompilersAsPackages) {
    const gcc = said('gcc', '-dumpfullversion').trim();
    const compilers = 'extra_attributes: {compilers: {c: /usr/bin/gcc, cxx: /usr/bin/g++}}';
    packages.push(`gcc: {externals: [{spec: "gcc@${gcc} languages:='c,c++'", prefix: /usr, ${compilers}}], buildable: false}`);
  }
  return packages;
}

/** What a job inherits of this process: where Python is, if somebody says so, and a home. */
function inherited() {
  return Object.fromEntries(['HOME', 'LANG', 'SPACK_PYTHON'].flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** Runs a program; the server in this process goes on answering. */
function run(program, args, environment = process.env) {
  const child = spawn(program, args, { env: environment });
  let [output, said] = ['', ''];
  child.stdout.on('data', (chunk) => (output += chunk) && (said += chunk));
  child.stderr.on('data', (chunk) => (said += chunk));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, output, said })));
}

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
  const first = newRunner(folder, repository, 0);
  const learn = 'import spack.repo; repo = spack.repo.PATH; repo.provider_index, repo.patch_index, repo.tag_index';
  const { status, said } = await run('spack', ['python', '-c', learn], { ...inherited(), ...first.environment });
  assert.equal(status, 0, said);

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
