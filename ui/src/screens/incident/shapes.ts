import type { Chart, EntityRef, EventRow, Incident, SeverityName } from "../../api/types.ts";

/** Answers of the routes about one incident. */
export interface Detection {
  id: string;
  ts: string | null;
  entity: EntityRef | null;
  attack_type: string;
  risk: number;
  severity: SeverityName;
  reason: string;
  endpoint: string | null;
}

export interface Story {
  from: string | null;
  to: string | null;
  requests: Chart;
  events: EventRow[];
  events_total?: number;
  detections: Detection[];
  people: { ts: string | null; actor: string; what: string; text: string }[];
}

export interface Graph {
  nodes: { kind: string; id: string; leading: boolean }[];
  edges: { from: number; to: number; requests: number }[];
  left_out: number;
}

export type SimilarIncident = Pick<
  Incident,
  "id" | "risk" | "severity" | "attack_types" | "entities" | "reason" | "status" | "verdict" | "first_ts" | "last_ts" | "succeeded"
> & { similarity: number; shared: Record<string, string[]> };

export interface SimilarIncidents {
  items: SimilarIncident[];
  prevalence: { field: string; value: string; incidents: number }[];
}
