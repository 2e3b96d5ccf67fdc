// The layers that hide a payload, taken off one after the other. Only for looking at: nothing of it
// is ever run or followed.

export interface Layer {
  /** What was taken off to get here. */
  step: "url" | "html" | "unicode" | "base64";
  text: string;
}

/** Layers at most: whoever nests deeper wants to keep us busy. */
const DEEPEST = 5;
const LONGEST = 16_384;
const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'", nbsp: "\u00a0", tab: "\t", newline: "\n", lpar: "(", rpar: ")", colon: ":", sol: "/" };

function percent(text: string): string {
  return text.replaceAll("+", " ").replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => {
    const bytes = Uint8Array.from(run.match(/[0-9a-f]{2}/gi) ?? [], (pair) => Number.parseInt(pair, 16));
    return new TextDecoder().decode(bytes);
  });
}

function character(code: number): string {
  return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : "\ufffd";
}

function entities(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));?/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (decimal) return character(Number(decimal));
    if (hex) return character(Number.parseInt(hex, 16));
    return NAMED[(name ?? "").toLowerCase()] ?? whole;
  });
}

function unicode(text: string): string {
  return text.replaceAll(/\\u([0-9a-f]{4})|\\x([0-9a-f]{2})|%u([0-9a-f]{4})/gi, (_, a?: string, b?: string, c?: string) => character(Number.parseInt(a ?? b ?? c ?? "", 16)));
}

function base64(text: string): string {
  return text.replaceAll(/(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}={0,2}(?![A-Za-z0-9+/_-])/g, (run) => {
    try {
      const binary = atob(run.replaceAll("-", "+").replaceAll("_", "/"));
      const decoded = new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(binary, (sign) => sign.charCodeAt(0)));
      return /^[\t\n\r\x20-\x7e]+$/.test(decoded) ? decoded : run;
    } catch {
      return run;
    }
  });
}

const STEPS: [Layer["step"], (text: string) => string][] = [["url", percent], ["unicode", unicode], ["html", entities], ["base64", base64]];

/** The text behind each layer of encoding, outermost first; empty when there is none. */
export function layers(text: string): Layer[] {
  const out: Layer[] = [];
  let current = text.slice(0, LONGEST);
  for (let depth = 0; depth < DEEPEST; depth += 1) {
    const found = STEPS.map(([step, decode]) => ({ step, text: decode(current) })).find((each) => each.text !== current);
    // A plus alone is a space in a form and a plus elsewhere: not worth a layer.
    if (!found || found.text === current.replaceAll("+", " ")) break;
    out.push(found);
    current = found.text;
  }
  return out;
}

/** Where a match is in a text, whatever its case and white space; null when it is not there. */
export function locate(text: string, match: string): { from: number; to: number } | null {
  if (match === "") return null;
  const exact = text.indexOf(match);
  if (exact >= 0) return { from: exact, to: exact + match.length };
  const places: number[] = [];
  let plain = "";
  for (let at = 0; at < text.length; at += 1) {
    if (/\s/.test(text[at] ?? "")) continue;
    places.push(at);
    plain += text[at];
  }
  const wanted = match.replaceAll(/\s/g, "").toLowerCase();
  const lower = plain.toLowerCase();
  // Some letters change their length with their case; places would no longer fit.
  if (wanted === "" || lower.length !== plain.length) return null;
  const found = lower.indexOf(wanted);
  const last = places[found + wanted.length - 1];
  const first = places[found];
  return found < 0 || first === undefined || last === undefined ? null : { from: first, to: last + 1 };
}
