// The log viewer: where it opens, its links, search, colours, and logs of a size and a content that would hurt.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { buildWithLog, clipboard, longLog, openPage, phone, startBrowser, startLarder, visit } from './harness.mjs';

const mirror = 'logs';
const lines = 200_000;
const errorAt = 123_456;
let larder, browser, page, small, large;

const smallLog = [
  "==> small: Executing phase: 'configure'",
  'checking for gcc... gcc',
  'checking (1+1)... yes',
  "==> small: Executing phase: 'build'",
  'cc -c a.c',
  '\u001b[01m\u001b[Ka.c:1:2:\u001b[m\u001b[K \u001b[01;31m\u001b[Kerror: \u001b[m\u001b[Kunknown type name \'foo_t\'',
  'a.c:9:1: error: expected identifier',
  'a.c:9:5: warning: unused variable',
  '\ttabbed\u0007bell \u202Eturned',
  '10%\r 50%\r100% done',
  'make: *** [Makefile:2: all] Error 1',
].join('\n');

const viewer = (id, rest = '') => `/m/${mirror}/-/builds/${id}/log${rest}`;

before(async () => {
  [larder, browser] = await Promise.all([startLarder(), startBrowser()]);
  await larder.createMirror({ name: mirror });
  small = await buildWithLog(larder, mirror, 'small', smallLog);
  large = await buildWithLog(larder, mirror, 'large', longLog(lines, errorAt));
  page = await openPage(browser, larder);
});

after(async () => {
  await browser?.close();
  await larder?.stop();
});

const line = (number) => page.locator(`.log-line[data-line="${number}"]`);
const textOf = async (number) => {
  await page.waitForFunction((wanted) => Boolean(document.querySelector(`.log-line[data-line="${wanted}"] .text`)?.textContent), String(number));
  return line(number).locator('.text').textContent();
};

/** Opens a log and waits until it was read whole. */
async function open(path, tab = page) {
  await visit(tab, path);
  await tab.getByText(/\d warnings?$/).waitFor();
}

/** Waits until a line is in view. */
const inView = (number) =>
  page.waitForFunction((wanted) => {
    const row = document.querySelector(`.log-line[data-line="${wanted}"]`);
    if (!row) return false;
    const [inner, outer] = [row, row.closest('.log-view')].map((element) => element.getBoundingClientRect());
    return inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
  }, String(number));

/** Waits until keys have finished to scroll, which takes them some frames. */
const still = () =>
  page.waitForFunction(async () => {
    const view = document.querySelector('.log-view');
    const before = view.scrollTop;
    await new Promise((resolve) => setTimeout(resolve, 150));
    return view.scrollTop === before;
  });

test('a log opens on its first error, with phases and counts', async () => {
  await open(viewer(small));
  assert.match(await page.locator('.cause').innerText(), /^a\.c:1: unknown type name 'foo_t'/);
  assert.match(await page.locator('.log-bar').innerText(), /11 lines/);
  assert.equal(await line(6).getAttribute('class'), 'log-line err first current');
  assert.deepEqual(await page.locator('.phases button').allInnerTexts(), ['configure', 'build']);
  assert.deepEqual(page.problems, []);
});

test('colours become ours, and what cannot be seen is written out', async () => {
  await open(viewer(small));
  assert.equal(await textOf(6), "a.c:1:2: error: unknown type name 'foo_t'");
  assert.equal(await line(6).locator('.a1').textContent(), 'error: ');
  const red = await line(6).locator('.a1').evaluate((part) => getComputedStyle(part).color);
  const token = await page.evaluate(() => {
    const probe = document.body.appendChild(document.createElement('i'));
    probe.className = 'a1';
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  });
  assert.equal(red, token);
  assert.equal(await textOf(9), '\ttabbed\\u{7}bell \\u{202e}turned');
  assert.equal(await textOf(10), '100% done');
});

test('a click on a number is a link to the line, with shift to a range, and the lines can be copied', async () => {
  await open(viewer(small));
  await line(2).locator('.no').click();
  assert.ok(page.url().endsWith('/log#L2'), page.url());
  await line(5).locator('.no').click({ modifiers: ['Shift'] });
  assert.ok(page.url().endsWith('/log#L2-L5'), page.url());
  assert.equal(await page.locator('.log-line.here').count(), 4);
  await page.getByRole('button', { name: 'Copy lines' }).click();
  await page.waitForFunction(() => [...document.querySelectorAll('[role=status]')].some((status) => status.textContent === 'Copied the lines'));
  assert.equal(await clipboard(page), smallLog.split('\n').slice(1, 5).join('\n'));
  await page.reload();
  await page.locator('.log-line.here').first().waitFor();
  assert.equal(await page.locator('.log-line.here').count(), 4);
});

