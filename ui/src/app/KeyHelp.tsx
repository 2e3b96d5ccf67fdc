import { Dialog } from "../components/Dialog.tsx";
import { type Key, t } from "../i18n/index.ts";
import { usePref } from "../state/prefs.ts";
import { NAV } from "./routes.tsx";

const GROUPS: readonly { title: Key; keys: readonly [string, Key][] }[] = [
  {
    title: "keys.general",
    keys: [
      ["?", "keys.help"],
      ["/", "keys.filter"],
      ["Ctrl K", "keys.palette"],
      ["p", "keys.pause"],
      ["y", "keys.copy"],
      ["Esc", "keys.close"],
    ],
  },
  {
    title: "keys.lists",
    keys: [
      ["j k", "keys.move"],
      ["Enter", "keys.open"],
      ["x", "keys.select"],
      ["a", "keys.ack"],
      ["r", "keys.resolve"],
      ["f", "keys.fp"],
      ["c", "keys.comment"],
    ],
  },
  {
    title: "keys.time",
    keys: [
      ["[ ]", "keys.shift"],
      ["z", "keys.zoom"],
    ],
  },
];

/** All keys, and the switch for those who type by voice. */
export function KeyHelp({ onClose }: { onClose: () => void }) {
  const [isOn, setOn] = usePref<boolean>("keys", true);
  return (
    <Dialog title={t("keys.title")} onClose={onClose} wide>
      <div className="keys">
        {GROUPS.map((group) => (
          <section key={group.title}>
            <h3>{t(group.title)}</h3>
            <dl>
              {group.keys.map(([key, what]) => (
                <div key={key}>
                  <dt>{key.split(" ").map((each) => <kbd key={each}>{each}</kbd>)}</dt>
                  <dd>{t(what)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <section>
          <h3>{t("keys.goto")}</h3>
          <dl>
            {NAV.map((item) => (
              <div key={item.path}>
                <dt><kbd>g</kbd><kbd>{item.key}</kbd></dt>
                <dd>{t(item.title)}</dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
      <label className="check">
        <input type="checkbox" checked={isOn} onChange={(event) => setOn(event.target.checked)} />
        <span>{t("keys.off")} <span className="muted">{t("keys.off.hint")}</span></span>
      </label>
    </Dialog>
  );
}
