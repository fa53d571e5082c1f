// Tells the service worker what the dashboard's files are, and gives it a version that changes with any of them.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const dist = process.env.TRUNK_STAGING_DIR ?? join(import.meta.dirname, "../dist");
const path = join(dist, "service-worker.js");
// The reader of logs is kept once it was used: without a network there is no log to read.
const isKept = (name) => /\.(?:html|css|js|wasm|svg|webmanifest)$/.test(name) && !/^(?:log-reader|service-worker)/.test(name);

const names = readdirSync(dist).filter(isKept).sort();
const hash = createHash("sha256");
for (const name of names) hash.update(name).update(readFileSync(join(dist, name)));
const files = names.map((name) => (name === "index.html" ? "./" : name));
const source = readFileSync(path, "utf8");
const filled = source.replace('"@version"', JSON.stringify(hash.digest("hex").slice(0, 16))).replace('["@files"]', JSON.stringify(files));
if (!filled.includes('"./"') || filled.includes("@version")) throw new Error("service-worker.js has no place for the version and the files");
writeFileSync(path, filled);
