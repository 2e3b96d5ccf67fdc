import { getPref, usePref } from "./prefs.ts";

/**
 * Keys of one character and what they do. Each can be another one, or none (WCAG 2.1.4): handlers
 * are written for the usual ones, and ask here what a pressed key means.
 */
export const USUAL = {
  help: "?", filter: "/", pause: "p", copy: "y", go: "g",
  down: "j", up: "k", open: "o", select: "x", ack: "a", resolve: "r", fp: "f", comment: "c", respond: "b",
  earlier: "[", later: "]", zoom: "z",
} as const;

export type Action = keyof typeof USUAL;
export const ACTIONS = Object.keys(USUAL) as Action[];

/** Name of the preference: the changed keys as JSON, by action; "" for none. */
const NAME = "keymap";
type Changed = Partial<Record<Action, string>>;

function parsed(text: string): Changed {
  try {
    const told: unknown = JSON.parse(text || "{}");
    const found: Changed = {};
    if (typeof told !== "object" || told === null) return found;
    for (const [name, key] of Object.entries(told)) {
      if (name in USUAL && typeof key === "string" && [...key].length <= 1) found[name as Action] = key;
    }
    return found;
  } catch {
    return {};
  }
}

let lastText = "";
let last: Changed = {};

function changed(): Changed {
  const text = getPref<string>(NAME, "");
  if (text !== lastText) [lastText, last] = [text, parsed(text)];
  return last;
}

/** The key of an action now, "" when it has none. */
export function keyOf(action: Action): string {
  return changed()[action] ?? USUAL[action];
}

/** The usual key of what a pressed key does now; "" for one whose action has another key. */
export function meaning(key: string): string {
  if ([...key].length !== 1) return key;
  const own = changed();
  const meant = ACTIONS.find((each) => own[each] === key);
  if (meant !== undefined) return USUAL[meant];
  return ACTIONS.some((each) => USUAL[each] === key && own[each] !== undefined) ? "" : key;
}

/** The action that has a key already. */
export function takenBy(key: string, but: Action): Action | null {
  if (key === "") return null;
  return ACTIONS.find((each) => each !== but && keyOf(each) === key) ?? null;
}

/** The keys, and how to change them; whoever shows them is drawn again. */
export function useKeymap(): { keyOf: (action: Action) => string; set: (action: Action, key: string) => void; isChanged: boolean; reset: () => void } {
  const [text, setText] = usePref<string>(NAME, "");
  const own = parsed(text);
  return {
    keyOf: (action) => own[action] ?? USUAL[action],
    set: (action, key) => {
      const { [action]: _, ...others } = own;
      setText(JSON.stringify(key === USUAL[action] ? others : { ...others, [action]: key }));
    },
    isChanged: Object.keys(own).length > 0,
    reset: () => setText(""),
  };
}
