// Reading: every page by its own URL, the ways between them, the history, and the search box.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { address, focusedText, openPage, pages, sample, settled, startBrowser, startLarder, visit, visitList } from './harness.mjs';

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

const titles = {
  home: ['user-environment', 'user-environment · Larder'],
  mirror: ['user-environment', 'user-environment · Larder'],
  packages: ['Packages', 'Packages · user-environment · Larder'],
  'packages filtered': ['Packages', 'Packages · user-environment · Larder'],
  search: ['Packages', 'Packages · user-environment · Larder'],
  'search faulty': ['Packages', 'Packages · user-environment · Larder'],
  'search without a match': ['Packages', 'Packages · user-environment · Larder'],
  package: ['hdf5', 'hdf5 · user-environment · Larder'],
  spec: ['hdf5@1.14.5 %gcc@12.2.0', 'hdf5@1.14.5 · user-environment · Larder'],
  install: ['hdf5@1.14.5 %gcc@12.2.0', 'hdf5@1.14.5 · user-environment · Larder'],
  keys: ['Keys', 'Keys · user-environment · Larder'],
  'hash of several': ['/s is the start of several hashes', '/s · user-environment · Larder'],
  'no such package': ['hdf55 is not in user-environment', 'Not found · Larder'],
  'no such spec': ['No spec begins with /zzzzzzz', 'Not found · Larder'],
  'no such mirror': ['There is no mirror user-environmen', 'Not found · Larder'],
  'no such page': ['There is no such page', 'Not found · Larder'],
};

for (const [name, path] of Object.entries(pages)) {
  test(`a new tab at ${path} shows ${name}`, async () => {
    const tab = await openPage(browser, larder);
    await visit(tab, path);
    assert.equal(await tab.locator('h1').innerText(), titles[name][0]);
    assert.equal(await tab.title(), titles[name][1]);
    assert.equal(await tab.locator('h1').count(), 1);
    assert.deepEqual(tab.problems, []);
    await tab.context().close();
  });
}

test('a mirror shows its figures, and the commands to use it', async () => {
  await visit(page, '/m/user-environment');
  const figures = await page.locator('.stats').innerText();
  for (const figure of ['53', '2.0 MB', 'signed']) assert.ok(figures.includes(figure), figures);
  assert.deepEqual(await page.locator('.cmd code').allInnerTexts(), [
    `spack mirror add user-environment ${larder.url}/mirrors/user-environment`,
    'spack buildcache keys --install --trust',
    'spack install hdf5',
  ]);
  await page.getByRole('tab', { name: 'Spack 1.x' }).click();
  assert.equal(
    await page.locator('.cmd code').first().innerText(),
    `spack mirror add --unsigned user-environment ${larder.url}/mirrors/user-environment`,
  );
  assert.match(await page.locator('.install').innerText(), /derives here.*carries no signature/);
  await page.getByRole('tab', { name: 'Spack 0.22, 0.23' }).click();
});

test('the list is filtered with each letter, and the URL follows', async () => {
  await visitList(page, pages.packages);
  const length = await page.evaluate(() => history.length);
  const rows = page.locator('tbody tr.row');
  await page.keyboard.press('/');
  await page.keyboard.type('opens');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr.row').length === 2);
  assert.deepEqual((await rows.locator('.row-link').allInnerTexts()).sort(), ['openssh', 'openssl']);
  assert.match(await page.locator('.found-words').innerText(), /^2 of 53 specs have opens in their name/);
  assert.deepEqual(await page.locator('mark').allInnerTexts(), ['opens', 'opens']);
  await page.waitForURL('**/packages?q=opens');
  assert.equal(await page.evaluate(() => history.length), length, 'typing makes no entry in the history');
  await page.waitForFunction(() => [...document.querySelectorAll('[role=status]')].some((said) => said.textContent.startsWith('2 of 53 specs have opens')));
  // First it closes the suggestions.
  await page.keyboard.press('Escape');
  assert.equal(await rows.count(), 2);
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr.row').length === 53);
  await page.waitForURL('**/-/packages');
});

test('typing anywhere in a mirror opens its packages, and Back returns', async () => {
  await visit(page, pages.keys);
  await page.locator('#search').pressSequentially('zli');
  await page.waitForURL('**/packages?q=zli');
  assert.equal(await page.locator('#search').inputValue(), 'zli');
  assert.deepEqual(await page.locator('tbody .row-link').allInnerTexts(), ['zlib']);
  await page.locator('#search').press('b');
  await page.locator('#search').press('Enter');
  await page.waitForURL('**/packages/zlib');
  await page.goBack();
  await page.waitForURL('**/m/user-environment/-/packages?q=zlib');
  await settled(page);
  await page.goBack();
  await page.waitForURL(`**${pages.keys}`);
  await page.waitForFunction(() => document.querySelector('#search').value === '');
});

