import type { Explanation } from "../../api/types.ts";
import { DetectorName } from "../../components/DetectorName.tsx";
import { percent, words } from "../../components/format.ts";
import { t } from "../../i18n/index.ts";

/** The detectors that spoke with how sure each was, how far all agree, and those that saw nothing. */
export function Agreement({ told }: { told: Explanation }) {
  const all = told.agree.length + told.silent.length;
  return (
    <div className="col-s">
      <p>{t("tr.agree", { n: told.agree.length, all })}</p>
      <ul className="detectors">
        {told.detectors.map((each) => (
          <li key={each.id}>
            <span className="strong"><DetectorName id={each.id} /></span>
            <span className="num">{percent(each.score)}</span>
            <span className="bar"><span style={{ width: `${100 * each.score}%` }} /></span>
            <span className="muted small">{each.attack_types.map(words).join(", ")} · {t("tr.alertcount", { n: each.alerts })}</span>
          </li>
        ))}
      </ul>
      {told.silent.length > 0 && (
        <details>
          <summary className="muted small">{t("tr.silent", { n: told.silent.length })}</summary>
          <div className="row silent">{told.silent.map((each) => <DetectorName key={each} id={each} />)}</div>
        </details>
      )}
    </div>
  );
}
