import { useCallback, useSyncExternalStore } from "react";

/** What a person likes, not what is looked at: kept in this browser, and with the account. */
const PREFIX = "apisentinel.";

const listeners = new Set<() => void>();
/** What storage did not take. */
const memory = new Map<string, string>();
/** What storage has, while somebody hears of its changes: each time in a list asks for two. */
const known = new Map<string, string | null>();

function read(key: string): string | null {
  const own = memory.get(key);
  if (own !== undefined) return own;
  const had = known.get(key);
  if (had !== undefined) return had;
  const text = stored(key);
  if (listeners.size > 0) known.set(key, text);
  return text;
}

function stored(key: string): string | null {
  try {
    return window.localStorage.getItem(PREFIX + key);
  } catch {
    return null; // storage may be switched off
  }
}

/** Another window has changed something. */
function changedElsewhere(): void {
  known.clear();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) window.addEventListener("storage", changedElsewhere);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.removeEventListener("storage", changedElsewhere);
    known.clear();
  };
}

export function getPref<T>(key: string, usual: T): T {
  return parsed(read(key), usual);
}

export function setPref<T>(key: string, value: T): void {
  write(key, JSON.stringify(value));
  keep?.(key, value);
}

/** Tells whoever keeps preferences with the account; null ends it. */
export function keepPrefs(act: ((key: string, value: unknown) => void) | null): void {
  keep = act;
}

let keep: ((key: string, value: unknown) => void) | null = null;

/** Takes over what is kept with the account; the same again draws nothing. */
export function adoptPrefs(kept: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(kept)) {
    const text = JSON.stringify(value);
    if (text !== undefined && read(key) !== text) write(key, text);
  }
}

function write(key: string, text: string): void {
  known.delete(key);
  try {
    window.localStorage.setItem(PREFIX + key, text);
    memory.delete(key);
  } catch {
    memory.set(key, text);
  }
  for (const listener of listeners) listener();
}

function parsed<T>(text: string | null, usual: T): T {
  if (text === null) return usual;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === typeof usual ? (value as T) : usual;
  } catch {
    return usual;
  }
}

/** A preference and how to change it; all that show it are drawn again. */
export function usePref<T extends string | number | boolean>(
  key: string,
  usual: T,
): [T, (value: T) => void] {
  const text = useSyncExternalStore(subscribe, () => read(key));
  const set = useCallback((value: T) => setPref(key, value), [key]);
  return [parsed(text, usual), set];
}
