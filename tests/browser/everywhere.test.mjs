// What is looked for in all mirrors: the search of all, a spec by its hash alone, and a link that carries a machine.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPage, sample, startBrowser, startLarder, unsignedSample, useToken, visit } from './harness.mjs';

let larder, browser, page, zlib;

before(async () => {
  [larder, browser] = await Promise.all([startLarder(), startBrowser()]);
  await larder.createMirror({ name: 'empty' });
  await larder.createMirror({ name: 'hidden', private: true });
  await larder.push(sample, 'user-environment');
  await larder.push(unsignedSample, 'team/scratch');
  await larder.push(unsignedSample, 'hidden');
  zlib = (await larder.send('GET', '/api/v1/mirrors/team%2Fscratch/specs?package=zlib')).items[0].hash;
  page = await openPage(browser, larder);
});

after(async () => {
  await browser?.close();
  await larder?.stop();
});

const head = (mirror, tab = page) => tab.locator('.result-head', { hasText: mirror });
const rows = (mirror, tab = page) => tab.locator('section', { has: tab.locator('.result-head', { hasText: mirror }) }).locator('tbody tr');
const said = (text, tab = page) => tab.locator('.found-words', { hasText: text }).waitFor();
const noted = (text, tab = page) => tab.locator('.note', { hasText: text }).waitFor();

test('the box of the overview searches all mirrors, and each result leads into its own', async () => {
  await visit(page, '/');
  await page.getByRole('searchbox').or(page.getByRole('combobox')).pressSequentially('zlib');
  await page.waitForURL('**/search?q=zlib');
  await said('2 packages in 2 of 3 mirrors: zlib');
  assert.deepEqual(await page.locator('section h2 a.mono').allInnerTexts(), ['team/scratch', 'user-environment']);
  assert.match(await rows('team/scratch').innerText(), /zlib@1\.3\.1/);
  assert.match(await page.locator('.nowhere').innerText(), /^Nothing in empty\.$/);
  await rows('team/scratch').getByRole('link').click();
  await page.waitForURL('**/m/team/scratch/-/packages/zlib');
  await page.goBack();
  await said('2 packages in 2 of 3 mirrors');
  await head('user-environment').getByRole('link').first().click();
  await page.waitForURL('**/m/user-environment/-/packages?q=zlib');
  assert.deepEqual(page.problems, []);
});

test('a spec is asked of every mirror, and a fault is shown under its character', async () => {
  await visit(page, '/search?q=%5Ezlib+target%3Dx86_64_v3');
  await page.locator('section tbody tr').first().waitFor();
  assert.match(await page.locator('.found-words').innerText(), /^(At least )?\d+ specs in 2 of 3 mirrors: \^zlib target=x86_64_v3$/);
  const box = page.locator('#search');
  await box.fill('^zlib +');
  await noted('wants a variant name after it');
  assert.equal(await page.locator('.faulty .fault').innerText(), '+');
  assert.ok(await page.locator('.found-list.old tbody tr').count() > 0, 'the last good result stays');
  await box.fill('');
  await page.locator('table.mirrors').waitFor();
  await page.waitForURL((url) => url.pathname === '/search' && url.search === '');
  await box.fill('no-such-package');
  await noted('No mirror has no-such-package');
  assert.match(await page.locator('.note').innerText(), /Looked for in empty, team\/scratch, user-environment\./);
  assert.deepEqual(page.problems, []);
});

test('a mirror that does not answer is named, and asked again', async () => {
  const tab = await openPage(browser, larder);
  await tab.route('**/team%2Fscratch/packages?q=*', (route) => route.fulfill({ status: 503, contentType: 'application/json', body: JSON.stringify({ error: { code: 'unavailable', message: 'the index did not answer in time' } }) }));
  await visit(tab, '/search?q=hdf5');
  await head('user-environment', tab).waitFor();
  assert.match(await tab.getByRole('alert').innerText(), /The index did not answer in time/);
  await tab.unroute('**/team%2Fscratch/packages?q=*');
  await tab.getByRole('button', { name: 'Retry' }).click();
  await tab.locator('.nowhere', { hasText: 'team/scratch' }).waitFor();
  await tab.context().close();
});

