// What the pages say when there is nothing, when something fails, and when it takes long.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { address, openPage, pages, sample, settled, startBrowser, startLarder, visit, withoutFinder } from './harness.mjs';

let larder, browser, page;

before(async () => {
  [larder, browser] = await Promise.all([startLarder(), startBrowser()]);
});

after(async () => {
  await browser?.close();
  await larder?.stop();
});

test('an empty Larder says how to make a mirror', async () => {
  page = await openPage(browser, larder);
  await visit(page, '/');
  const text = await page.locator('main').innerText();
  assert.match(text, /No mirror yet/);
  assert.equal(await page.locator('.cmd code').first().innerText(), `larder push path/to/mirror ${larder.url}/mirrors/my-mirror --token $LARDER_TOKEN`);
  assert.equal(await page.locator('#search').count(), 0, 'there is nothing to search');
});

test('an empty mirror says how to fill it, and shows what was pushed with the next read', async () => {
  await larder.createMirror({ name: 'user-environment' });
  await visit(page, '/');
  assert.equal(await page.locator('h1').innerText(), 'user-environment');
  assert.match(await page.locator('main').innerText(), /This mirror is empty[\s\S]*larder push path\/to\/mirror/);
  await visit(page, pages.packages);
  assert.match(await page.locator('main').innerText(), /This mirror is empty/);
  await visit(page, pages.keys);
  assert.match(await page.locator('main').innerText(), /No key is in this mirror/);
  await larder.push(sample, 'user-environment');
  await visit(page, '/');
  assert.match(await page.locator('.stats').innerText(), /53/);
});

test('what is not there is named, with what is near it', async () => {
  await visit(page, pages['no such package']);
  assert.equal(await page.locator('h1').innerText(), 'hdf55 is not in user-environment');
  await page.getByRole('link', { name: 'hdf5', exact: true }).click();
  await page.waitForURL('**/packages/hdf5');
  await visit(page, pages['no such mirror']);
  await page.locator('main').getByRole('link', { name: 'user-environment', exact: true }).click();
  await page.waitForURL('**/m/user-environment');
  await visit(page, pages['no such page']);
  assert.match(await page.locator('main').innerText(), /\/m\/user-environment\/-\/nothing/);
});

test('when Larder cannot be reached, the failed block says so, and Retry asks again', async () => {
  const tab = await openPage(browser, larder);
  await withoutFinder(tab);
  await tab.route('**/api/v1/mirrors/*/packages*', (route) => route.abort());
  await visit(tab, pages.packages);
  const note = tab.getByRole('alert');
  assert.match(await note.innerText(), /Larder cannot be reached\.\s*Check the connection, then retry\./);
  assert.equal(await tab.locator('h1').innerText(), 'Packages', 'the rest of the page stays');
  await tab.unroute('**/api/v1/mirrors/*/packages*');
  await note.getByRole('button', { name: 'Retry' }).click();
  await tab.waitForFunction(() => document.querySelectorAll('tbody tr.row').length === 53);
  assert.equal(await note.count(), 0);
  await tab.context().close();
});

test('an error of the server is told in its words; what was loaded before stays', async () => {
  const tab = await openPage(browser, larder);
  await withoutFinder(tab);
  await visit(tab, pages.packages);
  const body = JSON.stringify({ error: { code: 'unavailable', message: 'the index did not answer in time', next: 'Try again in a minute.' } });
  await tab.route('**/api/v1/**', (route) => route.fulfill({ status: 503, contentType: 'application/json', body }));
  await tab.getByRole('link', { name: 'Keys', exact: true }).click();
  await tab.getByRole('alert').first().waitFor();
  assert.match(await tab.getByRole('alert').first().innerText(), /The index did not answer in time\.\s*Try again in a minute\./);
  await tab.waitForTimeout(2_100);      // an answer younger than two seconds is not asked for again
  await tab.goBack();
  await tab.getByRole('alert').waitFor();
  assert.match(await tab.getByRole('alert').innerText(), /Shown is what was loaded before/);
  await tab.locator('tbody tr.row').nth(52).waitFor();
  await tab.context().close();
});

test('an answer that is none of ours is not taken for one', async () => {
  const tab = await openPage(browser, larder);
  await tab.route('**/api/v1/mirrors/user-environment/keys*', (route) => route.fulfill({ status: 200, contentType: 'text/html', body: '<p>log in' }));
  await visit(tab, pages.keys);
  assert.match(await tab.getByRole('alert').innerText(), /What answered with status 200 is not the Larder this page belongs to/);
  assert.deepEqual(tab.problems, []);
  await tab.context().close();
});

