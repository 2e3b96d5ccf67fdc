import { number, severityOf, signed } from "./format.ts";
import { Untrusted } from "./Untrusted.tsx";
import { severityClass } from "./Severity.tsx";
import { t } from "../i18n/index.ts";
import "./Contributions.css";

export interface Contribution {
  name: string;
  actual: number | string;
  usual?: number | string | null;
  unit?: string;
  contribution: number;
  /** In what the actual value was counted. */
  window?: string;
  /** Requests from which the usual value is known. */
  n?: number | null;
  /** Who found it. */
  detector?: string | undefined;
}

export interface Step {
  kind: "base" | "factor" | "rest" | "clip";
  item: Contribution | null;
  points: number;
  /** Where its bar begins and ends on the way from 0 to the risk. */
  from: number;
  to: number;
}

const LIMIT = 100;
/** Less than this is rounding, and no row of its own. */
const ROUNDING = 0.05;

/**
 * The way from the base to the risk, step by step. The points of all steps add up to the total; what
 * the list does not explain is a step too, and so is what the limit takes away.
 */
export function steps(base: number, items: readonly Contribution[], total: number, rest?: number): Step[] {
  const out: Step[] = [];
  let sum = 0;
  const add = (kind: Step["kind"], points: number, item: Contribution | null = null) => {
    out.push({ kind, item, points, from: sum, to: sum + points });
    sum += points;
  };
  add("base", base);
  for (const item of items) add("factor", item.contribution, item);
  if (rest !== undefined && Math.abs(rest) >= ROUNDING) add("rest", rest);
  const left = total - sum;
  if (Math.abs(left) >= ROUNDING) add(sum > LIMIT && left < 0 ? "clip" : "rest", left);
  return out;
}

/** Why a risk is what it is: a bar for each signal that begins where the one before ended. */
export function Contributions({ base, items, total, rest, renderSource }: {
  base: number; items: readonly Contribution[]; total: number; rest?: number;
  renderSource?: (item: Contribution) => React.ReactNode;
}) {
  const way = steps(base, items, total, rest);
  const top = Math.max(LIMIT, ...way.map((step) => Math.max(step.from, step.to)));
  const hasUsual = items.some((item) => item.usual !== null && item.usual !== undefined);
  const place = (from: number, to: number) => ({ left: `${(100 * Math.max(0, Math.min(from, to))) / top}%`, width: `${(100 * Math.abs(to - from)) / top}%` });
  return (
    <div className="contrib-box">
      <table className="contrib">
        <thead>
          <tr>
            <th scope="col">{t("c.signal")}</th>
            <th scope="col">{t("c.actual")}</th>
            {hasUsual && <th scope="col">{t("c.usual")}</th>}
            <th scope="col" className="end">{t("c.points")}</th>
            <th scope="col" aria-hidden="true" className="contrib-bar"><span className="row"><span className="grow">0</span>{LIMIT}</span></th>
          </tr>
        </thead>
        <tbody>
          {way.map((step, at) => (
            <tr key={at}>
              <th scope="row">
                {step.item ? <Signal item={step.item} renderSource={renderSource} /> : <span className="muted">{step.kind === "base" ? t("c.base") : step.kind === "clip" ? t("c.clipped", { limit: LIMIT }) : t("c.rest")}</span>}
              </th>
              <td>{step.item && <Measure value={step.item.actual} unit={step.item.unit} />}</td>
              {hasUsual && <td className="contrib-usual muted" data-title={t("c.usual")}>{step.item && step.item.usual != null ? <Usual item={step.item} /> : null}</td>}
              <td className="end">{step.kind === "base" ? number(step.points, 1) : signed(step.points)}</td>
              <td className="contrib-bar" aria-hidden="true">
                <span className="fall">
                  <span className={step.kind === "base" ? "fall-base" : step.points < 0 ? "fall-down" : step.kind === "rest" ? "fall-rest" : undefined} style={place(step.from, step.to)} />
                </span>
              </td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{t("c.risk")}</th>
            <td colSpan={hasUsual ? 2 : 1} />
            <td className="end">{number(total, 1)}</td>
            <td className={`contrib-bar ${severityClass(severityOf(total))}`} aria-hidden="true">
              <span className="fall"><span className="fall-total" style={place(0, total)} /></span>
            </td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

/** What was measured, in what it was counted, and who found it. */
function Signal({ item, renderSource }: { item: Contribution; renderSource: ((item: Contribution) => React.ReactNode) | undefined }) {
  return (
    <>
      <Untrusted text={item.name} most={160} />
      {(item.window || item.detector) && (
        <span className="contrib-note">
          {item.window}
          {item.window && item.detector && renderSource && " · "}
          {item.detector && renderSource?.(item)}
        </span>
      )}
    </>
  );
}

function Usual({ item }: { item: Contribution }) {
  return (
    <>
      <Measure value={item.usual ?? null} unit={item.unit} />
      {item.n != null && <span className="contrib-note">{t("c.usual.from", { n: item.n })}</span>}
    </>
  );
}

/** A measured value with its unit; text is somebody else's. */
export function Measure({ value, unit }: { value: number | string | null; unit?: string | undefined }) {
  if (value === null) return <span className="muted">–</span>;
  if (typeof value === "string") return <span className="contrib-value mono"><Untrusted text={value} most={240} /></span>;
  return <span className="num">{number(value)}{unit ? <span className="muted"> {value === 1 && unit.length > 2 && unit.endsWith("s") ? unit.slice(0, -1) : unit}</span> : null}</span>;
}
