import {
  keepPreviousData,
  type QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useMemo } from "react";
import { applied, type Filter } from "../state/filters.ts";
import { useLink } from "../state/live.ts";
import { isRelative, type Range } from "../state/range.ts";
import { toQuery, useUrl } from "../state/url.ts";
import { del, get, patch, post, put } from "./client.ts";
import { encodeId } from "./ids.ts";
import type {
  Alert,
  Chart,
  Comment,
  DetectorCard,
  EndpointRow,
  EntityKind,
  EntityRow,
  EventRow,
  Explanation,
  Facet,
  Health,
  Incident,
  IncidentDetail,
  ListName,
  Listing,
  Overview,
  Source,
  Status,
  Verdict,
  View,
} from "./types.ts";

/** Pause between two readings while the stream is away. */
export const POLL_MS = 10_000;
/** Pause between two readings of figures that move with the clock. */
export const FIGURES_MS = 5_000;

/** Pages of a list that are read again by themselves. */
const FOLLOWED_PAGES = 3;

/** What is asked of a list; what is left out is taken from the address of the page. */
export interface Asked {
  range?: Range | null;
  filters?: readonly Filter[];
  sort?: string | null;
  limit?: number;
  cols?: string;
  enabled?: boolean;
  /** Read again by itself while it moves: `true` as usual, or a pause in milliseconds. */
  follow?: boolean | number;
}

/** Pause between two readings of what the stream tells of: old rows leave a period that moves. */
const TOLD_MS = 60_000;

/** Incidents come by the stream while it is there. */
function useFollowTold(): number {
  return useLink().state === "live" ? TOLD_MS : POLL_MS;
}

/** Pause between two readings: none while pictures are held or the period stands still. */
export function useFollow(range: Range | null, follow: boolean | number = true): number | false {
  const { paused, state } = useLink();
  if (follow === false || paused) return false;
  if (range !== null && !isRelative(range)) return false;
  const pause = typeof follow === "number" ? follow : FIGURES_MS;
  return state === "live" ? pause : Math.max(pause, POLL_MS);
}

interface Settled {
  range: Range | null;
  filters: readonly Filter[];
  unused: readonly Filter[];
  sort: string | null;
}

/** Conditions of the page in the words of a list. */
function useSettled(of: ListName, asked: Asked): Settled {
  const url = useUrl();
  const filters = asked.filters ?? url.filters;
  return useMemo(() => {
    const { used, unused } = applied(of, filters);
    return {
      range: asked.range === undefined ? url.range : asked.range,
      filters: used,
      unused,
      sort: asked.sort === undefined ? url.sort : asked.sort,
    };
  }, [of, filters, asked.range, asked.sort, url.range, url.sort]);
}

export interface ListResult<T> {
  rows: T[];
  total: number;
  /** Conditions of the page that this list cannot be narrowed by. */
  unused: readonly Filter[];
  hasMore: boolean;
  loadMore(): void;
  isLoading: boolean;
  isFetching: boolean;
  isLoadingMore: boolean;
  error: Error | null;
  updatedAt: number;
  refetch(): void;
  /** The same in the words of REST, for exports and links. */
  query: string;
}

/** A list with its pages; old rows stay until new ones are there. */
export function useList<T>(
  of: ListName,
  path: string,
  asked: Asked = {},
  more: Record<string, string | number | undefined> = {},
): ListResult<T> {
  const settled = useSettled(of, asked);
  const query = toQuery(settled, { ...more, cols: asked.cols });
  const limit = asked.limit ?? 100;
  const follow = useFollow(settled.range, asked.follow ?? POLL_MS);
  const found = useInfiniteQuery({
    queryKey: ["list", of, path, query, limit],
    queryFn: ({ pageParam, signal }) => {
      const all = new URLSearchParams(query);
      all.set("limit", String(limit));
      if (pageParam) all.set("cursor", pageParam);
      return get<Listing<T>>(path, { query: all, signal });
    },
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
    enabled: asked.enabled ?? true,
    // Reading again reads all pages again: who has scrolled far reads in peace.
    refetchInterval: ({ state: { data } }) => ((data?.pages.length ?? 0) > FOLLOWED_PAGES ? false : follow),
  });
  const rows = useMemo(() => found.data?.pages.flatMap((page) => page.items) ?? [], [found.data]);
  const { fetchNextPage, refetch, hasNextPage, isFetchingNextPage } = found;
  return {
    rows,
    total: found.data?.pages[0]?.total ?? 0,
    unused: settled.unused,
    hasMore: hasNextPage,
    loadMore: () => {
      if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
    },
    isLoading: found.isPending && (asked.enabled ?? true),
    isFetching: found.isFetching,
    isLoadingMore: isFetchingNextPage,
    error: found.error,
    updatedAt: found.dataUpdatedAt,
    refetch: () => void refetch(),
    query,
  };
}