test('search counts every hit, goes from one to the next, and reads expressions', async () => {
  await open(viewer(small));
  await page.keyboard.press('/');
  await page.keyboard.type('(1+1)');
  await page.getByText('1 line', { exact: true }).waitFor();
  // What was typed before the last letter is in one line, too.
  await page.locator('.log-view mark', { hasText: /^\(1\+1\)$/ }).waitFor();
  assert.equal(await page.locator('.log-view mark').count(), 1);
  await page.locator('#log-search').fill('gcc');
  await page.getByText('1 line, 2 hits').waitFor();
  await page.locator('#log-search').fill('^A\\.c:\\d+');
  await page.getByText('no hit').waitFor();
  await page.getByRole('button', { name: 'Regular expression' }).click();
  await page.getByText('no hit').waitFor();
  await page.locator('#log-search').fill('^a\\.c:\\d+:.*error');
  await page.getByText('2 lines').waitFor();
  await page.locator('#log-search').press('Enter');
  // One stands on line 6, the first error; the next hit is on line 7, and after the last comes the first.
  await page.getByText('2 of 2 lines').waitFor();
  assert.match(await line(7).getAttribute('class'), /current/);
  await page.locator('.log-view').focus();
  await page.keyboard.press('n');
  await page.getByText('1 of 2 lines').waitFor();
  await page.keyboard.press('Shift+N');
  await page.getByText('2 of 2 lines').waitFor();
  await page.locator('#log-search').fill('a(');
  await page.locator('.hits .bad').waitFor();
  assert.match(await page.locator('.log-search .hits').innerText(), /Unterminated group/);
  await page.locator('#log-search').press('Escape');
  await page.waitForFunction(() => document.querySelectorAll('.log-view mark').length === 0);
  await page.keyboard.press('Control+k');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'search');
});

test('an expression that never ends is stopped, and the log stays', async () => {
  const endless = await buildWithLog(larder, mirror, 'endless', `${longLog(5_000, 3)}${'a'.repeat(60)}!\n`);
  await open(viewer(endless));
  const before = await textOf(3);
  await page.getByRole('button', { name: 'Regular expression' }).click();
  await page.locator('#log-search').fill('(a+)+$');
  await page.locator('.hits .bad', { hasText: 'takes too long, and was stopped' }).waitFor({ timeout: 15_000 });
  assert.equal(await textOf(3), before);
  // Another worker holds the log by now: lines that were never in view come, and it searches.
  await page.locator('.log-view').focus();
  await page.keyboard.press('End');
  await inView(5_001);
  assert.equal(await textOf(5_001), `${'a'.repeat(60)}!`);
  await page.locator('#log-search').fill('a{60}!');
  await page.getByText('1 line', { exact: true }).waitFor();
  assert.deepEqual(page.problems, []);
});

test('n, N and e step through the errors', async () => {
  await open(viewer(small));
  await page.locator('.log-line.current').waitFor();
  const current = () => page.locator('.log-line.current').getAttribute('data-line');
  assert.equal(await current(), '6');
  await page.keyboard.press('n');
  await page.waitForFunction(() => document.querySelector('.log-line.current')?.dataset.line === '7');
  await page.keyboard.press('Shift+N');
  await page.waitForFunction(() => document.querySelector('.log-line.current')?.dataset.line === '6');
  await page.keyboard.press('n');
  await page.keyboard.press('e');
  await page.waitForFunction(() => document.querySelector('.log-line.current')?.dataset.line === '6');
  assert.match(await page.locator('.log-bar').innerText(), /error 1 of 3/);
});

