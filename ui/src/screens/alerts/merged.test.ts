import { expect, it } from "vitest";
import type { Alert } from "../../api/types.ts";
import { saidOf } from "./columns.tsx";
import { merged } from "./merged.ts";

const at = (id: string, minute: number): Alert => ({
  id,
  ts: new Date(Date.UTC(2026, 10, 21, 12, minute)).toISOString(),
  first_ts: null,
  entity: { kind: "client", id: "203.0.113.9" },
  attack_type: "sqli",
  risk: 50,
  severity: "MEDIUM",
  endpoint: null,
  requests_before: null,
  detectors: [],
  reason: "203.0.113.9 sent it",
  succeeded: null,
  incident: null,
  evidence: [],
});
const BEGIN = Date.UTC(2026, 10, 21, 12, 0);

it("puts news above the list, each alert once", () => {
  const rows = merged([at("b", 5), at("a", 4)], [at("c", 6), at("b", 5)], BEGIN);
  expect(rows.map((row) => row.id)).toEqual(["c", "b", "a"]);
});

it("leaves out what the period no longer holds, and what belongs to the next page", () => {
  const rows = merged([at("b", 5)], [at("c", 6), at("x", 3)], BEGIN);
  expect(rows.map((row) => row.id)).toEqual(["c", "b"]);
  expect(merged([], [at("x", 3)], Date.UTC(2026, 10, 21, 12, 4))).toEqual([]);
});

it("says what was seen without who it was", () => {
  expect(saidOf(at("a", 1))).toBe("sent it");
  expect(saidOf({ reason: "others did", entity: { kind: "client", id: "203.0.113.9" } })).toBe("others did");
});
