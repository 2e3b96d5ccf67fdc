import { useMemo, useState } from "react";
import { useLocation } from "wouter";
import { useFacets, useIncidents } from "../../api/queries.ts";
import type { Incident } from "../../api/types.ts";
import { StatusBadge, Succeeded, Who } from "../../components/Badges.tsx";
import { Button } from "../../components/Button.tsx";
import { type Column, DataGrid } from "../../components/DataGrid.tsx";
import { FacetList } from "../../components/FacetList.tsx";
import { FilterBar } from "../../components/FilterBar.tsx";
import { number, words } from "../../components/format.ts";
import { PageHead } from "../../components/Panel.tsx";
import { Severity } from "../../components/Severity.tsx";
import { Empty, ErrorState, Loading } from "../../components/States.tsx";
import { Time } from "../../components/Time.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { FilterScope, pageHref, Value } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import { FIELDS } from "../../state/filters.ts";
import { hrefWith, useUrl, useUrlValue } from "../../state/url.ts";
import { ExportMenu } from "../triage/ExportMenu.tsx";
import { Facets } from "../triage/Facets.tsx";
import { SavedViews } from "../triage/SavedViews.tsx";
import { useTriage } from "../triage/useTriage.ts";
import { BulkBar } from "./BulkBar.tsx";
import { GROUPS, Groups } from "./Groups.tsx";
import { IncidentDrawer } from "./IncidentDrawer.tsx";
import { Lanes } from "./Lanes.tsx";
import { SeverityCounts } from "./SeverityCounts.tsx";
import "./incidents.css";

const FACETS = ["status", "attack_types", "endpoints", "succeeded", "verdict", "assignee"] as const;
/** Incidents that are read at once to be put into groups: as many as the service gives. */
const GROUPED = 500;
const SCOPE = FIELDS.incidents.map((each) => each.name);

const COLUMNS: Column<Incident>[] = [
  { key: "risk", title: t("tr.risk"), width: 124, sortable: true, render: (row) => <Severity severity={row.severity} risk={row.risk} /> },
  {
    key: "reason",
    title: t("tr.what"),
    width: "minmax(270px, 3.4fr)",
    render: (row) => (
      <span className="two-lines">
        <span className="strong">{row.attack_types.slice(0, 3).map(words).join(", ")}{row.attack_types.length > 3 && <span className="muted"> +{row.attack_types.length - 3}</span>}</span>
        <span className="muted small"><Untrusted text={row.reason} most={320} /></span>
      </span>
    ),
  },
  {
    key: "entities",
    title: t("tr.whowhere"),
    width: "minmax(165px, 1.7fr)",
    render: (row) => (
      <span className="two-lines">
        <Who entities={row.entities} total={row.entities_total} />
        <span className="row nowrap-row muted small">
          <Value field="endpoints" value={row.endpoints[0]} kind="endpoint" most={90} />
          {row.endpoints.length > 1 && <span>+{row.endpoints.length - 1}</span>}
        </span>
      </span>
    ),
  },
  { key: "succeeded", title: t("tr.succeeded"), width: 94, render: (row) => <Succeeded value={row.succeeded} /> },
  { key: "requests", title: t("tr.requests"), width: 82, align: "end", sortable: true, render: (row) => number(row.requests) },
  { key: "last_ts", title: t("tr.last"), width: 94, sortable: true, render: (row) => <Time ts={row.last_ts} mode="relative" /> },
  {
    key: "status",
    title: t("tr.status"),
    width: 112,
    render: (row) => (
      <span className="two-lines">
        <span><StatusBadge status={row.status} /></span>
        {row.verdict ? <span className="small muted">{t(`tr.verdict.${row.verdict}`)}</span> : row.assignee ? <span className="muted small"><Untrusted text={row.assignee} most={24} /></span> : null}
      </span>
    ),
  },
];

