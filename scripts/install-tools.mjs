// Installs the tools written in Rust into `.tools/`: a download where the network offers one, else `cargo install`.

import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toolsFolder } from './paths.mjs';
import { lanes, run, step } from './run.mjs';
import { isInstalled, tools } from './tools.mjs';

// Some networks reach only package registries: ask once, for a short time, before counting on downloads.
async function offersDownloads() {
  try {
    await fetch('https://github.com', { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(3000) });
    return true;
  } catch {
    return false;
  }
}

async function findFile(folder, name) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const entry = entries.find((each) => each.isFile() && each.name === name);
  return entry && join(entry.parentPath ?? entry.path, name);
}

/** Downloads a tool into `bin` of the target folder; gives false where that cannot be done. */
// Unpacked beside its place, tried there, then moved: what stands in `bin` is always whole.
export async function download(tool, target, signal) {
  const folder = join(target, `download-${tool.name}`);
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const limit = AbortSignal.timeout(120_000);
    const answer = await fetch(tool.prebuilt, { signal: signal ? AbortSignal.any([signal, limit]) : limit });
    if (!answer.ok) return false;
    const archive = join(folder, 'archive.tar.gz');
    await writeFile(archive, Buffer.from(await answer.arrayBuffer()));
    await run('tar', ['-xzf', archive, '-C', folder], { signal });
    const program = await findFile(folder, tool.name);
    if (!program) return false;
    await chmod(program, 0o755);
    if (!(await isInstalled(tool, join(program, '..')))) return false;
    await mkdir(join(target, 'bin'), { recursive: true });
    await rename(program, join(target, 'bin', tool.name));
    return true;
  } catch (error) {
    if (signal?.aborted) throw error;
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

// The tools spend their time in compilers and optimisers of other programs, so their own speed matters little:
// building them lightly saves minutes. `trunk` asks for whole-program optimisation otherwise.
const lightly = {
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '1',
  CARGO_PROFILE_RELEASE_LTO: 'false',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  CARGO_PROFILE_RELEASE_DEBUG: '0',
};

/** Compiles a tool into `bin` of the target folder; cargo, too, moves the finished program there. */
export async function compile(tool, target, signal) {
  // A folder that lasts, so that an interrupted build goes on where it stopped.
  const buildFolder = join(target, `build-${tool.name}`);
  const env = { ...process.env, ...lightly, CARGO_TARGET_DIR: buildFolder };
  const what = [tool.crate, '--version', `=${tool.version}`, '--bin', tool.name];
  const args = ['install', ...what, '--root', target, '--force'];
  try {
    await run('cargo', [...args, '--locked'], { env, signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    // A registry mirror may lag behind the lockfile of a new release; other versions of its parts do as well.
    await run('cargo', args, { env, signal });
  }
  await rm(buildFolder, { recursive: true, force: true });
}

async function install(tool, canDownload, signal) {
  if (canDownload && tool.prebuilt && (await download(tool, toolsFolder, signal))) return;
  await compile(tool, toolsFolder, signal);
}

/** Installs what is missing, two tools at a time: the end of each build keeps only one core busy. */
export async function installTools(outerSignal) {
  const missing = [];
  for (const tool of tools()) if (!(await isInstalled(tool))) missing.push(tool);
  if (missing.length === 0) return;
  const canDownload = await offersDownloads();
  const lane = async (signal) => {
    const either = outerSignal ? AbortSignal.any([signal, outerSignal]) : signal;
    for (let tool = missing.shift(); tool; tool = missing.shift()) {
      const name = `install ${tool.name} ${tool.version}`;
      await step(name, () => install(tool, canDownload, either), { expect: tool.expect });
    }
  };
  await lanes(lane, lane);
}
