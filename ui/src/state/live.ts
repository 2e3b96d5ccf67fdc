import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { serverUrl } from "../app/base.ts";
import type { LinkState, SocketLike, Topic } from "../api/stream.ts";
import { type LinkSnapshot, LiveStore } from "./livestore.ts";

export type { LinkState, Topic } from "../api/stream.ts";
export type { LinkSnapshot, LiveSnapshot } from "./livestore.ts";

let doubt: () => void = () => {};

/** Sets what happens when the stream wonders whether the session still lives. */
export function whenInDoubt(act: () => void): void {
  doubt = act;
}

function open(query: string): SocketLike {
  const url = serverUrl("api/v1/stream");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.search = query;
  return new WebSocket(url) as unknown as SocketLike;
}

/** Shortest pause between two pictures of a flood: nobody reads faster, and keys want their turn. */
const CALM_MS = 250;

let drawnAt = -Infinity;

/** At the next picture when nothing came lately; browsers draw nothing of a hidden tab. */
function schedule(act: () => void): void {
  const draw = () => {
    drawnAt = performance.now();
    act();
  };
  const rest = drawnAt + CALM_MS - performance.now();
  if (document.hidden) setTimeout(draw, 1_000);
  else if (rest > 0) setTimeout(() => requestAnimationFrame(draw), rest);
  else requestAnimationFrame(draw);
}

export const live = new LiveStore(
  {
    open,
    now: () => Date.now(),
    later: (act, ms) => setTimeout(act, ms),
    cancel: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
    random: () => Math.random(),
  },
  schedule,
  () => doubt(),
);

if (typeof window !== "undefined") {
  window.addEventListener("online", () => live.stream.hurry());
}

export interface Live<T> {
  /** Newest arrivals first. */
  readonly items: readonly T[];
  readonly paused: boolean;
  /** Arrived while paused. */
  readonly pending: number;
  /** Rows that came too fast to be told one by one. */
  readonly left: number;
  readonly state: LinkState;
  pause(): void;
  resume(): void;
}

const pause = () => live.pause();
const resume = () => live.resume();

/** State of the connection and whether pictures are held. */
export function useLink(): LinkSnapshot {
  return useSyncExternalStore(live.subscribeLink, live.linkSnapshot);
}

/**
 * What a topic tells while the component is on the page.
 *
 * @param topic What to hear; null for nothing.
 * @param f Conditions as in the address, such as `severity:in:HIGH,CRITICAL`.
 */
export function useLive<T = Record<string, unknown>>(
  topic: Topic | null,
  f: readonly string[] = [],
): Live<T> {
  const [key, setKey] = useState<string | null>(null);
  const conditions = JSON.stringify(f);
  useEffect(() => {
    if (topic === null) return;
    const opened = live.open(topic, JSON.parse(conditions) as string[]);
    setKey(opened.key);
    return () => {
      opened.close();
      setKey(null);
    };
  }, [topic, conditions]);
  const subscribe = useCallback((listener: () => void) => live.subscribe(key, listener), [key]);
  const getSnapshot = useCallback(() => live.snapshot(key), [key]);
  const snapshot = useSyncExternalStore(subscribe, getSnapshot);
  const { paused, state } = useLink();
  return {
    items: snapshot.items as readonly T[],
    pending: snapshot.pending,
    left: snapshot.left,
    paused,
    state,
    pause,
    resume,
  };
}
