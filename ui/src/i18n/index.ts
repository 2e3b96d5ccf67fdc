import { getPref } from "../state/prefs.ts";
import { en } from "./en.ts";

/** A text, or two of them told apart by the number `n`. */
export type Message = string | { readonly one: string; readonly other: string };
export type Key = keyof typeof en;
export type Params = Readonly<Record<string, string | number>>;

const dictionary: Readonly<Record<string, Message>> = en;

/** Pseudo-locale: finds texts that bypass the dictionary and boxes that are too narrow. */
const isPseudo = getPref<string>("locale", "en") === "en-XA";

export const locale = "en";

const plural = new Intl.PluralRules(locale);
const number = new Intl.NumberFormat(locale);

const ACCENTS: Readonly<Record<string, string>> = {
  a: "á",
  e: "é",
  i: "í",
  o: "ó",
  u: "ú",
  A: "Á",
  E: "É",
  I: "Í",
  O: "Ó",
  U: "Ú",
};

function pseudo(text: string): string {
  const letters = [...text].map((sign) => ACCENTS[sign] ?? sign).join("");
  return `[${letters}${"~".repeat(Math.ceil(text.length / 3))}]`;
}

/** The text of a key, with `{names}` in it replaced; numbers are written as the language does. */
export function t(key: Key, params: Params = {}): string {
  const message = dictionary[key];
  if (message === undefined) return key;
  const text =
    typeof message === "string"
      ? message
      : message[plural.select(Number(params["n"] ?? 0)) === "one" ? "one" : "other"];
  const filled = (isPseudo ? pseudo(text) : text).replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? number.format(value) : value;
  });
  return filled;
}

/** Whether there is such a key; for words of the service that are not known when the page is built. */
export function has(key: string): key is Key {
  return key in dictionary;
}

/** The text of a key that may not exist, else the fallback. */
export function tOr(key: string, fallback: string, params: Params = {}): string {
  return has(key) ? t(key, params) : fallback;
}

/** "a, b and c". */
export function listed(parts: readonly string[]): string {
  return new Intl.ListFormat(locale, { type: "conjunction" }).format(parts);
}
