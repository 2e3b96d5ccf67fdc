import type { Chart } from "../../api/types.ts";
import { SEVERITY_COLORS } from "../../components/chartColor.ts";
import { SEVERITIES, words } from "../../components/format.ts";
import type { Series } from "../../components/TimeChart.tsx";
import { t } from "../../i18n/index.ts";

/** Counts by severity as columns, the worst on the ground so that its trend can be read. */
export function severitySeries(chart: Chart): Series[] {
  const known = new Map(chart.series.map((each) => [each.key, each.v]));
  const named = SEVERITIES.filter((name) => known.has(name)).map((name) => ({
    key: name, label: words(name.toLowerCase()), values: known.get(name) ?? [], color: SEVERITY_COLORS[name] ?? "var(--low)", stacked: true,
  }));
  const others = chart.series
    .filter((each) => !(SEVERITIES as readonly string[]).includes(each.key))
    .map((each) => ({ key: each.key, label: each.key === "" || each.key === "all" ? t("tr.unjudged") : each.key, values: each.v, color: "var(--none)", stacked: true }));
  return [...named, ...others];
}

const CLASS_COLORS: Record<string, string> = { "2xx": "var(--ok)", "3xx": "var(--line-3)", "4xx": "var(--medium)", "5xx": "var(--critical)" };

/** Counts by class of the answer as columns, failures on the ground. */
export function statusSeries(chart: Chart): Series[] {
  const order = ["5xx", "4xx", "3xx", "2xx", "1xx"];
  return chart.series
    .toSorted((a, b) => rank(order, a.key) - rank(order, b.key))
    .map((each) => ({ key: each.key, label: each.key === "" ? t("c.none") : each.key, values: each.v, color: CLASS_COLORS[each.key] ?? "var(--none)", stacked: true }));
}

function rank(order: readonly string[], key: string): number {
  const at = order.indexOf(key);
  return at < 0 ? order.length : at;
}
