import { afterEach, describe, expect, it, vi } from "vitest";
import { basePath, serverUrl } from "../app/base.ts";
import { ApiError, apiUrl, get, patch, setCsrf, whenSessionEnds } from "./client.ts";
import { decodeId, encodeId } from "./ids.ts";

function answering(status: number, body: unknown, headers: Record<string, string> = {}) {
  const asked = vi.fn(async (..._args: Parameters<typeof fetch>) => new Response(JSON.stringify(body), { status, headers }));
  vi.stubGlobal("fetch", asked);
  return asked;
}

afterEach(() => {
  vi.unstubAllGlobals();
  setCsrf("");
  document.querySelector("base")?.remove();
});

describe("questions", () => {
  it("carry the token and the version of a change", async () => {
    const asked = answering(200, {});
    setCsrf("token");
    await patch("incidents/i-1", { status: "resolved" }, { ifMatch: 3 });
    expect(asked.mock.calls[0]?.[1]).toMatchObject({
      method: "PATCH",
      headers: { "x-csrf-token": "token", "if-match": '"3"', "content-type": "application/json" },
    });
  });

  it("say what went wrong in the words of the service", async () => {
    answering(429, { title: "Too Many Requests", detail: "wait", request_id: "r-1" }, { "retry-after": "7" });
    const error = await get("alerts").catch((each: unknown) => each);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 429, detail: "wait", requestId: "r-1", retryAfter: 7 });
  });

  it("tell when the session has ended", async () => {
    const ended = vi.fn();
    whenSessionEnds(ended);
    answering(401, {});
    await get("alerts").catch(() => {});
    expect(ended).toHaveBeenCalledTimes(1);
  });

  it("that reach nobody are told apart from refusals", async () => {
    vi.stubGlobal("fetch", async () => {
      throw new TypeError("failed");
    });
    await expect(get("alerts")).rejects.toMatchObject({ status: 0, isOffline: true });
  });
});

describe("below another path", () => {
  it("everything is asked for there", () => {
    const base = document.createElement("base");
    base.setAttribute("href", "/sub/path/");
    document.head.append(base);
    expect(basePath()).toBe("/sub/path/");
    expect(serverUrl("/api/v1/me").pathname).toBe("/sub/path/api/v1/me");
    expect(new URL(apiUrl("events", { limit: 5 })).pathname).toBe("/sub/path/api/v1/events");
  });
});

describe("ids in paths", () => {
  it.each(["203.0.113.9", "2001:db8::1", "GET shop.example /orders/{id}", "..", "~x", "ünï/\u202e", "", "a".repeat(300)])(
    "%j comes back as it was",
    (id) => {
      const segment = encodeId(id);
      expect(segment).not.toContain("/");
      expect(decodeId(segment)).toBe(id);
    },
  );

  it("that are damaged stay as they are", () => {
    expect(decodeId("~!!")).toBe("~!!");
    expect(decodeId("%")).toBe("%");
  });
});
