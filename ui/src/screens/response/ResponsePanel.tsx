import { useState } from "react";
import type { EntityRef } from "../../api/types.ts";
import { Button } from "../../components/Button.tsx";
import { Chip } from "../../components/Chip.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { Field } from "../../components/Field.tsx";
import { number, percent } from "../../components/format.ts";
import { Panel } from "../../components/Panel.tsx";
import { ErrorState, Loading } from "../../components/States.tsx";
import { Time } from "../../components/Time.tsx";
import { toast } from "../../components/Toast.tsx";
import { Value } from "../../components/Value.tsx";
import { visibleText } from "../../components/visible.ts";
import { t } from "../../i18n/index.ts";
import type { Filter } from "../../state/filters.ts";
import { useMe } from "../triage/useMe.ts";
import { type Action, ACTIONS, type Decision, type Scope, SCOPES, useDecisions, type Wanted } from "./useDecisions.ts";

const DURATIONS = [900, 3600, 86_400, 604_800] as const;
const MOST_TARGETS = 8;

/** What is done about it: a decision is tried on the last day before it is made, and always ends. */
export function ResponsePanel({ targets, incident, filter, suggested = "block" }: {
  targets: readonly EntityRef[]; incident?: string; filter: Filter; suggested?: Action;
}) {
  const { found, tryOut, make, lift } = useDecisions(filter);
  const { may } = useMe();
  const known = targets.filter((each) => (SCOPES as readonly string[]).includes(each.kind)).slice(0, MOST_TARGETS);
  const [at, setAt] = useState(0);
  const [action, setAction] = useState<Action>(suggested);
  const [seconds, setSeconds] = useState<number>(3600);
  const [reason, setReason] = useState("");
  const [asked, setAsked] = useState<Wanted | null>(null);
  const target = known[at] ?? known[0];
  if (!target) return null;
  const refused = may("respond") ? null : t("tr.respond.mayno");
  const begin = () => {
    const wanted: Wanted = { scope: target.kind as Scope, value: target.id, action, duration_seconds: seconds, reason: reason.trim() || t("tr.respond.reasonusual"), ...(incident ? { incident } : {}) };
    setAsked(wanted);
    tryOut.mutate(wanted);
  };
  const decide = () => {
    if (!asked) return;
    make.mutate(asked, {
      onSuccess: (made) => {
        setAsked(null);
        setReason("");
        toast(t("tr.respond.made", { action: t(`tr.action.${made.action}`), value: visibleText(made.value, 60) }), { tone: "good", action: { label: t("tr.undo"), run: () => lift.mutate(made.id) } });
      },
      onError: (error) => toast(error.message, { tone: "bad" }),
    });
  };
  return (
    <Panel title={t("tr.respond")} className="no-print">
      <div className="col-s" data-respond="">
        <p className="notice notice-warn">{t("tr.respond.none")}</p>
        <div className="respond">
          <Field label={t("tr.respond.action")}>
            {(ids) => (
              <select {...ids} className="input" value={action} onChange={(event) => setAction(event.target.value as Action)}>
                {ACTIONS.map((each) => <option key={each} value={each}>{t(`tr.action.${each}`)}</option>)}
              </select>
            )}
          </Field>
          <Field label={t("tr.respond.duration")}>
            {(ids) => (
              <select {...ids} className="input" value={seconds} onChange={(event) => setSeconds(Number(event.target.value))}>
                {DURATIONS.map((each) => <option key={each} value={each}>{t(`tr.duration.${each}`)}</option>)}
              </select>
            )}
          </Field>
        </div>
        <Field label={t("tr.respond.scope")}>
          {(ids) => (
            <select {...ids} className="input" value={at} onChange={(event) => setAt(Number(event.target.value))}>
              {known.map((each, index) => <option key={`${each.kind} ${each.id}`} value={index}>{each.kind} {visibleText(each.id, 60)}</option>)}
            </select>
          )}
        </Field>
        <Field label={t("tr.respond.reason")}>
          {(ids) => <input {...ids} className="input" maxLength={500} value={reason} placeholder={t("tr.respond.reasonusual")} onChange={(event) => setReason(event.target.value)} />}
        </Field>
        <span><Button reason={refused} onClick={begin}>{t("tr.respond.preview")}</Button></span>
        <Made decisions={found.data?.items ?? []} onLift={(id) => lift.mutate(id)} refused={refused} />
      </div>
      {asked && (
        <Dialog
          title={t("tr.respond.title", { action: t(`tr.action.${asked.action}`), duration: t(`tr.duration.${asked.duration_seconds as 900}`) })}
          onClose={() => setAsked(null)}
          foot={
            <>
              <Button onClick={() => setAsked(null)}>{t("c.cancel")}</Button>
              <Button look="primary" reason={tryOut.data?.allowed ? (make.isPending ? t("c.loading") : null) : t("tr.respond.refused")} onClick={decide}>{t("tr.respond.decide")}</Button>
            </>
          }
        >
          <div className="col-s">
            <p><Value kind={asked.scope} value={asked.value} showKind wrap /></p>
            {tryOut.isPending && <Loading lines={3} />}
            {tryOut.isError && <ErrorState error={tryOut.error} onRetry={() => tryOut.mutate(asked)} />}
            {tryOut.data && (
              <>
                {tryOut.data.objections.map((each) => <p key={each.code} className="notice notice-bad">{visibleText(each.detail, 300)}</p>)}
                <p>
                  {t("tr.respond.would", { n: tryOut.data.preview.requests, count: number(tryOut.data.preview.requests), share: percent(tryOut.data.preview.share), clients: number(tryOut.data.preview.clients) })}
                </p>
                {tryOut.data.preview.requests_without_alert > 0 && (
                  <p className="strong">{t("tr.respond.innocent", { n: tryOut.data.preview.requests_without_alert, count: number(tryOut.data.preview.requests_without_alert), clients: number(tryOut.data.preview.clients_without_alert) })}</p>
                )}
                {tryOut.data.preview.examples_without_alert.length > 0 && (
                  <ul className="exact-list">
                    {tryOut.data.preview.examples_without_alert.map((each) => <li key={each.client}><Value kind="client" value={each.client} /><span className="num muted">{number(each.requests)}</span></li>)}
                  </ul>
                )}
                {!tryOut.data.preview.complete && <p className="muted small">{t("tr.respond.partly")}</p>}
              </>
            )}
          </div>
        </Dialog>
      )}
    </Panel>
  );
}

function Made({ decisions, onLift, refused }: { decisions: readonly Decision[]; onLift: (id: string) => void; refused: string | null }) {
  if (decisions.length === 0) return null;
  return (
    <ul className="decisions" aria-label={t("tr.respond.list")}>
      {decisions.map((each) => (
        <li key={each.id}>
          <span className="row">
            <Chip {...(each.state === "active" ? { tone: "accent" as const } : {})}>{t(`tr.decision.${each.state}`)}</Chip>
            <strong>{t(`tr.action.${each.action}`)}</strong>
            <Value kind={each.scope} value={each.value} most={40} />
          </span>
          <span className="row small muted">
            {each.state === "active" ? <>{t("tr.respond.ends")} <Time ts={each.expires} mode="relative" /></> : <>{t("tr.respond.ended")} <Time ts={each.ends} mode="relative" /></>}
            {each.state === "active" && <Button small look="quiet" reason={refused} onClick={() => onLift(each.id)}>{t("tr.respond.lift")}</Button>}
          </span>
        </li>
      ))}
    </ul>
  );
}