export const useEvents = (asked: Asked = {}) => useList<EventRow>("events", "events", asked);
export const useAlerts = (asked: Asked = {}) => useList<Alert>("alerts", "alerts", asked);
export function useIncidents(asked: Asked = {}): ListResult<Incident> {
  const follow = useFollowTold();
  return useList<Incident>("incidents", "incidents", { follow, ...asked });
}
export const useEndpoints = (asked: Asked = {}) => useList<EndpointRow>("endpoints", "endpoints", asked);
export function useEntities(kind: EntityKind = "client", asked: Asked = {}): ListResult<EntityRow> {
  const url = useUrl();
  const filters = (asked.filters ?? url.filters).filter((each) => each.field !== "kind");
  return useList<EntityRow>("entities", "entities", { ...asked, filters }, { kind });
}

/** One thing by its path; read again now and then while it may change. */
function useOne<T>(path: string | null, query = "", follow: boolean | number = false) {
  const refetchInterval = useFollow(null, follow);
  return useQuery({
    queryKey: ["one", path, query],
    queryFn: ({ signal }) => get<T>(path ?? "", { query, signal }),
    enabled: path !== null,
    placeholderData: keepPreviousData,
    refetchInterval,
  });
}

export const useOverview = () => useOne<Overview>("overview", "", FIGURES_MS);
export const useHealth = () => useOne<Health>("health", "", POLL_MS);
export const useSources = (follow: boolean | number = 2_000) =>
  useOne<{ items: Source[]; total: number }>("sources", "", follow);

/** Whether the service has models to show; older ones have no such route. */
export function useHasModels(): boolean {
  const found = useQuery({
    queryKey: ["one", "models", ""],
    queryFn: ({ signal }) => get<unknown>("models", { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return found.isSuccess;
}

export interface SeriesAsked extends Asked {
  of?: "events" | "alerts" | "incidents";
  group?: string;
  points?: number;
}

/** Counts over time. */
export function useTimeseries(group: string | undefined, asked: SeriesAsked = {}) {
  const of = asked.of ?? "events";
  const settled = useSettled(of, asked);
  const query = toQuery(
    { range: settled.range, filters: settled.filters },
    { of, group: group ?? asked.group, points: asked.points },
  );
  return useQuery({
    queryKey: ["timeseries", query],
    queryFn: ({ signal }) => get<Chart>("timeseries", { query, signal }),
    placeholderData: keepPreviousData,
    enabled: asked.enabled ?? true,
    refetchInterval: useFollow(settled.range, asked.follow ?? true),
  });
}

export interface FacetsAsked extends Asked {
  of?: ListName;
  kind?: EntityKind;
}

/** The most frequent values of fields, by field; `share` is the part of the rows that was counted. */
export function useFacets(fields: readonly string[], asked: FacetsAsked = {}) {
  const of = asked.of ?? "events";
  const settled = useSettled(of, asked);
  const query = toQuery(
    { range: settled.range, filters: settled.filters },
    { of, fields: fields.join(","), limit: asked.limit ?? 10, kind: asked.kind },
  );
  const found = useQuery({
    queryKey: ["facets", query],
    queryFn: async ({ signal }) => {
      const { facets, share = 1 } = await get<{ facets: Facet[]; share?: number }>("facets", { query, signal });
      return { values: Object.fromEntries(facets.map((each) => [each.field, each.values])), share };
    },
    placeholderData: keepPreviousData,
    enabled: (asked.enabled ?? true) && fields.length > 0,
    refetchInterval: useFollow(settled.range, asked.follow ?? POLL_MS),
  });
  return { ...found, data: found.data?.values, share: found.data?.share ?? 1 };
}

export const useEvent = (id: string | null) =>
  useOne<EventRow>(id === null ? null : `events/${encodeURIComponent(id)}`);
export const useAlert = (id: string | null) =>
  useOne<Alert>(id === null ? null : `alerts/${encodeURIComponent(id)}`);
export const useAlertExplanation = (id: string | null) =>
  useOne<Explanation>(id === null ? null : `alerts/${encodeURIComponent(id)}/explanation`);

/** The cards of the detectors stay the same as long as the service runs. */
export const useDetectors = () => useOne<Listing<DetectorCard>>("detectors");
export const useDetector = (id: string) => useOne<DetectorCard>(`detectors/${encodeURIComponent(id)}`);

const incidentPath = (id: string, part = "") => `incidents/${encodeURIComponent(id)}${part}`;

export const useIncident = (id: string) => useOne<IncidentDetail>(incidentPath(id), "", useFollowTold());
export const useExplanation = (id: string) =>
  useOne<Explanation>(incidentPath(id, "/explanation"), "", useFollowTold());
export const useTimeline = <T = Record<string, unknown>>(id: string) =>
  useOne<T>(incidentPath(id, "/timeline"), "", POLL_MS);
export const useSimilar = <T = Record<string, unknown>>(id: string) =>
  useOne<T>(incidentPath(id, "/similar"));
export const useGraph = <T = Record<string, unknown>>(id: string) =>
  useOne<T>(incidentPath(id, "/graph"));
export const useIncidentAlerts = (id: string, asked: Asked = {}) =>
  useList<Alert>("alerts", incidentPath(id, "/alerts"), { range: null, filters: [], ...asked });

const entityPath = (kind: string, id: string, part = "") => `entities/${kind}/${encodeId(id)}${part}`;

export const useEntity = <T = Record<string, unknown>>(kind: string, id: string) =>
  useOne<T>(entityPath(kind, id), "", POLL_MS);
export const useProfile = <T = Record<string, unknown>>(kind: string, id: string) =>
  useOne<T>(entityPath(kind, id, "/profile"));
export const useLinks = <T = Record<string, unknown>>(kind: string, id: string) =>
  useOne<T>(entityPath(kind, id, "/links"));
export const useSessions = <T = Record<string, unknown>>(kind: string, id: string) =>
  useOne<T>(entityPath(kind, id, "/sessions"));
/** Requests of an entity over time, by severity unless another field is named. */
export const useEntityTimeline = (kind: string, id: string, range?: Range, group?: string) =>
  useOne<Chart>(entityPath(kind, id, "/timeline"), toQuery({ range: range ?? null }, { group }));

export const useEndpoint = <T = EndpointRow>(id: string) =>
  useOne<T>(`endpoints/${encodeId(id)}`, "", POLL_MS);

export interface Change {
  status?: Status;
  verdict?: Verdict | null;
  assignee?: string | null;
}

/**
 * Everything that may look different after incidents have changed.
 *
 * @param ids Those that have; all when it is not known.
 */
export function refreshIncidents(client: QueryClient, ids?: ReadonlySet<string>): void {
  const known = ids && new Set([...ids].map((id) => incidentPath(id)));
  void client.invalidateQueries({ queryKey: ["list", "incidents"] });
  void client.invalidateQueries({ queryKey: ["facets"] });
  void client.invalidateQueries({ queryKey: ["one", "overview"] });
  void client.invalidateQueries({
    predicate: ({ queryKey: [kind, path] }) => {
      if (kind !== "one" || !String(path).startsWith("incidents/")) return false;
      return known === undefined || known.has(String(path).split("/", 2).join("/"));
    },
  });
}

/** Changes one incident; the version says whose change it builds on. */
export function usePatchIncident() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, version, changes }: { id: string; version: number | "*"; changes: Change }) =>
      patch<IncidentDetail>(incidentPath(id), changes, { ifMatch: version }),
    onSettled: () => refreshIncidents(client),
  });
}

