import { useSyncExternalStore } from "react";
import { ApiError, get, post, setCsrf, whenSessionEnds } from "../api/client.ts";
import type { Me } from "../api/types.ts";
import { live, whenInDoubt } from "../state/live.ts";

/**
 * `asking`: not known yet. `out`: nobody is logged in. `in`: somebody is. `ended`: somebody was, and
 * the page stays as it is behind the question to log in again. `away`: the service does not answer.
 */
export type Standing = "asking" | "out" | "in" | "ended" | "away";

export interface Session {
  readonly standing: Standing;
  readonly me: Me | null;
  /** Why nobody is logged in, in the words of the service. */
  readonly problem: string | null;
}

let session: Session = { standing: "asking", me: null, problem: null };
const listeners = new Set<() => void>();

function become(next: Session): void {
  session = next;
  for (const listener of listeners) listener();
}

function entered(me: Me): void {
  setCsrf(me.csrf ?? "");
  become({ standing: "in", me, problem: null });
  live.stream.start();
}

/**
 * Takes the one-time token out of the address. It must be gone from there, and from the history,
 * before anything else happens.
 */
export function takeToken(place: Location = window.location): string | null {
  const token = new URLSearchParams(place.hash.slice(1)).get("token");
  if (token === null) return null;
  window.history.replaceState(null, "", place.pathname + place.search);
  return token;
}

/** Finds out who is there; a one-time token of the address is redeemed first. */
let isBegun = false;

export async function begin(): Promise<void> {
  if (isBegun) return;
  isBegun = true;
  const token = takeToken();
  let problem: string | null = null;
  if (token) {
    try {
      entered(await post<Me>("login", { token }));
      return;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
  }
  await look(problem);
}

async function look(problem: string | null): Promise<void> {
  try {
    const me = await get<Me>("me");
    if (me.kind === "anonymous" || !me.permissions.includes("read")) {
      become({ standing: "out", me: null, problem });
    } else {
      entered(me);
    }
  } catch (error) {
    if (error instanceof ApiError && error.status !== 401 && error.status !== 403) {
      become({ standing: "away", me: null, problem: error.message });
    } else {
      become({ standing: "out", me: null, problem });
    }
  }
}

export async function logIn(name: string, password: string): Promise<void> {
  entered(await post<Me>("login", { name, password }));
}

export async function logOut(): Promise<void> {
  try {
    await post<void>("logout");
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
  }
  live.stream.stop();
  setCsrf("");
  become({ standing: "out", me: null, problem: null });
}

whenSessionEnds(() => {
  if (session.standing !== "in") return;
  live.stream.stop();
  become({ ...session, standing: "ended" });
});

let isLooking = false;
whenInDoubt(() => {
  // A refused handshake tells nothing; this question does, and a 401 ends the session above.
  if (isLooking || session.standing !== "in") return;
  isLooking = true;
  void get<Me>("me")
    .catch(() => {})
    .finally(() => {
      isLooking = false;
    });
});

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

export function useSession(): Session {
  return useSyncExternalStore(subscribe, () => session);
}

/** Whether the one who looks may do what needs a permission. */
export function useMay(permission: string): boolean {
  return useSession().me?.permissions.includes(permission) ?? false;
}

/** Asks again who is there, as after the service was away. */
export async function askAgain(): Promise<void> {
  await look(null);
}
