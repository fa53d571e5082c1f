// Makes one style sheet of `style/`, in the order of `style/index.css`, and one of each folder in it: what a program
// draws that is loaded when it is wanted.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const styleFolder = join(import.meta.dirname, "../style");
const outputFolder = join(import.meta.dirname, "../.build");
const index = readFileSync(join(styleFolder, "index.css"), "utf8");
const bundled = new Set(["index.css"]);

const bundle = index.replace(/^@import "\.\/(?<name>[\w-]+\.css)";$/gm, (_, name) => {
  bundled.add(name);
  return readFileSync(join(styleFolder, name), "utf8");
});

mkdirSync(outputFolder, { recursive: true });
writeFileSync(join(outputFolder, "style.css"), bundle);

for (const entry of readdirSync(styleFolder, { withFileTypes: true })) {
  if (entry.isDirectory()) {
    const folder = join(styleFolder, entry.name);
    const sheets = readdirSync(folder).sort().map((name) => readFileSync(join(folder, name), "utf8"));
    writeFileSync(join(outputFolder, `${entry.name}.css`), sheets.join(""));
  } else if (!bundled.has(entry.name)) {
    console.error(`style/index.css does not import ${entry.name}. Add a line, or delete the file.`);
    process.exit(1);
  }
}
