// In a release, shortens the scripts that wasm-bindgen wrote: trunk leaves their names as long as they are.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";

if (process.env.TRUNK_PROFILE === "release") {
  const dist = process.env.TRUNK_STAGING_DIR;
  for (const name of readdirSync(dist).filter((each) => /^(?:larder-|log-reader\.|finder\.).*js$/.test(each))) {
    const { code } = transformSync(readFileSync(join(dist, name), "utf8"), { minify: true, target: "esnext" });
    writeFileSync(join(dist, name), code);
  }
}
