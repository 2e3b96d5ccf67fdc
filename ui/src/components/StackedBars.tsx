import { lineColor } from "./chartColor.ts";
import { number, percent } from "./format.ts";
import "./Chart.css";

export interface Part {
  key: string;
  label: string;
  value: number;
  color?: string;
}

const color = (part: Part, at: number) => ({ "--swatch": part.color ?? lineColor(part.key, at) }) as React.CSSProperties;

/** Shares of a whole as one bar with a legend that has the numbers. */
export function StackedBars({ parts, label }: { parts: readonly Part[]; label: string }) {
  const total = parts.reduce((sum, part) => sum + part.value, 0);
  return (
    <div className="stacked" role="group" aria-label={label}>
      <div className="stacked-bar" aria-hidden="true">
        {parts.map((part, at) => part.value > 0 && <span key={part.key} style={{ ...color(part, at), flexGrow: part.value, flexBasis: 0 }} />)}
      </div>
      <ul className="legend">
        {parts.map((part, at) => (
          <li key={part.key}>
            <span className="swatch" style={color(part, at)} aria-hidden="true" />
            {part.label} <span className="num">{number(part.value)}</span>
            {total > 0 && <span className="muted num">{percent(part.value / total)}</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}
