import { useLocation } from "wouter";
import { useFacets, useList } from "../../api/queries.ts";
import type { EntityKind, EntityRow } from "../../api/types.ts";
import { Chip } from "../../components/Chip.tsx";
import { type Column, DataGrid } from "../../components/DataGrid.tsx";
import { FacetList } from "../../components/FacetList.tsx";
import { FilterBar } from "../../components/FilterBar.tsx";
import { number, words } from "../../components/format.ts";
import { PageHead } from "../../components/Panel.tsx";
import { Severity } from "../../components/Severity.tsx";
import { Empty, ErrorState, Loading } from "../../components/States.tsx";
import { Tabs } from "../../components/Tabs.tsx";
import { Time } from "../../components/Time.tsx";
import { entityPath, FilterScope, pageHref, Value } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import { FIELDS } from "../../state/filters.ts";
import { hrefWith, useUrl, useUrlValue } from "../../state/url.ts";
import { ExportMenu } from "../triage/ExportMenu.tsx";
import { Facets } from "../triage/Facets.tsx";
import { SavedViews } from "../triage/SavedViews.tsx";

const KINDS = ["client", "user", "session", "credential", "network"] as const satisfies readonly EntityKind[];
const FACETS = ["severity", "attack_types", "agent_kind"] as const;
const SHOWN_FIELDS = FIELDS.entities.filter((each) => each.name !== "kind");
const SCOPE = SHOWN_FIELDS.map((each) => each.name);

const COLUMNS: Column<EntityRow>[] = [
  { key: "risk", title: t("tr.risk"), width: 122, sortable: true, render: (row) => <Severity severity={row.severity} risk={row.risk} /> },
  { key: "id", title: t("tr.entity"), width: "minmax(190px, 1.6fr)", sortable: true, render: (row) => <Value value={row.id} kind={row.kind} most={100} mono={row.kind !== "user"} /> },
  { key: "state", title: t("tr.state"), width: 98, render: (row) => <StateChip row={row} /> },
  { key: "attack_types", title: t("tr.suspected"), width: "minmax(160px, 2fr)", render: (row) => (row.attack_types.length > 0 ? row.attack_types.map(words).join(", ") : <span className="muted">–</span>) },
  { key: "agent_kind", title: t("tr.agent"), width: 92, render: (row) => (row.agent_kind ? <Value field="agent_kind" value={row.agent_kind} shown={words(row.agent_kind)} /> : <span className="muted">–</span>) },
  { key: "requests", title: t("tr.requests"), width: 88, align: "end", sortable: true, render: (row) => number(row.requests) },
  { key: "first_alert_request", title: t("tr.alertat"), width: 96, align: "end", sortable: true, render: (row) => (row.first_alert_request === null ? <span className="muted">–</span> : <span title={t("tr.nth", { n: row.first_alert_request })}>#{number(row.first_alert_request)}</span>) },
  { key: "last_ts", title: t("tr.last"), width: 96, sortable: true, render: (row) => <Time ts={row.last_ts} mode="relative" /> },
];

/** Flagged means that an alert was raised, suspicious that little was missing. */
export function StateChip({ row }: { row: Pick<EntityRow, "risk" | "first_alert_request"> }) {
  if (row.first_alert_request !== null) return <Chip tone="bad">{t("tr.state.flagged")}</Chip>;
  if (row.risk >= 40) return <Chip tone="warn">{t("tr.state.suspicious")}</Chip>;
  return <span className="muted">{t("tr.state.calm")}</span>;
}

/** Who acts, the riskiest first. */
export default function Entities() {
  const url = useUrl();
  const [, navigate] = useLocation();
  const [wanted, setKind] = useUrlValue("kind", "client");
  const kind = KINDS.find((each) => each === wanted) ?? "client";
  const sort = url.sort ?? "-risk";
  const found = useList<EntityRow>("entities", "entities", { sort }, { kind });
  const facets = useFacets([...FACETS], { of: "entities", kind, limit: 12 });
  const pathOf = (row: EntityRow) => hrefWith(entityPath(row.kind, row.id), { range: url.range });
  return (
    <FilterScope fields={SCOPE}>
      <div className="screen">
        <PageHead
          title={t("tr.entities")}
          sub={found.isLoading ? " " : t("tr.entities.sub", { n: found.total, kind: t(`tr.kinds.${kind}`).toLowerCase() })}
          actions={
            <>
              <SavedViews screen="entities" />
              <ExportMenu of="entities" query={found.query} />
            </>
          }
        />
        <Tabs label={t("tr.kind")} value={kind} onChange={setKind} tabs={KINDS.map((each) => ({ key: each, title: t(`tr.kinds.${each}`) }))}>
          <div className="col">
            <FilterBar fields={SHOWN_FIELDS} facets={facets.data} unused={found.unused} />
            <div className="with-facets">
              <Facets label={t("tr.facets")}>
                {FACETS.map((field) => <FacetList key={field} field={field} values={facets.data?.[field] ?? []} />)}
              </Facets>
              {found.error && found.rows.length === 0 ? (
                <ErrorState error={found.error} onRetry={found.refetch} />
              ) : found.isLoading ? (
                <div className="panel"><Loading lines={10} /></div>
              ) : found.rows.length === 0 ? (
                <div className="panel"><Empty title={t("tr.entities.none")}><p>{t("tr.entities.nonehint")}</p></Empty></div>
              ) : (
                <DataGrid
                  label={t(`tr.kinds.${kind}`)}
                  columns={COLUMNS}
                  rows={found.rows}
                  total={found.total}
                  rowKey={keyOf}
                  href={(row) => pageHref(pathOf(row))}
                  onOpen={(row) => navigate(pathOf(row))}
                  sort={sort}
                  onSort={(next) => url.set({ sort: next })}
                  loadMore={found.hasMore ? found.loadMore : undefined}
                />
              )}
            </div>
          </div>
        </Tabs>
      </div>
    </FilterScope>
  );
}

const keyOf = (row: EntityRow) => row.id;
