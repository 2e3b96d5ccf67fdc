/**
 * Where the page is mounted. The server inserts `<base href="/sub/path/">`; without one (tests, the
 * development server) the page is at the root.
 */
export function basePath(doc: Document = document): string {
  const href = doc.querySelector("base")?.getAttribute("href");
  if (!href) return "/";
  const path = new URL(href, doc.location.href).pathname;
  return path.endsWith("/") ? path : `${path}/`;
}

/** Absolute address of something the server has, such as `api/v1/me`. */
export function serverUrl(path: string, doc: Document = document): URL {
  return new URL(basePath(doc) + path.replace(/^\/+/, ""), doc.location.origin);
}
