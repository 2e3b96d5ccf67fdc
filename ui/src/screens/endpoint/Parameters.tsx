import { number, percent } from "../../components/format.ts";
import { Empty } from "../../components/States.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { t, tOr } from "../../i18n/index.ts";
import type { ParameterRow, ParameterList } from "./shapes.ts";

const EXAMPLES = 4;

/** What the parameters of an endpoint were like: how often, of which kind, how long, in which range. */
export function Parameters({ found }: { found: ParameterList }) {
  if (found.parameters.length === 0) return <Empty title={t("tr.parameters.none")} />;
  return (
    <div className="scroll-x" role="region" tabIndex={0} aria-label={t("tr.parameters")}>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{t("tr.parameter")}</th>
            <th scope="col" className="end">{t("tr.parameter.share")}</th>
            <th scope="col">{t("tr.parameter.kinds")}</th>
            <th scope="col" className="end">{t("tr.parameter.length")}</th>
            <th scope="col" className="end">{t("tr.parameter.range")}</th>
            <th scope="col" className="end">{t("tr.parameter.distinct")}</th>
            <th scope="col">{t("tr.parameter.examples")}</th>
          </tr>
        </thead>
        <tbody>{found.parameters.map((each) => <Row key={`${each.where} ${each.name}`} row={each} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ row }: { row: ParameterRow }) {
  const kinds = Object.entries(row.kinds).toSorted(([, a], [, b]) => b - a);
  const total = Math.max(1, kinds.reduce((sum, [, count]) => sum + count, 0));
  return (
    <tr>
      <th scope="row" className="mono"><Untrusted text={row.name} most={60} /></th>
      <td className="end num">{percent(row.share)}</td>
      <td>
        {kinds.slice(0, 3).map(([kind, count], at) => (
          <span key={kind}>{at > 0 && ", "}{tOr(`tr.valuekind.${kind}`, kind)}{kinds.length > 1 && <span className="muted small"> {percent(count / total)}</span>}</span>
        ))}
      </td>
      <td className="end num">{span(row.length)}</td>
      <td className="end num">{span(row.range)}</td>
      <td className="end num">{number(row.distinct)}{row.distinct >= 1000 && "+"}</td>
      <td className="mono small">{row.examples.slice(0, EXAMPLES).map((each, at) => <span key={each}>{at > 0 && <span className="muted">, </span>}<Untrusted text={each === "" ? "\"\"" : each} most={36} /></span>)}</td>
    </tr>
  );
}

function span(range: { least: number; most: number } | null): string {
  if (range === null) return "–";
  return range.least === range.most ? number(range.least) : `${number(range.least)} – ${number(range.most)}`;
}
