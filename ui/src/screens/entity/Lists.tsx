import { useState } from "react";
import { useLocation } from "wouter";
import type { useEvents } from "../../api/queries.ts";
import type { Alert, EventRow, Incident } from "../../api/types.ts";
import { StatusBadge, Succeeded, VerdictBadge } from "../../components/Badges.tsx";
import { type Column, DataGrid } from "../../components/DataGrid.tsx";
import { words } from "../../components/format.ts";
import { Severity } from "../../components/Severity.tsx";
import { Empty, ErrorState, Loading } from "../../components/States.tsx";
import { Time } from "../../components/Time.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { Value } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import { hrefWith, useUrl } from "../../state/url.ts";
import { AlertDrawer } from "../triage/AlertDrawer.tsx";
import { EventDrawer } from "../triage/EventDrawer.tsx";
import { EVENT_COLUMNS } from "../triage/eventColumns.tsx";

const HEIGHT = 460;

/** Requests of one thing, newest first, each with its details. */
export function EventList({ events }: { events: ReturnType<typeof useEvents> }) {
  const [shown, setShown] = useState<number | null>(null);
  if (events.error && events.rows.length === 0) return <ErrorState error={events.error} onRetry={events.refetch} />;
  if (events.isLoading) return <Loading />;
  if (events.rows.length === 0) return <Empty title={t("tr.sequence.none")} />;
  return (
    <>
      <DataGrid label={t("tr.requests")} columns={EVENT_COLUMNS} rows={events.rows} total={events.total} rowKey={seqOf} onOpen={(row) => setShown(row.seq)} loadMore={events.hasMore ? events.loadMore : undefined} maxHeight={HEIGHT} />
      {shown !== null && <EventDrawer key={shown} id={String(shown)} onClose={() => setShown(null)} />}
    </>
  );
}

const seqOf = (row: EventRow) => String(row.seq);
const idOf = (row: { id: string }) => row.id;

const ALERT_COLUMNS: Column<Alert>[] = [
  { key: "risk", title: t("tr.risk"), width: 122, render: (row) => <Severity severity={row.severity} risk={row.risk} /> },
  { key: "ts", title: t("tr.when"), width: 160, render: (row) => <Time ts={row.ts} mode="absolute" /> },
  { key: "attack_type", title: t("tr.type"), width: 150, render: (row) => words(row.attack_type) },
  { key: "entity", title: t("tr.who"), width: "minmax(150px, 1fr)", render: (row) => <Value value={row.entity?.id} kind={row.entity?.kind ?? "client"} showKind={row.entity?.kind !== "client"} /> },
  { key: "reason", title: t("tr.what"), width: "minmax(240px, 3fr)", render: (row) => <Untrusted text={row.reason} most={240} /> },
];

/** The newest alerts of one thing. */
export function AlertList({ alerts, total }: { alerts: readonly Alert[]; total: number }) {
  const [shown, setShown] = useState<string | null>(null);
  if (alerts.length === 0) return <Empty title={t("tr.alerts.none")} icon="check" />;
  return (
    <>
      <DataGrid label={t("tr.alerts")} columns={ALERT_COLUMNS} rows={alerts} total={total} rowKey={idOf} onOpen={(row) => setShown(row.id)} maxHeight={HEIGHT} />
      {shown !== null && <AlertDrawer key={shown} id={shown} withIncident onClose={() => setShown(null)} />}
    </>
  );
}

const INCIDENT_COLUMNS: Column<Incident>[] = [
  { key: "risk", title: t("tr.risk"), width: 122, render: (row) => <Severity severity={row.severity} risk={row.risk} /> },
  {
    key: "reason",
    title: t("tr.what"),
    width: "minmax(300px, 3fr)",
    render: (row) => (
      <span className="two-lines">
        <span className="strong">{row.attack_types.slice(0, 3).map(words).join(", ")}</span>
        <span className="muted small"><Untrusted text={row.reason} most={240} /></span>
      </span>
    ),
  },
  { key: "succeeded", title: t("tr.succeeded"), width: 96, render: (row) => <Succeeded value={row.succeeded} /> },
  { key: "last_ts", title: t("tr.last"), width: 104, render: (row) => <Time ts={row.last_ts} mode="relative" /> },
  { key: "status", title: t("tr.status"), width: 220, render: (row) => <span className="row nowrap-row"><StatusBadge status={row.status} /><VerdictBadge verdict={row.verdict} /></span> },
];

/** The newest incidents of one thing. */
export function IncidentList({ incidents }: { incidents: readonly Incident[] }) {
  const [, navigate] = useLocation();
  const { range } = useUrl();
  if (incidents.length === 0) return <Empty title={t("tr.incidents.none")} icon="check" />;
  return <DataGrid label={t("tr.incidents")} columns={INCIDENT_COLUMNS} rows={incidents} rowKey={idOf} rowHeight={54} onOpen={(row) => navigate(hrefWith(`/incidents/${row.id}`, { range }))} maxHeight={HEIGHT} />;
}
