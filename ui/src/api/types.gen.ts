// Written by tools/gen_ts_types.py; edit the code of the service instead.

/** What became of a body: counted by record; `rejected` lists at most `door.max_errors`. */
export interface Accepted {
  accepted: number;
  deduplicated: number;
  rejected: RejectedLine[];
  rejected_total: number;
}

/** One entity, one attack type, one window of time. */
export interface AlertRow {
  id: string;
  ts: string | null;
  first_ts: string | null;
  entity: Entity | null;
  attack_type: string;
  risk: number;
  severity: "LOW" | "MEDIUM" | "HIGH" | "CRITICAL";
  endpoint: string | null;
  requests_before: number | null;
  detectors: string[];
  reason: string;
  succeeded: boolean | null;
  /** Id of its incident. */
  incident: string | null;
  evidence: EvidencePiece[];
}

/** A threshold to try. */
export interface Asked {
  /** Risk from which on an alarm would be given. */
  threshold: number;
  days?: number;
}

/** One change of many incidents, whatever their version. */
export interface Bulk {
  ids: string[];
  changes: Change;
}

/** An incident that was not changed, and why. */
export interface BulkFailure {
  id: string;
  status: number;
  detail: string;
}

/** What became of a bulk change. */
export interface BulkResult {
  done: string[];
  failed: BulkFailure[];
}

/** A bundle and what it says of itself. */
export interface BundleDetail {
  id: string;
  state: "candidate" | "shadow" | "active" | "retired";
  /** What it learned from, how good it was. */
  about: { [key: string]: unknown };
  /** Bytes by name. */
  parts: { [key: string]: number };
}

/** A bundle as lists show it. */
export interface BundleRow {
  id: string;
  state: "candidate" | "shadow" | "active" | "retired";
  added: string;
  added_by: string;
  changed: string;
  signed_by: string;
  signed_at: string;
  bytes: number;
}

/** All bundles, and what judges. */
export interface Bundles {
  items: BundleRow[];
  /** Newest first. */
  history: HistoryRow[];
  next: string | null;
  total: number;
  /** The settings name a bundle, so nothing can be switched. */
  pinned: boolean;
  /** Why the last change could not be taken over. */
  problem: string;
  /** A training of the service is under way. */
  training: boolean;
  /** Why the last training came to nothing. */
  training_problem: string;
}

/** One that calls an endpoint. */
export interface CallerRow {
  id: string | null;
  requests: number;
  /** The highest of these requests. */
  risk: number | null;
  /** Answers of 400 and above. */
  errors: number;
  response_bytes: number | null;
  p95_us: number | null;
  last_ts: string | null;
}

/** Who calls an endpoint. */
export interface Callers {
  endpoint: string;
  by: string;
  callers: CallerRow[];
}

/** An entry of a catalogue. */
export interface CatalogueEntry {
  id: string;
  url: string;
}

/** What people can set. A member that is left out stays as it is. */
export interface Change {
  /** Where the work on it stands. */
  status?: "open" | "acknowledged" | "resolved";
  /** What it was; null takes it back. */
  verdict?: "true_positive" | "false_positive" | "benign" | null;
  assignee?: string | null;
}

/** New values by dotted name; null takes a change back. */
export interface Changes {
  changes: { [key: string]: number | null };
}

/** Columns for a chart: times in seconds since the epoch, and one or more series. */
export interface Chart {
  t: number[];
  series: Series[];
  /** Width of a slice, chosen by the service. */
  step_seconds: number;
}

/** One part of the service. */
export interface Check {
  ok: boolean;
  detail: string;
}

/** What somebody wrote. */
export interface Comment {
  number: number;
  author: string;
  created: string | null;
  text: string;
}

