import { useMemo } from "react";
import type { Explanation } from "../../api/types.ts";
import { type Contribution, Contributions } from "../../components/Contributions.tsx";
import { DetectorName } from "../../components/DetectorName.tsx";
import { number, severityOf, words } from "../../components/format.ts";
import { Untrusted } from "../../components/Untrusted.tsx";
import { t } from "../../i18n/index.ts";
import "./why.css";

type Told = Pick<Explanation, "base" | "factors" | "rest" | "risk" | "confidence" | "requests" | "in_one_request" | "reasons" | "counterfactual" | "data">;

/** Factors that the sentence of the service has room for. */
const FEW = 3;
const COMMON = "in common: ";

/** The way from the base to the risk, what would lower it, and how much there is to go by. */
export function Why({ told }: { told: Told }) {
  const items = useMemo(() => itemsOf(told), [told]);
  const common = told.factors.filter((each) => each.name.startsWith(COMMON));
  return (
    <>
      <Contributions base={told.base} items={items} rest={told.rest} total={told.risk} renderSource={(item) => <DetectorName id={item.detector ?? ""} />} />
      <div className="why-notes">
        {common.length > 0 && (
          <div>
            <h3>{t("tr.common")}</h3>
            <ul className="why-common">
              {common.map((each) => (
                <li key={each.name}>
                  {each.name.slice(COMMON.length)}: <Untrusted text={String(each.actual)} most={160} mono />
                </li>
              ))}
            </ul>
          </div>
        )}
        {told.counterfactual && <Lower told={told.counterfactual} />}
        <p className="muted">{t("tr.togoby", { confidence: number(told.confidence, 0) })}: {told.data ?? (told.in_one_request || told.confidence >= 100 ? t("tr.sufficient.one") : t("tr.sufficient", { n: told.requests }))}.</p>
      </div>
    </>
  );
}

/** Factors with the detector that found each; what those involved share adds nothing, so it is no row. */
function itemsOf({ factors, reasons }: Told): Contribution[] {
  const found = new Map<string, string>();
  for (const reason of reasons ?? []) {
    for (const factor of reason.factors) if (!found.has(factor.name)) found.set(factor.name, reason.detector);
  }
  return factors
    .filter((each) => !each.name.startsWith(COMMON))
    .map((each) => ({ ...each, detector: found.get(each.name) }));
}

/** What would have to be different for the risk to be below MEDIUM. */
function Lower({ told }: { told: NonNullable<Explanation["counterfactual"]> }) {
  const names = useMemo(() => {
    const times = new Map<string, number>();
    for (const name of told.without) times.set(name, (times.get(name) ?? 0) + 1);
    return [...times];
  }, [told]);
  if (told.without.length <= FEW) {
    return <p><strong>{t("tr.lower")}</strong> <Untrusted text={told.text} most={600} /></p>;
  }
  return (
    <details>
      <summary>
        <strong>{t("tr.lower")}</strong> {t("tr.lower.many", { n: told.without.length, risk: told.risk, severity: words(severityOf(told.risk).toLowerCase()) })}
      </summary>
      <ul className="why-common">
        {names.map(([name, times]) => (
          <li key={name}><Untrusted text={name} most={160} />{times > 1 && <span className="muted"> ×{times}</span>}</li>
        ))}
      </ul>
    </details>
  );
}
