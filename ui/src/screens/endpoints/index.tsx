import { useLocation } from "wouter";
import { useEndpoints, useFacets } from "../../api/queries.ts";
import type { EndpointRow } from "../../api/types.ts";
import { type Column, DataGrid } from "../../components/DataGrid.tsx";
import { FacetList } from "../../components/FacetList.tsx";
import { FilterBar } from "../../components/FilterBar.tsx";
import { bytes, compact, millis, number, percent } from "../../components/format.ts";
import { PageHead } from "../../components/Panel.tsx";
import { Severity } from "../../components/Severity.tsx";
import { Empty, ErrorState, Loading } from "../../components/States.tsx";
import { Time } from "../../components/Time.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { visibleText } from "../../components/visible.ts";
import { entityPath, FilterScope, pageHref, Value } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import { FIELDS } from "../../state/filters.ts";
import { hrefWith, useUrl } from "../../state/url.ts";
import { ExportMenu } from "../triage/ExportMenu.tsx";
import { Facets } from "../triage/Facets.tsx";
import { SavedViews } from "../triage/SavedViews.tsx";
import { Method, Share } from "./Method.tsx";
import "./endpoints.css";

const FACETS = ["severity", "method", "host"] as const;
const SCOPE = FIELDS.endpoints.map((each) => each.name);

const COLUMNS: Column<EndpointRow>[] = [
  { key: "method", title: t("tr.method"), width: 78, render: (row) => <Method method={row.method} /> },
  {
    key: "endpoint",
    title: t("tr.route"),
    width: "minmax(220px, 2fr)",
    sortable: true,
    render: (row) => (
      <span className="two-lines">
        <span className="mono strong" title={visibleText(row.route ?? row.endpoint, 300)}><Untrusted text={row.route ?? row.endpoint} most={140} /></span>
        <span className="muted small"><Value field="host" value={row.host} most={80} /></span>
      </span>
    ),
  },
  { key: "risk", title: t("tr.risk"), width: 122, sortable: true, render: (row) => <Severity severity={row.severity} risk={row.risk} /> },
  { key: "requests", title: t("tr.requests"), width: 88, align: "end", sortable: true, render: (row) => <span title={number(row.requests)}>{compact(row.requests)}</span> },
  { key: "clients", title: t("tr.clients"), width: 76, align: "end", sortable: true, render: (row) => compact(row.clients) },
  { key: "errors_4xx", title: "4xx", width: 68, align: "end", sortable: true, render: (row) => <Share value={row.errors_4xx} warn={0.25} bad={0.5} text={percent(row.errors_4xx)} /> },
  { key: "errors_5xx", title: "5xx", width: 68, align: "end", sortable: true, render: (row) => <Share value={row.errors_5xx} warn={0.01} bad={0.05} text={percent(row.errors_5xx)} /> },
  { key: "p95_ms", title: "p95", width: 74, align: "end", sortable: true, render: (row) => millis(row.p95_ms) },
  { key: "bytes_out", title: t("tr.sent"), width: 80, align: "end", sortable: true, render: (row) => bytes(row.bytes_out) },
  { key: "last_ts", title: t("tr.last"), width: 94, sortable: true, render: (row) => <Time ts={row.last_ts} mode="relative" /> },
];

/** What is called: every endpoint with its traffic, failures, times and risk. */
export default function Endpoints() {
  const url = useUrl();
  const [, navigate] = useLocation();
  const sort = url.sort ?? "-requests";
  const found = useEndpoints({ sort });
  const facets = useFacets([...FACETS], { of: "endpoints", limit: 12 });
  const pathOf = (row: EndpointRow) => hrefWith(entityPath("endpoint", row.endpoint), { range: url.range });
  return (
    <FilterScope fields={SCOPE}>
      <div className="screen">
        <PageHead
          title={t("tr.endpoints")}
          sub={found.isLoading ? " " : t("tr.endpoints.sub", { n: found.total })}
          actions={
            <>
              <SavedViews screen="endpoints" />
              <ExportMenu of="endpoints" query={found.query} />
            </>
          }
        />
        <FilterBar fields={FIELDS.endpoints} facets={facets.data} unused={found.unused} />
        <div className="with-facets">
          <Facets label={t("tr.facets")}>
            {FACETS.map((field) => <FacetList key={field} field={field} values={facets.data?.[field] ?? []} />)}
          </Facets>
          {found.error && found.rows.length === 0 ? (
            <ErrorState error={found.error} onRetry={found.refetch} />
          ) : found.isLoading ? (
            <div className="panel"><Loading lines={10} /></div>
          ) : found.rows.length === 0 ? (
            <div className="panel"><Empty title={t("tr.endpoints.none")}><p>{t("tr.endpoints.nonehint")}</p></Empty></div>
          ) : (
            <DataGrid
              label={t("tr.endpoints")}
              columns={COLUMNS}
              rows={found.rows}
              total={found.total}
              rowKey={keyOf}
              rowHeight={52}
              href={(row) => pageHref(pathOf(row))}
              onOpen={(row) => navigate(pathOf(row))}
              sort={sort}
              onSort={(next) => url.set({ sort: next })}
              loadMore={found.hasMore ? found.loadMore : undefined}
            />
          )}
        </div>
      </div>
    </FilterScope>
  );
}

const keyOf = (row: EndpointRow) => row.endpoint;
