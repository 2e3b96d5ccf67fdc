import { useLook } from "../../app/theme.ts";
import { Field } from "../../components/Field.tsx";
import { Panel } from "../../components/Panel.tsx";
import { t } from "../../i18n/index.ts";
import { usePref } from "../../state/prefs.ts";
import { Keymap } from "./Keymap.tsx";

interface Choice {
  readonly value: string;
  readonly title: string;
}

function Pick({ label, value, choices, onChange }: { label: string; value: string; choices: readonly Choice[]; onChange: (value: string) => void }) {
  return (
    <Field label={label}>
      {(ids) => (
        <select {...ids} className="input" value={value} onChange={(event) => onChange(event.target.value)}>
          {choices.map((each) => <option key={each.value} value={each.value}>{each.title}</option>)}
        </select>
      )}
    </Field>
  );
}

/** How the page looks and whether single keys do something; kept in this browser. */
export function Appearance() {
  const look = useLook();
  const [zone, setZone] = usePref<string>("zone", "local");
  const [times, setTimes] = usePref<string>("times", "relative");
  const [keys, setKeys] = usePref<boolean>("keys", true);
  const here = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <>
      <Panel title={t("set.look")} sub={t("look.hint")}>
        <div className="wide-form">
          <Pick
            label={t("look.theme")}
            value={look.theme}
            onChange={look.setTheme}
            choices={(["system", "light", "dark"] as const).map((value) => ({ value, title: t(`top.theme.${value}`) }))}
          />
          <Pick
            label={t("look.density")}
            value={look.density}
            onChange={look.setDensity}
            choices={(["comfortable", "compact"] as const).map((value) => ({ value, title: t(`top.density.${value}`) }))}
          />
          <Pick
            label={t("look.zone")}
            value={zone}
            onChange={setZone}
            choices={[{ value: "local", title: t("look.zone.local", { zone: here }) }, { value: "utc", title: t("look.zone.utc") }]}
          />
          <Pick
            label={t("look.times")}
            value={times}
            onChange={setTimes}
            choices={(["relative", "absolute"] as const).map((value) => ({ value, title: t(`top.times.${value}`) }))}
          />
          <Pick
            label={t("look.keys")}
            value={keys ? "on" : "off"}
            onChange={(value) => setKeys(value === "on")}
            choices={[{ value: "on", title: t("look.keys.on") }, { value: "off", title: t("look.keys.off") }]}
          />
        </div>
      </Panel>
      {keys && <Keymap />}
    </>
  );
}
