import type { Alert } from "../../api/types.ts";
import type { Column } from "../../components/DataGrid.tsx";
import { words } from "../../components/format.ts";
import { Marked } from "../../components/Payload.tsx";
import { Severity } from "../../components/Severity.tsx";
import { Time } from "../../components/Time.tsx";
import { Value } from "../../components/Value.tsx";
import { clip } from "../../components/visible.ts";
import { t } from "../../i18n/index.ts";

/** Characters of a reason in a row; the drawer has all of it. */
const MOST = 320;

/** The part of a request that a detector saw, when it saw one. */
export function matchOf(row: Alert): string | undefined {
  for (const piece of row.evidence ?? []) {
    for (const factor of piece.factors) if (typeof factor.actual === "string") return factor.actual;
  }
  return undefined;
}

/** What was seen, without who it was: that has a column of its own. */
export function saidOf(row: Pick<Alert, "reason" | "entity">): string {
  const who = `${row.entity?.id ?? ""} `;
  return who.length > 1 && row.reason.startsWith(who) ? row.reason.slice(who.length) : row.reason;
}

/** Columns of detections, for reading while they come. */
export const ALERT_COLUMNS: Column<Alert>[] = [
  { key: "risk", title: t("al.risk"), width: 118, sortable: true, render: (row) => <Severity severity={row.severity} risk={row.risk} /> },
  { key: "ts", title: t("al.when"), width: 84, sortable: true, render: (row) => <Time ts={row.ts} /> },
  { key: "attack_type", title: t("al.type"), width: 148, render: (row) => <Value field="attack_type" value={row.attack_type} shown={words(row.attack_type)} /> },
  {
    key: "entity",
    title: t("al.who"),
    width: 164,
    render: (row) => (
      <Value field="entity" kind={row.entity?.kind ?? "client"} value={row.entity?.id} showKind={row.entity?.kind !== "client"} most={60} />
    ),
  },
  {
    key: "reason",
    title: t("al.reason"),
    width: "minmax(220px, 3fr)",
    render: (row) => (
      <bdi className="alert-reason"><Marked text={clip(saidOf(row), MOST).shown} match={matchOf(row)} /></bdi>
    ),
  },
  { key: "endpoint", title: t("al.endpoint"), width: "minmax(150px, 1.3fr)", render: (row) => <Value field="endpoint" kind="endpoint" value={row.endpoint} most={90} /> },
];
