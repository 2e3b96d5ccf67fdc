/** A period as it is written in the address: `now-15m`, `now`, or a moment of RFC 3339. */
export interface Range {
  readonly from: string;
  readonly to: string;
}

export const DEFAULT_RANGE: Range = { from: "now-1h", to: "now" };

/** Presets of the time picker. */
export const PRESETS: readonly string[] = ["15m", "1h", "6h", "24h", "7d", "30d"];

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const RELATIVE = /^now(?:-(\d{1,9})(ms|s|m|h|d|w))?$/;

/** Milliseconds since the epoch of a moment as written; null when it is none. */
export function momentMs(text: string, nowMs: number): number | null {
  const relative = RELATIVE.exec(text);
  if (relative) {
    const [, count, unit] = relative;
    if (count === undefined || unit === undefined) return nowMs;
    return nowMs - Number(count) * (UNIT_MS[unit] ?? 0);
  }
  if (/^\d{9,16}(\.\d+)?$/.test(text)) {
    const value = Number(text);
    if (value < 1e11) return value * 1_000;
    return value < 1e14 ? value : value / 1_000;
  }
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return null;
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? null : parsed;
}

export function isMoment(text: string): boolean {
  return momentMs(text, 0) !== null;
}

/** Whether the period moves with the clock. */
export function isRelative(range: Range): boolean {
  return range.to.startsWith("now");
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The period in milliseconds; never empty. */
export function spanOf(range: Range, nowMs: number): Span {
  const to = momentMs(range.to, nowMs) ?? nowMs;
  const from = momentMs(range.from, nowMs) ?? to - 3_600_000;
  return from < to ? { from, to } : { from: to - 60_000, to };
}

export function absolute(range: Range, nowMs: number): Range {
  const span = spanOf(range, nowMs);
  return rangeOf(span.from, span.to);
}

export function rangeOf(fromMs: number, toMs: number): Range {
  const [low, high] = fromMs <= toMs ? [fromMs, toMs] : [toMs, fromMs];
  return {
    from: new Date(Math.floor(low)).toISOString(),
    to: new Date(Math.max(Math.ceil(high), Math.floor(low) + 1)).toISOString(),
  };
}

/** The period before (-1) or after (1), half a width away; it never ends in the future. */
export function shifted(range: Range, direction: -1 | 1, nowMs: number): Range {
  const span = spanOf(range, nowMs);
  const width = span.to - span.from;
  const to = span.to + direction * (width / 2);
  if (to >= nowMs) return lasting(width);
  return rangeOf(to - width, to);
}

/** The period of the same width that ends where this one begins. */
export function before(range: Range, nowMs: number): Range {
  const span = spanOf(range, nowMs);
  const width = span.to - span.from;
  if (range.to !== "now") return rangeOf(span.from - width, span.from);
  const seconds = Math.round(width / 1000);
  return { from: `now-${2 * seconds}s`, to: `now-${seconds}s` };
}

/** Twice as wide around the same middle. */
export function zoomedOut(range: Range, nowMs: number): Range {
  const span = spanOf(range, nowMs);
  const width = span.to - span.from;
  if (isRelative(range)) return lasting(width * 2);
  const to = span.to + width / 2;
  if (to >= nowMs) return rangeOf(nowMs - width * 2, nowMs);
  return rangeOf(span.from - width / 2, to);
}

/** A period of this width that ends now, in the largest unit that says it exactly. */
export function lasting(widthMs: number): Range {
  const seconds = Math.max(1, Math.round(widthMs / 1_000));
  const units: [string, number][] = [
    ["d", 86_400],
    ["h", 3_600],
    ["m", 60],
  ];
  for (const [unit, size] of units) {
    if (seconds % size === 0) return { from: `now-${seconds / size}${unit}`, to: "now" };
  }
  return { from: `now-${seconds}s`, to: "now" };
}

export function sameRange(a: Range, b: Range): boolean {
  return a.from === b.from && a.to === b.to;
}
