import { clock, dateTime, number } from "./format.ts";
import { t } from "../i18n/index.ts";

export interface Line {
  key: string;
  label: string;
  values: readonly (number | null)[];
}

export type Formatter = (value: number | null | undefined) => string;

/** Time of a slice: the clock alone when the whole chart is of one day. */
export function sliceTime(times: readonly number[], at: number, utc: boolean): string {
  const moment = (times[at] ?? 0) * 1000;
  const first = dateTime((times[0] ?? 0) * 1000, { utc }).slice(0, 10);
  const last = dateTime((times.at(-1) ?? 0) * 1000, { utc }).slice(0, 10);
  return first === last ? clock(moment, utc) : dateTime(moment, { utc }).slice(0, 16);
}

/** A chart in words: the last, lowest and highest value of each line, and when. */
export function chartSummary(label: string, times: readonly number[], lines: readonly Line[], utc: boolean, format: Formatter = number): string {
  const told = lines.flatMap((line) => {
    const known = line.values.flatMap((value, at) => (value === null || value === undefined ? [] : [{ value, at }]));
    if (known.length === 0) return [];
    const least = known.reduce((a, b) => (b.value < a.value ? b : a));
    const most = known.reduce((a, b) => (b.value > a.value ? b : a));
    return [
      t("c.chartseries", {
        name: line.label,
        last: format(known.at(-1)?.value),
        min: format(least.value),
        max: format(most.value),
        at: sliceTime(times, most.at, utc),
      }),
    ];
  });
  if (told.length === 0) return t("c.chartnone", { label });
  return t("c.chartsum", { label, series: told.join("; "), from: sliceTime(times, 0, utc), to: sliceTime(times, times.length - 1, utc) });
}

/** Lines added up from the first: where each ends when they stand on each other. */
export function stacked(lines: readonly Line[]): (number | null)[][] {
  const sums: number[] = [];
  return lines.map((line) =>
    line.values.map((value, at) => {
      sums[at] = (sums[at] ?? 0) + (value ?? 0);
      return sums[at] ?? null;
    }),
  );
}
