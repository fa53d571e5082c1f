// The search page: the query in colours, what is wrong with it, suggestions, facets, and rows found in the catalogue.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { address, openPage, phone, sample, startBrowser, startLarder, visit, visitList } from './harness.mjs';

const packages = '/m/user-environment/-/packages';
let larder, browser, page;

before(async () => {
  [larder, browser] = await Promise.all([startLarder(), startBrowser()]);
  await larder.push(sample, 'user-environment');
  page = await openPage(browser, larder);
});

after(async () => {
  await browser?.close();
  await larder?.stop();
});

const open = (query = '', tab = page) => visitList(tab, packages + query);

const rows = (tab = page) => tab.locator('tbody tr.row');
const words = (tab = page) => tab.locator('.found-words').innerText();
const box = (tab = page) => tab.locator('#search');
const facet = (name) => page.locator('.facet', { has: page.locator('h2', { hasText: name }) });

test('without a query there is a row for every package', async () => {
  await open();
  assert.equal(await words(), '53 packages, 53 specs');
  // Those in view come first.
  await rows().nth(52).waitFor();
  assert.equal(await rows().count(), 53);
  assert.deepEqual(page.problems, []);
});

test('the language finds specs, says the query back, and colours its sigils', async () => {
  await open();
  await box().fill('^openssl target=x86_64_v3');
  await page.waitForFunction(() => document.querySelector('.found-words strong')?.textContent.endsWith(' of 53'));
  const found = Number((await words()).match(/^(\d+) of 53 specs /)?.[1]);
  assert.ok(found > 0 && found < 53, await words());
  assert.equal(await rows().count(), found);
  assert.match(await words(), /openssl/);
  assert.ok((await page.locator('th', { hasText: 'Matched through' }).count()) === 1);
  assert.equal(await page.locator('.search-paint').innerText(), '^openssl target=x86_64_v3');
  assert.ok((await page.locator('.search-paint i').allInnerTexts()).includes('target='));
  await page.waitForFunction((wanted) => location.pathname + location.search === wanted, `${packages}?q=%5Eopenssl+target=x86_64_v3`);
  await page.reload();
  await page.locator('.found-words strong').waitFor();
  assert.equal(await rows().count(), found);
});

test('a fault is underlined, said below, and the last good list stays', async () => {
  await open('?q=hdf5');
  const before = await rows().count();
  assert.ok(before > 0);
  await box().press('End');
  await box().pressSequentially(' +');
  await page.locator('.search-trouble').waitFor();
  assert.equal(await page.locator('.search-paint .fault').count(), 1);
  assert.equal(await box().getAttribute('aria-invalid'), 'true');
  assert.equal(await page.locator('.found-list.old').count(), 1);
  assert.equal(await rows().count(), before);
  await box().press('Backspace');
  await box().press('Backspace');
  await page.waitForFunction(() => document.querySelector('.search-trouble') === null && document.querySelector('.found-list.old') === null);
});

test('Tab takes a suggestion, Escape closes them', async () => {
  await open();
  await box().pressSequentially('opens');
  const options = page.getByRole('option');
  await options.first().waitFor();
  assert.ok((await options.count()) <= 8);
  assert.equal(await box().getAttribute('aria-expanded'), 'true');
  await box().press('Escape');
  await options.first().waitFor({ state: 'detached' });
  assert.equal(await box().inputValue(), 'opens');
  await box().pressSequentially('s');
  await options.first().waitFor();
  const text = (await options.first().locator('.mono').innerText()).trim();
  await box().press('Tab');
  assert.ok((await box().inputValue()).startsWith(text), await box().inputValue());
  assert.equal(await page.evaluate(() => document.activeElement.id), 'search');
});

test('a tick writes into the box, and Back takes it out', async () => {
  await open('?q=open');
  const value = facet('target=').locator('.facet-value').first();
  const count = Number(await value.locator('.n').innerText());
  await value.locator('input').click();
  await page.waitForFunction(() => document.querySelector('#search').value.includes('target='));
  await page.waitForFunction((count) => document.querySelector('.found-words')?.textContent.startsWith(`${count} of 53`), count);
  assert.match(address(page), /target=/);
  await page.goBack();
  await page.waitForFunction(() => document.querySelector('#search').value === 'open');
  assert.equal(address(page), `${packages}?q=open`);
});

test('what the language cannot say stands beside the box and can be taken away', async () => {
  await open();
  await facet('os=').locator('.facet-value input').first().click();
  await page.waitForFunction(() => /[?&](q|f)=/.test(location.search));
  if (address(page).includes('f=')) {
    await page.getByRole('link', { name: /^Without os:/ }).click();
  } else {
    await box().fill('');
  }
  await page.waitForFunction(() => document.querySelector('.found-words')?.textContent === '53 packages, 53 specs');
});