export interface BulkResult {
  done: string[];
  failed: { id: string; status: number; detail: string }[];
}

export function useBulk() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ ids, changes }: { ids: string[]; changes: Change }) =>
      post<BulkResult>("incidents/bulk", { ids, changes }),
    onSettled: () => refreshIncidents(client),
  });
}

export function useComment() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, text }: { id: string; text: string }) =>
      post<Comment>(incidentPath(id, "/comments"), { text }),
    onSettled: () => refreshIncidents(client),
  });
}

export function useFeedback() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, verdict, reason }: { id: string; verdict: Verdict; reason: string }) =>
      post<IncidentDetail>(incidentPath(id, "/feedback"), { verdict, reason }),
    onSettled: () => refreshIncidents(client),
  });
}

export interface NewView {
  name: string;
  screen: string;
  query: Record<string, unknown>;
  shared: boolean;
}

/** Saved views of a screen, and how to change them. */
export function useViews(screen: string) {
  const client = useQueryClient();
  const found = useQuery({
    queryKey: ["one", "views"],
    queryFn: ({ signal }) => get<{ items: View[] }>("views", { signal }),
  });
  const onSettled = () => void client.invalidateQueries({ queryKey: ["one", "views"] });
  const save = useMutation({ mutationFn: (view: NewView) => post<View>("views", view), onSettled });
  const replace = useMutation({
    mutationFn: ({ id, ...view }: NewView & { id: string }) => put<View>(`views/${id}`, view),
    onSettled,
  });
  const remove = useMutation({ mutationFn: (id: string) => del<void>(`views/${id}`), onSettled });
  const views = useMemo(
    () => found.data?.items.filter((each) => each.screen === screen) ?? [],
    [found.data, screen],
  );
  return { views, save, replace, remove, error: found.error };
}
