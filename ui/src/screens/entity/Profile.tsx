import { bytes, millis, number, percent, span } from "../../components/format.ts";
import { t } from "../../i18n/index.ts";
import type { Measure } from "./shapes.ts";

/** Each measure now, as usual for this one, and for its peers; a dot shows where it stands among them. */
export function Profile({ measures }: { measures: readonly Measure[] }) {
  const hasUsual = measures.some((each) => each.usual !== null);
  return (
    <div className="scroll-x" role="region" tabIndex={0} aria-label={t("tr.profile")}>
      <table className="plain-table profile">
        <thead>
          <tr>
            <th scope="col">{t("tr.measure")}</th>
            <th scope="col" className="end">{t("c.actual")}</th>
            {hasUsual && <th scope="col" className="end">{t("c.usual")}</th>}
            <th scope="col" className="end">{t("tr.peers.median")}</th>
            <th scope="col" className="end">{t("tr.peers.p95")}</th>
            <th scope="col">{t("tr.rank")}</th>
          </tr>
        </thead>
        <tbody>
          {measures.map((each) => {
            const peers = each.peers;
            const odd = each.actual !== null && peers?.p95 != null && each.actual > peers.p95;
            return (
              <tr key={each.name} className={odd ? "profile-odd" : undefined}>
                <th scope="row">{each.name} <span className="muted small">{unitOf(each.unit)}</span></th>
                <td className="end num strong">{shown(each.actual, each.unit)}</td>
                {hasUsual && <td className="end num">{shown(each.usual, each.unit)}</td>}
                <td className="end num muted">{shown(peers?.median ?? null, each.unit)}</td>
                <td className="end num muted">{shown(peers?.p95 ?? null, each.unit)}</td>
                <td>
                  {peers?.rank != null && (
                    <span className="rank">
                      <span className="rank-line" aria-hidden="true"><i style={{ left: `${100 * peers.rank}%` }} /></span>
                      <span className="num small">{t("tr.aboveshare", { share: percent(peers.rank) })}</span>
                    </span>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function unitOf(unit: string): string {
  return unit.startsWith("bytes") || unit.startsWith("µs") ? "per hour" : unit === "s" ? "" : unit;
}

function shown(value: number | null, unit: string): string {
  if (unit.startsWith("bytes")) return bytes(value);
  if (unit.startsWith("µs")) return value === null ? "–" : millis(value / 1000);
  if (unit === "s" && value !== null) return value < 60 ? millis(value * 1000) : span(value * 1000);
  return number(value);
}
