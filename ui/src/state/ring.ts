/**
 * The newest things of a topic, outside React: bounded, each id once, oldest forgotten first.
 *
 * Things that change (an incident, an alert) keep their place and are replaced.
 */
export class Ring<T> {
  private readonly held = new Map<string, T>();
  /** Things that were forgotten because there were too many. */
  forgotten = 0;

  constructor(
    readonly capacity: number,
    private readonly idOf: (item: T) => string,
  ) {
    if (!(capacity > 0)) throw new RangeError("a ring holds one thing at least");
  }

  get size(): number {
    return this.held.size;
  }

  /** Takes one in; true when it was not known. */
  push(item: T): boolean {
    const id = this.idOf(item);
    const isNew = !this.held.has(id);
    this.held.set(id, item);
    if (isNew && this.held.size > this.capacity) {
      const oldest = this.held.keys().next();
      if (!oldest.done) this.held.delete(oldest.value);
      this.forgotten += 1;
    }
    return isNew;
  }

  get(id: string): T | undefined {
    return this.held.get(id);
  }

  /** Newest arrivals first. */
  newest(most = this.capacity): T[] {
    const all = [...this.held.values()];
    return all.slice(Math.max(0, all.length - most)).toReversed();
  }

  clear(): void {
    this.held.clear();
    this.forgotten = 0;
  }
}
