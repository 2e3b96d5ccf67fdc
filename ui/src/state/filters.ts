import type { ListName } from "../api/types.ts";

export const OPS = ["eq", "ne", "in", "gte", "lte", "has", "prefix", "re", "cidr"] as const;
export type Op = (typeof OPS)[number];

/** One condition; all of a page must hold. The value is kept as it is written in the address. */
export interface Filter {
  readonly field: string;
  readonly op: Op;
  readonly value: string;
}

/** Most conditions that the service takes. */
export const MOST_FILTERS = 28;

/** Reads `field:op:value`; the value is everything after the second colon. Null when it is none. */
export function parseFilter(text: string): Filter | null {
  const first = text.indexOf(":");
  const second = text.indexOf(":", first + 1);
  if (first <= 0 || second < 0) return null;
  const op = text.slice(first + 1, second);
  if (!(OPS as readonly string[]).includes(op)) return null;
  return { field: text.slice(0, first), op: op as Op, value: text.slice(second + 1) };
}

export function filterText(filter: Filter): string {
  return `${filter.field}:${filter.op}:${filter.value}`;
}

/** Values of an `in`; `\,` and `\\` stand for a comma and a backslash. */
export function splitValues(text: string): string[] {
  const values: string[] = [];
  let value = "";
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] ?? "";
    if (sign === "\\" && at + 1 < text.length) {
      at += 1;
      value += text[at];
    } else if (sign === ",") {
      values.push(value);
      value = "";
    } else {
      value += sign;
    }
  }
  values.push(value);
  return values;
}

export function joinValues(values: readonly string[]): string {
  return values.map((value) => value.replaceAll("\\", "\\\\").replaceAll(",", "\\,")).join(",");
}

/** The values that a condition lets pass, as far as it names them. */
export function valuesOf(filter: Filter): string[] {
  return filter.op === "in" ? splitValues(filter.value) : [filter.value];
}

/**
 * Adds a condition. Two that let a value of the same field pass become one `in`; the same condition
 * again, or its opposite, replaces the old one.
 */
export function withFilter(filters: readonly Filter[], added: Filter): Filter[] {
  const opposite = added.op === "eq" ? "ne" : added.op === "ne" ? "eq" : null;
  const kept = filters.filter(
    (each) =>
      each.field !== added.field ||
      each.value !== added.value ||
      (each.op !== added.op && each.op !== opposite),
  );
  if (added.op === "gte" || added.op === "lte") {
    return [...kept.filter((each) => each.field !== added.field || each.op !== added.op), added];
  }
  if (added.op !== "eq" || added.value === "" || isList(added.field)) return [...kept, added];
  const merged: string[] = [];
  const others = kept.filter((each) => {
    const joins = each.field === added.field && (each.op === "eq" || each.op === "in");
    if (joins && each.value !== "") merged.push(...valuesOf(each));
    return !joins;
  });
  const values = [...new Set([...merged, added.value])];
  if (values.length === 1) return [...others, added];
  return [...others, { field: added.field, op: "in", value: joinValues(values) }];
}

/** Takes a condition, or one value of an `in`, away. */
export function withoutFilter(filters: readonly Filter[], taken: Filter): Filter[] {
  return filters.flatMap((each) => {
    if (each.field !== taken.field) return [each];
    if (each.op === taken.op && each.value === taken.value) return [];
    if (each.op !== "in" || taken.op !== "eq") return [each];
    const left = splitValues(each.value).filter((value) => value !== taken.value);
    if (left.length === 0) return [];
    if (left.length === 1) return [{ field: each.field, op: "eq" as const, value: left[0] ?? "" }];
    return [{ ...each, value: joinValues(left) }];
  });
}

/** Whether a value is let pass (`in`), kept out (`out`), or not spoken of (`none`). */
export function stateOf(filters: readonly Filter[], field: string, value: string) {
  for (const each of filters) {
    if (each.field !== field) continue;
    if (each.op === "ne" && each.value === value) return "out" as const;
    if ((each.op === "eq" || each.op === "in") && valuesOf(each).includes(value)) {
      return "in" as const;
    }
    if (each.op === "has" && isList(field) && each.value === value) return "in" as const;
  }
  return "none" as const;
}

const LISTS: ReadonlySet<string> = new Set(["attack_types", "detectors", "entities", "endpoints"]);

/** Whether a field holds several values, so that two conditions on it may both hold. */
export function isList(field: string): boolean {
  return LISTS.has(field);
}

export type FieldKind = "text" | "word" | "integer" | "real" | "moment" | "address" | "list" | "flag";

export interface FieldInfo {
  readonly name: string;
  readonly kind: FieldKind;
  readonly facet?: boolean;
  readonly sort?: boolean;
  readonly choices?: readonly string[];
}

const SEVERITIES = ["CRITICAL", "HIGH", "MEDIUM", "LOW"] as const;
const ENTITY_KINDS = ["client", "user", "session", "credential", "network", "endpoint"] as const;
const f = (name: string, kind: FieldKind, more: Partial<FieldInfo> = {}): FieldInfo => ({
  name,
  kind,
  ...more,
});
const facet = { facet: true } as const;
const sort = { sort: true } as const;
const severity = f("severity", "word", { facet: true, choices: SEVERITIES });

