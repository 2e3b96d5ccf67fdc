import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { refreshIncidents } from "../api/queries.ts";
import type { Incident, Listing } from "../api/types.ts";
import { live } from "../state/live.ts";

/** Pause between news and the reading that they cause: what belongs together comes together. */
const SOON_MS = 300;
/** Shortest pause between two readings that the live stream causes. */
const PAUSE_MS = 2_000;

type News = Partial<Incident> & Pick<Incident, "id">;

/**
 * Puts what the live stream tells of incidents into the lists that are shown, reads what it cannot
 * tell (new ones in their order, counts), and everything after a gap.
 *
 * @returns The way to end it.
 */
export function keepFresh(client: QueryClient): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let readAt = -Infinity;
  let shown: readonly Record<string, unknown>[] = [];
  const changed = new Set<string>();
  const opened = live.open("incidents");
  const news = live.onNews((topic) => {
    if (topic !== "incidents") return;
    const { items } = live.snapshot(opened.key);
    const before = new Set(shown);
    const fresh = items.filter((item) => !before.has(item)) as unknown as News[];
    shown = items;
    for (const each of fresh) changed.add(each.id);
    replaceRows(client, fresh);
    timer ??= setTimeout(
      () => {
        timer = undefined;
        readAt = Date.now();
        refreshIncidents(client, changed);
        changed.clear();
      },
      Math.max(SOON_MS, readAt + PAUSE_MS - Date.now()),
    );
  });
  const gap = live.onGap(() => {
    if (!live.linkSnapshot().paused) void client.invalidateQueries();
  });
  return () => {
    clearTimeout(timer);
    news();
    gap();
    opened.close();
  };
}

/** Rows of lists as they are now; who comes and who goes is known after the next reading. */
export function replaceRows(client: QueryClient, fresh: readonly News[]): void {
  const byId = new Map(fresh.map((each) => [each.id, each]));
  client.setQueriesData<InfiniteData<Listing<Incident>>>({ queryKey: ["list", "incidents"] }, (data) => {
    if (!data?.pages.some((page) => page.items.some((row) => byId.has(row.id)))) return data;
    return {
      ...data,
      pages: data.pages.map((page) => ({ ...page, items: page.items.map((row) => ({ ...row, ...byId.get(row.id) })) })),
    };
  });
}