test('a hash in the search box leads to its spec', async () => {
  await visitList(page, pages.packages);
  await page.locator('#search').fill('/slmgyj5');
  await page.locator('#search').press('Enter');
  await page.waitForURL('**/specs/slmgyj5');
  await visitList(page, pages.packages);
  await page.locator('#search').fill('build_cache/linux-debian12-x86_64_v3-gcc-12.2.0-hdf5-1.14.5-slmgyj5v4fo4y6wdzwfhnokekfbduvnn.spack');
  await page.waitForURL('**/specs/slmgyj5', { timeout: 5000 });
  assert.equal(await page.locator('h1').innerText(), titles.spec[0]);
});

test('words that match nothing are said back, with a way out', async () => {
  await visitList(page, '/m/user-environment/-/packages?q=nothing+like+this');
  assert.match(await page.locator('.note').innerText(), /No spec matches nothing like this/);
  await page.getByRole('link', { name: 'Show all packages' }).click();
  await page.waitForFunction(() => document.querySelectorAll('tbody tr.row').length === 53);
});

test('a click on a head sorts, and Back returns to the order before', async () => {
  await visitList(page, pages.packages);
  await page.getByRole('link', { name: 'Size' }).click();
  await page.waitForURL('**/packages?sort=-size');
  assert.equal(await page.locator('tbody .row-link').first().innerText(), 'hdf5');
  assert.equal(await page.locator('th[aria-sort]').getAttribute('aria-sort'), 'descending');
  await page.goBack();
  await page.waitForFunction(() => document.querySelector('tbody .row-link').textContent === 'autoconf');
});

test('Back restores where the list was scrolled to, and the row', async () => {
  await visitList(page, pages.packages);
  const row = page.getByRole('link', { name: 'xz', exact: true });
  await row.scrollIntoViewIfNeeded();
  const scrolled = await page.evaluate(() => scrollY);
  assert.ok(scrolled > 300, `${scrolled}`);
  await row.click();
  await page.waitForURL('**/packages/xz');
  await settled(page);
  assert.equal(await page.evaluate(() => scrollY), 0);
  assert.equal(await focusedText(page), 'xz', 'the title has the keyboard');
  await page.goBack();
  await settled(page);
  await page.waitForFunction((wanted) => Math.abs(scrollY - wanted) < 3, scrolled);
  await page.waitForFunction((href) => document.activeElement?.getAttribute('href') === href, '/m/user-environment/-/packages/xz');
});

test('rows are real links: a middle click opens a tab', async () => {
  await visitList(page, pages.packages);
  const [tab] = await Promise.all([
    page.context().waitForEvent('page'),
    page.getByRole('link', { name: 'zlib', exact: true }).click({ button: 'middle' }),
  ]);
  await settled(tab);
  assert.equal(address(tab), '/m/user-environment/-/packages/zlib');
  assert.equal(address(page), pages.packages);
  await tab.close();
});

test('a cell of the grid filters the specs', async () => {
  await visit(page, pages.package);
  await page.getByRole('link', { name: '1 spec for debian12 x86_64_v3' }).click();
  await page.waitForURL('**/packages/hdf5?q=os=debian12+target=x86_64_v3');
  assert.match(await page.locator('.tools').innerText(), /1 of 1 with os=debian12 target=x86_64_v3/);
  await visit(page, `${pages.package}?q=target=zen3`);
  assert.match(await page.locator('main').innerText(), /No spec of this package is target=zen3/);
});

test('a spec shows its variants, files and dependencies', async () => {
  await visit(page, pages.spec);
  const text = await page.locator('main').innerText();
  for (const part of ['+fortran +hl +mpi +shared +tools', '~cxx', 'build_type=Release', '7 direct, 42 in all; 1.1 MB to install', 'e5e96a8c808e…3ba7', 'v2 as pushed; v3 derived, unsigned there', 'builtin.hdf5']) {
    assert.ok(text.replace(/\s+/g, ' ').includes(part), `${part} in ${text}`);
  }
  const glibc = page.getByRole('treeitem', { name: /glibc/ }).first();
  assert.match(await glibc.innerText(), /from \/usr, not in the mirror[\s\S]*external/);
  for (const link of await page.locator('.files a').all()) {
    const answer = await page.request.head(await link.getAttribute('href'));
    assert.equal(answer.status(), 200, await link.innerText());
  }
  await page.getByRole('treeitem', { name: /openmpi/ }).first().getByRole('link').first().click();
  await page.waitForFunction(() => document.querySelector('h1')?.textContent.startsWith('openmpi'));
});

test('a long hash in the URL becomes the shortest one', async () => {
  await visit(page, '/m/user-environment/-/specs/slmgyj5v4fo4y6wdzwfhnokekfbduvnn');
  await page.waitForURL('**/specs/slmgyj5');
});

test('the start of several hashes offers them', async () => {
  await visit(page, pages['hash of several']);
  const rows = page.locator('table.choice .row');
  assert.ok((await rows.count()) > 1);
  await rows.first().getByRole('link').click();
  await page.locator('.facts').first().waitFor();
});

test('no page wrote to the console', () => assert.deepEqual(page.problems, []));
