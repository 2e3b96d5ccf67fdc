import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link, useParams } from "wouter";
import { get } from "../../api/client.ts";
import type { EntityKind } from "../../api/types.ts";
import { decodeId, encodeId } from "../../api/ids.ts";
import { useEntity, useEvents, useLinks, useSessions } from "../../api/queries.ts";
import { AttackTypes } from "../../components/Badges.tsx";
import { Chip } from "../../components/Chip.tsx";
import { number, words } from "../../components/format.ts";
import { HeatMap } from "../../components/HeatMap.tsx";
import { Icon } from "../../components/Icon.tsx";
import { Panel } from "../../components/Panel.tsx";
import { RiskMeter, Severity } from "../../components/Severity.tsx";
import { Answer, Empty } from "../../components/States.tsx";
import { Tabs } from "../../components/Tabs.tsx";
import { Time } from "../../components/Time.tsx";
import { TimeChart } from "../../components/TimeChart.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { visibleText } from "../../components/visible.ts";
import { FilterScope } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import type { Filter } from "../../state/filters.ts";
import { rangeOf } from "../../state/range.ts";
import { hrefWith, useUrl, useUrlValue } from "../../state/url.ts";
import { StateChip } from "../entities/index.tsx";
import { ResponsePanel } from "../response/ResponsePanel.tsx";
import { useTitle } from "../triage/useTitle.ts";
import { useMeasure } from "../triage/useMeasure.ts";
import { severitySeries } from "../triage/series.ts";
import { AlertList, EventList, IncidentList } from "./Lists.tsx";
import { Linked } from "./Linked.tsx";
import { Profile } from "./Profile.tsx";
import { Sequence } from "./Sequence.tsx";
import { Sessions } from "./Sessions.tsx";
import type { EntityDetail, Links, Session } from "./shapes.ts";
import "./entity.css";
import "../incident/incident.css";

const NO_FILTERS: readonly string[] = [];

/** The entity of the address; another one begins anew. */
export default function EntityScreen() {
  const params = useParams();
  const kind = params["kind"] ?? "client";
  const id = decodeId(params["id"] ?? "");
  return <OneEntity key={`${kind} ${id}`} kind={kind} id={id} />;
}

