import { useMemo } from "react";
import { useFacets } from "../../api/queries.ts";
import { SEVERITIES, number, words } from "../../components/format.ts";
import { SeverityMark, severityClass } from "../../components/Severity.tsx";
import { t } from "../../i18n/index.ts";
import { stateOf } from "../../state/filters.ts";
import { useUrl } from "../../state/url.ts";

const BANDS = { CRITICAL: "80–100", HIGH: "60–79", MEDIUM: "40–59", LOW: "0–39" } as const;

/** How many incidents there are of each severity, whatever severities are filtered for; each is a switch. */
export function SeverityCounts() {
  const url = useUrl();
  const others = useMemo(() => url.filters.filter((each) => each.field !== "severity"), [url.filters]);
  const found = useFacets(["severity"], { of: "incidents", filters: others });
  const counts = new Map(found.data?.["severity"]?.map((each) => [each.value, each.count]));
  return (
    <div className="sev-counts" role="group" aria-label={t("tr.bysevere")}>
      {SEVERITIES.map((name) => {
        const pressed = stateOf(url.filters, "severity", name) === "in";
        const count = counts.get(name) ?? 0;
        return (
          <button
            key={name}
            type="button"
            className={`sev-count ${severityClass(name)}`}
            aria-pressed={pressed}
            data-none={count === 0}
            onClick={() => (pressed ? url.removeFilter({ field: "severity", op: "eq", value: name }) : url.addFilter("severity", "eq", name))}
          >
            <SeverityMark severity={name} size={14} />
            <strong>{found.data ? number(count) : "–"}</strong>
            <span>{words(name.toLowerCase())}</span>
            <span className="band" aria-hidden="true">{BANDS[name]}</span>
          </button>
        );
      })}
    </div>
  );
}
