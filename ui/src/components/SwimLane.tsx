import { useState } from "react";
import { Button } from "./Button.tsx";
import { dateTime } from "./format.ts";
import { SeverityMark, severityClass } from "./Severity.tsx";
import { usePref } from "../state/prefs.ts";
import { t } from "../i18n/index.ts";
import "./Chart.css";

export interface Mark {
  id: string;
  /** Milliseconds since the epoch. */
  from: number;
  to?: number;
  severity?: string | undefined;
  /** What its tooltip and a screen reader say. */
  label: string;
}

export interface LaneBars {
  /** Seconds since the epoch. */
  t: readonly number[];
  step: number;
  /** The first stands on the ground. */
  series: readonly { key: string; values: readonly (number | null)[] }[];
}

export interface LaneCells {
  /** Seconds since the epoch. */
  t: readonly number[];
  step: number;
  counts: readonly number[];
  /** The worst of each slice. */
  severities: readonly (string | undefined)[];
}

export interface Lane {
  key: string;
  label: React.ReactNode;
  count?: number | string;
  marks?: readonly Mark[];
  bars?: LaneBars;
  cells?: LaneCells;
}

export interface SwimLaneProps {
  lanes: readonly Lane[];
  /** Milliseconds since the epoch. */
  from: number;
  to: number;
  label: string;
  onOpen?: (id: string) => void;
  onLane?: (key: string) => void;
  /** A slice of a lane was chosen; milliseconds since the epoch. */
  onCell?: (key: string, from: number, to: number) => void;
}

/** What happened when, a lane for each kind of thing; also as a table. */
export function SwimLane({ lanes, from, to, label, onOpen, onLane, onCell }: SwimLaneProps) {
  const [zone] = usePref<string>("zone", "local");
  const [table, setTable] = useState(false);
  const utc = zone === "utc";
  const width = Math.max(1, to - from);
  const share = (moment: number) => Math.max(0, Math.min(1, (moment - from) / width));
  const top = Math.max(1, ...lanes.flatMap((lane) => [...(lane.cells?.counts ?? [])]));
  const short = to - from < 86_400_000;
  const tick = (at: number) => dateTime(from + width * at, { utc }).slice(short ? 11 : 5, short && width < 600_000 ? 19 : 16);
  const toggle = (
    <Button small look="quiet" icon={table ? "chart" : "table"} aria-label={`${t(table ? "c.aschart" : "c.astable")}: ${label}`} aria-pressed={table} onClick={() => setTable(!table)} />
  );
  return (
    <figure className="chart" aria-label={label}>
      {table && <div className="chart-head no-print"><span className="legend" />{toggle}</div>}
      {table ? (
        <LaneTable lanes={lanes} label={label} utc={utc} onOpen={onOpen} />
      ) : (
        <div className="lanes">
          {lanes.map((lane) => (
            <LaneRow key={lane.key} lane={lane} share={share} onOpen={onOpen} onLane={onLane} onCell={onCell} top={top} utc={utc} />
          ))}
          <div className="lane-label no-print">{toggle}</div>
          <div className="lane-axis" aria-hidden="true">{[0, 0.25, 0.5, 0.75, 1].map((at) => <span key={at}>{tick(at)}</span>)}</div>
        </div>
      )}
    </figure>
  );
}

function LaneRow({ lane, share, onOpen, onLane, onCell, top, utc }: {
  lane: Lane; share: (moment: number) => number; onOpen: ((id: string) => void) | undefined; onLane: ((key: string) => void) | undefined;
  onCell: SwimLaneProps["onCell"]; top: number; utc: boolean;
}) {
  const name = (
    <>
      {lane.label}
      {lane.count !== undefined && <span className="num">{lane.count}</span>}
    </>
  );
  return (
    <>
      <div className="lane-label">{onLane ? <button type="button" onClick={() => onLane(lane.key)}>{name}</button> : name}</div>
      <div className={lane.bars ? "lane lane-tall" : "lane"} role="list">
        {lane.bars && <Bars bars={lane.bars} share={share} />}
        {lane.cells && <Cells lane={lane} cells={lane.cells} share={share} top={top} utc={utc} onCell={onCell} />}
        {lane.marks?.map((mark, place) => {
          const begin = share(mark.from);
          const end = share(mark.to ?? mark.from);
          const isPoint = end - begin < 0.012;
          return (
            <span key={mark.id} role="listitem">
              <button
                type="button"
                className={`lane-mark ${severityClass(mark.severity)}`}
                style={{ left: `calc(${begin * 100}% - 12px)`, width: isPoint ? 24 : `calc(${(end - begin) * 100}% + 24px)` }}
                title={mark.label}
                aria-label={mark.label}
                tabIndex={place === 0 ? 0 : -1}
                onKeyDown={stepAlong}
                onClick={() => onOpen?.(mark.id)}
              >
                {isPoint ? <SeverityMark severity={mark.severity ?? "LOW"} /> : <i />}
              </button>
            </span>
          );
        })}
      </div>
    </>
  );
}

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

