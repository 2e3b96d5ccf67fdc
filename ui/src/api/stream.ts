/**
 * One socket for everything that changes: keeps it open, comes back where it was, says when something
 * was missed. Knows nothing of React; time, chance and sockets are handed in.
 */

export type Topic = "metrics" | "health" | "incidents" | "alerts" | "events";

/** `off`: not wanted, or never reached yet. `polling`: away for long, lists ask by themselves. */
export type LinkState = "live" | "reconnecting" | "polling" | "stale" | "off";

export interface Frame {
  readonly topic: Topic;
  /** Name of the subscription that it belongs to. */
  readonly key: string;
  readonly items: readonly Record<string, unknown>[];
  /** Rows that were left out of the frame. */
  readonly left: number;
}

export interface Hello {
  readonly server_time: string;
  readonly version: string;
  readonly demo: boolean;
}

export interface SocketLike {
  onopen: ((event: unknown) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason?: string }) => void) | null;
  onerror: ((event: unknown) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export interface Surroundings {
  open(query: string): SocketLike;
  now(): number;
  later(act: () => void, ms: number): unknown;
  cancel(timer: unknown): void;
  random(): number;
}

export interface Listener {
  frame(frame: Frame): void;
  /** Rows were missed: of all subscriptions, or of one. The page reads them by REST. */
  gap(key: string | null): void;
  state(): void;
  hello(hello: Hello): void;
  /** The service may no longer know who we are. */
  doubt(): void;
}

export const FIRST_WAIT_MS = 250;
export const LONGEST_WAIT_MS = 10_000;
/** Pings come every 15 s; after two that are missing the connection is taken for dead. */
export const SILENCE_MS = 35_000;
export const WATCH_MS = 5_000;
/** Failed attempts after which lists read by themselves. */
export const PATIENCE = 3;

interface Wanted {
  readonly topic: Topic;
  readonly f: readonly string[];
  count: number;
}

/** Time before attempt `n` (0 is the first after a loss), with jitter so that not all come at once. */
export function backOff(n: number, random: number): number {
  const full = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** n);
  return full / 2 + (full / 2) * random;
}

export class Stream {
  state: LinkState = "off";
  /** When the next attempt begins; null while connected. */
  retryAt: number | null = null;
  /** When something was heard last. */
  heardAt: number | null = null;

  private readonly wanted = new Map<string, Wanted>();
  private readonly names = new Map<string, string>();
  private nextName = 1;
  private socket: SocketLike | null = null;
  private greeted = false;
  private everGreeted = false;
  private cursor: string | null = null;
  private failures = 0;
  private retry: unknown = null;
  private watch: unknown = null;
  private running = false;

  constructor(
    private readonly around: Surroundings,
    private readonly listener: Listener,
  ) {}

  start(): void {
    if (this.running) return;
    this.running = true;
    this.failures = 0;
    this.connect();
    this.watchOver();
  }

  stop(): void {
    this.running = false;
    this.around.cancel(this.retry);
    this.around.cancel(this.watch);
    this.drop();
    this.cursor = null;
    this.everGreeted = false;
    this.retryAt = null;
    this.become("off");
  }

  /** Tries again at once, as when the browser says that it is online again. */
  hurry(): void {
    if (!this.running || this.socket !== null) return;
    this.around.cancel(this.retry);
    this.connect();
  }

  /** Asks for a topic, perhaps narrowed; gives the key of its frames. Each needs a `release`. */
  want(topic: Topic, f: readonly string[] = []): string {
    const text = JSON.stringify(f);
    let key = f.length === 0 ? topic : this.names.get(`${topic} ${text}`);
    if (key === undefined) {
      key = `s${this.nextName}`;
      this.nextName += 1;
      this.names.set(`${topic} ${text}`, key);
    }
    const known = this.wanted.get(key);
    if (known) {
      known.count += 1;
    } else {
      this.wanted.set(key, { topic, f, count: 1 });
      if (this.greeted) this.subscribe(key);
    }
    return key;
  }

