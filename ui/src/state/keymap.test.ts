import { afterEach, describe, expect, it } from "vitest";
import { ACTIONS, keyOf, meaning, takenBy, USUAL } from "./keymap.ts";
import { setPref } from "./prefs.ts";

afterEach(() => setPref("keymap", ""));

describe("keys", () => {
  it("mean the usual thing until somebody changes them", () => {
    for (const action of ACTIONS) expect(meaning(USUAL[action])).toBe(USUAL[action]);
    expect(meaning("Enter")).toBe("Enter");
    expect(meaning("q")).toBe("q");
    expect(new Set(Object.values(USUAL)).size).toBe(ACTIONS.length);
  });

  it("can be others: the new one does it, the old one nothing", () => {
    setPref("keymap", JSON.stringify({ ack: "e" }));
    expect(meaning("e")).toBe("a");
    expect(meaning("a")).toBe("");
    expect(keyOf("ack")).toBe("e");
    expect(takenBy("e", "fp")).toBe("ack");
    expect(takenBy("a", "fp")).toBeNull();
  });

  it("can change places", () => {
    setPref("keymap", JSON.stringify({ ack: "r", resolve: "a" }));
    expect([meaning("a"), meaning("r")]).toEqual(["r", "a"]);
  });

  it("can be none", () => {
    setPref("keymap", JSON.stringify({ pause: "" }));
    expect(meaning("p")).toBe("");
    expect(takenBy("", "copy")).toBeNull();
  });

  it.each(["no json", "[]", "null", '{"ack":7,"nobody":"x","fp":"long"}'])("are the usual ones for %s", (text) => {
    setPref("keymap", text);
    for (const action of ACTIONS) expect(keyOf(action)).toBe(USUAL[action]);
  });
});
