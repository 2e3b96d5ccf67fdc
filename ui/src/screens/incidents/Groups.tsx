import { useMemo, useState } from "react";
import type { Incident } from "../../api/types.ts";
import { Button } from "../../components/Button.tsx";
import { type Column, DataGrid } from "../../components/DataGrid.tsx";
import { EndpointName } from "../../components/EndpointName.tsx";
import { words } from "../../components/format.ts";
import { Icon } from "../../components/Icon.tsx";
import { Severity } from "../../components/Severity.tsx";
import { Time } from "../../components/Time.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { t } from "../../i18n/index.ts";

/** What incidents can be put together by. */
export const GROUPS = ["attack_type", "entity", "endpoint", "status"] as const;
export type GroupBy = (typeof GROUPS)[number];

export interface Group {
  key: string;
  rows: Incident[];
  risk: number;
  last: string | null;
}

/** What an incident stands under: its leading type, entity or endpoint. */
function keyOf(row: Incident, by: GroupBy): string {
  if (by === "attack_type") return row.attack_types[0] ?? "";
  if (by === "entity") return row.entities[0]?.id ?? "";
  return by === "endpoint" ? (row.endpoints[0] ?? "") : row.status;
}

/** Incidents by what they have in common, the worst group first; in each the order of the list. */
export function grouped(rows: readonly Incident[], by: GroupBy): Group[] {
  const found = new Map<string, Group>();
  for (const row of rows) {
    const key = keyOf(row, by);
    const group = found.get(key) ?? { key, rows: [], risk: 0, last: null };
    group.rows.push(row);
    group.risk = Math.max(group.risk, row.risk);
    if ((row.last_ts ?? "") > (group.last ?? "")) group.last = row.last_ts;
    found.set(key, group);
  }
  return [...found.values()].toSorted((a, b) => b.risk - a.risk || b.rows.length - a.rows.length || (a.key < b.key ? -1 : 1));
}

function Name({ by, id }: { by: GroupBy; id: string }) {
  if (id === "") return <span className="muted">{t("c.none")}</span>;
  if (by === "endpoint") return <EndpointName id={id} />;
  return by === "entity" ? <Untrusted text={id} most={80} /> : <>{words(id)}</>;
}

/** The list in folded groups; each has the list of its own incidents. */
export function Groups({ rows, total, by, columns, onOpen, href, loadMore, onRowKey }: {
  rows: readonly Incident[]; total: number; by: GroupBy; columns: Column<Incident>[];
  onOpen: (row: Incident) => void; href: (row: Incident) => string; loadMore: (() => void) | undefined;
  onRowKey: (key: string, row: Incident) => boolean;
}) {
  const groups = useMemo(() => grouped(rows, by), [rows, by]);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (key: string, isOpen: boolean) => {
    const next = new Set(open);
    if (isOpen) next.add(key);
    else next.delete(key);
    setOpen(next);
  };
  return (
    <div className="panel groups">
      {groups.map((group) => (
        <details key={group.key} open={open.has(group.key)} onToggle={(event) => toggle(group.key, event.currentTarget.open)}>
          <summary>
            <Icon name="right" />
            <Severity risk={group.risk} />
            <span className="strong grow ellipsis"><Name by={by} id={group.key} /></span>
            <span className="num">{t("tr.group.count", { n: group.rows.length })}</span>
            <span className="muted small group-last"><Time ts={group.last} mode="relative" /></span>
          </summary>
          {open.has(group.key) && (
            <DataGrid label={t("tr.incidents")} columns={columns} rows={group.rows} rowKey={(row) => row.id} rowHeight={54} href={href} onOpen={onOpen} onRowKey={onRowKey} maxHeight={400} />
          )}
        </details>
      ))}
      {loadMore && (
        <p className="groups-more muted small">
          {t("tr.group.loaded", { shown: rows.length, total })} <Button small onClick={loadMore}>{t("tr.group.more")}</Button>
        </p>
      )}
    </div>
  );
}
