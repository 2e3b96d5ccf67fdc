import { useMemo } from "react";
import type { Incident } from "../../api/types.ts";
import { Button } from "../../components/Button.tsx";
import { clock, SEVERITIES, words } from "../../components/format.ts";
import { type Lane, SwimLane } from "../../components/SwimLane.tsx";
import { type Series, TimeChart } from "../../components/TimeChart.tsx";
import { SEVERITY_COLORS } from "../../components/chartColor.ts";
import { visibleText } from "../../components/visible.ts";
import { t } from "../../i18n/index.ts";
import { useUrl } from "../../state/url.ts";
import type { Detection, Story } from "./shapes.ts";

const MOST_LANES = 6;
/** Marks that find room side by side in a lane. */
const MOST_MARKS = 20;

/** What its entities asked for before, during and after, what was detected, and what people did. */
export function StoryPanel({ story, incident, brushed, onBrushed }: {
  story: Story; incident: Incident; brushed: { from: number; to: number } | null; onBrushed: (brushed: { from: number; to: number } | null) => void;
}) {
  const url = useUrl();
  const series = useMemo(() => seriesOf(story), [story]);
    const marks = useMemo(() => markersOf(incident), [incident]);
  const from = Date.parse(story.from ?? incident.first_ts ?? "");
  const to = Date.parse(story.to ?? incident.last_ts ?? "");
  const near = (to - from) / MOST_MARKS;
  const lanes = useMemo(() => lanesOf(story, near), [story, near]);
  return (
    <div className="col-s">
      <TimeChart
        t={story.requests.t}
        series={series}
        label={t("tr.story.requests")}
        height={150}
        markers={marks}
        onBrush={(begin, end) => onBrushed({ from: begin, to: end })}
      />
      {brushed && (
        <div className="notice">
          <span>{t("c.selected", { from: clock(brushed.from), to: clock(brushed.to) })}</span>
          <Button small onClick={() => onBrushed(null)}>{t("tr.wholeperiod")}</Button>
        </div>
      )}
      {lanes.length > 0 && !Number.isNaN(to - from) && (
        <SwimLane lanes={lanes} from={from} to={to} label={t("tr.story.detections")} onOpen={(id) => !id.startsWith("p") && url.set({ more: { tab: "alerts", sel: id } }, { replace: true })} />
      )}
    </div>
  );
}

/** Requests by severity, the worst on the ground. */
function seriesOf(story: Story): Series[] {
  const known = new Map(story.requests.series.map((each) => [each.key, each.v]));
  const named = SEVERITIES.filter((name) => known.has(name)).map((name) => ({
    key: name, label: words(name.toLowerCase()), values: known.get(name) ?? [], color: SEVERITY_COLORS[name] ?? "var(--low)", stacked: true,
  }));
  const others = story.requests.series
    .filter((each) => !(SEVERITIES as readonly string[]).includes(each.key))
    .map((each) => ({ key: each.key, label: each.key || t("c.none"), values: each.v, color: "var(--none)", stacked: true }));
  return [...named, ...others];
}

/** The worst of detections that lie closer than a finger is wide; the count of the lane has all. */
export function apart(list: readonly Detection[], near: number): Detection[] {
  const out: Detection[] = [];
  let begin = -Infinity;
  for (const each of list.filter(({ ts }) => !Number.isNaN(Date.parse(ts ?? ""))).toSorted((a, b) => Date.parse(a.ts ?? "") - Date.parse(b.ts ?? ""))) {
    const at = Date.parse(each.ts ?? "");
    const last = out.at(-1);
    if (last === undefined || at - begin >= near) {
      out.push(each);
      begin = at;
    } else if (each.risk > last.risk) {
      out[out.length - 1] = { ...each, ts: last.ts };
    }
  }
  return out;
}

function lanesOf(story: Story, near: number): Lane[] {
  const byType = new Map<string, Detection[]>();
  for (const each of story.detections) byType.set(each.attack_type, [...(byType.get(each.attack_type) ?? []), each]);
  const lanes: Lane[] = [...byType].slice(0, MOST_LANES).map(([type, list]) => ({
    key: type,
    label: words(type),
    count: list.length,
    marks: apart(list, near).map((each) => ({
      id: each.id, from: Date.parse(each.ts ?? ""), severity: each.severity, label: `${each.severity} ${each.risk}: ${visibleText(each.reason, 160)}`,
    })),
  }));
  if (story.people.length > 0) {
    lanes.push({
      key: "people",
      label: t("tr.people"),
      count: story.people.length,
      marks: story.people.flatMap((each, at) => {
        const when = Date.parse(each.ts ?? "");
        return Number.isNaN(when) ? [] : [{ id: `p${at}`, from: when, severity: "LOW", label: `${visibleText(each.actor, 40)}: ${visibleText(each.text, 160)}` }];
      }),
    });
  }
  return lanes;
}

function markersOf(incident: Incident): { at: number; label: string }[] {
  const out: { at: number; label: string }[] = [];
  const add = (ts: string | null, label: string) => {
    const at = Date.parse(ts ?? "") / 1000;
    if (!Number.isNaN(at)) out.push({ at, label });
  };
  add(incident.first_ts, t("tr.mark.first"));
  if (incident.alert_ts !== incident.first_ts) add(incident.alert_ts, t("tr.mark.alert"));
  return out;
}
