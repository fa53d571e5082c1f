// Pictures of every page at 1440 and 390 pixels, light and dark, for looking at: `npm run screenshots`.
// They go to LARDER_SCREENSHOTS, or to target/screenshots. `npm run screenshots -- log run` takes only pages of such names.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inRoot } from '../../scripts/paths.mjs';
import { openPage, pages, phone, reportPages, sample, specPages, startBrowser, startLarder, unsignedSample, visit } from './harness.mjs';

const folder = process.env.LARDER_SCREENSHOTS ?? inRoot('target', 'screenshots');
await mkdir(folder, { recursive: true });

const [larder, browser] = await Promise.all([startLarder(), startBrowser()]);

const wanted = process.argv.slice(2);
const isWanted = ([name]) => wanted.length === 0 || wanted.some((part) => name.includes(part));

async function takeAll(all, machine) {
  const selected = Object.fromEntries(Object.entries(all).filter(isWanted));
  if (Object.keys(selected).length === 0) return;
  for (const viewport of [{ width: 1440, height: 900 }, phone]) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await openPage(browser, larder, { viewport, colorScheme });
      if (machine) await page.addInitScript((name) => localStorage.setItem('larder-machine', name), machine);
      for (const [name, path] of Object.entries(selected)) {
        await visit(page, path);
        const file = `${name.replaceAll(' ', '-')}-${viewport.width}-${colorScheme}.png`;
        // The log's viewer has a line once its reader answered.
        if (name.startsWith('log')) await page.locator('.log-line .text, .plain-log li').nth(3).waitFor();
        if (name.includes('install')) await page.getByRole('tab', { selected: true }).last().waitFor();
        if (name.includes('graph')) await page.locator('.graph .node').first().waitFor();
        await page.screenshot({ path: join(folder, file), fullPage: !name.includes('install') });
      }
      await page.context().close();
    }
  }
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
  await larder.push(unsignedSample, 'team/scratch');
  await takeAll({ 'home mirrors': '/', 'unsigned mirror': '/m/team/scratch' });
  await takeAll(await specPages(larder, 'team/scratch'), 'linux-debian12-zen3');
  console.log(`The pictures are in ${folder}`);
} finally {
  await browser.close();
  await larder.stop();
}
