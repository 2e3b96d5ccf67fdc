import type { BundleRow, Bundles as Told } from "../../api/types.gen.ts";
import { Button } from "../../components/Button.tsx";
import { Chip } from "../../components/Chip.tsx";
import { bytes } from "../../components/format.ts";
import { Panel } from "../../components/Panel.tsx";
import { Empty } from "../../components/States.tsx";
import { Time } from "../../components/Time.tsx";
import { Untrusted } from "../../components/Untrusted.tsx";
import { t } from "../../i18n/index.ts";
import type { Action, Switch } from "./SwitchDialog.tsx";

const TONES = { active: "good", shadow: "warn", candidate: undefined, retired: undefined } as const;

/** What can become of a bundle from each state. */
const STEPS: Readonly<Record<BundleRow["state"], readonly Action[]>> = {
  active: ["retire"],
  shadow: ["activate", "retire"],
  candidate: ["shadow", "activate", "remove"],
  retired: ["activate", "remove"],
};

/** All bundles with what can be done with them. */
export function Bundles({ told, reason, onSwitch, onOpen }: {
  told: Told; reason: string | null; onSwitch: (wanted: Switch) => void; onOpen: (id: string) => void;
}) {
  return (
    <Panel title={t("md.bundles")} flush>
      {told.items.length === 0 ? (
        <Empty title={t("md.none")} icon="info"><p>{t("md.nonehint")}</p></Empty>
      ) : (
        <div className="scroll-x">
          <table className="plain-table">
            <caption className="sr-only">{t("md.bundles")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("md.id")}</th>
                <th scope="col">{t("md.state")}</th>
                <th scope="col">{t("md.added")}</th>
                <th scope="col">{t("md.by")}</th>
                <th scope="col">{t("md.signed")}</th>
                <th scope="col" className="end">{t("md.size")}</th>
                <th scope="col">{t("md.actions")}</th>
              </tr>
            </thead>
            <tbody>
              {told.items.map((row) => (
                <tr key={row.id}>
                  <th scope="row"><Button small look="quiet" className="mono" onClick={() => onOpen(row.id)}>{row.id}</Button></th>
                  <td><Chip tone={TONES[row.state]}>{t(`md.state.${row.state}`)}</Chip></td>
                  <td><Time ts={row.added} /></td>
                  <td><Untrusted text={row.added_by} most={60} /></td>
                  <td><Untrusted text={row.signed_by} most={60} /></td>
                  <td className="end num">{bytes(row.bytes)}</td>
                  <td>
                    <span className="row">
                      {STEPS[row.state].map((action) => (
                        <Button key={action} small reason={reason} look={action === "remove" ? "danger" : "plain"} onClick={() => onSwitch({ action, id: row.id })}>
                          {t(`md.${action}`)}
                        </Button>
                      ))}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
