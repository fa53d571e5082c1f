// In a release, shortens the scripts that wasm-bindgen wrote, whose names trunk leaves as long as they are, and the style
// sheets of programs, which it copies.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";

if (process.env.TRUNK_PROFILE === "release") {
  const dist = process.env.TRUNK_STAGING_DIR;
  for (const name of readdirSync(dist).filter((each) => /^(?:larder-|log-reader\.|finder\.).*\.(?:js|css)$/.test(each))) {
    const loader = name.endsWith(".css") ? "css" : "js";
    const { code } = transformSync(readFileSync(join(dist, name), "utf8"), { loader, minify: true, target: "esnext" });
    writeFileSync(join(dist, name), code);
  }
}
