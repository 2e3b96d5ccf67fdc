import { useCallback, useMemo } from "react";
import { useLocation, useSearch } from "wouter";
import { type Filter, filterText, type Op, parseFilter, withFilter, withoutFilter } from "./filters.ts";
import { DEFAULT_RANGE, isMoment, type Range, sameRange } from "./range.ts";

export type { Filter, Op } from "./filters.ts";
export type { Range } from "./range.ts";

/** Everything that changes what is seen. `more` has what single screens keep: `sel`, `tab`, `kind` … */
export interface UrlState {
  readonly range: Range;
  readonly filters: readonly Filter[];
  readonly sort: string | null;
  readonly more: Readonly<Record<string, string>>;
}

export interface UrlPatch {
  range?: Range;
  filters?: readonly Filter[];
  sort?: string | null;
  /** Members to be set; null takes one away. */
  more?: Readonly<Record<string, string | null>>;
}

const OWN: ReadonlySet<string> = new Set(["from", "to", "f", "sort"]);

/** Reads the part of an address after `?`. What cannot be read is left out. */
export function parseUrl(search: string): UrlState {
  const all = new URLSearchParams(search);
  const from = all.get("from") ?? "";
  const to = all.get("to") ?? "";
  const more: Record<string, string> = {};
  for (const [name, value] of all) if (!OWN.has(name)) more[name] = value;
  return {
    range: {
      from: isMoment(from) ? from : DEFAULT_RANGE.from,
      to: isMoment(to) ? to : DEFAULT_RANGE.to,
    },
    filters: all.getAll("f").flatMap((text) => parseFilter(text) ?? []),
    sort: all.get("sort") || null,
    more,
  };
}

/** The part of an address after `?`, without what is as usual; empty when all is. */
export function buildSearch(state: UrlState): string {
  const all = new URLSearchParams();
  if (!sameRange(state.range, DEFAULT_RANGE)) {
    all.set("from", state.range.from);
    all.set("to", state.range.to);
  }
  for (const filter of state.filters) all.append("f", filterText(filter));
  if (state.sort) all.set("sort", state.sort);
  for (const [name, value] of Object.entries(state.more)) all.set(name, value);
  // Colons, commas and slashes are allowed in a query, and addresses are read by people.
  return all.toString().replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%2F", "/");
}

export function patched(state: UrlState, patch: UrlPatch): UrlState {
  const more: Record<string, string> = { ...state.more };
  for (const [name, value] of Object.entries(patch.more ?? {})) {
    if (value === null) delete more[name];
    else more[name] = value;
  }
  return {
    range: patch.range ?? state.range,
    filters: patch.filters ?? state.filters,
    sort: patch.sort === undefined ? state.sort : patch.sort,
    more,
  };
}

/** Query of the REST interface for a period and conditions. */
export function toQuery(
  asked: { range?: Range | null; filters?: readonly Filter[]; sort?: string | null },
  more: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const all = new URLSearchParams();
  if (asked.range) {
    all.set("from", asked.range.from);
    // The end of a running period is left open: what arrives while the answer is made belongs to it.
    if (asked.range.to !== "now") all.set("to", asked.range.to);
  }
  for (const filter of asked.filters ?? []) all.append("f", filterText(filter));
  if (asked.sort) all.set("sort", asked.sort);
  for (const [name, value] of Object.entries(more)) {
    if (value !== undefined) all.set(name, String(value));
  }
  return all.toString();
}

export interface Url extends UrlState {
  set(patch: UrlPatch, how?: { replace?: boolean }): void;
  addFilter(field: string, op: Op, value: string): void;
  removeFilter(filter: Filter): void;
}

let last: { search: string; state: UrlState } | null = null;

/** The address is read once, however many values of a list ask for it. */
function readUrl(search: string): UrlState {
  if (last?.search !== search) last = { search, state: parseUrl(search) };
  return last.state;
}

/** The state of the page as the address has it, and how to change it. */
export function useUrl(): Url {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const state = readUrl(search);
  const set = useCallback(
    (patch: UrlPatch, how: { replace?: boolean } = {}) => {
      // From the address and not from the last drawing: two changes in one event must both count.
      const built = buildSearch(patched(parseUrl(window.location.search), patch));
      navigate(built ? `${path}?${built}` : path, { replace: how.replace ?? false });
    },
    [path, navigate],
  );
  const addFilter = useCallback(
    (field: string, op: Op, value: string) => {
      const now = parseUrl(window.location.search).filters;
      set({ filters: withFilter(now, { field, op, value }) });
    },
    [set],
  );
  const removeFilter = useCallback(
    (filter: Filter) => {
      set({ filters: withoutFilter(parseUrl(window.location.search).filters, filter) });
    },
    [set],
  );
  return useMemo(
    () => ({ ...state, set, addFilter, removeFilter }),
    [state, set, addFilter, removeFilter],
  );
}

export function useRange(): [Range, (range: Range, how?: { replace?: boolean }) => void] {
  const { range, set } = useUrl();
  const change = useCallback(
    (next: Range, how?: { replace?: boolean }) => set({ range: next }, how),
    [set],
  );
  return [range, change];
}

export function useFilters(): readonly Filter[] {
  return useUrl().filters;
}

/** One member of the address that a screen keeps for itself, such as the open drawer. */
export function useUrlValue(
  name: string,
  usual = "",
): [string, (value: string | null, how?: { replace?: boolean }) => void] {
  const { more, set } = useUrl();
  const change = useCallback(
    (value: string | null, how?: { replace?: boolean }) =>
      set({ more: { [name]: value === usual ? null : value } }, how),
    [name, usual, set],
  );
  return [more[name] ?? usual, change];
}

/** A link that keeps the period of this page, and nothing else unless told. */
export function hrefWith(path: string, state: Partial<UrlState>): string {
  const built = buildSearch({
    range: state.range ?? DEFAULT_RANGE,
    filters: state.filters ?? [],
    sort: state.sort ?? null,
    more: state.more ?? {},
  });
  return built ? `${path}?${built}` : path;
}