/** Fields that each list can be filtered by, as in the HTTP interface. */
export const FIELDS: Readonly<Record<ListName, readonly FieldInfo[]>> = {
  events: [
    f("client", "address", facet),
    f("user", "text", facet),
    f("session", "text", facet),
    f("credential", "text", facet),
    f("network", "text", facet),
    f("endpoint", "text", facet),
    f("host", "text", facet),
    f("method", "text", facet),
    f("path", "text", facet),
    f("route", "text", facet),
    f("query", "text"),
    f("status", "integer", { facet: true, sort: true }),
    severity,
    f("risk", "integer", sort),
    f("score", "real", sort),
    f("attack_types", "list", facet),
    f("detectors", "list", facet),
    f("user_agent", "text", facet),
    f("agent_kind", "word", facet),
    f("referer", "text", facet),
    f("source", "text", facet),
    f("duration_us", "integer", sort),
    f("request_bytes", "integer", sort),
    f("response_bytes", "integer", sort),
    f("reason", "text"),
    f("event_id", "text"),
    f("seq", "integer", sort),
    f("ts", "moment", sort),
  ],
  alerts: [
    severity,
    f("attack_type", "word", facet),
    f("entity", "address", facet),
    f("entity_kind", "word", { facet: true, choices: ENTITY_KINDS }),
    f("endpoint", "text", facet),
    f("detectors", "list", facet),
    f("incident", "text", facet),
    f("risk", "integer", sort),
    f("requests_before", "integer"),
    f("id", "text"),
    f("ts", "moment", sort),
    f("first_ts", "moment"),
  ],
  incidents: [
    severity,
    f("status", "word", { facet: true, choices: ["open", "acknowledged", "resolved"] }),
    f("attack_types", "list", facet),
    f("entities", "list"),
    f("endpoints", "list", facet),
    f("succeeded", "flag", { facet: true, choices: ["true", "false"] }),
    f("verdict", "word", { facet: true, choices: ["true_positive", "false_positive", "benign"] }),
    f("assignee", "text", facet),
    f("closed", "flag", { facet: true, choices: ["true", "false"] }),
    f("reason", "text"),
    f("risk", "integer", sort),
    f("requests", "integer", sort),
    f("requests_before_alert", "integer"),
    f("entities_total", "integer", sort),
    f("id", "text"),
    f("merged_into", "text"),
    f("first_ts", "moment", sort),
    f("last_ts", "moment", sort),
    f("alert_ts", "moment", sort),
    f("created", "moment", sort),
    f("updated", "moment", sort),
  ],
  entities: [
    f("kind", "word", { facet: true, choices: ENTITY_KINDS }),
    f("id", "address", sort),
    severity,
    f("risk", "integer", sort),
    f("attack_types", "list", facet),
    f("agent_kind", "word", facet),
    f("requests", "integer", sort),
    f("score", "real", sort),
    f("first_alert_request", "integer", sort),
    f("first_ts", "moment", sort),
    f("last_ts", "moment", sort),
  ],
  endpoints: [
    f("method", "text", facet),
    f("host", "text", facet),
    f("route", "text", facet),
    f("endpoint", "text", sort),
    severity,
    f("risk", "integer", sort),
    f("requests", "integer", sort),
    f("clients", "integer", sort),
    f("errors_4xx", "real", sort),
    f("errors_5xx", "real", sort),
    f("p95_ms", "real", sort),
    f("bytes_out", "integer", sort),
    f("first_ts", "moment", sort),
    f("last_ts", "moment", sort),
  ],
};

const OPS_OF: Readonly<Record<FieldKind, readonly Op[]>> = {
  text: ["eq", "ne", "has", "prefix", "in", "re"],
  address: ["eq", "ne", "cidr", "has", "prefix", "in", "re"],
  word: ["eq", "ne", "in"],
  integer: ["eq", "ne", "gte", "lte", "in"],
  real: ["gte", "lte", "eq", "ne"],
  moment: ["gte", "lte", "eq"],
  list: ["has", "ne", "eq", "in"],
  flag: ["eq", "ne"],
};

export function fieldOf(of: ListName, name: string): FieldInfo | undefined {
  return FIELDS[of].find((each) => each.name === name);
}

/** Comparisons that make sense for a field, the usual one first. */
export function opsOf(of: ListName, name: string): readonly Op[] {
  return OPS_OF[fieldOf(of, name)?.kind ?? "text"];
}

/** Names that mean the same on different lists. */
const SAME: Readonly<Partial<Record<ListName, Readonly<Record<string, string>>>>> = {
  alerts: { attack_types: "attack_type", client: "entity", user: "entity", session: "entity" },
  incidents: { attack_type: "attack_types", endpoint: "endpoints", client: "entities", entity: "entities" },
  events: { attack_type: "attack_types", endpoints: "endpoint" },
  entities: { attack_type: "attack_types", entity: "id" },
};

/** A condition as a list understands it, or null when the list has no such field. */
export function translated(of: ListName, filter: Filter): Filter | null {
  const name = fieldOf(of, filter.field) ? filter.field : SAME[of]?.[filter.field];
  if (name === undefined) return null;
  const info = fieldOf(of, name);
  if (info === undefined) return null;
  if (OPS_OF[info.kind].includes(filter.op)) return { ...filter, field: name };
  if (info.kind === "list" && filter.op === "prefix") return null;
  if (info.kind === "word" && filter.op === "has") return { ...filter, field: name, op: "eq" };
  return null;
}

export interface Applied {
  readonly used: Filter[];
  /** Conditions that this list cannot be narrowed by; screens say so. */
  readonly unused: Filter[];
}

export function applied(of: ListName, filters: readonly Filter[]): Applied {
  const used: Filter[] = [];
  const unused: Filter[] = [];
  for (const filter of filters) {
    const known = translated(of, filter);
    if (known === null) unused.push(filter);
    else used.push(known);
  }
  return { used, unused };
}
