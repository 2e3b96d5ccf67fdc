import { Link } from "wouter";
import { useFacets } from "../../api/queries.ts";
import type { Chart, Overview } from "../../api/types.ts";
import { compact, number, percent, severityOf, words } from "../../components/format.ts";
import { Sparkline } from "../../components/Sparkline.tsx";
import { SeverityMark } from "../../components/Severity.tsx";
import { t } from "../../i18n/index.ts";
import type { Filter } from "../../state/filters.ts";
import { hrefWith, useUrl } from "../../state/url.ts";
import { type Facets } from "./Sentence.tsx";

function sumOf(chart: Chart | undefined, key?: string): number {
  return (chart?.series ?? [])
    .filter((each) => key === undefined || each.key === key)
    .reduce((sum, each) => sum + each.v.reduce<number>((all, value) => all + (value ?? 0), 0), 0);
}

const valuesOf = (chart: Chart | undefined, key: string) => chart?.series.find((each) => each.key === key)?.v ?? [];

const totalsOf = (chart: Chart | undefined) => (chart?.t ?? []).map((_, at) => (chart?.series ?? []).reduce((sum, each) => sum + (each.v[at] ?? 0), 0));

/** The figures that matter, each with where it came from and a way to what is behind it. */
export function Tiles({ overview, outcomes, alerts, open }: {
  overview: Overview | undefined; outcomes: Chart | undefined; alerts: Facets; open: Facets;
}) {
  const { range } = useUrl();
  const events = useFacets(["severity"], {});
  const total = sumOf(outcomes);
  const refused = sumOf(outcomes, "4xx");
  const failed = sumOf(outcomes, "5xx");
  const risky = (events.data?.["severity"] ?? []).reduce((sum, each) => sum + (each.value === "LOW" || each.value === null ? 0 : each.count), 0);
  const found = (alerts?.["severity"] ?? []).reduce((sum, each) => sum + each.count, 0);
  const severities = ["CRITICAL", "HIGH", "MEDIUM", "LOW"].map((name) => ({
    name,
    count: open?.["severity"]?.find((each) => each.value === name)?.count ?? 0,
  }));
  const all = severities.reduce((sum, each) => sum + each.count, 0);
  const worst = overview?.top_entities[0]?.risk ?? 0;
  const explorer = (filter: Filter) => hrefWith("/explorer", { range, filters: [filter] });
  return (
    <dl className="tiles">
      <Tile title={t("ov.requests")} href={hrefWith("/explorer", { range })} figure={compact(total)} note={<>{number(overview?.rates["judged"] ?? 0)} {t("ov.persecond")}</>}>
        <Sparkline values={totalsOf(outcomes)} label={t("ov.requests")} />
      </Tile>
      <Tile
        title={t("ov.attacks")}
        href={explorer({ field: "risk", op: "gte", value: "40" })}
        figure={compact(risky)}
        note={t("ov.attacks.note", { share: percent(total ? risky / total : 0) })}
      />
      <Tile title={t("ov.refused")} href={hrefWith("/explorer", { range, filters: [{ field: "status", op: "gte", value: "400" }, { field: "status", op: "lte", value: "499" }] })} figure={percent(total ? refused / total : 0)} note={<>{compact(refused)} {t("ov.refused.note")}</>}>
        <Sparkline values={valuesOf(outcomes, "4xx")} label={t("ov.refused.note")} color="var(--medium)" />
      </Tile>
      <Tile title={t("ov.errors")} href={explorer({ field: "status", op: "gte", value: "500" })} figure={percent(total ? failed / total : 0)} note={<>{compact(failed)} {t("ov.errors.note")}</>}>
        <Sparkline values={valuesOf(outcomes, "5xx")} label={t("ov.errors.note")} color="var(--critical)" />
      </Tile>
      <Tile title={t("ov.alerts")} href={hrefWith("/alerts", { range })} figure={compact(found)} note={t("ov.alerts.note")} />
      <Tile
        title={t("ov.incidents.tile")}
        href={hrefWith("/incidents", { range, filters: [{ field: "status", op: "ne", value: "resolved" }] })}
        figure={compact(all)}
        note={
          <span className="tile-severities">
            {severities.filter((each) => each.count > 0).map((each) => (
              <span key={each.name} title={words(each.name.toLowerCase())}>
                <SeverityMark severity={each.name} size={10} />
                <span className="sr-only">{words(each.name.toLowerCase())}: </span>
                {compact(each.count)}
              </span>
            ))}
            {all === 0 && (worst > 0 ? t("ov.incidents.note", { risk: `${worst} ${severityOf(worst).toLowerCase()}` }) : t("ov.none"))}
          </span>
        }
      />
    </dl>
  );
}

function Tile({ title, href, figure, note, children }: {
  title: string; href: string; figure: string; note: React.ReactNode; children?: React.ReactNode;
}) {
  return (
    <div className="tile ov-tile">
      <dt><Link href={href}>{title}</Link></dt>
      <dd>{figure}</dd>
      <dd className="note">{note}</dd>
      {children && <dd className="ov-spark">{children}</dd>}
    </div>
  );
}