test('where nothing is found, something near is offered', async () => {
  await open('?q=hdf5+target=icelake');
  await page.getByText('No spec matches').waitFor();
  const nearest = page.locator('.note a');
  await nearest.click();
  await rows().first().waitFor();
});

test('sorting and what a row is are in the URL, and f goes to the facets', async () => {
  await open('?q=open');
  await page.getByRole('link', { name: 'Size', exact: true }).click();
  await page.waitForURL('**sort=-size');
  await page.getByRole('link', { name: 'One row per spec' }).click();
  await page.waitForURL('**by=specs');
  await page.getByRole('link', { name: 'One row per package' }).waitFor();
  await box().evaluate((field) => field.blur());
  await page.keyboard.press('f');
  assert.equal(await page.evaluate(() => document.activeElement.type), 'checkbox');
  assert.deepEqual(page.problems, []);
});

test('columns are chosen, in the URL', async () => {
  await visitList(page, '/m/user-environment/-/packages?q=%5Eopenssl');
  const heads = () => page.locator('.found thead th').allInnerTexts();
  await page.locator('.found thead').waitFor();
  assert.deepEqual(await heads(), ['Spec', 'Hash', 'Matched through', 'Variants set', 'System', 'Target', 'Size', 'Pushed']);
  await page.locator('.column-menu summary').click();
  await page.getByLabel('Variants set').uncheck();
  await page.getByLabel('Signature').check();
  await page.waitForURL((url) => url.searchParams.get('cols') === 'hash,os,target,signed,size,pushed');
  assert.deepEqual(await heads(), ['Spec', 'Hash', 'Matched through', 'System', 'Target', 'Signature', 'Size', 'Pushed']);
  assert.equal(await page.locator('.found tbody tr').first().locator('td').nth(5).innerText(), 'signed');
  await page.getByRole('link', { name: 'One row per package' }).click();
  await page.waitForURL((url) => url.searchParams.get('by') === 'packages' && url.searchParams.get('cols') !== null);
  await page.locator('thead th', { hasText: 'Package' }).waitFor();
  assert.deepEqual(await page.locator('table.packages thead th').allInnerTexts(), ['Package', 'System', 'Target', 'Size', 'Pushed']);
});

test('a long facet shows eight values, and the rest can be filtered', async () => {
  await open();
  const variants = facet('Variants');
  assert.equal(await variants.locator('.facet-value').count(), 8);
  await variants.getByRole('button', { name: / more$/ }).click();
  assert.ok((await variants.locator('.facet-value').count()) > 30);
  await variants.getByLabel('Filter variants').fill('xml');
  const left = await variants.locator('.facet-value .mono').allInnerTexts();
  assert.ok(left.length > 0 && left.every((text) => text.includes('xml')), String(left));
  await variants.getByRole('button', { name: 'Fewer' }).click();
  assert.equal(await variants.locator('.facet-value').count(), 8);
});

test('on a phone facets are sheets', async () => {
  const tab = await openPage(browser, larder, { viewport: phone });
  await open('?q=open', tab);
  const button = tab.locator('.facet > .btn', { hasText: 'target=' });
  assert.equal(await tab.locator('.facet-values:visible').count(), 0);
  await button.click();
  await tab.locator('.facet-values:visible').waitFor();
  await tab.getByRole('button', { name: /^Show \d/ }).click();
  assert.equal(await tab.locator('.facet-values:visible').count(), 0);
  assert.equal(await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
  await tab.context().close();
});

test("without the catalogue's program the server's list is shown", async () => {
  const tab = await openPage(browser, larder);
  await tab.route('**/finder-start.js', (route) => route.abort());
  await visit(tab, packages);
  await rows(tab).nth(52).waitFor();
  await box(tab).fill('opens');
  await tab.waitForFunction(() => document.querySelectorAll('tbody tr.row').length === 2);
  assert.match(await tab.locator('main header').innerText(), /2 of 53 match opens/);
  await tab.context().close();
});

test('of a mirror that is closed to the reader no copy stays', async () => {
  const tab = await openPage(browser, larder);
  const copies = () => tab.evaluate(async () => (await (await caches.open('larder-catalogues-1')).keys()).length);
  const until = async (wanted) => {
    while ((await copies()) !== wanted) await tab.waitForTimeout(50);
  };
  await open('', tab);
  await until(2);
  const error = { code: 'unauthorized', message: 'the mirror is private', next: 'Use a token.' };
  await tab.context().route('**/catalogue*', (route) => route.fulfill({ status: 401, contentType: 'application/json', body: JSON.stringify({ error }) }));
  await tab.reload();
  await until(0);
  await tab.getByText('The mirror is private.').first().waitFor();
  await tab.context().close();
});
