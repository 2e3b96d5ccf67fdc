import { Link } from "wouter";
import { useAlert, useAlertExplanation } from "../../api/queries.ts";
import { Succeeded } from "../../components/Badges.tsx";
import { DetectorName } from "../../components/DetectorName.tsx";
import { Drawer } from "../../components/Drawer.tsx";
import { number, words } from "../../components/format.ts";
import { Payload } from "../../components/Payload.tsx";
import { Severity } from "../../components/Severity.tsx";
import { Answer } from "../../components/States.tsx";
import { Time } from "../../components/Time.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { Value } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import { payloadOf } from "./payload.ts";
import { Why } from "./Why.tsx";
import "./triage.css";

/** One alert: what was detected, by what, and why it counts as much. */
export function AlertDrawer({ id, onClose, withIncident = false }: { id: string; onClose: () => void; withIncident?: boolean }) {
  const alert = useAlert(id);
  const why = useAlertExplanation(id);
  const row = alert.data;
  return (
    <Drawer title={row ? <span className="row"><Severity severity={row.severity} risk={row.risk} chip /> {words(row.attack_type)}</span> : t("tr.alert")} onClose={onClose}>
      <Answer query={alert}>
        {(data) => (
          <div className="col">
            <p className="sentence"><Untrusted text={data.reason} most={1000} /></p>
            <dl className="facts">
              <dt>{t("tr.who")}</dt>
              <dd><Value kind={data.entity?.kind ?? "client"} value={data.entity?.id} showKind /></dd>
              <dt>{t("tr.where")}</dt>
              <dd><Value kind="endpoint" field="endpoint" value={data.endpoint} wrap /></dd>
              <dt>{t("tr.when")}</dt>
              <dd><Time ts={data.ts} mode="both" /></dd>
              <dt>{t("tr.beforethis")}</dt>
              <dd className="num">{number(data.requests_before)}</dd>
              <dt>{t("tr.succeeded")}</dt>
              <dd><Succeeded value={data.succeeded} /></dd>
              <dt>{t("tr.detectors")}</dt>
              <dd className="row">{data.detectors.map((each) => <DetectorName key={each} id={each} />)}</dd>
              {withIncident && data.incident && (
                <>
                  <dt>{t("tr.incident")}</dt>
                  <dd><Link href={`/incidents/${data.incident}`}>{data.incident}</Link></dd>
                </>
              )}
            </dl>
            <Answer query={why} lines={4}>
              {(told) => (
                <>
                  <Why told={told} />
                  {told.evidence?.filter((each) => each.match !== "").map((each) => <Payload key={`${each.seq} ${each.where}`} {...payloadOf(each)} />)}
                </>
              )}
            </Answer>
          </div>
        )}
      </Answer>
    </Drawer>
  );
}
