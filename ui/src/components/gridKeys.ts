export type GridAction =
  | { kind: "move"; to: number; extend: boolean }
  | { kind: "open" }
  | { kind: "select" }
  | { kind: "all" };

interface Key {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** What a key means in a list; null when it means nothing there. */
export function keyAction(event: Key, { at, count, page }: { at: number; count: number; page: number }): GridAction | null {
  const command = event.ctrlKey || event.metaKey;
  if (event.altKey) return null;
  if (command) {
    if (event.key.toLowerCase() === "a") return { kind: "all" };
    if (event.key === "Home") return { kind: "move", to: 0, extend: false };
    return event.key === "End" ? { kind: "move", to: count - 1, extend: false } : null;
  }
  const moves: Record<string, number> = {
    ArrowDown: at + 1,
    j: at + 1,
    ArrowUp: at - 1,
    k: at - 1,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: count - 1,
  };
  const to = moves[event.key];
  if (to !== undefined) return { kind: "move", to: Math.max(0, Math.min(count - 1, to)), extend: event.shiftKey };
  if (event.key === "Enter" || event.key === "o") return { kind: "open" };
  return event.key === "x" || event.key === " " ? { kind: "select" } : null;
}
