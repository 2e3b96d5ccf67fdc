import { classes } from "./classes.ts";
import { number, severityOf, words, type Severity as Name } from "./format.ts";
import "./Severity.css";

/** Class that sets `--sev`, `--sev-ink` and `--sev-soft` for what is inside. */
export function severityClass(severity: string | null | undefined): string {
  const known = (severity ?? "").toLowerCase();
  return ["critical", "high", "medium", "low"].includes(known) ? `sev-${known}` : "sev-low";
}

/** The shape of a severity: diamond, triangle, square, circle. */
export function SeverityMark({ severity, size = 12 }: { severity: string; size?: number }) {
  return (
    <svg className={classes("sev-mark", severityClass(severity))} width={size} height={size} viewBox="0 0 12 12" aria-hidden="true">
      {SHAPES[severity.toUpperCase()] ?? SHAPES["LOW"]}
    </svg>
  );
}

const SHAPES: Record<string, React.ReactElement> = {
  CRITICAL: <path d="M6 0 12 6 6 12 0 6Z" />,
  HIGH: <path d="M6 .6 12 11.4H0Z" />,
  MEDIUM: <rect x="1" y="1" width="10" height="10" rx="1" />,
  LOW: <circle cx="6" cy="6" r="5" />,
};

/** Severity by colour, shape, word and, when known, number. */
export function Severity({ severity, risk, chip = false, wordless = false }: {
  severity?: string | null; risk?: number | null; chip?: boolean; wordless?: boolean;
}) {
  const name = (severity ?? (risk == null ? "LOW" : severityOf(risk))) as Name;
  return (
    <span className={classes("sev", severityClass(name), chip && "sev-chip")}>
      <SeverityMark severity={name} />
      {risk != null && <span className="sev-number">{number(risk, 0)}</span>}
      <span className={wordless ? "sr-only" : "sev-word"}>{words(name.toLowerCase())}</span>
    </span>
  );
}

const RADIUS = 32;
const ARC = Math.PI * RADIUS;

/** A half dial of the risk 0–100 with marks where the bands begin. */
export function RiskMeter({ risk, size = 76 }: { risk: number; size?: number }) {
  const shown = Math.max(0, Math.min(100, risk));
  const name = severityOf(shown);
  const arc = `M8 40A${RADIUS} ${RADIUS} 0 0 1 72 40`;
  return (
    <span className={classes("risk-meter", severityClass(name))} style={{ "--size": `${size}px` } as React.CSSProperties}>
      <svg viewBox="0 0 80 46" role="img" aria-label={`Risk ${number(shown, 0)} of 100, ${name.toLowerCase()}`}>
        <path className="track" d={arc} strokeWidth="8" />
        <path className="fill" d={arc} strokeWidth="8" strokeDasharray={`${(ARC * shown) / 100} ${ARC}`} />
        {[40, 60, 80].map((from) => {
          const angle = Math.PI * (1 - from / 100);
          const [x, y] = [Math.cos(angle), -Math.sin(angle)];
          return (
            <line key={from} className="tick" x1={40 + x * 27} y1={40 + y * 27} x2={40 + x * 37} y2={40 + y * 37} />
          );
        })}
        <text x="40" y="40" fontSize="20">{number(shown, 0)}</text>
      </svg>
    </span>
  );
}
