import { expect, test } from "vitest";

const sheets = import.meta.glob<string>("../**/*.css", { query: "?raw", import: "default", eager: true });

test("no class is begun in two sheets: the page has all of them at once", () => {
  const places = new Map<string, Set<string>>();
  for (const [place, text] of Object.entries(sheets)) {
    for (const [, name] of text.matchAll(/^(\.[a-z][\w-]*)(?:,| \{)$/gm)) {
      if (name !== undefined) places.set(name, (places.get(name) ?? new Set()).add(place));
    }
  }
  expect(places.size).toBeGreaterThan(100);
  expect([...places].filter(([, found]) => found.size > 1)).toEqual([]);
});
