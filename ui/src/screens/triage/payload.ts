import type { Sample } from "../../api/types.ts";

/** A place in a request where something was found; an alert knows no address. */
export type Found = Pick<Sample, "match" | "where" | "decoded"> & Partial<Pick<Sample, "url" | "method">>;

/** What to show of it: the layers when it was encoded, else the address when the match is in it, else the match. */
export function payloadOf(found: Found): { text: string; match?: string; where?: string; chain?: string[] } {
  const { match, where, decoded, url, method } = found;
  if (match === "") return { text: `${method ?? ""} ${url ?? ""}`.trim() };
  if (decoded.length > 1) return { text: decoded[0] ?? match, match, where, chain: decoded };
  const inAddress = url !== undefined && /^(?:query|path|url|uri)\b/.test(where);
  return { text: inAddress ? url : match, match, where };
}
