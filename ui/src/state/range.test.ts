import { describe, expect, it } from "vitest";
import { absolute, isMoment, isRelative, lasting, momentMs, rangeOf, shifted, spanOf, zoomedOut } from "./range.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const HOUR = 3_600_000;

describe("moments", () => {
  it.each([
    ["now", NOW],
    ["now-15m", NOW - 15 * 60_000],
    ["now-500ms", NOW - 500],
    ["now-2w", NOW - 14 * 24 * HOUR],
    ["2026-11-21T11:00:00Z", NOW - HOUR],
    ["1795258800", 1_795_258_800_000],
    ["1795258800000", 1_795_258_800_000],
    ["1795258800000000", 1_795_258_800_000],
  ])("%s", (text, ms) => {
    expect(momentMs(text, NOW)).toBe(ms);
  });

  it.each(["", "now+1h", "now-1y", "yesterday", "12:00", "now-"])("%j is none", (text) => {
    expect(isMoment(text)).toBe(false);
  });
});

describe("periods", () => {
  it("are never empty", () => {
    const span = spanOf({ from: "now", to: "now-1h" }, NOW);
    expect(span.from).toBeLessThan(span.to);
  });

  it("that stand still name both ends", () => {
    expect(absolute({ from: "now-1h", to: "now" }, NOW)).toEqual({
      from: "2026-11-21T11:00:00.000Z",
      to: "2026-11-21T12:00:00.000Z",
    });
    expect(isRelative(absolute({ from: "now-1h", to: "now" }, NOW))).toBe(false);
  });

  it("may be marked from right to left", () => {
    expect(rangeOf(NOW, NOW - HOUR)).toEqual(rangeOf(NOW - HOUR, NOW));
  });

  it("step half their width back, and never into the future", () => {
    const back = spanOf(shifted({ from: "now-1h", to: "now" }, -1, NOW), NOW);
    expect(back).toEqual({ from: NOW - 1.5 * HOUR, to: NOW - 0.5 * HOUR });
    expect(shifted(rangeOf(back.from, back.to), 1, NOW)).toEqual({ from: "now-1h", to: "now" });
  });

  it("grow to twice their width", () => {
    expect(zoomedOut({ from: "now-1h", to: "now" }, NOW)).toEqual({ from: "now-2h", to: "now" });
    const wide = spanOf(zoomedOut(rangeOf(NOW - 4 * HOUR, NOW - 2 * HOUR), NOW), NOW);
    expect(wide).toEqual({ from: NOW - 5 * HOUR, to: NOW - HOUR });
  });

  it("are said in the largest unit", () => {
    expect(lasting(90 * 60_000).from).toBe("now-90m");
    expect(lasting(48 * HOUR).from).toBe("now-2d");
    expect(lasting(1_500).from).toBe("now-2s");
  });
});
