// Without a network: what was seen is there, and the rest says why it is not.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPage, sample, settled, startBrowser, startLarder, visit, visitList } from './harness.mjs';

const mirror = '/m/user-environment';
let larder, browser, page;

before(async () => {
  [larder, browser] = await Promise.all([startLarder(), startBrowser()]);
  await larder.push(sample, 'user-environment');
  page = await openPage(browser, larder, { serviceWorkers: 'allow' });
  await visit(page, mirror);
  await page.evaluate(async () => (await navigator.serviceWorker.ready).active);
  // From now on the worker stands between; what is seen is kept.
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await visit(page, mirror);
  await visitList(page, `${mirror}/-/packages`);
  await page.locator('tbody tr.row a').first().click();
  await page.waitForFunction(() => location.pathname.includes('/-/packages/'));
  await settled(page);
  await larder.stop();
});

after(async () => {
  await browser?.close();
  await larder?.stop();
});

test('the dashboard starts, and the pages that were seen are there', async () => {
  await visit(page, mirror);
  assert.equal(await page.locator('h1').innerText(), 'user-environment');
  assert.match(await page.locator('main').innerText(), /53/);
});

test('the whole catalogue is searched', async () => {
  await visitList(page, `${mirror}/-/packages?q=^openssl`);
  await page.getByText('Offline. Showing the copy of').waitFor();
  await page.waitForFunction(() => / of 53$/.test(document.querySelector('.found-words strong')?.textContent ?? ''));
  assert.ok((await page.locator('tbody tr.row').count()) > 3);
});

test('what was not seen says that Larder cannot be reached', async () => {
  await visit(page, `${mirror}/-/builds`);
  assert.match(await page.locator('main').innerText(), /cannot be reached|could not be loaded/i);
});

test('what is Spack’s is not answered from a copy', async () => {
  const failed = await page.evaluate(() => fetch('/mirrors/user-environment/build_cache/index.json').then(() => false, () => true));
  assert.ok(failed);
});
