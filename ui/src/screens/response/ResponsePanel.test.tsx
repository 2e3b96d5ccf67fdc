import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ResponsePanel } from "./ResponsePanel.tsx";
import type { Trial } from "./useDecisions.ts";

vi.mock("../../app/session.ts", () => ({ useSession: () => ({ me: { name: "ann", permissions: ["respond"] } }) }));

const TRIAL: Trial = {
  allowed: true,
  objections: [],
  preview: {
    total_requests: 1000, requests: 120, share: 0.12, clients: 4, clients_without_alert: 3, requests_without_alert: 12,
    examples: [], examples_without_alert: [{ client: "198.51.100.7", requests: 9, alerted: false }], complete: true,
  },
};

let asked: { url: string; method: string; body: unknown }[] = [];

function answering(trial: Trial) {
  asked = [];
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    asked.push({ url, method: init.method ?? "GET", body: init.body ? JSON.parse(String(init.body)) : null });
    const answer = init.method === "POST" ? (url.includes("dry_run=true") ? trial : { id: "d-1", action: "block", value: "203.0.113.9" }) : { items: [], next: null, total: 0 };
    return Promise.resolve(new Response(JSON.stringify(answer), { headers: { "content-type": "application/json" } }));
  });
}

beforeEach(() => window.history.replaceState(null, "", "/incidents/i-1"));
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const panel = () =>
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ResponsePanel targets={[{ kind: "client", id: "203.0.113.9" }]} incident="i-1" filter={{ field: "incident", op: "eq", value: "i-1" }} />
    </QueryClientProvider>,
  );
const decided = () => asked.filter((each) => each.method === "POST" && !each.url.includes("dry_run"));

describe("a decision", () => {
  it("is tried first, names who would be hit without reason, and is made only after a second click", async () => {
    answering(TRIAL);
    panel();
    fireEvent.click(screen.getByRole("button", { name: "Preview …" }));
    await screen.findByText(/it would have met 120 requests \(12 %\)/);
    expect(screen.getByText("12 of them came from 3 clients without any alert:")).toBeTruthy();
    expect(screen.getByText("198.51.100.7")).toBeTruthy();
    expect(decided()).toEqual([]);
    fireEvent.click(screen.getByRole("button", { name: "Decide", hidden: true }));
    await waitFor(() => expect(decided().length).toBe(1));
    expect(decided()[0]?.body).toMatchObject({ scope: "client", value: "203.0.113.9", action: "block", duration_seconds: 3600, incident: "i-1" });
  });

  it("cannot be made when a guard refuses it", async () => {
    answering({ ...TRIAL, allowed: false, objections: [{ code: "own_address", detail: "you are asking from it yourself" }] });
    panel();
    fireEvent.click(screen.getByRole("button", { name: "Preview …" }));
    await screen.findByText("you are asking from it yourself");
    fireEvent.click(screen.getByRole("button", { name: "Decide", hidden: true }));
    expect(decided()).toEqual([]);
  });
});
