import { useEffect, useRef } from "react";
import { isTaken } from "../../app/useKeys.ts";
import { meaning } from "../../state/keymap.ts";
import { getPref } from "../../state/prefs.ts";

/** Time after `g` in which the next key means a screen. */
const SEQUENCE_MS = 1200;

/** Single keys of a screen; they act only where nothing takes text, and can be switched off. */
export function usePageKeys(keys: Readonly<Record<string, () => void>>): void {
  const now = useRef(keys);
  now.current = keys;
  useEffect(() => {
    let wentAt = -Infinity;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTaken(event.target) || !getPref<boolean>("keys", true)) return;
      const goes = event.timeStamp - wentAt < SEQUENCE_MS;
      const key = meaning(event.key);
      wentAt = key === "g" ? event.timeStamp : -Infinity;
      const act = now.current[key];
      if (goes || !act) return;
      event.preventDefault();
      act();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}