/** A lane is one stop of the Tab key; arrows, Home and End go from mark to mark. */
function stepAlong(event: React.KeyboardEvent<HTMLButtonElement>) {
  const all = [...(event.currentTarget.closest(".lane")?.querySelectorAll<HTMLButtonElement>(".lane-mark") ?? [])];
  const step = STEPS[event.key];
  const at = event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : step === undefined ? -1 : all.indexOf(event.currentTarget) + step;
  const next = all[at];
  if (next === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  next.focus();
}

/** Slices of a lane as boxes in the colour of the worst, stronger for more. The table has them for the keyboard. */
function Cells({ lane, cells, share, top, utc, onCell }: {
  lane: Lane; cells: LaneCells; share: (moment: number) => number; top: number; utc: boolean; onCell: SwimLaneProps["onCell"];
}) {
  return cells.t.map((moment, at) => {
    const count = cells.counts[at] ?? 0;
    if (count === 0) return null;
    const begin = share(moment * 1000);
    const end = share((moment + cells.step) * 1000);
    if (end <= begin) return null;
    const severity = cells.severities[at];
    return (
      <span key={moment} role="listitem">
        <button
          type="button"
          tabIndex={-1}
          className={`lane-cell ${severityClass(severity)}`}
          style={{ left: `${begin * 100}%`, width: `calc(${(end - begin) * 100}% - 1px)`, opacity: 0.55 + 0.45 * Math.sqrt(count / top) }}
          title={`${dateTime(moment * 1000, { utc })}: ${count} (${severity ?? ""})`}
          onClick={() => onCell?.(lane.key, moment * 1000, (moment + cells.step) * 1000)}
        >
          <span className="sr-only">{count}</span>
        </button>
      </span>
    );
  });
}

function Bars({ bars, share }: { bars: LaneBars; share: (moment: number) => number }) {
  const sums = bars.t.map((_, at) => bars.series.reduce((sum, each) => sum + (each.values[at] ?? 0), 0));
  const top = Math.max(1, ...sums);
  return (
    <svg className="lane-bars" viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true">
      {bars.t.map((moment, at) => {
        const left = share(moment * 1000) * 1000;
        const right = share((moment + bars.step) * 1000) * 1000;
        let ground = 100;
        return bars.series.map((each) => {
          const value = each.values[at] ?? 0;
          if (value <= 0) return null;
          const height = Math.max(2.5, (value / top) * 96);
          ground -= height;
          return <rect key={`${each.key}-${at}`} className={severityClass(each.key)} x={left} y={ground} width={Math.max(1.5, right - left - 1)} height={height} />;
        });
      })}
    </svg>
  );
}

const ROWS = 200;

function LaneTable({ lanes, label, utc, onOpen }: { lanes: readonly Lane[]; label: string; utc: boolean; onOpen: ((id: string) => void) | undefined }) {
  const rows = lanes
    .flatMap((lane) => [
      ...(lane.marks ?? []).map((mark) => ({ key: mark.id, at: mark.from, lane, text: mark.label, id: mark.id as string | null })),
      ...(lane.cells?.t ?? []).flatMap((moment, at) => {
        const count = lane.cells?.counts[at] ?? 0;
        return count > 0 ? [{ key: `${lane.key}-${moment}`, at: moment * 1000, lane, text: `${count} (${lane.cells?.severities[at] ?? ""})`, id: null }] : [];
      }),
      ...(lane.bars?.t ?? []).flatMap((moment, at) => {
        const sum = (lane.bars?.series ?? []).reduce((total, each) => total + (each.values[at] ?? 0), 0);
        return sum > 0 ? [{ key: `${lane.key}-${at}`, at: moment * 1000, lane, text: String(sum), id: null }] : [];
      }),
    ])
    .toSorted((a, b) => a.at - b.at)
    .slice(0, ROWS);
  return (
    <div className="chart-table" role="region" aria-label={label} tabIndex={0}>
      <table className="plain-table">
        <caption className="sr-only">{label}</caption>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.lane.key}-${row.key}`}>
              <td className="num">{dateTime(row.at, { utc })}</td>
              <td>{row.lane.label}</td>
              <td>{row.id !== null && onOpen ? <button type="button" className="btn btn-quiet btn-small" onClick={() => onOpen(row.id ?? "")}>{row.text}</button> : row.text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
