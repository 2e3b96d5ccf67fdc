import { describe, expect, it } from "vitest";
import { applied, joinValues, parseFilter, splitValues, stateOf, translated, withFilter, withoutFilter } from "./filters.ts";
import { buildSearch, hrefWith, parseUrl, patched, toQuery } from "./url.ts";

describe("conditions", () => {
  it.each([
    ["client:eq:2001:db8::1", { field: "client", op: "eq", value: "2001:db8::1" }],
    ["path:has:", { field: "path", op: "has", value: "" }],
    ["endpoint:eq:GET shop.example /a:b", { field: "endpoint", op: "eq", value: "GET shop.example /a:b" }],
  ])("%s is read up to its second colon", (text, filter) => {
    expect(parseFilter(text)).toEqual(filter);
  });

  it.each(["", "client", "client:eq", ":eq:1", "client:is:1"])("%j is none", (text) => {
    expect(parseFilter(text)).toBeNull();
  });

  it("keeps commas and backslashes of values apart", () => {
    const values = ["a,b", "c\\", "", "d\\,e"];
    expect(splitValues(joinValues(values))).toEqual(values);
  });

  it("makes two values of a field one condition", () => {
    const both = withFilter([{ field: "client", op: "eq", value: "10.0.0.1" }], { field: "client", op: "eq", value: "10.0.0.2" });
    expect(both).toEqual([{ field: "client", op: "in", value: "10.0.0.1,10.0.0.2" }]);
    expect(stateOf(both, "client", "10.0.0.2")).toBe("in");
    expect(withoutFilter(both, { field: "client", op: "eq", value: "10.0.0.1" })).toEqual([
      { field: "client", op: "eq", value: "10.0.0.2" },
    ]);
  });

  it("replaces a condition by its opposite", () => {
    const out = withFilter([{ field: "method", op: "eq", value: "GET" }], { field: "method", op: "ne", value: "GET" });
    expect(out).toEqual([{ field: "method", op: "ne", value: "GET" }]);
    expect(stateOf(out, "method", "GET")).toBe("out");
  });

  it("lets two conditions on a list stand side by side", () => {
    const first = { field: "attack_types", op: "has", value: "sqli" } as const;
    const second = { field: "attack_types", op: "has", value: "xss" } as const;
    expect(withFilter([first], second)).toEqual([first, second]);
  });

  it("keeps one lower bound", () => {
    const bounds = withFilter([{ field: "risk", op: "gte", value: "40" }], { field: "risk", op: "gte", value: "60" });
    expect(bounds).toEqual([{ field: "risk", op: "gte", value: "60" }]);
  });

  it("says a condition in the words of another list, or that it cannot", () => {
    expect(translated("incidents", { field: "client", op: "eq", value: "10.0.0.1" })).toEqual({
      field: "entities",
      op: "eq",
      value: "10.0.0.1",
    });
    const { used, unused } = applied("alerts", [
      { field: "severity", op: "eq", value: "HIGH" },
      { field: "status", op: "eq", value: "404" },
    ]);
    expect(used).toHaveLength(1);
    expect(unused).toEqual([{ field: "status", op: "eq", value: "404" }]);
  });
});

describe("the address", () => {
  const hostile = "a&b=c#d?e:f+g %00‮<script>";

  it("gives back what was put in, whatever it is", () => {
    const state = {
      range: { from: "now-15m", to: "now" },
      filters: [
        { field: "path", op: "has", value: hostile },
        { field: "client", op: "cidr", value: "2001:db8::/32" },
      ] as const,
      sort: "-risk",
      more: { sel: hostile, tab: "why" },
    };
    expect(parseUrl(buildSearch(state))).toEqual(state);
  });

  it("is empty when all is as usual", () => {
    expect(buildSearch(parseUrl(""))).toBe("");
  });

  it("leaves out what it cannot read", () => {
    const state = parseUrl("?from=yesterday&to=<b>&f=nonsense&f=risk:gte:40");
    expect(state.range).toEqual({ from: "now-1h", to: "now" });
    expect(state.filters).toEqual([{ field: "risk", op: "gte", value: "40" }]);
  });

  it("changes only what is named, and takes away what is null", () => {
    const state = parseUrl("?from=now-6h&to=now&f=risk:gte:40&sel=i-1&tab=why");
    const next = patched(state, { more: { sel: null } });
    expect(buildSearch(next)).toBe("from=now-6h&to=now&f=risk:gte:40&tab=why");
  });

  it("stays readable", () => {
    expect(hrefWith("/explorer", { filters: [{ field: "path", op: "has", value: "/a,b" }] })).toBe(
      "/explorer?f=path:has:/a,b",
    );
  });

  it("leaves the end of a running period open for the service", () => {
    expect(toQuery({ range: { from: "now-1h", to: "now" } }, { limit: 5, cols: undefined })).toBe("from=now-1h&limit=5");
  });
});
