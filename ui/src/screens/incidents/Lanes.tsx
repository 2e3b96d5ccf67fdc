import { useMemo } from "react";
import { useTimeseries } from "../../api/queries.ts";
import type { Chart } from "../../api/types.ts";
import { number, words } from "../../components/format.ts";
import { Icon } from "../../components/Icon.tsx";
import { type Lane, SwimLane } from "../../components/SwimLane.tsx";
import { t } from "../../i18n/index.ts";
import { type Filter, withFilter } from "../../state/filters.ts";
import { usePref } from "../../state/prefs.ts";
import { rangeOf } from "../../state/range.ts";
import { useUrl } from "../../state/url.ts";

const MOST_LANES = 5;
const SLICES = 72;
/** Lowest risk of what a question counts; the worst band with something in it colours a slice. */
const BANDS = [
  { severity: "CRITICAL", filter: { field: "risk", op: "gte", value: "80" } },
  { severity: "HIGH", filter: { field: "risk", op: "gte", value: "60" } },
  { severity: "MEDIUM", filter: null },
] as const satisfies readonly { severity: string; filter: Filter | null }[];

/** Alerts in time, a lane for each attack type: when which kind of attack went on, and how bad. */
export function Lanes() {
  const url = useUrl();
  const [open, setOpen] = usePref<boolean>("incidents.lanes", true);
  const asked = (filter: Filter | null) => ({ of: "alerts" as const, points: SLICES, follow: 15_000, enabled: open, ...(filter ? { filters: [...url.filters, filter] } : {}) });
  const critical = useTimeseries("attack_type", asked(BANDS[0].filter));
  const high = useTimeseries("attack_type", asked(BANDS[1].filter));
  const all = useTimeseries("attack_type", asked(null));
  const lanes = useMemo(() => (all.data ? lanesOf(all.data, high.data, critical.data) : []), [all.data, high.data, critical.data]);
  const times = all.data?.t ?? [];
  const from = (times[0] ?? 0) * 1000;
  const to = ((times.at(-1) ?? 0) + (all.data?.step_seconds ?? 0)) * 1000;
  const types = all.data?.series.filter((each) => sum(each.v) > 0).length ?? 0;
  return (
    <details className="panel lanes-panel" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Icon name="right" />
        {t("tr.lanes")}
        <span className="sub">{types > lanes.length ? t("tr.lanes.some", { n: lanes.length, total: types }) : ""}</span>
      </summary>
      {open && lanes.length > 0 && (
        <div className="panel-body">
          <SwimLane
            lanes={lanes}
            from={from}
            to={to}
            label={t("tr.lanes")}
            onLane={(key) => url.addFilter("attack_types", "has", key)}
            onCell={(key, begin, end) => url.set({ range: rangeOf(begin, end), filters: withFilter(url.filters, { field: "attack_types", op: "has", value: key }) })}
          />
        </div>
      )}
    </details>
  );
}

const sum = (values: readonly (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0);

function at(chart: Chart | undefined, key: string, moment: number): number {
  const place = chart?.t.indexOf(moment) ?? -1;
  return place < 0 ? 0 : (chart?.series.find((each) => each.key === key)?.v[place] ?? 0);
}

/** The lanes with the most alerts; each slice has the worst severity that is in it. */
export function lanesOf(all: Chart, high?: Chart, critical?: Chart): Lane[] {
  return all.series
    .map((each) => ({ ...each, total: sum(each.v) }))
    .filter((each) => each.total > 0 && each.key !== "")
    .toSorted((a, b) => b.total - a.total)
    .slice(0, MOST_LANES)
    .map((each) => ({
      key: each.key,
      label: words(each.key),
      count: number(each.total),
      cells: {
        t: all.t,
        step: all.step_seconds,
        counts: each.v.map((value) => value ?? 0),
        severities: all.t.map((moment) => (at(critical, each.key, moment) > 0 ? "CRITICAL" : at(high, each.key, moment) > 0 ? "HIGH" : "MEDIUM")),
      },
    }));
}
