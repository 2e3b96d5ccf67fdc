import { QueryClient } from "@tanstack/react-query";
import { describe, expect, it } from "vitest";
import { refreshIncidents } from "../api/queries.ts";
import { replaceRows } from "./fresh.ts";

const KEY = ["list", "incidents", "incidents", "", 100];

const row = (id: string, risk: number) => ({ id, risk, reason: `because ${id}`, samples: [1] });

function filled(): QueryClient {
  const client = new QueryClient();
  client.setQueryData(KEY, { pages: [{ items: [row("i-a", 40), row("i-b", 50)] }, { items: [row("i-c", 60)] }], pageParams: ["", "x"] });
  return client;
}

describe("news of incidents", () => {
  it("change the rows that are shown, and keep what the stream leaves out", () => {
    const client = filled();
    replaceRows(client, [{ id: "i-c", risk: 90 }]);
    const { pages } = client.getQueryData<{ pages: { items: { id: string; risk: number; samples: number[] }[] }[] }>(KEY) ?? { pages: [] };
    expect(pages.flatMap((page) => page.items.map((each) => each.risk))).toEqual([40, 50, 90]);
    expect(pages[1]?.items[0]?.samples).toEqual([1]);
  });

  it("leave the list alone when none of them is in it", () => {
    const client = filled();
    const before = client.getQueryData(KEY);
    replaceRows(client, [{ id: "i-z", risk: 90 }]);
    expect(client.getQueryData(KEY)).toBe(before);
  });

  it("read again the incidents that they are about, and no others", () => {
    const client = new QueryClient();
    const keys = ["incidents/i-a", "incidents/i-a/explanation", "incidents/i-ab", "overview"];
    for (const path of keys) client.setQueryData(["one", path, ""], {});
    refreshIncidents(client, new Set(["i-a"]));
    const stale = keys.filter((path) => client.getQueryState(["one", path, ""])?.isInvalidated);
    expect(stale).toEqual(["incidents/i-a", "incidents/i-a/explanation", "overview"]);
  });
});
