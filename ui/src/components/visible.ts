// Attacker text made harmless to look at: what cannot be seen, or changes how other text is seen, is
// shown as an escape.

export interface Piece {
  text: string;
  /** What the escape stands for; absent for plain text. */
  name?: string;
  /** Stands where a secret was, which nobody has kept. */
  isMask?: true;
}

const KNOWN: Record<number, string> = {
  0x00: "null", 0x07: "bell", 0x08: "backspace", 0x09: "tab", 0x0a: "line feed", 0x0d: "carriage return",
  0x1b: "escape", 0x7f: "delete", 0xa0: "no-break space", 0xad: "soft hyphen", 0x34f: "grapheme joiner",
  0x61c: "arabic letter mark", 0x200b: "zero width space", 0x200c: "zero width non-joiner",
  0x200d: "zero width joiner", 0x200e: "left-to-right mark", 0x200f: "right-to-left mark",
  0x2028: "line separator", 0x2029: "paragraph separator", 0x202a: "left-to-right embedding",
  0x202b: "right-to-left embedding", 0x202c: "pop direction", 0x202d: "left-to-right override",
  0x202e: "right-to-left override", 0x2060: "word joiner", 0x2066: "left-to-right isolate",
  0x2067: "right-to-left isolate", 0x2068: "first strong isolate", 0x2069: "pop isolate",
  0x3000: "wide space", 0xfeff: "byte order mark", 0xfffd: "replacement character",
};

/** Ranges of characters that are never shown as they are, ends included. */
const HIDDEN: readonly [number, number][] = [
  [0x00, 0x1f], [0x7f, 0xa0], [0xad, 0xad], [0x34f, 0x34f], [0x61c, 0x61c], [0x115f, 0x1160], [0x1680, 0x1680],
  [0x17b4, 0x17b5], [0x180b, 0x180f], [0x2000, 0x200f], [0x2028, 0x202f], [0x205f, 0x206f], [0x2800, 0x2800],
  [0x3000, 0x3000], [0x3164, 0x3164], [0xd800, 0xdfff], [0xe000, 0xf8ff], [0xfe00, 0xfe0f], [0xfeff, 0xfeff],
  [0xffa0, 0xffa0], [0xfff0, 0xfffb], [0x1d173, 0x1d17a], [0xe0000, 0xe0fff], [0xf0000, 0x10ffff],
];

function isHidden(code: number): boolean {
  if (code >= 0x20 && code < 0x7f) return false;
  for (const [first, last] of HIDDEN) {
    if (code < first) return false;
    if (code <= last) return true;
  }
  return false;
}

const SHORT: Record<number, string> = { 0x00: "\\0", 0x09: "\\t", 0x0a: "\\n", 0x0d: "\\r" };

/** Marks stacked on one letter beyond this are shown as escapes, so that a text stays on its line. */
const STACKED = 2;
const COMBINING = /^\p{M}$/u;

function escapeOf(code: number): Piece {
  const hex = code.toString(16);
  const text = SHORT[code] ?? (code < 0x100 ? `\\x${hex.padStart(2, "0")}` : code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\u{${hex}}`);
  return { text, name: `U+${hex.toUpperCase().padStart(4, "0")}${KNOWN[code] ? ` ${KNOWN[code]}` : ""}` };
}

/** Whether a text has nothing but printable ASCII, as nearly all have. */
function isPlain(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/** Whether a text needs no pieces at all. */
export function isUnmarked(text: string): boolean {
  return isPlain(text) && !text.includes(MASK);
}

/** A text as pieces: plain ones, and escapes with what they stand for. */
export function visible(text: string): Piece[] {
  if (text.includes(MASK)) return masked(text);
  return shownOf(text);
}

const MASK = "redacted";

/** The marks that the door puts where secrets were, told apart from the text around them. */
function masked(text: string): Piece[] {
  return text.split(/\b(redacted(?:-[0-9a-f]{16})?)\b/).flatMap((each, at) =>
    at % 2 ? [{ text: each, isMask: true as const }] : shownOf(each),
  );
}

function shownOf(text: string): Piece[] {
  if (isPlain(text)) return text === "" ? [] : [{ text }];
  const pieces: Piece[] = [];
  let plain = "";
  let marks = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    marks = code >= 0x300 && COMBINING.test(character) ? marks + 1 : 0;
    if (!isHidden(code) && marks <= STACKED) {
      plain += character;
      continue;
    }
    if (plain) pieces.push({ text: plain });
    plain = "";
    pieces.push(escapeOf(code));
  }
  if (plain) pieces.push({ text: plain });
  return pieces;
}

/** The same as one plain string, for titles, labels and drawings. */
export function visibleText(text: string, most = 200): string {
  const { shown, left } = clip(text, most);
  return visible(shown).map((piece) => piece.text).join("") + (left ? ` … (+${left.toLocaleString("en")})` : "");
}

/** The first characters of a text, never half of one, and how many are left. */
export function clip(text: string, most: number): { shown: string; left: number } {
  if (text.length <= most) return { shown: text, left: 0 };
  const last = text.charCodeAt(most - 1);
  const end = last >= 0xd800 && last <= 0xdbff ? most - 1 : most;
  return { shown: text.slice(0, end), left: text.length - end };
}

/** A copy that no program follows: `hxxp://example[.]com`. */
export function defanged(text: string): string {
  return text.replaceAll(/http(s?):/gi, (_, s: string) => `hxxp${s.toLowerCase()}:`).replaceAll(/\.(?=[a-z0-9])/gi, "[.]");
}
