import { useState } from "react";
import { KEY_TITLES } from "../../app/keyTitles.ts";
import { Button } from "../../components/Button.tsx";
import { Field } from "../../components/Field.tsx";
import { Panel } from "../../components/Panel.tsx";
import { t } from "../../i18n/index.ts";
import { type Action, ACTIONS, takenBy, useKeymap } from "../../state/keymap.ts";

/** Every key of one character: another one is typed, an empty field is none. */
export function Keymap() {
  const map = useKeymap();
  const [refused, setRefused] = useState<{ action: Action; by: Action; key: string } | null>(null);
  const change = (action: Action, typed: string) => {
    const key = [...typed.trim()].at(-1) ?? "";
    const by = takenBy(key, action);
    setRefused(by === null ? null : { action, by, key });
    if (by === null) map.set(action, key);
  };
  return (
    <Panel title={t("look.keymap")} sub={t("look.keymap.sub")} actions={<Button small reason={map.isChanged ? null : t("look.keymap.same")} onClick={() => {
      setRefused(null);
      map.reset();
    }}>{t("look.keymap.reset")}</Button>}>
      <div className="keymap">
        {ACTIONS.map((action) => (
          <Field key={action} label={t(KEY_TITLES[action])} error={refused?.action === action ? t("look.keymap.taken", { key: refused.key, by: t(KEY_TITLES[refused.by]) }) : null}>
            {(ids) => (
              <input {...ids} className="input mono" autoComplete="off" spellCheck={false} value={map.keyOf(action)} placeholder={t("look.keymap.none")} onFocus={(event) => event.target.select()} onChange={(event) => change(action, event.target.value)} />
            )}
          </Field>
        ))}
      </div>
    </Panel>
  );
}
