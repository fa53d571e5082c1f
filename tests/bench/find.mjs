// The search as its reader meets it, in Chromium: bytes to the first list, time to read them, memory, from key to
// painted answer, and what a later visit costs.
//
//     node tests/bench/find.mjs [10000 100000 1000000]
//
// At 100,000 specs, cache.spack.io's own page downloads 15.2 MB, decodes for 1.65 s, holds 141 MB and looks through its
// rows in 23 ms.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { main } from '../../scripts/run.mjs';
import { findChromium } from '../../scripts/test-programs.mjs';
import { startEdge } from './parts/edge.mjs';
import { Client, startWithMirrors } from './parts/large-mirrors.mjs';

const asked = process.argv.slice(2).map(Number).filter(Boolean);
const sizes = asked.length ? asked : [10_000, 100_000];
const typed = ['hdf5@1.14: +mpi ^openmpi', 'opnssl', '%gcc@12 +shared', 'target=x86_64_v3: os=debian12'];
const times = 4;
const newPackages = 100;

const share = (numbers, part) => numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * part))];
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;

/** Runs in the page before all else: notes when each message of the finder came. */
function listenToFinder() {
  const { Worker } = globalThis;
  globalThis.told = [];
  globalThis.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      this.addEventListener('message', ({ data }) => {
        const what = String(data).match(/^\{?"(\w+)"/)?.[1];
        if (what) globalThis.told.push({ what, at: performance.timeOrigin + performance.now() });
      });
    }
  };
}

/** Runs in the page: notes how long it takes from each key to its answer, and to the frame that shows it. */
function watchKeys() {
  globalThis.keys = [];
  let pressed;
  const input = document.querySelector('input[type=search]');
  input.addEventListener('keydown', ({ timeStamp }) => (pressed = timeStamp), true);
  const isOfAnswer = ({ target }) => (target.nodeType === Node.TEXT_NODE ? target.parentElement : target)?.closest?.('.found-words');
  new MutationObserver((changes) => {
    if (pressed === undefined || !changes.some(isOfAnswer)) return;
    const began = pressed;
    pressed = undefined;
    const answered = globalThis.told.findLast(({ what }) => what === 'found').at - performance.timeOrigin - began;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => globalThis.keys.push({ answered, painted: performance.now() - began });
      port2.postMessage(0);
    });
  }).observe(document.querySelector('main'), { subtree: true, childList: true, characterData: true });
}

/** Opens the list of packages, and tells what that cost. */
async function visit(page, edge, path) {
  edge.sent.length = 0;
  await page.goto(edge.url + path);
  const at = async (what) => {
    const has = await page.waitForFunction((what) => globalThis.told.find((each) => each.what === what), what, { timeout: 600_000 });
    return (await has.jsonValue()).at;
  };
  const found = await at('found');
  const start = await page.evaluate(() => performance.timeOrigin);
  const catalogue = edge.sent.filter(({ path }) => path.includes('/catalogue'));
  const list = catalogue.find(({ path }) => !path.includes('part='));
  const bytes = edge.sent.filter((each) => each.at <= found).reduce((sum, each) => sum + each.bytes, 0);
  await page.locator('.found-words').waitFor();
  return { bytes, list: list?.bytes ?? 0, decoded: list ? found - list.at : 0, first: found - start };
}

/** Types, letter by letter as people do; how long each answer took, in milliseconds. */
async function type(page) {
  await page.evaluate(watchKeys);
  const box = page.locator('input[type=search]');
  await box.focus();
  for (let time = 0; time < times; time += 1) {
    for (const text of typed) {
      await box.pressSequentially(text, { delay: 130 });
      await page.waitForTimeout(200);
      await page.keyboard.press('Control+A');
      await page.keyboard.press('Delete');
      await page.waitForTimeout(300);
    }
  }
  return page.evaluate(() => globalThis.keys);
}

/** Bytes that the page holds, its WebAssembly with it, and the memory of the finder. */
async function memory(page) {
  const finder = page.workers().find((worker) => worker.url().endsWith('/finder-start.js'));
  const ofFinder = await finder.evaluate(async () => (await globalThis.program).memory.buffer.byteLength);
  const { bytes, breakdown } = await page.evaluate(() => performance.measureUserAgentSpecificMemory());
  const isFinders = ({ attribution }) => attribution.some(({ scope }) => scope === 'DedicatedWorkerGlobalScope');
  const ofFindersScope = breakdown.filter(isFinders).reduce((sum, each) => sum + each.bytes, 0);
  return { page: bytes - ofFindersScope, finder: Math.max(ofFinder, ofFindersScope) };
}

await main(async () => {
  const state = mkdtempSync(join(tmpdir(), 'larder-bench-'));
  const larder = await startWithMirrors(sizes, state);
  const edge = await startEdge(larder);
  // Memory is told at once, not when it suits the browser.
  const args = ['--enable-blink-features=ForceEagerMeasureMemory'];
  const browser = await chromium.launch({ executablePath: await findChromium(), args });
  try {
    const client = new Client(larder.url);
    for (const size of sizes) {
      const path = `/m/m${size}/-/packages`;
      console.log(`\n${size} specs`);
      // The first who asks ever has the catalogue made.
      const begun = performance.now();
      for (;;) {
        const answer = await fetch(`${larder.url}/api/v1/mirrors/m${size}/catalogue`);
        await answer.arrayBuffer();
        if (answer.ok) break;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      console.log(`  made on the server in ${((performance.now() - begun) / 1000).toFixed(1)} s, once`);
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      await context.addInitScript(listenToFinder);
      const page = await context.newPage();
      const first = await visit(page, edge, path);
      console.log(`  first visit: ${kilobytes(first.bytes)} to the first list, ${kilobytes(first.list)} of them the catalogue; on screen after ${first.first.toFixed(0)} ms`);
      console.log(`  from the last byte of the catalogue to the first answer: ${first.decoded.toFixed(0)} ms`);
      const keys = await type(page);
      for (const what of ['answered', 'painted']) {
        const millis = keys.map((key) => key[what]);
        console.log(`  from key to ${what} (${keys.length} keys): median ${share(millis, 0.5).toFixed(1)} ms, 95th percentile ${share(millis, 0.95).toFixed(1)} ms`);
      }
      const tellMemory = async () => {
        const held = await memory(page);
        console.log(`  memory: ${(held.page / 1e6).toFixed(1)} MB of the page and ${(held.finder / 1e6).toFixed(1)} MB of the finder`);
      };
      await tellMemory();
      const second = await visit(page, edge, path);
      console.log(`  second visit: first list after ${second.first.toFixed(0)} ms`);
      await page.waitForTimeout(3000);
      await tellMemory();
      for (let number = 0; number < newPackages; number += 1) await client.push(`m${size}`, 20_000 + number);
      await visit(page, edge, path);
      await page.waitForTimeout(2000);
      const update = edge.sent.filter(({ path }) => path.includes('since=')).reduce((sum, { bytes }) => sum + bytes, 0);
      console.log(`  after ${newPackages} new packages: ${kilobytes(update)} more of the catalogue`);
      await context.close();
    }
  } finally {
    await browser.close();
    edge.server.close();
    await larder.stop();
    rmSync(state, { recursive: true, force: true });
  }
  process.exit(0);
});
