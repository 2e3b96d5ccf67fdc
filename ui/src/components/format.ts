// Numbers, times and sizes as people read them. Everything takes what the service sends.

export type Severity = "CRITICAL" | "HIGH" | "MEDIUM" | "LOW";
export const SEVERITIES: readonly Severity[] = ["CRITICAL", "HIGH", "MEDIUM", "LOW"];

const LANGUAGE = "en";
const whole = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(LANGUAGE, { notation: "compact", maximumFractionDigits: 1 });
const NONE = "–";

/** The band of a risk 0–100. */
export function severityOf(risk: number): Severity {
  if (risk >= 80) return "CRITICAL";
  if (risk >= 60) return "HIGH";
  return risk >= 40 ? "MEDIUM" : "LOW";
}

/** `1,234`; fractions only where they matter. */
export function number(value: number | null | undefined, digits?: number): string {
  if (value == null || !Number.isFinite(value)) return NONE;
  if (digits !== undefined) return fixed(value, digits);
  if (Number.isInteger(value) || Math.abs(value) >= 100) return whole.format(value);
  return fixed(value, Math.abs(value) >= 10 ? 1 : 2);
}

/** By digits: making one takes longer than a hundred uses of it. */
const formats = new Map<number, Intl.NumberFormat>();

function fixed(value: number, digits: number): string {
  let format = formats.get(digits);
  if (format === undefined) {
    format = new Intl.NumberFormat(LANGUAGE, { minimumFractionDigits: 0, maximumFractionDigits: digits });
    formats.set(digits, format);
  }
  return format.format(value);
}

/** `18.2K` */
export function compact(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return NONE;
  return Math.abs(value) < 1000 ? number(value) : short.format(value);
}

/** `+23.0`, `−4.1` with a real minus. */
export function signed(value: number, digits = 1): string {
  const text = Math.abs(value).toLocaleString(LANGUAGE, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  if (Number(Math.abs(value).toFixed(digits)) === 0) return `±${text}`;
  return `${value < 0 ? "−" : "+"}${text}`;
}

/** A share 0–1 as `12 %`; small ones keep a digit. */
export function percent(share: number | null | undefined): string {
  if (share == null || !Number.isFinite(share)) return NONE;
  const hundredth = share * 100;
  const digits = hundredth === 0 || Math.abs(hundredth) >= 10 ? 0 : Math.abs(hundredth) >= 1 ? 1 : 2;
  return `${fixed(hundredth, digits)} %`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** `11.8 MB` */
export function bytes(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return NONE;
  let size = value;
  let unit = 0;
  while (Math.abs(size) >= 1000 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${fixed(size, unit === 0 || size >= 100 ? 0 : 1)} ${UNITS[unit]}`;
}

/** Milliseconds as `84 ms`, `4.2 s`, `3 min 10 s`. */
export function millis(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return NONE;
  if (value < 1) return `${fixed(value, 2)} ms`;
  if (value < 1000) return `${fixed(value, value < 10 ? 1 : 0)} ms`;
  if (value < 60_000) return `${fixed(value / 1000, value < 10_000 ? 1 : 0)} s`;
  return span(value);
}

/** A length of time in ms as its two largest units: `3 min 10 s`, `2 h`, `4 d 3 h`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([count], at) => at === 0 || count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

/** `4 min ago`, `in 2 h`, `just now`. */
export function relative(ts: string | number | Date, now: number): string {
  const ms = now - new Date(ts).getTime();
  if (!Number.isFinite(ms)) return NONE;
  if (Math.abs(ms) < 5000) return "just now";
  const size = Math.abs(ms);
  const [count, unit] =
    size < 60_000
      ? [Math.floor(size / 1000), "s"]
      : size < 3_600_000
        ? [Math.floor(size / 60_000), "min"]
        : size < 172_800_000
          ? [Math.floor(size / 3_600_000), "h"]
          : [Math.floor(size / 86_400_000), "d"];
  return ms >= 0 ? `${count} ${unit} ago` : `in ${count} ${unit}`;
}

/** `2026-11-21 18:29:51`, with `ms` to the millisecond; local unless `utc`. */
export function dateTime(ts: string | number | Date, options: { utc?: boolean; ms?: boolean } = {}): string {
  const date = new Date(ts);
  if (Number.isNaN(date.getTime())) return NONE;
  const shifted = options.utc ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  const text = shifted.toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, options.ms ? 23 : 19)}`;
}

/** `18:29:51` */
export function clock(ts: string | number | Date, utc = false): string {
  return dateTime(ts, { utc }).slice(11);
}

/** Ids as words: `credential_stuffing` → `Credential stuffing`; known abbreviations keep their case. */
export function words(id: string | null | undefined): string {
  if (!id) return NONE;
  const known = NAMES[id];
  if (known) return known;
  const text = id.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const NAMES: Record<string, string> = {
  sqli: "SQL injection",
  nosqli: "NoSQL injection",
  xss: "Cross-site scripting",
  cmdi: "Command injection",
  traversal: "Path traversal",
  ssti: "Template injection",
  ssrf: "SSRF",
  xxe: "XXE",
  ldapi: "LDAP injection",
  crlf: "CRLF injection",
  log4shell: "Log4Shell",
  deserialization: "Deserialisation",
  rfi: "Remote file inclusion",
  graphql_abuse: "GraphQL abuse",
  brute_force: "Password guessing",
  bola: "BOLA",
  bfla: "BFLA",
  protocol: "Protocol violation",
  fake_bot: "Forged crawler",
  volume: "Request flood",
  benign: "Benign, expected",
};
