import { useMemo } from "react";
import type { EventRow } from "../../api/types.ts";
import { clock, span } from "../../components/format.ts";
import { severityClass } from "../../components/Severity.tsx";
import { Empty, Loading } from "../../components/States.tsx";
import { Value } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import { StatusCode } from "../triage/eventColumns.tsx";

/** A pause after which a visit is a new one. */
const PAUSE_MS = 5 * 60_000;
const MOST = 60;

export interface Visit {
  endpoint: string;
  count: number;
  first: number;
  last: number;
  status: number | null;
  severity: string | null;
  risk: number;
  /** How long nothing was asked before; 0 when the visit goes on. */
  pause: number;
}

/** Requests in order of time; those that call the same endpoint one after the other are one visit. */
export function visitsOf(events: readonly EventRow[]): Visit[] {
  const out: Visit[] = [];
  for (const event of events.toSorted((a, b) => Date.parse(a.ts ?? "") - Date.parse(b.ts ?? "") || a.seq - b.seq)) {
    const at = Date.parse(event.ts ?? "");
    const endpoint = event.endpoint ?? `${event.method ?? ""} ${event.path ?? ""}`;
    const last = out.at(-1);
    const pause = last ? at - last.last : 0;
    if (last && last.endpoint === endpoint && last.status === event.status && pause < PAUSE_MS) {
      last.count += 1;
      last.last = at;
      if ((event.risk ?? 0) > last.risk) Object.assign(last, { risk: event.risk ?? 0, severity: event.severity });
    } else {
      out.push({ endpoint, count: 1, first: at, last: at, status: event.status, severity: event.severity, risk: event.risk ?? 0, pause: pause >= PAUSE_MS ? pause : 0 });
    }
  }
  return out;
}

/** What was called one after the other, the newest at the end. */
export function Sequence({ events, loading }: { events: readonly EventRow[]; loading: boolean }) {
  const visits = useMemo(() => visitsOf(events).slice(-MOST), [events]);
  if (loading) return <Loading />;
  if (visits.length === 0) return <Empty title={t("tr.sequence.none")} />;
  return (
    <div className="sequence-box" role="region" tabIndex={0} aria-label={t("tr.sequence")}>
      <ol className="sequence">
        {visits.map((visit, at) => (
          <li key={at} className={severityClass(visit.severity)}>
            {visit.pause > 0 && <span className="sequence-pause">{t("tr.pause", { span: span(visit.pause) })}</span>}
            <span className="sequence-step">
              <span className="num muted small">{clock(visit.first)}</span>
              <span className="sequence-dot" aria-hidden="true" />
              <span className="ellipsis grow"><Value kind="endpoint" value={visit.endpoint} most={120} mono /></span>
              {visit.count > 1 && <span className="num strong">×{visit.count}</span>}
              <StatusCode status={visit.status} />
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}