/** One client, user, session, key or network: how it acts, against its past and its peers. */
function OneEntity({ kind, id }: { kind: string; id: string }) {
  const url = useUrl();
  const entity = useEntity<EntityDetail>(kind, id);
  const own = useMemo<Filter[]>(() => [{ field: kind, op: "eq", value: id }], [kind, id]);
  const timeline = useMeasure("requests", own, "severity");
  const risk = useMeasure("risk", own);
  const links = useLinks<Links>(kind, id);
  const sessions = useSessions<{ sessions: Session[] }>(kind, id);
  const events = useEvents({ filters: own, sort: "-ts", limit: 200 });
  const week = useQuery({
    queryKey: ["one", "week", kind, id],
    queryFn: ({ signal }) => get<{ counts: number[][] }>(`entities/${kind}/${encodeId(id)}/week`, { signal }),
  });
  const [tab, setTab] = useUrlValue("tab", "sequence");
  useTitle(`${kind} ${visibleText(id, 60)}`);
  const brush = (from: number, to: number) => url.set({ range: rangeOf(from, to) });
  const lines = useMemo(() => (timeline.data ? severitySeries(timeline.data) : []), [timeline.data]);
  const risks = useMemo(
    () => (risk.data ? [{ key: "risk", label: t("tr.risk.highest"), values: risk.data.series[0]?.v ?? [], color: "var(--critical)", area: true }] : []),
    [risk.data],
  );

  return (
    <FilterScope fields={NO_FILTERS}>
      <div className="screen">
        <nav aria-label={t("tr.back")} className="no-print">
          <Link className="back" href={hrefWith("/entities", { range: url.range, more: kind === "client" ? {} : { kind } })}><Icon name="back" /> {t(`tr.kinds.${kind as "client"}`)}</Link>
        </nav>
        <Answer query={entity} lines={12}>
          {(data) => (
            <div className="col">
              <header className="incident-head">
                <RiskMeter risk={data.risk} size={88} />
                <div className="grow">
                  <h1 className="entity-id"><span className="kind">{kind}</span> <Untrusted text={data.id} most={200} mono /></h1>
                  <div className="row incident-tags">
                    <Severity severity={data.severity} risk={data.risk} chip />
                    <StateChip row={data} />
                    {data.agent_kind && <Chip>{words(data.agent_kind)}</Chip>}
                    {data.case?.shared && <Chip tone="warn" title={t("tr.shared.hint")}>{t("tr.shared")}</Chip>}
                    {data.attack_types.length > 0 && <AttackTypes types={data.attack_types} most={4} />}
                    {!data.remembered && <Chip tone="warn">{t("tr.forgotten")}</Chip>}
                  </div>
                  <p className="muted small">
                    {t("tr.requestcount", { n: data.requests })} · {t("tr.first")} <Time ts={data.first_ts} mode="both" /> · {t("tr.last")} <Time ts={data.last_ts} mode="relative" />
                    {data.first_alert_request !== null && <> · {t("tr.alertat")} {t("tr.nth", { n: data.first_alert_request })}</>}
                  </p>
                </div>
              </header>
              <div className="cols-2">
                <Panel title={t("tr.requests.time")}>
                  <Answer query={timeline} lines={5}>{(chart) => <TimeChart t={chart.t} series={lines} label={t("tr.requests.time")} height={150} onBrush={brush} />}</Answer>
                </Panel>
                <Panel title={t("tr.risk.time")}>
                  <Answer query={risk} lines={5}>{(chart) => <TimeChart t={chart.t} series={risks} label={t("tr.risk.time")} height={150} max={100} onBrush={brush} />}</Answer>
                </Panel>
              </div>
              <div className="split">
                <div className="col">
                  {data.profile.length > 0 && (
                    <Panel title={t("tr.profile")} sub={t("tr.profile.sub", { n: number(data.profile[0]?.peers?.n ?? 0) })} flush>
                      <Profile measures={data.profile} />
                    </Panel>
                  )}
                  <Panel title={t("tr.activity")} flush>
                    <div className="evidence">
                      <Tabs
                        label={t("tr.activity")}
                        value={tab}
                        onChange={(key) => setTab(key, { replace: true })}
                        tabs={[
                          { key: "sequence", title: t("tr.sequence") },
                          { key: "events", title: t("tr.requests"), count: events.total },
                          { key: "sessions", title: t("tr.sessions"), count: sessions.data?.sessions.length },
                          { key: "alerts", title: t("tr.alerts"), count: data.alerts_total },
                          { key: "incidents", title: t("tr.incidents"), count: data.incidents.length },
                        ]}
                      >
                        {tab === "events" ? <EventList events={events} />
                          : tab === "sessions" ? <Answer query={sessions}>{(found) => (found.sessions.length > 0 ? <Sessions sessions={found.sessions} /> : <Empty title={t("tr.sessions.none")} />)}</Answer>
                          : tab === "alerts" ? <AlertList alerts={data.alerts} total={data.alerts_total} />
                          : tab === "incidents" ? <IncidentList incidents={data.incidents} />
                          : <Sequence events={events.rows} loading={events.isLoading} />}
                      </Tabs>
                    </div>
                  </Panel>
                </div>
                <div className="col">
                  <Panel title={t("tr.week")} sub={t("tr.week.sub")}>
                    <Answer query={week} lines={5}>{(found) => <HeatMap values={found.counts} label={t("tr.week")} />}</Answer>
                  </Panel>
                  <ResponsePanel targets={[{ kind: kind as EntityKind, id: data.id }]} filter={{ field: "value", op: "eq", value: data.id }} suggested={kind === "client" || kind === "network" ? "rate_limit" : "step_up"} />
                  <Panel title={t("tr.links")} sub={t("tr.links.sub")}>
                    <Answer query={links}>{(found) => <Linked links={found.links} />}</Answer>
                  </Panel>
                </div>
              </div>
            </div>
          )}
        </Answer>
      </div>
    </FilterScope>
  );
}
