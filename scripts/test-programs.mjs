// The programs of the system that only tests use: a browser, a static web server, a registry, GnuPG, what relocates
// binaries, and what the scripts of the actions read JSON with.

import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Explained, run, step, succeeds } from './run.mjs';

// Debian keeps servers outside the PATH of ordinary users.
const folders = [...process.env.PATH.split(delimiter), '/usr/sbin', '/usr/local/sbin'];

function find(...names) {
  for (const name of names) {
    for (const folder of folders) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // Not in this folder.
      }
    }
  }
  return null;
}

const macBrowser = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/** A Chromium or Chrome: the one named by LARDER_CHROMIUM, else the first one found. */
export function findChromium() {
  if (process.env.LARDER_CHROMIUM) return process.env.LARDER_CHROMIUM;
  return (
    find('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome') ??
    (existsSync(macBrowser) ? macBrowser : null)
  );
}

const programs = [
  { debianPackage: 'chromium', there: () => findChromium() !== null },
  { debianPackage: 'nginx-light', there: () => find('nginx') !== null },
  { debianPackage: 'docker-registry', there: () => find('docker-registry') !== null },
  { debianPackage: 'gnupg', there: () => find('gpg') !== null },
  { debianPackage: 'patchelf', there: () => find('patchelf') !== null },
  { debianPackage: 'jq', there: () => find('jq') !== null },
  { debianPackage: 'openssl', there: () => find('openssl') !== null },
];

const missingPackages = () => programs.filter((program) => !program.there()).map((program) => program.debianPackage);

// Root installs directly, and so does whoever may use sudo without being asked (a CI runner).
async function administrator() {
  if (find('apt-get') === null) return null;
  if (process.getuid?.() === 0) return [];
  return (await succeeds('sudo', ['-n', 'true'])) ? ['sudo', '-n'] : null;
}

async function installDebianPackages(prefix, packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const aptGet = (...args) => {
    const [command, ...rest] = [...prefix, 'apt-get', '-q', ...args];
    return run(command, rest, { env });
  };
  await aptGet('update');
  await aptGet('install', '-y', '--no-install-recommends', ...packages);
}

export async function ensureTestPrograms() {
  const missing = missingPackages();
  if (missing.length === 0) return;
  const prefix = await administrator();
  if (prefix !== null) {
    const name = `install ${missing.join(', ')} for tests`;
    await step(name, () => installDebianPackages(prefix, missing), { expect: 'about 40 s' });
  }
  const stillMissing = missingPackages();
  if (stillMissing.length === 0) return;
  throw new Explained(
    `The tests need programs that are not here. Their Debian packages are called: ${stillMissing.join(' ')}.\n` +
      `On Debian or Ubuntu run \`sudo apt-get install ${stillMissing.join(' ')}\`, elsewhere install the same programs; ` +
      'a browser outside the PATH can be named in LARDER_CHROMIUM. Then run this again.',
  );
}

/** The environment in which tests find these programs. */
export function testEnvironment(environment) {
  return {
    ...environment,
    PATH: [environment.PATH, '/usr/sbin', '/usr/local/sbin'].join(delimiter),
    LARDER_CHROMIUM: findChromium(),
  };
}