test('of a long log only the lines in view exist, and every line can be reached', async () => {
  await open(viewer(large));
  assert.equal(await textOf(errorAt), `src/deep/tree.c:${errorAt}:7: error: 'broken_${errorAt}' undeclared (first use in this function)`);
  await inView(errorAt);
  assert.ok((await page.locator('.log-line').count()) < 250);
  await page.locator('.log-view').focus();
  await page.keyboard.press('End');
  assert.match(await textOf(lines), /warning/);
  await inView(lines);
  await page.keyboard.press('Home');
  await textOf(1);
  await inView(1);
  await page.keyboard.press('PageDown');
  await page.waitForFunction(() => document.querySelector('.log-view').scrollTop > 0);
  await still();
  await visit(page, viewer(large, '#L77777'));
  assert.match(await textOf(77_777), /unit_77777\.c/);
  await inView(77_777);
  assert.ok((await page.locator('.log-line').count()) < 250);
  assert.deepEqual(page.problems, []);
});

test('all hits of a long log are counted', async () => {
  await open(viewer(large));
  await page.locator('#log-search').fill('unit_1234');
  // unit_1234, unit_12340 to unit_12349 and unit_123400 to unit_123499 stand twice in their lines; the warnings
  // among them once; line 123456 is the error.
  const expected = longLog(lines, errorAt).split('\n');
  const matching = expected.filter((text) => text.includes('unit_1234')).length;
  const hits = expected.reduce((sum, text) => sum + text.split('unit_1234').length - 1, 0);
  await page.getByText(`${matching} lines, ${hits} hits`, { exact: true }).waitFor();
  await page.locator('#log-search').fill('warning:');
  await page.getByText(`${lines / 1000} lines`).waitFor();
  await page.locator('#log-search').press('Enter');
  await page.getByText(/^\d+ of 200 lines$/).waitFor();
});

test('what the worker could not read, the browser finds', async () => {
  await visit(page, `/m/${mirror}/-/builds/${large}`);
  assert.match(await page.locator('main').innerText(), /only the first and the last MB were read here/);
  await page.getByRole('link', { name: "The log's page reads all of it" }).click();
  await page.getByText('Found in this browser').waitFor();
  assert.match(await page.locator('.cause').innerText(), new RegExp(`src/deep/tree\\.c:${errorAt}: 'broken_${errorAt}' undeclared`));
});

test('one line of 8 MB opens, cut', async () => {
  const id = await buildWithLog(larder, mirror, 'one-line', `${'x'.repeat(8_000_000)}\nlast: error: y\n`);
  await open(viewer(id));
  assert.match(await textOf(1), /^x{4096} and 8\.0 MB more in this line$/);
  assert.match(await textOf(2), /last: error: y/);
});

test('wrapped lines can be scrolled to the last', async () => {
  const long = `${'word '.repeat(300)}end`;
  const id = await buildWithLog(larder, mirror, 'wrapped', Array.from({ length: 500 }, (_, index) => `${index + 1} ${long}`).join('\n'));
  await open(viewer(id));
  await page.getByRole('button', { name: 'Wrap' }).click();
  await page.locator('.log-view.wrap').focus();
  await page.keyboard.press('End');
  assert.match(await textOf(500), /^500 .* end$/);
  await inView(500);
  await still();
  await visit(page, viewer(id, '#L250'));
  assert.match(await textOf(250), /^250 /);
  await inView(250);
  await page.getByRole('button', { name: 'Wrap' }).click();
});

test('the plain page holds 2,000 lines a step', async () => {
  await visit(page, viewer(large, '?plain=1'));
  await page.locator('.plain-log li').nth(1_999).waitFor();
  assert.equal(await page.locator('.plain-log li').count(), 2_000);
  await page.getByRole('link', { name: 'After' }).first().click();
  await page.waitForURL('**/log?plain=2001');
  await page.getByText('[2001/200000]').waitFor();
  assert.equal(await page.locator('.plain-log').getAttribute('start'), '2001');
  await page.getByRole('link', { name: 'Viewer' }).first().click();
  await page.waitForURL('**/log');
  await page.locator('.log-rows .log-line').first().waitFor();
});

test('the log can be downloaded as it is', async () => {
  await open(viewer(small));
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download' }).click()]);
  assert.equal(download.suggestedFilename(), `small-${small}.txt`);
  const answer = await fetch(`${larder.url}/api/v1/mirrors/${mirror}/builds/${small}/log`);
  assert.equal(await answer.text(), smallLog);
});

test('on a phone lines are broken from the start', async () => {
  const tab = await openPage(browser, larder, { viewport: phone });
  await open(viewer(small), tab);
  await tab.locator('.log-view.wrap').waitFor();
  assert.equal(await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
  await tab.context().close();
});
