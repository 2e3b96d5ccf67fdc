import { describe, expect, it } from "vitest";
import { guesses } from "./palette.ts";
import { takeToken } from "./session.ts";

describe("what a pasted text may mean", () => {
  it.each([
    ["203.0.113.9", "client"],
    ["2001:db8::1", "client"],
    ["203.0.113.0/24", "network"],
    ["i-9f86d081884c7d65", "incident"],
    ["a-1b4f0e9851971998", "alert"],
    ["/api/v1/orders", "path"],
    ["2fb8e2efeafce99f", "session"],
    ["ann@example.org", "user"],
    ["union select", "path"],
  ])("%s is first a %s", (text, word) => {
    expect(guesses(text)[0]?.word).toBe(word);
  });

  it("is nothing when nothing is typed", () => {
    expect(guesses("  ")).toEqual([]);
  });

  it("never leaves the page", () => {
    for (const guess of guesses("//evil.example/x")) expect(guess.path).toMatch(/^\/[a-z]/);
    for (const guess of guesses("javascript:alert(1)")) expect(guess.path).toMatch(/^\/[a-z]/);
  });
});

describe("the one-time token", () => {
  it("is out of the address before it is used", () => {
    window.history.replaceState(null, "", "/alerts?f=risk:gte:40#token=secret");
    expect(takeToken()).toBe("secret");
    expect(window.location.href).not.toContain("secret");
    expect(window.location.search).toBe("?f=risk:gte:40");
    expect(takeToken()).toBeNull();
  });
});
