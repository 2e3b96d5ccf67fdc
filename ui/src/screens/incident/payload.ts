import type { Sample } from "../../api/types.ts";

/** What to show of a sample: the address when the match is in it, else the part that was found. */
export function payloadOf(sample: Sample): { text: string; match?: string; where?: string } {
  if (sample.match === "") return { text: `${sample.method} ${sample.url}` };
  const inAddress = /^(?:query|path|url|uri)\b/.test(sample.where);
  return { text: inAddress ? sample.url : sample.match, match: sample.match, where: sample.where };
}
