import { describe, expect, it } from "vitest";
import type { Incident } from "../../api/types.ts";
import { grouped } from "./Groups.tsx";

const row = (id: string, risk: number, type: string, client: string, last_ts: string) =>
  ({ id, risk, attack_types: [type, "automation"], entities: [{ kind: "client", id: client }], endpoints: ["GET a /x"], status: "open", last_ts }) as unknown as Incident;

const ROWS = [
  row("1", 60, "sqli", "192.0.2.1", "2026-11-20T12:00:00Z"),
  row("2", 95, "bola", "192.0.2.2", "2026-11-20T12:01:00Z"),
  row("3", 70, "sqli", "192.0.2.2", "2026-11-20T12:02:00Z"),
];

describe("groups of incidents", () => {
  it("have the worst first, and know how bad and how recent they are", () => {
    const [bola, sqli] = grouped(ROWS, "attack_type");
    expect(bola).toMatchObject({ key: "bola", risk: 95 });
    expect(sqli).toMatchObject({ key: "sqli", risk: 70, last: "2026-11-20T12:02:00Z" });
    expect(sqli?.rows.map((each) => each.id)).toEqual(["1", "3"]);
  });

  it("hold each incident once, whatever they are grouped by", () => {
    for (const by of ["attack_type", "entity", "endpoint", "status"] as const) {
      const ids = grouped(ROWS, by).flatMap((group) => group.rows.map((each) => each.id));
      expect(ids.toSorted()).toEqual(["1", "2", "3"]);
    }
    expect(grouped([{ ...ROWS[0], attack_types: [], entities: [], endpoints: [] } as unknown as Incident], "entity")[0]?.key).toBe("");
  });
});
