import { get, put } from "../api/client.ts";
import type { Preferences } from "../api/types.gen.ts";
import { adoptPrefs, keepPrefs } from "../state/prefs.ts";

/** Pause after a change before it is sent: a slider changes often. */
const PAUSE_MS = 1_000;
/** Names that the service takes. */
const NAME = /^[A-Za-z0-9_.:-]{1,64}$/;

/**
 * Brings the preferences of the account here, and changes of them there.
 *
 * Without an account, or without the service, they are those of this browser.
 *
 * @returns The way to end it.
 */
export function followPrefs(): () => void {
  let waiting: Record<string, unknown> = {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const send = () => {
    timer = undefined;
    const now = waiting;
    waiting = {};
    void put<Preferences>("me/preferences", now).catch(() => {});
  };
  keepPrefs((key, value) => {
    if (!NAME.test(key)) return;
    waiting[key] = value;
    timer ??= setTimeout(send, PAUSE_MS);
  });
  void get<Preferences>("me/preferences")
    .then(({ preferences }) => {
      // What was changed since is newer.
      if (!isOver) adoptPrefs(Object.fromEntries(Object.entries(preferences).filter(([key]) => !(key in waiting))));
    })
    .catch(() => {});
  return () => {
    isOver = true;
    keepPrefs(null);
    if (timer !== undefined) {
      clearTimeout(timer);
      send();
    }
  };
}
