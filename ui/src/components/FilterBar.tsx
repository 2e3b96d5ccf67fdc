import { useId, useMemo, useRef, useState } from "react";
import type { FacetValue } from "../api/types.ts";
import { type FieldInfo, type Filter, filterText, OPS, parseFilter, valuesOf, withFilter, withoutFilter } from "../state/filters.ts";
import { useUrl } from "../state/url.ts";
import { Button } from "./Button.tsx";
import { classes } from "./classes.ts";
import { compact, words } from "./format.ts";
import { Icon } from "./Icon.tsx";
import { Untrusted } from "./Untrusted.tsx";
import { visibleText } from "./visible.ts";
import { t } from "../i18n/index.ts";
import "./Filters.css";

const MOST = 12;

/** Values of fields with their counts, as `useFacets` gives them. */
export type Facets = Readonly<Record<string, readonly FacetValue[]>>;

const NO_FACETS: Facets = {};

interface Suggestion {
  key: string;
  label: React.ReactNode;
  end?: React.ReactNode;
  /** What the field holds after it is chosen; a condition is applied at once. */
  text?: string;
  filter?: Filter;
}

/** Conditions as chips, and a field that completes names, comparisons and values. */
export function FilterBar({ fields, facets, unused = [] }: {
  fields: readonly FieldInfo[]; facets?: Facets | undefined; unused?: readonly Filter[];
}) {
  const url = useUrl();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const suggestions = useMemo(() => suggest(text, fields, facets ?? NO_FACETS), [text, fields, facets]);
  const unusedTexts = new Set(unused.map(filterText));

  const apply = (filter: Filter) => {
    url.set({ filters: withFilter(url.filters, filter) });
    setText("");
    setAt(0);
  };
  const choose = (suggestion: Suggestion | undefined) => {
    if (suggestion?.filter) return apply(suggestion.filter);
    if (suggestion?.text) {
      setText(suggestion.text);
      setAt(0);
      return;
    }
    const parsed = parseFilter(text.trim());
    if (parsed) apply(parsed);
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      setAt((now) => (now + step + suggestions.length) % Math.max(1, suggestions.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(suggestions[at]);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (open && text) setText("");
      else input.current?.blur();
      setOpen(false);
    } else if (event.key === "Backspace" && text === "") {
      const last = url.filters.at(-1);
      if (last) url.set({ filters: url.filters.slice(0, -1) });
    }
  };

  return (
    <div className="filter-bar no-print" role="search" aria-label={t("c.filters")}>
      {url.filters.map((filter) => (
        <FilterChip
          key={filterText(filter)}
          filter={filter}
          unused={unusedTexts.has(filterText(filter))}
          onRemove={() => url.set({ filters: withoutFilter(url.filters, filter) })}
        />
      ))}
      <div className="filter-add">
        <Icon name="filter" />
        <input
          ref={input}
          className="input"
          role="combobox"
          data-filter-input=""
          autoComplete="off"
          spellCheck={false}
          aria-label={t("c.addfilter")}
          aria-expanded={open && suggestions.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={open && suggestions.length > 0 ? `${id}-${at}` : undefined}
          placeholder={t("c.filterhint")}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
            setOpen(true);
          }}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={onKeyDown}
        />
        {open && suggestions.length > 0 && (
          <div className="suggestions" role="listbox" id={`${id}-list`} aria-label={t("c.filters")}>
            {suggestions.map((each, index) => (
              <div
                key={each.key}
                id={`${id}-${index}`}
                role="option"
                aria-selected={index === at}
                className="suggestion"
                // Before the field loses the focus.
                onPointerDown={(event) => {
                  event.preventDefault();
                  choose(each);
                }}
              >
                {each.label}
                {each.end != null && <span className="end">{each.end}</span>}
              </div>
            ))}
          </div>
        )}
      </div>
      {url.filters.length > 1 && <Button small look="quiet" onClick={() => url.set({ filters: [] })}>{t("c.clearfilters")}</Button>}
    </div>
  );
}

