// Builds, runs and failures, as a maintainer meets them: recorded reports of Spack, replayed to the worker.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { address, buildOf, clipboard, failureOf, openPage, phone, reportPages, sample, settled, startBrowser, startLarder, visit } from './harness.mjs';

const mirror = 'user-environment';
let larder, browser, page, pages;

/** A run of which one package broke and stopped two others. */
async function reportBlocked() {
  const log = 'src/foo.c:7:2: error: unknown type name \'bar_t\'\n';
  const run = { provider: 'github', repository: 'octo-org/stack', run: '77', attempt: 1, commit: 'abcdef0123456789abcdef0123456789abcdef01', ref: 'refs/heads/main' };
  const message = 'Skipping build of app-1.0-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa since libfoo-2.0-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb failed';
  const blocked = {
    package: 'libfoo', phase: null, kind: 'dependency_failed', tool: 'spack', file: null, line: null, message, log_line: null,
    excerpt: { first_line: null, error: 0, lines: [message] }, signature: '0123456789abcdef',
  };
  const { run: id, builds } = await larder.report(mirror, run, [
    { package: 'zlib-ng', spec: 'zlib-ng', status: 'built', took_millis: 4200 },
    { package: 'libfoo', spec: 'libfoo@2.0', status: 'failed', took_millis: 252_000 },
    { package: 'app', spec: 'app', status: 'blocked', failure: blocked },
    { package: 'tool', spec: 'tool', status: 'unknown' },
    { package: 'second-app', spec: 'second-app', status: 'blocked', failure: blocked },
    { package: 'glibc', spec: 'glibc', status: 'reused' },
  ]);
  await larder.putLog(mirror, builds[1].id, log);
  return id;
}

let blockedRun;

before(async () => {
  [larder, browser] = await Promise.all([startLarder(), startBrowser()]);
  await larder.push(sample, mirror);
  await larder.replay(mirror);
  pages = await reportPages(larder, mirror);
  blockedRun = await reportBlocked();
  page = await openPage(browser, larder);
});

after(async () => {
  await browser?.close();
  await larder?.stop();
});

const texts = (selector) => page.locator(selector).allInnerTexts();

test('each page has its own URL, one title, and nothing in the console', async () => {
  const titles = {
    builds: 'Builds', 'builds filtered': 'Builds', run: 'gha-ubuntu-22.04', failures: 'Failures', failure: 'syntax-error does not compile',
    build: 'syntax-error', 'build blocked': 'app-on-broken', log: 'Log of syntax-error', 'log plain': 'Log of syntax-error',
    'no such build': `There is no build 99999 in ${mirror}`, 'no such failure': `There is no failure 0000000000000000 in ${mirror}`,
    'no failure is like that': 'Failures',
  };
  for (const [name, path] of Object.entries(pages)) {
    const tab = await openPage(browser, larder);
    await visit(tab, path);
    assert.equal((await tab.locator('h1').textContent()).trim(), titles[name], name);
    assert.equal(await tab.locator('h1').count(), 1, name);
    assert.ok((await tab.title()).endsWith('· Larder'), name);
    assert.deepEqual(tab.problems, [], name);
    await tab.context().close();
  }
});

test('the tabs count builds and what is still failing', async () => {
  await visit(page, `/m/${mirror}`);
  const { reports } = await larder.send('GET', `/api/v1/mirrors/${mirror}`);
  const tabs = await page.locator('nav.tabs').innerText();
  assert.match(tabs, new RegExp(`Builds ${reports.builds}\\b`));
  assert.match(tabs, new RegExp(`Failures ${reports.failing}\\b`));
});

test('the overview shows what broke, and the last run', async () => {
  await visit(page, `/m/${mirror}`);
  const figures = await page.locator('.stats').innerText();
  for (const figure of ['Builds', 'Still failing', 'Last run']) assert.ok(figures.includes(figure), figures);
  assert.equal(await page.locator('.stats .cells a').count(), 6);
  assert.ok((await texts('.broken .row-link')).some((error) => error.includes("expected ',' or ';' before 'for'")));
  await page.getByRole('link', { name: /^All \d+ failures$/ }).click();
  await page.waitForURL('**/-/failures');
});