/** What a threshold would have meant. */
export interface Counted {
  threshold: number;
  days: number;
  /** Incidents of the period, whatever their risk. */
  incidents: number;
  /** Those at or above the threshold. */
  alarms: number;
  alarms_per_day: number;
  /** Judged true by people, at or above it. */
  confirmed_kept: number;
  /** Judged true by people, below it. */
  confirmed_lost: number;
  /** Judged false or expected by people, at or above it. */
  false_kept: number;
  /** Judged false or expected by people, below it. */
  false_avoided: number;
  /** Examples of confirmed incidents below it. */
  lost?: { [key: string]: unknown }[];
  /** Incidents by risk, one number a point from 0 to 100. */
  risks?: number[];
  /** False when there are more than were looked at. */
  complete: boolean;
}

/** What would have to be different for the risk to be below MEDIUM. */
export interface Counterfactual {
  /** Factors that would have to be as usual. */
  without: string[];
  risk: number;
  text: string;
}

/** Name and password, or the one-time token. */
export interface Credentials {
  name?: string | null;
  password?: string | null;
  token?: string | null;
}

/** Something that is to be done to somebody until it ends. */
export interface DecisionRow {
  id: string;
  scope: "client" | "network" | "user" | "session" | "credential" | "endpoint";
  value: string;
  action: "watch" | "challenge" | "rate_limit" | "step_up" | "revoke_session" | "block";
  reason: string;
  /** Who makes such decisions: `manual` is a person. */
  source: string;
  author: string;
  /** Id of the incident that it answers to. */
  incident: string | null;
  state: "active" | "expired" | "lifted";
  created: string | null;
  expires: string | null;
  /** When it is or was over, by time or by hand. */
  ends: string | null;
  lifted_by: string | null;
  /** Nothing carries decisions out yet: `none` says so. */
  enforcement: "none";
}

/** How much is left out under load. */
export interface Degradation {
  /** 0 for nothing. */
  level: number;
  meaning: string;
}

/** A detector as its card tells; code in the texts stands between backticks. */
export interface DetectorRow {
  id: string;
  /** What it looks at, a paragraph each. */
  text: string[];
  catches: string;
  misses: string;
  cost: string;
  references: string;
  /** Its page below the address of the documentation. */
  page: string;
  enabled: boolean;
  /** Factor on what it says. */
  weight: number;
}

/** In what two bundles differ: name → the one, the other. */
export interface Difference {
  first: string;
  second: string;
  differences: { [key: string]: unknown[] };
}

/** Parameters of an endpoint. */
export interface EndpointParameters {
  endpoint: string;
  /** Requests that were looked at. */
  requests: number;
  parameters: ParameterRow[];
}

/** Traffic of one endpoint; the fields of the report of `scan`, and when it was seen. */
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
  severity: "LOW" | "MEDIUM" | "HIGH" | "CRITICAL";
  first_ts: string | null;
  last_ts: string | null;
}

/** An entity by kind and id. */
export interface Entity {
  kind: "client" | "user" | "session" | "credential" | "network" | "endpoint";
  id: string;
}

/** An entity that is remembered; the fields of `scan --entities`, and when it was seen. */
export interface EntityRow {
  kind: "client" | "user" | "session" | "credential" | "network" | "endpoint";
  id: string;
  requests: number;
  score: number;
  risk: number;
  severity: "LOW" | "MEDIUM" | "HIGH" | "CRITICAL";
  attack_types: string[];
  first_alert_request: number | null;
  first_ts: string | null;
  last_ts: string | null;
  agent_kind: string | null;
}

/** A page of the audit, newest first. */
export interface Entries {
  items: Entry[];
  next: string | null;
  total: number;
}

/** One change, or one that was refused. */
export interface Entry {
  number: number;
  ts: string;
  actor: string;
  action: string;
  target: string;
  result: string;
  detail: { [key: string]: unknown };
}

/** A judged request. */
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
  severity: "LOW" | "MEDIUM" | "HIGH" | "CRITICAL" | null;
  attack_types: string[] | null;
  detectors: string[] | null;
  reason: string | null;
}

/** What one detector says about one entity. */
export interface EvidencePiece {
  detector: string;
  attack_type: string;
  /** Natural log of the likelihood ratio attack : normal. */
  llr: number;
  factors: Factor[];
  /** Up to five requests that show it. */
  seqs: number[];
  succeeded: boolean | null;
}

