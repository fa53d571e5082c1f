// Where things are in this repository. Everything a script makes stays inside it.

import { join, resolve } from 'node:path';

if (import.meta.dirname === undefined) {
  console.error(`Larder needs Node.js 20.11 or newer; this is ${process.version}. Install a newer one, then run this again.`);
  process.exit(1);
}

export const root = resolve(import.meta.dirname, '..');
export const inRoot = (...parts) => join(root, ...parts);

export const toolsFolder = inRoot('.tools');
export const toolPrograms = inRoot('.tools', 'bin');
export const packagePrograms = inRoot('node_modules', '.bin');
export const workerEntry = inRoot('worker', 'build', 'index.js');
export const dashboardEntry = inRoot('frontend', 'dist', 'index.html');
export const commandLine = inRoot('target', 'release', 'larder');
export const defaultState = inRoot('.larder');
