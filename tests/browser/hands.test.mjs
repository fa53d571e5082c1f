// Keyboard, clipboard, colours and dialogs.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { address, clipboard, focusedText, openPage, pages, sample, settled, startBrowser, startLarder, unsignedSample, visit } from './harness.mjs';

let larder, browser, page;

before(async () => {
  [larder, browser] = await Promise.all([startLarder(), startBrowser()]);
  await larder.push(sample, 'user-environment');
  await larder.push(unsignedSample, 'team/scratch');
  page = await openPage(browser, larder);
});

after(async () => {
  await browser?.close();
  await larder?.stop();
});

test('one can go from Home to an install command without a pointer', async () => {
  await visit(page, '/');
  await page.keyboard.press('j');
  assert.equal(await focusedText(page), 'team/scratch');
  await page.keyboard.press('j');
  assert.equal(await focusedText(page), 'user-environment');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/m/user-environment');
  await page.keyboard.press('g');
  await page.keyboard.press('p');
  await page.waitForURL('**/-/packages');
  await settled(page);
  await page.keyboard.press('/');
  await page.keyboard.type('hdf5');
  await page.keyboard.press('ArrowDown');
  assert.equal(await focusedText(page), 'hdf5');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/packages/hdf5');
  await settled(page);
  await page.keyboard.press('j');
  await page.keyboard.press('y');
  await page.waitForFunction(() => [...document.querySelectorAll('[role=status][aria-live]')].some((each) => each.textContent === 'Copied slmgyj5v4fo4y6wdzwfhnokekfbduvnn'));
  assert.equal(await clipboard(page), 'slmgyj5v4fo4y6wdzwfhnokekfbduvnn');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/specs/slmgyj5');
  await settled(page);
  await page.keyboard.press('i');
  await page.getByRole('dialog').waitFor();
  assert.match(address(page), /\?install=spack-0\.23$/);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.waitForURL(`**${pages.spec}`);
});

test('Tab meets the skip link first, which leads to the content', async () => {
  await visit(page, pages.packages);
  await page.keyboard.press('Tab');
  assert.equal(await focusedText(page), 'Skip to content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'main');
  assert.equal(address(page), pages.packages);
});

test('the tree of dependencies is walked with arrows', async () => {
  await visit(page, pages.spec);
  const name = () => page.evaluate(() => document.activeElement?.querySelector('.spec')?.textContent ?? '');
  await page.getByRole('treeitem').first().focus();
  assert.equal(await name(), 'openmpi@5.0.5');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await page.getByRole('treeitem').first().getAttribute('aria-expanded'), 'false');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  assert.equal(await name(), 'openssh@9.8p1');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await name(), 'openmpi@5.0.5');
  await page.keyboard.press('End');
  assert.match(await focusedText(page), /2 only to build it/);
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowDown');
  assert.equal(await name(), 'cmake@3.30.5');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('h1')?.textContent.startsWith('cmake'));
});

test('a line that refers to another place leads there', async () => {
  await visit(page, pages.spec);
  await page.getByRole('button', { name: 'shown at the top level' }).first().click();
  assert.match(await focusedText(page), /^.?zlib@1\.3\.1/);
});

test('copy buttons copy the command and nothing else', async () => {
  await visit(page, '/m/user-environment');
  await page.getByRole('button', { name: /^Copy spack mirror add/ }).click();
  await page.getByText('Copied', { exact: true }).waitFor();
  assert.equal(await clipboard(page), `spack mirror add user-environment ${larder.url}/mirrors/user-environment`);
  await page.getByRole('button', { name: 'Copy all commands' }).click();
  await page.waitForFunction(() => navigator.clipboard.readText().then((text) => text.split('\n').length === 3));
  await page.getByText('Copied', { exact: true }).first().waitFor({ state: 'detached' });
});

test('an unsigned mirror with slashes in its name says so in its commands', async () => {
  await visit(page, '/m/team/scratch');
  assert.deepEqual(await page.locator('.cmd code').allInnerTexts(), [
    `spack mirror add --unsigned scratch ${larder.url}/mirrors/team/scratch`,
    await page.locator('.cmd code').last().innerText(),
  ]);
  assert.match(await page.locator('.install').innerText(), /Nothing in it is signed/);
  await page.getByRole('link', { name: 'Packages 18' }).click();
  await page.waitForURL('**/m/team/scratch/-/packages');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr.row').length === 18);
});

test('the menu of mirrors works with the keyboard', async () => {
  await visit(page, pages.keys);
  await page.keyboard.press('m');
  await page.getByRole('menu').waitFor();
  assert.match(await focusedText(page), /^user-environment/);
  await page.keyboard.press('ArrowUp');
  assert.match(await focusedText(page), /^team\/scratch/);
  await page.keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'mirror-button');
  await page.keyboard.press('Enter');
  await page.keyboard.press('t');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/m/team/scratch');
  await page.getByRole('menu').waitFor({ state: 'detached' });
});

test('with several mirrors, Home lists them, and the box finds one by its name too', async () => {
  await visit(page, '/');
  assert.deepEqual(await page.locator('.mirrors .row-link').allInnerTexts(), ['team/scratch', 'user-environment']);
  await page.locator('#search').fill('scratch');
  await page.waitForURL('**/search?q=scratch');
  await page.getByText('A mirror is called so:').getByRole('link', { name: 'team/scratch' }).click();
  await page.waitForURL('**/m/team/scratch');
});

test('the colours turn, and stay turned', async () => {
  await visit(page, '/');
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const system = await ground();
  const button = page.getByRole('button', { name: /^Colours:/ });
  await button.click();
  await button.click();
  assert.match(await button.getAttribute('aria-label'), /dark\. Change to system/);
  assert.notEqual(await ground(), system);
  await page.reload();
  await settled(page);
  assert.notEqual(await ground(), system, 'also after a reload');
  await button.click();
  assert.equal(await ground(), system);
});

test('the list of keys can turn single letters off', async () => {
  await visit(page, pages.packages);
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  await page.getByLabel('Single letters are keys').click();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('/');
  assert.notEqual(await page.evaluate(() => document.activeElement?.id), 'search');
  await page.keyboard.press('Control+k');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'search');
  await page.evaluate(() => localStorage.clear());
});

test('the install dialog has a URL, and closes to the page', async () => {
  await visit(page, pages.install);
  const dialog = page.getByRole('dialog');
  assert.equal(await dialog.locator('.cmd code').last().innerText(), 'spack install --cache-only /slmgyj5');
  assert.match(await dialog.innerText(), /glibc 2\.36 comes from your system/);
  await dialog.getByRole('tab', { name: 'Spack 1.x' }).click();
  await page.waitForURL('**?install=spack-1');
  await dialog.getByRole('button', { name: /Close/ }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.waitForURL(`**${pages.spec}`);
});

test('no page wrote to the console', () => assert.deepEqual(page.problems, []));
