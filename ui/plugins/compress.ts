import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

/** Files below this are not worth a second copy: headers weigh more. */
const SMALLEST_BYTES = 1024;

const TEXT = /\.(?:js|css|svg|txt|json)$/;

/**
 * Writes `.br` and `.gz` beside the files of the page.
 *
 * It reads the files from the disk when all is written: earlier, Vite's placeholders for preloading still stand in the code,
 * and the compressed copies would break every lazy screen.
 */
export function compress(): Plugin {
  let folder = "";
  return {
    name: "compress",
    apply: "build",
    enforce: "post",
    configResolved(config) {
      folder = config.build.outDir;
    },
    closeBundle: {
      order: "post",
      sequential: true,
      async handler() {
        const names = await readdir(folder, { recursive: true });
        await Promise.all(names.filter((name) => TEXT.test(name) && !name.startsWith(".vite")).map((name) => squeeze(join(folder, name))));
      },
    },
  };
}

async function squeeze(path: string): Promise<void> {
  const content = await readFile(path);
  if (content.length < SMALLEST_BYTES) return;
  const br = await promisify(brotliCompress)(content, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
  });
  const gz = await promisify(gzip)(content, { level: 9 });
  for (const [end, small] of [[".br", br], [".gz", gz]] as const) {
    if (small.length < content.length) await writeFile(path + end, small);
  }
}