/** Why a risk is what it is; base, factors and rest add up to it. */
export interface Explanation {
  id: string;
  sentence: Sentence;
  base: number;
  factors: Factor[];
  /** What rounding and factors that are not shown come to. */
  rest: number;
  risk: number;
  severity: "LOW" | "MEDIUM" | "HIGH" | "CRITICAL";
  detectors: Spoke[];
  /** Share of the detectors that found something, 0-1. */
  consensus: number;
  agree: string[];
  silent: string[];
  /** 0-100, how much there is to go by. */
  confidence: number;
  requests: number;
  succeeded: boolean | null;
  references: Reference[];
  /** Of incidents: one request shows it. */
  in_one_request: boolean | null;
  /** Of incidents. */
  samples: Sample[] | null;
  /** Null for what an old version stored. */
  reasons: Weighed[] | null;
  evidence: Matched[] | null;
  counterfactual: Counterfactual | null;
  log_odds: number | null;
  /** The confidence in words. */
  data: string | null;
}

/** The most frequent values of a field. */
export interface Facet {
  field: string;
  values: FacetValue[];
}

/** A value and how many rows have it. */
export interface FacetValue {
  value: string | number | boolean | null;
  count: number;
}

/** Facets of a list. */
export interface Facets {
  facets: Facet[];
  /** Part of the rows that was counted; below 1 the counts are estimates from it. */
  share: number;
}

/** One reason for a risk. */
export interface Factor {
  name: string;
  actual: number | string;
  usual: number | string | null;
  unit: string;
  /** Points of the risk. */
  contribution: number;
  /** In what it was counted. */
  window: string;
  /** Requests from which the usual value is known. */
  n: number | null;
}

/** What an incident really was. */
export interface Feedback {
  verdict: "true_positive" | "false_positive" | "benign";
  /** Kept as a comment. */
  reason?: string;
}

export interface HTTPValidationError {
  detail?: ValidationError[];
}

/** How the service is; `checks` and `lag_seconds` only for those who may read. */
export interface Health {
  status: "ok" | "failing" | "stopping";
  version: string | null;
  uptime_seconds: number | null;
  lag_seconds: number | null;
  degradation: number | null;
  checks: { [key: string]: Check } | null;
}

/** One change of the registry. */
export interface HistoryRow {
  at: string;
  by: string;
  bundle: string;
  state: "candidate" | "shadow" | "active" | "retired";
  before: string;
  why: string;
}

/** Requests since a decision was made that it is about. */
export interface Hits {
  id: string;
  requests: number;
  clients: number;
}

/** An incident with its comments. */
export interface IncidentDetail {
  id: string;
  risk: number;
  severity: "LOW" | "MEDIUM" | "HIGH" | "CRITICAL";
  attack_types: string[];
  entities: Entity[];
  entities_total: number;
  first_ts: string | null;
  last_ts: string | null;
  alert_ts: string | null;
  requests: number;
  requests_before_alert: number;
  endpoints: string[];
  /** One sentence of why. */
  reason: string;
  factors: Factor[];
  samples: Sample[];
  /** Null when nothing is known. */
  succeeded: boolean | null;
  status: "open" | "acknowledged" | "resolved";
  verdict: "true_positive" | "false_positive" | "benign" | null;
  assignee: string | null;
  /** Of what people set; the first part of the ETag. */
  version: number;
  /** Nothing more is expected to join it. */
  closed: boolean;
  /** The incident that it has become part of. */
  merged_into: string | null;
  comment_count: number;
  created: string | null;
  updated: string | null;
  comments: Comment[];
}

