import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Why } from "./Why.tsx";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const factor = (name: string, contribution: number, more = {}) => ({ name, actual: 8, usual: null, unit: "", contribution, window: "", n: null, ...more });
const failed = factor("failed logins", 40, { usual: 1, window: "10 min", n: 66 });
const told = {
  base: 12,
  rest: 0,
  risk: 52,
  confidence: 64,
  requests: 36,
  in_one_request: null,
  data: "36 requests of this client",
  factors: [failed, factor("in common: same network", 0, { actual: "192.0.2.0/24" })],
  reasons: [{ detector: "brute_force", attack_type: "brute_force", card: "", nats: 3, points: 40, factors: [failed], seqs: [], succeeded: null }],
  counterfactual: { without: ["failed logins"], risk: 12, text: "With failed logins at 1 instead of 8 the risk would be 12." },
};

describe("why a risk is what it is", () => {
  const shown = (more = {}) =>
    render(<QueryClientProvider client={new QueryClient()}><Why told={{ ...told, ...more }} /></QueryClientProvider>);

  it("says in what a signal was counted, what is usual and from how much", () => {
    shown();
    const row = within(screen.getByRole("row", { name: /failed logins/ }));
    expect(row.getByText(/10 min/)).toBeTruthy();
    expect(row.getByText("from 66 requests")).toBeTruthy();
  });

  it("says what would lower it and how much there is to go by", () => {
    shown();
    expect(screen.getByText(/instead of 8 the risk would be 12/)).toBeTruthy();
    expect(screen.getByText(/Confidence 64 %: 36 requests of this client/)).toBeTruthy();
  });

  it("lists what would lower it when it is much", () => {
    shown({ counterfactual: { without: ["a", "b", "b", "c"], risk: 12, text: "long" } });
    expect(screen.getByText(/all 4 of these/)).toBeTruthy();
    expect(screen.getByText("×2")).toBeTruthy();
    expect(screen.queryByText("long")).toBeNull();
  });

  it("keeps what adds nothing out of the sum", () => {
    shown();
    expect(screen.queryByRole("row", { name: /same network/ })).toBeNull();
    expect(screen.getByText("192.0.2.0/24")).toBeTruthy();
  });

  it("opens the card of the detector", async () => {
    const card = { id: "brute_force", text: ["Fails to sign in."], catches: "guessing", misses: "see `password_spraying`", cost: "", references: "CWE-307", page: "x", enabled: true, weight: 1 };
    vi.stubGlobal("fetch", () => Promise.resolve(Response.json(card)));
    HTMLDialogElement.prototype.showModal ??= () => {};
    shown();
    fireEvent.click(screen.getByRole("button", { name: "Password guessing" }));
    expect((await screen.findByText("password_spraying")).tagName).toBe("CODE");
    expect(screen.getByText("CWE-307")).toBeTruthy();
  });
});
