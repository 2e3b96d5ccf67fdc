import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useEffect, useId, useMemo, useRef, useState } from "react";
import { meaning } from "../state/keymap.ts";
import { getPref } from "../state/prefs.ts";
import { Button } from "./Button.tsx";
import { classes } from "./classes.ts";
import { number } from "./format.ts";
import { Icon } from "./Icon.tsx";
import { InGrid } from "./inGrid.ts";
import { keyAction } from "./gridKeys.ts";
import { PlainTable } from "./PlainTable.tsx";
import { NARROW, useMedia } from "./useMedia.ts";
import { t } from "../i18n/index.ts";
import "./DataGrid.css";

export interface Column<T> {
  key: string;
  title: string;
  /** Pixels, or a track of a CSS grid such as `minmax(200px, 2fr)`. */
  width?: number | string;
  render: (row: T) => React.ReactNode;
  sortable?: boolean;
  align?: "start" | "end";
}

export interface DataGridProps<T> {
  columns: Column<T>[];
  rows: readonly T[];
  /** Rows that there are, when not all are loaded. */
  total?: number | undefined;
  rowKey: (row: T) => string;
  onOpen?: (row: T) => void;
  /** Address of the page of a row, for opening it beside this one. */
  href?: (row: T) => string;
  selected?: ReadonlySet<string>;
  onSelect?: (keys: Set<string>) => void;
  /** Field, with `-` before it for the highest first. */
  sort?: string | null | undefined;
  onSort?: (sort: string) => void;
  loadMore?: (() => void) | undefined;
  /** Keys of the screen while the grid has focus; true when it was one. */
  onRowKey?: (key: string, row: T) => boolean;
  dense?: boolean;
  /** Pixels of a row with more than one line. */
  rowHeight?: number;
  label: string;
  /** Height that the rows may take; the rest scrolls. */
  maxHeight?: number | string;
}

const ROW = 36;
const DENSE = 28;
const CARD = 168;
const HEAD = 33;
/** Rows drawn above and below what is seen. */
const OVERSCAN = 6;
/** Time after `g` in which the next key means a screen and no row. */
const SEQUENCE_MS = 1200;
/** Rows left below when more are asked for. */
const AHEAD = 20;

