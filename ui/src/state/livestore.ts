import {
  type Frame,
  type Hello,
  type LinkState,
  Stream,
  type Surroundings,
  type Topic,
} from "../api/stream.ts";
import { Ring } from "./ring.ts";

/** What the page shows of a topic; a new object whenever something in it changes. */
export interface LiveSnapshot<T> {
  /** Newest arrivals first. */
  readonly items: readonly T[];
  /** Arrived while paused. */
  readonly pending: number;
  /** Rows that came too fast to be told one by one. */
  readonly left: number;
}

export interface LinkSnapshot {
  readonly state: LinkState;
  readonly retryAt: number | null;
  readonly paused: boolean;
  /** How often rows were missed and read again. */
  readonly gaps: number;
  readonly version: string | null;
  readonly demo: boolean | null;
}

const CAPACITY: Readonly<Record<Topic, number>> = {
  metrics: 900,
  health: 1,
  incidents: 1_000,
  alerts: 10_000,
  events: 2_000,
};

const idOf: Readonly<Record<Topic, (item: Record<string, unknown>) => string>> = {
  metrics: (item) => String(item["ts"]),
  health: () => "health",
  incidents: (item) => String(item["id"]),
  alerts: (item) => String(item["id"]),
  events: (item) => String(item["seq"]),
};

const EMPTY: LiveSnapshot<never> = { items: [], pending: 0, left: 0 };

class Feed {
  readonly ring: Ring<Record<string, unknown>>;
  readonly listeners = new Set<() => void>();
  snapshot: LiveSnapshot<Record<string, unknown>> = EMPTY;
  pending = 0;
  left = 0;

  constructor(topic: Topic) {
    this.ring = new Ring(CAPACITY[topic], idOf[topic]);
  }

  draw(): void {
    this.snapshot = { items: this.ring.newest(), pending: 0, left: this.left };
    this.tell();
  }

  tell(): void {
    for (const listener of this.listeners) listener();
  }
}

/** Calls once, later: at the next picture, or in a second when nobody looks. */
export type Schedule = (act: () => void) => void;

export interface Gaps {
  /** A topic whose rows must be read again; null for all. */
  (topic: Topic | null): void;
}

/**
 * What was heard lately, outside React. Frames wait in a queue and are taken in once per picture;
 * while paused they are taken in and counted, and the pictures stay.
 */
export class LiveStore {
  readonly stream: Stream;
  private readonly feeds = new Map<string, { feed: Feed; topic: Topic; users: number }>();
  private queue: Frame[] = [];
  private isScheduled = false;
  private link: LinkSnapshot = {
    state: "off",
    retryAt: null,
    paused: false,
    gaps: 0,
    version: null,
    demo: null,
  };
  private readonly linkListeners = new Set<() => void>();
  private readonly gapListeners = new Set<Gaps>();
  private readonly frameListeners = new Set<(topic: Topic) => void>();
  private firstHello = true;

  constructor(
    around: Surroundings,
    private readonly schedule: Schedule,
    private readonly doubt: () => void = () => {},
  ) {
    this.stream = new Stream(around, {
      frame: (frame) => this.take(frame),
      gap: (key) => this.missed(key),
      state: () => this.relink({ state: this.stream.state, retryAt: this.stream.retryAt }),
      hello: (hello) => this.greeted(hello),
      doubt: () => this.doubt(),
    });
  }

  /** Begins to hear a topic; gives the key for `snapshot` and the way to end it. */
  open(topic: Topic, f: readonly string[] = []): { key: string; close: () => void } {
    const key = this.stream.want(topic, f);
    const known = this.feeds.get(key);
    if (known) known.users += 1;
    else this.feeds.set(key, { feed: new Feed(topic), topic, users: 1 });
    let isOpen = true;
    return {
      key,
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        this.stream.release(key);
        const entry = this.feeds.get(key);
        if (!entry) return;
        entry.users -= 1;
        if (entry.users === 0 && entry.feed.listeners.size === 0) this.feeds.delete(key);
      },
    };
  }

  subscribe(key: string | null, listener: () => void): () => void {
    const entry = key === null ? undefined : this.feeds.get(key);
    if (!entry) return () => {};
    entry.feed.listeners.add(listener);
    return () => {
      entry.feed.listeners.delete(listener);
    };
  }

  snapshot(key: string | null): LiveSnapshot<Record<string, unknown>> {
    return (key === null ? undefined : this.feeds.get(key)?.feed.snapshot) ?? EMPTY;
  }

  subscribeLink = (listener: () => void): (() => void) => {
    this.linkListeners.add(listener);
    return () => this.linkListeners.delete(listener);
  };

  linkSnapshot = (): LinkSnapshot => this.link;

  /** Tells when rows of a topic were missed. */
  onGap(listener: Gaps): () => void {
    this.gapListeners.add(listener);
    return () => this.gapListeners.delete(listener);
  }

  /** Tells, once per picture, which topics had news. */
  onNews(listener: (topic: Topic) => void): () => void {
    this.frameListeners.add(listener);
    return () => this.frameListeners.delete(listener);
  }

  pause(): void {
    this.flush();
    this.relink({ paused: true });
  }

  resume(): void {
    this.relink({ paused: false });
    this.flush();
    for (const { feed } of this.feeds.values()) {
      feed.pending = 0;
      feed.draw();
    }
    for (const topic of new Set([...this.feeds.values()].map((each) => each.topic))) {
      for (const listener of this.frameListeners) listener(topic);
    }
  }

  /** Takes in what waits; the clock of the pictures calls it. */
  flush(): void {
    this.isScheduled = false;
    const frames = this.queue;
    this.queue = [];
    const changed = new Set<Feed>();
    const topics = new Set<Topic>();
    for (const frame of frames) {
      const feed = this.feeds.get(frame.key)?.feed;
      if (!feed) continue;
      for (const item of frame.items) if (feed.ring.push(item)) feed.pending += 1;
      feed.left += frame.left;
      feed.pending += frame.left;
      changed.add(feed);
      topics.add(frame.topic);
    }
    for (const feed of changed) {
      if (this.link.paused) {
        feed.snapshot = { ...feed.snapshot, pending: feed.pending };
        feed.tell();
      } else {
        feed.pending = 0;
        feed.draw();
      }
    }
    if (this.link.paused) return;
    for (const topic of topics) for (const listener of this.frameListeners) listener(topic);
  }

  private take(frame: Frame): void {
    this.queue.push(frame);
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.schedule(() => this.flush());
  }

  private missed(key: string | null): void {
    const topic = key === null ? null : (this.feeds.get(key)?.topic ?? null);
    this.relink({ gaps: this.link.gaps + 1 });
    for (const listener of this.gapListeners) listener(topic);
  }

  private greeted(hello: Hello): void {
    // Figures of before the loss stand beside new ones; whatever lists missed is read again.
    if (!this.firstHello) for (const listener of this.gapListeners) listener(null);
    this.firstHello = false;
    this.relink({ version: hello.version, demo: hello.demo });
  }

  private relink(change: Partial<LinkSnapshot>): void {
    this.link = { ...this.link, ...change };
    for (const listener of this.linkListeners) listener();
  }
}
