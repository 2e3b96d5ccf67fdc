import { Link } from "wouter";
import { useEntities } from "../../api/queries.ts";
import type { FacetValue } from "../../api/types.ts";
import { compact, number, words } from "../../components/format.ts";
import { Panel } from "../../components/Panel.tsx";
import { Severity } from "../../components/Severity.tsx";
import { ErrorState, Loading } from "../../components/States.tsx";
import { FilterScope, Value } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import { hrefWith, useUrl } from "../../state/url.ts";

const SHOWN = 6;
const NOTHING: readonly string[] = [];

/** Who is behind it. */
export function TopEntities() {
  const { range } = useUrl();
  const found = useEntities("client", { filters: [], sort: "-risk", limit: SHOWN });
  const rows = found.rows.filter((row) => row.risk >= 20).slice(0, SHOWN);
  return (
    <Panel title={t("ov.entities")} actions={<Link href={hrefWith("/entities", { range })}>{t("ov.entities.all")}</Link>} flush>
      <FilterScope fields={NOTHING}>
        {found.error !== null && rows.length === 0 ? (
          <ErrorState error={found.error} onRetry={found.refetch} />
        ) : found.isLoading ? (
          <Loading lines={4} />
        ) : rows.length === 0 ? (
          <p className="muted pad">{t("ov.nothing")}</p>
        ) : (
          <ul className="top-rows">
            {rows.map((row) => (
              <li key={row.id}>
                <span className="top-risk"><Severity severity={row.severity} risk={row.risk} wordless /></span>
                <span className="top-name"><Value kind={row.kind} value={row.id} most={60} /></span>
                <span className="top-note muted small ellipsis">{row.attack_types.slice(0, 2).map(words).join(", ")}</span>
                <span className="num muted small" title={`${number(row.requests)} ${t("ov.requests").toLowerCase()}`}>{compact(row.requests)}</span>
              </li>
            ))}
          </ul>
        )}
      </FilterScope>
    </Panel>
  );
}

/** Where it hits. */
export function TopEndpoints({ facets }: { facets: { data: Record<string, FacetValue[]> | undefined; isPending: boolean } }) {
  const { range } = useUrl();
  const rows = (facets.data?.["endpoint"] ?? []).filter((each) => each.value !== null).slice(0, SHOWN);
  return (
    <Panel title={t("ov.endpoints")} sub={t("ov.endpoints.sub")} actions={<Link href={hrefWith("/endpoints", { range })}>{t("ov.endpoints.all")}</Link>} flush>
      <FilterScope fields={NOTHING}>
        {facets.isPending ? (
          <Loading lines={4} />
        ) : rows.length === 0 ? (
          <p className="muted pad">{t("ov.nothing")}</p>
        ) : (
          <ul className="top-rows top-endpoints">
            {rows.map((row) => (
              <li key={String(row.value)}>
                <span className="top-name"><Value kind="endpoint" value={row.value} most={90} /></span>
                <span className="num">{number(row.count)}</span>
              </li>
            ))}
          </ul>
        )}
      </FilterScope>
    </Panel>
  );
}
