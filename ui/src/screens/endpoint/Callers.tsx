import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { get } from "../../api/client.ts";
import { encodeId } from "../../api/ids.ts";
import { Button } from "../../components/Button.tsx";
import { bytes, millis, number, percent } from "../../components/format.ts";
import { Severity } from "../../components/Severity.tsx";
import { Answer, Empty } from "../../components/States.tsx";
import { Time } from "../../components/Time.tsx";
import { Value } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import type { Caller } from "./shapes.ts";

const KINDS = ["client", "user", "session", "credential", "network", "user_agent"] as const;

/** Who calls it most, by address, user, key or whatever else they have in common, and how that goes. */
export function Callers({ endpoint }: { endpoint: string }) {
  const [by, setBy] = useState<(typeof KINDS)[number]>("client");
  const found = useQuery({
    queryKey: ["one", "callers", endpoint, by],
    queryFn: ({ signal }) => get<{ callers: Caller[] }>(`endpoints/${encodeId(endpoint)}/callers`, { query: { by }, signal }),
  });
  return (
    <div>
      <div className="row callers-by no-print" role="group" aria-label={t("tr.callers.by")}>
        {KINDS.map((each) => <Button key={each} small look="quiet" aria-pressed={each === by} onClick={() => setBy(each)}>{t(`tr.callers.${each}`)}</Button>)}
      </div>
      <Answer query={found}>{({ callers }) => (callers.length > 0 ? <List callers={callers} by={by} /> : <Empty title={t("tr.callers.none")} />)}</Answer>
    </div>
  );
}

const FEW = 12;

function List({ callers, by }: { callers: readonly Caller[]; by: (typeof KINDS)[number] }) {
  const [all, setAll] = useState(false);
  const shown = all ? callers : callers.slice(0, FEW);
  return (
    <>
    <div className="scroll-x" role="region" tabIndex={0} aria-label={t("tr.callers")}>
      <table className="plain-table callers">
        <thead>
          <tr>
            <th scope="col">{t(`tr.callers.${by}`)}</th>
            <th scope="col">{t("tr.risk")}</th>
            <th scope="col" className="end">{t("tr.requests")}</th>
            <th scope="col" className="end">{t("tr.errors")}</th>
            <th scope="col" className="end">{t("tr.sent")}</th>
            <th scope="col" className="end">p95</th>
            <th scope="col" className="end">{t("tr.last")}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((each) => (
            <tr key={each.id ?? ""}>
              <th scope="row">{each.id === null ? <span className="muted">{t("c.none")}</span> : <Value field={by} kind={by} value={each.id} most={70} />}</th>
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
    {callers.length > FEW && <Button small look="quiet" onClick={() => setAll(!all)}>{all ? t("c.less") : t("c.more", { n: callers.length - FEW })}</Button>}
    </>
  );
}
