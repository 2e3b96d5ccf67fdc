import { useState } from "react";
import type { FacetValue } from "../api/types.ts";
import { isList, stateOf } from "../state/filters.ts";
import { useUrl } from "../state/url.ts";
import { classes } from "./classes.ts";
import { compact, number, words } from "./format.ts";
import { Icon } from "./Icon.tsx";
import { EndpointName } from "./EndpointName.tsx";
import { SeverityMark } from "./Severity.tsx";
import { Untrusted } from "./Untrusted.tsx";
import { visibleText } from "./visible.ts";
import { t, tOr } from "../i18n/index.ts";
import "./Filters.css";

const FEW = 6;

/** Fields whose values are words of ours, shown as such. */
const OURS: ReadonlySet<string> = new Set([
  "severity", "attack_types", "attack_type", "status", "verdict", "entity_kind", "kind", "agent_kind", "detectors",
]);

const ENDPOINTS: ReadonlySet<string> = new Set(["endpoint", "endpoints"]);

/** What a value is called when the word is ours; null when it came with traffic. */
function wordOf(field: string, value: FacetValue["value"]): string | null {
  if (field === "succeeded") return t(value === null ? "tr.succeeded.unknown" : value === true ? "tr.succeeded.yes" : "tr.succeeded.no");
  if (value === null) return tOr(`tr.facet.${field}.none`, t("c.none"));
  return OURS.has(field) ? words(String(value).toLowerCase()) : null;
}

/** Values of a field with their counts: filter for one, filter it out, or take the filter away. */
export function FacetList({ field, title, values, onToggle, render }: {
  field: string; title?: string; values: readonly FacetValue[];
  onToggle?: (value: string, to: "in" | "out" | "none") => void;
  render?: (value: FacetValue["value"]) => React.ReactNode;
}) {
  const url = useUrl();
  const [all, setAll] = useState(false);
  if (values.length === 0) return null;
  const most = Math.max(1, ...values.map((each) => each.count));
  const shown = all ? values : values.slice(0, FEW);
  const toggle = (value: string, to: "in" | "out" | "none") => {
    if (onToggle) return onToggle(value, to);
    const op = isList(field) ? "has" : "eq";
    if (to === "in") url.addFilter(field, op, value);
    else if (to === "out") url.addFilter(field, "ne", value);
    else for (const each of [op, "eq", "ne"] as const) url.removeFilter({ field, op: each, value });
  };
  return (
    <section className="facet" aria-label={title ?? words(field)}>
      <h2>{title ?? words(field)}</h2>
      <ul>
        {shown.map(({ value, count }) => {
          const text = value === null ? "" : String(value);
          const state = stateOf(url.filters, field, text);
          const ours = wordOf(field, value);
          const name = ours ?? visibleText(text, 60);
          return (
            <li key={text} className={classes("facet-value", state !== "none" && `facet-${state}`)}>
              <span className="facet-bar" style={{ width: `${(100 * count) / most}%` }} />
              <button
                type="button"
                className="facet-main"
                aria-pressed={state === "in"}
                title={state === "none" ? t("c.facetonly", { value: name }) : t("c.facetclear", { value: name })}
                onClick={() => toggle(text, state === "none" ? "in" : "none")}
              >
                <span>{render ? render(value) : field === "severity" ? (
                  <span className="row"><SeverityMark severity={text} /> {ours}</span>
                ) : value === null ? <span className="muted">{ours}</span> : ours ?? (ENDPOINTS.has(field) ? <EndpointName id={text} /> : <Untrusted text={text} most={80} />)}</span>
                <span className="num" title={number(count)}>{compact(count)}</span>
              </button>
              {state !== "in" && (
                <button type="button" className="facet-not" aria-pressed={state === "out"} aria-label={t("c.facetexclude", { value: name })} title={t("c.facetexclude", { value: name })} onClick={() => toggle(text, state === "out" ? "none" : "out")}>
                  <Icon name="exclude" />
                </button>
              )}
            </li>
          );
        })}
      </ul>
      {values.length > FEW && (
        <button type="button" className="btn btn-quiet btn-small" onClick={() => setAll(!all)}>
          {all ? t("c.less") : t("c.more", { n: values.length - FEW })}
        </button>
      )}
    </section>
  );
}
