import { useState } from "react";
import { Button } from "./Button.tsx";
import { type Formatter, type Line, sliceTime } from "./chartText.ts";
import { t } from "../i18n/index.ts";

const ROWS = 50;

/** The values of a chart as a table, newest first, in pages. */
export function ChartTable({ t: times, lines, label, utc, format }: {
  t: readonly number[]; lines: readonly Line[]; label: string; utc: boolean; format: Formatter;
}) {
  const [page, setPage] = useState(0);
  const pages = Math.max(1, Math.ceil(times.length / ROWS));
  const shown = Math.min(page, pages - 1);
  const rows = times.map((_, at) => at).toReversed().slice(shown * ROWS, (shown + 1) * ROWS);
  return (
    <div>
      <div className="chart-table" role="region" aria-label={label} tabIndex={0}>
        <table className="plain-table">
          <caption className="sr-only">{label}</caption>
          <thead>
            <tr>
              <th scope="col">{t("c.time")}</th>
              {lines.map((line) => <th key={line.key} scope="col" className="end">{line.label}</th>)}
            </tr>
          </thead>
          <tbody>
            {rows.map((at) => (
              <tr key={at}>
                <th scope="row" className="num">{sliceTime(times, at, utc)}</th>
                {lines.map((line) => <td key={line.key} className="end num">{format(line.values[at])}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pages > 1 && (
        <div className="pager">
          <Button small icon="left" aria-label={t("c.previous")} reason={shown === 0 ? t("c.previous") : null} onClick={() => setPage(shown - 1)} />
          <span>{t("c.page", { page: shown + 1, pages })}</span>
          <Button small icon="right" aria-label={t("c.next")} reason={shown >= pages - 1 ? t("c.next") : null} onClick={() => setPage(shown + 1)} />
        </div>
      )}
    </div>
  );
}
