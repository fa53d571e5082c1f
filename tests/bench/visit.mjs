// A first visit on a slow phone: a processor four times as slow, and a "fast 3G" network as Chromium's own tools have it.
// First contentful paint, largest paint, time to interactive, layout shift, and bytes, for each page.

import { chromium } from 'playwright-core';
import { main } from '../../scripts/run.mjs';
import { findChromium } from '../../scripts/test-programs.mjs';
import { failureOf, sample, startLarder } from '../browser/harness.mjs';
import { startEdge } from './parts/edge.mjs';

const slowerBy = 4;
const network = { offline: false, latency: 562.5, downloadThroughput: (1.6e6 / 8) * 0.9, uploadThroughput: (0.75e6 / 8) * 0.9 };
/** Nothing long happens for so long once a page is interactive. */
const quietMillis = 3_000;
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 3, isMobile: true, hasTouch: true };

/** Runs in the page before all else. */
function watch() {
  globalThis.seen = { shift: 0, long: [], largest: 0 };
  const observe = (type, each) => new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, buffered: true });
  observe('layout-shift', ({ value, hadRecentInput }) => (globalThis.seen.shift += hadRecentInput ? 0 : value));
  observe('longtask', ({ startTime, duration }) => globalThis.seen.long.push(startTime + duration));
  observe('largest-contentful-paint', ({ startTime }) => (globalThis.seen.largest = startTime));
}

async function measure(browser, edge, path) {
  const context = await browser.newContext({ ...phone, serviceWorkers: 'block' });
  await context.addInitScript(watch);
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', network);
  await session.send('Emulation.setCPUThrottlingRate', { rate: slowerBy });
  edge.sent.length = 0;
  await page.goto(edge.url + path, { timeout: 120_000 });
  await page.locator('main h1').waitFor({ timeout: 120_000 });
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]') && !('busy' in document.documentElement.dataset), undefined, { timeout: 120_000 });
  const titled = await page.evaluate(() => performance.now());
  await page.waitForTimeout(quietMillis);
  const { seen, first } = await page.evaluate(() => ({
    seen: globalThis.seen,
    first: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
  }));
  await context.close();
  const bytes = edge.sent.reduce((sum, each) => sum + each.bytes, 0);
  return { first, largest: seen.largest, interactive: Math.max(first, ...seen.long.filter((end) => end <= titled + quietMillis)), complete: titled, shift: seen.shift, bytes };
}

await main(async () => {
  const larder = await startLarder();
  const edge = await startEdge(larder);
  const browser = await chromium.launch({ executablePath: await findChromium() });
  try {
    await larder.push(sample, 'user-environment');
    await larder.replay('user-environment');
    const { signature } = await failureOf(larder, 'user-environment', 'syntax-error');
    const { items } = await larder.send('GET', '/api/v1/mirrors/user-environment/specs?limit=1');
    const mirror = '/m/user-environment';
    const pages = { Mirror: mirror, Packages: `${mirror}/-/packages`, Package: `${mirror}/-/packages/zlib`, Spec: `${mirror}/-/specs/${items[0].hash}`, Failure: `${mirror}/-/failures/${signature}` };
    console.log(`A first visit with ${slowerBy} times the processor's time, ${(network.downloadThroughput * 8) / 1e6} Mbit/s and ${network.latency} ms to an answer:`);
    for (const [name, path] of Object.entries(pages)) {
      const { first, largest, interactive, complete, shift, bytes } = await measure(browser, edge, path);
      const seconds = (millis) => `${(millis / 1000).toFixed(1)} s`;
      console.log(
        `  ${name.padEnd(9)} first paint ${seconds(first)}, largest ${seconds(largest)}, interactive ${seconds(interactive)}, ` +
          `complete ${seconds(complete)}, layout shift ${shift.toFixed(3)}, ${(bytes / 1000).toFixed(0)} kB`,
      );
    }
  } finally {
    await browser.close();
    edge.server.close();
    await larder.stop();
  }
  process.exit(0);
});
