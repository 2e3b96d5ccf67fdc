import { useState } from "react";
import { useFeedback } from "../../api/queries.ts";
import type { Incident, Verdict as Name } from "../../api/types.ts";
import { Button } from "../../components/Button.tsx";
import { Field } from "../../components/Field.tsx";
import { Panel } from "../../components/Panel.tsx";
import { toast } from "../../components/Toast.tsx";
import { t } from "../../i18n/index.ts";
import { useTriage, VERDICTS } from "../triage/useTriage.ts";

/** What it really was; the thresholds learn from it. */
export function Verdict({ incident }: { incident: Incident }) {
  const feedback = useFeedback();
  const { reason: mayNot } = useTriage();
  const [chosen, setChosen] = useState<Name | null>(null);
  const [reason, setReason] = useState("");
  const current = chosen ?? incident.verdict;
  const save = () => {
    if (chosen === null) return;
    feedback.mutate(
      { id: incident.id, verdict: chosen, reason: reason.trim() },
      {
        onSuccess: () => {
          setChosen(null);
          setReason("");
          toast(t("tr.verdict.saved"), { tone: "good" });
        },
        onError: (error) => toast(error.message, { tone: "bad" }),
      },
    );
  };
  return (
    <Panel title={t("tr.verdict")} sub={t("tr.verdict.sub")} className="no-print">
      <div className="col-s">
        <div className="verdicts" role="radiogroup" aria-label={t("tr.verdict")}>
          {VERDICTS.map((name) => (
            <label key={name} className="verdict" title={mayNot ?? undefined}>
              <input type="radio" name="verdict" checked={current === name} disabled={mayNot !== null} onChange={() => setChosen(name)} />
              <span>{t(`tr.verdict.${name}`)}</span>
            </label>
          ))}
        </div>
        {chosen !== null && (
          <>
            <Field label={t("tr.verdict.reason")}>
              {(ids) => <textarea {...ids} className="input" rows={2} maxLength={2000} value={reason} onChange={(event) => setReason(event.target.value)} />}
            </Field>
            <div className="row">
              <Button look="primary" reason={feedback.isPending ? t("c.loading") : null} onClick={save}>{t("tr.verdict.save")}</Button>
              <Button look="quiet" onClick={() => setChosen(null)}>{t("c.cancel")}</Button>
            </div>
          </>
        )}
      </div>
    </Panel>
  );
}
