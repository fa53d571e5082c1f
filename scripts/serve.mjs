// `npm run serve -- [options]`: runs the built worker on this machine. Tests and benchmarks start their servers
// with it, too. Once the worker answers it prints `Larder is ready at <URL>`.

import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { defaultState, inRoot } from './paths.mjs';
import { Explained, isProgram, main } from './run.mjs';
import { startServer } from './server.mjs';

const help = `npm run serve -- [options]

  --port NUMBER       port to listen on; 0, the default here, takes a free one
  --host ADDRESS      address to listen on (127.0.0.1)
  --state FOLDER      folder for all that is stored (.larder)
  --var NAME=VALUE    a variable or secret of the worker, such as LARDER_ADMIN_TOKEN; may be repeated;
                      NAME alone takes the value from the environment
  --https             serve https with a self-signed certificate, kept in the state folder
  --config FILE       the configuration (wrangler.toml)
  --exit-with-stdin   stop when standard input is closed

Lines read from standard input are commands:
  scheduled [CRON]    triggers the scheduled event and prints its outcome as one line of JSON
  objects             prints what is stored in the bucket as one line of JSON: [[key, etag], ...]
  put KEY FILE        stores a file in the bucket, as somebody with access to it may
  delete KEY          deletes an object of the bucket
  stop                stops the server
`;

export function parseCommandLine(args, environment = process.env) {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '0' },
      host: { type: 'string', default: '127.0.0.1' },
      state: { type: 'string', default: defaultState },
      var: { type: 'string', multiple: true, default: [] },
      https: { type: 'boolean', default: false },
      config: { type: 'string', default: inRoot('wrangler.toml') },
      'exit-with-stdin': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    host: values.host,
    port: parsePort(values.port),
    state: values.state,
    variables: Object.fromEntries(values.var.map((text) => parseVariable(text, environment))),
    https: values.https,
    configuration: values.config,
    exitWithInput: values['exit-with-stdin'],
    help: values.help,
  };
}

export function parsePort(text) {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65535) return port;
  throw new Explained(`"${text}" is not a port. Give a number from 0 to 65535; 0 takes a free port.`);
}

function parseVariable(text, environment) {
  const [, name, , value] = text.match(/^([A-Za-z_]\w*)(=(.*))?$/s) ?? [];
  if (name === undefined) throw new Explained(`--var wants NAME=VALUE, not "${text}".`);
  if (value !== undefined) return [name, value];
  if (environment[name] === undefined) {
    throw new Explained(`--var ${name} takes its value from the environment, but ${name} is not set there.`);
  }
  return [name, environment[name]];
}

// Every answer is one line of JSON.
async function answerTo(server, line) {
  const [command, ...rest] = line.trim().split(/\s+/);
  try {
    if (command === 'scheduled') return JSON.stringify(await server.scheduled(rest.join(' ') || '*/10 * * * *'));
    if (command === 'objects') return JSON.stringify(await server.objects());
    if (command === 'put') return JSON.stringify(await server.put(rest[0], rest[1]));
    if (command === 'delete') return JSON.stringify(await server.delete(rest[0]));
    return JSON.stringify({ error: `unknown command "${command}"; there are: scheduled, objects, put, delete, stop` });
  } catch (error) {
    return JSON.stringify({ outcome: 'exception', error: error.message });
  }
}

/** Serves until a signal, the command `stop` or, when asked for, the end of standard input. */
export async function serveUntilStopped(server, { exitWithInput = false } = {}) {
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // miniflare's own handlers end the process at once, with an error code.
    process.removeAllListeners(signal);
    process.on(signal, finish);
  }
  const lines = createInterface({ input: process.stdin });
  // One after the other, so that answers come in the order of the commands.
  let answered = Promise.resolve();
  lines.on('line', (line) => {
    if (line.trim() === '') return;
    if (line.trim() === 'stop') return finish();
    answered = answered.then(async () => console.log(await answerTo(server, line)));
  });
  if (exitWithInput) lines.on('close', finish);
  // A timer of its own keeps the process alive when standard input has ended.
  const alive = setInterval(() => {}, 2 ** 30);
  await finished;
  clearInterval(alive);
  lines.close();
  await server.stop();
  process.exit(0);
}

if (isProgram(import.meta.filename)) {
  await main(async () => {
    let options;
    try {
      options = parseCommandLine(process.argv.slice(2));
    } catch (error) {
      throw new Explained(`${error.message}\n\n${help}`);
    }
    if (options.help) return console.log(help);
    const server = await startServer(options);
    if (server.certificate) console.log(`Certificate: ${server.certificate}`);
    console.log(`Larder is ready at ${server.url}`);
    await serveUntilStopped(server, options);
  });
}