test('builds are a line a run, below the day they began', async () => {
  await visit(page, pages.builds);
  const { items } = await larder.send('GET', `/api/v1/mirrors/${mirror}/runs`);
  assert.equal(await page.locator('tbody tr.row').count(), items.length);
  assert.equal(await page.locator('.cells a').count(), items.reduce((sum, { cells }) => sum + cells.length, 0));
  assert.ok((await texts('.day th')).includes('2026-11-20'));
  assert.ok((await texts('tbody tr.row .name')).some((name) => name.startsWith('octo-org/stack 1658821493') && name.includes('attempt 2, main')));
  assert.match(await page.locator('tbody tr.row').first().innerText(), /1 built, 1 failed, 2 blocked, 1 unknown, 1 reused/);
  await page.locator(`.row-link[href$="/runs/${blockedRun}"]`).click();
  await page.waitForURL(`**/runs/${blockedRun}`);
});

test('a cell leads to its build', async () => {
  await visit(page, pages.builds);
  const cell = page.locator('.cells a.blocked').first();
  const href = await cell.getAttribute('href');
  await cell.click();
  await page.waitForURL(`**${href}`);
  await settled(page);
  assert.match(await page.locator('main header').innerText(), /blocked/);
});

test('filters are in the URL, and Back undoes them', async () => {
  await visit(page, pages.builds);
  await page.getByRole('link', { name: 'Failed', exact: true }).click();
  await page.waitForURL('**/builds?status=failed');
  await settled(page);
  const outcomes = await texts('tbody .st');
  assert.ok(outcomes.length > 5 && outcomes.every((outcome) => outcome === 'failed'), outcomes.join());
  await page.getByRole('combobox', { name: 'Kind' }).selectOption('configure');
  await page.waitForURL('**/builds?status=failed&kind=configure');
  await settled(page);
  assert.ok((await texts('tbody .row-link')).every((name) => name === 'configure-fails'));
  await page.getByRole('searchbox', { name: 'Package', exact: true }).fill('link-error');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/builds?status=failed&kind=configure&package=link-error');
  await settled(page);
  assert.match(await page.locator('main').innerText(), /No build is like that/);
  await page.getByRole('link', { name: 'Show all builds' }).click();
  await page.waitForURL('**/-/builds');
  for (let step = 0; step < 4; step += 1) await page.goBack();
  await page.waitForURL('**/-/builds');
  await page.goForward();
  await page.waitForURL('**/builds?status=failed');
  await settled(page);
  assert.equal(await page.locator('.choices [aria-current]').innerText(), 'Failed');
});

test('a run has its failures first, each with what it blocks below it', async () => {
  await visit(page, `/m/${mirror}/-/runs/${blockedRun}`);
  assert.equal(await page.locator('h1').innerText(), 'octo-org/stack 77');
  assert.deepEqual(await texts('tbody .row-link'), ['libfoo', 'app', 'second-app', 'tool', 'zlib-ng', 'glibc']);
  assert.deepEqual(await texts('tbody .st'), ['failed', 'blocked', 'blocked', 'unknown', 'built', 'reused']);
  assert.equal(await page.locator('tr.below').count(), 2);
  assert.match(await page.locator('tbody tr').nth(0).innerText(), /src\/foo\.c:7 unknown type name 'bar_t'.*4 min 12 s/s);
  assert.match(await page.locator('tbody tr').nth(1).innerText(), /waits for libfoo/);
  const provider = page.getByRole('link', { name: 'Open the run at GitHub ↗' });
  assert.equal(await provider.getAttribute('href'), 'https://github.com/octo-org/stack/actions/runs/77/attempts/1');
  assert.equal(await provider.getAttribute('rel'), 'noreferrer');
  assert.equal(await page.locator('.facts a').first().getAttribute('href'), 'https://github.com/octo-org/stack/commit/abcdef0123456789abcdef0123456789abcdef01');
});

test('failures are ordered and filtered by their URL', async () => {
  await visit(page, pages.failures);
  const errors = await texts('.err-link');
  assert.ok(errors.some((error) => error === "expected ',' or ';' before 'for'"), errors.join('\n'));
  const blocks = (await texts('td[data-l=blocks]')).map(Number);
  assert.deepEqual(blocks, [...blocks].sort((a, b) => b - a), 'what blocks most comes first');
  await page.getByRole('combobox', { name: 'Order' }).selectOption('frequent');
  await page.waitForURL('**/failures?sort=frequent');
  await settled(page);
  const seen = (await texts('td[data-l=seen]')).map(Number);
  assert.deepEqual(seen, [...seen].sort((a, b) => b - a));
  await page.getByRole('combobox', { name: 'Kind' }).selectOption('missing_header');
  await page.waitForURL('**/failures?sort=frequent&kind=missing_header');
  await settled(page);
  assert.deepEqual(await texts('.err-link'), ['hdf5_not_here.h: No such file or directory']);
  await page.getByRole('link', { name: 'Fixed' }).click();
  await page.waitForURL('**/failures?kind=missing_header&sort=frequent&state=fixed');
  await settled(page);
  assert.match(await page.locator('main').innerText(), /No failure is like that/);
});