/** All incidents: what is going on, who, where, whether it works, and what became of it. */
export default function Incidents() {
  const url = useUrl();
  const [, navigate] = useLocation();
  const [shown, setShown] = useUrlValue("sel");
  const [by, setBy] = useUrlValue("group");
  const group = GROUPS.find((each) => each === by);
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const found = useIncidents({ sort: url.sort ?? "-risk", ...(group ? { limit: GROUPED } : {}) });
  const facets = useFacets([...FACETS], { of: "incidents", limit: 12 });
  const triage = useTriage();
  const chosen = useMemo(() => found.rows.filter((row) => selected.has(row.id)), [found.rows, selected]);
  const pathOf = (row: Incident) => hrefWith(`/incidents/${row.id}`, { range: url.range });

  const onRowKey = (key: string, row: Incident): boolean => {
    const rows = chosen.length > 0 ? chosen : [row];
    if (key === "a") triage.change(rows, { status: "acknowledged" });
    else if (key === "r") triage.change(rows, { status: "resolved" });
    else if (key === "f") triage.change(rows, { verdict: "false_positive" });
    else return false;
    return true;
  };

  return (
    <FilterScope fields={SCOPE}>
      <div className="screen">
        <PageHead
          title={t("tr.incidents")}
          sub={found.isLoading ? " " : t("tr.incidents.sub", { n: found.total })}
          actions={
            <>
              <SavedViews screen="incidents" />
              <ExportMenu of="incidents" query={found.query} />
            </>
          }
        />
        <SeverityCounts />
        <div className="row filter-row">
          <FilterBar fields={FIELDS.incidents} facets={facets.data} unused={found.unused} />
          <label className="row nowrap-row small nowrap">
            {t("tr.group")}
            <select className="input" value={by} onChange={(event) => setBy(event.target.value === "" ? null : event.target.value)}>
              <option value="">{t("tr.group.none")}</option>
              {GROUPS.map((each) => <option key={each} value={each}>{t(`tr.group.${each}`)}</option>)}
            </select>
          </label>
        </div>
        <Lanes />
        <div className="with-facets">
          <Facets label={t("tr.facets")}>
            {FACETS.map((field) => <FacetList key={field} field={field} title={t(`tr.facet.${field}`)} values={facets.data?.[field] ?? []} />)}
          </Facets>
          <div className="col-s">
            {chosen.length > 0 && <BulkBar rows={chosen} onDone={() => setSelected(new Set())} />}
            {found.error && found.rows.length === 0 ? (
              <ErrorState error={found.error} onRetry={found.refetch} />
            ) : found.isLoading ? (
              <div className="panel"><Loading lines={10} /></div>
            ) : found.rows.length === 0 ? (
              <div className="panel"><None /></div>
            ) : group ? (
              <Groups
                rows={found.rows}
                total={found.total}
                by={group}
                columns={COLUMNS}
                href={(row) => pageHref(pathOf(row))}
                onOpen={(row) => setShown(row.id)}
                loadMore={found.hasMore ? found.loadMore : undefined}
                onRowKey={onRowKey}
              />
            ) : (
                <DataGrid
                  label={t("tr.incidents")}
                  columns={COLUMNS}
                  rows={found.rows}
                  total={found.total}
                  rowKey={keyOf}
                  rowHeight={54}
                  href={(row) => pageHref(pathOf(row))}
                  onOpen={(row) => setShown(row.id)}
                  selected={selected}
                  onSelect={setSelected}
                  sort={url.sort ?? "-risk"}
                  onSort={(sort) => url.set({ sort })}
                  loadMore={found.hasMore ? found.loadMore : undefined}
                  onRowKey={onRowKey}
                />
            )}
          </div>
        </div>
        {shown && <IncidentDrawer key={shown} id={shown} onClose={() => setShown(null)} onOpen={(id) => navigate(hrefWith(`/incidents/${id}`, { range: url.range }))} />}
      </div>
    </FilterScope>
  );
}

const keyOf = (row: Incident) => row.id;

/** Nothing to show: because of the filter, because of the period, or because all is calm. */
function None() {
  const url = useUrl();
  const last = url.filters.at(-1);
  if (last) {
    return (
      <Empty title={t("tr.none.filtered")} icon="filter">
        <div className="row">
          <Button onClick={() => url.removeFilter(last)}>{t("tr.none.droplast")}</Button>
          <Button look="quiet" onClick={() => url.set({ filters: [] })}>{t("c.clearfilters")}</Button>
        </div>
      </Empty>
    );
  }
  return (
    <Empty title={t("tr.none.calm")} icon="check">
      <p>{t("tr.none.calmhint")}</p>
      <Button onClick={() => url.set({ range: { from: "now-7d", to: "now" } })}>{t("c.last", { span: "7 d" })}</Button>
    </Empty>
  );
}
