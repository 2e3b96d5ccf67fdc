import type { Alert, EndpointRow } from "../../api/types.ts";

export interface Bin {
  from: number;
  count: number;
}

export interface Caller {
  id: string | null;
  requests: number;
  risk: number | null;
  errors: number;
  response_bytes: number | null;
  p95_us: number | null;
  last_ts: string | null;
}

export interface EndpointDetail extends EndpointRow {
  response_bytes: Bin[];
  duration_us: Bin[];
  statuses: { status: number | null; count: number }[];
  alerts: Alert[];
  alerts_total: number;
}

export interface ParameterRow {
  name: string;
  where: string;
  requests: number;
  share: number;
  kinds: Record<string, number>;
  distinct: number;
  length: { least: number; most: number };
  range: { least: number; most: number } | null;
  examples: string[];
}

export interface ParameterList {
  parameters: ParameterRow[];
  /** Requests that were looked at. */
  requests: number;
}
