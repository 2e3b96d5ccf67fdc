import { beforeEach, describe, expect, it, vi } from "vitest";
import { backOff, LONGEST_WAIT_MS, PATIENCE, SILENCE_MS, type SocketLike } from "../api/stream.ts";
import { LiveStore } from "./livestore.ts";
import { Ring } from "./ring.ts";

class FakeSocket implements SocketLike {
  onopen: SocketLike["onopen"] = null;
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  onerror: SocketLike["onerror"] = null;
  sent: Record<string, unknown>[] = [];
  closed = false;

  constructor(readonly query: URLSearchParams) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.closed = true;
  }

  say(message: Record<string, unknown>): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  hello(cursor = "e-1"): void {
    this.say({ topic: "hello", cursor, version: "1", demo: false, server_time: "" });
  }

  lose(code = 1006): void {
    this.onclose?.({ code });
  }
}

let sockets: FakeSocket[];
let pictures: (() => void)[];
let doubts: number;
let store: LiveStore;

const last = () => sockets.at(-1) as FakeSocket;
const draw = () => {
  for (const act of pictures.splice(0)) act();
};
const alert = (id: string, risk = 50) => ({ id, risk, severity: "MEDIUM" });
const frame = (items: unknown[], more: Record<string, unknown> = {}) => ({
  topic: "alerts",
  cursor: "e-2",
  items,
  rest: { count: 0 },
  ...more,
});

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  pictures = [];
  doubts = 0;
  store = new LiveStore(
    {
      open: (query) => {
        const socket = new FakeSocket(new URLSearchParams(query));
        sockets.push(socket);
        return socket;
      },
      now: () => Date.now(),
      later: (act, ms) => setTimeout(act, ms),
      cancel: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
      random: () => 1,
    },
    (act) => pictures.push(act),
    () => {
      doubts += 1;
    },
  );
});

describe("the ring", () => {
  it("forgets the oldest and counts it", () => {
    const ring = new Ring<{ id: string; n: number }>(2, (item) => item.id);
    for (const id of ["a", "b", "c"]) ring.push({ id, n: 0 });
    expect(ring.newest().map((item) => item.id)).toEqual(["c", "b"]);
    expect(ring.forgotten).toBe(1);
  });

  it("replaces what it knows without forgetting anything", () => {
    const ring = new Ring<{ id: string; n: number }>(2, (item) => item.id);
    ring.push({ id: "a", n: 0 });
    ring.push({ id: "b", n: 0 });
    expect(ring.push({ id: "a", n: 1 })).toBe(false);
    expect(ring.newest()).toEqual([{ id: "b", n: 0 }, { id: "a", n: 1 }]);
    expect(ring.forgotten).toBe(0);
  });
});

