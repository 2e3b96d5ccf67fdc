import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { get } from "../../api/client.ts";
import { useFollow } from "../../api/queries.ts";
import type { Chart } from "../../api/types.ts";
import type { Filter } from "../../state/filters.ts";
import { toQuery, useUrl } from "../../state/url.ts";

export type MeasureName = "requests" | "risk" | "p50_ms" | "p95_ms" | "p99_ms" | "bytes" | "errors";

/** Slices of a chart: as many as can be told apart on a screen. */
const POINTS = 180;

/** A measure of requests over the period of the page. */
export function useMeasure(measure: MeasureName, filters: readonly Filter[], group?: string) {
  const { range } = useUrl();
  const query = toQuery({ range, filters }, { of: "events", measure, group, points: POINTS });
  return useQuery({
    queryKey: ["timeseries", query],
    queryFn: ({ signal }) => get<Chart>("timeseries", { query, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: useFollow(range, 10_000),
  });
}
