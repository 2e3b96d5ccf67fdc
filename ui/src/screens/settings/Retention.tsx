import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { get, put } from "../../api/client.ts";
import type { Settings as Told } from "../../api/types.gen.ts";
import { Button } from "../../components/Button.tsx";
import { Chip } from "../../components/Chip.tsx";
import { Field } from "../../components/Field.tsx";
import { bytes, span } from "../../components/format.ts";
import { Panel } from "../../components/Panel.tsx";
import { Answer } from "../../components/States.tsx";
import { toast } from "../../components/Toast.tsx";
import { t } from "../../i18n/index.ts";

const LIST = ["settings"];

/** Names and values of nested settings, by dotted name. */
export function flat(settings: Readonly<Record<string, unknown>>, before = ""): [string, unknown][] {
  return Object.entries(settings).flatMap(([name, value]) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? flat(value as Record<string, unknown>, `${before}${name}.`)
      : [[`${before}${name}`, value] as [string, unknown]],
  );
}

/** A value as it is written in the file of settings; large sizes and times also as people say them. */
export function shown(name: string, value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "number" && value >= 1000 && name.endsWith("_bytes")) return `${value} (${bytes(value)})`;
  if (typeof value === "number" && value >= 120 && name.endsWith("_seconds")) return `${value} (${span(value * 1000)})`;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** All settings as they are in force; the few that change at once can be changed here. */
export function Retention() {
  const told = useQuery({ queryKey: LIST, queryFn: () => get<Told>("settings") });
  const [wanted, setWanted] = useState("");
  return (
    <Panel title={t("set.retention")} sub={t("ret.sub")}>
      <div className="col">
        <Field label={t("ret.find")}>
          {(ids) => <input {...ids} className="input" type="search" value={wanted} onChange={(event) => setWanted(event.target.value)} />}
        </Field>
        <Answer query={told} lines={10}>
          {(data) => (
            <div className="scroll-x">
              <table className="plain-table">
                <caption className="sr-only">{t("set.retention")}</caption>
                <thead>
                  <tr>
                    <th scope="col">{t("ret.setting")}</th>
                    <th scope="col">{t("ret.value")}</th>
                  </tr>
                </thead>
                <tbody>
                  {flat(data.settings)
                    .filter(([name]) => name.includes(wanted.trim().toLowerCase()))
                    .map(([name, value]) => (
                      <tr key={name}>
                        <th scope="row" className="mono setting-name">{name}</th>
                        <td>{data.changeable.includes(name) ? <Change name={name} value={Number(value)} isChanged={name in data.changed} /> : <span className="mono">{shown(name, value)}</span>}</td>
                      </tr>
                    ))}
                </tbody>
              </table>
            </div>
          )}
        </Answer>
      </div>
    </Panel>
  );
}

function Change({ name, value, isChanged }: { name: string; value: number; isChanged: boolean }) {
  const client = useQueryClient();
  const [text, setText] = useState(String(value));
  const save = useMutation({
    mutationFn: (next: number | null) => put<Told>("settings", { changes: { [name]: next } }),
    onSuccess: (told) => {
      client.setQueryData(LIST, told);
      const now = flat(told.settings).find(([each]) => each === name)?.[1];
      setText(String(now));
      toast(t("ret.saved"), { tone: "good" });
    },
    onError: (error) => toast(error.message, { tone: "bad" }),
  });
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(Number(text));
      }}
    >
      <input className="input" aria-label={name} type="number" min={1} value={text} onChange={(event) => setText(event.target.value)} />
      {text !== String(value) && <Button small type="submit">{t("ret.save")}</Button>}
      {isChanged && (
        <>
          <Chip>{t("ret.changed")}</Chip>
          <Button small look="quiet" onClick={() => save.mutate(null)}>{t("ret.back")}</Button>
        </>
      )}
    </form>
  );
}
