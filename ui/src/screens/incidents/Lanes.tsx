import { useMemo } from "react";
import type { Incident } from "../../api/types.ts";
import { span, words } from "../../components/format.ts";
import { Icon } from "../../components/Icon.tsx";
import { type Lane, SwimLane } from "../../components/SwimLane.tsx";
import { visibleText } from "../../components/visible.ts";
import { t } from "../../i18n/index.ts";
import { usePref } from "../../state/prefs.ts";
import { momentMs } from "../../state/range.ts";
import { useUrl } from "../../state/url.ts";

const MOST_LANES = 8;

/** Incidents in time, a lane for each attack type; the leading type of each decides. */
export function Lanes({ rows, total }: { rows: readonly Incident[]; total: number }) {
  const url = useUrl();
  const [open, setOpen] = usePref<boolean>("incidents.lanes", true);
  const lanes = useMemo(() => lanesOf(rows), [rows]);
  const { from, to } = useMemo(() => periodOf(rows, url.range), [rows, url.range]);
  if (rows.length === 0) return null;
  return (
    <details className="panel lanes-panel" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Icon name="right" />
        {t("tr.lanes")}
        <span className="sub">{rows.length < total ? t("tr.lanes.some", { n: rows.length, total }) : ""}</span>
      </summary>
      {open && (
        <div className="panel-body">
          <SwimLane
            lanes={lanes}
            from={from}
            to={to}
            label={t("tr.lanes")}
            onOpen={(id) => url.set({ more: { sel: id } })}
            onLane={(key) => key !== "" && url.addFilter("attack_types", "has", key)}
          />
        </div>
      )}
    </details>
  );
}

export function lanesOf(rows: readonly Incident[]): Lane[] {
  const found = new Map<string, Incident[]>();
  for (const row of rows) {
    const type = row.attack_types[0] ?? "";
    const list = found.get(type);
    if (list) list.push(row);
    else found.set(type, [row]);
  }
  const ranked = [...found].toSorted(([, a], [, b]) => Math.max(...b.map((row) => row.risk)) - Math.max(...a.map((row) => row.risk)) || b.length - a.length);
  const kept = ranked.slice(0, MOST_LANES);
  const rest = ranked.slice(MOST_LANES).flatMap(([, list]) => list);
  if (rest.length > 0) kept.push(["", rest]);
  return kept.map(([type, list]) => ({
    key: type,
    label: type === "" ? t("tr.othertypes") : words(type),
    count: list.length,
    marks: list
      // The worst last, so that it lies on top.
      .toSorted((a, b) => a.risk - b.risk)
      .flatMap((row) => {
        const first = Date.parse(row.first_ts ?? row.last_ts ?? "");
        const last = Date.parse(row.last_ts ?? row.first_ts ?? "");
        if (Number.isNaN(first) || Number.isNaN(last)) return [];
        return [{ id: row.id, from: first, to: last, severity: row.severity, label: `${row.severity} ${row.risk}: ${visibleText(row.reason, 160)} (${span(last - first)})` }];
      }),
  }));
}

/** The period of the page, no wider than what there is to see. */
function periodOf(rows: readonly Incident[], range: { from: string; to: string }) {
  const now = Date.now();
  const wanted = { from: momentMs(range.from, now) ?? now - 3_600_000, to: momentMs(range.to, now) ?? now };
  const firsts = rows.map((row) => Date.parse(row.first_ts ?? row.last_ts ?? "")).filter((value) => !Number.isNaN(value));
  if (firsts.length === 0) return wanted;
  const begin = Math.min(...firsts);
  const width = wanted.to - begin;
  return { from: Math.max(Math.min(wanted.from, begin), begin - width * 0.05 - 30_000), to: wanted.to };
}
