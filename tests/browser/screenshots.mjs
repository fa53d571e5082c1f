// Pictures of every page at 1440 and 390 pixels, light and dark, for looking at: `npm run screenshots`.
// They go to LARDER_SCREENSHOTS, or to target/screenshots.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inRoot } from '../../scripts/paths.mjs';
import { openPage, pages, phone, sample, startBrowser, startLarder, unsignedSample, visit } from './harness.mjs';

const folder = process.env.LARDER_SCREENSHOTS ?? inRoot('target', 'screenshots');
await mkdir(folder, { recursive: true });

const [larder, browser] = await Promise.all([startLarder(), startBrowser()]);

async function takeAll(selected) {
  for (const viewport of [{ width: 1440, height: 900 }, phone]) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await openPage(browser, larder, { viewport, colorScheme });
      for (const [name, path] of Object.entries(selected)) {
        await visit(page, path);
        const file = `${name.replaceAll(' ', '-')}-${viewport.width}-${colorScheme}.png`;
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
  await larder.push(unsignedSample, 'team/scratch');
  await takeAll({ mirrors: '/', 'unsigned mirror': '/m/team/scratch' });
  console.log(`The pictures are in ${folder}`);
} finally {
  await browser.close();
  await larder.stop();
}
