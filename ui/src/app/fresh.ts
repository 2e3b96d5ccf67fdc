import type { QueryClient } from "@tanstack/react-query";
import { refreshIncidents } from "../api/queries.ts";
import { live } from "../state/live.ts";

/** Shortest pause between two readings that the live stream causes. */
const PAUSE_MS = 1_500;

/**
 * Reads again what the live stream says has changed, and everything after a gap.
 *
 * @returns The way to end it.
 */
export function keepFresh(client: QueryClient): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const opened = live.open("incidents");
  const news = live.onNews((topic) => {
    if (topic !== "incidents" || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      refreshIncidents(client);
    }, PAUSE_MS);
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
