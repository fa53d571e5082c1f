// A Larder of its own for each test file, with a browser in front of it.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { commandLine, inRoot } from '../../scripts/paths.mjs';
import { findChromium } from '../../scripts/test-programs.mjs';

const token = 'a-token-for-tests-that-is-long-enough';

/** The mirror with 53 signed packages that Spack 0.23 made. */
export const sample = inRoot('tests', 'fixtures', 'mirror-v2');

/** The mirror with 18 unsigned ones. */
export const unsignedSample = inRoot('tests', 'fixtures', 'mirror-v2-unsigned');

const desktop = { width: 1440, height: 900 };
export const phone = { width: 390, height: 844 };

/** Starts the built worker with empty storage; `stop` ends it and removes what it stored. */
export async function startLarder() {
  const state = await mkdtemp(join(tmpdir(), 'larder-browser-'));
  const serve = inRoot('scripts', 'serve.mjs');
  const args = [serve, '--port', '0', '--state', state, '--exit-with-stdin', '--var', `LARDER_ADMIN_TOKEN=${token}`];
  const server = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const url = await readyAddress(server);
  return {
    url,
    token,
    /** Pushes a folder into a mirror, as people do. */
    async push(folder, mirror) {
      await promisify(execFile)(commandLine, ['push', folder, `${url}/mirrors/${mirror}`, '--token', token, '--quiet']);
    },
    /** Makes a mirror, empty or with an origin. */
    async createMirror(mirror) {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${url}/api/v1/mirrors`, { method: 'POST', headers, body: JSON.stringify(mirror) });
      assert.equal(answer.status, 201, await answer.text());
    },
    /** Asks the worker for something, as somebody who may. */
    async send(method, path, body, headers = {}) {
      const answer = await fetch(url + path, { method, headers: { authorization: `Bearer ${token}`, ...headers }, body });
      const text = await answer.text();
      assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
      return text.startsWith('{') ? JSON.parse(text) : text;
    },
    /** Hands in builds as JSON. */
    async report(mirror, run, builds) {
      const body = JSON.stringify({ run, builds });
      return this.send('POST', `/api/v1/mirrors/${encodeURIComponent(mirror)}/builds`, body, { 'content-type': 'application/json' });
    },
    /** Hands in the log of a build. */
    putLog(mirror, id, log, headers = {}) {
      return this.send('PUT', `/api/v1/mirrors/${encodeURIComponent(mirror)}/builds/${id}/log`, log, { 'content-type': 'text/plain', ...headers });
    },
    /** Sends what Spack sent when the reports of `tests/fixtures/reports` were recorded: two runs, of seven and four packages. */
    async replay(mirror) {
      const recorded = inRoot('tests', 'fixtures', 'reports');
      for (const name of (await readdir(join(recorded, 'cdash'))).filter((each) => each.endsWith('.json')).sort()) {
        const { method, path, body } = JSON.parse(await readFile(join(recorded, 'cdash', name), 'utf8'));
        await this.send(method, `/cdash/${mirror}${path}`, await readFile(join(recorded, 'cdash', body)), { 'content-type': 'text/xml' });
      }
      const query = 'provider=github&repository=octo-org/stack&run=1658821493&attempt=2&job=zen3&commit=0a1b2c3d4e5f60718293a4b5c6d7e8f901234567&ref=refs/heads/main&runner=zen3-runner-1';
      for (const name of (await readdir(join(recorded, 'junit'))).sort()) {
        const path = `/api/v1/mirrors/${encodeURIComponent(mirror)}/builds?${query}`;
        await this.send('POST', path, await readFile(join(recorded, 'junit', name)), { 'content-type': 'application/xml' });
      }
    },
    /**
     * Pushes specs that nobody built: each is a package of the unsigned sample, with its root changed and a hash of its
     * own. Answers the hashes, in order.
     */
    async pushChanged(mirror, package_, changes) {
      const { file, tarball } = await unsignedPackage(package_);
      const hashes = [];
      for (const change of changes) {
        const document = JSON.parse(file);
        const [root] = document.spec.nodes;
        change(root);
        root.hash = hashOf(`${mirror} ${package_} ${JSON.stringify(root)}`);
        const { name, version, arch, compiler } = root;
        const [machine, made] = [`${arch.platform}-${arch.platform_os}-${arch.target}`, `${compiler.name}-${compiler.version}`];
        const stem = `${machine}-${made}-${name}-${version}-${root.hash}`;
        const folder = `/mirrors/${mirror}/build_cache`;
        await this.send('PUT', `${folder}/${machine}/${made}/${name}-${version}/${stem}.spack`, tarball);
        await this.send('PUT', `${folder}/${stem}.spec.json`, JSON.stringify(document));
        hashes.push(root.hash);
      }
      return hashes;
    },
    async stop() {
      server.stdin.end();
      await new Promise((resolve) => (server.exitCode === null ? server.once('exit', resolve) : resolve()));
      await rm(state, { recursive: true, force: true });
    },
  };
}

/** The spec file and the tarball of a package of the unsigned sample. */
export async function unsignedPackage(package_) {
  const folder = join(unsignedSample, 'build_cache');
  const all = await readdir(folder, { recursive: true });
  const find = (end) => all.find((name) => name.includes(`-${package_}-`) && name.endsWith(end));
  return { file: await readFile(join(folder, find('.spec.json')), 'utf8'), tarball: await readFile(join(folder, find('.spack'))) };
}

/** A hash as Spack writes them, of what is to have one. */
function hashOf(text) {
  const letters = 'abcdefghijklmnopqrstuvwxyz234567';
  return [...createHash('sha256').update(text).digest()].map((byte) => letters[byte % 32]).join('');
}

/** Eight specs of zlib, of three versions, on two systems and for four targets; the first is the sample's own. */
export async function pushSeveral(larder, mirror) {
  const built = (version, os, target, change = () => {}) => (root) => {
    root.version = version;
    root.arch.platform_os = os;
    root.arch.target = target;
    change(root);
  };
  const without = (variant) => (root) => (root.parameters[variant] = false);
  return larder.pushChanged(mirror, 'zlib', [
    built('1.3.1', 'debian12', 'x86_64_v3', without('shared')),
    built('1.3.1', 'debian12', 'x86_64_v4'),
    built('1.3.1', 'debian12', 'zen2'),
    built('1.3.1', 'rhel9', 'zen2', (root) => (root.compiler.version = '11.4.0')),
    built('1.3', 'debian12', 'x86_64_v3'),
    built('1.3', 'rhel9', 'zen3', without('pic')),
    built('1.2.13', 'rhel9', 'zen2'),
  ]);
}

/** The hash that clients ask for most in vain, once they did. */
export const wantedHash = 'hhhhhhhhhhhhhhhhhhhhhhhhhhhhhh57';

/** Asks a mirror of the sample for five packages that are there, and for three that are not. */
export async function wanted(larder, mirror) {
  const { items } = await larder.send('GET', `/api/v1/mirrors/${encodeURIComponent(mirror)}/specs?limit=5`);
  for (const { name, version, hash } of items) {
    await larder.send('GET', `/mirrors/${mirror}/v3/manifests/spec/${name}/${name}-${version}-${hash}.spec.manifest.json`);
  }
  const missing = [
    ...Array(3).fill(`build_cache/linux-debian12-zen3-gcc-12.2.0-hdf5-1.14.6-${wantedHash}.spec.json`),
    `v3/manifests/spec/py-numpy/py-numpy-2.1.2-${'n'.repeat(32)}.spec.manifest.json`,
    `build_cache/linux-ubuntu24.04-neoverse_v2-gcc-13.2.0-openmpi-5.0.6-${'o'.repeat(32)}.spec.json`,
  ];
  for (const path of missing) assert.equal((await fetch(`${larder.url}/mirrors/${mirror}/${path}`)).status, 404, path);
}

async function readyAddress(server) {
  for await (const line of createInterface({ input: server.stdout })) {
    const ready = line.match(/^Larder is ready at (\S+)$/);
    if (ready) {
      server.stdout.resume();
      return ready[1];
    }
  }
  throw new Error('The server ended before it was ready; its output is above. Was everything built (npm run build)?');
}

// Without these, Chromium looks for hosts of its own, which some networks refuse.
const quiet = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Starts the browser. */
export function startBrowser() {
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: findChromium(), args: ['--disable-gpu', ...quiet, ...asRoot] });
}

/**
 * Opens an empty page that notes what goes wrong in `page.problems`: errors in the console, and exceptions.
 * What the browser itself says about an answer of 4xx or 5xx is no error of the page.
 */
export async function openPage(browser, larder, options = {}) {
  // What a service worker asks for passes by the routes of a test.
  const context = await browser.newContext({ viewport: desktop, baseURL: larder.url, serviceWorkers: 'block', ...options });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: larder.url });
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type()) || /^Failed to load resource|^Service Worker registration blocked/.test(message.text())) return;
    page.problems.push(message.text());
  });
  return page;
}

/** Goes to a path and waits until nothing more is loading. */
export async function visit(page, path) {
  await page.goto(path);
  await settled(page);
}

/** Has the dashboard use a token, as its dialog does with an admin's. */
export const useToken = (page, secret) => page.evaluate((given) => {
  sessionStorage.setItem('larder-token', given);
  sessionStorage.setItem('larder-token-admin', 'yes');
}, secret);

/** Goes to a list of packages and waits until it is that of the catalogue, which takes the place of the server's. */
export async function visitList(page, path) {
  await visit(page, path);
  await page.locator('.found-words').waitFor();
}

/** Leaves a page without the program that searches, so that its list is the server's. */
export const withoutFinder = (page) => page.route('**/finder-start.js', (route) => route.abort());

/** Waits until the page has a title and nothing is loading. */
export async function settled(page) {
  await page.locator('main h1').waitFor();
  await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null && !('busy' in document.documentElement.dataset));
}

/** Path and query of the page. */
export function address(page) {
  const { pathname, search } = new URL(page.url());
  return pathname + search;
}

/** What has the keyboard, as its text. */
export const focusedText = (page) => page.evaluate(() => document.activeElement?.textContent ?? '');

export const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

/** The failure that the recorded reports of `syntax-error` show. */
export async function failureOf(larder, mirror, package_) {
  const { items } = await larder.send('GET', `/api/v1/mirrors/${mirror}/failures?state=all&package=${package_}`);
  return items[0];
}

/** The newest build of a package. */
export async function buildOf(larder, mirror, package_, filter = '') {
  const { items } = await larder.send('GET', `/api/v1/mirrors/${mirror}/builds?package=${package_}${filter}`);
  return items[0];
}

/** The pages about builds, once the recorded reports were replayed. */
export async function reportPages(larder, mirror) {
  const failure = await failureOf(larder, mirror, 'syntax-error');
  const failed = await buildOf(larder, mirror, 'syntax-error');
  const blocked = await buildOf(larder, mirror, 'app-on-broken');
  const { items: runs } = await larder.send('GET', `/api/v1/mirrors/${mirror}/runs`);
  const seven = runs.find(({ counts }) => counts.failed === 5 || counts.blocked === 1);
  return {
    builds: `/m/${mirror}/-/builds`,
    'builds filtered': `/m/${mirror}/-/builds?status=failed`,
    run: `/m/${mirror}/-/runs/${seven.id}`,
    failures: `/m/${mirror}/-/failures`,
    failure: `/m/${mirror}/-/failures/${failure.signature}`,
    build: `/m/${mirror}/-/builds/${failed.id}`,
    'build blocked': `/m/${mirror}/-/builds/${blocked.id}`,
    log: `/m/${mirror}/-/builds/${failed.id}/log`,
    'log plain': `/m/${mirror}/-/builds/${failed.id}/log?plain=1`,
    'no such build': `/m/${mirror}/-/builds/99999`,
    'no such failure': `/m/${mirror}/-/failures/0000000000000000`,
    'no failure is like that': `/m/${mirror}/-/failures?kind=patch`,
  };
}

/**
 * A log as large builds have them: compiler lines, a warning now and then, colours, and at `errorAt` what broke.
 * Its lines are numbered by what they say.
 */
export function longLog(lines, errorAt, package_ = 'large') {
  const text = [];
  for (let line = 1; line <= lines; line += 1) {
    if (line === errorAt) text.push(`src/deep/tree.c:${line}:7: error: 'broken_${line}' undeclared (first use in this function)`);
    else if (line === 1) text.push(`==> ${package_}: Executing phase: 'build'`);
    else if (line % 1000 === 0) text.push(`src/unit_${line}.c:3:1: \u001b[35mwarning:\u001b[0m unused variable 'x' [-Wunused-variable]`);
    else text.push(`[${line}/${lines}] cc -O2 -g -Wall -Iinclude -c src/unit_${line}.c -o obj/unit_${line}.o`);
  }
  return `${text.join('\n')}\n`;
}

/** A build of its own run that failed, with its log. */
export async function buildWithLog(larder, mirror, package_, log, headers) {
  const run = { provider: 'github', repository: 'octo-org/stack', run: `log-${package_}`, job: 'zen3' };
  const { builds } = await larder.report(mirror, run, [{ package: package_, spec: package_, status: 'failed' }]);
  await larder.putLog(mirror, builds[0].id, log, headers);
  return builds[0].id;
}

/** The pages that look closely at specs, once several of a package were pushed. */
export async function specPages(larder, mirror) {
  const hashes = await pushSeveral(larder, mirror);
  const several = hashes.slice(1, 4).map((hash) => hash.slice(0, 7));
  const compare = `/m/${mirror}/-/compare`;
  const openssl = (await larder.send('GET', `/api/v1/mirrors/${encodeURIComponent(mirror)}/specs?package=openssl`)).items[0].hash;
  return {
    'package several': `/m/${mirror}/-/packages/zlib`,
    'package filtered': `/m/${mirror}/-/packages/zlib?q=os=rhel9&same=shown&sort=-version`,
    compare: `${compare}?specs=${several.join(',')}`,
    'compare with': `${compare}?specs=${several[0]}&with=${several[1]}`,
    'compare one': `${compare}?specs=${several[0]}`,
    'compare nothing': compare,
    graph: `/m/${mirror}/-/specs/${openssl}?view=graph`,
    files: `/m/${mirror}/-/specs/${openssl}?show=files`,
    'package install': `/m/${mirror}/-/packages/zlib?install=github-actions`,
    'mirror install': `/m/${mirror}?install=stackinator`,
    'spec install': `/m/${mirror}/-/specs/${hashes[1]}?install=spack-1`,
  };
}

/** The pages about all mirrors, once there are several, and one that a link with a machine leads to. */
export const everywherePages = {
  'everywhere packages': '/search?q=zlib',
  'everywhere specs': '/search?q=%5Ezlib+target=x86_64_v3',
  'everywhere faulty': '/search?q=%5Ezlib+%2B',
  'everywhere nowhere': '/search?q=no-such-package',
  'everywhere nothing': '/search',
  'everywhere hash': '/s/wo6fab6rlcpngaiqhpn2jl7q2kzcsczy',
  'everywhere no hash': '/s/zzzzzzz',
  'everywhere machine': '/m/user-environment/-/packages/hdf5?host=debian12-zen3',
  'everywhere install environment': '/m/user-environment/-/specs/slmgyj5?install=environment',
};

/** Every page with content, by name. */
export const pages = {
  home: '/',
  mirror: '/m/user-environment',
  packages: '/m/user-environment/-/packages',
  'packages filtered': '/m/user-environment/-/packages?q=open',
  search: '/m/user-environment/-/packages?q=%5Eopenssl+target=x86_64_v3',
  'search faulty': '/m/user-environment/-/packages?q=openssl+%2B',
  'search without a match': '/m/user-environment/-/packages?q=openssl+target=icelake',
  package: '/m/user-environment/-/packages/hdf5',
  spec: '/m/user-environment/-/specs/slmgyj5',
  install: '/m/user-environment/-/specs/slmgyj5?install=spack-0.23',
  keys: '/m/user-environment/-/keys',
  'hash of several': '/m/user-environment/-/specs/s',
  'no such package': '/m/user-environment/-/packages/hdf55',
  'no such spec': '/m/user-environment/-/specs/zzzzzzz',
  'no such mirror': '/m/user-environmen',
  'no such page': '/m/user-environment/-/nothing',
};