test('what came since the last visit is marked new', async () => {
  const tab = await openPage(browser, larder);
  await visit(tab, pages.failures);
  assert.equal(await tab.locator('.new').count(), 0, 'a first visit has nothing to compare with');
  await tab.evaluate((key) => localStorage.setItem(key, `0 ${Date.parse('2026-11-01')}`), `larder-failures-seen ${mirror}`);
  await tab.reload();
  await settled(tab);
  const rows = await tab.locator('tbody tr.row').count();
  assert.equal(await tab.locator('.new').count(), rows);
  assert.match(await tab.locator('main header').innerText(), new RegExp(`${rows} new since your last visit`));
  await tab.context().close();
});

test('a failure shows its cause, where it was seen, what it stops, and the issue', async () => {
  await visit(page, pages.failure);
  assert.equal(await page.locator('.cause').innerText(), "solver.c:4: expected ',' or ';' before 'for'\ngcc in phase build, line 6 of the log.");
  assert.match(await page.locator('.log .first').innerText(), /solver\.c:4:3: error: expected ',' or ';' before 'for'/);
  assert.equal(await page.locator('.log .err').count(), 4, 'the other errors are marked, phases of a package called so are not');
  assert.match(await page.locator('section', { hasText: 'Stops' }).last().innerText(), /app-on-broken/);
  assert.deepEqual((await texts('.seen tbody .row-link')).includes('syntax-error'), true);
  const failure = await failureOf(larder, mirror, 'syntax-error');
  const { issue } = await larder.send('GET', `/api/v1/mirrors/${mirror}/failures/${failure.signature}`);
  assert.equal(await page.getByRole('link', { name: 'Open issue upstream ↗' }).getAttribute('href'), issue.url || null);
  await page.getByRole('button', { name: 'Copy as Markdown' }).click();
  await page.waitForFunction(() => document.querySelector('[data-done]') !== null);
  assert.equal(await clipboard(page), issue.markdown);
  assert.match(await page.locator('.issue').innerText(), new RegExp(issue.title.replace(/[^\w ]/g, '.')));
  // A number of the excerpt leads to that line of the log.
  await page.locator('.log .first a').click();
  await page.waitForURL('**/log#L6');
  await page.locator('.log-line.here').waitFor();
  assert.equal(await page.locator('.log-line.here').getAttribute('data-line'), '6');
});

test('a blocked build names what blocks it and leads there', async () => {
  await visit(page, pages['build blocked']);
  assert.match(await page.locator('main').innerText(), /It was never begun\. It waits for syntax-error, which failed\./);
  await page.locator('main section a', { hasText: 'syntax-error' }).first().click();
  await page.waitForURL(`**${pages.failure}`);
});

test("a package's page has its builds, and the badge to copy", async () => {
  await visit(page, `/m/${mirror}/-/packages/hello-larder`);
  await page.locator('.cells').waitFor();
  assert.deepEqual(await texts('.builds .st'), ['built']);
  await page.getByRole('button', { name: 'Copy the badge as Markdown' }).click();
  await page.waitForFunction(() => document.querySelector('[data-done]') !== null);
  const badge = `${larder.url}/api/v1/mirrors/${mirror}/packages/hello-larder/badge.svg`;
  assert.equal(await clipboard(page), `[![hello-larder](${badge})](${larder.url}/m/${mirror}/-/packages/hello-larder)`);
  await visit(page, `/m/${mirror}/-/packages/hdf5`);
  assert.equal(await page.locator('.cells').count(), 0, 'without reports there is no history');
});

