/**
 * Names of the page for the shapes of `types.gen.ts`, which are what the OpenAPI document says, and
 * the few that it does not tell: messages of the stream, and lists of anything.
 */
import type * as service from "./types.gen.ts";

export type {
  AlertRow as Alert,
  Chart,
  Check,
  Comment,
  DetectorRow as DetectorCard,
  EndpointRow,
  Entity as EntityRef,
  EntityRow,
  EventRow,
  EvidencePiece as Evidence,
  Explanation,
  Facet,
  FacetValue,
  Factor,
  Health,
  IncidentDetail,
  IncidentRow as Incident,
  Me,
  Overview,
  Reference,
  Sample,
  SourceItem as Source,
  TopEntity as OverviewEntity,
  ViewRow as View,
} from "./types.gen.ts";

export type SeverityName = service.AlertRow["severity"];
export type EntityKind = service.Entity["kind"];
export type Status = service.IncidentRow["status"];
export type Verdict = NonNullable<service.IncidentRow["verdict"]>;
export type ListName = "events" | "alerts" | "incidents" | "entities" | "endpoints";

/** A page of a list of anything; the document has one such shape for each kind of row. */
export interface Listing<T> {
  items: T[];
  next: string | null;
  total: number;
}

/** What the stream tells of the health of the service. */
export interface HealthItem {
  ts: string;
  ok: boolean;
  level: number;
  checks: Record<string, service.Check>;
}
