import type { Explanation, Incident } from "../../api/types.ts";
import { Succeeded, Who } from "../../components/Badges.tsx";
import { number, span } from "../../components/format.ts";
import { Value } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";

/** Who, where, how much, how long, how sure. */
export function Facts({ incident, why }: { incident: Incident; why: Explanation | undefined }) {
  const first = Date.parse(incident.first_ts ?? "");
  const last = Date.parse(incident.last_ts ?? "");
  const alerted = Date.parse(incident.alert_ts ?? "");
  return (
    <dl className="incident-facts">
      <div>
        <dt>{t("tr.who")}</dt>
        <dd><Who entities={incident.entities} total={incident.entities_total} /></dd>
      </div>
      <div>
        <dt>{t("tr.where")}</dt>
        <dd className="row nowrap-row">
          <Value kind="endpoint" value={incident.endpoints[0]} most={120} />
          {incident.endpoints.length > 1 && <span className="muted small" title={incident.endpoints.slice(1, 8).join("\n")}>+{incident.endpoints.length - 1}</span>}
        </dd>
      </div>
      <div>
        <dt>{t("tr.requests")}</dt>
        <dd className="num">{number(incident.requests)}<span className="fact-note">{t("tr.beforealert", { n: incident.requests_before_alert })}</span></dd>
      </div>
      <div>
        <dt>{t("tr.lasted")}</dt>
        <dd className="num">
          {Number.isNaN(last - first) ? "–" : span(last - first)}
          {!Number.isNaN(alerted - first) && <span className="fact-note">{alerted - first < 1000 ? t("tr.alertatonce") : t("tr.alertafter", { span: span(alerted - first) })}</span>}
        </dd>
      </div>
      <div>
        <dt>{t("tr.succeeded.long")}</dt>
        <dd><Succeeded value={incident.succeeded} /></dd>
      </div>
      {why && (
        <div>
          <dt>{t("tr.confidence")}</dt>
          <dd className="num">{number(why.confidence, 0)} %<span className="fact-note">{t("tr.confidence.of", { n: why.agree.length })}</span></dd>
        </div>
      )}
    </dl>
  );
}
