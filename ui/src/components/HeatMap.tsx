import { number } from "./format.ts";
import "./Chart.css";

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** Counts by day of the week and hour; a table, so that it can be read as one. */
export function HeatMap({ values, label }: { values: readonly (readonly number[])[]; label: string }) {
  const top = Math.max(1, ...values.flat());
  return (
    <table className="heat">
      <caption className="sr-only">{label}</caption>
      <thead>
        <tr>
          <td />
          {Array.from({ length: 24 }, (_, hour) => <th key={hour} scope="col">{hour % 3 === 0 ? String(hour).padStart(2, "0") : <span className="sr-only">{hour}</span>}</th>)}
        </tr>
      </thead>
      <tbody>
        {DAYS.map((day, row) => (
          <tr key={day}>
            <th scope="row">{day}</th>
            {Array.from({ length: 24 }, (_, hour) => {
              const value = values[row]?.[hour] ?? 0;
              // The root keeps small counts visible beside large ones.
              const depth = value > 0 ? 0.12 + 0.88 * Math.sqrt(value / top) : 0;
              return (
                <td key={hour} title={`${day} ${String(hour).padStart(2, "0")}:00: ${number(value)}`} style={{ "--depth": depth } as React.CSSProperties}>
                  <span className="sr-only">{number(value)}</span>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
