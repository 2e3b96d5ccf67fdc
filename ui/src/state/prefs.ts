import { useCallback, useSyncExternalStore } from "react";

/** What a person likes, not what is looked at: kept in this browser. */
const PREFIX = "apisentinel.";

const listeners = new Set<() => void>();
const memory = new Map<string, string>();

function read(key: string): string | null {
  const known = memory.get(key);
  if (known !== undefined) return known;
  try {
    return window.localStorage.getItem(PREFIX + key);
  } catch {
    return null; // storage may be switched off
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

export function getPref<T>(key: string, usual: T): T {
  return parsed(read(key), usual);
}

export function setPref<T>(key: string, value: T): void {
  const text = JSON.stringify(value);
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