describe("the stream", () => {
  it("asks for plain topics in the address and for narrowed ones after the greeting", () => {
    store.open("metrics");
    store.open("alerts", ["severity:eq:HIGH"]);
    store.stream.start();
    expect(last().query.get("topics")).toBe("metrics");
    last().hello();
    expect(last().sent).toEqual([{ op: "sub", topic: "alerts", f: ["severity:eq:HIGH"], id: "s1" }]);
    expect(store.linkSnapshot().state).toBe("live");
  });

  it("asks once for what two want, and says no more when both are gone", () => {
    store.stream.start();
    last().hello();
    const first = store.open("alerts");
    const second = store.open("alerts");
    expect(last().sent).toHaveLength(1);
    first.close();
    first.close();
    expect(last().sent).toHaveLength(1);
    second.close();
    expect(last().sent.at(-1)).toEqual({ op: "unsub", topic: "alerts", id: "" });
  });

  it("comes back with the cursor of what it heard last", () => {
    store.open("alerts");
    store.stream.start();
    last().hello("e-1");
    last().say(frame([alert("a")], { cursor: "e-7" }));
    last().lose();
    expect(store.linkSnapshot().state).toBe("reconnecting");
    vi.advanceTimersByTime(250);
    expect(sockets).toHaveLength(2);
    expect(last().query.get("resume")).toBe("e-7");
  });

  it("waits longer each time, at most ten seconds, and lets lists read meanwhile", () => {
    expect(backOff(0, 1)).toBe(250);
    expect(backOff(0, 0)).toBe(125);
    expect(backOff(20, 1)).toBe(LONGEST_WAIT_MS);
    store.stream.start();
    for (let n = 0; n <= PATIENCE; n += 1) {
      last().lose();
      vi.advanceTimersByTime(LONGEST_WAIT_MS);
    }
    expect(store.linkSnapshot().state).toBe("polling");
    last().hello();
    expect(store.linkSnapshot().state).toBe("live");
  });

  it("wonders about the session when it is refused, and at once when it is told", () => {
    store.stream.start();
    last().lose();
    vi.advanceTimersByTime(LONGEST_WAIT_MS);
    expect(doubts).toBe(0);
    last().lose();
    expect(doubts).toBe(1);
    vi.advanceTimersByTime(LONGEST_WAIT_MS);
    last().hello();
    last().lose(1008);
    expect(doubts).toBe(2);
  });

  it("takes a silent connection for dead", () => {
    store.stream.start();
    last().hello();
    const first = last();
    vi.advanceTimersByTime(SILENCE_MS / 2 + 5_000);
    expect(store.linkSnapshot().state).toBe("stale");
    vi.advanceTimersByTime(SILENCE_MS);
    expect(first.closed).toBe(true);
    expect(sockets.length).toBeGreaterThan(1);
  });

  it("tells of gaps, and of narrowed topics that nobody tells again", () => {
    const gaps: (string | null)[] = [];
    store.onGap((topic) => gaps.push(topic));
    store.open("alerts", ["severity:eq:HIGH"]);
    store.stream.start();
    last().hello();
    expect(gaps).toEqual([]);
    last().say({ topic: "gap", from: "e-1", to: "e-9" });
    expect(gaps).toEqual([null]);
    last().lose();
    vi.advanceTimersByTime(LONGEST_WAIT_MS);
    expect(last().query.get("resume")).toBe("e-9");
    last().hello();
    expect(gaps).toContain("alerts");
  });

  it("passes over what is no message", () => {
    store.stream.start();
    last().hello();
    last().onmessage?.({ data: "{" });
    expect(store.linkSnapshot().state).toBe("live");
  });

  it("is closed for good when it is stopped", () => {
    store.stream.start();
    last().hello();
    store.stream.stop();
    vi.advanceTimersByTime(120_000);
    expect(sockets).toHaveLength(1);
    expect(store.linkSnapshot().state).toBe("off");
  });
});

describe("pictures", () => {
  it("are drawn once for many frames", () => {
    const { key } = store.open("alerts");
    const seen = vi.fn();
    store.subscribe(key, seen);
    store.stream.start();
    last().hello();
    for (let n = 0; n < 50; n += 1) last().say(frame([alert(`a${n}`)]));
    expect(seen).not.toHaveBeenCalled();
    expect(pictures).toHaveLength(1);
    draw();
    expect(seen).toHaveBeenCalledTimes(1);
    expect(store.snapshot(key).items).toHaveLength(50);
    expect(store.snapshot(key).items[0]).toMatchObject({ id: "a49" });
  });

  it("stand still while paused, and count what comes", () => {
    const { key } = store.open("alerts");
    store.stream.start();
    last().hello();
    last().say(frame([alert("a")]));
    draw();
    store.pause();
    last().say(frame([alert("b"), alert("a", 90)], { rest: { count: 7 } }));
    draw();
    expect(store.snapshot(key).items).toEqual([alert("a")]);
    expect(store.snapshot(key).pending).toBe(8);
    store.resume();
    expect(store.snapshot(key).pending).toBe(0);
    expect(store.snapshot(key).items.map((item) => item["id"])).toEqual(["b", "a"]);
    expect(store.snapshot(key).left).toBe(7);
  });

  it("of a narrowed topic get only its frames", () => {
    const all = store.open("alerts");
    const high = store.open("alerts", ["severity:eq:HIGH"]);
    store.stream.start();
    last().hello();
    last().say(frame([alert("a"), alert("b")]));
    last().say(frame([alert("b")], { sub: high.key }));
    draw();
    expect(store.snapshot(all.key).items).toHaveLength(2);
    expect(store.snapshot(high.key).items).toHaveLength(1);
  });
});
