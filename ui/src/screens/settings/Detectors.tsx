import { useDetectors } from "../../api/queries.ts";
import { Chip } from "../../components/Chip.tsx";
import { DetectorCard } from "../../components/DetectorCard.tsx";
import { words } from "../../components/format.ts";
import { Panel } from "../../components/Panel.tsx";
import { Answer } from "../../components/States.tsx";
import { t } from "../../i18n/index.ts";

/** Everything that looks for attacks: what each catches and misses. */
export function Detectors() {
  const detectors = useDetectors();
  return (
    <Panel title={t("set.detectors")} sub={t("det.sub")} flush>
      <Answer query={detectors} lines={12}>
        {(told) => (
          <div className="cards">
            {told.items.map((card) => (
              <details key={card.id}>
                <summary>
                  <strong>{words(card.id)}</strong>
                  <span className="muted ellipsis grow">{card.text[0]?.replaceAll("`", "")}</span>
                  {!card.enabled && <Chip tone="warn">{t("c.detector.off")}</Chip>}
                </summary>
                <DetectorCard card={card} />
              </details>
            ))}
          </div>
        )}
      </Answer>
    </Panel>
  );
}
