import { memo, useMemo } from "react";
import { useAlerts, useFacets, useTimeseries } from "../../api/queries.ts";
import type { Alert, FacetValue } from "../../api/types.ts";
import { Button } from "../../components/Button.tsx";
import { DataGrid } from "../../components/DataGrid.tsx";
import { FacetList } from "../../components/FacetList.tsx";
import { FilterBar } from "../../components/FilterBar.tsx";
import { PageHead, Panel } from "../../components/Panel.tsx";
import { Answer, Empty, ErrorState, Loading } from "../../components/States.tsx";
import { TimeChart } from "../../components/TimeChart.tsx";
import { FilterScope } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import { applied, FIELDS, filterText } from "../../state/filters.ts";
import { useLive } from "../../state/live.ts";
import { isRelative, rangeOf, spanOf } from "../../state/range.ts";
import { useUrl, useUrlValue } from "../../state/url.ts";
import { AlertDrawer } from "../triage/AlertDrawer.tsx";
import { ExportMenu } from "../triage/ExportMenu.tsx";
import { Facets } from "../triage/Facets.tsx";
import { SavedViews } from "../triage/SavedViews.tsx";
import { severitySeries } from "../triage/series.ts";
import { ALERT_COLUMNS } from "./columns.tsx";
import { merged } from "./merged.ts";
import "./alerts.css";

const FACETS = ["severity", "attack_type", "entity_kind", "detectors", "entity", "endpoint"] as const;
const SCOPE = FIELDS.alerts.map((each) => each.name);
/** Pause between two readings while the stream tells what is new. */
const QUIET_MS = 30_000;

/** Detections as they come, before they are put together into incidents. */
export default function Alerts() {
  const url = useUrl();
  const [shown, setShown] = useUrlValue("sel");
  const { used } = applied("alerts", url.filters);
  const ofIncident = used.some((each) => each.field === "incident");
  const isNewestFirst = url.sort === null || url.sort === "-ts";
  const isLive = isRelative(url.range) && isNewestFirst && !ofIncident;
  const live = useLive<Alert>(isLive ? "alerts" : null, used.map(filterText));
  const found = useAlerts({ follow: isLive && live.state === "live" ? QUIET_MS : 5_000 });
  const facets = useFacets([...FACETS], { of: "alerts", limit: 10 });
  const rows = useMemo(
    () => (isLive ? merged(found.rows, live.items, spanOf(url.range, Date.now()).from) : found.rows),
    [isLive, found.rows, live.items, url.range],
  );
  const total = found.total + rows.length - found.rows.length;
  return (
    <FilterScope fields={SCOPE}>
      <div className="screen">
        <PageHead
          title={t("al.title")}
          sub={found.isLoading ? " " : <>{t("al.sub", { n: total })}{isLive && live.state === "live" && !live.paused && ` · ${t("al.live")}`}</>}
          actions={
            <>
              <SavedViews screen="alerts" />
              <ExportMenu of="alerts" query={found.query} />
            </>
          }
        />
        <FilterBar fields={FIELDS.alerts} facets={facets.data} unused={found.unused} />
        <BySeverity />
        <div className="with-facets">
          <SideBar facets={facets.data} />
          <div className="col-s">
            {live.paused && live.pending > 0 && (
              <div className="notice" role="status">
                <span className="grow">{t("al.pending", { n: live.pending })}</span>
                <Button small look="primary" icon="play" onClick={live.resume}>{t("al.pending.show")}</Button>
              </div>
            )}
            {!live.paused && live.left > 0 && (
              <div className="notice notice-warn" role="status">
                <span className="grow">{t("al.left", { n: live.left })}</span>
                <Button small onClick={found.refetch}>{t("al.reload")}</Button>
              </div>
            )}
            {ofIncident && <p className="muted small">{t("al.notlive")}</p>}
            {found.error && rows.length === 0 ? (
              <ErrorState error={found.error} onRetry={found.refetch} />
            ) : found.isLoading ? (
              <div className="panel"><Loading lines={12} /></div>
            ) : rows.length === 0 ? (
              <div className="panel"><None /></div>
            ) : (
              <DataGrid
                label={t("al.grid")}
                columns={ALERT_COLUMNS}
                rows={rows}
                total={total}
                rowKey={keyOf}
                onOpen={(row) => setShown(row.id)}
                sort={url.sort ?? "-ts"}
                onSort={(sort) => url.set({ sort: sort === "-ts" ? null : sort })}
                loadMore={found.hasMore ? found.loadMore : undefined}
              />
            )}
          </div>
        </div>
        {shown && <AlertDrawer key={shown} id={shown} onClose={() => setShown(null)} withIncident />}
      </div>
    </FilterScope>
  );
}

const keyOf = (row: Alert) => row.id;

/** How many and how bad, in time. Not drawn again by every alert that comes, as the list is. */
const BySeverity = memo(function BySeverity() {
  const url = useUrl();
  const chart = useTimeseries("severity", { of: "alerts", points: 120 });
  const series = useMemo(() => (chart.data ? severitySeries(chart.data) : []), [chart.data]);
  return (
    <Panel title={t("al.chart")}>
      <Answer query={chart} lines={3}>
        {(data) => <TimeChart t={data.t} series={series} label={t("al.chart")} height={96} onBrush={(from, to) => url.set({ range: rangeOf(from, to) })} />}
      </Answer>
    </Panel>
  );
});

const SideBar = memo(function SideBar({ facets }: { facets: Record<string, readonly FacetValue[]> | undefined }) {
  return (
    <Facets label={t("al.facets")}>
      {FACETS.map((field) => <FacetList key={field} field={field} title={t(`al.facet.${field}`)} values={facets?.[field] ?? []} />)}
    </Facets>
  );
});

function None() {
  const url = useUrl();
  if (url.filters.length > 0) {
    return (
      <Empty title={t("al.none.filtered")} icon="filter">
        <Button onClick={() => url.set({ filters: url.filters.slice(0, -1) })}>{t("ex.droplast")}</Button>
      </Empty>
    );
  }
  return (
    <Empty title={t("al.none")} icon="check">
      <p>{t("al.none.hint")}</p>
      <Button onClick={() => url.set({ range: { from: "now-7d", to: "now" } })}>{t("c.last", { span: "7 d" })}</Button>
    </Empty>
  );
}
