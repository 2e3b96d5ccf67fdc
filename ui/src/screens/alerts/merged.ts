import type { Alert } from "../../api/types.ts";

/** Most rows that live news may add before the list is read again. */
export const MOST_LIVE = 2_000;

/**
 * Rows of the list with what the stream told since: each alert once, newest first.
 *
 * @param listed As REST gives them, newest first.
 * @param live As the stream told them, newest arrival first.
 * @param from Begin of the period in ms; older news are left out.
 */
export function merged(listed: readonly Alert[], live: readonly Alert[], from: number): Alert[] {
  if (live.length === 0) return [...listed];
  const known = new Set(listed.map((row) => row.id));
  const fresh = live
    .slice(0, MOST_LIVE)
    .filter((row) => !known.has(row.id) && row.ts !== null && Date.parse(row.ts) >= from);
  if (fresh.length === 0) return [...listed];
  const last = listed.at(-1)?.ts;
  // What belongs below the rows that were read comes with the next page.
  const shown = last ? fresh.filter((row) => (row.ts ?? "") >= last) : fresh;
  return [...shown, ...listed].toSorted(newestFirst);
}

/** Times are texts of one form, in which the order of letters is the order of time. */
function newestFirst(a: Alert, b: Alert): number {
  const [one, other] = [a.ts ?? "", b.ts ?? ""];
  return one < other ? 1 : one > other ? -1 : 0;
}
