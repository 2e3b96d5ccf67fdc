import { useState } from "react";
import { useComment } from "../../api/queries.ts";
import type { IncidentDetail } from "../../api/types.ts";
import { Button } from "../../components/Button.tsx";
import { Field } from "../../components/Field.tsx";
import { Panel } from "../../components/Panel.tsx";
import { Time } from "../../components/Time.tsx";
import { toast } from "../../components/Toast.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { t } from "../../i18n/index.ts";
import { useTriage } from "../triage/useTriage.ts";

/** What people wrote; it cannot be changed afterwards. */
export function Comments({ incident }: { incident: IncidentDetail }) {
  const comment = useComment();
  const { reason } = useTriage();
  const [text, setText] = useState("");
  const send = () => {
    if (text.trim() === "") return;
    comment.mutate({ id: incident.id, text: text.trim() }, { onSuccess: () => setText(""), onError: (error) => toast(error.message, { tone: "bad" }) });
  };
  return (
    <Panel title={t("tr.comments")} sub={incident.comments.length > 0 ? incident.comments.length : undefined}>
      <div className="col-s">
        {incident.comments.length === 0 && <p className="muted">{t("tr.comments.none")}</p>}
        <ol className="comments">
          {incident.comments.map((each) => (
            <li key={each.number}>
              <span className="row small"><strong><Untrusted text={each.author} most={80} /></strong><span className="muted"><Time ts={each.created} mode="relative" /></span></span>
              {each.text.split("\n").map((line, at) => <p key={at}><Untrusted text={line} most={4000} /></p>)}
            </li>
          ))}
        </ol>
        <form className="col-s no-print" onSubmit={(event) => {
          event.preventDefault();
          send();
        }}>
          <Field label={t("tr.comments.add")}>
            {(ids) => (
              <textarea {...ids} data-comment="" className="input" rows={2} maxLength={10_000} value={text} disabled={reason !== null} onChange={(event) => setText(event.target.value)} onKeyDown={(event) => {
                if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
              }} />
            )}
          </Field>
          <span><Button reason={reason ?? (text.trim() === "" ? t("tr.comments.empty") : comment.isPending ? t("c.loading") : null)} onClick={send}>{t("tr.comments.send")}</Button></span>
        </form>
      </div>
    </Panel>
  );
}
