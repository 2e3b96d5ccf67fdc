import { bytes, millis, number, percent } from "../../components/format.ts";
import { Severity } from "../../components/Severity.tsx";
import { Empty } from "../../components/States.tsx";
import { Time } from "../../components/Time.tsx";
import { Value } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import type { Caller } from "./shapes.ts";

/** Who calls it most, and how that goes. */
export function Callers({ callers }: { callers: readonly Caller[] }) {
  if (callers.length === 0) return <Empty title={t("tr.callers.none")} />;
  return (
    <div className="scroll-x" role="region" tabIndex={0} aria-label={t("tr.callers")}>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{t("tr.client")}</th>
            <th scope="col">{t("tr.risk")}</th>
            <th scope="col" className="end">{t("tr.requests")}</th>
            <th scope="col" className="end">{t("tr.errors")}</th>
            <th scope="col" className="end">{t("tr.sent")}</th>
            <th scope="col" className="end">p95</th>
            <th scope="col" className="end">{t("tr.last")}</th>
          </tr>
        </thead>
        <tbody>
          {callers.map((each) => (
            <tr key={each.client}>
              <th scope="row"><Value field="client" kind="client" value={each.client} most={60} /></th>
              <td><Severity risk={each.risk ?? 0} /></td>
              <td className="end num">{number(each.requests)}</td>
              <td className="end num">{number(each.errors)} <span className="muted small">{percent(each.requests > 0 ? each.errors / each.requests : 0)}</span></td>
              <td className="end num">{bytes(each.response_bytes)}</td>
              <td className="end num">{millis(each.p95_us === null ? null : each.p95_us / 1000)}</td>
              <td className="end"><Time ts={each.last_ts} mode="relative" /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
