import { useState } from "react";
import { Button } from "../../components/Button.tsx";
import { number, percent } from "../../components/format.ts";
import { t } from "../../i18n/index.ts";
import type { Bin } from "./shapes.ts";

/** How values spread: columns on a logarithmic axis, or the same as a table. */
export function Histogram({ bins, label, format, mark }: {
  bins: readonly Bin[]; label: string; format: (value: number) => string; mark?: { at: number; label: string } | null;
}) {
  const [table, setTable] = useState(false);
  const total = bins.reduce((sum, bin) => sum + bin.count, 0);
  const most = Math.max(1, ...bins.map((bin) => bin.count));
  const low = Math.log2(Math.max(1, bins[0]?.from ?? 1));
  const high = Math.log2(Math.max(2, bins.at(-1)?.from ?? 2)) + 0.5;
  const place = (value: number) => (100 * (Math.log2(Math.max(1, value)) - low)) / Math.max(0.5, high - low);
  const peak = bins.reduce((a, b) => (b.count > a.count ? b : a), bins[0] ?? { from: 0, count: 0 });
  const told = `${label}: ${t("tr.histogram", { n: total, low: format(bins[0]?.from ?? 0), high: format(bins.at(-1)?.from ?? 0), peak: format(peak.from) })}`;
  return (
    <figure className="histogram" aria-label={told}>
      {table ? (
        <div className="chart-table" role="region" tabIndex={0} aria-label={label}>
          <table className="plain-table">
            <thead><tr><th scope="col">{t("tr.from")}</th><th scope="col" className="end">{t("tr.requests")}</th><th scope="col" className="end">{t("c.share")}</th></tr></thead>
            <tbody>{bins.map((bin) => <tr key={bin.from}><th scope="row" className="num">{format(bin.from)}</th><td className="end num">{number(bin.count)}</td><td className="end num">{percent(bin.count / Math.max(1, total))}</td></tr>)}</tbody>
          </table>
        </div>
      ) : (
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
          {bins.map((bin, at) => {
            const left = place(bin.from);
            const next = bins[at + 1];
            const width = Math.max(1, Math.min(next ? place(next.from) - left : 4, 6) - 0.4);
            const height = Math.max(1.5, (96 * bin.count) / most);
            return <rect key={bin.from} x={left} y={100 - height} width={width} height={height} />;
          })}
          {mark && <line className="histogram-mark" x1={place(mark.at)} x2={place(mark.at)} y1="0" y2="100" />}
        </svg>
      )}
      <div className="histogram-axis">
        <span>{format(bins[0]?.from ?? 0)}</span>
        {mark && <span>{mark.label} {format(mark.at)}</span>}
        <span>{format(bins.at(-1)?.from ?? 0)}</span>
        <Button small look="quiet" icon={table ? "chart" : "table"} aria-label={`${t(table ? "c.aschart" : "c.astable")}: ${label}`} aria-pressed={table} onClick={() => setTable(!table)} />
      </div>
    </figure>
  );
}
