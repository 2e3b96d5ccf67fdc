import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { get, patch, post } from "../../api/client.ts";
import type { NewUser, UserChange, UserItem, UserList } from "../../api/types.gen.ts";
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

type Role = NewUser["role"];

const ROLES: readonly Role[] = ["viewer", "analyst", "responder", "admin"];
const LIST = ["users"];

/** People who may log in, and what they may do. */
export function Users() {
  const client = useQueryClient();
  const users = useQuery({ queryKey: LIST, queryFn: () => get<UserList>("users") });
  const [isAdding, setAdding] = useState(false);
  const again = () => client.invalidateQueries({ queryKey: LIST });
  const change = useMutation({
    mutationFn: ({ user, changes }: { user: UserItem; changes: UserChange }) =>
      patch<UserItem>(`users/${encodeURIComponent(user.id)}`, changes),
    onSuccess: () => {
      toast(t("usr.changed"), { tone: "good" });
      return again();
    },
    onError: (error) => toast(error.message, { tone: "bad" }),
  });
  return (
    <>
      <Panel title={t("set.users")} flush actions={<Button icon="plus" onClick={() => setAdding(true)}>{t("usr.new")}</Button>}>
        <Answer query={users} lines={4}>
          {(data) =>
            data.items.length === 0 ? (
              <Empty title={t("usr.none")} />
            ) : (
              <ListTable
                label={t("set.users")}
                rows={data.items}
                rowKey={(user) => user.id}
                columns={[
                  { title: t("set.name"), heads: true, render: (user) => <Untrusted text={user.name} most={100} /> },
                  {
                    title: t("usr.role"),
                    render: (user) => (
                      <select
                        className="input"
                        aria-label={`${t("usr.role")}: ${visibleText(user.name, 60)}`}
                        value={user.role}
                        onChange={(event) => change.mutate({ user, changes: { role: event.target.value as Role } })}
                      >
                        {ROLES.map((role) => <option key={role} value={role}>{t(`usr.role.${role}`)}</option>)}
                      </select>
                    ),
                  },
                  { title: t("set.state"), render: (user) => <Chip tone={user.disabled ? undefined : "good"}>{user.disabled ? t("usr.disabled") : t("usr.active")}</Chip> },
                  { title: t("usr.lastlogin"), render: (user) => (user.last_login ? <Time ts={user.last_login} /> : t("set.never")) },
                  { title: t("set.created"), render: (user) => <Time ts={user.created} /> },
                  {
                    title: t("set.actions"),
                    render: (user) => <Button small onClick={() => change.mutate({ user, changes: { disabled: !user.disabled } })}>{user.disabled ? t("usr.enable") : t("usr.disable")}</Button>,
                  },
                ]}
              />
            )
          }
        </Answer>
      </Panel>
      {isAdding && (
        <NewUserDialog
          onClose={() => setAdding(false)}
          onAdded={() => {
            setAdding(false);
            toast(t("usr.added"), { tone: "good" });
            void again();
          }}
        />
      )}
    </>
  );
}

function NewUserDialog({ onClose, onAdded }: { onClose: () => void; onAdded: () => void }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<Role>("analyst");
  const add = useMutation({
    mutationFn: () => post<UserItem>("users", { name: name.trim(), role, password } satisfies NewUser),
    onSuccess: onAdded,
  });
  return (
    <Dialog
      title={t("usr.new")}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>{t("set.cancel")}</Button>
          <Button look="primary" reason={name.trim() && password ? null : t("key.needname")} onClick={() => add.mutate()}>{t("usr.add")}</Button>
        </>
      }
    >
      <form
        className="wide-form"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate();
        }}
      >
        <Field label={t("set.name")} error={add.error?.message ?? null}>
          {(ids) => <input {...ids} className="input" autoComplete="off" value={name} maxLength={100} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label={t("usr.role")}>
          {(ids) => (
            <select {...ids} className="input" value={role} onChange={(event) => setRole(event.target.value as Role)}>
              {ROLES.map((each) => <option key={each} value={each}>{t(`usr.role.${each}`)}</option>)}
            </select>
          )}
        </Field>
        <Field label={t("usr.password")} hint={t("usr.password.hint")}>
          {(ids) => <input {...ids} className="input" type="password" autoComplete="new-password" value={password} onChange={(event) => setPassword(event.target.value)} />}
        </Field>
      </form>
    </Dialog>
  );
}
