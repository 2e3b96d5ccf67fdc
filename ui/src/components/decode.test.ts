import { describe, expect, it } from "vitest";
import { layers, locate } from "./decode.ts";

describe("layers of encoding", () => {
  it("takes them off one after the other", () => {
    const found = layers("q=%2527%2520or%25201%253D1");
    expect(found.map((each) => each.step)).toEqual(["url", "url"]);
    expect(found.at(-1)?.text).toBe("q=' or 1=1");
  });

  it("knows HTML, Unicode and Base64", () => {
    expect(layers("&lt;script&#62;")[0]?.text).toBe("<script>");
    expect(layers("\\u003cscript\\x3e")[0]?.text).toBe("<script>");
    expect(layers(`x=${btoa("<script>alert(1)</script>")}`)[0]).toEqual({ step: "base64", text: "x=<script>alert(1)</script>" });
  });

  it("ends for whoever nests without end, and leaves plain text alone", () => {
    let text = "'";
    for (let at = 0; at < 40; at += 1) text = encodeURIComponent(text);
    expect(layers(text).length).toBeLessThanOrEqual(5);
    expect(layers("/orders/12?sort=a+b")).toEqual([]);
    expect(layers("%zz%")).toEqual([]);
  });
});

describe("the matched part", () => {
  it("is found whatever its case and white space", () => {
    expect(locate("id=1 UNION  SELECT x", "union select")).toEqual({ from: 5, to: 18 });
    expect(locate("abc", "zzz")).toBeNull();
    expect(locate("abc", "")).toBeNull();
  });
});
