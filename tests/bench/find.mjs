// The worker that finds specs, in Chromium: bytes, time to the first answer, memory, and time from question to answer.
//
//     node tests/bench/find.mjs <folder of finder.js and finder_bg.wasm> <catalogue>
//
// `<catalogue>.specs` and `<catalogue>.edges` are documents as the server sends them. At 100,000 specs, cache.spack.io's
// own page downloads 15.2 MB, decodes for 1.65 s, holds 141 MB and looks through its rows in 23 ms.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { inRoot } from '../../scripts/paths.mjs';
import { main } from '../../scripts/run.mjs';
import { findChromium } from '../../scripts/test-programs.mjs';

const [program, catalogue] = process.argv.slice(2);
if (catalogue === undefined) {
  console.error('It wants the folder of the program, such as frontend/dist, and the name of a catalogue.');
  process.exit(1);
}

// What is typed, letter by letter where it is long.
const queries = ['h', 'hd', 'hdf', 'hdf5', 'hdf5@1.14:', 'hdf5@1.14: +mpi', 'hdf5@1.14: +mpi ^openmpi', '^openssl',
  '%gcc@12 +shared', 'target=x86_64_v3: os=debian12', 'opnssl', ''];

// What memory a page and its workers take is told only to pages that nothing else is in.
const isolated = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

async function serve() {
  const sent = { program: 0, specs: 0, edges: 0 };
  const answers = {
    '/': ['text/html', async () => '<!doctype html><title>Find</title>'],
    '/finder-start.js': ['text/javascript', () => readFile(inRoot('frontend', 'static', 'finder-start.js'))],
    '/finder.js': ['text/javascript', () => readFile(join(program, 'finder.js'))],
    '/finder_bg.wasm': ['application/wasm', () => readFile(join(program, 'finder_bg.wasm'))],
  };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    if (url.pathname === '/catalogue') {
      const part = url.searchParams.get('part') ?? 'specs';
      const body = await readFile(`${catalogue}.${part}`);
      sent[part] += body.length;
      response.writeHead(200, { 'content-type': 'application/vnd.larder.catalogue', 'content-length': body.length }).end(body);
      return;
    }
    const answer = answers[url.pathname];
    if (!answer) return void response.writeHead(404).end();
    const body = gzipSync(await answer[1]());
    sent.program += body.length;
    response.writeHead(200, { ...isolated, 'content-type': answer[0], 'content-encoding': 'gzip' }).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, sent, url: `http://127.0.0.1:${server.address().port}` };
}

/** Runs in the page: opens the catalogue, asks each query, and says how long each step took. */
async function visit({ queries, times }) {
  const start = performance.now();
  const worker = new Worker('/finder-start.js');
  const waiting = [];
  const told = [];
  worker.onmessage = ({ data }) => {
    const what = JSON.parse(data);
    told.push({ what, at: performance.now() - start });
    const index = waiting.findIndex(({ wanted }) => wanted(what));
    if (index >= 0) waiting.splice(index, 1)[0].resolve(what);
  };
  const expect = (wanted) => new Promise((resolve) => waiting.push({ wanted, resolve }));
  const ask = (what) => worker.postMessage(JSON.stringify(what));
  await expect((what) => what === 'listening');
  const listening = performance.now() - start;
  ask({ open: { mirror: 'm', url: '/catalogue' } });
  let id = 1;
  ask({ find: { id, question: { query: '', limit: 60 } } });
  await expect((what) => what.found || what.failed);
  const first = performance.now() - start;
  while (!told.some(({ what }) => what.ready?.has_edges || what.failed)) await new Promise((resolve) => setTimeout(resolve, 20));
  const whole = performance.now() - start;
  const answers = {};
  for (let time = 0; time < times; time++) {
    for (const query of queries) {
      id += 1;
      const asked = performance.now();
      ask({ find: { id, question: { query, limit: 60, machine: { os: 'debian12', target: 'zen3' } } } });
      const { found } = await expect((what) => what.found?.id === id);
      (answers[query] ??= { specs: found.found.specs, rows: found.found.rows.length, times: [] }).times.push(performance.now() - asked);
    }
  }
  id += 1;
  ask({ complete: { id, query: 'hdf5 +', caret: 6 } });
  const { completions } = await expect((what) => what.completions);
  return { listening, first, whole, answers, completions, failed: told.map(({ what }) => what.failed).filter(Boolean), ready: told.filter(({ what }) => what.ready).at(-1)?.what.ready };
}

const middle = (times, share) => times.toSorted((a, b) => a - b)[Math.floor(times.length * share)];

await main(async () => {
  const { server, sent, url } = await serve();
  const browser = await chromium.launch({ executablePath: await findChromium(), args: ['--enable-precise-memory-info'] });
  try {
    const page = await (await browser.newContext()).newPage();
    await page.goto(url);
    for (const name of ['first visit', 'second visit']) {
      Object.assign(sent, { program: 0, specs: 0, edges: 0 });
      const result = await page.evaluate(visit, { queries, times: 9 });
      if (result.failed.length) throw new Error(JSON.stringify(result.failed));
      const all = Object.values(result.answers).flatMap(({ times }) => times);
      console.log(`${name}: ${result.ready.specs} specs, ${result.ready.packages} packages`);
      console.log(`  over the wire: program ${sent.program}, list ${sent.specs}, graphs ${sent.edges} bytes`);
      console.log(`  listens after ${result.listening.toFixed(0)} ms, first list after ${result.first.toFixed(0)} ms, graphs after ${result.whole.toFixed(0)} ms`);
      for (const [query, { specs, times }] of Object.entries(result.answers)) {
        console.log(`  ${middle(times, 0.5).toFixed(1).padStart(7)} ms  \`${query}\`: ${specs} specs`);
      }
      console.log(`  question to answer: median ${middle(all, 0.5).toFixed(1)} ms, 95th percentile ${middle(all, 0.95).toFixed(1)} ms`);
      const memory = await Promise.race([
        page.evaluate(() => performance.measureUserAgentSpecificMemory?.()).catch(() => undefined),
        new Promise((resolve) => setTimeout(resolve, 3000)),
      ]);
      if (memory) console.log(`  memory of the page and its workers: ${(memory.bytes / 1e6).toFixed(1)} MB`);
    }
  } finally {
    await browser.close();
    server.close();
  }
});
