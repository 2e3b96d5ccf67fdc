import { Button } from "./Button.tsx";
import { classes } from "./classes.ts";
import type { DataGridProps } from "./DataGrid.tsx";
import { number } from "./format.ts";
import { t } from "../i18n/index.ts";

/** Rows of a plain table at most; it is for reading, searching and printing. */
const MOST = 500;

/** The rows of a grid as an ordinary table, which the browser's own search can see. */
export function PlainTable<T>({ columns, rows, total, rowKey, label, onOpen, onBack }: DataGridProps<T> & { onBack: () => void }) {
  return (
    <div className="grid-box">
      <div className="grid-foot no-print">
        <span>{t("c.rows", { shown: number(Math.min(MOST, rows.length)), total: number(total ?? rows.length) })}</span>
        <Button small look="quiet" icon="back" onClick={onBack}>{t("c.asgrid")}</Button>
      </div>
      <div className="grid-plain" role="region" aria-label={label} tabIndex={0}>
        <table className="plain-table">
          <caption className="sr-only">{label}</caption>
          <thead>
            <tr>{columns.map((column) => <th key={column.key} scope="col" className={classes(column.align === "end" && "end")}>{column.title}</th>)}</tr>
          </thead>
          <tbody>
            {rows.slice(0, MOST).map((row) => (
              <tr key={rowKey(row)} onDoubleClick={() => onOpen?.(row)}>
                {columns.map((column) => <td key={column.key} className={classes(column.align === "end" && "end num")}>{column.render(row)}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