/** Alerts that belong together; the fields of the report of `scan`, and what people set. */
export interface IncidentRow {
  id: string;
  risk: number;
  severity: "LOW" | "MEDIUM" | "HIGH" | "CRITICAL";
  attack_types: string[];
  entities: Entity[];
  entities_total: number;
  first_ts: string | null;
  last_ts: string | null;
  alert_ts: string | null;
  requests: number;
  requests_before_alert: number;
  endpoints: string[];
  /** One sentence of why. */
  reason: string;
  factors: Factor[];
  samples: Sample[];
  /** Null when nothing is known. */
  succeeded: boolean | null;
  status: "open" | "acknowledged" | "resolved";
  verdict: "true_positive" | "false_positive" | "benign" | null;
  assignee: string | null;
  /** Of what people set; the first part of the ETag. */
  version: number;
  /** Nothing more is expected to join it. */
  closed: boolean;
  /** The incident that it has become part of. */
  merged_into: string | null;
  comment_count: number;
  created: string | null;
  updated: string | null;
}

/** A key without the key. */
export interface KeyItem {
  id: string;
  name: string;
  scopes: ("ingest" | "read" | "respond" | "admin" | "bouncer")[];
  state: "active" | "expired" | "revoked";
  created: string;
  created_by: string;
  expires: string | null;
  last_used: string | null;
  revoked: string | null;
  replaced_by: string | null;
}

/** All keys, oldest first. */
export interface KeyList {
  items: KeyItem[];
  next?: null;
  total: number;
}

export interface Listing_AlertRow {
  items: AlertRow[];
  /** Cursor of the next page, null at the end. */
  next: string | null;
  /** Rows on all pages. */
  total: number;
}

export interface Listing_DecisionRow {
  items: DecisionRow[];
  /** Cursor of the next page, null at the end. */
  next: string | null;
  /** Rows on all pages. */
  total: number;
}

export interface Listing_DetectorRow {
  items: DetectorRow[];
  /** Cursor of the next page, null at the end. */
  next: string | null;
  /** Rows on all pages. */
  total: number;
}

export interface Listing_EndpointRow {
  items: EndpointRow[];
  /** Cursor of the next page, null at the end. */
  next: string | null;
  /** Rows on all pages. */
  total: number;
}

export interface Listing_EntityRow {
  items: EntityRow[];
  /** Cursor of the next page, null at the end. */
  next: string | null;
  /** Rows on all pages. */
  total: number;
}

export interface Listing_EventRow {
  items: EventRow[];
  /** Cursor of the next page, null at the end. */
  next: string | null;
  /** Rows on all pages. */
  total: number;
}

export interface Listing_IncidentRow {
  items: IncidentRow[];
  /** Cursor of the next page, null at the end. */
  next: string | null;
  /** Rows on all pages. */
  total: number;
}

/** A new key; `key` is told this once. */
export interface MadeKey {
  id: string;
  name: string;
  scopes: ("ingest" | "read" | "respond" | "admin" | "bouncer")[];
  state: "active" | "expired" | "revoked";
  created: string;
  created_by: string;
  expires: string | null;
  last_used: string | null;
  revoked: string | null;
  replaced_by: string | null;
  key: string;
}

/** Where in a request something was found. */
export interface Matched {
  seq: number;
  where: string;
  match: string;
  /** How the value was written, and what it became layer by layer. */
  decoded: string[];
}

/** Who one is and what one may do. */
export interface Me {
  name: string;
  kind: "user" | "key" | "anonymous";
  role: "viewer" | "analyst" | "responder" | "admin" | null;
  scopes: string[];
  permissions: string[];
  /** Value of X-CSRF-Token for writes; sessions only. */
  csrf: string | null;
}

/** A comment to be added. */
export interface NewComment {
  text: string;
}

/** What a key is to be. */
export interface NewKey {
  name: string;
  scopes: ("ingest" | "read" | "respond" | "admin" | "bouncer")[];
  expires_days?: number | null;
}

/** A change of one's own password. */
export interface NewPassword {
  current: string;
  new: string;
}

/** Somebody who shall be able to log in. */
export interface NewUser {
  name: string;
  role: "viewer" | "analyst" | "responder" | "admin";
  password: string;
}

