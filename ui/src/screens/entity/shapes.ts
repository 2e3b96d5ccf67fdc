import type { Alert, EntityRow, EventRow, Incident } from "../../api/types.ts";

/** One measure of an entity: now, usual for it, and for its peers. */
export interface Measure {
  name: string;
  actual: number | null;
  usual: number | null;
  unit: string;
  peers: { median: number | null; p95: number | null; n: number; rank: number | null } | null;
}

export interface EntityDetail extends EntityRow {
  remembered: boolean;
  profile: Measure[];
  alerts: Alert[];
  alerts_total: number;
  incidents: Incident[];
  events: EventRow[];
  events_total: number;
  case?: { shared?: boolean; alerts?: number; risk?: number; peak?: number } | null;
}

export interface Links {
  links: { kind: string; values: { id: string; requests: number }[] }[];
}

export interface Session {
  id: string;
  requests: number;
  risk: number | null;
  errors: number;
  response_bytes: number;
  p95_us: number | null;
  last_ts: string | null;
}
