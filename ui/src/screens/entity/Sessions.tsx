import { bytes, millis, number } from "../../components/format.ts";
import { Severity } from "../../components/Severity.tsx";
import { Time } from "../../components/Time.tsx";
import { Value } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import type { Session } from "./shapes.ts";

/** Sessions with what was asked in each; its page has everything before and after. */
export function Sessions({ sessions }: { sessions: readonly Session[] }) {
  return (
    <div className="scroll-x" role="region" tabIndex={0} aria-label={t("tr.sessions")}>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{t("tr.risk")}</th>
            <th scope="col">{t("tr.session")}</th>
            <th scope="col" className="end">{t("tr.requests")}</th>
            <th scope="col" className="end">{t("tr.errors")}</th>
            <th scope="col" className="end">{t("tr.received")}</th>
            <th scope="col" className="end">p95</th>
            <th scope="col" className="end">{t("tr.last")}</th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((each) => (
            <tr key={each.id}>
              <td><Severity risk={each.risk ?? 0} wordless /></td>
              <td><Value kind="session" value={each.id} mono most={60} /></td>
              <td className="end num">{number(each.requests)}</td>
              <td className="end num">{number(each.errors)}</td>
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
