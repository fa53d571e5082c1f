// Runs commands and names the steps they belong to, so that whoever waits knows for what.

import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { root } from './paths.mjs';

/** An error whose text says all there is to know: shown without a stack trace. */
export class Explained extends Error {}

/** Thrown when a step was stopped because another one failed. */
export class Stopped extends Error {}

const children = new Set();

// A child leads a process group of its own, so that stopping it also stops what it started (cargo's compilers).
function stopGroup(child) {
  try {
    process.kill(-child.pid, 'SIGTERM');
  } catch {
    // It has ended already.
  }
}

export function stopChildren() {
  for (const child of children) stopGroup(child);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    stopChildren();
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  });
}

/**
 * Runs a command to its end and gives what it printed. With `show` it prints straight to the terminal instead.
 * A command that fails throws, with its output in the message.
 */
export function run(command, args, { cwd = root, env = process.env, show = false, signal } = {}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new Stopped());
    const child = spawn(command, args, {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
    });
    children.add(child);
    let output = '';
    const collect = (chunk) => (output += chunk);
    child.stdout?.setEncoding('utf8').on('data', collect);
    child.stderr?.setEncoding('utf8').on('data', collect);
    const stop = () => stopGroup(child);
    signal?.addEventListener('abort', stop, { once: true });
    const done = () => {
      children.delete(child);
      signal?.removeEventListener('abort', stop);
    };
    child.on('error', (error) => {
      done();
      reject(error.code === 'ENOENT' ? new Explained(`${command} is not installed.`) : error);
    });
    child.on('close', (code, killedBy) => {
      done();
      if (signal?.aborted) return reject(new Stopped());
      if (code === 0) return resolve(output);
      const how = killedBy ? `was ended by ${killedBy}` : `failed with exit code ${code}`;
      reject(new Explained(`${[command, ...args].join(' ')} ${how}.${output ? `\n\n${output.trimEnd()}` : ''}`));
    });
  });
}

/** Whether a command runs and succeeds; nothing is printed. */
export async function succeeds(command, args, options) {
  try {
    await run(command, args, options);
    return true;
  } catch {
    return false;
  }
}

export const seconds = (milliseconds) => {
  const whole = Math.round(milliseconds / 1000);
  return whole < 60 ? `${(milliseconds / 1000).toFixed(1)} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
};

/** What ran, in order, for a summary at the end. */
export const finished = [];

/** Does one named piece of work and prints how long it took; `expect` says what to expect of a first run. */
export async function step(name, work, { expect } = {}) {
  console.log(`   ${name} ...${expect ? ` (${expect})` : ''}`);
  const started = performance.now();
  const report = (mark, outcome) => {
    const took = seconds(performance.now() - started);
    finished.push({ name, outcome, took });
    console.log(`${mark} ${name}: ${outcome === 'done' ? took : `${outcome} after ${took}`}`);
  };
  try {
    const result = await work();
    report('ok', 'done');
    return result;
  } catch (error) {
    if (error instanceof Stopped) report('--', 'stopped');
    else report('!!', 'failed');
    throw error;
  }
}

/**
 * Runs several lanes of work at the same time. Each gets a signal; when one fails, the others are stopped and its
 * error is thrown.
 */
export async function lanes(...works) {
  const controller = new AbortController();
  let failure;
  await Promise.all(
    works.map(async (work) => {
      try {
        await work(controller.signal);
      } catch (error) {
        if (failure === undefined || failure instanceof Stopped) failure = error;
        controller.abort();
      }
    }),
  );
  if (failure) throw failure;
}

/** Whether the file was started as a program, not imported by another one; it may have been named by a symbolic link. */
export const isProgram = (filename) => process.argv[1] !== undefined && realpathSync(process.argv[1]) === filename;

/** Runs a script's main function: an explained error is printed as it is, any other with its stack. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    console.error(`\n${error instanceof Explained ? error.message : error.stack}`);
    stopChildren();
    process.exitCode = 1;
  }
}
