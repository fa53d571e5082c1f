// The log viewer with a log of 100 MB, in Chromium: until the first error stands there, until everything was read,
// a search, and scrolling with a trace. Fails when a task of the page takes 50 ms, or its work more than a frame has.
// How many frames were drawn depends on what else the machine does, so that is only printed, beside what the same lines
// take as one bare text: the least that a browser needs on this machine.

import assert from 'node:assert/strict';
import { buildWithLog, longLog, openPage, startBrowser, startLarder } from '../browser/harness.mjs';

const megabytes = 100;
const maxTaskMilliseconds = 50;
const frameMilliseconds = 1000 / 60;
const scrollSeconds = 5;

const mirror = 'logs';

/** A log of a little less than 100 MB, the error in its middle. */
function log() {
  const lines = Math.floor((megabytes * 1e6) / 92);
  const text = longLog(lines, Math.floor(lines / 2));
  assert.ok(text.length > 0.85 * megabytes * 1e6 && text.length <= megabytes * 1e6, `${text.length} bytes`);
  return { text, lines };
}

/** Notes what a browser tells of its main thread from now on. */
async function trace(page, work) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  const categories = ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline', 'disabled-by-default-devtools.timeline.frame', 'blink.user_timing'];
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: categories } });
  await work();
  await session.send('Tracing.end');
  await complete;
  await session.detach();
  return events;
}

/**
 * The tasks of the page's main thread, in milliseconds, the longest first: the time they had a processor, for on a busy
 * machine other programs stop them for longer than they last.
 */
function tasks(events) {
  const mains = new Set(events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ pid, tid }) => `${pid} ${tid}`));
  return events
    .filter(({ name, ph, pid, tid }) => name === 'ThreadControllerImpl::RunTask' && ph === 'X' && mains.has(`${pid} ${tid}`))
    .map(({ dur, tdur = dur }) => tdur / 1000)
    .sort((a, b) => b - a);
}

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(2)} s`;

/** Scrolls as a wheel does, a notch a frame, and counts the frames and how long each took. */
const scroll = (page, pixels) =>
  page.evaluate(
    ({ pixels, duration }) =>
      new Promise((resolve) => {
        const view = document.querySelector('.log-view');
        const frames = [];
        const start = performance.now();
        let before = start;
        const step = (now) => {
          frames.push(now - before);
          before = now;
          view.scrollTop += pixels;
          if (now - start < duration) requestAnimationFrame(step);
          else resolve(frames.slice(1));
        };
        requestAnimationFrame(step);
      }),
    { pixels, duration: scrollSeconds * 1000 },
  );

// Made before the server is there: it takes seconds, in which an open connection would be closed.
const { text, lines } = log();
/** Makes the page one bare text that shows the lines in view, numbered, and nothing else. */
const showBareText = (page, lines) =>
  page.evaluate((lines) => {
    const [view, sizer, text] = ['div', 'div', 'pre'].map((name) => document.createElement(name));
    view.className = 'log-view';
    Object.assign(view.style, { position: 'fixed', inset: '160px 0 0 0', overflow: 'auto', contain: 'strict', font: '13px/20px monospace' });
    Object.assign(sizer.style, { position: 'relative', height: `${Math.min(lines * 20, 30e6)}px` });
    Object.assign(text.style, { position: 'absolute', margin: 0, font: 'inherit' });
    const show = () => {
      const first = Math.max(1, Math.floor(view.scrollTop / 20) - 12);
      const shown = Array.from({ length: 70 }, (_, row) => first + row);
      text.textContent = shown.map((line) => `${line}  [${line}/${lines}] cc -O2 -g -Wall -Iinclude -c src/unit_${line}.c -o obj/unit_${line}.o`).join('\n');
      text.style.top = `${(first - 1) * 20}px`;
    };
    view.addEventListener('scroll', show);
    document.body.replaceChildren(view);
    view.append(sizer);
    sizer.append(text);
    show();
  }, lines);

/** Scrolls by lines, by pages and far, with a trace. */
async function scrolled(page) {
  const frames = {};
  const events = await trace(page, async () => {
    for (const [name, pixels] of [['lines', 120], ['pages', 1600], ['far', 40_000]]) {
      await page.locator('.log-view').evaluate((view) => (view.scrollTop = 1000));
      frames[name] = await scroll(page, pixels);
    }
  });
  const count = Object.values(frames).reduce((sum, all) => sum + all.length, 0);
  return { frames, events, work: tasks(events).reduce((sum, each) => sum + each, 0) / count };
}

const framesPerSecond = (all) => (all.length * 1000) / all.reduce((sum, each) => sum + each, 0);

const [larder, browser] = await Promise.all([startLarder(), startBrowser()]);
try {
  await larder.createMirror({ name: mirror });
  const id = await buildWithLog(larder, mirror, 'large', text);
  const page = await openPage(browser, larder);
  await page.goto(`/m/${mirror}`);
  await page.locator('main h1').waitFor();

  const found = {};
  const opening = await trace(page, async () => {
    const start = performance.now();
    await page.goto(`/m/${mirror}/-/builds/${id}/log`);
    await page.locator('.log-rows .text:not(:empty)').first().waitFor();
    found.first = performance.now() - start;
    await page.getByText('Found in this browser').waitFor({ timeout: 120_000 });
    await page.locator(`.log-line[data-line="${Math.floor(lines / 2)}"] .text:not(:empty)`).waitFor();
    found.whole = performance.now() - start;
  });
  const searching = await trace(page, async () => {
    const start = performance.now();
    await page.locator('#log-search').fill('warning:');
    await page.getByText(`${Math.floor(lines / 1000).toLocaleString('en')} lines`, { exact: true }).waitFor({ timeout: 120_000 });
    found.search = performance.now() - start;
    await page.locator('#log-search').fill('');
  });
  const { frames, events: scrolling, work } = await scrolled(page);
  found.work = work;
  await page.goto('/robots.txt');
  await showBareText(page, lines);
  const bare = await scrolled(page);

  console.log(`a log of ${(text.length / 1e6).toFixed(0)} MB, ${lines.toLocaleString('en')} lines`);
  console.log(`  first lines after ${seconds(found.first)}, read whole and on its error after ${seconds(found.whole)}, searched in ${seconds(found.search)}`);
  for (const [name, events] of Object.entries({ opening, searching, scrolling })) {
    const all = tasks(events);
    assert.ok(all.length > 50, `the trace of ${name} has ${all.length} tasks`);
    console.log(`  ${name}: longest tasks ${all.slice(0, 3).map((each) => each.toFixed(1)).join(', ')} ms, of ${all.length}`);
    found[name] = all[0];
  }
  for (const [name, all] of Object.entries(frames)) {
    const sorted = [...all].sort((a, b) => a - b);
    const late = sorted[Math.floor(sorted.length * 0.99)];
    console.log(`  scrolled by ${name}: ${framesPerSecond(all).toFixed(1)} frames/s (bare text ${framesPerSecond(bare.frames[name]).toFixed(1)}), 99 of 100 frames within ${late.toFixed(1)} ms`);
  }
  console.log(`  the page works ${found.work.toFixed(1)} of the ${frameMilliseconds.toFixed(1)} ms of a frame (bare text ${bare.work.toFixed(1)})`);
  for (const name of ['opening', 'searching', 'scrolling']) assert.ok(found[name] < maxTaskMilliseconds, `${name}: a task of ${found[name].toFixed(1)} ms`);
  assert.ok(found.work < frameMilliseconds, `a frame takes the page ${found.work.toFixed(1)} ms`);
} finally {
  await browser.close();
  await larder.stop();
}
