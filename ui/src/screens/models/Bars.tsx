import { useState } from "react";
import { Button } from "../../components/Button.tsx";
import { number } from "../../components/format.ts";
import { t } from "../../i18n/index.ts";

/** Bars drawn are this many points of risk wide. */
const WIDE = 2;

/** Counts by point of risk, 0 on the left; also as a table. */
export function Bars({ counts, from, label, summary }: { counts: readonly number[]; from: number; label: string; summary: string }) {
  const [isTable, setTable] = useState(false);
  const bars: { risk: number; count: number }[] = [];
  for (let risk = 0; risk < counts.length; risk += WIDE) {
    bars.push({ risk, count: counts.slice(risk, risk + WIDE).reduce((sum, each) => sum + each, 0) });
  }
  // Most score next to nothing: only a root shows the few that matter beside them.
  const top = Math.sqrt(Math.max(1, ...bars.map((each) => each.count)));
  return (
    <figure className="bars-figure" aria-label={label}>
      <figcaption className="row">
        <span className="grow">{summary}</span>
        <Button small look="quiet" icon={isTable ? "chart" : "table"} aria-label={isTable ? t("c.aschart") : t("c.astable")} onClick={() => setTable(!isTable)} />
      </figcaption>
      {isTable ? (
        <div className="scroll-x" tabIndex={0} role="region" aria-label={label}>
          <table className="plain-table">
            <caption className="sr-only">{label}</caption>
            <thead>
              <tr>
                <th scope="col">{t("md.risk")}</th>
                <th scope="col" className="end">{label}</th>
              </tr>
            </thead>
            <tbody>
              {bars.filter((each) => each.count > 0).map((each) => (
                <tr key={each.risk}>
                  <th scope="row">{each.risk}–{Math.min(100, each.risk + WIDE - 1)}</th>
                  <td className="end num">{number(each.count)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <>
          <div className="bars-columns" aria-hidden="true">
            {bars.map((each) => (
              <span
                key={each.risk}
                className={each.risk >= from ? "above" : undefined}
                style={{ height: `${(100 * Math.sqrt(each.count)) / top}%` }}
                title={`${each.risk}: ${number(each.count)}`}
              />
            ))}
          </div>
          <div className="bars-axis" aria-hidden="true">
            <span>0</span>
            <span>20</span>
            <span>40</span>
            <span>60</span>
            <span>80</span>
            <span>100</span>
          </div>
        </>
      )}
    </figure>
  );
}
