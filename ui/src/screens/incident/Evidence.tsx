import { useMemo } from "react";
import type { useGraph, useIncidentAlerts, useTimeline } from "../../api/queries.ts";
import type { Alert, EventRow, Incident, Sample } from "../../api/types.ts";
import { Chip } from "../../components/Chip.tsx";
import { type Column, DataGrid } from "../../components/DataGrid.tsx";
import { words } from "../../components/format.ts";
import { Payload } from "../../components/Payload.tsx";
import { Severity } from "../../components/Severity.tsx";
import { Answer, Empty, ErrorState, Loading } from "../../components/States.tsx";
import { Tabs } from "../../components/Tabs.tsx";
import { Time } from "../../components/Time.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { Value } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import { useUrlValue } from "../../state/url.ts";
import { AlertDrawer } from "../triage/AlertDrawer.tsx";
import { EventDrawer } from "../triage/EventDrawer.tsx";
import { EVENT_COLUMNS } from "../triage/eventColumns.tsx";
import { payloadOf } from "../triage/payload.ts";
import type { Graph, Story } from "./shapes.ts";
import { EntityGraph } from "./EntityGraph.tsx";

const ALERT_COLUMNS: Column<Alert>[] = [
  { key: "risk", title: t("tr.risk"), width: 122, render: (row) => <Severity severity={row.severity} risk={row.risk} /> },
  { key: "ts", title: t("tr.when"), width: 160, render: (row) => <Time ts={row.ts} mode="absolute" /> },
  { key: "attack_type", title: t("tr.type"), width: 150, render: (row) => words(row.attack_type) },
  { key: "entity", title: t("tr.who"), width: "minmax(150px, 1fr)", render: (row) => <Value value={row.entity?.id} kind={row.entity?.kind ?? "client"} showKind={row.entity?.kind !== "client"} /> },
  { key: "reason", title: t("tr.what"), width: "minmax(260px, 3fr)", render: (row) => <Untrusted text={row.reason} most={240} /> },
  { key: "detectors", title: t("tr.detectors"), width: "minmax(120px, 1fr)", render: (row) => row.detectors.map(words).join(", ") },
];

/** The requests that show it, the alerts, all its requests, and who belongs together. */
export function Evidence({ incident, alerts, story, graph, brushed }: {
  incident: Incident;
  alerts: ReturnType<typeof useIncidentAlerts>;
  story: ReturnType<typeof useTimeline<Story>>;
  graph: ReturnType<typeof useGraph<Graph>>;
  brushed: Window;
}) {
  const [tab, setTab] = useUrlValue("tab", "samples");
  const [shown, setShown] = useUrlValue("sel");
  const stored = story.data?.events;
  const events = useMemo(() => (stored ?? []).filter((each) => isInside(brushed, each.ts)).toReversed(), [stored, brushed]);
  const close = () => setShown(null);
  return (
    <div className="evidence">
      <Tabs
        label={t("tr.evidence")}
        value={tab}
        onChange={(key) => setTab(key, { replace: true })}
        tabs={[
          { key: "samples", title: t("tr.samples"), count: incident.samples.length },
          { key: "alerts", title: t("tr.alerts"), count: alerts.total },
          { key: "events", title: t("tr.events"), count: story.data?.events_total },
          { key: "graph", title: t("tr.graph") },
        ]}
      >
        {tab === "alerts" ? (
          <Alerts alerts={alerts} brushed={brushed} onOpen={setShown} />
        ) : tab === "events" ? (
          <Answer query={story}>
            {(told) => (
              <>
                {(told.events_total ?? 0) > told.events.length && <p className="muted small evidence-note">{t("tr.events.worst", { n: told.events.length, total: told.events_total ?? 0 })}</p>}
                <DataGrid label={t("tr.events")} columns={EVENT_COLUMNS} rows={events} rowKey={seqOf} onOpen={(row) => setShown(`e${row.seq}`)} maxHeight={420} />
              </>
            )}
          </Answer>
        ) : tab === "graph" ? (
          <Answer query={graph}>{(found) => (found.nodes.length > 1 ? <EntityGraph graph={found} /> : <Empty />)}</Answer>
        ) : (
          <Samples samples={incident.samples} onOpen={(seq) => setShown(`e${seq}`)} />
        )}
      </Tabs>
      {shown?.startsWith("e") && <EventDrawer id={shown.slice(1)} onClose={close} />}
      {shown?.startsWith("a-") && <AlertDrawer id={shown} onClose={close} />}
    </div>
  );
}

type Window = { from: number; to: number } | null;

function isInside(brushed: Window, ts: string | null): boolean {
  const at = Date.parse(ts ?? "");
  return brushed === null || (at >= brushed.from && at <= brushed.to);
}

function Alerts({ alerts, brushed, onOpen }: { alerts: ReturnType<typeof useIncidentAlerts>; brushed: Window; onOpen: (id: string) => void }) {
  const listed = useMemo(() => alerts.rows.filter((each) => isInside(brushed, each.ts)), [alerts.rows, brushed]);
  if (alerts.error && alerts.rows.length === 0) return <ErrorState error={alerts.error} onRetry={alerts.refetch} />;
  if (alerts.isLoading) return <Loading />;
  return (
    <DataGrid
      label={t("tr.alerts")}
      columns={ALERT_COLUMNS}
      rows={listed}
      total={brushed ? listed.length : alerts.total}
      rowKey={idOf}
      onOpen={(row) => onOpen(row.id)}
      loadMore={alerts.hasMore ? alerts.loadMore : undefined}
      maxHeight={420}
    />
  );
}

const idOf = (row: Alert) => row.id;
const seqOf = (row: EventRow) => String(row.seq);

/** Requests that differ in nothing but their moment are shown once. */
export function alike(samples: readonly Sample[]): { sample: Sample; times: number }[] {
  const found = new Map<string, { sample: Sample; times: number }>();
  for (const sample of samples) {
    const key = JSON.stringify([sample.method, sample.url, sample.status, sample.match, sample.where, sample.client, sample.user_agent]);
    const known = found.get(key);
    if (known) known.times += 1;
    else found.set(key, { sample, times: 1 });
  }
  return [...found.values()];
}

function Samples({ samples, onOpen }: { samples: readonly Sample[]; onOpen: (seq: number) => void }) {
  if (samples.length === 0) return <Empty title={t("tr.samples.none")}><p>{t("tr.samples.nonehint")}</p></Empty>;
  return (
    <ol className="samples">
      {alike(samples).map(({ sample, times }) => (
        <li key={sample.seq}>
          <div className="sample-head">
            <span className="mono strong">{sample.method}</span>
            <span className="grow ellipsis mono" title={sample.url.slice(0, 300)}><Untrusted text={sample.url} most={200} /></span>
            {sample.status !== null && <span className={`status-code status-${Math.floor(sample.status / 100)}`}>{sample.status}</span>}
            {times > 1 && <Chip>{t("tr.samples.alike", { n: times })}</Chip>}
            <Time ts={sample.ts} mode="absolute" />
            <button type="button" className="btn btn-quiet btn-small" onClick={() => onOpen(sample.seq)}>{t("tr.details")}</button>
          </div>
          {sample.match !== "" && <Payload {...payloadOf(sample)} />}
          <p className="muted small">
            <Value kind="client" value={sample.client} />
            {sample.user_agent !== "" && <> · <Untrusted text={sample.user_agent} most={140} /></>}
          </p>
        </li>
      ))}
    </ol>
  );
}
