import type { Explanation } from "../../api/types.ts";
import { Contributions } from "../../components/Contributions.tsx";
import { number, severityOf, words } from "../../components/format.ts";
import { Untrusted } from "../../components/Untrusted.tsx";
import { t } from "../../i18n/index.ts";

/** The way from the base to the risk, how sure it is, and what would lower it. */
export function Why({ told }: { told: Explanation }) {
  const strongest = told.factors.toSorted((a, b) => b.contribution - a.contribution)[0];
  const without = strongest ? Math.max(0, Math.round(told.risk - strongest.contribution)) : null;
  const sure = told["in_one_request"] === true || told.confidence >= 100;
  return (
    <>
      <Contributions base={told.base} items={told.factors} rest={told.rest} total={told.risk} />
      <div className="why-notes">
        {strongest && without !== null && (
          <p>
            {t("tr.without.a")} <strong><Untrusted text={strongest.name} most={100} /></strong>{" "}
            {t("tr.without.b", { risk: without, severity: words(severityOf(without).toLowerCase()) })}
          </p>
        )}
        <p className="muted">{sure ? t("tr.sufficient.one") : t("tr.sufficient", { n: told.requests, confidence: number(told.confidence, 0) })}</p>
      </div>
    </>
  );
}