  release(key: string): void {
    const known = this.wanted.get(key);
    if (!known) return;
    known.count -= 1;
    if (known.count > 0) return;
    this.wanted.delete(key);
    if (key !== known.topic) this.names.delete(`${known.topic} ${JSON.stringify(known.f)}`);
    if (this.greeted) this.say({ op: "unsub", topic: known.topic, id: key === known.topic ? "" : key });
  }

  private connect(): void {
    this.retryAt = null;
    this.greeted = false;
    const query = new URLSearchParams();
    const plain = [...this.wanted].filter(([, each]) => each.f.length === 0);
    query.set("topics", plain.map(([key]) => key).join(","));
    if (this.cursor !== null) query.set("resume", this.cursor);
    const inAddress = new Set(plain.map(([key]) => key));
    let socket: SocketLike;
    try {
      socket = this.around.open(query.toString());
    } catch {
      this.lost();
      return;
    }
    this.socket = socket;
    socket.onmessage = (event) => {
      if (socket === this.socket) this.heard(String(event.data), inAddress);
    };
    socket.onclose = (event) => {
      if (socket !== this.socket) return;
      this.socket = null;
      if (event.code === 1008) this.listener.doubt();
      this.lost();
    };
    socket.onerror = () => {};
  }

  private heard(text: string, inAddress: ReadonlySet<string>): void {
    this.heardAt = this.around.now();
    let said: Record<string, unknown>;
    try {
      said = JSON.parse(text) as Record<string, unknown>;
    } catch {
      return;
    }
    if (typeof said["cursor"] === "string") this.cursor = said["cursor"];
    const topic = said["topic"];
    if (topic === "hello") {
      this.greet(said, inAddress);
    } else if (topic === "gap") {
      if (typeof said["to"] === "string") this.cursor = said["to"];
      this.listener.gap(null);
    } else if (topic === "ping") {
      this.say({ op: "pong" });
    } else if (Array.isArray(said["items"])) {
      const rest = said["rest"] as { count?: number } | undefined;
      this.listener.frame({
        topic: topic as Topic,
        key: typeof said["sub"] === "string" ? said["sub"] : String(topic),
        items: said["items"] as Record<string, unknown>[],
        left: rest?.count ?? 0,
      });
    }
    if (this.state === "stale") this.become("live");
  }

  private greet(said: Record<string, unknown>, inAddress: ReadonlySet<string>): void {
    this.greeted = true;
    this.failures = 0;
    for (const [key, each] of this.wanted) {
      if (inAddress.has(key)) continue;
      this.subscribe(key);
      // Only what the address asks for is told again after a loss.
      if (this.everGreeted && each.f.length > 0) this.listener.gap(key);
    }
    this.everGreeted = true;
    this.listener.hello(said as unknown as Hello);
    this.become("live");
  }

  private subscribe(key: string): void {
    const wanted = this.wanted.get(key);
    if (wanted === undefined) return;
    this.say({ op: "sub", topic: wanted.topic, f: wanted.f, id: key === wanted.topic ? "" : key });
  }

  private say(message: Record<string, unknown>): void {
    try {
      this.socket?.send(JSON.stringify(message));
    } catch {
      // its close is told by itself
    }
  }

  private lost(): void {
    this.greeted = false;
    if (!this.running) return;
    const wait = backOff(this.failures, this.around.random());
    this.failures += 1;
    // A refused handshake and a service that is away look the same from here.
    if (this.failures === 2) this.listener.doubt();
    this.retryAt = this.around.now() + wait;
    this.retry = this.around.later(() => this.connect(), wait);
    this.become(this.failures > PATIENCE ? "polling" : "reconnecting", true);
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    this.greeted = false;
    try {
      socket?.close(1000);
    } catch {
      // never opened
    }
  }

  private watchOver(): void {
    this.watch = this.around.later(() => {
      if (!this.running) return;
      const silent = this.around.now() - (this.heardAt ?? this.around.now());
      if (this.greeted && silent > SILENCE_MS) {
        this.become("stale");
        this.drop();
        this.lost();
      } else if (this.greeted && silent > SILENCE_MS / 2) {
        this.become("stale");
      }
      this.watchOver();
    }, WATCH_MS);
  }

  private become(state: LinkState, always = false): void {
    if (this.state === state && !always) return;
    this.state = state;
    this.listener.state();
  }
}
