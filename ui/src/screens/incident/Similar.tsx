import { Link } from "wouter";
import { AttackTypes, StatusBadge, Succeeded, VerdictBadge, Who } from "../../components/Badges.tsx";
import { number, percent, words } from "../../components/format.ts";
import { Severity } from "../../components/Severity.tsx";
import { Time } from "../../components/Time.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { Value } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import { hrefWith, useUrl } from "../../state/url.ts";
import type { SimilarIncidents } from "./shapes.ts";

/** Incidents with something in common and what they turned out to be; how common each value is. */
export function Similar({ found }: { found: SimilarIncidents }) {
  const { range } = useUrl();
  return (
    <div>
      {found.items.length === 0 ? (
        <p className="muted evidence-note">{t("tr.similar.none")}</p>
      ) : (
        <div className="scroll-x" role="region" tabIndex={0} aria-label={t("tr.similar")}>
          <table className="plain-table similar">
            <thead>
              <tr>
                <th scope="col">{t("tr.risk")}</th>
                <th scope="col">{t("tr.what")}</th>
                <th scope="col">{t("tr.common")}</th>
                <th scope="col">{t("tr.outcome")}</th>
                <th scope="col" className="end">{t("tr.last")}</th>
              </tr>
            </thead>
            <tbody>
              {found.items.map((each) => (
                <tr key={each.id}>
                  <td><Severity severity={each.severity} risk={each.risk} wordless /></td>
                  <td>
                    <Link href={hrefWith(`/incidents/${each.id}`, { range })} className="similar-what"><Untrusted text={each.reason} most={120} /></Link>
                    <span className="row small"><AttackTypes types={each.attack_types} /><Who entities={each.entities} /></span>
                  </td>
                  <td><span className="num strong">{percent(each.similarity)}</span> <span className="muted small">{Object.keys(each.shared).map((field) => words(field).toLowerCase()).join(", ")}</span></td>
                  <td><span className="row"><StatusBadge status={each.status} /><VerdictBadge verdict={each.verdict} />{each.succeeded !== null && <Succeeded value={each.succeeded} alone />}</span></td>
                  <td className="end"><Time ts={each.last_ts} mode="relative" /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.prevalence.length > 0 && (
        <details className="prevalence">
          <summary>{t("tr.prevalence")}</summary>
          <table className="plain-table">
            <tbody>
              {found.prevalence.map((each) => (
                <tr key={`${each.field} ${each.value}`}>
                  <td className="muted">{words(each.field)}</td>
                  <td>{each.field === "attack_types" ? words(each.value) : <Value value={each.value} field={each.field} {...(each.field === "endpoints" ? { kind: "endpoint" } : {})} />}</td>
                  <td className="end num">{each.incidents === 0 ? <span className="muted">{t("tr.onlyhere")}</span> : t("tr.others", { n: each.incidents, count: number(each.incidents) })}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
    </div>
  );
}