/** A list of any length: rows leave the document, the focus stays on the grid. */
export function DataGrid<T>(props: DataGridProps<T>) {
  const { columns, rows, total, rowKey, onOpen, selected, onSelect, sort, onSort, label } = props;
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  const cards = useMedia(NARROW);
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const [plain, setPlain] = useState(false);
  const compactPage = typeof document !== "undefined" && document.documentElement.dataset["density"] === "compact";
  const height = props.rowHeight === undefined ? (props.dense || compactPage ? DENSE : ROW) : props.rowHeight - (compactPage ? 8 : 0);
  // The same function while the rows are the same: a new one measures all of them again.
  const getItemKey = useCallback(
    (index: number) => {
      const row = rows[index];
      return row === undefined ? index : rowKey(row);
    },
    [rows, rowKey],
  );
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => (cards ? CARD : height),
    overscan: OVERSCAN,
    scrollPaddingStart: HEAD,
    getItemKey,
  });
  useEffect(() => virtual.measure(), [virtual, cards, height]);

  const activeIndex = useMemo(() => {
    const at = activeKey === null ? -1 : rows.findIndex((row) => rowKey(row) === activeKey);
    return at < 0 ? 0 : at;
  }, [rows, activeKey, rowKey]);

  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;
  const wentAt = useRef(-Infinity);
  const current = useRef(props);
  current.current = props;
  useEffect(() => {
    // Not when the function alone is new: a page that failed is not asked for again and again.
    if (rows.length > 0 && lastShown >= rows.length - AHEAD) current.current.loadMore?.();
  }, [rows.length, lastShown]);

  const activate = useCallback((row: T) => setActiveKey(current.current.rowKey(row)), []);
  const open = useCallback((row: T, event: React.MouseEvent) => {
    const now = current.current;
    setActiveKey(now.rowKey(row));
    if (window.getSelection()?.toString()) return;
    if ((event.ctrlKey || event.metaKey) && now.href) window.open(now.href(row), "_blank", "noopener");
    else now.onOpen?.(row);
  }, []);
  const toggle = useCallback((row: T) => {
    const now = current.current;
    if (!now.onSelect) return;
    const next = new Set(now.selected);
    const key = now.rowKey(row);
    if (!next.delete(key)) next.add(key);
    now.onSelect(next);
  }, []);

  const moveTo = (index: number, extend: boolean) => {
    const to = Math.max(0, Math.min(rows.length - 1, index));
    const row = rows[to];
    if (row === undefined) return;
    if (extend && onSelect) {
      const next = new Set(selected);
      const from = rows[activeIndex];
      if (from !== undefined) next.add(rowKey(from));
      onSelect(next.add(rowKey(row)));
    }
    setActiveKey(rowKey(row));
    if (cards) virtual.scrollToIndex(to, { align: "auto" });
    else if (box.current) reveal(box.current, to * height, height);
  };

  /** Buttons of the active row, which the arrow keys reach. */
  const controls = () => [...(box.current?.querySelectorAll<HTMLElement>(`[id="${CSS.escape(`${id}-${activeIndex}`)}"] :is(a, button, input)`) ?? [])];

  const onKeyDown = (event: React.KeyboardEvent) => {
    const target = event.target as HTMLElement;
    const inside = target !== box.current;
    if (inside && target.closest(".grid-head, [role=menu], dialog")) return;
    const row = rows[activeIndex];
    if (event.key === "ArrowRight" || (event.key === "ArrowLeft" && inside)) {
      const list = controls();
      const to = list.indexOf(target) + (event.key === "ArrowRight" ? 1 : -1);
      event.preventDefault();
      if (to < 0) box.current?.focus();
      else list[Math.min(to, list.length - 1)]?.focus();
      return;
    }
    if (inside && event.key === "Escape") {
      box.current?.focus();
      event.stopPropagation();
      return;
    }
    if (inside && (event.key === "Enter" || event.key === " ")) return;
    const single = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
    // `g` and a letter go to a screen, wherever the focus is.
    const goes = event.timeStamp - wentAt.current < SEQUENCE_MS;
    const key = single ? meaning(event.key) : event.key;
    wentAt.current = key === "g" ? event.timeStamp : -Infinity;
    if (single && (goes || !getPref<boolean>("keys", true))) return;
    const page = Math.max(1, Math.floor(((box.current?.clientHeight ?? 400) - HEAD) / height) - 1);
    const { shiftKey, ctrlKey, metaKey, altKey } = event;
    const action = keyAction({ key, shiftKey, ctrlKey, metaKey, altKey }, { at: activeIndex, count: rows.length, page });
    if (action === null) {
      if (row !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey && props.onRowKey?.(key, row)) event.preventDefault();
      return;
    }
    event.preventDefault();
    if (inside) box.current?.focus();
    if (action.kind === "move") moveTo(action.to, action.extend);
    else if (row === undefined) return;
    else if (action.kind === "open") onOpen?.(row);
    else if (action.kind === "select") toggle(row);
    else if (action.kind === "all") onSelect?.(new Set(rows.map(rowKey)));
  };

  const tracks = [
    ...(onSelect ? ["32px"] : []),
    ...columns.map(({ width }) => (typeof width === "number" ? `${width}px` : (width ?? "minmax(100px, 1fr)"))),
  ].join(" ");
  const minWidth = cards ? undefined : columns.reduce((sum, { width }) => sum + leastOf(width), onSelect ? 32 : 0);
  const template = cards ? undefined : { gridTemplateColumns: tracks, minWidth };
  const shownAll = onSelect !== undefined && rows.length > 0 && rows.every((row) => selected?.has(rowKey(row)));

  if (plain) return <PlainTable {...props} onBack={() => setPlain(false)} />;
  return (
    <div className={classes("grid-box", cards && "grid-cards")}>
      <div
        ref={box}
        role="grid"
        tabIndex={0}
        className="grid"
        aria-label={label}
        aria-rowcount={(total ?? rows.length) + 1}
        aria-colcount={columns.length + (onSelect ? 1 : 0)}
        aria-multiselectable={onSelect ? true : undefined}
        aria-activedescendant={items.some((item) => item.index === activeIndex) ? `${id}-${activeIndex}` : undefined}
        aria-describedby={`${id}-help`}
        style={{ maxHeight: props.maxHeight ?? "max(320px, calc(100vh - 260px))" }}
        onKeyDown={onKeyDown}
        onCopy={(event) => {
          if (window.getSelection()?.toString()) return;
          const cells = document.getElementById(`${id}-${activeIndex}`)?.querySelectorAll("[role=gridcell]:not(.grid-check)");
          if (!cells) return;
          event.preventDefault();
          event.clipboardData.setData("text/plain", [...cells].map((cell) => cell.textContent?.replaceAll(/\s+/g, " ").trim()).join("\t"));
        }}
      >
        <div role="rowgroup">
          <div role="row" aria-rowindex={1} className={classes("grid-head", cards && "sr-only")} style={template}>
            {onSelect && (
              <div role="columnheader" className="grid-check">
                <input type="checkbox" tabIndex={-1} aria-label={t("c.selectall")} checked={shownAll} onChange={() => onSelect(shownAll ? new Set() : new Set(rows.map(rowKey)))} />
              </div>
            )}
            {columns.map((column) => <Heading key={column.key} column={column} sort={sort} onSort={onSort} />)}
          </div>
        </div>
        <div role="rowgroup" className="grid-rows" style={{ height: virtual.getTotalSize(), minWidth }}>
          <InGrid value>{items.map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            return (
              <Row
                key={item.key}
                id={`${id}-${item.index}`}
                index={item.index}
                start={item.start}
                height={cards ? undefined : height}
                row={row}
                columns={columns}
                tracks={cards ? undefined : tracks}
                active={item.index === activeIndex}
                selected={onSelect ? (selected?.has(rowKey(row)) ?? false) : undefined}
                onOpen={open}
                onActivate={activate}
                onToggle={onSelect ? toggle : undefined}
                measure={cards ? virtual.measureElement : undefined}
              />
            );
          })}</InGrid>
        </div>
      </div>
      <div className="grid-foot no-print">
        <span aria-live="polite">{t("c.rows", { shown: number(rows.length), total: number(total ?? rows.length) })}</span>
        <span id={`${id}-help`} className="sr-only">{t("c.gridhelp")}</span>
        {!cards && <Button small look="quiet" icon="table" onClick={() => setPlain(true)}>{t("c.astable")}</Button>}
      </div>
    </div>
  );
}

