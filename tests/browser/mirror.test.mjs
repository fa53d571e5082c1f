// The mirror page: how a mirror grows and is used, its slices; and what a reader with a token sees.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { clipboard, openPage, pages, phone, sample, settled, startBrowser, startLarder, visit, visitList, wanted, wantedHash } from './harness.mjs';

let larder, browser, page;

const tokens = '/m/user-environment/-/tokens';

before(async () => {
  [larder, browser] = await Promise.all([startLarder(), startBrowser()]);
  await larder.push(sample, 'user-environment');
  page = await openPage(browser, larder);
});

after(async () => {
  await browser?.close();
  await larder?.stop();
});

/** The section under a head. */
const section = (tab, head) => tab.locator('section', { has: tab.getByRole('heading', { name: head }) });

const strip = (tab, name) => tab.locator('.strip', { has: tab.locator('strong', { hasText: name }) });

/** The cells of each row of a table. */
const cells = (rows) => rows.evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.innerText.trim())));

const today = () => new Date().toISOString().slice(0, 10);

/** Uses a token by the dialog. */
async function giveToken(tab, secret) {
  await tab.getByRole('link', { name: 'Use a token', exact: true }).first().click();
  await tab.getByLabel('Token', { exact: true }).fill(secret);
  await tab.getByRole('button', { name: 'Use it' }).click();
}

test('before anybody asks, the page says what will show', async () => {
  await visit(page, pages.mirror);
  assert.match(await section(page, 'Asked for and not found').innerText(), /Nothing has been asked for in vain yet\./);
  assert.match(await strip(page, 'Asked for').innerText(), /No client has asked for a package yet/);
  assert.match(await strip(page, 'Stored').innerText(), /2\.0 MB, 2\.0 MB of it from these days/);
  assert.match(await strip(page, 'Pushed').innerText(), /53 specs on 1 day/);
  assert.deepEqual(page.problems, []);
});

test('each strip has its drawing, with a sentence, and its table', async () => {
  const pushed = strip(page, 'Pushed');
  await page.getByRole('img', { name: 'Pushed: 53 specs on 1 day' }).waitFor();
  assert.equal(await pushed.locator('rect.first').count(), 1);
  assert.equal(await pushed.locator('rect.day title').textContent(), `${today()}: 53 specs`);
  await pushed.getByText('As a table').click();
  assert.deepEqual((await cells(pushed.locator('tbody tr'))).map(([day, specs]) => [day, specs]), [[today(), '53']]);
});

test('sizes are told of the largest packages and of the others', async () => {
  const { largest, rest } = await larder.send('GET', '/api/v1/mirrors/user-environment/usage');
  const rows = await cells(section(page, 'Size by package').locator('tbody tr'));
  assert.deepEqual(rows.map(([name]) => name), [...largest.map(({ name }) => name), '43 packages more']);
  assert.equal(rows[10][1], String(rest.specs));
  const shares = rows.map(([, , , share]) => Number(share.replace(' %', '')));
  assert.ok(Math.abs(shares.reduce((sum, share) => sum + share) - 100) < 6, shares.join(' '));
  await section(page, 'Size by package').getByRole('link', { name: largest[0].name }).click();
  await page.waitForURL(`**/packages/${largest[0].name}`);
});

test('the URL of a slice is copied, and answers', async () => {
  await visit(page, pages.mirror);
  const slices = section(page, 'Slices');
  assert.deepEqual((await cells(slices.locator('tbody tr'))).map(([slice, specs]) => [slice, specs]), [['os=debian12,target=x86_64_v3', '52'], ['os=debian12,target=icelake', '1']]);
  await slices.getByRole('button', { name: 'Copy URL of os=debian12,target=icelake' }).click();
  await page.waitForFunction(async () => (await navigator.clipboard.readText()).includes('/slice/'));
  assert.equal(await clipboard(page), `${larder.url}/mirrors/user-environment/slice/os=debian12,target=icelake`);
  const index = await fetch(`${await clipboard(page)}/build_cache/index.json`);
  assert.equal(index.status, 200);
});

test('what clients ask for in vain is listed, and leads to what there is', async () => {
  await wanted(larder, 'user-environment');
  await visit(page, pages.mirror);
  const rows = section(page, 'Asked for and not found').locator('tbody tr');
  const told = (await cells(rows)).map(([spec, hash, place, times]) => [spec, hash, place, times]);
  assert.deepEqual(told[0], ['hdf5@1.14.6', wantedHash.slice(0, 7), 'debian12 zen3', '3']);
  assert.equal(told.length, 3);
  assert.match(await strip(page, 'Asked for').innerText(), /50 % found: 5 above, 5 not found below/);
  const asked = strip(page, 'Asked for');
  await asked.getByText('As a table').click();
  assert.deepEqual(await cells(asked.locator('tbody tr')), [[today(), '5', '5', '50 %']]);
  await rows.first().getByRole('link').click();
  await page.waitForURL('**/packages?q=hdf5');
});

