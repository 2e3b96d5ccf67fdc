import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link, useParams } from "wouter";
import { apiUrl, get } from "../../api/client.ts";
import { decodeId, encodeId } from "../../api/ids.ts";
import { useEndpoint, useEvents } from "../../api/queries.ts";
import { bytes, compact, millis, percent } from "../../components/format.ts";
import { Icon } from "../../components/Icon.tsx";
import { Panel } from "../../components/Panel.tsx";
import { RiskMeter, Severity } from "../../components/Severity.tsx";
import { StackedBars } from "../../components/StackedBars.tsx";
import { Answer } from "../../components/States.tsx";
import { Tabs } from "../../components/Tabs.tsx";
import { Time } from "../../components/Time.tsx";
import { type Series, TimeChart } from "../../components/TimeChart.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { visibleText } from "../../components/visible.ts";
import { FilterScope, Value } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import type { Filter } from "../../state/filters.ts";
import { rangeOf } from "../../state/range.ts";
import { hrefWith, useUrl, useUrlValue } from "../../state/url.ts";
import { Method } from "../endpoints/Method.tsx";
import { AlertList, EventList } from "../entity/Lists.tsx";
import { statusSeries } from "../triage/series.ts";
import { useTitle } from "../triage/useTitle.ts";
import { useMeasure } from "../triage/useMeasure.ts";
import { Callers } from "./Callers.tsx";
import { Histogram } from "./Histogram.tsx";
import { Parameters } from "./Parameters.tsx";
import type { EndpointDetail, ParameterList } from "./shapes.ts";
import "../incident/incident.css";
import "../endpoints/endpoints.css";

const NO_FILTERS: readonly string[] = [];
const CLASS_COLORS: Record<string, string> = { 2: "var(--ok)", 3: "var(--line-3)", 4: "var(--medium)", 5: "var(--critical)" };

/** The endpoint of the address; another one begins anew. */
export default function EndpointScreen() {
  const id = decodeId(useParams()["id"] ?? "");
  return <OneEndpoint key={id} id={id} />;
}