/** Scrolls no further than needed. Rows are all alike here: nothing has to be measured, and measured again. */
function reveal(box: HTMLElement, top: number, height: number): void {
  const room = box.clientHeight - HEAD - height;
  const seen = box.scrollTop;
  if (top < seen) box.scrollTop = top;
  else if (top > seen + room) box.scrollTop = top - room;
}

/** The least width of a track in pixels. */
function leastOf(width: number | string | undefined): number {
  if (typeof width === "number") return width;
  return Number(/(\d+)px/.exec(width ?? "")?.[1] ?? 100);
}

function Heading<T>({ column, sort, onSort }: { column: Column<T>; sort: string | null | undefined; onSort: ((sort: string) => void) | undefined }) {
  const down = sort === `-${column.key}`;
  const up = sort === column.key;
  return (
    <div role="columnheader" className={classes("grid-th", column.align === "end" && "grid-end")} aria-sort={down ? "descending" : up ? "ascending" : undefined}>
      {column.sortable && onSort ? (
        <button type="button" title={t("c.sortby", { column: column.title })} onClick={() => onSort(down ? column.key : `-${column.key}`)}>
          {column.title}
          {(down || up) && <Icon name={down ? "down" : "up"} />}
        </button>
      ) : (
        <span>{column.title}</span>
      )}
    </div>
  );
}

interface RowProps<T> {
  id: string;
  index: number;
  start: number;
  height: number | undefined;
  row: T;
  columns: Column<T>[];
  tracks: string | undefined;
  active: boolean;
  selected: boolean | undefined;
  onOpen: (row: T, event: React.MouseEvent) => void;
  onActivate: (row: T) => void;
  onToggle: ((row: T) => void) | undefined;
  measure: ((node: Element | null) => void) | undefined;
}

function PlainRow<T>({ id, index, start, height, row, columns, tracks, active, selected, onOpen, onActivate, onToggle, measure }: RowProps<T>) {
  return (
    <div
      ref={measure}
      id={id}
      data-index={index}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={classes("grid-row", height !== undefined && "grid-fixed", active && "grid-active")}
      style={{ top: start, ...(tracks ? { gridTemplateColumns: tracks } : {}), ...(height ? { height } : {}) }}
      onClick={(event) => onOpen(row, event)}
      onFocus={() => onActivate(row)}
    >
      {onToggle && (
        <div role="gridcell" className="grid-check" onClick={(event) => event.stopPropagation()}>
          <input type="checkbox" tabIndex={-1} aria-label={t("c.selectrow")} checked={selected} onChange={() => onToggle(row)} />
        </div>
      )}
      <Cells row={row} columns={columns} />
    </div>
  );
}

function PlainCells<T>({ row, columns }: { row: T; columns: Column<T>[] }) {
  return (
    <>
      {columns.map((column) => (
        <div key={column.key} role="gridcell" data-title={column.title} className={classes("grid-td", column.align === "end" && "grid-end")}>
          {column.render(row)}
        </div>
      ))}
    </>
  );
}

const Row = memo(PlainRow) as typeof PlainRow;
/** Not drawn again when news above only move their row. */
const Cells = memo(PlainCells) as typeof PlainCells;
