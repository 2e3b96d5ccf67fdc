import { describe, expect, it } from "vitest";
import type { Chart } from "../../api/types.ts";
import { before, spanOf } from "../../state/range.ts";
import { comparedText, laidOver } from "./useBefore.tsx";

const chart = (begin: number, ...v: number[]) =>
  ({ t: v.map((_, at) => begin + at * 60), step_seconds: 60, series: [{ key: "a", v }, { key: "b", v: v.map(() => 1) }] }) as unknown as Chart;

describe("the period before", () => {
  it("ends where this one begins, and moves with the clock when this one does", () => {
    const now = Date.parse("2026-11-20T12:00:00Z");
    const moving = { from: "now-1h", to: "now" };
    expect(spanOf(before(moving, now), now).to).toBe(spanOf(moving, now).from);
    expect(before(moving, now).to).toBe("now-3600s");
    const fixed = { from: "2026-11-20T10:00:00Z", to: "2026-11-20T10:30:00Z" };
    expect(spanOf(before(fixed, now), now)).toEqual({ from: Date.parse("2026-11-20T09:30:00Z"), to: Date.parse(fixed.from) });
  });

  it("is laid over slice by slice, all series together", () => {
    expect(laidOver(chart(6000, 5, 5, 5), chart(3000, 1, 2, 3))).toEqual([2, 3, 4]);
    expect(laidOver(chart(6000, 5, 5, 5), chart(3000, 1))).toEqual([2, null, null]);
  });

  it("is compared in words", () => {
    expect(comparedText(112, 100)).toBe("12 % more than before");
    expect(comparedText(50, 100)).toBe("50 % fewer than before");
    expect(comparedText(100, 100)).toBe("as many as before");
    expect(comparedText(5, 0)).toBe("nothing in the period before");
  });
});