/** One endpoint: traffic, failures and times with what is usual, who calls it, what was detected. */
function OneEndpoint({ id }: { id: string }) {
  const url = useUrl();
  const endpoint = useEndpoint<EndpointDetail>(id);
  const own = useMemo<Filter[]>(() => [{ field: "endpoint", op: "eq", value: id }], [id]);
  const traffic = useMeasure("requests", own, "status_class");
  const median = useMeasure("p50_ms", own);
  const slow = useMeasure("p95_ms", own);
  const slowest = useMeasure("p99_ms", own);
  const sizes = useMeasure("bytes", own);
  const parameters = useQuery({
    queryKey: ["one", "parameters", id],
    queryFn: ({ signal }) => get<ParameterList>(`endpoints/${encodeId(id)}/parameters`, { signal }),
  });
  const events = useEvents({ filters: own, sort: "-ts", limit: 200 });
  const [tab, setTab] = useUrlValue("tab", "callers");
  useTitle(visibleText(id, 80));
  const brush = (from: number, to: number) => url.set({ range: rangeOf(from, to) });

  const columns = useMemo(() => (traffic.data ? statusSeries(traffic.data) : []), [traffic.data]);
  const times = useMemo<Series[]>(() => {
    const mid = median.data?.series[0]?.v ?? [];
    const high = slow.data?.series[0]?.v ?? [];
    const top = slowest.data?.series[0]?.v ?? [];
    return [
      { key: "p50", label: t("tr.p50"), values: mid, color: "var(--line-1)", ...(high.length === mid.length && mid.length > 0 ? { band: [mid, high] as const } : {}) },
      { key: "p95", label: "p95", values: high, color: "var(--line-2)" },
      { key: "p99", label: "p99", values: top, color: "var(--line-5)", dashed: true },
    ];
  }, [median.data, slow.data, slowest.data]);
  const failures = useMemo<Series[]>(() => shareLines(columns), [columns]);
  const sent = useMemo<Series[]>(() => [{ key: "bytes", label: t("tr.sent"), values: sizes.data?.series[0]?.v ?? [], color: "var(--line-3)", area: true }], [sizes.data]);

  return (
    <FilterScope fields={NO_FILTERS}>
      <div className="screen">
        <nav aria-label={t("tr.back")} className="no-print">
          <Link className="back" href={hrefWith("/endpoints", { range: url.range })}><Icon name="back" /> {t("tr.endpoints")}</Link>
        </nav>
        <Answer query={endpoint} lines={12}>
          {(data) => (
            <div className="col">
              <header className="incident-head">
                <RiskMeter risk={data.risk} size={88} />
                <div className="grow">
                  <h1 className="row"><Method method={data.method} /> <span className="mono"><Untrusted text={data.route ?? data.endpoint} most={300} /></span></h1>
                  <div className="row incident-tags">
                    <Severity severity={data.severity} risk={data.risk} chip />
                    <span className="muted"><Value field="host" value={data.host} /></span>
                  </div>
                  <p className="muted small">{t("tr.first")} <Time ts={data.first_ts} mode="both" /> · {t("tr.last")} <Time ts={data.last_ts} mode="relative" /></p>
                </div>
                <a className="btn no-print" href={apiUrl(`endpoints/${encodeId(data.endpoint)}/openapi`)}><Icon name="download" />{t("tr.export.openapi")}</a>
              </header>
              <dl className="tiles">
                <Tile label={t("tr.requests")} value={compact(data.requests)} />
                <Tile label={t("tr.clients")} value={compact(data.clients)} />
                <Tile label={t("tr.refused")} value={percent(data.errors_4xx)} />
                <Tile label={t("tr.failed5")} value={percent(data.errors_5xx)} />
                <Tile label={t("tr.p95")} value={millis(data.p95_ms)} />
                <Tile label={t("tr.sent")} value={bytes(data.bytes_out)} />
              </dl>
              <div className="cols-2">
                <Panel title={t("tr.traffic")} sub={t("tr.traffic.sub")}>
                  <Answer query={traffic} lines={5}>{(chart) => <TimeChart t={chart.t} series={columns} label={t("tr.traffic")} height={160} onBrush={brush} />}</Answer>
                </Panel>
                <Panel title={t("tr.latency")} sub={t("tr.latency.sub")}>
                  <Answer query={median} lines={5}>{(chart) => <TimeChart t={chart.t} series={times} label={t("tr.latency")} height={160} format={millis} onBrush={brush} />}</Answer>
                </Panel>
                <Panel title={t("tr.errorshare")}>
                  <Answer query={traffic} lines={5}>{(chart) => <TimeChart t={chart.t} series={failures} label={t("tr.errorshare")} height={130} max={0.05} format={percent} onBrush={brush} />}</Answer>
                </Panel>
                <Panel title={t("tr.sizes")}>
                  <Answer query={sizes} lines={5}>{(chart) => <TimeChart t={chart.t} series={sent} label={t("tr.sizes")} height={130} format={bytes} onBrush={brush} />}</Answer>
                </Panel>
              </div>
              <div className="split">
                <Panel title={t("tr.activity")} flush>
                  <div className="evidence">
                    <Tabs
                      label={t("tr.activity")}
                      value={tab}
                      onChange={(key) => setTab(key, { replace: true })}
                      tabs={[
                        { key: "callers", title: t("tr.callers") },
                        { key: "parameters", title: t("tr.parameters"), count: parameters.data?.parameters.length },
                        { key: "alerts", title: t("tr.alerts"), count: data.alerts_total },
                        { key: "events", title: t("tr.requests"), count: events.total },
                      ]}
                    >
                      {tab === "alerts" ? <AlertList alerts={data.alerts} total={data.alerts_total} /> : tab === "events" ? <EventList events={events} /> : tab === "parameters" ? (
                        <Answer query={parameters}>{(found) => <Parameters found={found} />}</Answer>
                      ) : <Callers endpoint={data.endpoint} />}
                    </Tabs>
                  </div>
                </Panel>
                <div className="col">
                  {data.statuses.length > 0 && (
                    <Panel title={t("tr.answers")}>
                      <StackedBars
                        label={t("tr.answers")}
                        parts={data.statuses.map((each) => ({ key: String(each.status), label: each.status === null ? t("c.none") : String(each.status), value: each.count, color: CLASS_COLORS[String(each.status).charAt(0)] ?? "var(--none)" }))}
                      />
                    </Panel>
                  )}
                  {data.duration_us.length > 1 && (
                    <Panel title={t("tr.duration.spread")}>
                      <Histogram bins={data.duration_us} label={t("tr.duration.spread")} format={(value) => millis(value / 1000)} mark={data.p95_ms === null ? null : { at: data.p95_ms * 1000, label: "p95" }} />
                    </Panel>
                  )}
                  {data.response_bytes.length > 1 && (
                    <Panel title={t("tr.size.spread")}>
                      <Histogram bins={data.response_bytes} label={t("tr.size.spread")} format={bytes} />
                    </Panel>
                  )}
                </div>
              </div>
            </div>
          )}
        </Answer>
      </div>
    </FilterScope>
  );
}

function Tile({ label, value }: { label: string; value: string }) {
  return (
    <div className="tile">
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** Shares of refused and failed answers in each slice; nothing where nothing was asked. */
export function shareLines(columns: readonly Series[]): Series[] {
  const length = columns[0]?.values.length ?? 0;
  const totals = Array.from({ length }, (_, at) => columns.reduce((sum, each) => sum + (each.values[at] ?? 0), 0));
  const share = (key: string) => {
    const values = columns.find((each) => each.key === key)?.values;
    return totals.map((total, at) => (total > 0 ? (values?.[at] ?? 0) / total : null));
  };
  return [
    { key: "5xx", label: t("tr.failed5"), values: share("5xx"), color: "var(--critical)" },
    { key: "4xx", label: t("tr.refused"), values: share("4xx"), color: "var(--medium)", dashed: true },
  ];
}