test('a slow answer shows stand-in rows, and the late one to an old question is dropped', async () => {
  const tab = await openPage(browser, larder);
  await withoutFinder(tab);
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await tab.route('**/api/v1/mirrors/user-environment/packages?*', async (route) => {
    await released;
    await route.continue().catch(() => {});      // the page may have given up on it
  });
  await tab.goto(pages.packages);
  await tab.locator('.skeleton-rows').waitFor();
  assert.equal(await tab.evaluate(() => 'busy' in document.documentElement.dataset), true);
  await tab.getByRole('link', { name: 'Keys', exact: true }).click();
  await tab.locator('.keys').waitFor();
  release();
  await settled(tab);
  assert.equal(await tab.locator('h1').innerText(), 'Keys');
  assert.deepEqual(tab.problems, []);
  await tab.context().close();
});

test('lists longer than a page of the API arrive whole, and only rows near the view exist', async () => {
  const tab = await openPage(browser, larder);
  const item = (index) => ({
    name: `package-${String(index).padStart(5, '0')}`, newest: '1.0', versions: 1, specs: 1,
    targets: ['x86_64_v3'], systems: ['debian12'], bytes: 1000 + index, pushed: '2026-11-20T16:06:03Z',
  });
  await withoutFinder(tab);
  await tab.route('**/api/v1/mirrors/user-environment/packages?*', (route) => {
    const start = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0);
    const items = Array.from({ length: 500 }, (_, offset) => item(start + offset));
    const next = start + 500 < 5000 ? String(start + 500) : null;
    return route.fulfill({ contentType: 'application/json', body: JSON.stringify({ items, next }) });
  });
  await visit(tab, pages.packages);
  assert.match(await tab.locator('main header').innerText(), /5,000 packages/);
  const table = tab.locator('table.packages');
  assert.equal(await table.getAttribute('aria-rowcount'), '5001');
  assert.ok((await tab.locator('tr.row').count()) < 200);
  const height = await tab.evaluate(() => document.documentElement.scrollHeight);
  assert.ok(height > 5000 * 28, `${height}`);
  await tab.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await tab.getByRole('link', { name: 'package-04999' }).waitFor();
  assert.equal(await tab.evaluate(() => document.documentElement.scrollHeight), height, 'the height does not change');
  assert.equal(await tab.locator('tr.row').last().getAttribute('aria-rowindex'), '5001');
  await tab.locator('#search').fill('04999');
  await tab.waitForFunction(() => document.querySelectorAll('tr.row').length === 1);
  assert.deepEqual(tab.problems, []);
  await tab.context().close();
});

test('names from elsewhere cannot turn the text around or become markup', async () => {
  const tab = await openPage(browser, larder);
  await tab.route('**/api/v1/mirrors/user-environment/specs/slmgyj5', async (route) => {
    const answer = await route.fetch();
    const spec = await answer.json();
    Object.assign(spec, { version: '1.0<b>x</b>\u202e5.41', os: '<img src=x onerror=alert(1)>', namespace: 'a\u0007b' });
    await route.fulfill({ response: answer, json: spec });
  });
  await visit(tab, pages.spec);
  const title = await tab.locator('main header').innerText();
  assert.ok(title.includes('1.0<b>x</b>\\u{202e}5.41'), title);
  assert.ok(title.includes('<img src=x'), title);
  assert.equal(await tab.locator('main img').count(), 0);
  assert.ok((await tab.locator('.facts').innerText()).includes('a\\u{7}b.hdf5'));
  await tab.context().close();
});

test('a mirror whose origin fails says so, and since when', async () => {
  const site = createServer((_, answer) => answer.writeHead(500).end('broken'));
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  try {
    await larder.createMirror({ name: 'broken', origin: { kind: 'http', url: `http://127.0.0.1:${site.address().port}/cache` } });
    await visit(page, '/m/broken');
    assert.match(await page.locator('aside .note').innerText(), /origin http:\/\/127\.0\.0\.1:\d+\/cache .*it has never answered well/s);
  } finally {
    site.close();
  }
});

test('without a connection one line says what still works', async () => {
  const tab = await openPage(browser, larder);
  await visit(tab, pages.packages);
  await tab.context().setOffline(true);
  await tab.getByText('What was loaded stays here').waitFor();
  await tab.context().setOffline(false);
  await tab.getByText('What was loaded stays here').waitFor({ state: 'detached' });
  await tab.context().close();
});

test('the page runs under a policy that allows nothing but its own files', async () => {
  const answer = await page.request.get(address(page));
  const policy = answer.headers()['content-security-policy'];
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'/);
  assert.doesNotMatch(await answer.text(), /<script>|<script type|style=|onclick=/);
  assert.deepEqual(page.problems, []);
});
