import { Chip } from "../../components/Chip.tsx";
import { number } from "../../components/format.ts";
import { Panel } from "../../components/Panel.tsx";
import { Empty } from "../../components/States.tsx";
import { t } from "../../i18n/index.ts";
import { Bars } from "./Bars.tsx";
import type { Monitor } from "./shapes.ts";

/** Risk from which on a tick is an alarm of the models alone. */
const ALARM = 60;
const SHOWN = 12;
/** PSI at which the bar of a feature is full. */
const FULL = 0.5;

/** How the models do in this moment: their scores, what has moved, what the shadow would say. */
export function Watched({ monitor }: { monitor: Monitor }) {
  if (monitor.scores === null && monitor.drift === null && monitor.shadow === null) return null;
  return (
    <div className="split">
      <div className="col">
        <Scores monitor={monitor} />
        <Compare monitor={monitor} />
      </div>
      <Drifting monitor={monitor} />
    </div>
  );
}

function Scores({ monitor }: { monitor: Monitor }) {
  const counts = monitor.scores?.counts ?? [];
  const total = counts.reduce((sum, each) => sum + each, 0);
  const high = counts.slice(ALARM).reduce((sum, each) => sum + each, 0);
  return (
    <Panel title={t("md.scores")} sub={t("md.scores.sub")}>
      {total === 0 ? (
        <Empty title={t("md.scores.none")} icon="info" />
      ) : (
        <Bars counts={counts} from={ALARM} label={t("md.ticks")} summary={t("md.scores.summary", { n: total, high })} />
      )}
    </Panel>
  );
}

function Compare({ monitor }: { monitor: Monitor }) {
  const shadow = monitor.shadow;
  return (
    <Panel title={t("md.compare")} sub={t("md.compare.sub")}>
      {shadow === null ? (
        <p className="muted">{t("md.compare.none")}</p>
      ) : (
        <div className="col">
          <dl className="agree">
            <div><dt>{t("md.compare.both")}</dt><dd>{number(shadow.both)}</dd></div>
            <div><dt>{t("md.compare.shadow")}</dt><dd>{number(shadow.shadow_alone)}</dd></div>
            <div><dt>{t("md.compare.active")}</dt><dd>{number(shadow.active_alone)}</dd></div>
            <div><dt>{t("md.compare.quiet")}</dt><dd>{number(shadow.both_quiet)}</dd></div>
          </dl>
          <p>
            {t("md.compare.distance")}: <strong>{shadow.distance}</strong> <Chip tone={shadow.changed ? "warn" : "good"}>{shadow.changed ? t("md.drift.changed") : t("md.drift.calm")}</Chip>
          </p>
          <Bars
            counts={shadow.counts}
            from={ALARM}
            label={t("md.shadowticks")}
            summary={t("md.scores.summary", {
              n: shadow.counts.reduce((sum, each) => sum + each, 0),
              high: shadow.counts.slice(ALARM).reduce((sum, each) => sum + each, 0),
            })}
          />
        </div>
      )}
    </Panel>
  );
}

function Drifting({ monitor }: { monitor: Monitor }) {
  const drift = monitor.drift;
  const state = (psi: number) => {
    if (drift === null || psi < drift.warning) return "calm";
    return psi < drift.change ? "moves" : "changed";
  };
  return (
    <Panel title={t("md.drift")} sub={t("md.drift.sub")} flush>
      {drift === null ? (
        <Empty title={t("md.drift.none")} icon="info" />
      ) : (
        <div className="scroll-x">
          <p className="panel-body">{t("md.drift.summary", { n: drift.moved })}</p>
          <table className="plain-table">
            <caption className="sr-only">{t("md.drift")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("md.drift.feature")}</th>
                <th scope="col" className="end">{t("md.drift.psi")}</th>
                <th scope="col">{t("md.state")}</th>
              </tr>
            </thead>
            <tbody>
              {drift.features.slice(0, SHOWN).map((each) => {
                const now = state(each.psi);
                return (
                  <tr key={each.name}>
                    <th scope="row">
                      {each.name.replaceAll("_", " ")} {each.selected && <Chip>{t("md.drift.used")}</Chip>}
                    </th>
                    <td className="end num">{each.psi}</td>
                    <td className="nowrap">
                      <span
                        className={now === "calm" ? "psi" : now === "moves" ? "psi psi-warn" : "psi psi-bad"}
                        style={{ width: `${Math.min(1, each.psi / FULL) * 80 + 2}px` }}
                        aria-hidden="true"
                      />{" "}
                      {t(`md.drift.${now}`)}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
