import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { del, get, post } from "../../api/client.ts";
import type { Listing } from "../../api/types.ts";
import { filterText, type Filter } from "../../state/filters.ts";

export const ACTIONS = ["watch", "challenge", "rate_limit", "step_up", "revoke_session", "block"] as const;
export const SCOPES = ["client", "network", "user", "session", "credential", "endpoint"] as const;
export type Action = (typeof ACTIONS)[number];
export type Scope = (typeof SCOPES)[number];

export interface Wanted {
  scope: Scope;
  value: string;
  action: Action;
  duration_seconds: number;
  reason: string;
  incident?: string;
}

export interface Trial {
  allowed: boolean;
  objections: { code: string; detail: string }[];
  preview: {
    total_requests: number;
    requests: number;
    share: number;
    clients: number;
    clients_without_alert: number;
    requests_without_alert: number;
    examples: { client: string; requests: number; alerted: boolean }[];
    examples_without_alert: { client: string; requests: number; alerted: boolean }[];
    complete: boolean;
  };
}

export interface Decision {
  id: string;
  scope: Scope;
  value: string;
  action: Action;
  reason: string;
  source: string;
  author: string;
  incident: string | null;
  state: "active" | "expired" | "lifted";
  created: string | null;
  expires: string | null;
  ends: string | null;
  lifted_by: string | null;
  enforcement: string;
}

/** Decisions that pass a filter, and how to try, make and lift them. */
export function useDecisions(filter: Filter) {
  const client = useQueryClient();
  const onSettled = () => void client.invalidateQueries({ queryKey: ["list", "decisions"] });
  const query = new URLSearchParams({ f: filterText(filter), limit: "50" }).toString();
  const found = useQuery({
    queryKey: ["list", "decisions", query],
    queryFn: ({ signal }) => get<Listing<Decision>>("decisions", { query, signal }),
    refetchInterval: 15_000,
  });
  const tryOut = useMutation({ mutationFn: (wanted: Wanted) => post<Trial>("decisions", wanted, { query: { dry_run: true } }) });
  const make = useMutation({ mutationFn: (wanted: Wanted) => post<Decision>("decisions", wanted), onSettled });
  const lift = useMutation({ mutationFn: (id: string) => del<Decision>(`decisions/${encodeURIComponent(id)}`), onSettled });
  return { found, tryOut, make, lift };
}
