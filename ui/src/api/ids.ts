/** Ids with slashes, spaces or worse go into paths as `~` and their base64url. */

const PLAIN = /^[A-Za-z0-9._:@-]{1,120}$/;

/** An id as one segment of a path. */
export function encodeId(id: string): string {
  if (PLAIN.test(id) && id !== "." && id !== "..") return encodeURIComponent(id);
  const bytes = new TextEncoder().encode(id);
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return `~${btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

/** The id again; text that was never encoded stays as it is. */
export function decodeId(segment: string): string {
  if (!segment.startsWith("~")) {
    try {
      return decodeURIComponent(segment);
    } catch {
      return segment;
    }
  }
  try {
    const binary = atob(segment.slice(1).replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (sign) => sign.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return segment;
  }
}
