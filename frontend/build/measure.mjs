// Prints what a first visit loads, gzipped, and refuses a release that is too heavy.
import "./minify.mjs";      // first: hooks of one stage run at once
import "./service-worker.mjs";
import "./list.mjs";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** Most bytes of a first visit: about half a second on a slow phone's connection. */
const MAX_GZIPPED_BYTES = 300_000;

const dist = process.env.TRUNK_STAGING_DIR ?? join(import.meta.dirname, "../dist");
const isRelease = process.env.TRUNK_PROFILE === "release";
const files = readdirSync(dist).filter((name) => /\.(?:html|css|js|wasm)$/.test(name));

let total = 0;
for (const name of files) {
  const gzipped = gzipSync(readFileSync(join(dist, name)), { level: 9 }).length;
  if (!/^(?:larder-reports|larder-specs|larder-mirrors|log-reader|finder|service-worker)/.test(name)) total += gzipped;      // loaded when they are wanted
  console.log(`${(gzipped / 1000).toFixed(1).padStart(8)} kB gzipped  ${name}`);
}
console.log(`${(total / 1000).toFixed(1).padStart(8)} kB gzipped  in all on a first visit, of at most ${MAX_GZIPPED_BYTES / 1000} kB`);

if (isRelease && total > MAX_GZIPPED_BYTES) {
  console.error("The dashboard has grown too heavy for a first visit. `twiggy top` on the .wasm file tells what takes the room.");
  process.exit(1);
}
