import { useMemo } from "react";
import { useTimeseries } from "../../api/queries.ts";
import type { Chart } from "../../api/types.ts";
import { Button } from "../../components/Button.tsx";
import { percent } from "../../components/format.ts";
import type { Series } from "../../components/TimeChart.tsx";
import { t } from "../../i18n/index.ts";
import { before } from "../../state/range.ts";
import { useUrl, useUrlValue } from "../../state/url.ts";

/** Totals of the earlier period, at the moments of the later one; null where it has no slice. */
export function laidOver(now: Chart, earlier: Chart): (number | null)[] {
  const step = now.step_seconds || 1;
  const begin = earlier.t[0] ?? 0;
  const width = (now.t[0] ?? 0) - begin;
  const totals = new Map<number, number>();
  earlier.t.forEach((moment, at) => {
    const place = Math.round((moment + width - (now.t[0] ?? 0)) / step);
    totals.set(place, earlier.series.reduce((sum, each) => sum + (each.v[at] ?? 0), 0));
  });
  return now.t.map((_, at) => totals.get(at) ?? null);
}

const sum = (chart: Chart) => chart.series.reduce((all, each) => all + each.v.reduce<number>((some, value) => some + (value ?? 0), 0), 0);

/** `12 % more than before`, and the like. */
export function comparedText(now: number, earlier: number): string {
  if (earlier === 0) return now === 0 ? t("c.before.same") : t("c.before.none");
  const share = now / earlier - 1;
  if (Math.abs(share) < 0.005) return t("c.before.same");
  return share > 0 ? t("c.before.more", { share: percent(share) }) : t("c.before.less", { share: percent(-share) });
}

/** Lays the period before over a chart of counts, when it is asked for in the address. */
export function useBefore(chart: Chart | undefined, points: number): { line: Series[]; text: string; toggle: React.ReactNode } {
  const { range } = useUrl();
  const [on, setOn] = useUrlValue("before");
  const isOn = on === "1";
  // The same question while the period is: not a new one with every picture.
  const earlier = useMemo(() => before(range, Date.now()), [range]);
  const found = useTimeseries(undefined, { range: earlier, points, enabled: isOn });
  const line = useMemo<Series[]>(
    () => (isOn && chart && found.data ? [{ key: "before", label: t("c.before"), values: laidOver(chart, found.data), color: "var(--ink-2)", dashed: true }] : []),
    [isOn, chart, found.data],
  );
  const text = isOn && chart && found.data ? comparedText(sum(chart), sum(found.data)) : "";
  const toggle = <Button small aria-pressed={isOn} title={t("c.before.hint")} onClick={() => setOn(isOn ? null : "1", { replace: true })}>{t("c.before")}</Button>;
  return { line, text, toggle };
}
