import { describe, expect, it } from "vitest";
import { clip, defanged, visible, visibleText } from "./visible.ts";

/** Whether a text holds characters that cannot be seen or that turn others around. */
const hides = (text: string | null) =>
  [...(text ?? "")].some((sign) => {
    const code = sign.codePointAt(0) ?? 0;
    return code < 0x20 || (code >= 0x200b && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  });

describe("text of strangers", () => {
  it("shows plain text as it is, in one piece", () => {
    expect(visible("GET /orders?q=naïve 数据 🙂")).toEqual([{ text: "GET /orders?q=naïve 数据 🙂" }]);
  });

  it.each([
    ["\u202e", "\\u202e", "right-to-left override"],
    ["\u200b", "\\u200b", "zero width space"],
    ["\u0000", "\\0", "null"],
    ["\u001b", "\\x1b", "escape"],
    ["\r\n", "\\r\\n", "carriage return"],
    ["\u2066", "\\u2066", "left-to-right isolate"],
    ["\ufeff", "\\ufeff", "byte order mark"],
    ["\u{e0041}", "\\u{e0041}", ""],
    ["\u2028", "\\u2028", "line separator"],
    ["\ud800", "\\ud800", ""],
    ["\u3164", "\\u3164", ""],
  ])("shows %j as an escape with its name", (hidden, shown, name) => {
    const pieces = visible(`a${hidden}b`);
    expect(pieces.map((each) => each.text).join("")).toBe(`a${shown}b`);
    expect(pieces[1]?.name).toContain(name);
    expect(hides(pieces.map((each) => each.text).join(""))).toBe(false);
  });

  it("keeps a stack of marks on its line", () => {
    const shown = visible(`z${"\u0301".repeat(200)}`).map((each) => each.text).join("");
    expect(shown).toContain("\\u0301");
    expect([...shown].filter((sign) => sign === "\u0301").length).toBe(2);
  });

  it("clips, says how much is left, and never halves a character", () => {
    expect(clip("abcdef", 4)).toEqual({ shown: "abcd", left: 2 });
    expect(clip("abc🙂", 4).shown).toBe("abc");
    expect(visibleText("x".repeat(5000), 10)).toBe("xxxxxxxxxx … (+4,990)");
  });

  it("defangs addresses", () => {
    expect(defanged("http://evil.example/a HTTPS://1.2.3.4")).toBe("hxxp://evil[.]example/a hxxps://1[.]2[.]3[.]4");
  });

  it("tells the marks of secrets apart, wherever they stand", () => {
    expect(visible("/a?token=redacted-0123456789abcdef&x=\u202e")).toEqual([
      { text: "/a?token=" },
      { text: "redacted-0123456789abcdef", isMask: true },
      { text: "&x=" },
      { text: "\\u202e", name: "U+202E right-to-left override" },
    ]);
    expect(visible("unredacted redacted")).toEqual([{ text: "unredacted " }, { text: "redacted", isMask: true }]);
  });
});
