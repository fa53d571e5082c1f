// Lists the dashboard's files with their digests, as `sha256sum` does: by this list `larder export` finds them on a server.
import "./minify.mjs";      // first: what is listed is what is sent
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const dist = process.env.TRUNK_STAGING_DIR ?? join(import.meta.dirname, "../dist");
const list = "SHA256SUMS";
// `_headers` is for Cloudflare, which sends it with the rest but not by itself.
const files = readdirSync(dist).filter((name) => ![list, "_headers"].includes(name)).sort();
const digest = (name) => createHash("sha256").update(readFileSync(join(dist, name))).digest("hex");
writeFileSync(join(dist, list), files.map((name) => `${digest(name)}  ${name}\n`).join(""));
