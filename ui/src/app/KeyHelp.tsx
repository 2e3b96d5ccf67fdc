import { Link } from "wouter";
import { Dialog } from "../components/Dialog.tsx";
import { type Key, t } from "../i18n/index.ts";
import { type Action, useKeymap } from "../state/keymap.ts";
import { usePref } from "../state/prefs.ts";
import { KEY_TITLES } from "./keyTitles.ts";
import { NAV } from "./routes.tsx";

/** Keys that stay, whatever is changed. */
const FIXED: Partial<Record<Action, readonly [string, Key]>> = {
  filter: ["Ctrl K", "keys.palette"],
  copy: ["Esc", "keys.close"],
  up: ["↑ ↓", "keys.move"],
  open: ["Enter", "keys.open"],
};

const GROUPS: readonly { title: Key; actions: readonly Action[] }[] = [
  { title: "keys.general", actions: ["help", "filter", "pause", "copy"] },
  { title: "keys.lists", actions: ["down", "up", "open", "select", "ack", "resolve", "fp", "comment", "respond"] },
  { title: "keys.time", actions: ["earlier", "later", "zoom"] },
];

/** All keys as they are now, and the switch for those who type by voice. */
export function KeyHelp({ onClose }: { onClose: () => void }) {
  const [isOn, setOn] = usePref<boolean>("keys", true);
  const { keyOf } = useKeymap();
  return (
    <Dialog title={t("keys.title")} onClose={onClose} wide foot={<Link href="/settings/look" onClick={onClose}>{t("keys.change")}</Link>}>
      <div className="keys">
        {GROUPS.map((group) => (
          <section key={group.title}>
            <h3>{t(group.title)}</h3>
            <dl>
              {group.actions.flatMap((action) => {
                const key = keyOf(action);
                const fixed = FIXED[action];
                return [key === "" ? null : row([key], KEY_TITLES[action]), fixed ? row(fixed[0].split(" "), fixed[1]) : null];
              })}
            </dl>
          </section>
        ))}
        {keyOf("go") !== "" && (
          <section>
            <h3>{t("keys.goto")}</h3>
            <dl>{NAV.map((item) => row([keyOf("go"), item.key], item.title))}</dl>
          </section>
        )}
      </div>
      <label className="check">
        <input type="checkbox" checked={isOn} onChange={(event) => setOn(event.target.checked)} />
        <span>{t("keys.off")} <span className="muted">{t("keys.off.hint")}</span></span>
      </label>
    </Dialog>
  );
}

function row(keys: readonly string[], what: Key): React.ReactElement {
  return (
    <div key={`${what} ${keys.join(" ")}`}>
      <dt>{keys.map((each) => <kbd key={each}>{each}</kbd>)}</dt>
      <dd>{t(what)}</dd>
    </div>
  );
}
