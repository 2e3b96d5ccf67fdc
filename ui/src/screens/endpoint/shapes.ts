import type { Alert, EndpointRow } from "../../api/types.ts";

export interface Bin {
  from: number;
  count: number;
}

export interface Caller {
  client: string;
  requests: number;
  risk: number | null;
  errors: number;
  response_bytes: number;
  p95_us: number | null;
  last_ts: string | null;
}

export interface EndpointDetail extends EndpointRow {
  response_bytes: Bin[];
  duration_us: Bin[];
  statuses: { status: number | null; count: number }[];
  callers: Caller[];
  alerts: Alert[];
  alerts_total: number;
}
