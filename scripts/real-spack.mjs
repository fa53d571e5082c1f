// A real Spack, for tests: a small repository of recipes, and machines that it was just installed on.
//
// Spack is the program that LARDER_SPACK names, or the one on the PATH; from 1.0 on, LARDER_SPACK_PACKAGES names the folder
// with its recipes (…/repos/spack_repo/builtin). It has to have clingo. No network is needed.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workerEntry } from './paths.mjs';

const spack = process.env.LARDER_SPACK || onPath('spack');

function onPath(name) {
  const { status, stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
}

/** Why there can be no test with a real Spack that needs these programs; `false` when there can. */
export function reasonToSkip(...programs) {
  if (!existsSync(workerEntry)) return 'the worker is not built';
  if (!spack) return 'there is no Spack; name its program in LARDER_SPACK';
  if (isOfPackages && !builtin) return 'Spack has no recipes; name the folder of its builtin repository in LARDER_SPACK_PACKAGES';
  const missing = ['git', 'make', 'openssl', ...programs].filter((program) => !onPath(program));
  return missing.length > 0 && `there is no ${missing.join(', no ')}`;
}

/** Whether this Spack is 1.0 or later: compilers are packages, and the recipes lie in another repository. */
export const isOfPackages = spack !== '' && Number(execFileSync(spack, ['--version'], { encoding: 'utf8' }).split('.')[0]) >= 1;
const builtin = process.env.LARDER_SPACK_PACKAGES;

/** Two packages that share what they need. The compiler of Spack 1.0 needs a wrapper from the network, so there none compiles. */
export const recipes = {
  'larder-base': { needs: [], file: 'base.h', source: '#define BASE 40\n' },
  'larder-one': { needs: ['larder-base'], file: 'one.c', source: '#include <base.h>\nint main(void) { return BASE + 1; }\n' },
  'larder-two': { needs: ['larder-base'], file: 'two.c', source: '#include <base.h>\nint main(void) { return BASE + 2; }\n' },
};

function recipe(name, { needs, file }, url, sha256) {
  const className = name.replace(/(^|-)(.)/g, (_, dash, letter) => letter.toUpperCase());
  return `${isOfPackages ? 'from spack_repo.builtin.build_systems.generic import Package\n\n' : ''}import os

from spack.package import *


class ${className}(Package):
    """Made for a test."""

    homepage = "https://larder.example.org"
    version("1.0", url="${url}", sha256="${sha256}")
${isOfPackages ? '' : '    depends_on("c", type="build")\n'}${needs.map((need) => `    depends_on("${need}")\n`).join('')}
    def install(self, spec, prefix):
        mkdirp(prefix.bin, prefix.include)
        if ${isOfPackages ? 'False' : `"${file}".endswith(".c")`}:
            Executable(os.environ["CC"])("-o", os.path.join(str(prefix.bin), "program"), "${file}")
        else:
            install("${file}", prefix.include)
`;
}

/** A repository of recipes, with sources that lie beside it; gives what `repos.yaml` says of it. */
export function writeRepository(folder) {
  const packages = isOfPackages ? join(folder, 'spack_repo', 'larder') : folder;
  mkdirSync(join(packages, 'packages'), { recursive: true });
  writeFileSync(join(packages, 'repo.yaml'), `repo:\n  namespace: larder\n${isOfPackages ? '  api: v2.0\n' : ''}`);
  for (const [name, one] of Object.entries(recipes)) {
    const source = join(folder, 'sources', `${name}-1.0`);
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, one.file), one.source);
    const archive = `${source}.tar.gz`;
    execFileSync('tar', ['-C', join(folder, 'sources'), '-czf', archive, `${name}-1.0`]);
    const sha256 = createHash('sha256').update(readFileSync(archive)).digest('hex');
    const place = join(packages, 'packages', isOfPackages ? name.replaceAll('-', '_') : name);
    mkdirSync(place);
    writeFileSync(join(place, 'package.py'), recipe(name, one, `file://${archive}`, sha256));
  }
  return isOfPackages ? `repos:\n  larder: ${packages}\n  builtin: ${builtin}\n` : `repos: [${packages}]\n`;
}

/** A new runner: a Spack on the PATH that has installed nothing and remembers nothing. */
export function newRunner(folder, repository, number) {
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
    scope: own('scope'),
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
  if (isOfPackages) {
    const gcc = said('gcc', '-dumpfullversion').trim();
    const compilers = 'extra_attributes: {compilers: {c: /usr/bin/gcc, cxx: /usr/bin/g++}}';
    packages.push(`gcc: {externals: [{spec: "gcc@${gcc} languages:='c,c++'", prefix: /usr, ${compilers}}], buildable: false}`);
  }
  return packages;
}

/** What a job inherits of this process: where Python is, if somebody says so, and a home. */
export function inherited() {
  return Object.fromEntries(['HOME', 'LANG', 'SPACK_PYTHON'].flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** Runs a program; the server in this process goes on answering. */
export function run(program, args, environment = process.env) {
  const child = spawn(program, args, { env: environment });
  let [output, said] = ['', ''];
  child.stdout.on('data', (chunk) => (output += chunk) && (said += chunk));
  child.stderr.on('data', (chunk) => (said += chunk));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, output, said })));
}

/** Lets the first machine learn all recipes; those after it know what it learnt. */
export async function learnRecipes(folder, repository) {
  const { environment } = newRunner(folder, repository, 0);
  const learn = 'import spack.repo; repo = spack.repo.PATH; repo.provider_index, repo.patch_index, repo.tag_index';
  const { status, said } = await run('spack', ['python', '-c', learn], { ...inherited(), ...environment });
  if (status !== 0) throw new Error(said);
}