/** The state of things at a glance. */
export interface Overview {
  time: string;
  started: string;
  uptime_seconds: number;
  demo: boolean;
  ok: boolean;
  /** Since the start, of all sources together. */
  counters: { [key: string]: number };
  sources: { [key: string]: { [key: string]: number } };
  silent_sources: string[];
  judged: number;
  /** Requests that could not be judged. */
  unjudged: number;
  late: number;
  lag_seconds: number;
  degradation: Degradation;
  /** A second, over the last ten seconds. */
  rates: { [key: string]: number };
  /** Since the start. */
  alerts: { [key: string]: number };
  open_incidents: number;
  stored: { [key: string]: number };
  period: Period | null;
  /** Of what the judge remembers. */
  totals: { [key: string]: number };
  entities_by_severity: { [key: string]: number };
  attack_types: { [key: string]: number };
  top_entities: TopEntity[];
  top_endpoints: EndpointRow[];
}

/** What the values of one parameter were like. */
export interface ParameterRow {
  name: string;
  where: "query";
  requests: number;
  /** Of the requests that were looked at. */
  share: number;
  /** empty, integer, number, flag, id, redacted, text. */
  kinds: { [key: string]: number };
  /** Different values, 1,000 at most. */
  distinct: number;
  /** least and most, in characters. */
  length: { [key: string]: number };
  /** least and most of whole numbers. */
  range: { [key: string]: number } | null;
  /** The most frequent values. */
  examples: string[];
}

/** First and last moment of the traffic that is remembered. */
export interface Period {
  from: string | null;
  to: string | null;
}

/** All preferences of the one who asks, by name. */
export interface Preferences {
  preferences: { [key: string]: unknown };
}

/** What went wrong. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  request_id: string;
}

/** Why a bundle is switched. */
export interface Reason {
  why?: string;
}

/** What the catalogues say about a type of attack. */
export interface Reference {
  attack_type: string;
  title: string;
  owasp: CatalogueEntry | null;
  cwe: CatalogueEntry[];
  capec: CatalogueEntry[];
  attack: CatalogueEntry[];
}

/** A record that is no request. */
export interface RejectedLine {
  line: number;
  error: string;
}

/** How long the old key works beside the new one. */
export interface Rotation {
  overlap_seconds?: number;
}

/** A request that shows it; redacted, and written by a stranger. */
export interface Sample {
  seq: number;
  ts: string | null;
  client: string;
  method: string;
  url: string;
  status: number | null;
  user_agent: string;
  /** The decoded part that a detector saw. */
  match: string;
  /** Where it was found, such as `query q`. */
  where: string;
  /** How the value was written, and what it became layer by layer. */
  decoded: string[];
}

/** Who did what, where: as text, and its parts for those who put it into other words. */
export interface Sentence {
  code: string;
  params: { [key: string]: unknown };
  text: string;
}

/** One line of a chart; as many values as there are times. */
export interface Series {
  key: string;
  v: (number | null)[];
}

/** The effective settings. */
export interface Settings {
  /** As in the settings file; secrets are masked. */
  settings: { [key: string]: unknown };
  /** Changed while running, by dotted name. */
  changed: { [key: string]: number };
  /** Names that PUT takes. */
  changeable: string[];
}

/** Base of all shapes: more members may come. */
export interface Shape {
}