function FilterChip({ filter, unused, onRemove }: { filter: Filter; unused: boolean; onRemove: () => void }) {
  const name = `${words(filter.field)} ${t(`c.op.${filter.op}`)} ${visibleText(filter.value, 60)}`;
  return (
    <div className={classes("filter-chip", filter.op === "ne" && "filter-not", unused && "filter-unused")} title={unused ? `${name}: ${t("c.unused")}` : name}>
      <span>
        {words(filter.field)}
        <span className="muted">{t(`c.op.${filter.op}`)}</span>
        {filter.value === "" ? <bdi>{t("c.none")}</bdi> : <Untrusted text={valuesOf(filter).join(", ")} most={80} />}
      </span>
      <button type="button" aria-label={t("c.removefilter", { filter: name })} onClick={onRemove}>
        <Icon name="close" />
      </button>
    </div>
  );
}

/** What could be meant: a field, then a comparison, then a value. */
export function suggest(text: string, fields: readonly FieldInfo[], facets: Facets): Suggestion[] {
  const typed = text.trimStart();
  const [first = "", second, ...rest] = typed.split(":");
  const field = fields.find((each) => each.name === first);
  if (field && second !== undefined) {
    const isOp = (OPS as readonly string[]).includes(second) && typed.split(":").length > 2;
    const wanted = (isOp ? rest.join(":") : [second, ...rest].join(":")).toLowerCase();
    const op = isOp ? (second as Filter["op"]) : usualOp(field);
    const known = facets[field.name] ?? (field.choices ?? []).map((value) => ({ value, count: undefined }));
    const found: Suggestion[] = known
      .filter((each) => each.value !== null && String(each.value).toLowerCase().includes(wanted))
      .slice(0, MOST)
      .map((each) => ({
        key: String(each.value),
        label: <Untrusted text={String(each.value)} most={60} />,
        end: each.count === undefined ? undefined : compact(each.count),
        filter: { field: field.name, op, value: String(each.value) },
      }));
    if (wanted !== "" && !found.some((each) => each.filter?.value.toLowerCase() === wanted)) {
      const value = isOp ? rest.join(":") : [second, ...rest].join(":");
      const exact: Suggestion = { key: "typed", label: <span>{t(`c.op.${op}`)} <Untrusted text={value} most={60} /></span>, filter: { field: field.name, op, value } };
      found.unshift(exact);
    }
    return found;
  }
  const found: Suggestion[] = [];
  const address = fields.find((each) => each.kind === "address") ?? fields.find((each) => each.name === "entities");
  if (address && /^[0-9a-f.:/]*[.:][0-9a-f.:/]+$/i.test(typed)) {
    const op = typed.includes("/") && address.kind === "address" ? "cidr" : usualOp(address);
    found.push({ key: "address", label: <span>{words(address.name)} {t(`c.op.${op}`)} <Untrusted text={typed} /></span>, filter: { field: address.name, op, value: typed } });
  }
  const wanted = typed.toLowerCase();
  for (const each of fields) {
    if (!each.name.includes(wanted) && !words(each.name).toLowerCase().includes(wanted)) continue;
    found.push({ key: each.name, label: words(each.name), end: each.name, text: `${each.name}:` });
  }
  const reason = fields.find((each) => each.name === "reason");
  if (reason && wanted.length > 2 && !typed.includes(":")) {
    found.push({ key: "text", label: <span>{words(reason.name)} {t("c.op.has")} <Untrusted text={typed} most={60} /></span>, filter: { field: "reason", op: "has", value: typed } });
  }
  return found.slice(0, MOST);
}

function usualOp(field: FieldInfo): Filter["op"] {
  if (field.kind === "list") return "has";
  return field.kind === "real" || field.name === "risk" ? "gte" : "eq";
}
