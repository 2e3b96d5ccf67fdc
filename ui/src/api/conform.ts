/**
 * What the service says (`types.gen.ts`) must fit what the page reads (`types.ts`): a change of the
 * service that the page does not know stops the build here.
 */
import type * as service from "./types.gen.ts";
import type * as page from "./types.ts";

type Fits<Read, _Told extends Read> = Read;

/** Members that only some answers of a route have are left out of the comparison. */
type Plain<T, Extra extends keyof T = never> = Omit<T, Extra>;

export type Conforming = [
  Fits<Plain<page.Incident, "factors" | "samples" | "entities">, service.IncidentRow>,
  Fits<page.Comment, service.Comment>,
  Fits<Plain<page.Alert, "evidence" | "references" | "seq" | "entity_kind">, service.AlertRow>,
  Fits<Plain<page.EventRow, "references">, service.EventRow>,
  Fits<page.EntityRow, service.EntityRow>,
  Fits<page.EndpointRow, service.EndpointRow>,
  Fits<page.Chart, service.Chart>,
  Fits<page.Me, Plain<service.Me, "kind" | "role"> & { kind: page.Me["kind"]; role: page.Me["role"] }>,
  Fits<page.Source, service.SourceItem>,
];
