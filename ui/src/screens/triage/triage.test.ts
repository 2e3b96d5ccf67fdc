import { describe, expect, it } from "vitest";
import type { EventRow, Incident } from "../../api/types.ts";
import { shareLines } from "../endpoint/index.tsx";
import { visitsOf } from "../entity/Sequence.tsx";
import { placed } from "../incident/EntityGraph.tsx";
import { payloadOf } from "./payload.ts";
import { suggestions } from "../incident/Suggested.tsx";
import { lanesOf } from "../incidents/Lanes.tsx";
import { severitySeries } from "./series.ts";
import { before } from "./useTriage.ts";
const row = (id: string, status: Incident["status"]) => ({ id, status, verdict: null, assignee: null });
const chart = (v: number[]) => ({ t: [0, 60], step_seconds: 60, series: [{ key: "sqli", v }] });
const event = (seq: number, seconds: number, endpoint: string, status = 200) => ({ seq, ts: new Date(seconds * 1000).toISOString(), endpoint, status, risk: seq, severity: "LOW" }) as EventRow;

describe("triage", () => {
  it("brings back what each incident was before", () => {
    expect(before([row("a", "open"), row("b", "acknowledged"), row("c", "open")], { status: "resolved" })).toEqual([
      { ids: ["a", "c"], changes: { status: "open" } },
      { ids: ["b"], changes: { status: "acknowledged" } },
    ]);
    expect(before([row("a", "open")], { verdict: "benign" })).toEqual([{ ids: ["a"], changes: { verdict: null } }]);
  });

  it("says what to do for every attack, most urgent first", () => {
    const incident = { attack_types: ["sqli", "ldapi"], succeeded: true, entities: [{ kind: "user", id: "u" }], risk: 90 } as unknown as Incident;
    expect(suggestions(incident).map((each) => each.key)).toEqual(["succeeded", "sqli", "ldapi", "account"]);
  });

  it("colours a slice of a lane by the worst in it", () => {
    const [lane] = lanesOf(chart([3, 2]), chart([1, 0]), chart([0, 0]));
    expect(lane?.cells?.severities).toEqual(["HIGH", "MEDIUM"]);
    expect(lane?.cells?.counts).toEqual([3, 2]);
  });

  it("puts the worst severity on the ground", () => {
    const counts = { t: [0], step_seconds: 1, series: [{ key: "LOW", v: [5] }, { key: "", v: [1] }, { key: "CRITICAL", v: [2] }] };
    expect(severitySeries(counts).map((each) => each.key)).toEqual(["CRITICAL", "LOW", ""]);
  });

  it("joins requests of one endpoint to a visit and shows silence", () => {
    const visits = visitsOf([event(3, 700, "GET /b"), event(1, 10, "GET /a"), event(2, 12, "GET /a")]);
    expect(visits.map((each) => [each.endpoint, each.count, each.pause])).toEqual([["GET /a", 2, 0], ["GET /b", 1, 688_000]]);
  });

  it("tells shares of errors, and nothing where nothing was asked", () => {
    const lines = shareLines([{ key: "5xx", label: "", values: [1, 0] }, { key: "2xx", label: "", values: [3, 0] }]);
    expect(lines[0]?.values).toEqual([0.25, null]);
  });

  it("shows the address when the match is in it, else the part that was found", () => {
    const sample = { seq: 1, ts: null, client: "c", method: "GET", url: "/a?q=%27", status: 400, user_agent: "", match: "'", where: "query q", decoded: [] };
    expect(payloadOf(sample).text).toBe("/a?q=%27");
    expect(payloadOf({ ...sample, where: "body $.x" }).text).toBe("'");
    const layered = payloadOf({ ...sample, decoded: ["%2527", "%27", "'"] });
    expect(layered).toMatchObject({ text: "%2527", chain: ["%2527", "%27", "'"] });
  });

  it("places each kind in a column", () => {
    const graph = { nodes: [{ kind: "endpoint", id: "e", leading: false }, { kind: "client", id: "c", leading: true }], edges: [], left_out: 0 };
    const [endpoint, client] = placed(graph).nodes;
    expect(client?.x).toBe(0);
    expect(endpoint?.x).toBeGreaterThan(0);
  });
});
