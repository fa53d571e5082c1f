// `npm run bench [-- FILTER]`: the benchmarks of the shared crate, then every `tests/bench/*.mjs` against a server.

import { existsSync, readdirSync } from 'node:fs';
import { build } from './build.mjs';
import { inRoot } from './paths.mjs';
import { main, run } from './run.mjs';
import { setup } from './setup.mjs';
import { toolEnvironment } from './tools.mjs';

const folder = inRoot('tests', 'bench');

const scripts = () =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.mjs'))
        .sort()
    : [];

await main(async () => {
  const filter = process.argv[2];
  const options = { env: toolEnvironment(), show: true };
  await setup();
  await build();
  console.log('\n== larder-shared');
  await run('cargo', ['bench', '-p', 'larder-shared', ...(filter ? ['--', filter] : [])], options);
  for (const name of scripts().filter((each) => !filter || each.includes(filter))) {
    console.log(`\n== tests/bench/${name}`);
    await run('node', [inRoot('tests', 'bench', name)], options);
  }
});
