import { number } from "./format.ts";
import "./Chart.css";

const WIDTH = 100;
const HEIGHT = 28;

/** A small line without axes; its words say first, last and highest. */
export function Sparkline({ values, label, color }: { values: readonly (number | null)[]; label: string; color?: string }) {
  const known = values.filter((value): value is number => value !== null);
  if (known.length < 2) return null;
  const top = Math.max(...known, 1e-9);
  const place = (value: number, at: number) => `${((at / (values.length - 1)) * WIDTH).toFixed(2)} ${(HEIGHT - 2 - (value / top) * (HEIGHT - 4)).toFixed(2)}`;
  const line = values.map((value, at) => `${at === 0 ? "M" : "L"}${place(value ?? 0, at)}`).join("");
  return (
    <svg className="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${label}: ${number(known[0])} → ${number(known.at(-1))}, max ${number(top)}`}>
      <path className="spark-area" d={`${line}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`} />
      <path d={line} style={color ? { stroke: color } : undefined} />
    </svg>
  );
}
