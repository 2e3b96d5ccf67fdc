import { createContext, useContext, useMemo, useState } from "react";
import { useLocation } from "wouter";
import { basePath } from "../app/base.ts";
import { encodeId } from "../api/ids.ts";
import type { EntityKind } from "../api/types.ts";
import { isList } from "../state/filters.ts";
import { hrefWith, type Url, useUrl } from "../state/url.ts";
import { classes } from "./classes.ts";
import { copyText } from "./clipboard.ts";
import { EndpointName } from "./EndpointName.tsx";
import { Icon } from "./Icon.tsx";
import { InGrid } from "./inGrid.ts";
import { Menu, type MenuEntry } from "./Menu.tsx";
import { TopValues } from "./TopValues.tsx";
import { Untrusted } from "./Untrusted.tsx";
import { defanged, visibleText } from "./visible.ts";
import { t } from "../i18n/index.ts";
import "./Value.css";

interface ScopeOf {
  /** Fields to narrow by; null means all. */
  fields: ReadonlySet<string> | null;
  url: Url;
  navigate: (to: string) => void;
}

/** One for all values below: a list has hundreds of them, and each question of its own costs time. */
const Scope = createContext<ScopeOf | null>(null);

/** Names the fields that this part of the page can be narrowed by; without it all can. */
export function FilterScope({ fields, children }: { fields: readonly string[]; children: React.ReactNode }) {
  return <Scope value={useScope(fields)}>{children}</Scope>;
}

/** The same while the fields and the address are: a new one draws every value below again. */
function useScope(fields: readonly string[] | null): ScopeOf {
  const url = useUrl();
  const [, navigate] = useLocation();
  return useMemo(() => ({ fields: fields && new Set(fields), url, navigate }), [fields, url, navigate]);
}

const KINDS: readonly string[] = ["client", "user", "session", "credential", "network", "endpoint"];

/** Where the page of an entity or endpoint is; a path of this page without its base. */
export function entityPath(kind: string, id: string): string {
  return kind === "endpoint" ? `/endpoints/${encodeId(id)}` : `/entities/${kind}/${encodeId(id)}`;
}

/** A path of this page as an address for links. */
export function pageHref(path: string): string {
  return basePath() + path.replace(/^\//, "");
}

/** Fields of events that entities and facets are asked by when a screen has no such field. */
const EVENT_FIELD: Record<string, string> = { endpoints: "endpoint", attack_type: "attack_types" };

export interface ValueProps {
  field?: string;
  value: string | number | boolean | null | undefined;
  /** Entity kind: gives it a page of its own. */
  kind?: EntityKind | string;
  /** What is shown instead, when the value is an id with a better name. */
  shown?: React.ReactNode;
  most?: number;
  mono?: boolean;
  wrap?: boolean;
  showKind?: boolean;
}

/** Any value that came with traffic: filter by it, exclude it, open it, copy it. */
export function Value(props: ValueProps) {
  const scope = useContext(Scope);
  return scope ? <Shown {...props} scope={scope} /> : <Alone {...props} />;
}

/** A value that is in no list: it asks for itself. */
function Alone(props: ValueProps) {
  return <Shown {...props} scope={useScope(null)} />;
}

function Shown({ field, value, kind, shown, most = 120, mono = false, wrap = false, showKind = false, scope }: ValueProps & { scope: ScopeOf }) {
  const { url, navigate, fields } = scope;
  const [top, setTop] = useState(false);
  const [isWanted, setWanted] = useState(false);
  const inGrid = useContext(InGrid);
  if (value === null || value === undefined || value === "") return <span className="muted">–</span>;
  const text = String(value);
  const canFilter = field !== undefined && (fields === null || fields.has(field));
  const page = kind !== undefined && KINDS.includes(kind) ? entityPath(kind, text) : null;
  const eventField = kind !== undefined && KINDS.includes(kind) ? kind : field === undefined ? null : (EVENT_FIELD[field] ?? field);
  const include = () => {
    if (field !== undefined) url.addFilter(field, isList(field) ? "has" : "eq", text);
  };
  const open = () => {
    if (page) navigate(hrefWith(page, { range: url.range }));
  };
  const content = (
    <>
      {showKind && kind && <span className="kind">{kind}</span>}
      {shown ?? (kind === "endpoint" ? <EndpointName id={text} most={most} mono={mono} /> : <Untrusted text={text} most={most} mono={mono} />)}
    </>
  );
  const explorer = eventField && hrefWith("/explorer", { range: url.range, filters: [{ field: eventField, op: isList(eventField) ? "has" : "eq", value: text }] });
  const entries = (): MenuEntry[] => {
    const list: MenuEntry[] = [{ title: <Untrusted text={text} most={60} /> }];
    if (canFilter) {
      list.push({ label: t("c.only"), icon: "filter", onSelect: include });
      list.push({ label: t("c.exclude"), icon: "exclude", onSelect: () => url.addFilter(field, "ne", text) });
    }
    if (page) list.push({ label: t("c.open", { what: kind ?? "" }), icon: "open", href: pageHref(hrefWith(page, { range: url.range })), onSelect: open });
    if (explorer) list.push({ label: t("c.explore"), icon: "search", href: pageHref(explorer), onSelect: () => navigate(explorer) });
    if (eventField) list.push({ label: t("c.top"), icon: "chart", onSelect: () => setTop(true) });
    list.push("rule");
    list.push({ label: t("c.copy"), icon: "copy", onSelect: () => copyText(text) });
    if (/[a-z0-9]\.[a-z0-9]|:\/\//i.test(text)) list.push({ label: t("c.copydefanged"), icon: "copy", onSelect: () => copyText(defanged(text)) });
    return list;
  };
  const name = visibleText(text, 80);
  // In a list it comes with the pointer or the focus: hundreds of buttons that nobody presses cost time.
  const hasMenu = isWanted || !inGrid || isTouched() || (!canFilter && page === null);
  const want = hasMenu ? undefined : () => setWanted(true);
  return (
    <span className={classes("value", wrap && "value-wrap")} onPointerEnter={want} onFocus={want}>
      {canFilter ? (
        <button type="button" tabIndex={-1} className="value-main" title={`${t("c.only")}: ${name}`} onClick={(event) => {
          event.stopPropagation();
          include();
        }}>
          {content}
        </button>
      ) : page ? (
        <a tabIndex={-1} className="value-main" title={name} href={pageHref(hrefWith(page, { range: url.range }))} onClick={(event) => {
          event.stopPropagation();
          if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
          event.preventDefault();
          open();
        }}>
          {content}
        </a>
      ) : (
        <span className="value-plain ellipsis" title={name}>{content}</span>
      )}
      {hasMenu && (
        <Menu entries={entries} label={t("c.actions", { value: name })}>
          {(props) => (
            <button type="button" className="value-menu" {...props} tabIndex={inGrid ? -1 : undefined} aria-label={t("c.actions", { value: name })}>
              <Icon name="more" />
            </button>
          )}
        </Menu>
      )}
      {top && eventField && <TopValues field={eventField} onClose={() => setTop(false)} />}
    </span>
  );
}

/** Whether nothing hovers here, so that a menu has to be there from the start. */
function isTouched(): boolean {
  touched ??= window.matchMedia("(hover: none)").matches;
  return touched;
}

let touched: boolean | undefined;
