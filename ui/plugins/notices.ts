import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "vite";

const FILE = "third-party-notices.txt";

const LICENSE = /^(?:licen[cs]e|copying|unlicense)(?:\.(?:md|txt))?$/i;

/** Licences that ask for nothing, so packages may come without a copy of them. */
const WITHOUT_CONDITIONS = new Set(["Unlicense", "0BSD", "CC0-1.0"]);

/** What follows in Vite's licence is about the build, of which nothing gets into the page. */
const OF_THE_BUILD = "# Licenses of bundled dependencies";

/** Writes the licences of all packages of which code gets into the page. A package without one stops the build. */
export function notices(): Plugin {
  let root = "";
  return {
    name: "notices",
    apply: "build",
    configResolved(config) {
      root = config.root;
    },
    async generateBundle(_options, bundle) {
      const found = new Set<string>();
      for (const chunk of Object.values(bundle)) {
        const ids = chunk.type === "chunk" ? chunk.moduleIds : chunk.originalFileNames.map((name) => join(root, name));
        for (const id of ids) {
          const folder = packageOf(id, root);
          if (folder !== null) found.add(folder);
        }
      }
      const parts = await Promise.all([...found].sort().map(notice));
      const head = "This page holds code of the packages below, in minified form.\n";
      this.emitFile({ type: "asset", fileName: FILE, source: [head, ...parts].join(`\n${"-".repeat(80)}\n\n`) });
    },
  };
}

/** Folder of the package that a module comes from; null for our own. */
function packageOf(id: string, root: string): string | null {
  if (id.startsWith("\0vite/") || id.startsWith("\0rolldown/")) return join(root, "node_modules", "vite");
  const path = id.replace(/^\0+/, "").split("?")[0] ?? "";
  const inside = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path.replaceAll("\\", "/"));
  return inside?.[1] ?? null;
}

async function notice(folder: string): Promise<string> {
  const about = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as { name: string; version: string; license?: string };
  const file = (await readdir(folder)).find((name) => LICENSE.test(name));
  const head = `${about.name} ${about.version} (${about.license ?? "see below"})\n`;
  if (file === undefined) {
    if (WITHOUT_CONDITIONS.has(about.license ?? "")) return head;
    throw new Error(`${about.name} ${about.version} has no file with its licence`);
  }
  const text = (await readFile(join(folder, file), "utf8")).split(OF_THE_BUILD)[0] ?? "";
  return `${head}\n${text.trim()}\n`;
}
