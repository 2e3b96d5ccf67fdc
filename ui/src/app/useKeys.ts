import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { live } from "../state/live.ts";
import { meaning } from "../state/keymap.ts";
import { getPref } from "../state/prefs.ts";
import { shifted, zoomedOut } from "../state/range.ts";
import { hrefWith, parseUrl, useUrl } from "../state/url.ts";
import { copyView } from "./copyView.ts";
import { NAV } from "./routes.tsx";

/** Time after `g` in which the next key still belongs to it. */
const SEQUENCE_MS = 1_200;

/** Whether a key goes into something that takes text, or belongs to something open above the page. */
export function isTaken(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target.closest("dialog[open], [role=menu], [role=listbox]")) return true;
  return /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** Keys of the whole page. Single ones can be switched off, and act only where nothing takes text. */
export function useKeys(act: { palette: () => void; help: () => void }): void {
  const url = useUrl();
  const [, navigate] = useLocation();
  const now = useRef({ url, navigate, act });
  now.current = { url, navigate, act };
  useEffect(() => {
    let wentAt = 0;
    const onKeyDown = (event: KeyboardEvent) => {
      const { url: here, navigate: go, act: open } = now.current;
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        open.palette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTaken(event.target) || !getPref<boolean>("keys", true)) return;
      const at = Date.now();
      if (at - wentAt < SEQUENCE_MS) {
        wentAt = 0;
        const item = NAV.find((each) => each.key === event.key);
        if (item) {
          event.preventDefault();
          go(hrefWith(item.path, { range: parseUrl(window.location.search).range }));
          return;
        }
      }
      const key = meaning(event.key);
      const done = single(key, here, open);
      if (key === "g") wentAt = at;
      if (done) event.preventDefault();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}

function single(key: string, url: ReturnType<typeof useUrl>, open: { help: () => void }): boolean {
  const nowMs = Date.now();
  switch (key) {
    case "?":
      open.help();
      return true;
    case "/": {
      const input = document.querySelector<HTMLElement>("[data-filter-input]");
      input?.focus();
      return input !== null;
    }
    case "p":
      if (live.linkSnapshot().paused) live.resume();
      else live.pause();
      return true;
    case "y":
      copyView();
      return true;
    case "z":
      url.set({ range: zoomedOut(url.range, nowMs) });
      return true;
    case "[":
    case "]":
      url.set({ range: shifted(url.range, key === "[" ? -1 : 1, nowMs) });
      return true;
    default:
      return false;
  }
}
