import { describe, expect, it } from "vitest";
import type { Detection } from "./shapes.ts";
import { apart } from "./StoryPanel.tsx";

const seen = (id: string, second: number, risk: number) =>
  ({ id, risk, severity: "HIGH", ts: new Date(1_780_000_000_000 + second * 1000).toISOString() }) as unknown as Detection;

describe("detections in a lane", () => {
  it("have room: of those that lie close together the worst is shown", () => {
    const found = apart([seen("c", 60, 50), seen("a", 0, 60), seen("b", 5, 90), seen("d", 62, 40)], 10_000);
    expect(found.map((each) => each.id)).toEqual(["b", "c"]);
    const times = found.map((each) => Date.parse(each.ts ?? ""));
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(10_000);
  });

  it("without a time are left out", () => {
    expect(apart([{ ...seen("a", 0, 60), ts: null }], 10)).toEqual([]);
  });
});
