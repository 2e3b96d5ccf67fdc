import { useEffect, useSyncExternalStore } from "react";
import { Button } from "./Button.tsx";
import { classes } from "./classes.ts";
import "./Overlay.css";

export interface Toast {
  id: number;
  text: React.ReactNode;
  tone?: "good" | "bad" | undefined;
  action?: { label: string; run: () => void } | undefined;
}

/** Time a message stays; errors stay until they are closed. */
const STAYS_MS = 8000;
const MOST = 4;

let toasts: readonly Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function put(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Says that something is done, with a way back where there is one. */
export function toast(text: React.ReactNode, options: Omit<Toast, "id" | "text"> = {}): void {
  last += 1;
  put([...toasts, { id: last, text, ...options }].slice(-MOST));
}

export function dismissToast(id: number): void {
  put(toasts.filter((each) => each.id !== id));
}

/** Where messages appear; once in the page. */
export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div className="toasts no-print" role="status" aria-live="polite">
      {shown.map((each) => <Message key={each.id} toast={each} />)}
    </div>
  );
}

function Message({ toast: own }: { toast: Toast }) {
  useEffect(() => {
    if (own.tone === "bad") return;
    const timer = setTimeout(() => dismissToast(own.id), STAYS_MS);
    return () => clearTimeout(timer);
  }, [own]);
  return (
    <div className={classes("toast", own.tone && `toast-${own.tone}`)} role={own.tone === "bad" ? "alert" : undefined}>
      <p>{own.text}</p>
      {own.action && (
        <Button small onClick={() => {
          dismissToast(own.id);
          own.action?.run();
        }}>
          {own.action.label}
        </Button>
      )}
      <Button small look="quiet" icon="close" aria-label="Dismiss" onClick={() => dismissToast(own.id)} />
    </div>
  );
}
