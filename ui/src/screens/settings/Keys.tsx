import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { del, get, post } from "../../api/client.ts";
import type { KeyItem, KeyList, MadeKey, NewKey } from "../../api/types.gen.ts";
import { Button } from "../../components/Button.tsx";
import { Chip } from "../../components/Chip.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { Field } from "../../components/Field.tsx";
import { ListTable } from "../../components/ListTable.tsx";
import { Panel } from "../../components/Panel.tsx";
import { Answer, Empty } from "../../components/States.tsx";
import { Time } from "../../components/Time.tsx";
import { toast } from "../../components/Toast.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { visibleText } from "../../components/visible.ts";
import { t } from "../../i18n/index.ts";
import { Once } from "./Snippet.tsx";

type Scope = NewKey["scopes"][number];

const SCOPES: readonly Scope[] = ["ingest", "read", "respond", "bouncer", "admin"];
const TONES = { active: "good", expired: "warn", revoked: undefined } as const;
const LIST = ["keys"];
const OVERLAP_SECONDS = 3600;
const LONGEST_DAYS = 3650;

const failed = (error: Error) => toast(error.message, { tone: "bad" });

/** Keys of programs: who made them, what they may do, when they were used. */
export function Keys() {
  const client = useQueryClient();
  const keys = useQuery({ queryKey: LIST, queryFn: () => get<KeyList>("keys") });
  const [isMaking, setMaking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const [doomed, setDoomed] = useState<KeyItem | null>(null);
  const again = () => client.invalidateQueries({ queryKey: LIST });
  const revoke = useMutation({
    mutationFn: (id: string) => del<KeyItem>(`keys/${encodeURIComponent(id)}`),
    onSuccess: () => {
      setDoomed(null);
      toast(t("key.revoked"), { tone: "good" });
      return again();
    },
    onError: failed,
  });
  const rotate = useMutation({
    mutationFn: (id: string) => post<MadeKey>(`keys/${encodeURIComponent(id)}/rotate`, { overlap_seconds: OVERLAP_SECONDS }),
    onSuccess: (key) => {
      setMade(key.key);
      return again();
    },
    onError: failed,
  });
  return (
    <>
      {made !== null && <Once text={made}>{t("key.made")}</Once>}
      <Panel title={t("set.keys")} flush actions={<Button icon="plus" onClick={() => setMaking(true)}>{t("key.new")}</Button>}>
        <Answer query={keys} lines={4}>
          {(data) =>
            data.items.length === 0 ? (
              <Empty title={t("key.none")} />
            ) : (
              <ListTable
                label={t("set.keys")}
                rows={data.items}
                rowKey={(key) => key.id}
                columns={[
                  { title: t("set.name"), heads: true, render: (key) => <Untrusted text={key.name} most={100} /> },
                  { title: t("key.scopes"), render: (key) => key.scopes.join(", ") },
                  { title: t("set.state"), render: (key) => <Chip tone={TONES[key.state]}>{t(`key.state.${key.state}`)}</Chip> },
                  { title: t("set.created"), render: (key) => <><Time ts={key.created} /> <span className="muted small"><Untrusted text={t("key.by", { name: key.created_by })} most={60} /></span></> },
                  { title: t("set.lastused"), render: (key) => (key.last_used ? <Time ts={key.last_used} /> : t("set.never")) },
                  { title: t("key.expires"), render: (key) => (key.expires ? <Time ts={key.expires} mode="absolute" /> : t("set.never")) },
                  {
                    title: t("set.actions"),
                    render: (key) => key.state === "active" && (
                      <span className="row">
                        <Button small title={t("key.rotate.hint")} onClick={() => rotate.mutate(key.id)}>{t("key.rotate")}</Button>
                        <Button small look="danger" onClick={() => setDoomed(key)}>{t("key.revoke")}</Button>
                      </span>
                    ),
                  },
                ]}
              />
            )
          }
        </Answer>
      </Panel>
      {isMaking && (
        <NewKeyDialog
          onClose={() => setMaking(false)}
          onMade={(key) => {
            setMaking(false);
            setMade(key);
            void again();
          }}
        />
      )}
      {doomed && (
        <Dialog
          title={t("key.revoke")}
          onClose={() => setDoomed(null)}
          foot={
            <>
              <Button onClick={() => setDoomed(null)}>{t("set.cancel")}</Button>
              <Button look="danger" onClick={() => revoke.mutate(doomed.id)}>{t("key.revoke")}</Button>
            </>
          }
        >
          <p>{t("key.revoke.sure", { name: visibleText(doomed.name, 100) })}</p>
        </Dialog>
      )}
    </>
  );
}

function NewKeyDialog({ onClose, onMade }: { onClose: () => void; onMade: (key: string) => void }) {
  const [name, setName] = useState("");
  const [days, setDays] = useState("");
  const [scopes, setScopes] = useState<readonly Scope[]>(["ingest"]);
  const make = useMutation({
    mutationFn: () => post<MadeKey>("keys", { name: name.trim(), scopes, expires_days: days ? Number(days) : null }),
    onSuccess: (key) => onMade(key.key),
  });
  const missing = name.trim() === "" ? t("key.needname") : scopes.length === 0 ? t("key.needscope") : null;
  return (
    <Dialog
      title={t("key.new")}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("set.cancel")}</Button>
          <Button look="primary" reason={missing} onClick={() => make.mutate()}>{t("key.make")}</Button>
        </>
      }
    >
      <div className="wide-form">
        <Field label={t("set.name")} error={make.error?.message ?? null}>
          {(ids) => <input {...ids} className="input" value={name} maxLength={100} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <fieldset className="choices">
          <legend>{t("key.scopes")}</legend>
          {SCOPES.map((scope) => (
            <label key={scope}>
              <input
                type="checkbox"
                checked={scopes.includes(scope)}
                onChange={(event) => setScopes(event.target.checked ? [...scopes, scope] : scopes.filter((each) => each !== scope))}
              />
              {t(`key.scope.${scope}`)}
            </label>
          ))}
        </fieldset>
        <Field label={t("key.days")} hint={t("key.days.hint")}>
          {(ids) => <input {...ids} className="input" type="number" min={1} max={LONGEST_DAYS} value={days} onChange={(event) => setDays(event.target.value)} />}
        </Field>
      </div>
    </Dialog>
  );
}
