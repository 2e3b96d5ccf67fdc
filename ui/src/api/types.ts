/** Shapes of the answers, as the page uses them. `types.gen.ts` is what the OpenAPI document says. */

export type SeverityName = "LOW" | "MEDIUM" | "HIGH" | "CRITICAL";
export type EntityKind = "client" | "user" | "session" | "credential" | "network" | "endpoint";
export type Status = "open" | "acknowledged" | "resolved";
export type Verdict = "true_positive" | "false_positive" | "benign";
export type ListName = "events" | "alerts" | "incidents" | "entities" | "endpoints";

export interface EntityRef {
  kind: EntityKind;
  id: string;
}

export interface Factor {
  name: string;
  actual: number | string;
  usual: number | string | null;
  unit: string;
  contribution: number;
}

export interface Sample {
  seq: number;
  ts: string | null;
  client: string;
  method: string;
  url: string;
  status: number | null;
  user_agent: string;
  match: string;
  where: string;
}

export interface Incident {
  id: string;
  risk: number;
  severity: SeverityName;
  attack_types: string[];
  entities: EntityRef[];
  entities_total: number;
  first_ts: string | null;
  last_ts: string | null;
  alert_ts: string | null;
  requests: number;
  requests_before_alert: number;
  endpoints: string[];
  reason: string;
  factors: Factor[];
  samples: Sample[];
  succeeded: boolean | null;
  status: Status;
  verdict: Verdict | null;
  assignee: string | null;
  version: number;
  closed: boolean;
  merged_into: string | null;
  comment_count: number;
  created: string | null;
  updated: string | null;
}

export interface Comment {
  number: number;
  author: string;
  created: string | null;
  text: string;
}

export interface IncidentDetail extends Incident {
  comments: Comment[];
}

export interface Evidence {
  detector: string;
  attack_type: string;
  llr: number;
  factors: Factor[];
  seqs: number[];
  succeeded: boolean | null;
}

export interface Reference {
  attack_type: string;
  title: string;
  owasp?: { id: string; url: string } | null;
  cwe?: { id: string; url: string }[];
  capec?: { id: string; url: string }[];
  attack?: { id: string; url: string }[];
}

export interface Alert {
  id: string;
  ts: string | null;
  first_ts: string | null;
  entity: EntityRef | null;
  entity_kind?: EntityKind;
  attack_type: string;
  risk: number;
  severity: SeverityName;
  endpoint: string | null;
  requests_before: number | null;
  detectors: string[];
  reason: string;
  succeeded: boolean | null;
  incident: string | null;
  evidence?: Evidence[];
  references?: Reference[];
  seq?: number;
}

export interface EventRow {
  seq: number;
  ts: string | null;
  event_id: string | null;
  source: string | null;
  method: string | null;
  host: string | null;
  path: string | null;
  query: string | null;
  status: number | null;
  request_bytes: number | null;
  response_bytes: number | null;
  duration_us: number | null;
  client: string | null;
  network: string | null;
  user: string | null;
  session: string | null;
  credential: string | null;
  user_agent: string | null;
  referer: string | null;
  agent_kind: string | null;
  endpoint: string | null;
  route: string | null;
  risk: number | null;
  score: number | null;
  severity: SeverityName | null;
  attack_types: string[] | null;
  detectors: string[] | null;
  reason: string | null;
  references?: Reference[];
}

export interface EntityRow {
  kind: EntityKind;
  id: string;
  requests: number;
  score: number;
  risk: number;
  severity: SeverityName;
  attack_types: string[];
  first_alert_request: number | null;
  first_ts: string | null;
  last_ts: string | null;
  agent_kind: string | null;
}

export interface EndpointRow {
  endpoint: string;
  method: string | null;
  host: string | null;
  route: string | null;
  requests: number;
  clients: number;
  errors_4xx: number;
  errors_5xx: number;
  p95_ms: number | null;
  bytes_out: number;
  risk: number;
  severity: SeverityName;
  first_ts: string | null;
  last_ts: string | null;
}

export interface Chart {
  t: number[];
  series: { key: string; v: (number | null)[] }[];
  step_seconds: number;
}

export interface FacetValue {
  value: string | number | boolean | null;
  count: number;
}

export interface Facet {
  field: string;
  values: FacetValue[];
}

export interface Listing<T> {
  items: T[];
  next: string | null;
  total: number;
}

export interface Check {
  ok: boolean;
  detail: string;
}

export interface Health {
  status: "ok" | "failing" | "stopping";
  version?: string;
  uptime_seconds?: number;
  lag_seconds?: number;
  degradation?: number;
  checks?: Record<string, Check>;
}

export interface OverviewEntity extends EntityRef {
  risk: number;
  peak: number;
  alerts: number;
  first_ts: string | null;
  last_ts: string | null;
  attack_types: string[];
}

export interface Overview {
  time: string;
  started: string;
  uptime_seconds: number;
  demo: boolean;
  ok: boolean;
  counters: Record<string, number>;
  sources: Record<string, Record<string, number>>;
  silent_sources: string[];
  judged: number;
  lag_seconds: number;
  degradation: { level: number; meaning: string };
  rates: Record<string, number>;
  alerts: Record<SeverityName, number>;
  open_incidents: number;
  stored: Record<string, number>;
  period: { from: string | null; to: string | null } | null;
  totals: Record<string, number>;
  entities_by_severity: Record<SeverityName, number>;
  attack_types: Record<string, number>;
  top_entities: OverviewEntity[];
  top_endpoints: EndpointRow[];
}

export interface Me {
  name: string;
  kind: "user" | "key" | "anonymous";
  role: "viewer" | "analyst" | "responder" | "admin" | null;
  scopes: string[];
  permissions: string[];
  csrf: string | null;
}

export interface Source {
  name: string;
  kind: string;
  address: string | null;
  state: "receiving" | "waiting for the first event" | "failing";
  problem: string | null;
  received: number;
  accepted: number;
  rejected: number;
  deduplicated: number;
  deadlettered: number;
  shed: number;
}

export interface View {
  id: string;
  name: string;
  screen: string;
  query: Record<string, unknown>;
  shared: boolean;
  own: boolean;
  owner: string;
  created: string | null;
  updated: string | null;
}

export interface HealthItem {
  ts: string;
  ok: boolean;
  level: number;
  checks: Record<string, Check>;
}

export interface Explanation {
  id: string;
  sentence: { code: string; params: Record<string, unknown>; text: string };
  base: number;
  factors: Factor[];
  rest: number;
  risk: number;
  severity: SeverityName;
  detectors: {
    id: string;
    score: number;
    attack_types: string[];
    alerts: number;
    succeeded: boolean | null;
    card: string;
  }[];
  consensus: number;
  agree: string[];
  silent: string[];
  confidence: number;
  requests: number;
  succeeded: boolean | null;
  samples: Sample[];
  references: Reference[];
  [more: string]: unknown;
}
