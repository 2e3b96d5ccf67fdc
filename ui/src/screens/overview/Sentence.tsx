import { useEvents } from "../../api/queries.ts";
import type { Chart, FacetValue, Overview } from "../../api/types.ts";
import { number, percent } from "../../components/format.ts";
import { SeverityMark } from "../../components/Severity.tsx";
import { listed, t } from "../../i18n/index.ts";
import { isRelative, spanOf } from "../../state/range.ts";
import { useUrl } from "../../state/url.ts";

/** Differences below this are noise. */
const WORTH = 0.1;

export type Facets = Record<string, FacetValue[]> | undefined;

export function countOf(facets: Facets, field: string, value: string | boolean): number {
  return facets?.[field]?.find((each) => each.value === value)?.count ?? 0;
}

/** The state of things in one sentence. */
export function Sentence({ overview, open, chart }: {
  overview: Overview | undefined; open: Facets; chart: Chart | undefined;
}) {
  const change = useChange(overview, chart);
  if (overview === undefined || open === undefined) return <span className="sentence-line"> </span>;
  if ((overview.counters["received"] ?? 0) === 0 && overview.totals["requests"] === 0) return <>{t("ov.waiting")}</>;
  const critical = countOf(open, "severity", "CRITICAL");
  const high = countOf(open, "severity", "HIGH");
  const all = (open["severity"] ?? []).reduce((sum, each) => sum + each.count, 0);
  const worked = countOf(open, "succeeded", true);
  const parts = [
    critical > 0 && t("ov.critical", { n: critical }),
    high > 0 && t("ov.high", { n: high }),
    worked > 0 && t("ov.worked", { n: worked }),
  ].filter((part): part is string => part !== false);
  const traffic = [t("ov.rate", { rate: number(overview.rates["judged"] ?? 0) })];
  if (change !== null && Math.abs(change) >= WORTH) {
    traffic.push(t(change > 0 ? "ov.more" : "ov.less", { share: percent(Math.abs(change)) }));
  }
  const silent = overview.silent_sources;
  return (
    <span className="sentence-line">
      {all === 0 ? (
        t("ov.calm")
      ) : (
        <>
          <SeverityMark severity={critical > 0 ? "CRITICAL" : high > 0 ? "HIGH" : "MEDIUM"} />{" "}
          <strong>{t("ov.open", { n: all })}</strong>
          {parts.length > 0 && `: ${listed(parts)}`}.
        </>
      )}{" "}
      {traffic.join(", ")}
      {silent.length > 0 && `; ${t("ov.silent", { n: silent.length, names: listed(silent) })}`}.
    </span>
  );
}

/** How much more traffic there is than in the period of equal length before; null when unknown. */
function useChange(overview: Overview | undefined, chart: Chart | undefined): number | null {
  const { range } = useUrl();
  const now = Math.floor(Date.now() / 60_000) * 60_000;
  const span = spanOf(range, now);
  const width = span.to - span.from;
  const before = { from: new Date(span.from - width).toISOString(), to: new Date(span.from).toISOString() };
  const isKnown = overview !== undefined && Date.parse(overview.period?.from ?? overview.time) < span.from - width;
  const found = useEvents({ range: before, filters: [], sort: null, limit: 1, enabled: isKnown && isRelative(range), follow: false });
  if (!isKnown || chart === undefined || found.total === 0) return null;
  const total = chart.series.reduce((sum, each) => sum + each.v.reduce<number>((all, value) => all + (value ?? 0), 0), 0);
  return total / found.total - 1;
}
