import { describe, expect, it } from "vitest";
import { en } from "./en.ts";
import { listed, t, tOr } from "./index.ts";

describe("words", () => {
  it("agree with their number, which is written as the language does", () => {
    expect(t("al.sub", { n: 1 })).toBe("1 alert in this period");
    expect(t("al.sub", { n: 12_345 })).toBe("12,345 alerts in this period");
  });

  it("keep what was not filled in visible, and never read a filler again", () => {
    expect(t("palette.user", { id: "{n}" })).toBe("User {n}");
    expect(t("palette.user")).toBe("User {id}");
  });

  it("fall back where the service knows more than the page", () => {
    expect(tOr("ov.check.brand_new", "brand_new")).toBe("brand_new");
  });

  it("are listed as people do", () => {
    expect(listed(["a", "b", "c"])).toBe("a, b, and c");
  });

  it("are all texts, and none is empty", () => {
    for (const [key, message] of Object.entries(en)) {
      for (const text of typeof message === "string" ? [message] : Object.values(message)) {
        expect(text, key).toMatch(/\S/);
      }
    }
  });
});
