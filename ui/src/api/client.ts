import { serverUrl } from "../app/base.ts";

/** What the service answers when it does not do what was asked (`application/problem+json`). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly requestId: string | null = null,
    readonly more: Readonly<Record<string, unknown>> = {},
    readonly retryAfter: number | null = null,
  ) {
    super(detail || title);
    this.name = "ApiError";
  }

  /** Whether the service could not be reached at all. */
  get isOffline(): boolean {
    return this.status === 0;
  }
}

export interface Asked {
  /** Parameters of the address; a string is taken as it is, without its question mark. */
  query?: string | URLSearchParams | Record<string, string | number | boolean | undefined>;
  body?: unknown;
  /** Version that was read, for changes that must not overwrite somebody else's. */
  ifMatch?: string | number;
  signal?: AbortSignal;
}

export interface Tagged<T> {
  data: T;
  etag: string | null;
}

let csrf = "";
let onEnded: () => void = () => {};

/** Hands over the token that goes with every write; empty when logged out. */
export function setCsrf(token: string): void {
  csrf = token;
}

/** Sets what happens when the service no longer knows the session. */
export function whenSessionEnds(act: () => void): void {
  onEnded = act;
}

function search(query: Asked["query"]): string {
  if (query === undefined) return "";
  if (typeof query === "string") return query.replace(/^\?/, "");
  if (query instanceof URLSearchParams) return query.toString();
  const all = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) all.set(name, String(value));
  }
  return all.toString();
}

/** Address of a resource below `api/v1`, for links and downloads too. */
export function apiUrl(path: string, query?: Asked["query"]): string {
  const url = serverUrl(`api/v1/${path.replace(/^\/+/, "")}`);
  url.search = search(query);
  return url.toString();
}

async function problem(answer: Response): Promise<ApiError> {
  let told: Record<string, unknown> = {};
  try {
    const body: unknown = await answer.json();
    if (typeof body === "object" && body !== null) told = body as Record<string, unknown>;
  } catch {
    // a proxy answered in its own words
  }
  const text = (name: string) => (typeof told[name] === "string" ? (told[name] as string) : "");
  const wait = Number(answer.headers.get("retry-after") ?? Number.NaN);
  return new ApiError(
    answer.status,
    text("title") || answer.statusText || `Status ${answer.status}`,
    text("detail"),
    text("request_id") || answer.headers.get("x-request-id"),
    told,
    Number.isFinite(wait) ? wait : null,
  );
}

async function send(method: string, path: string, asked: Asked): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (asked.body !== undefined) headers["content-type"] = "application/json";
  if (method !== "GET" && csrf) headers["x-csrf-token"] = csrf;
  if (asked.ifMatch !== undefined) {
    headers["if-match"] = typeof asked.ifMatch === "number" ? `"${asked.ifMatch}"` : asked.ifMatch;
  }
  let answer: Response;
  try {
    answer = await fetch(apiUrl(path, asked.query), {
      method,
      headers,
      credentials: "same-origin",
      cache: "no-store",
      signal: asked.signal ?? null,
      body: asked.body === undefined ? null : JSON.stringify(asked.body),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "The service does not answer", "The connection failed.");
  }
  if (answer.ok) return answer;
  const refused = await problem(answer);
  if (refused.status === 401 && path !== "login") onEnded();
  throw refused;
}

async function read<T>(answer: Response): Promise<T> {
  if (answer.status === 204) return undefined as T;
  return (await answer.json()) as T;
}

export async function get<T>(path: string, asked: Asked = {}): Promise<T> {
  return read<T>(await send("GET", path, asked));
}

/** The same with the ETag of what was read. */
export async function getTagged<T>(path: string, asked: Asked = {}): Promise<Tagged<T>> {
  const answer = await send("GET", path, asked);
  return { data: await read<T>(answer), etag: answer.headers.get("etag") };
}

export async function post<T>(path: string, body?: unknown, asked: Asked = {}): Promise<T> {
  return read<T>(await send("POST", path, { ...asked, body }));
}

export async function put<T>(path: string, body?: unknown, asked: Asked = {}): Promise<T> {
  return read<T>(await send("PUT", path, { ...asked, body }));
}

export async function patch<T>(path: string, body?: unknown, asked: Asked = {}): Promise<T> {
  return read<T>(await send("PATCH", path, { ...asked, body }));
}

export async function del<T>(path: string, asked: Asked = {}): Promise<T> {
  return read<T>(await send("DELETE", path, asked));
}

/** Starts a download of a list in the words of its filter. */
export function exportUrl(of: string, format: "csv" | "ndjson", query: string): string {
  const all = new URLSearchParams(query);
  all.set("format", format);
  return apiUrl(`exports/${of}`, all);
}
