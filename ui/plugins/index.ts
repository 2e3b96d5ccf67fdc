import type { Plugin } from "vite";
import { compress } from "./compress.ts";
import { notices } from "./notices.ts";

/** What the build adds to the page: licences of what it holds, and compressed copies of its files. */
export function pagePlugins(): Plugin[] {
  return [notices(), compress()];
}
