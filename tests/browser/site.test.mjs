// A site that `larder export` wrote, below a path of a host that knows nothing but files.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { commandLine, inRoot } from '../../scripts/paths.mjs';
import { openPage, sample, settled, startBrowser, startLarder, visit, visitList } from './harness.mjs';

const program = process.env.LARDER_PROGRAM ?? commandLine;
let larder, browser, folder, host, page;

const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm', '.svg': 'image/svg+xml', '.json': 'application/json' };

/** Answers as GitHub Pages does: with a file below `/cache/`, or with that of `404.html` and its status. */
function serve(root) {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://host').pathname);
    const answer = (status, name, body) => response.writeHead(status, { 'content-type': types[extname(name)] ?? 'application/octet-stream' }).end(body);
    if (!path.startsWith('/cache/')) return answer(404, 'a.html', 'no such site');
    const name = normalize(path.slice('/cache/'.length)) === '.' ? 'index.html' : normalize(path.slice('/cache/'.length));
    try {
      answer(200, name, await readFile(join(root, name)));
    } catch {
      answer(404, 'a.html', await readFile(join(root, '404.html')));
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve({ url: `http://127.0.0.1:${server.address().port}`, server })));
}

before(async () => {
  [larder, browser, folder] = await Promise.all([startLarder(), startBrowser(), mkdtemp(join(tmpdir(), 'larder-site-'))]);
  const url = `${larder.url}/mirrors/opt/sample`;
  await promisify(execFile)(program, ['push', sample, url, '--token', 'a-token-for-tests-that-is-long-enough', '--quiet']);
  await larder.replay('opt/sample');
  await promisify(execFile)(program, ['export', url, folder, '--base', '/cache/', '--dashboard', inRoot('frontend', 'dist'), '--quiet']);
  // What is shown now comes from files alone.
  await larder.stop();
  host = await serve(folder);
  page = await openPage(browser, host);
});

after(async () => {
  await browser?.close();
  host?.server.close();
  await rm(folder, { recursive: true, force: true });
});

test('the site opens on its mirror, and says how Spack adds it', async () => {
  await visit(page, '/cache/');
  assert.equal(await page.locator('h1').innerText(), 'opt/sample');
  assert.match(await page.locator('.stats').innerText(), /53/);
  assert.match(await page.locator('main').innerText(), new RegExp(`spack mirror add \\S* ?${host.url}/cache/mirrors/opt/sample`));
  const tabs = await page.locator('nav.tabs a').allInnerTexts();
  assert.deepEqual(tabs.map((tab) => tab.replace(/ .*/s, '')), ['Overview', 'Packages', 'Builds', 'Failures', 'Keys'], 'tokens are for a Larder');
  assert.deepEqual(page.problems, []);
});

test('every link leads below the path the site lies at', async () => {
  const seen = new Set();
  const open = ['/cache/', '/cache/m/opt/sample/-/packages', '/cache/m/opt/sample/-/packages/hdf5', '/cache/m/opt/sample/-/keys', '/cache/m/opt/sample/-/specs/rjsbs2w'];
  for (const path of open) {
    await visit(page, path);
    for (const href of await page.locator('a[href]').evaluateAll((links) => links.map((link) => link.href))) seen.add(href);
  }
  const ours = [...seen].filter((href) => href.startsWith(host.url));
  assert.ok(ours.length > 60, `${ours.length} links`);
  assert.deepEqual(ours.filter((href) => !href.startsWith(`${host.url}/cache/`)), []);
  assert.deepEqual(page.problems, []);
});

test('the packages are searched without a server', async () => {
  await visitList(page, '/cache/m/opt/sample/-/packages?q=^openssl+target=x86_64_v3');
  assert.match(await page.locator('.found-words').innerText(), /of 53 specs/);
  const list = await page.locator('main table').innerText();
  assert.match(list, /curl[\s\S]*54\.5 kB/, 'sizes are known');
  assert.doesNotMatch(list, /unknown|1970/);
  await visitList(page, '/cache/m/opt/sample/-/packages');
  await page.locator('#search').fill('hdf5');
  await page.waitForFunction(() => document.querySelectorAll('main tbody tr').length === 1);
  await page.locator('main tbody a').first().click();
  await page.waitForURL('**/cache/m/opt/sample/-/packages/hdf5');
  await settled(page);
  assert.match(await page.locator('main').innerText(), /1\.14/);
  assert.deepEqual(page.problems, []);
});

test('a deep link opens, with a part of a hash too; Back goes back', async () => {
  await visit(page, '/cache/m/opt/sample/-/packages/hello-larder');
  await page.locator('main table a.hash').first().click();
  await page.waitForURL('**/specs/rjsbs2w*');
  await settled(page);
  assert.match(await page.locator('h1').innerText(), /hello-larder/);
  await page.goBack();
  await page.waitForURL('**/packages/hello-larder');
  for (const hash of ['rjsbs2wcromwrvwrsr3ctrxojaokif4e', 'rjsbs2wcrom']) {
    await visit(page, `/cache/m/opt/sample/-/specs/${hash}`);
    assert.match(await page.locator('h1').innerText(), /hello-larder/, hash);
  }
  const files = await page.locator('.files a').evaluateAll((links) => links.map((link) => link.href));
  assert.ok(files.length >= 3);
  for (const file of files) assert.equal((await fetch(file)).status, 200, file);
  assert.deepEqual(page.problems, []);
});

test('builds and failures are told without a server', async () => {
  await visit(page, '/cache/m/opt/sample/-/builds');
  await page.locator('main table.runs a').first().click();
  await page.waitForURL('**/-/runs/*');
  await settled(page);
  assert.match(await page.locator('main table').first().innerText(), /failed/);
  await visit(page, '/cache/m/opt/sample/-/failures');
  await page.getByText("expected ',' or ';' before 'for'").first().click();
  await page.waitForURL('**/-/failures/*');
  await settled(page);
  assert.match(await page.locator('h1').innerText(), /does not compile/);
  await page.keyboard.press('g');
  await page.keyboard.press('f');
  await page.waitForURL('**/-/failures');
  await page.getByRole('link', { name: 'Fixed', exact: true }).click();
  await page.waitForURL('**/-/failures?state=fixed');
  await settled(page);
  assert.equal(await page.getByRole('alert').count(), 0, await page.locator('main').innerText());
  assert.equal(await page.locator('main .filters').getByRole('link').count(), 2, 'what nobody can answer is not offered');
  assert.deepEqual(page.problems, []);
});

test('what is not in the site is said to be missing', async () => {
  await visit(page, '/cache/m/opt/sample/-/packages/hdf55');
  assert.equal(await page.locator('h1').innerText(), 'hdf55 is not in opt/sample');
  await visit(page, '/cache/m/another');
  assert.match(await page.locator('main').innerText(), /another/);
  await visit(page, '/cache/m/opt/sample/-/specs/aaaaaaa');
  assert.match(await page.locator('main').innerText(), /aaaaaaa/);
});
