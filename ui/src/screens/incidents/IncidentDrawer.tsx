import { useExplanation, useIncident } from "../../api/queries.ts";
import { AttackTypes, StatusBadge, Succeeded, VerdictBadge, Who } from "../../components/Badges.tsx";
import { Button } from "../../components/Button.tsx";
import { Drawer } from "../../components/Drawer.tsx";
import { number } from "../../components/format.ts";
import { Payload } from "../../components/Payload.tsx";
import { Severity } from "../../components/Severity.tsx";
import { Answer } from "../../components/States.tsx";
import { Time } from "../../components/Time.tsx";
import { Value } from "../../components/Value.tsx";
import { t } from "../../i18n/index.ts";
import { Sentence } from "../incident/Sentence.tsx";
import { Why } from "../triage/Why.tsx";
import { payloadOf } from "../triage/payload.ts";
import { useTriage } from "../triage/useTriage.ts";

/** An incident beside the list: enough to decide, and the way to all of it. */
export function IncidentDrawer({ id, onClose, onOpen }: { id: string; onClose: () => void; onOpen: (id: string) => void }) {
  const incident = useIncident(id);
  const why = useExplanation(id);
  const triage = useTriage();
  const row = incident.data;
  return (
    <Drawer
      title={row ? <span className="row"><Severity severity={row.severity} risk={row.risk} chip /> <AttackTypes types={row.attack_types} most={2} /></span> : t("tr.incident")}
      onClose={onClose}
      actions={<Button look="primary" small icon="open" onClick={() => onOpen(id)}>{t("tr.openincident")}</Button>}
    >
      <Answer query={incident}>
        {(data) => (
          <div className="col">
            <Sentence incident={data} />
            <div className="row no-print">
              {data.status !== "acknowledged" && <Button icon="check" reason={triage.reason} onClick={() => triage.change([data], { status: "acknowledged" })}>{t("tr.acknowledge")}</Button>}
              {data.status !== "resolved" && <Button reason={triage.reason} onClick={() => triage.change([data], { status: "resolved" })}>{t("tr.resolve")}</Button>}
              {data.verdict !== "false_positive" && <Button look="quiet" reason={triage.reason} onClick={() => triage.change([data], { verdict: "false_positive" })}>{t("tr.verdict.false_positive")}</Button>}
            </div>
            <dl className="facts">
              <dt>{t("tr.who")}</dt>
              <dd><Who entities={data.entities} total={data.entities_total} /></dd>
              <dt>{t("tr.where")}</dt>
              <dd>{data.endpoints.slice(0, 3).map((each) => <div key={each}><Value field="endpoints" kind="endpoint" value={each} /></div>)}</dd>
              <dt>{t("tr.succeeded")}</dt>
              <dd><Succeeded value={data.succeeded} /></dd>
              <dt>{t("tr.requests")}</dt>
              <dd>{t("tr.requests.before", { all: number(data.requests), before: number(data.requests_before_alert) })}</dd>
              <dt>{t("tr.when")}</dt>
              <dd><Time ts={data.first_ts} mode="absolute" /> – <Time ts={data.last_ts} mode="absolute" /></dd>
              <dt>{t("tr.status")}</dt>
              <dd className="row"><StatusBadge status={data.status} /><VerdictBadge verdict={data.verdict} /></dd>
            </dl>
            <Answer query={why} lines={4}>
              {(told) => (
                <section>
                  <h3>{t("tr.why")}</h3>
                  <Why told={told} />
                </section>
              )}
            </Answer>
            {data.samples[0] && (
              <section className="col-s">
                <h3>{t("tr.samples")}</h3>
                <Payload {...payloadOf(data.samples[0])} />
              </section>
            )}
          </div>
        )}
      </Answer>
    </Drawer>
  );
}
