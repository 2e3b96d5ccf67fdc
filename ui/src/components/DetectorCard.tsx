import type { DetectorCard as Card } from "../api/types.ts";
import { Chip } from "./Chip.tsx";
import { number } from "./format.ts";
import { t } from "../i18n/index.ts";
import "./Detector.css";

const PARTS = ["catches", "misses", "cost", "references"] as const;

/** What a detector looks at, catches and misses, and where that comes from. */
export function DetectorCard({ card }: { card: Card }) {
  return (
    <div className="col-s detector-card">
      {card.text.map((each) => <p key={each}><Coded text={each} /></p>)}
      <dl className="facts">
        {PARTS.map((part) => card[part] !== "" && (
          <Part key={part} title={t(`c.detector.${part}`)}><Coded text={card[part]} /></Part>
        ))}
        <Part title={t("c.detector.setting")}>
          <code>detectors.{card.id}</code> {card.enabled ? <>{t("c.detector.weight", { weight: number(card.weight) })}</> : <Chip tone="warn">{t("c.detector.off")}</Chip>}
        </Part>
        <Part title={t("c.detector.page")}><code>{card.page}</code></Part>
      </dl>
    </div>
  );
}

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** Text in which code stands between backticks. */
function Coded({ text }: { text: string }) {
  return <>{text.split(/`+/).map((each, at) => (at % 2 ? <code key={at}>{each}</code> : each))}</>;
}