/** One way in; counted by record since the start. */
export interface SourceItem {
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

/** All ways in. */
export interface SourceList {
  items: SourceItem[];
  next?: null;
  total: number;
}

/** A detector that found something. */
export interface Spoke {
  id: string;
  /** How sure it was at its best. */
  score: number;
  attack_types: string[];
  alerts: number;
  succeeded: boolean | null;
  /** Its page below the address of the documentation. */
  card: string;
}

/** Opens the stream once: ``/api/v1/stream?ticket=…``. */
export interface Ticket {
  ticket: string;
  expires_in: number;
}

/** An entity that stands out. */
export interface TopEntity {
  kind: "client" | "user" | "session" | "credential" | "network" | "endpoint";
  id: string;
  risk: number;
  /** The highest risk that it has had. */
  peak: number;
  alerts: number;
  first_ts: string | null;
  last_ts: string | null;
  attack_types: string[];
}

/** What is to change; what is left out stays. */
export interface UserChange {
  role?: "viewer" | "analyst" | "responder" | "admin" | null;
  password?: string | null;
  disabled?: boolean | null;
}

/** A user without what proves them. */
export interface UserItem {
  id: string;
  name: string;
  role: "viewer" | "analyst" | "responder" | "admin";
  created: string;
  disabled: string | null;
  last_login: string | null;
}

/** All users, oldest first. */
export interface UserList {
  items: UserItem[];
  next?: null;
  total: number;
}

export interface ValidationError {
  loc: (string | number)[];
  msg: string;
  type: string;
  input?: unknown;
  ctx?: { [key: string]: unknown };
}

/** Whether the chain of the audit is whole. */
export interface Verdict {
  ok: boolean;
  entries: number;
  head: string;
  removed: number;
  problem: string | null;
  number: number | null;
}

/** A saved view as it is sent. */
export interface ViewBody {
  name: string;
  screen: string;
  /** Filters, order and columns as plain data. */
  query: { [key: string]: unknown };
  /** Others see it. */
  shared?: boolean;
}

/** A saved view. */
export interface ViewRow {
  name: string;
  screen: string;
  /** Filters, order and columns as plain data. */
  query: { [key: string]: unknown };
  /** Others see it. */
  shared: boolean;
  id: string;
  owner: string;
  /** It is the caller's, who may change it. */
  own: boolean;
  created: string | null;
  updated: string | null;
}

/** Own and shared views. */
export interface Views {
  items: ViewRow[];
}

/** A decision to be made. */
export interface Wanted {
  scope: "client" | "network" | "user" | "session" | "credential" | "endpoint";
  value: string;
  action: "watch" | "challenge" | "rate_limit" | "step_up" | "revoke_session" | "block";
  /** How long it lasts; there is none for ever. */
  duration_seconds: number;
  reason: string;
  incident?: string | null;
}

/** What the models of the running service say. */
export interface Watched {
  /** Id; empty for what comes with the product. */
  bundle: string;
  /** Ticks by point of risk that models alone give. */
  scores: { [key: string]: unknown };
  /** PSI of the features that moved most. */
  drift: { [key: string]: unknown } | null;
  /** What the shadow would have said. */
  shadow: { [key: string]: unknown } | null;
}

/** Requests by day of the week, Monday first, and hour of the day, UTC. */
export interface Week {
  kind: "client" | "user" | "session" | "credential" | "network" | "endpoint";
  id: string;
  /** Seven lists of 24 counts. */
  counts: number[][];
}

/** A piece of evidence with what it adds to the risk. */
export interface Weighed {
  detector: string;
  attack_type: string;
  card: string;
  /** What it adds to the natural log odds. */
  nats: number;
  /** The same in points of the risk. */
  points: number;
  factors: Factor[];
  seqs: number[];
  succeeded: boolean | null;
}

/** What each route answers when all went well. */
export interface Answers {
  "GET /api/v1/alerts": Listing_AlertRow;
  "GET /api/v1/alerts/{alert_id}": AlertRow;
  "GET /api/v1/alerts/{alert_id}/explanation": Explanation;
  "GET /api/v1/audit": Entries;
  "GET /api/v1/audit/verify": Verdict;
  "GET /api/v1/decisions": Listing_DecisionRow;
  "POST /api/v1/decisions": null;
  "GET /api/v1/decisions/{decision_id}": DecisionRow;
  "DELETE /api/v1/decisions/{decision_id}": DecisionRow;
  "GET /api/v1/decisions/{decision_id}/hits": Hits;
  "GET /api/v1/detectors": Listing_DetectorRow;
  "GET /api/v1/detectors/{name}": DetectorRow;
  "GET /api/v1/endpoints": Listing_EndpointRow;
  "GET /api/v1/endpoints/{endpoint_id}": EndpointRow;
  "GET /api/v1/endpoints/{endpoint_id}/callers": Callers;
  "GET /api/v1/endpoints/{endpoint_id}/openapi": Shape;
  "GET /api/v1/endpoints/{endpoint_id}/parameters": EndpointParameters;
  "GET /api/v1/entities": Listing_EntityRow;
  "GET /api/v1/entities/{kind}/{entity_id}": EntityRow;
  "GET /api/v1/entities/{kind}/{entity_id}/links": Shape;
  "GET /api/v1/entities/{kind}/{entity_id}/profile": Shape;
  "GET /api/v1/entities/{kind}/{entity_id}/sessions": Shape;
  "GET /api/v1/entities/{kind}/{entity_id}/timeline": Chart;
  "GET /api/v1/entities/{kind}/{entity_id}/week": Week;
  "GET /api/v1/events": Listing_EventRow;
  "POST /api/v1/events": Accepted;
  "GET /api/v1/events/{event_id}": EventRow;
  "GET /api/v1/exports/openapi": Shape;
  "GET /api/v1/exports/{of}": null;
  "GET /api/v1/facets": Facets;
  "GET /api/v1/health": Health;
  "GET /api/v1/incidents": Listing_IncidentRow;
  "POST /api/v1/incidents/bulk": BulkResult;
  "GET /api/v1/incidents/{incident_id}": IncidentDetail;
  "PATCH /api/v1/incidents/{incident_id}": IncidentDetail;
  "GET /api/v1/incidents/{incident_id}/alerts": Listing_AlertRow;
  "POST /api/v1/incidents/{incident_id}/comments": Comment;
  "GET /api/v1/incidents/{incident_id}/explanation": Explanation;
  "POST /api/v1/incidents/{incident_id}/feedback": IncidentDetail;
  "GET /api/v1/incidents/{incident_id}/graph": Shape;
  "GET /api/v1/incidents/{incident_id}/similar": Shape;
  "GET /api/v1/incidents/{incident_id}/stix": Shape;
  "GET /api/v1/incidents/{incident_id}/timeline": Shape;
  "GET /api/v1/keys": KeyList;
  "POST /api/v1/keys": MadeKey;
  "DELETE /api/v1/keys/{key_id}": KeyItem;
  "POST /api/v1/keys/{key_id}/rotate": MadeKey;
  "POST /api/v1/login": Me;
  "POST /api/v1/logout": null;
  "GET /api/v1/me": Me;
  "POST /api/v1/me/password": null;
  "GET /api/v1/me/preferences": Preferences;
  "PUT /api/v1/me/preferences": Preferences;
  "GET /api/v1/models": Bundles;
  "GET /api/v1/models/monitor": Watched;
  "POST /api/v1/models/rollback": Bundles;
  "POST /api/v1/models/train": Bundles;
  "GET /api/v1/models/{bundle}": BundleDetail;
  "DELETE /api/v1/models/{bundle}": BundleRow;
  "GET /api/v1/models/{bundle}/diff": Difference;
  "POST /api/v1/models/{bundle}/{action}": BundleRow;
  "GET /api/v1/openapi.json": { [key: string]: unknown };
  "GET /api/v1/overview": Overview;
  "GET /api/v1/settings": Settings;
  "PUT /api/v1/settings": Settings;
  "GET /api/v1/sources": SourceList;
  "POST /api/v1/stream/ticket": Ticket;
  "POST /api/v1/thresholds/simulate": Counted;
  "GET /api/v1/timeseries": Chart;
  "GET /api/v1/users": UserList;
  "POST /api/v1/users": UserItem;
  "GET /api/v1/users/{user_id}": UserItem;
  "PATCH /api/v1/users/{user_id}": UserItem;
  "DELETE /api/v1/users/{user_id}": UserItem;
  "GET /api/v1/views": Views;
  "POST /api/v1/views": ViewRow;
  "PUT /api/v1/views/{view_id}": ViewRow;
  "DELETE /api/v1/views/{view_id}": null;
}
