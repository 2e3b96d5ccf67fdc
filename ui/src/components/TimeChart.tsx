import { useEffect, useId, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { usePref } from "../state/prefs.ts";
import { Button } from "./Button.tsx";
import { canvasColor, lineColor } from "./chartColor.ts";
import { chartSummary, type Formatter, type Line, sliceTime, stacked } from "./chartText.ts";
import { ChartTable } from "./ChartTable.tsx";
import { savePicture } from "./chartPicture.ts";
import { compact, dateTime, number } from "./format.ts";
import { t as words } from "../i18n/index.ts";
import "./Chart.css";

export interface Series extends Line {
  color?: string;
  area?: boolean;
  /** Columns that stand on the ones before; the first stands on the ground. */
  stacked?: boolean;
  /** Lower and upper edge of what is usual. */
  band?: readonly [readonly (number | null)[], readonly (number | null)[]];
  dashed?: boolean;
}

export interface TimeChartProps {
  /** Seconds since the epoch. */
  t: readonly number[];
  series: readonly Series[];
  onBrush?: ((from: number, to: number) => void) | undefined;
  label: string;
  height?: number;
  format?: Formatter;
  /** Top of the axis when the values are lower. */
  max?: number;
  /** Moments worth a line, in seconds since the epoch. */
  markers?: readonly Marker[];
}

export interface Marker {
  at: number;
  label: string;
}

const NO_MARKERS: readonly Marker[] = [];

/** Values over time. Keyboard: arrows read, Enter begins and ends a selection; also as a table. */
export function TimeChart({ t, series, onBrush, label, height = 180, format = number, max, markers = NO_MARKERS }: TimeChartProps) {
  const [zone] = usePref<string>("zone", "local");
  const utc = zone === "utc";
  const [table, setTable] = useState(false);
  const [at, setAt] = useState<number | null>(null);
  const [begun, setBegun] = useState<number | null>(null);
  const plot = useRef<uPlot | null>(null);
  const theme = useTheme();
  const id = useId();

  const shape = series.map((each) => `${each.key}|${each.color ?? ""}|${each.stacked ? "s" : each.area ? "a" : "l"}|${each.band ? "b" : ""}|${each.dashed ? "d" : ""}`).join(";");
  const { data, options } = useMemo(() => drawn(t, series, { utc, format, max }), [t, series, utc, format, max]);
  const isEmpty = t.length === 0 || series.every((each) => each.values.every((value) => value === null));

  const move = (to: number) => {
    const next = Math.max(0, Math.min(t.length - 1, to));
    const chart = plot.current;
    setAt(next);
    if (chart) chart.setCursor({ left: chart.valToPos(t[next] ?? 0, "x"), top: height / 2 }, false);
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const here = at ?? t.length - 1;
    const far = Math.max(1, Math.round(t.length / 10));
    const moves: Record<string, number> = { ArrowRight: here + 1, ArrowLeft: here - 1, PageUp: here - far, PageDown: here + far, Home: 0, End: t.length - 1 };
    const to = moves[event.key];
    if (to !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      move(to);
    } else if (event.key === "Enter" && onBrush && at !== null) {
      event.preventDefault();
      if (begun === null) return setBegun(at);
      const [from, until] = begun < at ? [begun, at] : [at, begun];
      setBegun(null);
      onBrush((t[from] ?? 0) * 1000, (t[until] ?? 0) * 1000 + stepOf(t) * 1000);
    } else if (event.key === "Escape" && begun !== null) {
      event.stopPropagation();
      setBegun(null);
    }
  };

  const shown = at !== null && at < t.length ? at : null;
  const told = shown === null ? "" : `${sliceTime(t, shown, utc)}: ${series.map((each) => `${each.label} ${format(each.values[shown])}`).join(", ")}${begun === null ? "" : ` (${words("c.from")} ${sliceTime(t, begun, utc)})`}`;
  return (
    <figure className="chart" aria-labelledby={`${id}-sum`}>
      <figcaption id={`${id}-sum`} className="sr-only">{chartSummary(label, t, series, utc, format)}</figcaption>
      <div className="chart-head">
        <ul className="legend" aria-hidden="true">
          {series.map((each, index) => (
            <li key={each.key}>
              <span className="swatch" style={{ "--swatch": each.color ?? lineColor(each.key, index) } as React.CSSProperties} />
              {each.label}
              {shown !== null && <span className="num">{format(each.values[shown])}</span>}
            </li>
          ))}
          {shown !== null && <li className="num">{sliceTime(t, shown, utc)}</li>}
        </ul>
        <div className="chart-tools no-print">
          <Button small look="quiet" icon="download" aria-label={words("c.downloadpng")} onClick={() => plot.current && savePicture(plot.current, label, series, t, utc)} />
          <Button small look="quiet" icon={table ? "chart" : "table"} aria-label={words(table ? "c.aschart" : "c.astable")} aria-pressed={table} onClick={() => setTable(!table)} />
        </div>
      </div>
      {table ? (
        <ChartTable t={t} lines={series} label={label} utc={utc} format={format} />
      ) : isEmpty ? (
        <div className="chart-none" style={{ height }}>{words("c.nodata")}</div>
      ) : (
        <div
          className="chart-plot"
          role="slider"
          tabIndex={0}
          aria-label={label}
          aria-roledescription="chart"
          aria-valuemin={0}
          aria-valuemax={t.length - 1}
          aria-valuenow={shown ?? t.length - 1}
          aria-valuetext={told || words("c.charthelp")}
          style={{ minHeight: height }}
          onKeyDown={onKeyDown}
        >
          <Plot key={`${shape}|${theme}|${utc}`} data={data} options={options} height={height} plot={plot} markers={markers} onCursor={setAt} onBrush={onBrush} />
        </div>
      )}
    </figure>
  );
}

interface PlotProps {
  data: uPlot.AlignedData;
  options: () => Omit<uPlot.Options, "width" | "height">;
  height: number;
  plot: React.RefObject<uPlot | null>;
  markers: readonly Marker[];
  onCursor: (at: number | null) => void;
  onBrush: ((from: number, to: number) => void) | undefined;
}

/** The drawing itself. It is made anew, by its key, when lines, colours or zone change. */
function Plot(props: PlotProps) {
  const holder = useRef<HTMLDivElement>(null);
  const now = useRef(props);
  now.current = props;
  useEffect(() => {
    const box = holder.current;
    if (!box) return;
    const { data, options, height, plot } = now.current;
    const hooks: uPlot.Hooks.Arrays = {
      draw: [(self) => drawMarkers(self, now.current.markers)],
      setCursor: [(self) => now.current.onCursor(self.cursor.idx ?? null)],
      setSelect: [
        (self) => {
          if (self.select.width < 3) return;
          const from = self.posToVal(self.select.left, "x") * 1000;
          const to = self.posToVal(self.select.left + self.select.width, "x") * 1000;
          self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          now.current.onBrush?.(from, to);
        },
      ],
    };
    const chart = new uPlot({ ...options(), width: box.clientWidth || 600, height, hooks }, data, box);
    plot.current = chart;
    const resized = new ResizeObserver(() => {
      const width = Math.floor(box.clientWidth);
      if (width > 0 && width !== chart.width) chart.setSize({ width, height: now.current.height });
    });
    resized.observe(box);
    return () => {
      resized.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => {
    props.plot.current?.setData(props.data);
  }, [props.data, props.plot]);
  return <div ref={holder} />;
}

function drawMarkers(plot: uPlot, markers: readonly Marker[]): void {
  const { ctx, bbox } = plot;
  const scale = uPlot.pxRatio;
  ctx.save();
  ctx.font = `${10 * scale}px system-ui, sans-serif`;
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  ctx.strokeStyle = ctx.fillStyle = canvasColor("var(--ink-2)");
  ctx.lineWidth = scale;
  ctx.setLineDash([3 * scale, 3 * scale]);
  let edge = -Infinity;
  for (const { at, label } of markers) {
    const x = plot.valToPos(at, "x", true);
    if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    if (x > edge) ctx.fillText(label, x + 4 * scale, bbox.top + 2 * scale);
    edge = x + ctx.measureText(label).width + 8 * scale;
  }
  ctx.restore();
}

function stepOf(t: readonly number[]): number {
  return t.length > 1 ? (t[1] ?? 0) - (t[0] ?? 0) : 60;
}

/** Changes whenever colours do. */
function useTheme(): string {
  const [theme, setTheme] = useState("");
  useEffect(() => {
    const root = document.documentElement;
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const read = () => setTheme(`${root.dataset["theme"] ?? ""}|${dark.matches}`);
    const observer = new MutationObserver(read);
    observer.observe(root, { attributes: true, attributeFilter: ["data-theme"] });
    dark.addEventListener("change", read);
    read();
    return () => {
      observer.disconnect();
      dark.removeEventListener("change", read);
    };
  }, []);
  return theme;
}

interface How {
  utc: boolean;
  format: Formatter;
  max: number | undefined;
}

/** Columns for the plot, and a function that makes its options with the colours of now. */
function drawn(t: readonly number[], series: readonly Series[], { utc, format, max }: How) {
  const columns = series.filter((each) => each.stacked);
  const others = series.filter((each) => !each.stacked);
  const tops = stacked(columns);
  const data: (readonly (number | null)[])[] = [t as number[]];
  const made: (() => uPlot.Series)[] = [];
  const bands: (() => uPlot.Band)[] = [];
  // The highest column first, so that the lower ones are drawn over it.
  columns.map((_, at) => columns.length - 1 - at).forEach((at) => {
    const each = columns[at];
    if (!each) return;
    data.push(tops[at] ?? []);
    made.push(() => {
      const fill = canvasColor(each.color ?? lineColor(each.key, at));
      return { label: each.label, stroke: fill, fill, width: 0, points: { show: false }, paths: columnPaths };
    });
  });
  others.forEach((each, index) => {
    const color = () => canvasColor(each.color ?? lineColor(each.key, columns.length + index));
    data.push(each.values);
    made.push(() => ({
      label: each.label,
      stroke: color(),
      width: 1.75,
      spanGaps: false,
      points: { show: true, size: 5, fill: color(), filter: lonely },
      ...(each.dashed ? { dash: [5, 4] } : {}),
      ...(each.area ? { fill: faded(color()) } : {}),
    }));
    if (each.band) {
      const first = data.length;
      data.push(each.band[1], each.band[0]);
      for (const edge of ["high", "low"]) made.push(() => ({ label: `${each.label} ${edge}`, width: 0, points: { show: false } }));
      bands.push(() => ({ series: [first, first + 1], fill: canvasColor("var(--band)") }));
    }
  });
  const options = (): Omit<uPlot.Options, "width" | "height"> => {
    const ink = canvasColor("var(--ink-2)");
    const hair = canvasColor("var(--hair)");
    const font = "11px system-ui, sans-serif";
    const axis = { stroke: ink, font, ticks: { show: false }, grid: { stroke: hair, width: 1 } };
    return {
      legend: { show: false },
      padding: [6, 18, 0, 0],
      cursor: { drag: { x: true, y: false, setScale: false }, points: { show: others.length > 0, size: 6 } },
      ...(utc ? { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC") } : {}),
      scales: {
        // A column stands to the right of its moment: the last one needs its step of room.
        x: { time: true, range: (_self, low, high) => [low, columns.length > 0 ? high + stepOf(t) : high] },
        y: { range: (_self, low, high) => [Math.min(0, low ?? 0), max !== undefined && (high ?? 0) <= max ? max : nice(high ?? 0)] },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 22, gap: 4, values: timeTicks(utc) },
        { ...axis, size: 46, gap: 4, splits: niceSplits, values: (_self, splits) => splits.map((value) => (format === number ? compact(value) : format(value))) },
      ],
      series: [{}, ...made.map((make) => make())],
      ...(bands.length > 0 ? { bands: bands.map((make) => make()) } : {}),
    };
  };
  return { data: data as uPlot.AlignedData, options };
}

/** Values without neighbours: a line through one of them would not be seen. */
const lonely: uPlot.Series.Points.Filter = (self, at) => {
  const values = Array.from(self.data[at] ?? []);
  return values.flatMap((value, index) => (value != null && values[index - 1] == null && values[index + 1] == null ? [index] : []));
};

const columnPaths = uPlot.paths.bars?.({ size: [0.86, 28], align: 1, radius: 0 }) ?? (() => null);

function faded(color: string): string {
  const hex = /^#([0-9a-f]{6})$/i.exec(color)?.[1];
  return hex ? `#${hex}22` : color;
}

/** The next round number above a value; at least 1, so that an empty chart has an axis. */
export function nice(value: number): number {
  if (!(value > 0)) return 1;
  const size = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((each) => each * size >= value * 1.02) ?? 10;
  return step * size;
}

const niceSplits: uPlot.Axis.Splits = (_self, _axis, low, high) => {
  const raw = (high - low) / 4;
  const size = 10 ** Math.floor(Math.log10(raw || 1));
  const step = ([1, 2, 2.5, 5, 10].find((each) => each * size >= raw * 0.99) ?? 10) * size;
  const out: number[] = [];
  for (let at = Math.ceil(low / step) * step; at <= high * 1.0001; at += step) out.push(Number(at.toPrecision(12)));
  return out;
};

/** `18:30`, with seconds when slices are that close, with the day when it changes. */
function timeTicks(utc: boolean): uPlot.Axis.Values {
  return (_self, splits) => {
    const gap = splits.length > 1 ? (splits[1] ?? 0) - (splits[0] ?? 0) : 60;
    let day = "";
    return splits.map((seconds) => {
      const text = dateTime(seconds * 1000, { utc });
      const today = text.slice(5, 10);
      const isNew = day !== "" && today !== day;
      day = today;
      return gap >= 86_400 || isNew ? today : text.slice(11, gap < 60 ? 19 : 16);
    });
  };
}
