import { useMemo } from "react";
import { useEvents, useFacets, useOverview, useTimeseries } from "../../api/queries.ts";
import type { Chart, EventRow } from "../../api/types.ts";
import { Button } from "../../components/Button.tsx";
import { DataGrid } from "../../components/DataGrid.tsx";
import { FacetList } from "../../components/FacetList.tsx";
import { FilterBar } from "../../components/FilterBar.tsx";
import { dateTime, percent, words } from "../../components/format.ts";
import { PageHead, Panel } from "../../components/Panel.tsx";
import { Answer, Empty, ErrorState, Loading } from "../../components/States.tsx";
import { type Series, TimeChart } from "../../components/TimeChart.tsx";
import { FilterScope } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import { FIELDS } from "../../state/filters.ts";
import { rangeOf } from "../../state/range.ts";
import { useUrl, useUrlValue } from "../../state/url.ts";
import { useBefore } from "../triage/useBefore.tsx";
import { EventDrawer } from "../triage/EventDrawer.tsx";
import { EVENT_COLUMNS } from "../triage/eventColumns.tsx";
import { ExportMenu } from "../triage/ExportMenu.tsx";
import { Facets } from "../triage/Facets.tsx";
import { SavedViews } from "../triage/SavedViews.tsx";
import { severitySeries, statusSeries } from "../triage/series.ts";

const FACETS = ["severity", "status", "method", "attack_types", "client", "user", "endpoint", "agent_kind", "host", "source"] as const;
const GROUPS = ["severity", "status_class", "method", "agent_kind"] as const;
const SCOPE = FIELDS.events.map((each) => each.name);
const SORTABLE = new Set(FIELDS.events.filter((each) => each.sort).map((each) => each.name));
/** Beside the facets there is less room than on the pages of entities. */
const WIDTHS: Readonly<Record<string, number | string>> = {
  ts: 164,
  risk: 72,
  client: 128,
  path: "minmax(200px, 3fr)",
  status: 66,
  response_bytes: 70,
  duration_us: 70,
  reason: "minmax(120px, 1.4fr)",
};
const COLUMNS = EVENT_COLUMNS.map((each) => ({ ...each, width: WIDTHS[each.key] ?? each.width, sortable: SORTABLE.has(each.key) }));
/** Rows of one page; more are read as one scrolls. */
const PAGE = 100;
const MOST_LINES = 6;
const POINTS = 180;

/** Every request that was judged: when, narrowed how, and each with all that is known of it. */
export default function Explorer() {
  const url = useUrl();
  const [shown, setShown] = useUrlValue("sel");
  const events = useEvents({ limit: PAGE, follow: url.sort === null && shown === "" ? 5_000 : false });
  const facets = useFacets([...FACETS], { of: "events", limit: 12 });
  return (
    <FilterScope fields={SCOPE}>
      <div className="screen">
        <PageHead
          title={t("ex.title")}
          sub={events.isLoading ? " " : t("ex.sub", { n: events.total })}
          actions={
            <>
              <SavedViews screen="explorer" />
              <ExportMenu of="events" query={events.query} />
            </>
          }
        />
        <FilterBar fields={FIELDS.events} facets={facets.data} unused={events.unused} />
        <Histogram />
        <div className="with-facets">
          <Facets label={t("ex.facets")}>
            {facets.share < 1 && <p className="muted small">{t("ex.facets.share", { share: percent(facets.share) })}</p>}
            {FACETS.map((field) => <FacetList key={field} field={field} title={t(`ex.facet.${field}`)} values={facets.data?.[field] ?? []} />)}
          </Facets>
          <div className="col-s">
            {events.error && events.rows.length === 0 ? (
              <ErrorState error={events.error} onRetry={events.refetch} />
            ) : events.isLoading ? (
              <div className="panel"><Loading lines={14} /></div>
            ) : events.rows.length === 0 ? (
              <div className="panel"><None /></div>
            ) : (
              <DataGrid
                label={t("ex.grid")}
                columns={COLUMNS}
                rows={events.rows}
                total={events.total}
                rowKey={keyOf}
                onOpen={(row) => setShown(String(row.seq))}
                sort={url.sort ?? "-ts"}
                onSort={(sort) => url.set({ sort: sort === "-ts" ? null : sort })}
                loadMore={events.hasMore ? events.loadMore : undefined}
                dense
              />
            )}
          </div>
        </div>
        {shown && <EventDrawer key={shown} id={shown} onClose={() => setShown(null)} />}
      </div>
    </FilterScope>
  );
}

const keyOf = (row: EventRow) => String(row.seq);

/** Requests over time by a field; a part that is marked becomes the period. */
function Histogram() {
  const url = useUrl();
  const [by, setBy] = useUrlValue("by", "severity");
  const group = GROUPS.find((each) => each === by) ?? "severity";
  const chart = useTimeseries(group, { points: POINTS });
  const earlier = useBefore(chart.data, POINTS);
  const series = useMemo(() => [...(chart.data ? seriesOf(group, chart.data) : []), ...earlier.line], [group, chart.data, earlier.line]);
  return (
    <Panel
      title={t("ex.chart", { field: t(`ex.by.${group}`).toLowerCase() })}
      sub={earlier.text}
      actions={
        <div className="row" role="group" aria-label={t("ex.by")}>
          {GROUPS.map((each) => (
            <Button key={each} small aria-pressed={group === each} onClick={() => setBy(each, { replace: true })}>
              {t(`ex.by.${each}`)}
            </Button>
          ))}
          {earlier.toggle}
        </div>
      }
    >
      <Answer query={chart} lines={4}>
        {(data) => (
          <TimeChart
            t={data.t}
            series={series}
            label={t("ex.chart", { field: t(`ex.by.${group}`).toLowerCase() })}
            height={132}
            onBrush={(from, to) => url.set({ range: rangeOf(from, to) })}
          />
        )}
      </Answer>
    </Panel>
  );
}

function seriesOf(group: (typeof GROUPS)[number], chart: Chart): Series[] {
  if (group === "severity") return severitySeries(chart);
  if (group === "status_class") return statusSeries(chart);
  return chart.series.slice(0, MOST_LINES).map((each) => ({
    key: each.key,
    label: each.key === "" ? t("c.none") : group === "agent_kind" ? words(each.key) : each.key,
    values: each.v,
    stacked: true,
  }));
}

function None() {
  const url = useUrl();
  const period = useOverview().data?.period;
  if (url.filters.length > 0) {
    return (
      <Empty title={t("ex.none.filtered")} icon="filter">
        <p>{t("ex.none.filtered.hint")}</p>
        <div className="row">
          <Button onClick={() => url.set({ filters: url.filters.slice(0, -1) })}>{t("ex.droplast")}</Button>
          <Button look="quiet" onClick={() => url.set({ filters: [] })}>{t("c.clearfilters")}</Button>
        </div>
      </Empty>
    );
  }
  const { from, to } = period ?? { from: null, to: null };
  return (
    <Empty title={t("ex.none")}>
      {from && to && (
        <>
          <p>{t("ex.none.hint", { from: dateTime(from), to: dateTime(to) })}</p>
          <Button onClick={() => url.set({ range: rangeOf(Date.parse(from), Date.parse(to) + 1_000) })}>{t("ex.none.show")}</Button>
        </>
      )}
    </Empty>
  );
}
