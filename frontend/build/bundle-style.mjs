// Makes one style sheet of `style/`, in the order of `style/index.css`: one request instead of fifteen.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const styleFolder = join(import.meta.dirname, "../style");
const index = readFileSync(join(styleFolder, "index.css"), "utf8");
const bundled = new Set(["index.css"]);

const bundle = index.replace(/^@import "\.\/(?<name>[\w-]+\.css)";$/gm, (_, name) => {
  bundled.add(name);
  return readFileSync(join(styleFolder, name), "utf8");
});

const forgotten = readdirSync(styleFolder).filter((name) => !bundled.has(name));
if (forgotten.length > 0) {
  console.error(`style/index.css does not import ${forgotten.join(", ")}. Add a line, or delete the file.`);
  process.exit(1);
}

const outputFolder = join(import.meta.dirname, "../.build");
mkdirSync(outputFolder, { recursive: true });
writeFileSync(join(outputFolder, "style.css"), bundle);
