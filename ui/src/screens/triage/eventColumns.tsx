import type { EventRow } from "../../api/types.ts";
import type { Column } from "../../components/DataGrid.tsx";
import { bytes, millis, words } from "../../components/format.ts";
import { Severity } from "../../components/Severity.tsx";
import { Time } from "../../components/Time.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { Value } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import "./triage.css";

/** Status of an answer, coloured by its class. */
export function StatusCode({ status }: { status: number | null }) {
  if (status === null) return <span className="muted">–</span>;
  return <span className={`status-code status-${Math.floor(status / 100)}`}>{status}</span>;
}

/** Path and query of a request as one text. */
export function pathOf(row: Pick<EventRow, "path" | "query">): string {
  return `${row.path ?? ""}${row.query ? `?${row.query}` : ""}`;
}

/** Columns of requests that belong to one thing. */
export const EVENT_COLUMNS: Column<EventRow>[] = [
  { key: "ts", title: t("tr.when"), width: 168, render: (row) => <Time ts={row.ts} mode="absolute" ms={false} /> },
  { key: "risk", title: t("tr.risk"), width: 74, render: (row) => (row.risk === null ? "–" : <Severity severity={row.severity} risk={row.risk} wordless />) },
  { key: "client", title: t("tr.client"), width: 150, render: (row) => <Value field="client" kind="client" value={row.client} /> },
  {
    key: "path",
    title: t("tr.request"),
    width: "minmax(260px, 3fr)",
    render: (row) => <span className="mono"><span className="strong">{row.method ?? ""}</span> <Untrusted text={pathOf(row)} most={240} /></span>,
  },
  { key: "status", title: t("tr.answer"), width: 76, render: (row) => <StatusCode status={row.status} /> },
  { key: "response_bytes", title: t("tr.size"), width: 84, align: "end", render: (row) => bytes(row.response_bytes) },
  { key: "duration_us", title: t("tr.duration"), width: 84, align: "end", render: (row) => millis(row.duration_us === null ? null : row.duration_us / 1000) },
  { key: "reason", title: t("tr.what"), width: "minmax(180px, 2fr)", render: (row) => (row.attack_types?.length ? row.attack_types.map(words).join(", ") : row.reason ? <span className="muted"><Untrusted text={row.reason} most={160} /></span> : "") },
];
