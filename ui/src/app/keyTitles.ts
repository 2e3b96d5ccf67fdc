import type { Key } from "../i18n/index.ts";
import type { Action } from "../state/keymap.ts";

/** What each key does, in words. */
export const KEY_TITLES: Readonly<Record<Action, Key>> = {
  help: "keys.help",
  filter: "keys.filter",
  pause: "keys.pause",
  copy: "keys.copy",
  go: "keys.goto",
  down: "keys.down",
  up: "keys.up",
  open: "keys.open",
  select: "keys.select",
  ack: "keys.ack",
  resolve: "keys.resolve",
  fp: "keys.fp",
  comment: "keys.comment",
  respond: "keys.respond",
  earlier: "keys.earlier",
  later: "keys.later",
  zoom: "keys.zoom",
};
