import { expect, test } from "vitest";
import { PLACEHOLDER, WAYS } from "./snippets.ts";

test("every snippet names the service or a source, and none leaves a hole", () => {
  for (const way of WAYS) {
    const text = way.text("https://sentinel.example/below/", "sk_1");
    expect(text).not.toContain("undefined");
    expect(text).not.toContain(PLACEHOLDER);
    expect(text.includes("https://sentinel.example/below/") || text.includes("[[sources.inputs]]")).toBe(true);
  }
});

test("a key stands where the sender needs it", () => {
  const sending = WAYS.filter((way) => way.text("u/", "sk_1").includes("u/"));
  expect(sending.length).toBeGreaterThan(3);
  for (const way of sending) expect(way.text("u/", "sk_1")).toContain("sk_1");
});
