// Pictures of every page at 1440 and 390 pixels, light and dark, for looking at: `npm run screenshots`.
// They go to LARDER_SCREENSHOTS, or to target/screenshots. `npm run screenshots -- log run` takes only pages of such names.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inRoot } from '../../scripts/paths.mjs';
import { everywherePages, openPage, pages, phone, reportPages, sample, specPages, startBrowser, startLarder, unsignedSample, useToken, visit, wanted } from './harness.mjs';

const folder = process.env.LARDER_SCREENSHOTS ?? inRoot('target', 'screenshots');
await mkdir(folder, { recursive: true });

const [larder, browser] = await Promise.all([startLarder(), startBrowser()]);

const chosen = process.argv.slice(2);
const isWanted = ([name]) => chosen.length === 0 || chosen.some((part) => name.includes(part));

async function takeAll(all, { machine, token, usage } = {}) {
  const selected = Object.fromEntries(Object.entries(all).filter(isWanted));
  if (Object.keys(selected).length === 0) return;
  for (const viewport of [{ width: 1440, height: 900 }, phone]) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await openPage(browser, larder, { viewport, colorScheme });
      if (machine) await page.addInitScript((name) => localStorage.setItem('larder-machine', name), machine);
      if (usage) await page.route('**/usage', (route) => route.fulfill({ json: usage }));
      if (token) {
        await visit(page, '/');
        await useToken(page, token);
      }
      for (const [name, path] of Object.entries(selected)) {
        await visit(page, path);
        const file = `${name.replaceAll(' ', '-')}-${viewport.width}-${colorScheme}.png`;
        // The log's viewer has a line once its reader answered.
        if (name.startsWith('log')) await page.locator('.log-line .text, .plain-log li').nth(3).waitFor();
        if (name.includes('install')) await page.getByRole('tab', { selected: true }).last().waitFor();
        if (/packages|search|open mirror/.test(name)) await page.locator('.found-words, .note').first().waitFor();
        if (name.includes('graph')) await page.locator('.graph .node').first().waitFor();
        await page.screenshot({ path: join(folder, file), fullPage: !name.includes('install') && !name.includes('dialog') });
      }
      await page.context().close();
    }
  }
}

/** What a busy mirror tells: figures that no test could bring about in an hour. */
function ninetyDays(since) {
  const days = Array.from({ length: 90 }, (_, place) => {
    const isQuiet = place % 7 > 4 || place < 20;
    const specs = isQuiet ? 0 : (place * 37) % 60;
    const hits = isQuiet ? (place * 13) % 40 : 200 + (place * 91) % 300;
    return { day: new Date(Date.parse(since) + place * 86_400_000).toISOString(), specs, bytes: specs * 3_100_000, hits, misses: Math.round(hits / (6 + (place % 9))) };
  });
  return { days, before: { specs: 410, bytes: 1_900_000_000 } };
}

try {
  await takeAll({ 'no mirror': '/' });
  await larder.createMirror({ name: 'user-environment' });
  await takeAll({ 'empty mirror': '/' });
  await larder.push(sample, 'user-environment');
  await takeAll(pages);
  await takeAll({ 'no builds': '/m/user-environment/-/builds', 'no failures': '/m/user-environment/-/failures' });
  await larder.replay('user-environment');
  await takeAll({ 'mirror broken': '/m/user-environment', ...(await reportPages(larder, 'user-environment')) });
  await wanted(larder, 'user-environment');
  await takeAll({ 'mirror used': '/m/user-environment', 'dialog token': '/m/user-environment?token=use', 'no tokens': '/m/user-environment/-/tokens' });
  for (const [name, scopes, mirrors] of [['nightly of octo-org/stack', ['push', 'report'], ['user-environment']], ['readers', ['pull'], []]]) {
    await larder.send('POST', '/api/v1/tokens', JSON.stringify({ name, scopes, mirrors, expires: '2027-03-01T00:00:00Z' }), { 'content-type': 'application/json' });
  }
  await takeAll({ tokens: '/m/user-environment/-/tokens', 'dialog token held': '/m/user-environment?token=use' }, { token: larder.token });
  const told = await larder.send('GET', '/api/v1/mirrors/user-environment/usage');
  await takeAll({ 'mirror used long': '/m/user-environment' }, { usage: { ...told, ...ninetyDays(told.since) } });
  await larder.push(unsignedSample, 'team/scratch');
  await takeAll({ 'home mirrors': '/', 'unsigned mirror': '/m/team/scratch' });
  await takeAll(everywherePages);
  await takeAll(await specPages(larder, 'team/scratch'), { machine: 'linux-debian12-zen3' });
  const elsewhere = `/open?url=${larder.url}/mirrors/user-environment`;
  await takeAll({ 'open an address': '/open', 'open mirror': elsewhere, 'open mirror spec': `${elsewhere}&q=zlib@1.3.1`, 'open nothing': `/open?url=${larder.url}/nowhere` });
  console.log(`The pictures are in ${folder}`);
} finally {
  await browser.close();
  await larder.stop();
}
