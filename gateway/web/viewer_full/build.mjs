// Builds the full viewer into ../static/full: hashed names, each with its gzip twin, manifest.json, LICENCES.txt.
// Run by scripts/viewer; nothing here touches the network.

import { build } from "esbuild";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "..", "static", "full");
// Far beyond what the viewer weighs today: a dependency that brings a second framework is noticed at the build.
const MOST_BYTES = 6_000_000;

// The page's policy allows no style attributes; the same through the object model is no attribute.
const STYLE = /(\w+)\.setAttribute\('style', (\w+)\);/g;
const styles = {
  name: "styles",
  setup(bundle) {
    bundle.onLoad({ filter: /@cornerstonejs.tools.*\.js$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      return { contents: source.replace(STYLE, "$1.style.cssText = $2;"), loader: "js" };
    });
  },
};

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: { viewer: "src/main.js" },
  outdir: target,
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  metafile: true,
  legalComments: "none",
  entryNames: "[name]-[hash]",
  chunkNames: "part-[hash]",
  logLevel: "warning",
  // vtk.js pulls a writer of XML in (with a whole DOM), which is never called here.
  plugins: [styles],
  alias: { xmlbuilder2: "./src/no_xml.js" },
});

let bytes = 0;
for (const name of await readdir(target)) {
  const content = await readFile(join(target, name));
  if (/setAttribute\(\s*["'`]style["'`]/.test(content.toString())) throw new Error(`${name}: sets a style attribute`);
  bytes += content.length;
  await writeFile(join(target, `${name}.gz`), gzipSync(content, { level: 9 }));
}
if (bytes > MOST_BYTES) throw new Error(`${bytes} bytes is more than the viewer may weigh (${MOST_BYTES})`);

const outputs = Object.entries(metafile.outputs);
const [entry, told] = outputs.find(([, output]) => output.entryPoint === "src/main.js");
const heavy = told.imports.filter((one) => one.kind === "dynamic-import").map((one) => basename(one.path));
const manifest = { script: basename(entry), style: basename(told.cssBundle), heavy };
await writeFile(join(target, "manifest.json"), `${JSON.stringify(manifest, null, 1)}\n`);
await writeFile(join(target, "LICENCES.txt"), await licences(Object.keys(metafile.inputs)));
console.log(`full viewer: ${(bytes / 1e6).toFixed(1)} MB in ${target.slice(here.length - "viewer_full".length)}`);

// The licence of every package of which something is in the result.
async function licences(inputs) {
  const packages = new Set();
  for (const input of inputs) {
    const found = input.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//);
    if (found) packages.add(found[1]);
  }
  const parts = ["The full viewer contains these works, each under its own licence."];
  for (const place of [...packages].sort()) {
    const folder = join(here, place);
    const told = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((name) => /^(licen[cs]e|copying)/i.test(name));
    const text = file ? (await readFile(join(folder, file), "utf8")).trim() : `Licence: ${told.license ?? "not stated"}`;
    const notice = join(folder, "NOTICE");
    const more = existsSync(notice) ? `\n\n${(await readFile(notice, "utf8")).trim()}` : "";
    parts.push(`${"=".repeat(100)}\n${told.name} ${told.version} (${told.license ?? "licence not stated"})\n\n${text}${more}`);
  }
  return `${parts.join("\n\n")}\n`;
}