test('a private mirror is searched with the token that reads it', async () => {
  const tab = await openPage(browser, larder);
  await visit(tab, '/');
  await useToken(tab, larder.token);
  await visit(tab, '/search?q=zlib');
  await said('3 packages in 3 of 4 mirrors', tab);
  await head('hidden', tab).waitFor();
  await tab.context().close();
});

test('a hash is opened in the mirror that has it, chosen where several do, and else it is said where it was looked for', async () => {
  const hdf5 = (await larder.send('GET', '/api/v1/mirrors/user-environment/specs?package=hdf5')).items[0].hash;
  await visit(page, `/s/${hdf5.slice(0, 9)}?view=graph`);
  await page.waitForURL((url) => url.pathname.startsWith('/m/user-environment/-/specs/') && url.search === '?view=graph');
  await visit(page, `/s/${zlib}`);
  const chosen = page.locator('.results tbody tr');
  await chosen.first().waitFor();
  assert.deepEqual(await chosen.locator('td:nth-child(2)').allInnerTexts(), ['team/scratch', 'user-environment']);
  assert.match(await page.locator('.tools').innerText(), /It is the same spec in each/);
  await chosen.first().getByRole('link').click();
  await page.waitForURL('**/m/team/scratch/-/specs/*');
  await visit(page, '/s/zzzzzzz');
  await page.getByRole('heading', { name: 'No mirror has /zzzzzzz' }).waitFor();
  assert.match(await page.locator('.note').innerText(), /looked for in 3 mirrors/);
  await visit(page, '/');
  await page.locator('#search').fill(hdf5);
  await page.waitForURL('**/m/user-environment/-/specs/*');
  assert.deepEqual(page.problems, []);
});

test('a link carries a machine until it is dropped, and the reader\'s own stays', async () => {
  const tab = await openPage(browser, larder);
  await tab.addInitScript(() => localStorage.setItem('larder-machine', 'linux-ubuntu22.04-zen2'));
  await visit(tab, '/m/user-environment/-/packages/zlib?host=debian12-zen3');
  await tab.locator('.chip.fits').first().waitFor();
  const line = tab.locator('.offline');
  assert.match(await line.innerText(), /What runs on debian12 zen3 is marked: the link names that machine\. Yours is ubuntu22\.04 zen2\./);
  await tab.locator('.specs tbody a.row-link').first().click();
  await tab.waitForURL((url) => url.pathname.includes('/specs/') && url.searchParams.get('host') === 'debian12-zen3');
  await tab.locator('main header .chip.fits').waitFor();
  await line.getByRole('button', { name: 'Use mine' }).click();
  await tab.waitForURL((url) => !url.searchParams.has('host'));
  await tab.waitForFunction(() => document.querySelectorAll('.fits').length === 0);
  assert.equal(await line.count(), 0);
  assert.equal(await tab.evaluate(() => localStorage.getItem('larder-machine')), 'linux-ubuntu22.04-zen2');
  await tab.locator('#machine-button').click();
  await tab.getByRole('dialog').getByRole('button', { name: 'Copy a link to this page with it' }).click();
  await tab.waitForFunction(async () => (await navigator.clipboard.readText()).endsWith('?host=linux-ubuntu22.04-zen2'));
  await tab.keyboard.press('Escape');
  await tab.getByRole('dialog').waitFor({ state: 'detached' });
  await visit(tab, '/m/user-environment?host=%3Cb%3E');
  assert.match(await line.innerText(), /The link names a machine that cannot be read: <b>/);
  assert.deepEqual(tab.problems, []);
  await tab.context().close();
});
