import { useSyncExternalStore } from "react";

/** How often relative times are written again. */
const EVERY_MS = 5000;

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    if (document.hidden) return;
    now = Date.now();
    for (const each of listeners) each();
  }, EVERY_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time in ms, one for the whole page so that "3 min ago" agrees everywhere. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
