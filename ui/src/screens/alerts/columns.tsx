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

/** Columns of detections, for reading while they come. */
export const ALERT_COLUMNS: Column<Alert>[] = [
  { key: "risk", title: t("al.risk"), width: 126, sortable: true, render: (row) => <Severity severity={row.severity} risk={row.risk} /> },
  { key: "ts", title: t("al.when"), width: 96, sortable: true, render: (row) => <Time ts={row.ts} /> },
  { key: "attack_type", title: t("al.type"), width: 168, render: (row) => <Value field="attack_type" value={row.attack_type} shown={words(row.attack_type)} /> },
  {
    key: "entity",
    title: t("al.who"),
    width: 190,
    render: (row) => (
      <Value field="entity" kind={row.entity?.kind ?? "client"} value={row.entity?.id} showKind={row.entity?.kind !== "client"} most={60} />
    ),
  },
  {
    key: "reason",
    title: t("al.reason"),
    width: "minmax(280px, 3fr)",
    render: (row) => (
      <bdi className="alert-reason"><Marked text={clip(row.reason, MOST).shown} match={matchOf(row)} /></bdi>
    ),
  },
  { key: "endpoint", title: t("al.endpoint"), width: "minmax(180px, 1.4fr)", render: (row) => <Value field="endpoint" kind="endpoint" value={row.endpoint} most={90} /> },
];
