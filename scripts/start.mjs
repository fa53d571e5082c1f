// `npm start`: from a fresh clone to a running Larder with something to look at.
//
//   PORT=8787                port to listen on
//   LARDER_STATE=.larder     folder for all that is stored
//   LARDER_SAMPLE=0          start empty instead of with the sample mirror
//   LARDER_ADMIN_TOKEN=...   else one is made and kept in the state folder
//   LARDER_HTTPS=1           serve https with a self-signed certificate

import { build } from './build.mjs';
import { main } from './run.mjs';
import { loadSample, sampleIsWanted } from './sample.mjs';
import { expectFreePort, startServer } from './server.mjs';
import { serveUntilStopped } from './serve.mjs';
import { keptAdminToken, settings } from './settings.mjs';
import { setup } from './setup.mjs';
import { isInstalled, tools } from './tools.mjs';

const host = '127.0.0.1';

async function announceFirstRun() {
  const installed = await Promise.all(tools().map((tool) => isInstalled(tool)));
  if (installed.every(Boolean)) return;
  console.log('The first start installs tools and builds everything: about 5 minutes where GitHub can be reached,');
  console.log('about 20 where the tools must be built too. Later starts take seconds.');
}

await main(async () => {
  const wanted = settings();
  // Known now, not after twenty minutes of building.
  await expectFreePort(host, wanted.port);
  await announceFirstRun();
  await setup();
  await build();

  const kept = wanted.adminToken ? null : keptAdminToken(wanted.state);
  const adminToken = wanted.adminToken ?? kept.token;
  const options = { host, state: wanted.state, variables: { LARDER_ADMIN_TOKEN: adminToken } };
  const needsSample = wanted.sample && sampleIsWanted(wanted.state);

  if (needsSample && wanted.https) {
    // The pushing program rightly distrusts a self-signed certificate, so the sample goes in by plain http first.
    const plain = await startServer({ ...options, port: 0 });
    await loadSample({ url: plain.url, state: wanted.state, adminToken });
    await plain.stop();
  }
  const server = await startServer({ ...options, port: wanted.port, https: wanted.https });
  if (needsSample && !wanted.https) await loadSample({ url: server.url, state: wanted.state, adminToken });

  console.log('');
  if (kept) console.log(`Admin token: ${kept.token} (kept in ${kept.file})`);
  if (server.certificate) console.log(`Certificate: ${server.certificate}`);
  console.log(`Larder is ready at ${server.url}`);
  await serveUntilStopped(server);
});
