import { encodeId } from "../api/ids.ts";
import type { Filter } from "../state/filters.ts";

/** What a pasted text may mean: a place to go, with words for it. */
export interface Guess {
  readonly key: string;
  readonly word: "client" | "network" | "user" | "session" | "incident" | "alert" | "path" | "text" | "agent";
  readonly path: string;
  readonly filters: readonly Filter[];
  readonly more?: Readonly<Record<string, string>>;
}

const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;
const IPV6 = /^[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7}(%\w+)?$/i;
const CIDR = /^([0-9.]+\/([12]?\d|3[0-2])|[0-9a-f:]+\/\d{1,3})$/i;

/** The meanings of a text, the likeliest first. */
export function guesses(typed: string): Guess[] {
  const text = typed.trim();
  if (text === "") return [];
  const entity = (kind: "client" | "user" | "session"): Guess => ({
    key: kind,
    word: kind,
    path: `/entities/${kind}/${encodeId(text)}`,
    filters: [],
  });
  const events = (word: Guess["word"], field: string, op: Filter["op"]): Guess => ({
    key: `${field}:${op}`,
    word,
    path: "/explorer",
    filters: [{ field, op, value: text }],
  });
  const found: Guess[] = [];
  if (/^i-[0-9a-f]{8,}$/.test(text)) {
    found.push({ key: "incident", word: "incident", path: `/incidents/${text}`, filters: [] });
  } else if (/^a-[0-9a-f]{8,}$/.test(text)) {
    found.push({ key: "alert", word: "alert", path: "/alerts", filters: [], more: { sel: text } });
  } else if (IPV4.test(text) || IPV6.test(text)) {
    found.push(entity("client"), events("client", "client", "eq"));
  } else if (CIDR.test(text)) {
    found.push(events("network", "client", "cidr"));
  } else if (text.startsWith("/")) {
    found.push(events("path", "path", "has"));
  } else {
    if (/^[0-9a-f]{12,64}$/i.test(text)) found.push(entity("session"));
    if (!/\s/.test(text) && text.length <= 200) found.push(entity("user"));
    found.push(events("path", "path", "has"), events("text", "reason", "has"), events("agent", "user_agent", "has"));
  }
  return found;
}
