// axe-core finds nothing on any page, in light and dark, on a desk and on a phone; nothing scrolls sideways.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { everywherePages, openPage, pages, phone, reportPages, sample, settled, specPages, startBrowser, startLarder, unsignedSample, useToken, visit, wanted } from './harness.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let larder, browser;

before(async () => {
  [larder, browser] = await Promise.all([startLarder(), startBrowser()]);
  await larder.push(sample, 'user-environment');
  await larder.push(unsignedSample, 'team/scratch');
  await larder.createMirror({ name: 'empty' });
  await larder.replay('user-environment');
  await wanted(larder, 'user-environment');
  Object.assign(everyPage, await reportPages(larder, 'user-environment'), await specPages(larder, 'team/scratch'));
  everyPage['a mirror by its address'] = `/open?url=${larder.url}/mirrors/user-environment`;
});

after(async () => {
  await browser?.close();
  await larder?.stop();
});

const everyPage = { ...pages, ...everywherePages, 'unsigned mirror': '/m/team/scratch', 'empty mirror': '/m/empty', 'use a token': '/m/empty?token=use', 'no tokens': '/m/empty/-/tokens', 'an address to open': '/open' };

/** What axe-core finds, each with the place it was found at. */
async function audit(page, where) {
  // Through the debugging protocol, which the page's security policy does not concern.
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axe });
  const { result } = await session.send('Runtime.evaluate', {
    expression: 'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`))',
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  return result.value.map((violation) => `${where}: ${violation}`);
}

const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

for (const [size, viewport] of [['desk', { width: 1440, height: 900 }], ['phone', phone]]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`every page on a ${size}, ${colorScheme}`, async () => {
      const page = await openPage(browser, larder, { viewport, colorScheme });
      const found = [];
      for (const [name, path] of Object.entries(everyPage)) {
        await visit(page, path);
        found.push(...(await audit(page, name)));
        assert.equal(await sideways(page), 0, `${name} scrolls sideways`);
      }
      await visit(page, '/');
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
      found.push(...(await audit(page, 'the list of keys')));
      await page.keyboard.press('Escape');
      await page.keyboard.press('m');
      await page.getByRole('menu').waitFor();
      found.push(...(await audit(page, 'the menu of mirrors')));
      assert.deepEqual(found, []);
      assert.deepEqual(page.problems, []);
      await page.context().close();
    });
  }
}

test('nothing scrolls sideways between a small phone and a wall', async () => {
  const page = await openPage(browser, larder);
  for (const path of Object.values(everyPage)) {
    await visit(page, path);
    for (const width of [360, 540, 721, 901, 1081, 1241, 3840]) {
      await page.setViewportSize({ width, height: 900 });
      assert.equal(await sideways(page), 0, `${path} at ${width} px`);
    }
  }
  await page.context().close();
});

test('on a phone every control is large enough for a finger', async () => {
  const page = await openPage(browser, larder, { viewport: phone, hasTouch: true });
  for (const path of [pages.home, pages.packages, pages.package, pages.spec]) {
    await visit(page, path);
    const small = await page.evaluate(() =>
      [...document.querySelectorAll('button, main a.btn, .tabs a, input, .row-link')]
        .filter((control) => control.offsetParent !== null && control.tabIndex >= 0)
        .map((control) => ({ name: control.textContent || control.id, ...(control.closest('tr') ?? control).getBoundingClientRect().toJSON() }))
        .filter(({ width, height }) => Math.min(width, height) < 24)
        .map(({ name, width, height }) => `${name}: ${width} x ${height}`));
    assert.deepEqual(small, [], path);
  }
  await page.context().close();
});

test('content does not move when the answer arrives', async () => {
  const page = await openPage(browser, larder);
  await page.addInitScript(() => {
    globalThis.shift = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => (globalThis.shift += entry.value))).observe({ type: 'layout-shift', buffered: true });
  });
  for (const path of [pages.packages, pages.keys]) {
    await visit(page, path);
    await settled(page);
    const shift = await page.evaluate(() => globalThis.shift);
    assert.ok(shift < 0.1, `${path}: ${shift}`);
  }
  await page.context().close();
});

for (const [size, viewport] of [['desk', { width: 1440, height: 900 }], ['phone', phone]]) {
  test(`what is open of a mirror, and the tokens, on a ${size}`, async () => {
    const page = await openPage(browser, larder, { viewport });
    await visit(page, pages.mirror);
    for (const summary of await page.getByText('As a table').all()) await summary.click();
    const found = await audit(page, 'the tables of a mirror');
    await larder.send('POST', '/api/v1/tokens', JSON.stringify({ name: 'nightly', scopes: ['push'] }), { 'content-type': 'application/json' });
    await useToken(page, larder.token);
    await visit(page, '/m/user-environment/-/tokens');
    await page.locator('.tokens tbody tr').first().waitFor();
    found.push(...(await audit(page, 'tokens')));
    assert.equal(await sideways(page), 0);
    await visit(page, '/m/user-environment?token=use');
    await page.getByRole('dialog').waitFor();
    found.push(...(await audit(page, 'a token that is used')));
    assert.deepEqual(found, []);
    await page.context().close();
  });
}