test('keys go to builds and failures, and through their rows', async () => {
  await visit(page, `/m/${mirror}`);
  await page.keyboard.press('g');
  await page.keyboard.press('b');
  await page.waitForURL('**/-/builds');
  await settled(page);
  await page.keyboard.press('g');
  await page.keyboard.press('f');
  await page.waitForURL('**/-/failures');
  await settled(page);
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  const second = await page.locator('.err-link').nth(1).getAttribute('href');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**${second}`);
  await page.goBack();
  await settled(page);
  await page.waitForFunction((href) => document.activeElement?.getAttribute('href') === href, second);
});

test('nothing reported, nothing failing and a server in trouble are said in words', async () => {
  await larder.createMirror({ name: 'quiet' });
  await visit(page, '/m/quiet/-/builds');
  assert.match(await page.locator('main').innerText(), /No builds are reported yet/);
  await visit(page, '/m/quiet/-/failures');
  assert.match(await page.locator('main').innerText(), /No builds are reported yet/);
  await larder.report('quiet', { run: '1' }, [{ package: 'zlib', spec: 'zlib', status: 'built' }]);
  await visit(page, '/m/quiet/-/failures');
  assert.match(await page.locator('main').innerText(), /Nothing is failing/);
  await visit(page, '/m/quiet/-/builds/1/log');
  assert.match(await page.locator('main').innerText(), /This build has no log/);

  const tab = await openPage(browser, larder);
  await tab.route('**/failures?*', (route) => route.abort());
  await tab.goto('/m/quiet/-/failures');
  await tab.getByRole('alert').waitFor();
  assert.match(await tab.getByRole('alert').innerText(), /Larder cannot be reached/);
  await tab.unroute('**/failures?*');
  await tab.getByRole('button', { name: 'Retry' }).click();
  await tab.getByText('Nothing is failing').waitFor();
  await tab.context().close();
});

test('script and style in names and messages are text', async () => {
  const evil = '<img src=x onerror="document.title=\'owned\'">';
  const failure = {
    package: null, phase: `${evil}`, kind: 'compile', tool: 'gcc', file: `${evil}.c`, line: 3, message: `${evil}\u202E<script>document.title='owned'</script>`,
    log_line: 2, excerpt: { first_line: 1, error: 1, lines: ['<style>body{display:none}</style>', `${evil}`] }, signature: 'fedcba9876543210',
  };
  const run = { provider: 'other', repository: evil, run: '9', url: 'javascript:document.title="owned"', runner: evil, commit: evil };
  const { run: id, builds } = await larder.report('hostile', run, [{ package: evil, spec: evil, status: 'failed', failure }]).catch(async () => {
    await larder.createMirror({ name: 'hostile' });
    return larder.report('hostile', run, [{ package: evil, spec: evil, status: 'failed', failure }]);
  });
  await larder.putLog('hostile', builds[0].id, `<script>document.title='owned'</script>\n${evil}\u202E: error: x\n\u0000\u001b[31m<b>red</b>\u001b[0m\n`);
  const { signature } = await buildOf(larder, 'hostile', encodeURIComponent(evil));
  const tab = await openPage(browser, larder);
  for (const path of ['', '/-/builds', '/-/builds?status=failed', `/-/runs/${id}`, '/-/failures', `/-/failures/${signature}`, `/-/builds/${builds[0].id}`, `/-/builds/${builds[0].id}/log`]) {
    await visit(tab, `/m/hostile${path}`);
    if (path.endsWith('/log')) await tab.locator('.log-line .text').nth(2).waitFor();
    assert.ok(!(await tab.title()).startsWith('owned'), path);
    assert.equal(await tab.locator('main :is(img, script, style, b b)').count(), 0, path);
    assert.equal(await tab.locator('a[href^="javascript"]').count(), 0, path);
    assert.ok(!(await tab.locator('main').innerText()).includes('\u202E'), `${path} shows a character that turns the text around`);
  }
  assert.deepEqual(tab.problems, []);
  await tab.context().close();
});

test('on a phone, rows of builds have their outcome first and nothing scrolls sideways', async () => {
  const tab = await openPage(browser, larder, { viewport: phone, hasTouch: true });
  for (const [name, path] of Object.entries(pages)) {
    await visit(tab, path);
    assert.equal(await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, name);
  }
  await visit(tab, pages['builds filtered']);
  const [outcome, name] = await tab.locator('tbody tr').first().evaluate((row) => [row.querySelector('.st'), row.querySelector('.row-link')].map((part) => part.getBoundingClientRect().left));
  assert.ok(outcome < name);
  assert.equal(address(tab), pages['builds filtered']);
  await tab.context().close();
});
