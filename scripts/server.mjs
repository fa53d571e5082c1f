// Runs the worker on this machine, on the same runtime as Cloudflare's (workerd). It uses miniflare directly:
// `wrangler dev` puts two proxies in front, takes a second longer to start and serves a third of the requests.

import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { createRequire } from 'node:module';
import { certificateIn } from './certificate.mjs';
import { inRoot, workerEntry } from './paths.mjs';
import { Explained, succeeds } from './run.mjs';
import { workerOptions } from './worker-options.mjs';

// workerd would outlive a killed node process and keep its port. Linux can tie the two together.
async function tieRuntimeToThisProcess() {
  if (process.platform !== 'linux' || process.env.MINIFLARE_WORKERD_PATH) return;
  if (!(await succeeds('setpriv', ['--pdeathsig', 'KILL', 'true']))) return;
  const require = createRequire(createRequire(import.meta.url).resolve('miniflare'));
  process.env.LARDER_WORKERD = require('workerd').default;
  process.env.MINIFLARE_WORKERD_PATH = join(import.meta.dirname, 'workerd.sh');
}

/** Throws, with what to do, when the port is taken. Asking first gives a clearer answer than the runtime does. */
export async function expectFreePort(host, port) {
  if (port === 0) return;
  await new Promise((resolvePort, reject) => {
    const probe = createServer();
    probe.once('error', (error) => {
      const taken = `Port ${port} on ${host} is taken by another program. Stop it, or choose another port (0 takes any free one).`;
      reject(new Explained(error.code === 'EADDRINUSE' ? taken : `Cannot listen on ${host}:${port}: ${error.message}`));
    });
    probe.listen(port, host, () => probe.close(resolvePort));
  });
}

// Standard output belongs to what serve.mjs says to its caller; everything else goes to standard error.
function complain(message) {
  process.stderr.write(`${message}\n`);
}

/**
 * Starts a server and waits until the worker answers.
 * `state` is the folder of all it keeps; `variables` are the worker's variables and secrets.
 */
export async function startServer({ host, port, state, variables = {}, https = false, configuration = inRoot('wrangler.toml') }) {
  if (!existsSync(inRoot('node_modules', 'miniflare'))) {
    throw new Explained('The npm packages are not installed. Run `npm run setup` first.');
  }
  await expectFreePort(host, port);
  const certificate = https ? await certificateIn(state) : null;
  const options = await optionsFrom(configuration);
  await tieRuntimeToThisProcess();
  const { Log, LogLevel, Miniflare } = await import('miniflare');
  class ErrorLog extends Log {
    log(message) {
      complain(message);
    }
  }
  const secret = randomUUID();
  const miniflare = new Miniflare({
    workers: [
      {
        ...options,
        name: 'larder',
        modules: true,
        modulesRoot: dirname(options.scriptPath),
        bindings: { ...options.bindings, ...variables },
      },
      operatorWorker(options, secret),
    ],
    host,
    port,
    defaultPersistRoot: resolve(state),
    ...(certificate && { httpsCertPath: certificate.certificate, httpsKeyPath: certificate.key }),
    // Else it asks the network where it is, and warns when there is none.
    cf: false,
    telemetry: { enabled: false },
    logRequests: false,
    log: new ErrorLog(LogLevel.WARN),
    handleStructuredLogs: ({ level, message }) => complain(`[worker ${level}] ${message}`),
  });
  try {
    const address = await miniflare.ready;
    await expectAnswer(miniflare);
    const operate = operator(await miniflare.unsafeGetDirectURL('operator'), secret);
    return {
      // The address as it was asked for: miniflare names 127.0.0.1 for every host.
      url: `${https ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
      certificate: certificate?.certificate,
      scheduled: async (cron) => (await miniflare.getWorker('larder')).scheduled({ cron }),
      objects: () => operate('GET', ''),
      put: (key, file) => operate('PUT', encodeURIComponent(key), readFileSync(file)),
      delete: (key) => operate('DELETE', encodeURIComponent(key)),
      stop: () => miniflare.dispose(),
    };
  } catch (error) {
    await miniflare.dispose().catch(() => {});
    throw error;
  }
}

async function optionsFrom(configuration) {
  try {
    const options = await workerOptions(configuration);
    if (existsSync(options.scriptPath) && existsSync(options.assets.directory)) return options;
  } catch (error) {
    // wrangler refuses a configuration whose outputs are not there.
    if (existsSync(workerEntry)) throw error;
  }
  throw new Explained('The worker or the dashboard is not built. Run `npm run build` first.');
}

function operatorWorker({ compatibilityDate, r2Buckets }, secret) {
  const path = join(import.meta.dirname, 'operator-worker.mjs');
  return {
    name: 'operator',
    modules: [{ type: 'ESModule', path, contents: readFileSync(path, 'utf8') }],
    modulesRoot: import.meta.dirname,
    compatibilityDate,
    r2Buckets,
    bindings: { SECRET: secret },
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
  };
}

/** Asks the operator's worker. */
function operator(base, secret) {
  return async (method, path, body) => {
    const answer = await fetch(new URL(`/${path}`, base), { method, headers: { authorization: secret }, body });
    if (answer.ok) return answer.json();
    throw new Error(`answered ${answer.status}: ${await answer.text()}`);
  };
}

// Any answer but a failure of the worker itself will do: what it says about a path is its own affair.
async function expectAnswer(miniflare) {
  const answer = await miniflare.dispatchFetch('http://localhost/api/v1/mirrors');
  const body = await answer.text();
  if (answer.status < 500) return;
  throw new Explained(`The worker starts but fails to answer: ${answer.status} ${body.slice(0, 2000)}`);
}
