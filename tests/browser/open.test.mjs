// Static mirrors, opened by their address: the browser reads their index, no Larder stands behind them.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { inRoot } from '../../scripts/paths.mjs';
import { address, openPage, phone, sample, settled, startBrowser, startLarder, visit } from './harness.mjs';

let larder, browser, site, page;

/** Serves the fixtures as a host of static files does; below `/closed/` without leave for other sites' pages. */
async function startSite() {
  const roots = { v2: sample, v3: inRoot('tests', 'fixtures', 'mirror-v3'), closed: sample };
  const broken = { 'broken/build_cache/index.json': '{"database": {"version": "7", "installs": {"a', 'text/build_cache/index.json': '<!doctype html><title>Welcome</title>' };
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname).slice(1);
    const [first, ...rest] = path.split('/');
    const cors = first === 'closed' ? {} : { 'access-control-allow-origin': '*' };
    try {
      const body = broken[path] ?? (await readFile(join(roots[first] ?? '/nowhere', ...rest)));
      response.writeHead(200, { ...cors, 'content-type': 'application/octet-stream' }).end(body);
    } catch {
      response.writeHead(404, cors).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}

before(async () => {
  [larder, browser, site] = await Promise.all([startLarder(), startBrowser(), startSite()]);
  page = await openPage(browser, larder);
});

after(async () => {
  await browser?.close();
  site?.server.close();
  await larder?.stop();
});

const open = async (mirror, query = '', tab = page) => {
  await tab.goto(`/open?url=${site.url}/${mirror}${query}`);
  await tab.locator('.found-words, .note.warn').first().waitFor();
  await settled(tab);
};
const words = () => page.locator('.found-words').innerText();
const rows = () => page.locator('tbody tr.row');

test('a mirror in the v2 layout is listed, searched and narrowed', async () => {
  await open('v2');
  assert.equal(await words(), '53 packages, 53 specs');
  assert.deepEqual(await page.locator('th').allInnerTexts(), ['Package', 'Specs', 'System', 'Target']);
  await page.locator('#search').fill('^openssl');
  await page.waitForFunction(() => document.querySelector('.found-words strong')?.textContent.endsWith(' of 53'));
  assert.ok((await rows().count()) < 53);
  await page.waitForFunction(() => new URLSearchParams(location.search).get('q') === '^openssl');
  assert.equal(new URL(page.url()).searchParams.get('url'), `${site.url}/v2`);
  assert.equal(await page.locator('.facet h2', { hasText: /age|signed/i }).count(), 0);
  assert.deepEqual(page.problems, []);
});

test('a package leads to its specs, and a spec to what the index tells of it', async () => {
  await open('v2');
  await page.locator('tr', { hasText: 'zlib@' }).getByRole('link').click();
  await page.waitForFunction(() => document.querySelector('th')?.textContent === 'Spec');
  await rows().first().getByRole('link').first().click();
  await page.getByRole('heading', { name: 'This spec' }).waitFor();
  assert.match(await words(), /^1 of 53 specs/);
  assert.match(await page.locator('.cmd').first().innerText(), /^spack install \/[a-z2-7]{8}/);
  assert.match(await page.locator('main').innerText(), new RegExp(`spack mirror add v2 ${site.url}/v2`));
  await page.goBack();
  await page.goBack();
  await page.waitForFunction(() => document.querySelector('.found-words')?.textContent === '53 packages, 53 specs');
});

test('a mirror in the v3 layout is read too', async () => {
  await open('v3');
  assert.match(await words(), /^\d+ packages, \d+ specs$/);
  assert.ok((await rows().count()) > 5);
});

test('the copy of the last visit is there when the mirror is not', async () => {
  const tab = await openPage(browser, larder);
  await open('v2', '', tab);
  await tab.waitForFunction(async () => (await (await caches.open('larder-catalogues-1')).keys()).length === 2);
  await tab.context().route(`${site.url}/**`, (route) => route.abort());
  await tab.reload();
  await tab.getByText('Offline. Showing the copy').waitFor();
  assert.equal(await tab.locator('.found-words').innerText(), '53 packages, 53 specs');
  await tab.context().close();
});

for (const [mirror, why] of [
  ['closed', 'The mirror cannot be reached, or does not let web pages read it (CORS).'],
  ['broken', 'The index is cut short.'],
  ['text', 'This is a web page and not an index.'],
  ['nowhere', 'There is no index at this address'],
]) {
  test(`a mirror that cannot be read says why: ${mirror}`, async () => {
    await open(mirror);
    const note = await page.locator('.note.warn').innerText();
    assert.match(note, /The list of this mirror's specs cannot be loaded/);
    assert.ok(note.toLowerCase().includes(why.toLowerCase()), note);
    await page.getByLabel('Address of the mirror').fill(`${site.url}/v2/build_cache/index.json`);
    await page.keyboard.press('Enter');
    await page.locator('.found-words').waitFor();
    assert.equal(address(page), `/open?url=${site.url}/v2`);
  });
}

test('without an address one is asked for, and a wrong one is refused with the reason', async () => {
  await visit(page, '/open');
  await page.getByLabel('Address of the mirror').fill('s3://bucket');
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  assert.equal(await page.locator('#address').evaluate((field) => field.validationMessage), 'A browser reads mirrors at https:// and http:// alone.');
  await page.setViewportSize(phone);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await page.setViewportSize({ width: 1440, height: 900 });
});
