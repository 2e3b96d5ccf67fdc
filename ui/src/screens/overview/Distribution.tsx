import { Link } from "wouter";
import { useFacets } from "../../api/queries.ts";
import type { FacetValue } from "../../api/types.ts";
import { number, words } from "../../components/format.ts";
import { Panel } from "../../components/Panel.tsx";
import { StackedBars } from "../../components/StackedBars.tsx";
import { Answer, Empty } from "../../components/States.tsx";
import { t } from "../../i18n/index.ts";
import { hrefWith, useUrl } from "../../state/url.ts";

/** Types that are shown one by one. */
const MOST = 8;

interface FacetQuery {
  data: Record<string, FacetValue[]> | undefined;
  error: unknown;
  isPending: boolean;
  isError: boolean;
  isPlaceholderData?: boolean;
  refetch: () => unknown;
}

/** What kinds of attack were seen, and how severe the alerts were. */
export function AttackTypes({ facets }: { facets: FacetQuery }) {
  const { range } = useUrl();
  return (
    <Panel title={t("ov.types")} sub={t("ov.types.sub")}>
      <Answer query={facets} lines={6}>
        {(data) => {
          const types = (data["attack_type"] ?? []).slice(0, MOST);
          if (types.length === 0) return <Empty title={t("ov.types.none")} icon="check" />;
          const most = Math.max(...types.map((each) => each.count));
          return (
            <div className="col">
              <StackedBars
                label={t("ov.severity")}
                parts={["CRITICAL", "HIGH", "MEDIUM", "LOW"]
                  .map((name) => ({ key: name, label: words(name.toLowerCase()), value: data["severity"]?.find((each) => each.value === name)?.count ?? 0 }))
                  .filter((part) => part.value > 0)}
              />
              <ul className="bars">
                {types.map((each) => (
                  <li key={String(each.value)}>
                    <Link href={hrefWith("/alerts", { range, filters: [{ field: "attack_type", op: "eq", value: String(each.value) }] })}>
                      {words(String(each.value))}
                    </Link>
                    <span className="bars-track" aria-hidden="true">
                      <span style={{ width: `${(100 * each.count) / most}%` }} />
                    </span>
                    <span className="num">{number(each.count)}</span>
                  </li>
                ))}
              </ul>
            </div>
          );
        }}
      </Answer>
    </Panel>
  );
}

/** Whether the attacks of the period worked. */
export function Success() {
  const found = useFacets(["succeeded"], { of: "incidents" });
  const count = (value: boolean | null) => found.data?.["succeeded"]?.find((each) => each.value === value)?.count ?? 0;
  const parts = [
    { key: "true", label: t("ov.success.true"), value: count(true), color: "var(--critical)" },
    { key: "false", label: t("ov.success.false"), value: count(false), color: "var(--good)" },
    { key: "null", label: t("ov.success.null"), value: count(null), color: "var(--none)" },
  ];
  return (
    <Panel title={t("ov.success")} sub={t("ov.success.sub")}>
      <Answer query={found} lines={2}>
        {() =>
          parts.every((part) => part.value === 0) ? <p className="muted">{t("ov.nothing")}</p> : <StackedBars label={t("ov.success")} parts={parts} />
        }
      </Answer>
    </Panel>
  );
}
