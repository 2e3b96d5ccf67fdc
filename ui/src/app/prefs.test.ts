import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { getPref, setPref } from "../state/prefs.ts";
import { followPrefs } from "./prefs.ts";

let asked: { method: string; body: unknown }[];

beforeEach(() => {
  asked = [];
  vi.useFakeTimers();
  vi.stubGlobal("fetch", (_url: unknown, init?: RequestInit) => {
    const method = init?.method ?? "GET";
    asked.push({ method, body: init?.body ? JSON.parse(String(init.body)) : null });
    const body = JSON.stringify({ preferences: { theme: "dark", density: "compact" } });
    return Promise.resolve(new Response(body, { headers: { "Content-Type": "application/json" } }));
  });
  window.localStorage.clear();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("preferences of an account", () => {
  it("come to this browser, but not over what was changed meanwhile", async () => {
    const end = followPrefs();
    setPref("density", "comfortable");
    await vi.advanceTimersByTimeAsync(10);
    expect(getPref("theme", "system")).toBe("dark");
    expect(getPref("density", "x")).toBe("comfortable");
    end();
  });

  it("go back together, and not what came from there", async () => {
    const end = followPrefs();
    await vi.advanceTimersByTimeAsync(10);
    setPref("theme", "light");
    setPref("zone", "utc");
    setPref("a name that is none", 1);
    await vi.advanceTimersByTimeAsync(1_500);
    const sent = asked.filter((each) => each.method === "PUT");
    expect(sent).toEqual([{ method: "PUT", body: { theme: "light", zone: "utc" } }]);
    end();
  });
});
