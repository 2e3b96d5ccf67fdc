import { lazy, useMemo } from "react";
import { useLocation } from "wouter";
import { useFacets, useOverview, useTimeseries } from "../../api/queries.ts";
import type { Overview as Shape } from "../../api/types.ts";
import { Button } from "../../components/Button.tsx";
import { dateTime } from "../../components/format.ts";
import { PageHead, Panel } from "../../components/Panel.tsx";
import { Answer, Empty } from "../../components/States.tsx";
import { TimeChart } from "../../components/TimeChart.tsx";
import { t } from "../../i18n/index.ts";
import { rangeOf } from "../../state/range.ts";
import { useUrl, useUrlValue } from "../../state/url.ts";
import { severitySeries, statusSeries } from "../triage/series.ts";
import { useBefore } from "../triage/useBefore.tsx";
import { AttackTypes, Success } from "./Distribution.tsx";
import { HealthPanel } from "./HealthPanel.tsx";
import { NewestIncidents } from "./NewestIncidents.tsx";
import { Sentence } from "./Sentence.tsx";
import { Tiles } from "./Tiles.tsx";
import { TopEndpoints, TopEntities } from "./Top.tsx";
import "./overview.css";

/** Slices of the traffic chart: as many columns as can be told apart. */
const POINTS = 120;

const FirstRun = lazy(() => import("../firstrun/index.tsx"));

/** What is happening, who, is it working, is the service well. */
export default function Overview() {
  const overview = useOverview();
  const open = useFacets(["severity", "succeeded"], {
    of: "incidents",
    range: null,
    filters: [
      { field: "status", op: "ne", value: "resolved" },
      { field: "merged_into", op: "eq", value: "" },
    ],
  });
  const alerts = useFacets(["attack_type", "severity", "endpoint"], { of: "alerts", limit: 12 });
  const outcomes = useTimeseries("status_class", { points: POINTS });
  // Nothing ever came in: the way to a picture is to connect something.
  if (overview.data && !overview.data.demo && isUnused(overview.data)) return <FirstRun />;
  return (
    <div className="screen">
      <PageHead title={t("ov.title")} sub={<Sentence overview={overview.data} open={open.data} chart={outcomes.data} />} />
      <Tiles overview={overview.data} outcomes={outcomes.data} alerts={alerts.data} open={open.data} />
      <div className="split">
        <div className="col">
          <Traffic period={overview.data?.period ?? null} />
          <NewestIncidents />
        </div>
        <div className="col">
          <AttackTypes facets={alerts} />
          <Success />
          <TopEntities />
          <TopEndpoints facets={alerts} />
        </div>
      </div>
      <HealthPanel overview={overview.data} />
    </div>
  );
}

function isUnused({ counters, totals, stored }: Shape): boolean {
  return (counters["received"] ?? 0) === 0 && (totals["requests"] ?? 0) === 0 && (stored["events"] ?? 0) === 0;
}

/** Requests over time; a part that is marked becomes the period of the page. */
function Traffic({ period }: { period: { from: string | null; to: string | null } | null }) {
  const [by, setBy] = useUrlValue("by", "status");
  const url = useUrl();
  const [, navigate] = useLocation();
  const group = by === "severity" ? "severity" : "status";
  const chart = useTimeseries(group === "severity" ? "severity" : "status_class", { points: POINTS });
  const earlier = useBefore(chart.data, POINTS);
  const series = useMemo(
    () => [...(chart.data ? (group === "severity" ? severitySeries(chart.data) : statusSeries(chart.data)) : []), ...earlier.line],
    [group, chart.data, earlier.line],
  );
  return (
    <Panel
      title={t("ov.traffic")}
      sub={earlier.text}
      actions={
        <div className="row" role="group" aria-label={t("ov.by")}>
          {(["status", "severity"] as const).map((each) => (
            <Button key={each} small aria-pressed={group === each} onClick={() => setBy(each, { replace: true })}>
              {t(`ov.by.${each}`)}
            </Button>
          ))}
          {earlier.toggle}
        </div>
      }
    >
      <Answer query={chart} lines={7}>
        {(data) => {
          const total = data.series.reduce((sum, each) => sum + each.v.reduce<number>((all, value) => all + (value ?? 0), 0), 0);
          if (total === 0) {
            return (
              <Empty title={t("ov.empty")} icon="chart">
                {period?.from && period.to ? (
                  <>
                    <p>{t("ov.empty.hint", { from: dateTime(period.from), to: dateTime(period.to) })}</p>
                    <Button onClick={() => url.set({ range: rangeOf(Date.parse(period.from ?? ""), Date.parse(period.to ?? "") + 1_000) })}>
                      {t("ov.empty.show")}
                    </Button>
                  </>
                ) : (
                  <Button onClick={() => navigate("/start")}>{t("demo.more")}</Button>
                )}
              </Empty>
            );
          }
          return (
            <TimeChart
              t={data.t}
              series={series}
              label={t(`ov.traffic.${group}`)}
              height={248}
              onBrush={(from, to) => url.set({ range: rangeOf(from, to) })}
            />
          );
        }}
      </Answer>
    </Panel>
  );
}