test('the first view does not wait for the figures, and says so when they cannot be had', async () => {
  const tab = await openPage(browser, larder);
  await tab.route('**/larder-mirrors*', (route) => route.abort());
  await visit(tab, pages.mirror);
  assert.match(await tab.locator('.stats').innerText(), /53/);
  assert.match(await tab.getByRole('alert').innerText(), /This part of the dashboard cannot be loaded/);
  await tab.unroute('**/larder-mirrors*');
  await tab.route('**/usage', (route) => route.fulfill({ status: 503, contentType: 'application/json', body: JSON.stringify({ error: { code: 'unavailable', message: 'the index did not answer in time' } }) }));
  await tab.getByRole('button', { name: 'Retry' }).click();
  await tab.getByText('The index did not answer in time').waitFor();
  await tab.unroute('**/usage');
  await tab.getByRole('button', { name: 'Retry' }).click();
  await strip(tab, 'Pushed').waitFor();
  await tab.context().close();
});

test('a wrong token is refused, and nothing of it is kept', async () => {
  const tab = await openPage(browser, larder);
  await visit(tab, pages.mirror);
  await giveToken(tab, 'larder_wrong');
  await tab.getByRole('alert').waitFor();
  assert.match(await tab.getByRole('alert').innerText(), /The token is not known, or has ended/);
  assert.equal(await tab.evaluate(() => sessionStorage.length + localStorage.length), 0);
  await tab.keyboard.press('Escape');
  await tab.waitForURL((url) => !url.search.includes('token'));
  await tab.context().close();
});

test('a private mirror opens with a token, its search and its logs too, and closes when the token is forgotten', async () => {
  await larder.createMirror({ name: 'private', private: true });
  await larder.push(sample, 'private');
  const run = { provider: 'github', repository: 'octo-org/stack', run: '1', job: 'zen3' };
  const { builds } = await larder.report('private', run, [{ package: 'zlib', spec: 'zlib', status: 'failed' }]);
  await larder.putLog('private', builds[0].id, 'one line\nand another\n');
  const { secret } = await larder.send('POST', '/api/v1/tokens', JSON.stringify({ name: 'reader', scopes: ['pull'], mirrors: ['private'] }), { 'content-type': 'application/json' });
  const tab = await openPage(browser, larder);
  const sent = [];
  tab.on('request', async (request) => {
    const { authorization } = await request.allHeaders();
    if (authorization) sent.push(new URL(request.url()).origin);
  });
  await visit(tab, '/m/private');
  assert.match(await tab.getByRole('alert').first().innerText(), /No token was sent/);
  await giveToken(tab, secret);
  await tab.locator('.stats').waitFor();
  await settled(tab);
  assert.match(await tab.locator('.stats').innerText(), /53/);
  assert.equal(await tab.getByRole('link', { name: 'Tokens' }).count(), 0, 'this reader has no right to them');
  await visitList(tab, '/m/private/-/packages?q=hdf5');
  await tab.locator('tbody').getByRole('link', { name: /hdf5/ }).first().waitFor();
  await visit(tab, `/m/private/-/builds/${builds[0].id}/log`);
  await tab.locator('.log-line .text', { hasText: 'and another' }).waitFor();
  assert.ok(sent.length > 0 && sent.every((origin) => origin === new URL(larder.url).origin), sent.join(' '));
  assert.equal(await tab.evaluate(async () => {
    const kept = await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url)));
    return kept.flat().filter((url) => url.includes('private')).length;
  }), 0, 'what was read with a token is not kept for others');
  await visit(tab, '/m/private');
  await tab.getByRole('link', { name: 'A token is used. Look at it, or forget it' }).click();
  await tab.getByRole('button', { name: 'Forget it' }).click();
  await tab.getByRole('alert').first().waitFor();
  assert.match(await tab.getByRole('alert').first().innerText(), /No token was sent/);
  assert.equal(await tab.evaluate(() => sessionStorage.length), 0);
  assert.deepEqual(tab.problems, []);
  await tab.context().close();
});

test('an admin sees the tokens, and revokes one at the second press', async () => {
  const made = await larder.send('POST', '/api/v1/tokens', JSON.stringify({ name: 'nightly', scopes: ['push', 'report'], mirrors: ['user-environment'], expires: '2199-01-01T00:00:00Z' }), { 'content-type': 'application/json' });
  const tab = await openPage(browser, larder);
  await visit(tab, tokens);
  assert.match(await tab.locator('main').innerText(), /Tokens are shown to admins/);
  await giveToken(tab, larder.token);
  const row = tab.locator('.tokens tbody tr', { hasText: 'nightly' });
  await row.waitFor();
  assert.match(await row.innerText(), /push and report on user-environment/);
  assert.match(await row.innerText(), /2199-01-01/);
  await tab.getByRole('navigation', { name: 'Mirror user-environment' }).getByRole('link', { name: 'Tokens' }).waitFor();
  await row.getByRole('button', { name: 'Revoke: nightly' }).click();
  assert.equal(await row.count(), 1, 'one press does nothing');
  await row.getByRole('button', { name: 'Revoke now: nightly' }).click();
  await row.waitFor({ state: 'detached' });
  const answer = await fetch(`${larder.url}/api/v1/tokens`, { headers: { authorization: `Bearer ${made.secret}` } });
  assert.equal(answer.status, 401);
  assert.deepEqual(tab.problems, []);
  await tab.context().close();
});

test('on a phone nothing scrolls sideways, with tables open too', async () => {
  const tab = await openPage(browser, larder, { viewport: phone });
  await visit(tab, pages.mirror);
  for (const summary of await tab.getByText('As a table').all()) await summary.click();
  assert.equal(await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
  await tab.context().close();
});
